//! Snapshot (§5.5).

use serde_json::{Value, json};

use super::Case;
use crate::file::{Content, Expected, Files, Vector};
use crate::world::*;

pub(super) const CASES: &[Case] = &[
    ("snapshot_rollback", rollback),
    ("snapshot_rollback_with_expired_local", rollback_with_expired_local),
    ("snapshot_goes_on", goes_on),
    ("snapshot_goes_on_with_expired_local", goes_on_with_expired_local),
    ("snapshot_lists_older_role", older_role),
    ("snapshot_lists_older_targets", older_targets),
    ("snapshot_lists_older_role_with_expired_local", older_role_with_expired_local),
    ("snapshot_drops_a_role", drops),
    ("snapshot_adds_a_role", adds),
    ("snapshot_local_is_listed", local_is_listed),
    ("snapshot_local_is_listed_but_expired", local_is_listed_but_expired),
    ("snapshot_local_signed_by_a_stranger", local_of_a_stranger),
    ("snapshot_length_and_digest_listed", digests),
    ("snapshot_shorter_than_listed", shorter),
    ("snapshot_longer_than_listed", longer),
    ("snapshot_other_digest_than_listed", other_digest),
    ("snapshot_one_of_two_digests_is_another", one_of_two_digests),
    ("snapshot_unknown_algorithm_only", unknown_algorithm),
    ("snapshot_unknown_algorithm_beside_a_known_one", unknown_algorithm_beside),
    ("snapshot_other_version_than_listed", other_version),
    ("snapshot_older_version_at_the_place_of_the_listed_one", older_at_the_place),
    ("snapshot_expired", expired),
    ("snapshot_signed_by_timestamp_key", signed_by_timestamp),
    ("snapshot_missing", missing),
];

const LISTED: Accepted<'static> = &[("root", 1), ("timestamp", 1)];

/// A delegated role `a` beside the targets; everything is published twice, `a` with it.
fn two_versions() -> (Files, Files) {
    let mut repository = repository();
    repository.delegate(None, &role("a"), shared(&[5]), patterns(&["a/*"]));
    let first = published(&mut repository);
    repository.role_mut(&role("a"));
    repository.targets_mut();
    (first, published(&mut repository))
}

const SECOND: Accepted<'static> = &[("root", 1), ("timestamp", 2), ("snapshot", 2), ("targets", 2)];

fn expire(content: &Content) -> Content {
    let mut content = content.clone();
    resign(&mut content, &[SNAPSHOT], |signed| signed["expires"] = json!(PAST));
    content
}

fn rollback() -> Vector {
    let (first, second) = two_versions();
    let end = fails("snapshot", "snapshot", "Rollback");
    Vector::new("The local snapshot is version 2, version 1 comes, and no local timestamp is there.", first, LISTED, end)
        .local("snapshot", &second["2.snapshot.json"])
        .twin("snapshot_goes_on")
}

fn with_expired_local(mut vector: Vector, explanation: &str) -> Vector {
    explanation.clone_into(&mut vector.explanation);
    let local = expire(&vector.local["snapshot"]);
    vector.local("snapshot", &local)
}

fn rollback_with_expired_local() -> Vector {
    with_expired_local(rollback(), "The local snapshot is version 2 and has expired; it forbids version 1 all the same.")
        .twin("snapshot_goes_on_with_expired_local")
}

fn goes_on() -> Vector {
    let (first, second) = two_versions();
    Vector::new("The local snapshot is version 1, version 2 comes.", second, SECOND, finds(&["targets"]))
        .local("snapshot", &first["1.snapshot.json"])
}

fn goes_on_with_expired_local() -> Vector {
    with_expired_local(goes_on(), "The local snapshot is version 1 and has expired, version 2 comes.")
}

/// [`goes_on`] with another version 2.
fn edited(explanation: &str, error: &str, edit: impl FnOnce(&mut Value)) -> Vector {
    let mut vector = goes_on();
    resign(vector.repository.get_mut("2.snapshot.json").unwrap(), &[SNAPSHOT], edit);
    explanation.clone_into(&mut vector.explanation);
    vector.expect = after(&[("root", 1), ("timestamp", 2)], fails("snapshot", "snapshot", error));
    let (_, second) = two_versions();
    vector.local("snapshot", &second["1.snapshot.json"]).twin("snapshot_goes_on")
}

fn older_role() -> Vector {
    let mut vector = edited("The new snapshot lists an older version of the role a.", "ListedRollback", |_| {});
    let mut local = vector.local["snapshot"].clone();
    resign(&mut local, &[SNAPSHOT], |signed| signed["meta"]["a.json"]["version"] = json!(3));
    vector.local.insert("snapshot".to_owned(), local);
    vector
}

fn older_targets() -> Vector {
    let mut vector = edited("The new snapshot lists older targets.", "ListedRollback", |_| {});
    let mut local = vector.local["snapshot"].clone();
    resign(&mut local, &[SNAPSHOT], |signed| signed["meta"]["targets.json"]["version"] = json!(3));
    vector.local.insert("snapshot".to_owned(), local);
    vector
}

fn older_role_with_expired_local() -> Vector {
    with_expired_local(older_role(), "The new snapshot lists an older version of a role than the local one, which has expired.")
        .twin("snapshot_goes_on_with_expired_local")
}

fn drops() -> Vector {
    let explanation = "The new snapshot no longer lists the role a.";
    edited(explanation, "Unlisted", |signed| {
        signed["meta"].as_object_mut().unwrap().remove("a.json");
    })
    .twin("snapshot_adds_a_role")
}

fn adds() -> Vector {
    let mut vector = goes_on();
    resign(vector.repository.get_mut("2.snapshot.json").unwrap(), &[SNAPSHOT], |signed| {
        signed["meta"]["b.json"] = json!({"version": 1});
    });
    vector.explanation = "The new snapshot lists one more role.".to_owned();
    vector
}

fn local_is_listed() -> Vector {
    let mut files = published(&mut repository());
    let local = files.remove("1.snapshot.json").unwrap();
    Vector::new("The local snapshot is the listed one: it is not fetched.", files, ALL, finds(&["targets"]))
        .local("snapshot", &local)
}

fn local_is_listed_but_expired() -> Vector {
    let mut vector = local_is_listed();
    vector.explanation = "The local snapshot is of the listed version and has expired: it cannot be kept.".to_owned();
    vector.expect = after(LISTED, fails("snapshot", "snapshot", "Missing"));
    let local = expire(&vector.local["snapshot"]);
    vector.local("snapshot", &local).twin("snapshot_local_is_listed")
}

fn local_of_a_stranger() -> Vector {
    let (first, second) = two_versions();
    let mut local = second["2.snapshot.json"].clone();
    resign(&mut local, &[TIMESTAMP], |_| {});
    let explanation = "What lies in the local copy was not signed by the snapshot's key: it forbids nothing.";
    Vector::new(explanation, first, ALL, finds(&["targets"])).local("snapshot", &local)
}

fn digests() -> Vector {
    let mut repository = repository();
    repository.list_digests();
    let explanation = "The timestamp lists the snapshot with length and digest, and the snapshot lists the targets so.";
    Vector::new(explanation, published(&mut repository), ALL, finds(&["targets"]))
}

/// [`digests`] with something else listed in the timestamp.
fn listed(explanation: &str, edit: impl FnOnce(&mut Value)) -> Vector {
    let mut vector = digests();
    let edit = |signed: &mut Value| edit(&mut signed["meta"]["snapshot.json"]);
    resign(vector.repository.get_mut("timestamp.json").unwrap(), &[TIMESTAMP], edit);
    explanation.clone_into(&mut vector.explanation);
    vector
}

fn refused(mut vector: Vector, error: &str) -> Vector {
    vector.expect = after(LISTED, fails("snapshot", "snapshot", error));
    vector.twin("snapshot_length_and_digest_listed")
}

fn plus(listed: &mut Value, more: i64) {
    listed["length"] = json!(listed["length"].as_i64().unwrap() + more);
}

fn shorter() -> Vector {
    refused(listed("The snapshot has one byte less than is listed.", |listed| plus(listed, 1)), "Mismatch.Length")
}

fn longer() -> Vector {
    refused(listed("The snapshot has one byte more than is listed.", |listed| plus(listed, -1)), "Mismatch.Length")
}

fn other_digest() -> Vector {
    let explanation = "The snapshot has another digest than is listed.";
    refused(listed(explanation, |listed| listed["hashes"]["sha256"] = json!("00".repeat(32))), "Mismatch.Digest")
}

fn one_of_two_digests() -> Vector {
    let explanation = "SHA-256 is as listed, SHA-512 is another.";
    refused(listed(explanation, |listed| listed["hashes"]["sha512"] = json!("00".repeat(64))), "Mismatch.Digest")
}

fn unknown_algorithm() -> Vector {
    let explanation = "The only digest that is listed is of an algorithm that nobody knows.";
    let vector = listed(explanation, |listed| listed["hashes"] = json!({"blue": "00"}));
    refused(vector, "Mismatch.NoKnownAlgorithm").twin("snapshot_unknown_algorithm_beside_a_known_one")
}

fn unknown_algorithm_beside() -> Vector {
    let explanation = "A digest of an algorithm that nobody knows is listed beside a good one.";
    listed(explanation, |listed| listed["hashes"]["blue"] = json!("00"))
}

/// The honest repository with another snapshot.
fn with(explanation: &str, error: &str, change: impl FnOnce(&mut Content)) -> Vector {
    let mut files = published(&mut repository());
    change(files.get_mut("1.snapshot.json").unwrap());
    let end: Expected = fails("snapshot", "snapshot", error);
    Vector::new(explanation, files, LISTED, end).twin("root_honest")
}

fn other_version() -> Vector {
    let change = |content: &mut Content| resign(content, &[SNAPSHOT], |signed| signed["version"] = json!(2));
    with("The timestamp lists version 1, the snapshot is version 2.", "Version", change)
}

fn older_at_the_place() -> Vector {
    let (first, mut second) = two_versions();
    second.insert("2.snapshot.json".to_owned(), first["1.snapshot.json"].clone());
    let end = fails("snapshot", "snapshot", "Version");
    let explanation = "The timestamp lists version 2, at its place lies version 1, which is older and was genuine.";
    Vector::new(explanation, second, &[("root", 1), ("timestamp", 2)], end).twin("snapshot_goes_on")
}

fn expired() -> Vector {
    with("The snapshot has expired.", "Expired", |content| *content = expire(content))
}

fn signed_by_timestamp() -> Vector {
    with("The timestamp's key signed the snapshot.", "Threshold", |content| resign(content, &[TIMESTAMP], |_| {}))
}

fn missing() -> Vector {
    let mut vector = with("The snapshot is not there.", "Missing", |_| {});
    vector.repository.remove("1.snapshot.json");
    vector
}
