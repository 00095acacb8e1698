//! What is kept of an attack.

use std::fs;
use std::path::Path;

use affineur_tuf::{Fault, Mismatch, TopRole};

use crate::client::{Client, ClientError};
use crate::limits;
use crate::local::LocalCopy;
use crate::testing::{Files, MemoryTransport, at_once, now, published, repository};

fn client(folder: &Path, files: &Files) -> Client<MemoryTransport> {
    Client::new(LocalCopy::initialise(folder, &files["1.root.json"]).unwrap(), MemoryTransport::of(files))
}

fn evidence(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder.join("refused")) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap())).collect()
}

#[test]
fn what_is_hostile_is_kept_once_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = published(&mut repository());
    let client = client(folder.path(), &files);
    at_once(client.refresh(now())).unwrap();
    assert_eq!(evidence(folder.path()), []);

    let forged = String::from_utf8(files["timestamp.json"].clone()).unwrap().replace("2030-", "2031-").into_bytes();
    files.insert("timestamp.json".to_owned(), forged.clone());
    client.transport().serve(&files);
    for _ in 0..2 {
        assert!(at_once(client.refresh(now())).unwrap_err().is_hostile());
    }
    let kept = evidence(folder.path());
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(kept[0].0.starts_with("timestamp.") && kept[0].0.ends_with(".json"), "{}", kept[0].0);
    assert_eq!(kept[0].1, forged);
}

#[test]
fn what_contradicts_nothing_is_no_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = published(&mut repository());
    let client = client(folder.path(), &files);
    files.insert("timestamp.json".to_owned(), b"<html>please log in</html>".to_vec());
    client.transport().serve(&files);
    assert!(!at_once(client.refresh(now())).unwrap_err().is_hostile());
    assert!(!at_once(client.refresh("2031-01-01T00:00:00Z".parse().unwrap())).unwrap_err().is_hostile());
    assert_eq!(evidence(folder.path()), []);
}

#[test]
fn more_bytes_than_listed_are_other_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let mut repository = repository();
    repository.list_digests();
    let mut files = published(&mut repository);
    let client = client(folder.path(), &files);
    let longer = [files["1.snapshot.json"].as_slice(), b" "].concat();
    let listed = longer.len() as u64 - 1;
    files.insert("1.snapshot.json".to_owned(), longer);
    client.transport().serve(&files);
    let error = at_once(client.refresh(now())).unwrap_err();
    assert!(error.is_hostile());
    let ClientError::Metadata(error) = error else { panic!("{error}") };
    let mismatch = Mismatch::Length { expected: listed, found: listed, more: true };
    assert_eq!(error, affineur_tuf::Error { role: TopRole::Snapshot.into(), fault: Fault::Mismatch(mismatch) });
}

#[test]
fn evidence_never_fills_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let files = published(&mut repository());
    let copy = client(folder.path(), &files).local().clone();
    let role = TopRole::Snapshot.into();
    for number in 0..limits::REFUSED_FILES + 5 {
        let kept = copy.keep_refused(&role, format!("forged {number}").as_bytes()).unwrap();
        assert_eq!(kept.is_some(), number < limits::REFUSED_FILES);
    }
    assert!(copy.keep_refused(&role, b"forged 0").unwrap().is_some(), "what is there is there");
    assert_eq!(evidence(folder.path()).len(), limits::REFUSED_FILES);

    let other = tempfile::tempdir().unwrap();
    let copy = client(other.path(), &files).local().clone();
    let large = vec![0; usize::try_from(limits::REFUSED_BYTES).unwrap()];
    assert!(copy.keep_refused(&role, b"first").unwrap().is_some());
    assert_eq!(copy.keep_refused(&role, &large).unwrap(), None);
}

#[test]
fn a_role_with_any_name_leaves_evidence_in_the_folder_alone() {
    let folder = tempfile::tempdir().unwrap();
    let files = published(&mut repository());
    let copy = client(&folder.path().join("copy"), &files).local().clone();
    for name in ["../../etc/passwd", "con", &"x".repeat(400)] {
        let label = affineur_tuf::RoleLabel::Delegated(name.parse().unwrap());
        let path = copy.keep_refused(&label, b"forged").unwrap().unwrap();
        assert_eq!(path.parent().unwrap(), folder.path().join("copy/refused"));
    }
    assert_eq!(evidence(&folder.path().join("copy")).len(), 3);
}
