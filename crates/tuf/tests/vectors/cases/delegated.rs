//! Delegated roles: each must be as listed, signed by the keys that its delegator names, and current (§5.6.7).

use affineur_tuf::TargetFile;
use affineur_tuf::edit::Repository;
use serde_json::{Value, json};

use super::Case;
use crate::file::{Content, Files, Vector};
use crate::world::*;

pub(super) const CASES: &[Case] = &[
    ("delegated_honest", honest),
    ("delegated_expired", expired),
    ("delegated_other_version_than_listed", other_version),
    ("delegated_not_listed", not_listed),
    ("delegated_length_and_digest_listed", digests),
    ("delegated_longer_than_listed", longer),
    ("delegated_other_digest_than_listed", other_digest),
    ("delegated_signed_by_targets_key", signed_by_targets),
    ("delegated_threshold_above_keys", threshold_above),
    ("delegated_threshold_of_two", threshold_of_two),
    ("delegated_threshold_of_two_one_signs", one_of_two_signs),
    ("delegated_threshold_of_two_one_signs_twice", one_signs_twice),
    ("delegated_key_under_two_identifiers", two_identifiers),
    ("delegated_key_is_not_there", key_is_not_there),
    ("delegated_file_is_the_top_level_targets", top_level_targets),
    ("delegated_file_is_a_snapshot", snapshot),
    ("delegated_missing", missing),
    ("delegated_diamond", diamond),
    ("delegated_diamond_signed_for_the_other_delegator", diamond_other),
    ("delegated_name_leaves_the_folder", name_leaves_the_folder),
    ("delegated_name_is_two_dots", name_is_two_dots),
    ("delegated_first_says_nothing", first_says_nothing),
    ("delegated_first_is_missing", first_is_missing),
    ("delegated_first_is_signed_by_a_stranger", first_is_signed_by_a_stranger),
    ("delegated_first_has_expired", first_has_expired),
];

const FOUND: Accepted<'static> = &[("root", 1), ("timestamp", 1), ("snapshot", 1), ("targets", 1), ("a", 1)];

/// The targets delegate everything in a folder to `a`, which these keys sign and which lists the target.
fn delegating(seeds: &[u8]) -> Repository {
    let mut repository = without_targets();
    repository.delegate(None, &role("a"), shared(seeds), patterns(&["cheese/*"]));
    repository.role_mut(&role("a")).add_target(&path(TARGET), TargetFile::of(BRIE));
    repository
}

fn honest() -> Vector {
    let explanation = "A role that the targets delegate to lists the target.";
    Vector::new(explanation, published(&mut delegating(&[5])), FOUND, finds(&["targets", "a"]))
}

/// [`honest`] with another file of the delegated role.
fn with(explanation: &str, error: &str, change: impl FnOnce(&mut Content)) -> Vector {
    let mut vector = honest();
    change(vector.repository.get_mut("1.a.json").unwrap());
    explanation.clone_into(&mut vector.explanation);
    vector.expect = after(ALL, fails("delegated", "a", error));
    vector.twin("delegated_honest")
}

fn edited(explanation: &str, error: &str, edit: impl FnOnce(&mut Value)) -> Vector {
    with(explanation, error, |content| resign(content, &[5], edit))
}

fn expired() -> Vector {
    edited("The delegated role has expired.", "Expired", |signed| signed["expires"] = json!(PAST))
}

fn other_version() -> Vector {
    edited("The snapshot lists version 1 of the role, which is version 2.", "Version", |signed| signed["version"] = json!(2))
}

fn not_listed() -> Vector {
    let mut vector = with("The snapshot does not list the delegated role.", "NotListed", |_| {});
    resign(vector.repository.get_mut("1.snapshot.json").unwrap(), &[SNAPSHOT], |signed| {
        signed["meta"].as_object_mut().unwrap().remove("a.json");
    });
    vector
}

fn digests() -> Vector {
    let mut repository = delegating(&[5]);
    repository.list_digests();
    let explanation = "The snapshot lists length and digest of the delegated role.";
    Vector::new(explanation, published(&mut repository), FOUND, finds(&["targets", "a"]))
}

fn mismatch(explanation: &str, error: &str, edit: impl FnOnce(&mut Value)) -> Vector {
    let mut vector = digests();
    resign(vector.repository.get_mut("1.a.json").unwrap(), &[5], edit);
    explanation.clone_into(&mut vector.explanation);
    vector.expect = after(ALL, fails("delegated", "a", error));
    vector.twin("delegated_length_and_digest_listed")
}

fn longer() -> Vector {
    mismatch("The delegated role's file is longer than listed.", "Mismatch.Length", |signed| signed["x-more"] = json!(1))
}

fn other_digest() -> Vector {
    mismatch("The delegated role's file has another digest than listed.", "Mismatch.Digest", |signed| {
        signed["targets"][TARGET]["length"] = json!(5);
    })
}

fn signed_by_targets() -> Vector {
    let explanation = "The delegator's key signed the delegated role.";
    with(explanation, "Threshold", |content| resign(content, &[TARGETS], |_| {}))
}

/// [`honest`] with another delegation.
fn delegation(explanation: &str, error: &str, edit: impl FnOnce(&mut Value)) -> Vector {
    let mut vector = with(explanation, error, |_| {});
    let edit = |signed: &mut Value| edit(&mut signed["delegations"]);
    resign(vector.repository.get_mut("1.targets.json").unwrap(), &[TARGETS], edit);
    vector
}

fn threshold_above() -> Vector {
    let explanation = "The delegated role has one key and a threshold of two: nothing can be signed so.";
    delegation(explanation, "Threshold", |delegations| delegations["roles"][0]["threshold"] = json!(2))
}

fn threshold_of_two() -> Vector {
    let explanation = "The delegated role has two keys that both must sign.";
    Vector::new(explanation, published(&mut delegating(&[5, 6])), FOUND, finds(&["targets", "a"]))
}

fn one_of_two_signs() -> Vector {
    let mut vector = threshold_of_two();
    resign(vector.repository.get_mut("1.a.json").unwrap(), &[6], |_| {});
    vector.explanation = "The delegated role has two keys that both must sign; one did.".to_owned();
    vector.expect = after(ALL, fails("delegated", "a", "Threshold"));
    vector.twin("delegated_threshold_of_two")
}

fn one_signs_twice() -> Vector {
    let mut vector = one_of_two_signs();
    tamper(vector.repository.get_mut("1.a.json").unwrap(), |file| {
        let copy = file["signatures"][0].clone();
        file["signatures"].as_array_mut().unwrap().push(copy);
    });
    vector.explanation = "Two keys must sign the delegated role; one did, and its signature stands there twice.".to_owned();
    vector.expect = after(ALL, fails("parse", "a", "SignedTwice"));
    vector
}

fn two_identifiers() -> Vector {
    let explanation = "The delegated role has one key under two identifiers and a threshold of two; both sign.";
    let mut vector = delegation(explanation, "SameKey", |delegations| {
        let id = delegations["roles"][0]["keyids"][0].as_str().unwrap().to_owned();
        delegations["keys"]["another"] = delegations["keys"][&id].clone();
        delegations["roles"][0]["keyids"].as_array_mut().unwrap().push(json!("another"));
        delegations["roles"][0]["threshold"] = json!(2);
    });
    tamper(vector.repository.get_mut("1.a.json").unwrap(), |file| {
        let mut copy = file["signatures"][0].clone();
        copy["keyid"] = json!("another");
        file["signatures"].as_array_mut().unwrap().push(copy);
    });
    vector.expect = after(ALL, fails("lookup", "a", "SameKey"));
    vector.twin("delegated_threshold_of_two")
}

fn key_is_not_there() -> Vector {
    let explanation = "The delegator names the delegated role's key, and does not have it.";
    delegation(explanation, "Threshold", |delegations| delegations["keys"] = json!({}))
}

fn top_level_targets() -> Vector {
    let mut vector = with("At the place of the delegated role lies the top-level targets file.", "Threshold", |_| {});
    let file = vector.repository["1.targets.json"].clone();
    vector.repository.insert("1.a.json".to_owned(), file);
    vector
}

fn snapshot() -> Vector {
    let explanation = "The delegated role's key signed a snapshot, which lies at its place.";
    let mut vector = with(explanation, "", |_| {});
    let mut file = vector.repository["1.snapshot.json"].clone();
    resign(&mut file, &[5], |_| {});
    vector.repository.insert("1.a.json".to_owned(), file);
    vector.expect = after(ALL, fails("parse", "a", "Kind"));
    vector
}

fn missing() -> Vector {
    let mut vector = with("The delegated role's file is not there.", "Missing", |_| {});
    vector.repository.remove("1.a.json");
    vector
}

/// The targets delegate to `a` and `b`, and both delegate to `c`, with different keys. `a` delegates other paths than the
/// target's.
fn diamond_files(a_delegates: &str) -> Files {
    let mut repository = without_targets();
    repository.delegate(None, &role("a"), shared(&[5]), patterns(&["cheese/*"]));
    repository.delegate(None, &role("b"), shared(&[6]), patterns(&["cheese/*"]));
    repository.delegate(Some(&role("a")), &role("c"), shared(&[7]), patterns(&[a_delegates]));
    repository.delegate(Some(&role("b")), &role("c"), shared(&[8]), patterns(&["cheese/*"]));
    repository.role_mut(&role("c")).add_target(&path(TARGET), TargetFile::of(BRIE));
    published(&mut repository)
}

fn diamond() -> Vector {
    let accepted = [ALL, &[("a", 1), ("b", 1), ("c", 1)]].concat();
    let explanation =
        "Two roles delegate to c with different keys; only the second one delegates this path, and its key signed.";
    Vector::new(explanation, diamond_files("wine/*"), &accepted, finds(&["targets", "b", "c"]))
}

fn diamond_other() -> Vector {
    let accepted = [ALL, &[("a", 1)]].concat();
    let explanation =
        "Two roles delegate this path to c with different keys; the first one's key did not sign, the second one's did.";
    Vector::new(explanation, diamond_files("cheese/*"), &accepted, fails("delegated", "c", "Threshold"))
        .twin("delegated_diamond")
}

/// The delegated role has this name, and lies there.
fn named(name: &str, file: &str, explanation: &str) -> Vector {
    let mut repository = without_targets();
    repository.delegate(None, &role(name), shared(&[5]), patterns(&["cheese/*"]));
    repository.role_mut(&role(name)).add_target(&path(TARGET), TargetFile::of(BRIE));
    let files = published(&mut repository);
    assert!(files.contains_key(file));
    Vector::new(explanation, files, &[ALL, &[(name, 1)]].concat(), finds(&["targets", name]))
}

fn name_leaves_the_folder() -> Vector {
    let explanation = "A role is called ../x; its file lies below the metadata URL all the same, with / percent-encoded.";
    named("../x", "1...%2Fx.json", explanation)
}

fn name_is_two_dots() -> Vector {
    named("..", "1....json", "A role is called .. and has a file like any other.")
}

/// The targets delegate the path to `a`, which says nothing, and to `b`, which lists the target.
fn first_says_nothing() -> Vector {
    let mut repository = without_targets();
    repository.delegate(None, &role("a"), shared(&[5]), patterns(&["cheese/*"]));
    repository.delegate(None, &role("b"), shared(&[6]), patterns(&["cheese/*"]));
    repository.role_mut(&role("b")).add_target(&path(TARGET), TargetFile::of(BRIE));
    let accepted = [ALL, &[("a", 1), ("b", 1)]].concat();
    let explanation = "The first role says nothing about the target, the second one does.";
    Vector::new(explanation, published(&mut repository), &accepted, finds(&["targets", "b"]))
}

/// The same, and the first role cannot be asked: what it would say has priority, and is not known.
fn first(explanation: &str, error: &str, change: impl FnOnce(&mut Files)) -> Vector {
    let mut vector = first_says_nothing();
    change(&mut vector.repository);
    explanation.clone_into(&mut vector.explanation);
    vector.expect = after(ALL, fails("delegated", "a", error));
    vector.twin("delegated_first_says_nothing")
}

fn first_is_missing() -> Vector {
    first("The first role is missing: the second one must not be asked instead.", "Missing", |files| {
        files.remove("1.a.json");
    })
}

fn first_is_signed_by_a_stranger() -> Vector {
    first("The first role was signed by a stranger: the second one must not be asked instead.", "Threshold", |files| {
        resign(files.get_mut("1.a.json").unwrap(), &[6], |_| {});
    })
}

fn first_has_expired() -> Vector {
    first("The first role has expired: the second one must not be asked instead.", "Expired", |files| {
        resign(files.get_mut("1.a.json").unwrap(), &[5], |signed| signed["expires"] = json!(PAST));
    })
}
