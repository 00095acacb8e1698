//! The update, stage by stage, on repositories made with the editor. What single files do is in `vectors/tuf`.

mod floors;

use crate::testing::{find, now, refresh, repository, signer, signers};
use crate::{Error, Fault, Floor, Lookup, Roots, Seal, TargetFile, TargetPath, TopRole, Version, limits};

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
fn remembering_the_same_again_changes_nothing() {
    let mut repository = repository();
    repository.publish().unwrap();
    let files = repository.files();
    let mut timestamps = Roots::start(&files["1.root.json"], now()).unwrap().finish().unwrap();
    let holds = Ok(Floor::Holds(Version::FIRST));
    assert_eq!(timestamps.remember(&files["timestamp.json"], None), holds);
    assert_eq!(timestamps.remember(&files["timestamp.json"], None), holds);
    let mut snapshots = timestamps.accept(&files["timestamp.json"]).unwrap();
    assert_eq!(snapshots.remember(&files["1.snapshot.json"], None), holds);
    assert_eq!(snapshots.remember(&files["1.snapshot.json"], None), holds);
    assert!(snapshots.keep().is_ok());
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

/// A seal stands for the signatures; nothing else does.
#[test]
fn a_seal_is_about_exactly_these_bytes_and_these_keys() {
    let mut repository = repository();
    repository.publish().unwrap();
    let files = repository.files();
    let top = || {
        let timestamps = Roots::start(&files["1.root.json"], now()).unwrap().finish().unwrap();
        timestamps.accept(&files["timestamp.json"]).unwrap().accept(&files["1.snapshot.json"]).unwrap()
    };
    let seal = top().accept(&files["1.targets.json"]).unwrap().1.to_bytes();
    // As if these bytes had been verified: their signature holds for nothing.
    let text = String::from_utf8(files["1.targets.json"].clone()).unwrap();
    let bytes = text.replacen("\"sig\":\"", "\"sig\":\"00", 1).into_bytes();
    let mut forged = seal;
    forged[..32].copy_from_slice(&crate::hashes::sha256(&[&bytes]));
    let is_recalled = |seal: Option<&Seal>| {
        let mut top = top();
        let remembered = top.remember(&bytes, seal);
        assert!(matches!(&remembered, Ok(()) | Err(Error { fault: Fault::Threshold { .. }, .. })), "{remembered:?}");
        assert_eq!(top.keep().is_ok(), remembered.is_ok());
        remembered.is_ok()
    };
    assert!(is_recalled(Some(&Seal::from_bytes(&forged))));
    assert!(!is_recalled(None));
    assert!(!is_recalled(Some(&Seal::from_bytes(&seal))));
    for part in [0..32, 32..64] {
        let mut other = forged;
        other[part.start] ^= 1;
        assert!(!is_recalled(Some(&Seal::from_bytes(&other))), "{part:?}");
    }
}

#[test]
fn a_stored_seal_is_the_same_seal() {
    let bytes = std::array::from_fn(|at| u8::try_from(at).unwrap());
    assert_eq!(Seal::from_bytes(&bytes).to_bytes(), bytes);
    assert_eq!(Seal::from_bytes(&bytes).content(), &bytes[..32]);
}

#[test]
fn a_seal_for_one_role_is_none_for_another_with_the_same_keys() {
    let mut repository = repository();
    let everything = || crate::Paths::Patterns(vec![crate::PathPattern::new("*")]);
    let (a, b) = (crate::testing::role("a"), crate::testing::role("b"));
    repository.delegate(None, &a, signers(&[5]), everything());
    repository.delegate(None, &b, signers(&[5]), everything());
    repository.publish().unwrap();
    let mut view = refresh(&repository).unwrap();
    let mut search = crate::Search::new("x".parse().unwrap());
    let mut edges = Vec::new();
    while let crate::Progress::Needs(edge) = search.advance(&view.live(now()).unwrap()).unwrap() {
        view.accept(&edge, repository.file(edge.role().as_str(), Some(1)).unwrap(), now()).unwrap();
        edges.push(edge);
    }
    let [first, second] = edges.as_slice() else { panic!("{edges:?}") };
    let mut file = repository.file("a", Some(1)).unwrap().to_vec();
    let mut seal = view.accept(first, &file, now()).unwrap().to_bytes();
    file.push(b'\n');
    let text = String::from_utf8(file).unwrap().replacen("\"sig\":\"", "\"sig\":\"00", 1);
    seal[..32].copy_from_slice(&crate::hashes::sha256(&[text.as_bytes()]));
    let seal = Seal::from_bytes(&seal);
    assert!(view.recall(first, text.as_bytes(), Some(&seal), now()).is_ok());
    assert!(view.recall(second, text.as_bytes(), Some(&seal), now()).is_err());
    assert_eq!(view.roles_in_memory(), 2);
    view.forget_roles();
    assert_eq!(view.roles_in_memory(), 0);
}

#[test]
fn a_view_is_not_live_after_any_of_its_roles_expired() {
    let early: crate::Expiry = "2029-06-01T00:00:00Z".parse().unwrap();
    for expiring in TopRole::ALL {
        let mut repository = repository();
        match expiring {
            TopRole::Root => drop(repository.root_mut().set_expires(early)),
            TopRole::Timestamp => drop(repository.timestamp_mut().set_expires(early)),
            TopRole::Snapshot => drop(repository.snapshot_mut().set_expires(early)),
            TopRole::Targets => drop(repository.targets_mut().set_expires(early)),
        }
        repository.publish().unwrap();
        let view = refresh(&repository).unwrap();
        assert_eq!(view.updated(), now());
        let before = early.time() - jiff::SignedDuration::from_secs(1);
        assert!(view.live(before).is_ok());
        let error = view.live(early.time()).unwrap_err();
        assert_eq!((error.role, error.fault), (expiring.into(), Fault::Expired { expires: early, now: early.time() }));
    }
}

#[test]
fn a_delegated_role_that_expired_in_memory_ends_a_search() {
    let mut repository = repository();
    let a = crate::testing::role("a");
    repository.delegate(None, &a, signers(&[5]), crate::Paths::Patterns(vec![crate::PathPattern::new("*")]));
    let early: crate::Expiry = "2029-06-01T00:00:00Z".parse().unwrap();
    repository.role_mut(&a).set_expires(early);
    repository.publish().unwrap();
    let mut view = refresh(&repository).unwrap();
    assert_eq!(find(&mut view, &repository, "x"), Ok(Lookup::Absent));
    let later = view.live(early.time()).unwrap();
    let error = crate::Search::new("x".parse().unwrap()).advance(&later).unwrap_err();
    assert_eq!((error.role, error.fault), (a.into(), Fault::Expired { expires: early, now: early.time() }));
}

#[test]
fn files_are_wanted_by_version_and_never_longer_than_listed_or_allowed() {
    let mut repository = repository();
    repository.list_digests();
    repository.publish().unwrap();
    let files = repository.files();
    let length = |path: &str| files[path].len() as u64;
    let roots = Roots::start(&files["1.root.json"], now()).unwrap();
    let wanted = roots.wanted().unwrap();
    assert_eq!((wanted.path.as_str(), wanted.at_most, wanted.role), ("2.root.json", limits::ROOT_BYTES, TopRole::Root.into()));
    let timestamps = roots.finish().unwrap();
    assert_eq!((timestamps.wanted().path.as_str(), timestamps.wanted().at_most), ("timestamp.json", limits::TIMESTAMP_BYTES));
    let snapshots = timestamps.accept(&files["timestamp.json"]).unwrap();
    let wanted = snapshots.wanted();
    assert_eq!((wanted.path.as_str(), wanted.at_most), ("1.snapshot.json", length("1.snapshot.json")));
    let targets = snapshots.accept(&files["1.snapshot.json"]).unwrap();
    let wanted = targets.wanted().unwrap();
    assert_eq!((wanted.path.as_str(), wanted.at_most), ("1.targets.json", length("1.targets.json")));
}

#[test]
fn a_listed_length_does_not_raise_the_limit() {
    let mut repository = repository();
    repository.root_mut().set_consistent_snapshot(false);
    repository.publish().unwrap();
    let listed = |version: u64| serde_json::json!({"version": version, "length": u64::MAX});
    let resigned = |path: &str, seed: u8, file: &str| {
        let mut body: serde_json::Value = serde_json::from_slice(&repository.files()[path]).unwrap();
        body["signed"]["meta"][file] = listed(1);
        crate::edit::sign_json(&body["signed"], [&*signer(seed)]).unwrap()
    };
    let root = repository.file("root", Some(1)).unwrap();
    let timestamps = || Roots::start(root, now()).unwrap().finish().unwrap();
    let snapshots = timestamps().accept(&resigned("timestamp.json", 2, "snapshot.json")).unwrap();
    assert_eq!((snapshots.wanted().path.as_str(), snapshots.wanted().at_most), ("snapshot.json", limits::SNAPSHOT_BYTES));
    let snapshots = timestamps().accept(&repository.files()["timestamp.json"]).unwrap();
    let targets = snapshots.accept(&resigned("snapshot.json", 3, "targets.json")).unwrap();
    let wanted = targets.wanted().unwrap();
    assert_eq!((wanted.path.as_str(), wanted.at_most), ("targets.json", limits::TARGETS_BYTES));
}

#[test]
fn no_more_roots_are_taken_in_one_update_than_the_limit() {
    let mut repository = repository();
    repository.publish().unwrap();
    let mut roots = Roots::start(repository.file("root", Some(1)).unwrap(), now()).unwrap();
    for version in 2..=u64::from(limits::ROOT_ROTATIONS) + 1 {
        repository.root_mut();
        repository.publish().unwrap();
        assert_eq!(roots.wanted().unwrap().path, format!("{version}.root.json"));
        roots = roots.accept(repository.file("root", Some(version)).unwrap()).unwrap();
        assert_eq!(roots.version().number(), version);
    }
    assert_eq!(roots.wanted(), None);
    assert!(roots.finish().is_ok());
}

#[test]
fn nothing_follows_the_last_version() {
    let mut repository = repository();
    repository.root_mut().set_version(Version::new(u64::MAX).unwrap());
    repository.publish().unwrap();
    let root = &repository.files()[&format!("{}.root.json", u64::MAX)];
    let roots = Roots::start(root, now()).unwrap();
    assert_eq!(roots.wanted(), None);
    assert!(matches!(roots.accept(root).unwrap_err().fault, Fault::LastVersion(_)));
}

#[test]
fn what_is_kept_again_is_only_what_is_new() {
    let mut repository = repository();
    repository.publish().unwrap();
    let files = repository.files();
    let mut timestamps = Roots::start(&files["1.root.json"], now()).unwrap().finish().unwrap();
    timestamps.remember(&files["timestamp.json"], None).unwrap();
    let mut snapshots = timestamps.accept(&files["timestamp.json"]).unwrap();
    assert_eq!(snapshots.timestamp_to_keep(), None);
    snapshots.remember(&files["1.snapshot.json"], None).unwrap();
    assert_eq!(snapshots.keep().unwrap().snapshot_to_keep(), None);
}

#[test]
fn where_a_target_lies_depends_on_consistent_snapshots() {
    let path: TargetPath = "a b/c".parse().unwrap();
    let target = TargetFile::of(b"brie");
    let digest = target.hashes().digest("sha256").unwrap();
    for (consistent, expected) in [(true, format!("a%20b/{digest}.c")), (false, "a%20b/c".to_owned())] {
        let mut repository = repository();
        repository.root_mut().set_consistent_snapshot(consistent);
        repository.publish().unwrap();
        let files = repository.files();
        let fetch = |versioned: &str, plain: &str| &files[if consistent { versioned } else { plain }];
        let snapshots =
            Roots::start(&files["1.root.json"], now()).unwrap().finish().unwrap().accept(&files["timestamp.json"]).unwrap();
        let targets = snapshots.accept(fetch("1.snapshot.json", "snapshot.json")).unwrap();
        let view = targets.accept(fetch("1.targets.json", "targets.json")).unwrap().0;
        assert_eq!(view.live(now()).unwrap().target_path(&path, &target), expected);
        assert_eq!(view.root().consistent_snapshot(), consistent);
    }
}

#[test]
fn a_delegated_role_is_wanted_by_its_name_and_version() {
    let mut repository = repository();
    let a = crate::testing::role("a/b");
    repository.list_digests();
    repository.delegate(None, &a, signers(&[5]), crate::Paths::Patterns(vec![crate::PathPattern::new("*")]));
    repository.publish().unwrap();
    repository.role_mut(&a);
    repository.publish().unwrap();
    let view = refresh(&repository).unwrap();
    let mut search = crate::Search::new("x".parse().unwrap());
    let crate::Progress::Needs(edge) = search.advance(&view.live(now()).unwrap()).unwrap() else { panic!() };
    let wanted = view.wanted(&edge).unwrap();
    assert_eq!((wanted.path.as_str(), wanted.role), ("2.a%2Fb.json", a.clone().into()));
    assert_eq!(wanted.at_most, repository.file("a/b", Some(2)).unwrap().len() as u64);
    assert_eq!((edge.role(), edge.authority().threshold().number()), (&a, 1));
    assert_eq!(*edge.authority().role(), a.into());
}
