//! The update, stage by stage, on repositories made with the editor. What single files do is in `vectors/tuf`.

mod floors;

use crate::testing::{find, now, refresh, repository, signer, signers};
use crate::{Error, Fault, Floor, Lookup, Roots, Seal, TargetFile, TargetPath, TopRole, Version};

#[test]
fn a_target_in_a_hash_bin_is_found() {
    let mut repository = repository();
    repository.delegate_to_bins(None, 3, "bin", &[signer(5)]);
    let path: TargetPath = "ab/cd/cheese/cheese-1.0.whl".parse().unwrap();
    let bins = repository.targets_mut().body().delegations().unwrap().succinct().unwrap().clone();
    let bin = bins.name_of(bins.bin_of(&path)).parse().unwrap();
    repository.role_mut(&bin).add_target(&path, TargetFile::of(b"brie"));
    repository.publish().unwrap();
    let mut view = refresh(&repository).unwrap();
    let Lookup::Found(found) = find(&mut view, &repository, path.as_str()).unwrap() else { panic!("not found") };
    assert_eq!(found.target, TargetFile::of(b"brie"));
    assert_eq!(found.chain.steps().len(), 2);
    assert_eq!(find(&mut view, &repository, "other").unwrap(), Lookup::Absent);
}

/// The seal that belongs to the timestamp of this repository.
fn seal_of_timestamp(files: &std::collections::BTreeMap<String, Vec<u8>>, root: &str) -> Seal {
    let timestamps = Roots::start(&files[root], now()).unwrap().finish().unwrap();
    timestamps.accept(&files["timestamp.json"]).unwrap().timestamp_to_keep().unwrap()
}

#[test]
fn a_seal_of_another_file_does_not_make_a_floor_forgotten() {
    let mut repository = repository();
    repository.publish().unwrap();
    let old_seal = seal_of_timestamp(repository.files(), "1.root.json");
    repository.rotate(TopRole::Timestamp, signers(&[22]));
    repository.publish().unwrap();
    // The new timestamp was written, and the power went before its seal was.
    let local = repository.file("timestamp", None).unwrap();
    let start = || Roots::start(repository.file("root", Some(2)).unwrap(), now()).unwrap().finish().unwrap();
    let holds = Ok(Floor::Holds(Version::new(2).unwrap()));
    assert_eq!(start().remember(local, Some(&old_seal)), holds);
    assert_eq!(start().remember(local, None), holds);
    assert_eq!(start().remember(local, Some(&seal_of_timestamp(repository.files(), "2.root.json"))), holds);
}

#[test]
fn a_seal_that_was_made_under_other_keys_lets_its_file_be_forgotten() {
    for rotated in [TopRole::Timestamp, TopRole::Snapshot] {
        let mut repository = repository();
        repository.publish().unwrap();
        let (local, seal) =
            (repository.file("timestamp", None).unwrap().to_vec(), seal_of_timestamp(repository.files(), "1.root.json"));
        repository.rotate(rotated, signers(&[22]));
        repository.publish().unwrap();
        let root = repository.file("root", Some(2)).unwrap();
        let mut timestamps = Roots::start(root, now()).unwrap().finish().unwrap();
        assert_eq!(timestamps.remember(&local, Some(&seal)), Ok(Floor::Rotated), "{rotated}");
    }
}

#[test]
fn remembering_something_older_does_not_lower_a_floor() {
    let mut repository = repository();
    repository.publish().unwrap();
    let (root, first) = (repository.file("root", Some(1)).unwrap().to_vec(), repository.files().clone());
    repository.publish().unwrap();
    let second = repository.files();
    let is_rollback = |result: Result<Floor, Error>| matches!(result.unwrap_err().fault, Fault::Rollback { .. });

    let mut timestamps = Roots::start(&root, now()).unwrap().finish().unwrap();
    timestamps.remember(&second["timestamp.json"], None).unwrap();
    assert!(is_rollback(timestamps.remember(&first["timestamp.json"], None)));
    assert!(matches!(timestamps.accept(&first["timestamp.json"]).unwrap_err().fault, Fault::Rollback { .. }));

    let timestamps = Roots::start(&root, now()).unwrap().finish().unwrap();
    let mut snapshots = timestamps.accept(&first["timestamp.json"]).unwrap();
    snapshots.remember(&second["2.snapshot.json"], None).unwrap();
    assert!(is_rollback(snapshots.remember(&first["1.snapshot.json"], None)));
    assert!(matches!(snapshots.accept(&first["1.snapshot.json"]).unwrap_err().fault, Fault::Rollback { .. }));
}
