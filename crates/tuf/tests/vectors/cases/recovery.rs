//! Recovery from a fast-forward attack (§5.3.11): when root gives timestamp or snapshot other keys, what they signed before
//! no longer forbids anything.

use affineur_tuf::edit::Repository;
use affineur_tuf::{TopRole, Version};

use super::Case;
use crate::file::{Expected, Files, Vector};
use crate::world::*;

pub(super) const CASES: &[Case] = &[
    ("recovery_timestamp_key_rotated", timestamp),
    ("recovery_snapshot_key_rotated", snapshot),
    ("recovery_both_keys_rotated", both),
    ("recovery_no_key_rotated", neither),
    ("recovery_targets_key_rotated", targets),
    ("recovery_root_key_rotated", root),
    ("recovery_timestamp_key_rotated_after_an_interruption", timestamp_interrupted),
    ("recovery_snapshot_key_rotated_after_an_interruption", snapshot_interrupted),
    ("recovery_both_keys_rotated_after_an_interruption", both_interrupted),
    ("recovery_root_key_rotated_after_an_interruption", root_interrupted),
];

/// What the attacker signed.
const FAST: u64 = 4_000_000_000;
/// What the client saw from the attacker.
const FORWARD: Accepted<'static> = &[("root", 1), ("timestamp", FAST), ("snapshot", FAST), ("targets", 1)];
const RECOVERED: Accepted<'static> = &[("root", 1), ("root", 2), ("timestamp", 1), ("snapshot", 1), ("targets", 1)];

/// What an attacker who has the online keys published, and the honest repository after root rotated these keys.
fn attacked(rotated: &[TopRole]) -> (Files, Files) {
    let mut attacker = repository();
    let fast = Version::new(FAST).unwrap();
    attacker.timestamp_mut().set_version(fast);
    attacker.snapshot_mut().set_version(fast);
    let attacked = published(&mut attacker);
    let mut honest = repository();
    let first = published(&mut honest);
    (attacked, recovered(&first, rotated))
}

/// Version 2 of root with other keys for these roles, and first versions of everything else that they signed.
fn recovered(first: &Files, rotated: &[TopRole]) -> Files {
    let mut second: Repository = repository();
    second.publish().unwrap();
    let seeds = |role: TopRole, old: u8| if rotated.contains(&role) { [old + 20] } else { [old] };
    for role in rotated {
        let old = TopRole::ALL.iter().zip([ROOT, TIMESTAMP, SNAPSHOT, TARGETS]).find(|(top, _)| *top == role).unwrap().1;
        second.rotate(*role, shared(&seeds(*role, old)));
    }
    second.root_mut();
    let second_root = published(&mut second)["2.root.json"].clone();
    let mut files = first.clone();
    files.insert("2.root.json".to_owned(), second_root);
    resign(files.get_mut("timestamp.json").unwrap(), &seeds(TopRole::Timestamp, TIMESTAMP), |_| {});
    resign(files.get_mut("1.snapshot.json").unwrap(), &seeds(TopRole::Snapshot, SNAPSHOT), |_| {});
    resign(files.get_mut("1.targets.json").unwrap(), &seeds(TopRole::Targets, TARGETS), |_| {});
    files
}

fn at_once(explanation: &str, rotated: &[TopRole]) -> Vector {
    let (attacked, recovered) = attacked(rotated);
    Vector::new(explanation, recovered, RECOVERED, finds(&["targets"])).earlier(&attacked, FORWARD, Expected::Refreshed(()))
}

/// The client learns of the new root in one update, which ends there, and of the rest in another.
fn interrupted(explanation: &str, rotated: &[TopRole]) -> Vector {
    let (attacked, recovered) = attacked(rotated);
    let mut interrupted = recovered.clone();
    interrupted.remove("timestamp.json");
    Vector::new(explanation, recovered, &RECOVERED[1..], finds(&["targets"]))
        .earlier(&attacked, FORWARD, Expected::Refreshed(()))
        .earlier(&interrupted, &RECOVERED[..2], fails("timestamp", "timestamp", "Missing"))
}

fn still_forbidden(mut vector: Vector, twin: &str) -> Vector {
    vector.expect.end = fails("timestamp", "timestamp", "Rollback");
    vector.expect.accepted.retain(|(role, _)| role == "root");
    vector.twin(twin)
}

fn timestamp() -> Vector {
    at_once("Root rotated the timestamp's key: low versions are accepted again.", &[TopRole::Timestamp])
}

fn snapshot() -> Vector {
    at_once("Root rotated the snapshot's key: low versions are accepted again, of the timestamp too.", &[TopRole::Snapshot])
}

fn both() -> Vector {
    at_once("Root rotated the keys of timestamp and snapshot.", &[TopRole::Timestamp, TopRole::Snapshot])
}

fn neither() -> Vector {
    let vector = at_once("A new root rotated no key: what was seen still forbids going back.", &[]);
    still_forbidden(vector, "recovery_both_keys_rotated")
}

fn targets() -> Vector {
    let vector = at_once("A new root rotated the targets' key: what was seen still forbids going back.", &[TopRole::Targets]);
    still_forbidden(vector, "recovery_both_keys_rotated")
}

fn root() -> Vector {
    let vector = at_once("A new root rotated root's own key: what was seen still forbids going back.", &[TopRole::Root]);
    still_forbidden(vector, "recovery_both_keys_rotated")
}

fn timestamp_interrupted() -> Vector {
    interrupted("The timestamp's key was rotated in an update that was interrupted.", &[TopRole::Timestamp])
}

fn snapshot_interrupted() -> Vector {
    let explanation = "The snapshot's key was rotated in an update that was interrupted; the local timestamp is still signed by \
                       the timestamp's key, and must be forgotten.";
    interrupted(explanation, &[TopRole::Snapshot])
}

fn both_interrupted() -> Vector {
    interrupted("Both keys were rotated in an update that was interrupted.", &[TopRole::Timestamp, TopRole::Snapshot])
}

fn root_interrupted() -> Vector {
    let explanation = "Root's own key was rotated in an update that was interrupted: what was seen still forbids going back.";
    still_forbidden(interrupted(explanation, &[TopRole::Root]), "recovery_both_keys_rotated_after_an_interruption")
}
