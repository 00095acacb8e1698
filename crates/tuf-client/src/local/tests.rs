//! The local copy on a real disk. What happens when disk, process or power fail is in `crashes`, two processes in `processes`.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};

use super::{Kept, LocalCopy, LocalError, Seal, TopRole};

mod crashes;
pub(crate) mod memory_disk;
mod processes;

const LIMIT: u64 = 1 << 20;

fn seal(bytes: &[u8]) -> Seal {
    sealed_by(1, bytes)
}

fn sealed_by(authority: u8, bytes: &[u8]) -> Seal {
    let mut seal = [authority; Seal::BYTES];
    seal[..32].copy_from_slice(digest(&SHA256, bytes).as_ref());
    Seal::from_bytes(&seal)
}

fn kept(bytes: &[u8]) -> Option<Kept> {
    Some(Kept { bytes: bytes.to_vec().into(), seal: Some(seal(bytes)) })
}

fn without_seal(bytes: &[u8]) -> Option<Kept> {
    Some(Kept { bytes: bytes.to_vec().into(), seal: None })
}

fn new_copy() -> (tempfile::TempDir, LocalCopy) {
    let parent = tempfile::tempdir().unwrap();
    let copy = LocalCopy::initialise(&parent.path().join("a/b"), b"root 1").unwrap();
    (parent, copy)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_is_written_is_read_again_byte_for_byte() {
    let (_parent, copy) = new_copy();
    let locked = copy.lock(Duration::ZERO).unwrap();
    for (role, bytes) in [(TopRole::Timestamp, "{}\n\0é"), (TopRole::Snapshot, ""), (TopRole::Targets, "targets")] {
        assert_eq!(copy.top(role, LIMIT), None);
        locked.write_top(role, bytes.as_bytes(), &seal(bytes.as_bytes())).unwrap();
        assert_eq!(copy.top(role, LIMIT), kept(bytes.as_bytes()));
    }
    locked.write_delegated("../root", b"delegated", &seal(b"delegated")).unwrap();
    locked.write_root(b"root 2").unwrap();
    drop(locked);

    let again = LocalCopy::open(copy.folder()).unwrap();
    assert_eq!(again.root(LIMIT).unwrap(), &b"root 2"[..]);
    assert_eq!(again.top(TopRole::Snapshot, LIMIT), kept(b""));
    assert_eq!(again.delegated("../root", LIMIT), kept(b"delegated"));
    assert_eq!(again.delegated("root", LIMIT), None, "a delegated role's name is never a top-level role's");
    assert_eq!(
        names(copy.folder()),
        ["%2E.%2Froot.json", "lock", "root.json", "seals", "snapshot.json", "targets.json", "timestamp.json", "tmp"]
    );
    assert_eq!(names(&copy.folder().join("tmp")), [""; 0]);
}

#[test]
fn initialising_never_replaces_another_root() {
    let (_parent, copy) = new_copy();
    LocalCopy::initialise(copy.folder(), b"root 1").unwrap();
    for other in ["root 2", "root", "root 1 and more", ""] {
        let refused = LocalCopy::initialise(copy.folder(), other.as_bytes()).unwrap_err();
        assert_eq!(refused, LocalError::AlreadyInitialised { folder: copy.folder().to_owned() }, "{other}");
    }
    assert_eq!(copy.root(LIMIT).unwrap(), &b"root 1"[..]);
}

#[test]
fn without_a_root_there_is_no_copy_and_nothing_is_made() {
    let parent = tempfile::tempdir().unwrap();
    for folder in [parent.path().join("absent"), parent.path().to_owned()] {
        let missing = LocalError::NotInitialised { folder: folder.clone() };
        assert_eq!(LocalCopy::open(&folder).unwrap_err(), missing);
    }
    assert_eq!(names(parent.path()), [""; 0]);
    let (_parent, copy) = new_copy();
    fs::remove_file(copy.folder().join("root.json")).unwrap();
    assert_eq!(copy.root(LIMIT), Err(LocalError::NotInitialised { folder: copy.folder().to_owned() }));
}

#[test]
fn only_an_unusable_root_is_an_error() {
    let (_parent, copy) = new_copy();
    assert!(matches!(copy.root(5), Err(LocalError::TooLong { at_most: 5, .. })));
    assert_eq!(copy.root(6).unwrap().len(), 6);
    for name in ["root.json", "snapshot.json", "a.json", "seals/timestamp.seal"] {
        let _ = fs::remove_file(copy.folder().join(name));
        fs::create_dir(copy.folder().join(name)).unwrap();
    }
    assert!(matches!(copy.root(LIMIT), Err(LocalError::Failed { .. })));
    assert_eq!(copy.top(TopRole::Snapshot, LIMIT), None);
    assert_eq!(copy.delegated("a", LIMIT), None);
    fs::write(copy.folder().join("timestamp.json"), b"timestamp").unwrap();
    assert_eq!(copy.top(TopRole::Timestamp, LIMIT), without_seal(b"timestamp"));
}

#[test]
fn what_is_longer_than_the_reader_allows_is_not_there() {
    let (_parent, copy) = new_copy();
    copy.lock(Duration::ZERO).unwrap().write_top(TopRole::Targets, b"12345", &seal(b"12345")).unwrap();
    assert_eq!(copy.top(TopRole::Targets, 5), kept(b"12345"));
    assert_eq!(copy.top(TopRole::Targets, 4), None);
}

#[test]
fn changed_bytes_have_no_seal() {
    let (_parent, copy) = new_copy();
    copy.write_delegated("a", b"good", &seal(b"good")).unwrap();
    for torn in ["goo", "good ", "", "\0\0\0\0"] {
        fs::write(copy.folder().join("a.json"), torn).unwrap();
        assert_eq!(copy.delegated("a", LIMIT), without_seal(torn.as_bytes()));
    }
    fs::write(copy.folder().join("a.json"), "good").unwrap();
    assert_eq!(copy.delegated("a", LIMIT), kept(b"good"));
    copy.write_delegated("b", b"other", &seal(b"good")).unwrap();
    assert_eq!(copy.delegated("b", LIMIT), without_seal(b"other"), "a seal that was made for other bytes");
}

#[test]
fn damaged_seals_are_no_seals() {
    let (_parent, copy) = new_copy();
    copy.write_delegated("a", b"a", &seal(b"a")).unwrap();
    let path = copy.folder().join("seals/a.seal");
    let whole = fs::read(&path).unwrap();
    for damaged in [&whole[1..], &whole[..whole.len() - 1], b"", &[whole.as_slice(), b"x"].concat(), &vec![b'x'; 100_000]] {
        fs::write(&path, damaged).unwrap();
        assert_eq!(copy.delegated("a", LIMIT), without_seal(b"a"));
    }
    copy.write_delegated("a", b"a", &seal(b"a")).unwrap();
    assert_eq!(copy.delegated("a", LIMIT), kept(b"a"));
}

#[test]
fn the_same_bytes_can_be_sealed_anew() {
    let (_parent, copy) = new_copy();
    let locked = copy.lock(Duration::ZERO).unwrap();
    locked.write_top(TopRole::Snapshot, b"same", &seal(b"same")).unwrap();
    let by_others = sealed_by(9, b"same");
    locked.write_top(TopRole::Snapshot, b"same", &by_others).unwrap();
    assert_eq!(copy.top(TopRole::Snapshot, LIMIT).unwrap().seal, Some(by_others));
}

#[test]
fn a_removed_role_is_gone_and_can_be_written_again() {
    let (_parent, copy) = new_copy();
    let locked = copy.lock(Duration::ZERO).unwrap();
    locked.remove_top(TopRole::Timestamp).unwrap();
    locked.write_top(TopRole::Timestamp, b"1", &seal(b"1")).unwrap();
    locked.remove_top(TopRole::Timestamp).unwrap();
    assert_eq!(copy.top(TopRole::Timestamp, LIMIT), None);
    assert_eq!(names(&copy.folder().join("seals")), [""; 0]);
    locked.write_top(TopRole::Timestamp, b"1", &seal(b"1")).unwrap();
    assert_eq!(copy.top(TopRole::Timestamp, LIMIT), kept(b"1"));
}

#[test]
fn lost_subfolders_are_made_again() {
    let (_parent, copy) = new_copy();
    fs::remove_dir_all(copy.folder().join("seals")).unwrap();
    fs::remove_dir_all(copy.folder().join("tmp")).unwrap();
    let copy = LocalCopy::open(copy.folder()).unwrap();
    copy.write_delegated("a", b"a", &seal(b"a")).unwrap();
    assert_eq!(copy.delegated("a", LIMIT), kept(b"a"));
}

#[test]
fn pruning_takes_the_least_recently_used_that_nobody_wants() {
    let (_parent, copy) = new_copy();
    let locked = copy.lock(Duration::ZERO).unwrap();
    locked.write_top(TopRole::Targets, b"targets", &seal(b"targets")).unwrap();
    let hours = |hours: u64| std::time::SystemTime::now() - Duration::from_secs(hours * 3600);
    for (name, age) in [("oldest", 500), ("wanted", 400), ("read", 300), ("old", 200), ("new", 1)] {
        copy.write_delegated(name, b"1", &seal(b"1")).unwrap();
        let file = fs::File::options().append(true).open(copy.folder().join(format!("{name}.json"))).unwrap();
        file.set_modified(hours(age)).unwrap();
    }
    assert!(copy.delegated("read", LIMIT).is_some());
    for name in ["tmp/left", "tmp/in-use", "seals/gone.seal"] {
        fs::write(copy.folder().join(name), "").unwrap();
    }
    fs::File::options().append(true).open(copy.folder().join("tmp/left")).unwrap().set_modified(hours(2)).unwrap();

    locked.prune(["wanted"]).unwrap();
    assert!(copy.folder().join("oldest.json").exists(), "all fit");
    assert_eq!(names(&copy.folder().join("tmp")), ["in-use"]);
    // Each takes a block, and one for its seal.
    locked.prune_to(3 * 2 * 4096, &HashSet::from(["wanted.json".to_owned()])).unwrap();
    let left = ["lock", "new.json", "read.json", "root.json", "seals", "targets.json", "tmp", "wanted.json"];
    assert_eq!(names(copy.folder()), left);
    assert_eq!(names(&copy.folder().join("seals")), ["new.seal", "read.seal", "targets.seal", "wanted.seal"]);
    locked.prune_to(0, &HashSet::new()).unwrap();
    assert_eq!(names(copy.folder()), ["lock", "root.json", "seals", "targets.json", "tmp"]);
}

#[cfg(unix)]
#[test]
fn everything_is_private_to_the_user() {
    use std::os::unix::fs::PermissionsExt as _;
    let (parent, copy) = new_copy();
    copy.lock(Duration::ZERO).unwrap().write_top(TopRole::Targets, b"1", &seal(b"1")).unwrap();
    copy.write_delegated("a", b"1", &seal(b"1")).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for folder in [&parent.path().join("a"), copy.folder(), &copy.folder().join("seals"), &copy.folder().join("tmp")] {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
    for file in ["root.json", "targets.json", "a.json", "lock", "seals/a.seal", "seals/targets.seal"] {
        assert_eq!(mode(&copy.folder().join(file)), 0o600, "{file}");
    }
}
