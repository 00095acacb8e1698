//! Wheels as an index takes them: all that `METADATA` needs, and all that the rest of the wheel needs.

use std::io::{Cursor, Write as _};

use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use super::super::*;
use super::build::{METADATA, PATH, archive, built, places, replaced, stored};
use super::forge::{CENTRAL, LOCAL, patched};
use crate::{FileName, limits};

const WHEEL: &str = "demo_pkg-1.0.dist-info/WHEEL";
const RECORD: &str = "demo_pkg-1.0.dist-info/RECORD";

fn name() -> FileName {
    "demo_pkg-1.0-py3-none-any.whl".parse().unwrap()
}

fn look_at(wheel: impl AsRef<[u8]>) -> Result<Inspected, ArchiveFault> {
    inspect(Cursor::new(wheel.as_ref()), &name(), &Limits::default())
}

/// A wheel with these entries in front of those that each has.
fn with(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let needed: [(&str, &[u8]); 3] = [(PATH, METADATA), (WHEEL, b"Wheel-Version: 1.0\n"), (RECORD, b"")];
    archive(&[entries, &needed].concat())
}

#[test]
fn an_honest_wheel_says_what_it_is() {
    let found = look_at(with(&[("demo_pkg/__init__.py", b"x = 1\n"), ("demo_pkg/\u{e9}.py", b"")])).unwrap();
    assert_eq!(found.core_metadata.as_deref(), Some(METADATA));
    assert_eq!((found.entries, found.expanded_bytes), (5, 6 + METADATA.len() as u64 + 19));
    assert_eq!((&*found.metadata.name, found.metadata.requires_python), ("Demo.Pkg", None));
}

#[test]
fn what_the_reading_of_metadata_refuses_is_refused() {
    let folders = with(&[("demo_pkg-1.1.dist-info/METADATA", b"")]);
    assert_eq!(look_at(folders), Err(WheelError::SeveralFolders.into()));
    assert_eq!(look_at([with(&[]), vec![0]].concat()), Err(WheelError::NoEnd.into()));
    assert_eq!(look_at(archive(&[(WHEEL, b""), (RECORD, b"")])), Err(WheelError::Missing.into()));
    let other: FileName = "demo_pkg-1.1-py3-none-any.whl".parse().unwrap();
    let found = inspect(Cursor::new(with(&[])), &other, &Limits::default());
    assert_eq!(found, Err(WheelError::FolderDisagrees.into()));
}

#[test]
fn every_wheel_has_its_three_files_and_metadata_of_its_own() {
    assert_eq!(look_at(archive(&[(PATH, METADATA), (RECORD, b"")])), Err(ArchiveFault::MissingFile("WHEEL")));
    assert_eq!(look_at(archive(&[(PATH, METADATA), (WHEEL, b"")])), Err(ArchiveFault::MissingFile("RECORD")));
    let bad = archive(&[(PATH, b"Metadata-Version: 2.1\nName: other\nVersion: 1.0\n"), (WHEEL, b""), (RECORD, b"")]);
    let fault = MetadataFault::OtherProject { found: "other".to_owned(), expected: "demo-pkg".parse().unwrap() };
    assert_eq!(look_at(bad), Err(ArchiveFault::Metadata { file: "METADATA", fault }));
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    let cases = [
        ("../x", PathFault::Parent),
        ("demo_pkg/../../x", PathFault::Parent),
        ("/etc/passwd", PathFault::Absolute),
        ("C:/x", PathFault::Drive),
        ("demo_pkg\\x", PathFault::Backslash),
        ("demo_pkg//x", PathFault::EmptySegment),
        ("./demo_pkg/x", PathFault::Here),
        ("demo_pkg/\u{7f}x", PathFault::Control),
    ];
    for (path, fault) in cases {
        let shown = path.replace('\u{7f}', "?");
        assert_eq!(look_at(with(&[(path, b"")])), Err(ArchiveFault::Path { path: shown, fault }));
    }
    // The flag that says UTF-8, in the table of contents and in the entry's own header.
    let unmarked = patched(patched(with(&[("demo_pkg/\u{e9}", b"")]), CENTRAL, 0, 8, &[0, 0]), LOCAL, 0, 6, &[0, 0]);
    assert_eq!(look_at(unmarked), Err(ArchiveFault::Path { path: "demo_pkg/?".to_owned(), fault: PathFault::NotUtf8 }));
    let beneath = ArchiveFault::Beneath { path: "demo_pkg/a".to_owned(), over: "demo_pkg".to_owned() };
    assert_eq!(look_at(with(&[("demo_pkg", b""), ("demo_pkg/a", b"")])), Err(beneath));
}

#[test]
fn what_is_no_file_and_no_folder_is_refused() {
    let link = built(|writer| {
        writer.add_symlink("demo_pkg/l", "x", stored()).unwrap();
        for path in [PATH, WHEEL, RECORD] {
            writer.start_file(path, stored()).unwrap();
            writer.write_all(METADATA).unwrap();
        }
    });
    assert_eq!(look_at(link), Err(ArchiveFault::NoFile { path: "demo_pkg/l".to_owned(), found: "a symbolic link" }));
    let mode = |mode: u16| patched(with(&[("demo_pkg/x", b"")]), CENTRAL, 0, 40, &mode.to_le_bytes());
    for (bits, found) in [
        (0o020_644, "a device, pipe or socket"),
        (0o010_644, "a device, pipe or socket"),
        (0o140_644, "a device, pipe or socket"),
        (0o040_755, "a file by one sign and a folder by another"),
    ] {
        assert_eq!(look_at(mode(bits)), Err(ArchiveFault::NoFile { path: "demo_pkg/x".to_owned(), found }), "{bits:o}");
    }
    let full_folder =
        replaced(replaced(with(&[("demo_pkg+", b"x")]), b"demo_pkg+", b"demo_pkg/", 0), b"demo_pkg+", b"demo_pkg/", 0);
    let full_folder = patched(full_folder, CENTRAL, 0, 38, &[0; 4]);
    assert_eq!(
        look_at(full_folder),
        Err(ArchiveFault::NoFile { path: "demo_pkg/".to_owned(), found: "a folder with content" })
    );
}

#[test]
fn entries_that_installers_would_read_differently_are_refused() {
    let honest = || with(&[("demo_pkg/a.py", b"import os\n"), ("demo_pkg/b.py", b"import re\n")]);
    let second = u32::try_from(places(&honest(), LOCAL)[1]).unwrap().to_le_bytes();
    let both = |at: usize, bytes: &[u8]| patched(patched(honest(), CENTRAL, 0, at, bytes), LOCAL, 0, at - 2, bytes);
    let damaged = || ArchiveFault::DamagedEntry { path: "demo_pkg/a.py".to_owned() };
    let unreadable = || ArchiveFault::Unreadable { path: "demo_pkg/a.py".to_owned() };
    let malformed = || ArchiveFault::Wheel(WheelError::Malformed);
    let cases = [
        ("another check sum", both(16, &[1, 2, 3, 4]), damaged()),
        ("a changed byte", replaced(honest(), b"import os", b"import io", 0), damaged()),
        ("a size that is too large", both(24, &[11, 0, 0, 0]), damaged()),
        ("encrypted", both(8, &[1, 0]), unreadable()),
        ("another compression", both(10, &[12, 0]), unreadable()),
        ("another name in its own header", replaced(honest(), b"demo_pkg/a.py", b"demo_pkg/z.py", 0), malformed()),
        ("another size in its own header", patched(honest(), LOCAL, 0, 22, &[1, 0, 0, 0]), malformed()),
        ("two entries on the same bytes", patched(honest(), CENTRAL, 0, 42, &second), malformed()),
    ];
    for (what, wheel, fault) in cases {
        assert_eq!(look_at(wheel), Err(fault), "{what}");
    }
}

/// An entry that is in no table of contents: whoever reads from the start sees it.
#[test]
fn an_entry_that_the_table_does_not_list_is_refused() {
    let wheel = with(&[("demo_pkg/a.py", b"")]);
    let (central, end) = (places(&wheel, CENTRAL), places(&wheel, super::forge::END)[0]);
    let mut hidden = wheel;
    hidden.drain(central[0]..central[1]);
    let end = end - (central[1] - central[0]);
    hidden[end + 8] = 3;
    hidden[end + 10] = 3;
    let size = u32::try_from(end - central[0]).unwrap();
    hidden[end + 12..end + 16].copy_from_slice(&size.to_le_bytes());
    assert_eq!(metadata(Cursor::new(&hidden), &name()).as_deref(), Ok(METADATA), "it is hidden well");
    assert_eq!(look_at(hidden), Err(WheelError::Malformed.into()));
}

fn bomb(bytes: u64) -> Vec<u8> {
    let deflated = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    built(|writer| {
        writer.start_file("demo_pkg/zeros", deflated).unwrap();
        std::io::copy(&mut std::io::Read::take(std::io::repeat(0), bytes), writer).unwrap();
        for (path, content) in [(PATH, METADATA), (WHEEL, b""), (RECORD, b"")] {
            writer.start_file(path, stored()).unwrap();
            writer.write_all(content).unwrap();
        }
    })
}

#[test]
fn what_it_expands_to_is_limited() {
    assert_eq!(look_at(bomb(limits::EXPANDED_FREE_BYTES)), Err(ArchiveFault::TooLarge { most: limits::EXPANDED_FREE_BYTES }));
    assert!(look_at(bomb(limits::EXPANDED_FREE_BYTES / 2)).is_ok(), "small enough to be harmless");
    let liar = patched(patched(bomb(1 << 20), CENTRAL, 0, 24, &[9, 0, 0, 0]), LOCAL, 0, 22, &[9, 0, 0, 0]);
    assert_eq!(look_at(liar), Err(ArchiveFault::DamagedEntry { path: "demo_pkg/zeros".to_owned() }));
}

#[test]
fn the_number_of_entries_is_limited() {
    let few = Limits { entries: 4, ..Limits::default() };
    let found = |wheel| inspect(Cursor::new(wheel), &name(), &few).map(|found| found.entries);
    assert_eq!(found(with(&[("a", b"")])), Ok(4));
    assert_eq!(found(with(&[("a", b""), ("b", b"")])), Err(ArchiveFault::TooManyEntries { most: 4 }));
}

#[test]
fn a_wheel_with_as_many_entries_as_allowed_is_looked_through() {
    let wheel = built(|writer| {
        for number in 3..limits::WHEEL_ENTRIES {
            writer.start_file(format!("demo_pkg/{number}"), stored()).unwrap();
        }
        for (path, content) in [(PATH, METADATA), (WHEEL, b""), (RECORD, b"")] {
            writer.start_file(path, stored()).unwrap();
            writer.write_all(content).unwrap();
        }
    });
    assert_eq!(look_at(wheel).map(|found| found.entries), Ok(limits::WHEEL_ENTRIES));
}
