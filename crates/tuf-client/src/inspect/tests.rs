//! Local copies of repositories that were made with the editor.

use std::sync::Arc;

use affineur_tuf::edit::{Repository, SharedSigner, Signers};
use affineur_tuf::key::KeyPair;
use affineur_tuf::{Lookup, ReferenceTime, RoleName, Roots, Seal, TargetFile, TargetPath};
use tempfile::TempDir;

use super::{Body, Document, InspectError, Inspection, RouteEnd, State};
use crate::local::{LocalCopy, TopRole};

struct World {
    repository: Repository,
    local: LocalCopy,
    _folder: TempDir,
}

const PATH: &str = "a/cheese.whl";

fn signer(seed: u8) -> SharedSigner {
    Arc::new(KeyPair::from_seed([seed; 32]).unwrap())
}

fn path() -> TargetPath {
    PATH.parse().unwrap()
}

/// A repository of two hash bins that expired long ago, and a local copy of its root.
fn world() -> World {
    let signers = Signers::of(vec![signer(1)], vec![signer(2)], vec![signer(3)], vec![signer(4)]);
    let mut repository = Repository::new(signers, "2001-01-01T00:00:00Z".parse().unwrap());
    repository.delegate_to_bins(None, 1, "bin", &[signer(5)]);
    let bin = bin_of(&mut repository);
    repository.role_mut(&bin).add_target(&path(), TargetFile::of(b"brie"));
    repository.publish().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let local = LocalCopy::initialise(&folder.path().join("copy"), &repository.files()["1.root.json"]).unwrap();
    World { repository, local, _folder: folder }
}

fn bin_of(repository: &mut Repository) -> RoleName {
    let bins = repository.targets_mut().body().delegations().unwrap().succinct().unwrap().clone();
    bins.name_of(bins.bin_of(&path())).parse().unwrap()
}

impl World {
    fn file(&self, name: &str) -> &[u8] {
        &self.repository.files()[name]
    }

    /// Keeps the top-level roles, sealed as a refresh in time would have.
    fn keep_top_roles(&self) -> Seal {
        let locked = self.local.lock(std::time::Duration::ZERO).unwrap();
        let timestamps = Roots::start(self.file("1.root.json"), ReferenceTime::MIN).unwrap().finish().unwrap();
        let snapshots = timestamps.accept(self.file("timestamp.json")).unwrap();
        let seal = snapshots.timestamp_to_keep().unwrap();
        locked.write_top(TopRole::Timestamp, self.file("timestamp.json"), &seal).unwrap();
        let targets = snapshots.accept(self.file("1.snapshot.json")).unwrap();
        let seal = targets.snapshot_to_keep().unwrap();
        locked.write_top(TopRole::Snapshot, self.file("1.snapshot.json"), &seal).unwrap();
        let (_, seal) = targets.accept(self.file("1.targets.json")).unwrap();
        locked.write_top(TopRole::Targets, self.file("1.targets.json"), &seal).unwrap();
        seal
    }

    fn inspect(&self) -> Inspection {
        Inspection::of(&self.local).unwrap()
    }
}

#[test]
fn a_new_copy_has_a_root_and_nothing_else() {
    let world = world();
    let mut inspection = world.inspect();
    assert_eq!(inspection.root.version().number(), 1);
    assert_eq!((&inspection.timestamp, &inspection.snapshot), (&State::Absent, &State::Absent));
    assert_eq!(inspection.route(&world.local, &path()), None);
}

#[test]
fn expired_roles_are_shown() {
    let world = world();
    world.keep_top_roles();
    let inspection = world.inspect();
    assert!(inspection.timestamp.verified().is_some() && inspection.targets.verified().is_some());
}

#[test]
fn a_changed_role_is_of_no_use_and_those_after_it_are_unchecked() {
    let world = world();
    world.keep_top_roles();
    let file = world.local.folder().join("snapshot.json");
    let text = std::fs::read_to_string(&file).unwrap().replace("2001", "2091");
    std::fs::write(&file, text).unwrap();
    let mut inspection = world.inspect();
    assert!(inspection.timestamp.verified().is_some());
    assert!(matches!(inspection.snapshot, State::Unusable(_)));
    assert_eq!(inspection.targets, State::Unchecked);
    assert_eq!(inspection.route(&world.local, &path()), None);
}

#[test]
fn a_changed_root_is_an_error() {
    let world = world();
    let file = world.local.folder().join("root.json");
    let text = std::fs::read_to_string(&file).unwrap().replace("2001", "2091");
    std::fs::write(&file, text).unwrap();
    assert!(matches!(Inspection::of(&world.local), Err(InspectError::Root(_))));
}

#[test]
fn a_route_goes_as_far_as_the_copy_does() {
    let mut world = world();
    let seal = world.keep_top_roles();
    let bin = bin_of(&mut world.repository);
    let route = world.inspect().route(&world.local, &path()).unwrap();
    assert_eq!(route.visited.len(), 1);
    assert!(matches!(&route.end, RouteEnd::NotKept(step) if step.role.as_str() == bin.as_str()), "{route:?}");
    // A seal of other bytes is none: the signatures are checked.
    world.local.write_delegated(bin.as_str(), world.file(&format!("1.{bin}.json")), &seal).unwrap();
    let route = world.inspect().route(&world.local, &path()).unwrap();
    assert_eq!(route.visited.len(), 2);
    assert!(matches!(&route.end, RouteEnd::Told(Lookup::Found(found)) if found.target == TargetFile::of(b"brie")), "{route:?}");
}

#[test]
fn a_changed_delegated_role_is_as_good_as_none() {
    let mut world = world();
    let seal = world.keep_top_roles();
    let bin = bin_of(&mut world.repository);
    let text = String::from_utf8(world.file(&format!("1.{bin}.json")).to_vec()).unwrap().replace("2001", "2091");
    world.local.write_delegated(bin.as_str(), text.as_bytes(), &seal).unwrap();
    assert!(matches!(world.inspect().route(&world.local, &path()).unwrap().end, RouteEnd::NotKept(_)));
}

#[test]
fn documents_of_all_types_are_read() {
    let world = world();
    let kind = |name: &str| match Document::parse(world.file(name)).unwrap().body {
        Body::Root(_) => "root",
        Body::Timestamp(_) => "timestamp",
        Body::Snapshot(_) => "snapshot",
        Body::Targets(_) => "targets",
    };
    for (file, expected) in [
        ("1.root.json", "root"),
        ("timestamp.json", "timestamp"),
        ("1.snapshot.json", "snapshot"),
        ("1.targets.json", "targets"),
        ("1.bin-0.json", "targets"),
    ] {
        assert_eq!(kind(file), expected);
        assert_eq!(Document::parse(world.file(file)).unwrap().claimed_signers.len(), 1);
        assert_eq!(Document::parse(world.file(file)).unwrap().version().number(), 1);
        assert!(
            Document::parse(world.file(file))
                .unwrap()
                .expires()
                .has_passed(ReferenceTime::UNIX_EPOCH.max("2002-01-01T00:00:00Z".parse().unwrap()))
        );
    }
}

#[test]
fn what_is_no_metadata_is_no_document() {
    for text in
        ["", "{}", "[]", r#"{"signatures":[],"signed":{"_type":"mirrors","version":1}}"#, r#"{"signatures":[],"signed":7}"#]
    {
        assert!(Document::parse(text.as_bytes()).is_err(), "{text}");
    }
}
