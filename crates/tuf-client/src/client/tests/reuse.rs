//! What is fetched and verified, and what is not again.

use std::path::Path;
use std::time::Duration;

use affineur_tuf::edit::Repository;
use affineur_tuf::{Fault, Lookup, Seal, TargetFile, Threshold, TopRole as Role};
use aws_lc_rs::digest::{SHA256, digest};

use crate::client::{Client, ClientError};
use crate::local::tests::memory_disk::MemoryDisk;
use crate::local::{LocalCopy, TopRole};
use crate::testing::{Files, MemoryTransport, at_once, bin_of, now, path, published, repository, signer};

const FOLDER: &str = "/copy";
const LIMIT: u64 = 1 << 20;
const TOPS: [TopRole; 3] = [TopRole::Timestamp, TopRole::Snapshot, TopRole::Targets];
/// Two targets in different bins.
const TARGETS: [&str; 2] = ["a/cheese.whl", "b/wine.whl"];

/// A client's machine, and the network.
struct World {
    disk: MemoryDisk,
    network: MemoryTransport,
}

impl World {
    fn of(files: &Files) -> Self {
        let disk = MemoryDisk::new(Path::new("/"));
        disk.initialise(Path::new(FOLDER), &files["1.root.json"]).unwrap();
        Self { disk, network: MemoryTransport::of(files) }
    }

    fn copy(&self) -> LocalCopy {
        self.disk.open(Path::new(FOLDER)).unwrap()
    }

    fn start(&self) -> Client<MemoryTransport> {
        Client::new(self.copy(), self.network.clone())
    }

    /// A new process refreshes and looks up. What was asked for.
    fn look_up(&self, targets: &[&str]) -> Vec<String> {
        let client = self.start();
        let mut view = at_once(client.refresh(now())).unwrap();
        for target in targets {
            let found = at_once(client.find(&mut view, &path(target), now())).unwrap();
            assert!(matches!(found, Lookup::Found(_)), "{target}: {found:?}");
        }
        self.network.asked()
    }
}

fn with_bins() -> (Repository, [String; 2]) {
    let mut repository = repository();
    repository.delegate_to_bins(None, 4, "bin", &[signer(5)]);
    let bins = TARGETS.map(|target| {
        let bin = bin_of(&mut repository, target);
        repository.role_mut(&bin).add_target(&path(target), TargetFile::of(b"1"));
        bin.as_str().to_owned()
    });
    assert_ne!(bins[0], bins[1]);
    repository.publish().unwrap();
    (repository, bins)
}

/// The same file with a signature that verifies nothing, and a seal as if it had been verified.
fn corrupted(bytes: &[u8], seal: &Seal) -> (Vec<u8>, Seal) {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let at = text.find("\"sig\":\"").unwrap() + "\"sig\":\"".len();
    let mut bytes = text.into_bytes();
    bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
    let mut sealed = seal.to_bytes();
    sealed[..32].copy_from_slice(digest(&SHA256, &bytes).as_ref());
    (bytes, Seal::from_bytes(&sealed))
}

#[test]
fn a_refresh_with_nothing_new_asks_twice() {
    let (repository, _) = with_bins();
    let world = World::of(repository.files());
    assert_eq!(world.look_up(&[]), ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"]);
    assert_eq!(world.look_up(&[]), ["2.root.json", "timestamp.json"]);
}

#[test]
fn what_the_last_refresh_left_is_recalled_without_asking_anybody_until_it_expires() {
    let (repository, _) = with_bins();
    let world = World::of(repository.files());
    assert!(at_once(world.start().recall(now())).unwrap().is_none(), "nothing was ever refreshed");
    world.look_up(&TARGETS);
    let client = world.start();
    let mut view = at_once(client.recall(now())).unwrap().unwrap();
    for target in TARGETS {
        assert!(matches!(at_once(client.find(&mut view, &path(target), now())).unwrap(), Lookup::Found(_)));
    }
    assert_eq!(world.network.asked(), Vec::<String>::new());
    let expires = view.live(now()).unwrap().expires().time();
    assert!(at_once(client.recall(expires)).is_err(), "what has expired is not recalled");
    let copy = world.copy();
    copy.lock(Duration::ZERO).unwrap().remove_top(TopRole::Snapshot).unwrap();
    assert!(at_once(world.start().recall(now())).unwrap().is_none(), "half of it is nothing");
}

#[test]
fn a_bin_is_fetched_once_and_never_after_a_restart() {
    let (repository, [bin, _]) = with_bins();
    let world = World::of(repository.files());
    let asked = world.look_up(&[TARGETS[0], TARGETS[0]]);
    assert_eq!(asked[4..], [format!("1.{bin}.json")]);
    assert_eq!(world.look_up(&[TARGETS[0]]), ["2.root.json", "timestamp.json"]);
}

#[test]
fn after_a_release_only_the_changed_bin_is_fetched() {
    let (mut repository, [bin, _]) = with_bins();
    let world = World::of(repository.files());
    world.look_up(&TARGETS);
    repository.role_mut(&bin.parse().unwrap()).add_target(&path("another"), TargetFile::of(b"2"));
    world.network.serve(&published(&mut repository));
    let changed = format!("2.{bin}.json");
    assert_eq!(world.look_up(&TARGETS), ["2.root.json", "timestamp.json", "2.snapshot.json", &changed]);
}

#[test]
fn an_answer_of_the_network_is_not_remembered_in_the_place_of_a_verified_one() {
    let (mut repository, [bin, _]) = with_bins();
    let world = World::of(repository.files());
    let file = format!("1.{bin}.json");
    let (bad, _) = corrupted(&repository.files()[&file], &Seal::from_bytes(&[0; Seal::BYTES]));
    let good = repository.files_mut().insert(file.clone(), bad).unwrap();
    world.network.serve(repository.files());
    let client = world.start();
    let mut view = at_once(client.refresh(now())).unwrap();
    let error = at_once(client.find(&mut view, &path(TARGETS[0]), now())).unwrap_err();
    assert!(error.is_hostile(), "{error}");
    assert_eq!(world.copy().delegated(&bin, LIMIT), None);
    repository.files_mut().insert(file, good);
    world.network.serve(repository.files());
    world.look_up(&TARGETS);
}

#[test]
fn all_that_is_kept_is_sealed() {
    let (repository, bins) = with_bins();
    let world = World::of(repository.files());
    world.look_up(&TARGETS);
    let copy = world.copy();
    assert!(TOPS.iter().all(|role| copy.top(*role, LIMIT).unwrap().seal.is_some()));
    assert!(bins.iter().all(|bin| copy.delegated(bin, LIMIT).unwrap().seal.is_some()));
}

#[test]
fn what_was_verified_once_is_not_verified_by_the_next_process() {
    let (repository, bins) = with_bins();
    let world = World::of(repository.files());
    world.look_up(&TARGETS);
    let copy = world.copy();
    let locked = copy.lock(Duration::ZERO).unwrap();
    for role in TOPS {
        let kept = copy.top(role, LIMIT).unwrap();
        let (bytes, seal) = corrupted(&kept.bytes, &kept.seal.unwrap());
        locked.write_top(role, &bytes, &seal).unwrap();
    }
    for bin in bins {
        let kept = copy.delegated(&bin, LIMIT).unwrap();
        let (bytes, seal) = corrupted(&kept.bytes, &kept.seal.unwrap());
        copy.write_delegated(&bin, &bytes, &seal).unwrap();
    }
    drop(locked);
    assert_eq!(world.look_up(&TARGETS), ["2.root.json", "timestamp.json"], "a signature was looked at");
}

#[test]
fn without_a_seal_kept_files_are_verified_and_sealed_again() {
    let (repository, bins) = with_bins();
    let world = World::of(repository.files());
    world.look_up(&TARGETS);
    world.disk.empty(&Path::new(FOLDER).join("seals"));
    let copy = world.copy();
    assert!(TOPS.iter().all(|role| copy.top(*role, LIMIT).unwrap().seal.is_none()));
    assert_eq!(world.look_up(&TARGETS), ["2.root.json", "timestamp.json"]);
    assert!(TOPS.iter().all(|role| copy.top(*role, LIMIT).unwrap().seal.is_some()));
    assert!(bins.iter().all(|bin| copy.delegated(bin, LIMIT).unwrap().seal.is_some()));
}

#[test]
fn kept_files_that_no_key_signed_are_fetched_again() {
    let (repository, [bin, _]) = with_bins();
    let world = World::of(repository.files());
    world.look_up(&[TARGETS[0]]);
    let copy = world.copy();
    let stranger = Seal::from_bytes(&[0; Seal::BYTES]);
    let locked = copy.lock(Duration::ZERO).unwrap();
    for role in [TopRole::Snapshot, TopRole::Targets] {
        let (bytes, _) = corrupted(&copy.top(role, LIMIT).unwrap().bytes, &stranger);
        locked.write_top(role, &bytes, &stranger).unwrap();
    }
    let (bytes, _) = corrupted(&copy.delegated(&bin, LIMIT).unwrap().bytes, &stranger);
    copy.write_delegated(&bin, &bytes, &stranger).unwrap();
    drop(locked);
    let asked = world.look_up(&[TARGETS[0]]);
    assert_eq!(asked[2..], ["1.snapshot.json", "1.targets.json", &format!("1.{bin}.json")]);
}

#[test]
fn a_threshold_that_root_lowers_lets_kept_files_be_sealed_anew_and_not_fetched() {
    let mut repository = repository();
    repository.rotate(Role::Targets, vec![signer(4), signer(6)]);
    repository.publish().unwrap();
    let world = World::of(repository.files());
    world.look_up(&[]);
    let before = world.copy().top(TopRole::Targets, LIMIT).unwrap().seal;
    let keys = [4, 6].map(|seed| (signer(seed).key_id().clone(), signer(seed).key().clone()));
    repository.root_mut().set_role(Role::Targets, keys, Threshold::ONE);
    world.network.serve(&published(&mut repository));
    let root = ["2.root.json", "3.root.json", "timestamp.json", "2.snapshot.json"];
    assert_eq!(world.look_up(&[]), root);
    let after = world.copy().top(TopRole::Targets, LIMIT).unwrap().seal;
    assert!(after.is_some() && after != before);
}

#[test]
fn a_full_disk_hinders_no_lookup() {
    let (repository, _) = with_bins();
    let world = World::of(repository.files());
    let client = world.start();
    let mut view = at_once(client.refresh(now())).unwrap();
    for effect in 0..12 {
        view.forget_roles();
        world.disk.plan(effect, crate::local::tests::memory_disk::Fault::DiesBefore);
        let found = at_once(client.find(&mut view, &path(TARGETS[0]), now())).unwrap();
        assert!(matches!(found, Lookup::Found(_)), "{effect}");
        world.disk.restart();
    }
}

/// Two roles delegate to the same one, with these keys; `signed_by` sign it.
fn diamond(signed_by: &[u8]) -> Repository {
    let mut repository = repository();
    let patterns = |pattern: &str| affineur_tuf::Paths::Patterns(vec![affineur_tuf::PathPattern::new(pattern)]);
    let [left, right, shared] = ["left", "right", "shared"].map(|name| name.parse().unwrap());
    repository.delegate(None, &left, vec![signer(7)], patterns("l*"));
    repository.delegate(None, &right, vec![signer(8)], patterns("r*"));
    for (delegator, seed) in [(&left, 10), (&right, 11)] {
        repository.delegate(Some(delegator), &shared, vec![signer(seed)], patterns("*"));
    }
    repository
        .role_mut(&shared)
        .add_target(&path("left"), TargetFile::of(b"1"))
        .add_target(&path("right"), TargetFile::of(b"1"));
    repository.publish().unwrap();
    let file = repository.files()["1.shared.json"].clone();
    let signers: Vec<_> = signed_by.iter().map(|seed| signer(*seed)).collect();
    let value: serde_json::Value = serde_json::from_slice(&file).unwrap();
    let file = affineur_tuf::edit::sign_json(&value["signed"], signers.iter().map(|signer| &**signer)).unwrap();
    repository.files_mut().insert("1.shared.json".to_owned(), file);
    repository
}

#[test]
fn a_kept_role_that_one_delegator_vouches_for_does_not_serve_another() {
    let world = World::of(diamond(&[10]).files());
    for start in ["in the same process", "after a restart"] {
        let client = world.start();
        let mut view = at_once(client.refresh(now())).unwrap();
        let left = at_once(client.find(&mut view, &path("left"), now())).unwrap();
        assert!(matches!(left, Lookup::Found(_)));
        let right = at_once(client.find(&mut view, &path("right"), now())).unwrap_err();
        let ClientError::Metadata(error) = &right else { panic!("{right}") };
        assert!(matches!(error.fault, Fault::Threshold { found: 0, .. }), "{start}: {error}");
        assert!(right.is_hostile());
    }
    assert_eq!(world.look_up(&["left"])[..2], ["2.root.json", "timestamp.json"]);
}

#[test]
fn a_kept_role_that_both_delegators_vouch_for_is_fetched_once() {
    let world = World::of(diamond(&[10, 11]).files());
    let shared = |asked: &[String]| asked.iter().filter(|path| *path == "1.shared.json").count();
    assert_eq!(shared(&world.look_up(&["left", "right"])), 1);
    assert_eq!(shared(&world.look_up(&["right", "left"])), 0);
}
