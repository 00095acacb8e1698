//! Root after root (§5.3).

use affineur_tuf::TopRole;
use serde_json::{Value, json};

use super::Case;
use crate::file::{Expected, Files, Vector};
use crate::world::*;

pub(super) const CASES: &[Case] = &[
    ("root_honest", honest),
    ("root_rotated", rotated),
    ("root_signed_only_by_old_keys", only_old),
    ("root_signed_only_by_new_keys", only_new),
    ("root_skips_a_version", skips),
    ("root_repeats_its_version", repeats),
    ("root_goes_back", goes_back),
    ("root_expired", expired),
    ("root_expires_now", expires_now),
    ("root_expired_on_the_way", expired_on_the_way),
    ("root_trusted_one_not_signed_by_itself", not_self_signed),
    ("root_key_under_two_identifiers", two_identifiers),
    ("root_timestamp_key_under_two_identifiers", two_identifiers_for_timestamp),
    ("root_threshold_of_two", threshold_of_two),
    ("root_threshold_of_two_one_signs", threshold_of_two_one_signs),
    ("root_threshold_of_two_one_signs_for_both", one_signs_for_both),
    ("root_threshold_zero", threshold_zero),
    ("root_threshold_above_keys", threshold_above),
    ("root_unknown_scheme", unknown_scheme),
    ("root_unknown_scheme_is_needed", unknown_scheme_needed),
    ("root_opaque_identifiers", opaque),
    ("root_lacks_a_role", lacks_role),
    ("root_names_a_key_twice", names_twice),
    ("root_version_with_a_gap_behind_it", gap),
];

const ROTATED: Accepted<'static> = &[("root", 1), ("root", 2), ("timestamp", 1), ("snapshot", 1), ("targets", 1)];

fn honest() -> Vector {
    Vector::new("Nothing is wrong.", published(&mut repository()), ALL, finds(&["targets"]))
}

/// Versions 1 and 2 of root, the second one with another key and signed by both.
fn two_roots() -> Files {
    let mut repository = repository();
    let mut files = published(&mut repository);
    repository.rotate(TopRole::Root, shared(&[11]));
    files.insert("2.root.json".to_owned(), published(&mut repository)["2.root.json"].clone());
    files
}

fn rotated() -> Vector {
    Vector::new("A new root has another key; the old key and the new one signed it.", two_roots(), ROTATED, finds(&["targets"]))
}

/// [`two_roots`] with the second one signed by other keys, perhaps after an edit.
fn second(explanation: &str, seeds: &[u8], edit: impl FnOnce(&mut Value), end: Expected) -> Vector {
    let mut files = two_roots();
    resign(files.get_mut("2.root.json").unwrap(), seeds, edit);
    Vector::new(explanation, files, &[("root", 1)], end).twin("root_rotated")
}

fn only_old() -> Vector {
    second("The new root's own key did not sign it.", &[ROOT], |_| {}, fails("root", "root", "Threshold"))
}

fn only_new() -> Vector {
    second("The trusted root's key did not sign the new root.", &[11], |_| {}, fails("root", "root", "Threshold"))
}

fn skips() -> Vector {
    let edit = |signed: &mut Value| signed["version"] = json!(3);
    second("After version 1 comes version 3.", &[ROOT, 11], edit, fails("root", "root", "Version"))
}

fn repeats() -> Vector {
    let edit = |signed: &mut Value| signed["version"] = json!(1);
    second("At the place of version 2 lies another version 1.", &[ROOT, 11], edit, fails("root", "root", "Version"))
}

fn goes_back() -> Vector {
    let mut files = two_roots();
    let trusted = files["2.root.json"].clone();
    files.insert("3.root.json".to_owned(), files["1.root.json"].clone());
    resign(files.get_mut("3.root.json").unwrap(), &[ROOT, 11], |_| {});
    let end = fails("root", "root", "Version");
    Vector::new("At the place of version 3 lies version 1, signed by the key of version 2 too.", files, &[("root", 2)], end)
        .trusting(&trusted)
        .twin("root_rotated")
}

fn expires(signed: &mut Value, when: &str) {
    signed["expires"] = json!(when);
}

fn expired() -> Vector {
    let mut vector = second(
        "The last root has expired. It is trusted all the same, and nothing else is.",
        &[ROOT, 11],
        |signed| expires(signed, PAST),
        fails("root", "root", "Expired"),
    );
    vector.expect.accepted.push(("root".to_owned(), 2));
    vector
}

fn expires_now() -> Vector {
    let mut vector = second(
        "The last root expires at the very time of the update, which is too early: it must be later (§5.3.10).",
        &[ROOT, 11],
        |signed| expires(signed, NOW),
        fails("root", "root", "Expired"),
    );
    vector.expect.accepted.push(("root".to_owned(), 2));
    vector
}

fn expired_on_the_way() -> Vector {
    let mut files = two_roots();
    resign(files.get_mut("1.root.json").unwrap(), &[ROOT], |signed| expires(signed, PAST));
    Vector::new("The trusted root has expired, and a newer one has not.", files, ROTATED, finds(&["targets"]))
}

fn first(explanation: &str, seeds: &[u8], edit: impl FnOnce(&mut Value), end: Expected) -> Vector {
    let mut files = published(&mut repository());
    resign(files.get_mut("1.root.json").unwrap(), seeds, edit);
    Vector::new(explanation, files, &[], end).twin("root_honest")
}

fn not_self_signed() -> Vector {
    let end = fails("root", "root", "Threshold");
    first("The root that the client begins with is not signed by its own key.", &[TARGETS], |_| {}, end)
}

/// Lists the key of a seed under this identifier for a role, and demands two signatures.
fn add_key(signed: &mut Value, role: &str, id: &str, seed: u8) {
    use affineur_tuf::key::Signer as _;
    signed["keys"][id] = serde_json::to_value(key(seed).key()).unwrap();
    signed["roles"][role]["keyids"].as_array_mut().unwrap().push(json!(id));
    signed["roles"][role]["threshold"] = json!(2);
}

fn two_identifiers() -> Vector {
    let edit = |signed: &mut Value| add_key(signed, "root", "another", 11);
    let end = fails("root", "root", "SameKey");
    let mut vector = second("Root has one key under two identifiers and a threshold of two.", &[ROOT, 11], edit, end);
    let file = vector.repository.get_mut("2.root.json").unwrap();
    tamper(file, |file| {
        let mut copy = file["signatures"][1].clone();
        copy["keyid"] = json!("another");
        file["signatures"].as_array_mut().unwrap().push(copy);
    });
    vector.twin("root_threshold_of_two")
}

fn two_identifiers_for_timestamp() -> Vector {
    let edit = |signed: &mut Value| add_key(signed, "timestamp", "another", TIMESTAMP);
    let end = fails("root", "root", "SameKey");
    second("Root gives the timestamp role one key under two identifiers.", &[ROOT, 11], edit, end)
}

fn threshold_of_two() -> Vector {
    let mut repository = repository();
    let mut files = published(&mut repository);
    repository.rotate(TopRole::Root, shared(&[11, 12]));
    files.insert("2.root.json".to_owned(), published(&mut repository)["2.root.json"].clone());
    Vector::new("The new root has two keys that both must sign, and both did.", files, ROTATED, finds(&["targets"]))
}

fn threshold_of_two_one_signs() -> Vector {
    let mut vector = threshold_of_two();
    resign(vector.repository.get_mut("2.root.json").unwrap(), &[ROOT, 11], |_| {});
    vector.explanation = "The new root has two keys that both must sign; one did.".to_owned();
    vector.expect = after(&[("root", 1)], fails("root", "root", "Threshold"));
    vector.twin("root_threshold_of_two")
}

fn one_signs_for_both() -> Vector {
    use affineur_tuf::key::Signer as _;
    let mut vector = threshold_of_two_one_signs();
    tamper(vector.repository.get_mut("2.root.json").unwrap(), |file| {
        let mut copy = file["signatures"][1].clone();
        copy["keyid"] = json!(key(12).key_id().as_str());
        file["signatures"].as_array_mut().unwrap().push(copy);
    });
    vector.explanation = "The signature of one key stands there again under the identifier of the other key.".to_owned();
    vector
}

fn threshold_zero() -> Vector {
    let edit = |signed: &mut Value| signed["roles"]["timestamp"]["threshold"] = json!(0);
    second("Nobody needs to sign the timestamp.", &[ROOT, 11], edit, fails("parse", "root", "Format"))
}

fn threshold_above() -> Vector {
    let edit = |signed: &mut Value| signed["roles"]["root"]["threshold"] = json!(2);
    let end = fails("root", "root", "Threshold");
    second("The new root has one key and a threshold of two: nothing can be signed so.", &[ROOT, 11], edit, end)
}

/// Root may have a second key, of a scheme of the future.
fn with_unknown_scheme(signed: &mut Value, threshold: u32) {
    add_key(signed, "root", "future", 12);
    signed["keys"]["future"]["keytype"] = json!("lattice");
    signed["keys"]["future"]["scheme"] = json!("lattice-1");
    signed["roles"]["root"]["threshold"] = json!(threshold);
}

fn unknown_scheme() -> Vector {
    let mut files = two_roots();
    resign(files.get_mut("2.root.json").unwrap(), &[ROOT, 11], |signed| with_unknown_scheme(signed, 1));
    Vector::new("One of two keys has an unknown scheme; the other one suffices.", files, ROTATED, finds(&["targets"]))
}

fn unknown_scheme_needed() -> Vector {
    let edit = |signed: &mut Value| with_unknown_scheme(signed, 2);
    let end = fails("root", "root", "Threshold");
    second("One of two keys has an unknown scheme, and both must sign.", &[ROOT, 11], edit, end).twin("root_unknown_scheme")
}

fn opaque() -> Vector {
    use affineur_tuf::edit::{Repository, SharedSigner, Signers};
    let named =
        |seed: u8, name: &str| -> Vec<SharedSigner> { vec![std::sync::Arc::new(key(seed).with_id(name.parse().unwrap()))] };
    let signers = Signers::of(named(1, "the root key"), named(2, "clé"), named(3, "3"), named(4, "{}"));
    let mut repository = Repository::new(signers, EXPIRES.parse().unwrap());
    repository.targets_mut().add_target(&path(TARGET), affineur_tuf::TargetFile::of(BRIE));
    let files = published(&mut repository);
    Vector::new("Identifiers of keys are any text (TAP 12).", files, ALL, finds(&["targets"]))
}

fn lacks_role() -> Vector {
    let edit = |signed: &mut Value| {
        signed["roles"].as_object_mut().unwrap().remove("snapshot");
    };
    second("The new root names no keys for snapshot.", &[ROOT, 11], edit, fails("parse", "root", "Format"))
}

fn names_twice() -> Vector {
    let edit = |signed: &mut Value| {
        let keyids = signed["roles"]["root"]["keyids"].as_array_mut().unwrap();
        keyids.push(keyids[0].clone());
    };
    second("The new root names its key twice for one role.", &[ROOT, 11], edit, fails("parse", "root", "Format"))
}

fn gap() -> Vector {
    let mut vector = honest();
    let mut third = two_roots()["2.root.json"].clone();
    resign(&mut third, &[ROOT, 11], |signed| signed["version"] = json!(3));
    vector.repository.insert("3.root.json".to_owned(), third);
    vector.explanation = "Version 3 of root lies there and version 2 does not: version 1 is the last one.".to_owned();
    vector
}
