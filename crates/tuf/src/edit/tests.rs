//! What is read and signed again says the same; what clients refuse is not signed.

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::roles::named_key;
use super::{Draft, NamedKey, SignError, sign_json};
use crate::metadata::{Role, Root, Snapshot, Targets, Timestamp};
use crate::testing::{find, refresh, repository, role, signer, signers};
use crate::{Fault, Lookup, PathPattern, Paths, TargetFile, Threshold, TopRole, limits};

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

fn key(seed: u8) -> NamedKey {
    named_key(&*signer(seed))
}

/// Whether it is signed; if not, a client refuses the same for the same reason.
fn is_signed<R: Role + std::fmt::Debug>(draft: &Draft<R>) -> bool {
    let file = sign_json(&serde_json::to_value(draft.body()).unwrap(), [&*signer(1)]).unwrap();
    match (draft.sign([&*signer(1)]), Draft::<R>::reopen(&file)) {
        (Ok(_), Ok(_)) => true,
        (Err(SignError::Fault(here)), Err(there)) => {
            assert_eq!(here, there);
            false
        }
        (signed, read) => panic!("signed: {signed:?}, read: {read:?}"),
    }
}

#[test]
fn what_clients_refuse_is_not_signed() {
    let expires = "2030-01-01T00:00:00Z".parse().unwrap();
    let mut root = Draft::<Root>::new(expires);
    assert!(!is_signed(&root), "a root without roles");
    for top in TopRole::ALL {
        root.set_role(top, [key(1)], Threshold::ONE);
    }
    assert!(is_signed(&root));
    assert!(!is_signed(root.set_role(TopRole::Targets, [key(1), key(1)], Threshold::ONE)), "a key twice");

    assert!(!is_signed(&Draft::<Snapshot>::new(expires)), "a snapshot without targets");

    let patterns = |length| Paths::Patterns(vec![PathPattern::new(&"a".repeat(length))]);
    let delegating = |keys: &[NamedKey], paths| {
        let mut targets = Draft::<Targets>::new(expires);
        targets.delegate(role("a"), keys.to_vec(), Threshold::ONE, paths);
        is_signed(&targets)
    };
    assert!(delegating(&[key(1), key(2)], patterns(limits::TARGET_PATH_BYTES)));
    assert!(!delegating(&[key(1)], patterns(limits::TARGET_PATH_BYTES + 1)), "a long pattern");
    assert!(!delegating(&[key(1)], Paths::HashPrefixes(vec!["A".into()])), "no lower-case digit");
    assert!(!delegating(&[key(1), key(2), key(1)], patterns(1)), "a key twice");

    let to_bins = |bit_length, keys: &[NamedKey]| {
        let mut targets = Draft::<Targets>::new(expires);
        is_signed(targets.delegate_to_bins(bit_length, "bin", keys.to_vec(), Threshold::ONE))
    };
    assert!(to_bins(1, &[key(1)]) && to_bins(32, &[key(1)]));
    assert!(!to_bins(1, &[key(1), key(1)]), "a key twice");
    for refused in [0, 33, 63, 64, u8::MAX] {
        assert!(!to_bins(refused, &[key(1)]), "{refused} bits");
    }
}

#[test]
fn a_repository_with_more_bins_than_clients_accept_is_not_published() {
    for bit_length in [0, 33, 64, u8::MAX] {
        let mut repository = repository();
        repository.delegate_to_bins(None, bit_length, "bin", &signers(&[5]));
        let refused = repository.publish();
        assert!(matches!(refused, Err(SignError::Fault(Fault::Format(_)))), "{bit_length}: {refused:?}");
        assert!(!repository.files().contains_key("timestamp.json"));
    }
}

#[test]
fn what_was_not_published_is_published_once_it_is_mended() {
    let mut repository = repository();
    repository.delegate(None, &role("a"), signers(&[5]), Paths::Patterns(vec![PathPattern::new("*")]));
    repository.role_mut(&role("a")).add_target(&"brie".parse().unwrap(), TargetFile::of(b"brie"));
    repository.publish().unwrap();
    repository.rotate(TopRole::Root, signers(&[11]));
    repository.root_mut().set_role(TopRole::Targets, [key(4), key(4)], Threshold::ONE);
    repository.role_mut(&role("a")).delegate_to_bins(64, "bin", [key(6)], Threshold::ONE);
    repository.role_mut(&role("a")).add_target(&"brie".parse().unwrap(), TargetFile::of(b"soft"));
    assert!(repository.publish().is_err(), "the root is wrong");
    repository.root_mut().set_role(TopRole::Targets, [key(4)], Threshold::ONE);
    assert!(repository.publish().is_err(), "a role is wrong");
    repository.role_mut(&role("a")).delegate_to_bins(1, "bin", [key(6)], Threshold::ONE);
    repository.publish().unwrap();
    assert!(repository.file("root", Some(2)).is_some() && repository.file("root", Some(3)).is_none());
    let found = find(&mut refresh(&repository).unwrap(), &repository, "brie").unwrap();
    assert!(matches!(found, Lookup::Found(found) if found.target == TargetFile::of(b"soft")));
}
