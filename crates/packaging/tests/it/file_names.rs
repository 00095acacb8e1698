//! File names, compared with what Python's `packaging` library says (`tests/vectors/file_names.py` prints the table).

use affineur_packaging::{FileName, FileNameError};

const TABLE: &str = include_str!("../vectors/file_names.txt");

type Read = Option<(&'static str, &'static str)>;

/// Where we differ from `packaging` on purpose: the name, then project and version as we see them.
const DIFFERENCES: [(&str, Read); 17] = [
    // Endings of the past: the library knows two, indexes carry more and pip installs them.
    ("Twisted-8.2.0.tar.bz2", Some(("twisted", "8.2.0"))),
    // Dashes in a version (PEP 440's other spellings): the library always takes the last dash; pip, which knows the project,
    // reads these as we do.
    ("PyGreSQL-4.0-r1.tar.gz", Some(("pygresql", "4.0.post1"))),
    ("foolscap-0.6.4-1.tar.gz", Some(("foolscap", "0.6.4.post1"))),
    ("foo-1.0-1.zip", Some(("foo", "1.0.post1"))),
    ("foo-1.0-rc1.zip", Some(("foo", "1.0rc1"))),
    ("foo-1.0-post2.zip", Some(("foo", "1.0.post2"))),
    ("foo-1.0-r4.zip", Some(("foo", "1.0.post4"))),
    ("foo-1.0+abc-def.zip", Some(("foo", "1.0+abc.def"))),
    // The underscore stands for a dash, as escaping makes it.
    ("foo-1.0_1-py3-none-any.whl", Some(("foo", "1.0.post1"))),
    ("foo-1.0_1.zip", Some(("foo", "1.0.post1"))),
    // No project can have these names (PEP 508); the library does not look.
    ("_foo-1.0-py3-none-any.whl", None),
    ("foo.-1.0-py3-none-any.whl", None),
    ("-foo-1.0.tar.gz", None),
    ("foo--1.0.tar.gz", None),
    ("_foo-1.0.tar.gz", None),
    ("foo.-1.0.tar.gz", None),
    ("foo+bar-1.0.tar.gz", None),
];

fn rows() -> impl Iterator<Item = (&'static str, Read)> {
    TABLE.lines().filter_map(|line| {
        let mut columns = line.split('\t');
        let (name, project, version) = (columns.next()?, columns.next()?, columns.next()?);
        Some((name, (project != "-").then_some((project, version))))
    })
}

fn ours(name: &str) -> Result<(String, String), FileNameError> {
    name.parse().map(|name: FileName| (name.project().to_string(), name.version().to_string()))
}

fn owned(read: Read) -> Option<(String, String)> {
    read.map(|(project, version)| (project.to_owned(), version.to_owned()))
}

#[test]
fn file_names_are_read_as_the_packaging_library_reads_them_but_for_the_listed_differences() {
    assert!(rows().count() > 400 && rows().count() == TABLE.lines().count());
    for (name, theirs) in rows() {
        match DIFFERENCES.iter().find(|(different, _)| *different == name) {
            None => assert_eq!(ours(name).ok(), owned(theirs), "{name}"),
            Some((_, expected)) => {
                assert_eq!(ours(name).ok(), owned(*expected), "{name}");
                assert_ne!(*expected, theirs, "{name} is listed as a difference and is none");
            }
        }
    }
    for (name, _) in DIFFERENCES {
        assert!(rows().any(|(row, _)| row == name), "{name} is not in the table");
    }
}

#[test]
fn every_name_that_can_be_read_belongs_to_its_own_project_and_to_no_other() {
    let stranger = "stranger".parse().unwrap();
    for name in rows().filter_map(|(name, _)| name.parse::<FileName>().ok()) {
        assert_eq!(FileName::of_project(name.as_str(), name.project()), Ok(name.clone()));
        assert_eq!(FileName::of_project(name.as_str(), &stranger), Err(FileNameError::Parts), "{name}");
    }
}
