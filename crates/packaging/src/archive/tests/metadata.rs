//! Core metadata as an index demands it.

use super::super::*;
use crate::FileName;

const START: &str = "Metadata-Version: 2.4\nName: Demo.Pkg\nVersion: 1.0\n";

fn with(lines: &str) -> Result<CoreMetadata, MetadataFault> {
    CoreMetadata::parse(format!("{START}{lines}").as_bytes())
}

#[test]
fn what_an_index_needs_is_read() {
    let found =
        with("Requires-Python: >=3.9, !=3.10.*\nClassifier: a\nClassifier: b\nLicense: a\n  b\n\nName: body\n").unwrap();
    assert_eq!((&*found.metadata_version, &*found.name, &*found.version), ("2.4", "Demo.Pkg", "1.0"));
    assert_eq!(found.requires_python.as_deref(), Some(">=3.9, !=3.10.*"));
    let old =
        CoreMetadata::parse(b"name: x\r\nVERSION: 1\r\nmetadata-version: 1.0\r\nX-Unknown: \xc3\xa9\r\nX-Unknown: 2").unwrap();
    assert_eq!((&*old.metadata_version, old.requires_python), ("1.0", None));
    for version in METADATA_VERSIONS {
        let text = format!("Metadata-Version: {version}\nName: x\nVersion: 1\n");
        assert_eq!(CoreMetadata::parse(text.as_bytes()).map(|found| found.metadata_version).as_deref(), Ok(version));
    }
}

#[test]
fn what_tools_read_differently_is_refused() {
    let cases = [
        ("Name: other\n", MetadataFault::Twice("Name")),
        ("name: Demo.Pkg\n", MetadataFault::Twice("Name")),
        ("Version: 1.0\n", MetadataFault::Twice("Version")),
        ("Summary: a\nSummary: b\n", MetadataFault::Twice("Summary")),
        ("License-Expression: MIT\nlicense-expression: MIT\n", MetadataFault::Twice("License-Expression")),
        ("Requires-Python: >=3\nRequires-Python: >=3\n", MetadataFault::Twice("Requires-Python")),
        ("Requires-Python: >=3,\n  <4\n", MetadataFault::Folded("Requires-Python")),
        ("\t.1\n", MetadataFault::Folded("Version")),
        ("Requires-Python: python3\n", MetadataFault::RequiresPython { found: "python3".to_owned() }),
        ("Requires-Python: >=3\u{1b}[31m\n", MetadataFault::RequiresPython { found: ">=3?[31m".to_owned() }),
        ("Summary\n", MetadataFault::Headers),
        ("Sum mary: a\n", MetadataFault::Headers),
        (": a\n", MetadataFault::Headers),
        ("Summary: a\rName: other\n", MetadataFault::Headers),
    ];
    for (lines, fault) in cases {
        assert_eq!(with(lines), Err(fault), "{lines:?}");
    }
    assert_eq!(CoreMetadata::parse(b"Metadata-Version: 2.1\nAuthor: \xe9\n"), Err(MetadataFault::NotUtf8));
}

#[test]
fn what_has_to_be_there_is_there() {
    let cases = [
        ("", MetadataFault::Missing("Metadata-Version")),
        ("Name: x\nVersion: 1\n", MetadataFault::Missing("Metadata-Version")),
        ("Metadata-Version: 2.1\nVersion: 1\n", MetadataFault::Missing("Name")),
        ("Metadata-Version: 2.1\nName:\nVersion: 1\n", MetadataFault::Missing("Name")),
        ("Metadata-Version: 2.1\nName: x\n\nVersion: 1\n", MetadataFault::Missing("Version")),
        ("Metadata-Version: 2.0\n", MetadataFault::UnknownVersion { found: "2.0".to_owned() }),
        ("Metadata-Version: 3.0\n", MetadataFault::UnknownVersion { found: "3.0".to_owned() }),
        ("\u{feff}Metadata-Version: 2.1\n", MetadataFault::Headers),
    ];
    for (text, fault) in cases {
        assert_eq!(CoreMetadata::parse(text.as_bytes()), Err(fault), "{text:?}");
    }
}

#[test]
fn it_belongs_to_a_file_however_name_and_version_are_written() {
    let found = with("").unwrap();
    let other = |found: &str| MetadataFault::OtherVersion { found: "1.0".to_owned(), expected: found.to_owned() };
    let cases = [
        ("demo_pkg-1.0-py3-none-any.whl", Ok(())),
        ("demo.pkg-1-py3-none-any.whl", Ok(())),
        ("Demo-Pkg-1.0.0.tar.gz", Ok(())),
        ("demo_pkg-1.1.tar.gz", Err(other("1.1"))),
        ("demo_pkg-1.0.post1.tar.gz", Err(other("1.0.post1"))),
        (
            "demo-1.0.tar.gz",
            Err(MetadataFault::OtherProject { found: "Demo.Pkg".to_owned(), expected: "demo".parse().unwrap() }),
        ),
    ];
    for (name, expected) in cases {
        assert_eq!(found.check_belongs_to(&name.parse::<FileName>().unwrap()), expected, "{name}");
    }
}

/// What twine and uv print.
#[test]
fn faults_say_what_was_found_and_what_to_do() {
    let faults: Vec<ArchiveFault> = vec![
        WheelError::DuplicateNames.into(),
        ArchiveFault::NotTarGz,
        ArchiveFault::Path { path: "../x".to_owned(), fault: PathFault::Parent },
        ArchiveFault::Link { path: "a/l".to_owned(), target: "..".to_owned(), fault: LinkFault::Outside },
        ArchiveFault::MissingPkgInfo { expected: "a-1.0".to_owned() },
        ArchiveFault::Metadata { file: "METADATA", fault: MetadataFault::Twice("Name") },
        ArchiveFault::Ambiguous("a folder or link with content"),
    ];
    let words: Vec<String> = faults.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(words.join("\n"));
}
