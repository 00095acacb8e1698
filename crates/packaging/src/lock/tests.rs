use super::*;
use proptest::prelude::*;

const ONE: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const TWO: &str = "2222222222222222222222222222222222222222222222222222222222222222";

fn read(format: LockFormat, text: &str) -> Result<Lock, LockError> {
    Lock::parse(format, text.as_bytes())
}

/// What a lock says, in one line for each release, file and other entry.
fn told(lock: &Lock) -> Vec<String> {
    let mut lines = Vec::new();
    for release in &lock.releases {
        lines.push(format!("{}: {}=={}", release.line, release.project, release.version));
        lines.extend(release.files.iter().map(|file| {
            let digest = file.sha256.map(|digest| digest.to_string()[..2].to_owned());
            format!("  {} {digest:?} {:?} {:?}", file.name, file.size, file.url.as_ref().map(Url::as_str))
        }));
        lines.extend(release.digests.iter().map(|digest| format!("  {}", &digest.to_string()[..2])));
    }
    lines.extend(lock.elsewhere.iter().map(|entry| format!("{}: {} from {}", entry.line, entry.name, entry.from)));
    lines.extend(lock.indexes.iter().map(|url| format!("at {url}")));
    lines
}

fn uv() -> String {
    format!(
        r#"version = 1
revision = 5
requires-python = ">=3.11"

[[package]]
name = "Thing"
version = "1.0"
source = {{ registry = "https://index.example/simple" }}
dependencies = [{{ name = "other" }}]
sdist = {{ url = "https://files.example/a/thing-1.0.tar.gz", hash = "sha256:{ONE}", size = 12, upload-time = "2026-01-01T00:00:00Z" }}
wheels = [
    {{ url = "https://files.example/a/thing-1.0-py3-none-any.whl", hash = "sha256:{TWO}" }},
    {{ url = "https://files.example/a/thing-1.0%2Blocal-py3-none-any.whl?signature=secret", hash = "sha512:00" }},
]

[[package]]
name = "me"
version = "0.1.0"
source = {{ virtual = "." }}

[package.metadata]
requires-dist = [{{ name = "thing" }}]

[[package]]
name = "checkout"
version = "3"
source = {{ git = "https://git.example/checkout?rev=1#abc" }}

[[package]]
name = "near"
version = "1"
source = {{ registry = "wheels" }}
wheels = [{{ path = "near-1-py3-none-any.whl" }}]
"#
    )
}

#[test]
fn a_uv_lock_says_releases_files_and_what_comes_from_elsewhere() {
    let text = uv().replace("%2Blocal", "");
    assert_eq!(
        told(&read(LockFormat::Uv, &text).unwrap()),
        [
            "5: thing==1.0",
            "  thing-1.0.tar.gz Some(\"11\") Some(12) Some(\"https://files.example/a/thing-1.0.tar.gz\")",
            "  thing-1.0-py3-none-any.whl Some(\"22\") None Some(\"https://files.example/a/thing-1.0-py3-none-any.whl\")",
            "  thing-1.0-py3-none-any.whl None None None",
            "16: me from the project itself",
            "24: checkout from a Git repository",
            "29: near from a local folder of distributions",
            "at https://index.example/simple",
        ]
    );
}

#[test]
fn a_pylock_says_the_same_in_the_words_of_its_standard() {
    let text = format!(
        "lock-version = '1.0'\ncreated-by = 'x'\n[[packages]]\nname = 'thing'\nversion = '1.0'\nindex = 'https://index.example/simple'\n\
         [[packages.wheels]]\nname = 'thing-1.0-py3-none-any.whl'\nurl = 'https://files.example/x'\nsize = 3\n\
         hashes = {{ sha256 = '{ONE}' }}\n[[packages]]\nname = 'unversioned'\n\
         sdist = {{ url = 'https://f.example/unversioned-2.tar.gz', hashes = {{ md5 = '0' }} }}\n[[packages]]\nname = 'v'\n\
         vcs = {{ type = 'git', url = 'https://git.example/v', commit-id = '1' }}\n[[packages]]\nname = 'd'\ndirectory = {{ path = '.' }}\n\
         [[packages]]\nname = 'a'\narchive = {{ url = 'https://x.example/a-1.tar.gz', hashes = {{ sha256 = '{ONE}' }} }}\n\
         [[packages]]\nname = 'p'\nversion = '1'\nwheels = [{{ path = 'p-1-py3-none-any.whl', hashes = {{}} }}]\n"
    );
    assert_eq!(
        told(&read(LockFormat::Pylock, &text).unwrap()),
        [
            "3: thing==1.0",
            "  thing-1.0-py3-none-any.whl Some(\"11\") Some(3) Some(\"https://files.example/x\")",
            "12: unversioned==2",
            "  unversioned-2.tar.gz None None Some(\"https://f.example/unversioned-2.tar.gz\")",
            "15: v from a repository of sources",
            "18: d from a folder",
            "21: a from an archive of its own",
            "24: p from a local folder of distributions",
            "at https://index.example/simple",
        ]
    );
}

#[test]
fn pinned_requirements_are_a_lock_with_and_without_digests() {
    let text = format!(
        "# by hand\n-i https://index.example/simple\n--extra-index-url=https://user:secret@more.example/\n--require-hashes\n\
         Thing[extra]==1.0 ; python_version < '3.14' \\\n    --hash=sha256:{ONE} \\\n    --hash sha256:{TWO}  # both\n    # via x\n\
         other===2.0\n-e .\nnear @ https://user:secret@x.example/near.zip\nhttps://x.example/y.whl\n./z\nz-1-py3-none-any.whl\n"
    );
    assert_eq!(
        told(&read(LockFormat::Requirements, &text).unwrap()),
        [
            "5: thing==1.0",
            "  11",
            "  22",
            "9: other==2.0",
            "10:  from a source tree",
            "11: near from a URL of its own",
            "12:  from a URL of its own",
            "13:  from a local file or folder",
            "14:  from a local file or folder",
            "at https://index.example/simple",
        ]
    );
}

#[test]
fn a_release_means_the_files_that_it_names_or_those_with_its_digests_or_all() {
    let release = |lock: Lock| lock.releases.into_iter().next().unwrap();
    let of_uv = release(read(LockFormat::Uv, &uv().replace("%2Blocal", "")).unwrap());
    let hashed = release(read(LockFormat::Requirements, &format!("thing==1.0 --hash=sha256:{ONE}")).unwrap());
    let bare = release(read(LockFormat::Requirements, "thing==1.0").unwrap());
    let [one, two] = [ONE, TWO].map(|digest| digest.parse::<Sha256>().ok());
    for (name, digest, expected) in [
        ("thing-1.0.tar.gz", one, [true, true, true]),
        ("thing-1.0.tar.gz", two, [true, false, true]),
        ("thing-1.0.tar.gz", None, [true, false, true]),
        ("thing-1.0-cp313-none-any.whl", one, [false, true, true]),
        ("thing-1.1.tar.gz", one, [false, false, false]),
        ("other-1.0.tar.gz", one, [false, false, false]),
    ] {
        let name: FileName = name.parse().unwrap();
        assert_eq!([&of_uv, &hashed, &bare].map(|release| release.means(&name, digest)), expected, "{name} {digest:?}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let package = |lines: &str| format!("version = 1\n\n[[package]]\nname = 'thing'\n{lines}\n");
    let at = "source = { registry = 'https://i.example/' }\n";
    let file = |name: &str| format!("{at}version = '1.0'\nwheels = [{{ url = 'https://f.example/{name}' }}]");
    let uv = [
        ("not toml [".to_owned(), 1, "key with no value, expected `=`"),
        ("version = 1\n[[package]]\nname = 3".to_owned(), 3, "invalid type: integer `3`, expected a string"),
        ("version = 1\n[[package]]\nversion = '1'\nsource={}".to_owned(), 2, "missing field `name`"),
        (package(at), 3, "thing has no version; lock it, for example with `uv pip compile`, `pip freeze` or `uv export`"),
        (package(&format!("{at}version = \"new\\u001best\"")), 3, "\"new?est\" is no version"),
        (
            package(&file("thing-1.0-py3-none-any.whl', hash = 'sha256:00")),
            3,
            "a sha256 digest of thing-1.0-py3-none-any.whl is not 64 hexadecimal digits",
        ),
        (package(&file("other-1.0-py3-none-any.whl")), 3, "the file other-1.0-py3-none-any.whl is not one of thing"),
        (package(&file("thing-2.0-py3-none-any.whl")), 3, "the file thing-2.0-py3-none-any.whl is not one of thing 1.0"),
        ("version = 1\n[[package]]\nname = '../x'\nsource = {}".to_owned(), 2, "\"../x\" is no project's name"),
    ];
    for (text, line, problem) in uv {
        let error = read(LockFormat::Uv, &text).unwrap_err();
        assert_eq!((error.line, error.problem.to_string().as_str()), (Some(line), problem), "{text}");
    }
    let requirements = [
        ("a==1\nb>=2", 2, "b has no version; lock it, for example with `uv pip compile`, `pip freeze` or `uv export`"),
        ("a==1.*", 1, "a has no version; lock it, for example with `uv pip compile`, `pip freeze` or `uv export`"),
        ("a", 1, "a has no version; lock it, for example with `uv pip compile`, `pip freeze` or `uv export`"),
        ("-r more.txt", 1, "it includes another file; give one file that has everything, for example of `uv pip compile`"),
        ("\n--colour\u{1b} x", 2, "\"--colour?\" is no option that is known here"),
        ("a==1 --hash=sha256:00", 1, "a sha256 digest of a is not 64 hexadecimal digits"),
        ("a==\\\n1", 1, "pip and uv read this line differently (a quote, a backslash or a comment); write it on one line"),
        (
            "a==1 # x \\\nb==2",
            2,
            "pip and uv read this line differently (a quote, a backslash or a comment); write it on one line",
        ),
    ];
    for (text, line, problem) in requirements {
        let error = read(LockFormat::Requirements, text).unwrap_err();
        assert_eq!((error.line, error.problem.to_string().as_str()), (Some(line), problem), "{text}");
        assert!(error.to_string().starts_with(&format!("line {line}: ")));
    }
    assert_eq!(read(LockFormat::Uv, "version = 2").unwrap_err().to_string(), "its version is 2, and only 1 can be read");
    assert_eq!(
        read(LockFormat::Pylock, "lock-version = '2.0'").unwrap_err().to_string(),
        "its version is 2.0, and only 1.x can be read"
    );
    for format in [LockFormat::Uv, LockFormat::Pylock, LockFormat::Requirements] {
        assert_eq!(Lock::parse(format, b"\xff\xfe").unwrap_err().problem, LockProblem::NotUtf8);
        let large = vec![b'\n'; limits::LOCK_BYTES + 1];
        assert_eq!(Lock::parse(format, &large).unwrap_err().problem, LockProblem::TooLarge);
    }
}

#[test]
fn more_than_any_project_has_is_refused() {
    let many = "a==1\n".repeat(limits::LOCK_RELEASES + 1);
    assert_eq!(read(LockFormat::Requirements, &many).unwrap_err().to_string(), "it has more than 100000 entries");
    let lines = "\n".repeat(limits::LOCK_LINES + 1);
    assert_eq!(read(LockFormat::Requirements, &lines).unwrap_err().to_string(), "it has more than 200000 lines");
    let indexes: String = (0..100)
        .map(|n| format!("[[package]]\nname='a'\nversion='1'\nsource = {{ registry = 'https://i{n}.example/' }}\n"))
        .collect();
    let lock = read(LockFormat::Uv, &format!("version = 1\n{indexes}")).unwrap();
    assert_eq!((lock.indexes.len(), lock.releases.len()), (limits::LOCK_INDEXES, 100));
}

#[test]
fn a_file_whose_name_no_index_may_use_is_told_and_not_dropped() {
    let text = "version = 1\n[[package]]\nname = 'a'\nversion = '1'\nsource = { registry = 'https://i.example/' }\n\
                wheels = [{ url = 'https://f.example/a%1b-1-py3-none-any.whl' }, { size = 1 }]\n";
    let lock = read(LockFormat::Uv, text).unwrap();
    assert_eq!(
        told(&lock)[1..3],
        [
            "2: a?-1-py3-none-any.whl from a file with a name that no index may use",
            "2:  from a file with a name that no index may use"
        ]
    );
}

#[test]
fn a_url_that_escaping_makes_too_long_is_not_asked() {
    let long = |spaces| format!("https://index.example/{}x", " ".repeat(spaces));
    assert!(askable(&long(100)).is_some());
    assert_eq!(askable(&long(limits::URL_BYTES / 2)), None);
}

#[test]
fn the_format_is_known_by_the_files_name() {
    for (name, expected) in [
        ("uv.lock", Some(LockFormat::Uv)),
        ("pylock.toml", Some(LockFormat::Pylock)),
        ("pylock.dev.toml", Some(LockFormat::Pylock)),
        ("requirements-dev.txt", Some(LockFormat::Requirements)),
        ("poetry.lock", None),
        ("pyproject.toml", None),
    ] {
        assert_eq!(LockFormat::of_file_name(name), expected, "{name}");
    }
}

/// Lines out of which lock files are made, whole and broken.
fn line() -> impl Strategy<Value = String> {
    let known = [
        "version = 1",
        "lock-version = '1.0'",
        "[[package]]",
        "[[packages]]",
        "name = 'a'",
        "source = { registry = 'https://i.example/' }",
        "wheels = [{ url = 'https://f.example/a-1-py3-none-any.whl' }]",
        "a==1 \\",
        "  --hash=sha256:00",
        "-i https://i.example/",
        "# coding: utf-8 \\",
    ];
    prop_oneof![
        proptest::sample::select(known.to_vec()).prop_map(str::to_owned),
        "\\PC{0,20}",
        "[a-c=\\\\#'\"\\[\\]{};@ -]{0,20}"
    ]
}

proptest! {
    #[test]
    fn nothing_that_is_written_in_a_lock_makes_it_panic_and_lines_are_in_it(lines in proptest::collection::vec(line(), 0..12)) {
        let text = lines.join("\n");
        for format in [LockFormat::Uv, LockFormat::Pylock, LockFormat::Requirements] {
            let most = requirements_lines(&text);
            match read(format, &text) {
                Ok(lock) => prop_assert!(lock.releases.iter().all(|release| (1..=most).contains(&release.line))),
                Err(LockError { line, .. }) => prop_assert!(line.is_none_or(|line| (1..=most).contains(&line))),
            }
        }
    }
}

fn requirements_lines(text: &str) -> usize {
    crate::requirements_file::count(text)
}
