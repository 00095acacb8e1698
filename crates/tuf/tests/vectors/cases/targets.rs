//! The top-level targets (§5.6.1 to §5.6.6), and what no targets role may say (§4.5).

use serde_json::{Value, json};

use super::Case;
use crate::file::{Content, Vector};
use crate::world::*;

pub(super) const CASES: &[Case] = &[
    ("targets_shorter_than_listed", shorter),
    ("targets_other_digest_than_listed", other_digest),
    ("targets_other_version_than_listed", other_version),
    ("targets_expired", expired),
    ("targets_signed_by_snapshot_key", signed_by_snapshot),
    ("targets_not_listed", not_listed),
    ("targets_local_are_listed", local_are_listed),
    ("targets_local_are_listed_but_expired", local_are_listed_but_expired),
    ("targets_delegate_one_by_one", one_by_one),
    ("targets_delegate_to_bins", to_bins),
    ("targets_both_roles_and_succinct_roles", both),
    ("targets_neither_roles_nor_succinct_roles", neither),
    ("targets_bit_length_0", bit_length_0),
    ("targets_bit_length_33", bit_length_33),
    ("targets_bit_length_32", bit_length_32),
    ("targets_delegate_to_root", delegate_to_root),
    ("targets_delegate_to_an_empty_name", delegate_to_empty),
    ("targets_delegate_twice_to_one_name", delegate_twice),
    ("targets_both_paths_and_path_hash_prefixes", both_paths),
    ("targets_neither_paths_nor_path_hash_prefixes", neither_paths),
    ("targets_path_hash_prefix_not_hexadecimal", prefix_not_hexadecimal),
    ("targets_delegated_threshold_zero", threshold_zero),
];

const LISTED: Accepted<'static> = &[("root", 1), ("timestamp", 1), ("snapshot", 1)];

fn digests() -> Vector {
    let mut repository = repository();
    repository.list_digests();
    Vector::new("", published(&mut repository), ALL, finds(&["targets"]))
}

/// With digests listed, and the targets changed afterwards.
fn mismatch(explanation: &str, error: &str, change: impl FnOnce(&mut Content)) -> Vector {
    let mut vector = digests();
    change(vector.repository.get_mut("1.targets.json").unwrap());
    explanation.clone_into(&mut vector.explanation);
    vector.expect = after(LISTED, fails("targets", "targets", error));
    vector.twin("snapshot_length_and_digest_listed")
}

fn shorter() -> Vector {
    let change = |content: &mut Content| resign(content, &[TARGETS], |signed| signed["targets"] = json!({}));
    mismatch("The targets are shorter than the snapshot lists them.", "Mismatch.Length", change)
}

fn other_digest() -> Vector {
    let change = |content: &mut Content| rewrite(content, "\"length\":4", "\"length\":5");
    mismatch(
        "The targets have another digest than is listed; that is found before their signature is looked at.",
        "Mismatch.Digest",
        change,
    )
}

/// The honest repository with other targets.
fn with(explanation: &str, error: &str, change: impl FnOnce(&mut Content)) -> Vector {
    let mut files = published(&mut repository());
    change(files.get_mut("1.targets.json").unwrap());
    Vector::new(explanation, files, LISTED, fails("targets", "targets", error)).twin("root_honest")
}

fn other_version() -> Vector {
    let change = |content: &mut Content| resign(content, &[TARGETS], |signed| signed["version"] = json!(2));
    with("The snapshot lists version 1, the targets are version 2.", "Version", change)
}

fn expired() -> Vector {
    with("The targets have expired.", "Expired", |content| {
        resign(content, &[TARGETS], |signed| signed["expires"] = json!(PAST));
    })
}

fn signed_by_snapshot() -> Vector {
    with("The snapshot's key signed the targets.", "Threshold", |content| resign(content, &[SNAPSHOT], |_| {}))
}

fn not_listed() -> Vector {
    let mut files = published(&mut repository());
    resign(files.get_mut("1.snapshot.json").unwrap(), &[SNAPSHOT], |signed| signed["meta"] = json!({}));
    let end = fails("parse", "snapshot", "Format");
    Vector::new("The snapshot does not list the top-level targets.", files, &LISTED[..2], end).twin("root_honest")
}

fn local_are_listed() -> Vector {
    let mut files = published(&mut repository());
    let local = files.remove("1.targets.json").unwrap();
    Vector::new("The local targets are the listed ones: they are not fetched.", files, ALL, finds(&["targets"]))
        .local("targets", &local)
}

fn local_are_listed_but_expired() -> Vector {
    let mut vector = local_are_listed();
    vector.explanation = "The local targets are of the listed version and have expired: they cannot be kept.".to_owned();
    vector.expect = after(LISTED, fails("targets", "targets", "Missing"));
    let mut local = vector.local["targets"].clone();
    resign(&mut local, &[TARGETS], |signed| signed["expires"] = json!(PAST));
    vector.local("targets", &local).twin("targets_local_are_listed")
}

fn one_by_one() -> Vector {
    let mut repository = repository();
    repository.delegate(None, &role("a"), shared(&[5]), patterns(&["a/*"]));
    Vector::new("The targets delegate to a role.", published(&mut repository), ALL, finds(&["targets"]))
}

fn to_bins() -> Vector {
    let mut repository = repository();
    repository.delegate_to_bins(None, 1, "bin", &shared(&[5]));
    Vector::new("The targets delegate to two hash bins (TAP 15).", published(&mut repository), ALL, finds(&["targets"]))
}

/// The delegations of a vector, edited.
fn delegations(mut vector: Vector, explanation: &str, edit: impl FnOnce(&mut Value)) -> Vector {
    let edit = |signed: &mut Value| edit(&mut signed["delegations"]);
    resign(vector.repository.get_mut("1.targets.json").unwrap(), &[TARGETS], edit);
    explanation.clone_into(&mut vector.explanation);
    vector
}

fn refused(vector: Vector, twin: &str, explanation: &str, edit: impl FnOnce(&mut Value)) -> Vector {
    let mut vector = delegations(vector, explanation, edit);
    vector.expect = after(LISTED, fails("parse", "targets", "Format"));
    vector.twin(twin)
}

fn refused_bins(explanation: &str, edit: impl FnOnce(&mut Value)) -> Vector {
    refused(to_bins(), "targets_delegate_to_bins", explanation, edit)
}

fn refused_role(explanation: &str, edit: impl FnOnce(&mut Value)) -> Vector {
    refused(one_by_one(), "targets_delegate_one_by_one", explanation, |delegations| edit(&mut delegations["roles"][0]))
}

fn both() -> Vector {
    refused_bins("The targets delegate both one by one and to hash bins.", |delegations| delegations["roles"] = json!([]))
}

fn neither() -> Vector {
    refused_bins("The delegations have neither roles nor succinct_roles.", |delegations| {
        delegations.as_object_mut().unwrap().remove("succinct_roles");
    })
}

fn bit_length_0() -> Vector {
    refused_bins("There is one hash bin, which is none.", |delegations| delegations["succinct_roles"]["bit_length"] = json!(0))
}

fn bit_length_33() -> Vector {
    let explanation = "There are more hash bins than the 32 bits of a digest that choose one can tell apart.";
    refused_bins(explanation, |delegations| delegations["succinct_roles"]["bit_length"] = json!(33))
        .twin("targets_bit_length_32")
}

fn bit_length_32() -> Vector {
    let explanation = "There are as many hash bins as can be.";
    delegations(to_bins(), explanation, |delegations| delegations["succinct_roles"]["bit_length"] = json!(32))
}

fn delegate_to_root() -> Vector {
    refused_role("A delegated role is called root, whose files would lie where root's do.", |role| role["name"] = json!("root"))
}

fn delegate_to_empty() -> Vector {
    refused_role("A delegated role has an empty name.", |role| role["name"] = json!(""))
}

fn delegate_twice() -> Vector {
    let explanation = "Two delegations have the same name: which of them is meant?";
    refused(one_by_one(), "targets_delegate_one_by_one", explanation, |delegations| {
        let copy = delegations["roles"][0].clone();
        delegations["roles"].as_array_mut().unwrap().push(copy);
    })
}

fn both_paths() -> Vector {
    refused_role("A delegation has both paths and path_hash_prefixes.", |role| role["path_hash_prefixes"] = json!(["ab"]))
}

fn neither_paths() -> Vector {
    refused_role("A delegation has neither paths nor path_hash_prefixes.", |role| {
        role.as_object_mut().unwrap().remove("paths");
    })
}

fn prefix_not_hexadecimal() -> Vector {
    refused_role("A path_hash_prefix has upper-case digits, with which no digest as it is written here begins.", |role| {
        role.as_object_mut().unwrap().remove("paths");
        role["path_hash_prefixes"] = json!(["AB"]);
    })
}

fn threshold_zero() -> Vector {
    refused_role("Nobody needs to sign a delegated role.", |role| role["threshold"] = json!(0))
}
