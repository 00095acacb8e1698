//! Timestamp (§5.4).

use affineur_tuf::TopRole;
use serde_json::{Value, json};

use super::Case;
use crate::file::{Content, Expected, Files, Vector};
use crate::world::*;

pub(super) const CASES: &[Case] = &[
    ("timestamp_rollback", rollback),
    ("timestamp_rollback_with_expired_local", rollback_with_expired_local),
    ("timestamp_goes_on", goes_on),
    ("timestamp_goes_on_with_expired_local", goes_on_with_expired_local),
    ("timestamp_lists_older_snapshot", older_snapshot),
    ("timestamp_lists_older_snapshot_with_expired_local", older_snapshot_with_expired_local),
    ("timestamp_of_same_version_with_other_content", same_version),
    ("timestamp_of_same_version_after_expiry_of_local", same_version_expired),
    ("timestamp_local_signed_by_a_stranger", local_of_a_stranger),
    ("timestamp_local_not_readable", local_not_readable),
    ("timestamp_expired", expired),
    ("timestamp_expires_now", expires_now),
    ("timestamp_expires_in_a_second", expires_in_a_second),
    ("timestamp_signed_by_snapshot_key", signed_by_snapshot),
    ("timestamp_not_signed", not_signed),
    ("timestamp_signature_not_hexadecimal", not_hexadecimal),
    ("timestamp_signature_not_hexadecimal_beside_a_good_one", not_hexadecimal_beside),
    ("timestamp_signature_of_a_stranger_beside_a_good_one", stranger_beside),
    ("timestamp_bad_signature_beside_a_good_one", bad_beside),
    ("timestamp_unknown_field_signed", unknown_field),
    ("timestamp_unknown_field_added_after_signing", unknown_field_added),
    ("timestamp_threshold_of_two_one_signs", two_keys_one_signs),
    ("timestamp_threshold_of_two", two_keys),
];

/// An update to version 1, then a publication of version 2: the files at both times.
fn two_versions() -> (Files, Files) {
    let mut repository = repository();
    let first = published(&mut repository);
    (first, published(&mut repository))
}

const SECOND: Accepted<'static> = &[("root", 1), ("timestamp", 2), ("snapshot", 2), ("targets", 1)];

fn expire(content: &Content, seed: u8) -> Content {
    let mut content = content.clone();
    resign(&mut content, &[seed], |signed| signed["expires"] = json!(PAST));
    content
}

fn rollback() -> Vector {
    let (first, second) = two_versions();
    let end = fails("timestamp", "timestamp", "Rollback");
    Vector::new("The local timestamp is version 2, version 1 comes.", first, &[("root", 1)], end)
        .local("timestamp", &second["timestamp.json"])
        .twin("timestamp_goes_on")
}

fn rollback_with_expired_local() -> Vector {
    let mut vector = rollback();
    vector.explanation = "The local timestamp is version 2 and has expired; it forbids version 1 all the same.".to_owned();
    let local = expire(&vector.local["timestamp"], TIMESTAMP);
    vector.local("timestamp", &local).twin("timestamp_goes_on_with_expired_local")
}

fn goes_on() -> Vector {
    let (first, second) = two_versions();
    Vector::new("The local timestamp is version 1, version 2 comes.", second, SECOND, finds(&["targets"]))
        .local("timestamp", &first["timestamp.json"])
}

fn goes_on_with_expired_local() -> Vector {
    let mut vector = goes_on();
    vector.explanation = "The local timestamp is version 1 and has expired, version 2 comes.".to_owned();
    let local = expire(&vector.local["timestamp"], TIMESTAMP);
    vector.local("timestamp", &local)
}

fn older_snapshot() -> Vector {
    let (mut first, second) = two_versions();
    resign(first.get_mut("timestamp.json").unwrap(), &[TIMESTAMP], |signed| signed["version"] = json!(3));
    let end = fails("timestamp", "timestamp", "ListedRollback");
    Vector::new("A newer timestamp lists an older snapshot than the local one did.", first, &[("root", 1)], end)
        .local("timestamp", &second["timestamp.json"])
        .twin("timestamp_goes_on")
}

fn older_snapshot_with_expired_local() -> Vector {
    let mut vector = older_snapshot();
    vector.explanation = "A newer timestamp lists an older snapshot than the local one did, which has expired.".to_owned();
    let local = expire(&vector.local["timestamp"], TIMESTAMP);
    vector.local("timestamp", &local).twin("timestamp_goes_on_with_expired_local")
}

fn same_version() -> Vector {
    let (mut first, second) = two_versions();
    let local = first["timestamp.json"].clone();
    first.extend(second);
    resign(first.get_mut("timestamp.json").unwrap(), &[TIMESTAMP], |signed| signed["version"] = json!(1));
    let explanation = "Another timestamp of the same version comes, which lists a newer snapshot: nothing changes (§5.4.3.1).";
    Vector::new(explanation, first, ALL, finds(&["targets"])).local("timestamp", &local)
}

fn same_version_expired() -> Vector {
    let mut vector = same_version();
    vector.explanation =
        "A timestamp of the same version that expires later than the local one, which has: it is no new one.".to_owned();
    vector.expect = after(&[("root", 1)], fails("timestamp", "timestamp", "Expired"));
    let local = expire(&vector.local["timestamp"], TIMESTAMP);
    vector.local("timestamp", &local).twin("timestamp_of_same_version_with_other_content")
}

fn local_of_a_stranger() -> Vector {
    let (first, second) = two_versions();
    let mut local = second["timestamp.json"].clone();
    resign(&mut local, &[SNAPSHOT], |signed| signed["version"] = json!(9));
    let explanation = "What lies in the local copy was not signed by the timestamp's key: it forbids nothing.";
    Vector::new(explanation, first, ALL, finds(&["targets"])).local("timestamp", &local)
}

fn local_not_readable() -> Vector {
    let (first, _) = two_versions();
    let local = b"\xff{".to_vec().into();
    Vector::new("The local timestamp was overwritten with garbage: it forbids nothing.", first, ALL, finds(&["targets"]))
        .local("timestamp", &local)
}

/// The honest repository with another timestamp.
fn with(explanation: &str, accepted: Accepted<'_>, end: Expected, change: impl FnOnce(&mut Content)) -> Vector {
    let mut files = published(&mut repository());
    change(files.get_mut("timestamp.json").unwrap());
    Vector::new(explanation, files, accepted, end)
}

fn refused(explanation: &str, error: &str, twin: &str, change: impl FnOnce(&mut Content)) -> Vector {
    with(explanation, &[("root", 1)], fails("timestamp", "timestamp", error), change).twin(twin)
}

fn passes(explanation: &str, change: impl FnOnce(&mut Content)) -> Vector {
    with(explanation, ALL, finds(&["targets"]), change)
}

fn expires(when: &'static str) -> impl FnOnce(&mut Content) {
    move |content| resign(content, &[TIMESTAMP], |signed| signed["expires"] = json!(when))
}

fn expired() -> Vector {
    refused("The timestamp has expired: whoever sends it withholds a newer one.", "Expired", "root_honest", expires(PAST))
}

fn expires_now() -> Vector {
    let twin = "timestamp_expires_in_a_second";
    refused("The timestamp expires at the very time of the update.", "Expired", twin, expires(NOW))
}

fn expires_in_a_second() -> Vector {
    passes("The timestamp expires one second after the update.", expires("2029-01-01T00:00:01Z"))
}

fn signed_by_snapshot() -> Vector {
    let change = |content: &mut Content| resign(content, &[SNAPSHOT, ROOT, TARGETS], |_| {});
    refused("Every role's key signed the timestamp but its own.", "Threshold", "root_honest", change)
}

fn not_signed() -> Vector {
    refused("The timestamp has no signatures.", "Threshold", "root_honest", |content| resign(content, &[], |_| {}))
}

/// Puts an entry before the others.
fn entry(keyid: &str, signature: &str) -> impl FnOnce(&mut Value) {
    let entry = json!({"keyid": keyid, "sig": signature});
    move |file| file["signatures"].as_array_mut().unwrap().insert(0, entry)
}

fn not_hexadecimal() -> Vector {
    let change = |content: &mut Content| tamper(content, |file| file["signatures"][0]["sig"] = json!("no signature"));
    let twin = "timestamp_signature_not_hexadecimal_beside_a_good_one";
    refused("The only signature is not hexadecimal.", "Threshold", twin, change)
}

fn not_hexadecimal_beside() -> Vector {
    let change = |content: &mut Content| tamper(content, entry("another", "no signature"));
    passes("An entry among the signatures is not hexadecimal; the one that counts is good.", change)
}

fn stranger_beside() -> Vector {
    passes("A key that is none of the timestamp's signed too.", |content| resign(content, &[SNAPSHOT, TIMESTAMP], |_| {}))
}

fn bad_beside() -> Vector {
    use affineur_tuf::key::Signer as _;
    let id = key(ROOT).key_id().as_str().to_owned();
    let change = move |content: &mut Content| tamper(content, entry(&id, &"00".repeat(64)));
    passes("A signature that is not valid stands before the one that is.", change)
}

fn unknown_field() -> Vector {
    let change =
        |content: &mut Content| resign(content, &[TIMESTAMP], |signed| signed["x-note"] = json!({"since": [1, "a\n"]}));
    passes("What is signed has a field that nobody knows.", change)
}

fn unknown_field_added() -> Vector {
    let change = |content: &mut Content| tamper(content, |file| file["signed"]["x-note"] = json!({"since": [1, "a\n"]}));
    let explanation = "A field that nobody knows was added after signing: signatures are over unknown fields too.";
    refused(explanation, "Threshold", "timestamp_unknown_field_signed", change)
}

fn two_keys() -> Vector {
    let mut repository = repository();
    repository.rotate(TopRole::Timestamp, shared(&[TIMESTAMP, 12]));
    Vector::new("The timestamp has two keys that both must sign.", published(&mut repository), ALL, finds(&["targets"]))
}

fn two_keys_one_signs() -> Vector {
    let mut vector = two_keys();
    resign(vector.repository.get_mut("timestamp.json").unwrap(), &[12], |_| {});
    vector.explanation = "The timestamp has two keys that both must sign; one did.".to_owned();
    vector.expect = after(&[("root", 1)], fails("timestamp", "timestamp", "Threshold"));
    vector.twin("timestamp_threshold_of_two")
}
