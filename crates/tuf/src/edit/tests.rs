//! What is read and signed again says the same.

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{Draft, sign_json};
use crate::metadata::{Role, Root, Snapshot, Targets, Timestamp};
use crate::testing::{repository, role, signer, signers};
use crate::{PathPattern, Paths, TargetFile};

/// Any JSON that can be signed.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..3).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Unknown fields.
fn fields() -> impl Strategy<Value = Map<String, Value>> {
    let name = "[a-z\u{e9}\"]{0,3}".prop_map(|name| format!("x-{name}"));
    prop::collection::btree_map(name, value(), 0..3).prop_map(|fields| fields.into_iter().collect())
}

/// Files of every kind, in the order of the places below.
fn files() -> [Value; 5] {
    let mut repository = repository();
    repository.list_digests();
    let target = TargetFile::of(b"brie").with_custom(json!({"a": [1]}));
    repository.targets_mut().add_target(&"a".parse().unwrap(), target);
    repository.delegate_to_bins(None, 1, "bin", &signers(&[5]));
    repository.delegate(Some(&role("bin-0")), &role("a"), signers(&[6]), Paths::Patterns(vec![PathPattern::new("*")]));
    repository.delegate_terminating(Some(&role("bin-0")), &role("b"), signers(&[7]), Paths::HashPrefixes(vec!["ab".into()]));
    repository.publish().unwrap();
    ["1.root", "timestamp", "1.snapshot", "1.targets", "1.bin-0"]
        .map(|name| serde_json::from_slice::<Value>(&repository.files()[&format!("{name}.json")]).unwrap()["signed"].take())
}

/// Adds unknown fields wherever an object has a place for them.
fn add(value: &mut Value, unknown: &mut impl Iterator<Item = Map<String, Value>>, is_map: bool) {
    let Value::Object(object) = value else {
        value.as_array_mut().into_iter().flatten().for_each(|value| add(value, unknown, false));
        return;
    };
    for (name, value) in object.iter_mut() {
        // These are named by the repository, not by the specification; what is in `custom` is nobody's.
        let is_map = !is_map && matches!(name.as_str(), "keys" | "meta" | "targets" | "hashes" | "roles");
        if name != "custom" && name != "hashes" {
            add(value, unknown, is_map);
        }
    }
    if !is_map {
        object.extend(unknown.next().unwrap_or_default());
    }
}

fn stays_as_it_is<R: Role + DeserializeOwned>(signed: &Value) {
    let file = sign_json(signed, [&*signer(1)]).unwrap();
    let again = Draft::<R>::reopen(&file).unwrap().sign([&*signer(1)]).unwrap().into_bytes();
    let [file, again] = [file, again].map(|file| serde_json::from_slice::<Value>(&file).unwrap());
    // The signatures are equal only if the canonical forms are.
    assert_eq!(again, file);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn what_is_read_and_signed_again_is_the_same_with_all_unknown_fields(
        unknown in prop::collection::vec(fields(), 20), expires in 0_i64..4_000_000_000
    ) {
        let [mut root, mut timestamp, mut snapshot, mut targets, mut bin] = files();
        for file in [&mut root, &mut timestamp, &mut snapshot, &mut targets, &mut bin] {
            file["expires"] = json!(crate::Expiry::at(jiff::Timestamp::from_second(expires).unwrap()).to_string());
            add(file, &mut unknown.iter().cloned(), false);
        }
        stays_as_it_is::<Root>(&root);
        stays_as_it_is::<Timestamp>(&timestamp);
        stays_as_it_is::<Snapshot>(&snapshot);
        stays_as_it_is::<Targets>(&targets);
        stays_as_it_is::<Targets>(&bin);
    }
}
