use serde_json::{Value, json};

use super::*;
use crate::edit::sign_json;
use crate::metadata::{Root, Targets};
use crate::testing::signer;

fn body(more: &Value) -> Value {
    let mut body = json!({
        "_type": "targets", "expires": "2030-01-01T00:00:00Z", "spec_version": "1.0.34", "targets": {}, "version": 1
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// A file with so many signatures, none of which is any good.
fn signed_by(signatures: usize) -> Vec<u8> {
    let entries: Vec<Value> = (0..signatures).map(|id| json!({"keyid": id.to_string(), "sig": "00"})).collect();
    serde_json::to_vec(&json!({"signatures": entries, "signed": body(&json!({}))})).unwrap()
}

#[test]
fn a_file_has_as_many_signatures_as_the_limit_and_no_more() {
    assert!(Unverified::<Targets>::parse(&signed_by(limits::SIGNATURES)).is_ok());
    for more in [1, 2] {
        let fault = Unverified::<Targets>::parse(&signed_by(limits::SIGNATURES + more)).unwrap_err();
        assert!(matches!(fault, Fault::Format(_)), "{fault}");
    }
}

#[test]
fn an_explanation_quotes_little_and_nothing_unprintable() {
    let long = "\u{1b}".repeat(10_000);
    let file = sign_json(&body(&json!({"expires": long})), [&*signer(1)]).unwrap();
    let long_type = sign_json(&body(&json!({"version": {"x": long}})), [&*signer(1)]).unwrap();
    for file in [file, long_type] {
        let Fault::Format(text) = Unverified::<Targets>::parse(&file).unwrap_err() else { panic!() };
        assert!(text.chars().count() <= limits::MESSAGE_CHARACTERS && !text.contains('\u{1b}'), "{text}");
    }
}

#[test]
fn a_threshold_says_how_many_signed_and_which_keys_are_of_no_use() {
    let key = |seed: u8| (signer(seed).key_id().clone(), signer(seed).key().clone());
    let mut keys = BTreeMap::from([key(1), key(2), key(3)]);
    let mut future = signer(4).key().clone();
    future.scheme = "lattice".to_owned();
    let future_id: KeyId = "future".parse().unwrap();
    keys.insert(future_id.clone(), future);
    let threshold = Threshold::new(3).unwrap();
    let ids: Vec<KeyId> = keys.keys().cloned().collect();
    let authority = Authority::<Targets>::new(TopRole::Targets.into(), &ids, &keys, threshold).unwrap();
    let signed = |seeds: &[u8]| {
        let signers: Vec<_> = seeds.iter().map(|seed| signer(*seed)).collect();
        let file = sign_json(&body(&json!({})), signers.iter().map(|signer| &**signer)).unwrap();
        Unverified::<Targets>::parse(&file).unwrap().verify(&authority)
    };
    assert!(signed(&[1, 2, 3]).is_ok());
    let Fault::Threshold { threshold: said, found, unusable } = signed(&[1, 3, 4]).unwrap_err() else { panic!() };
    assert_eq!((said, found), (threshold, 2));
    assert_eq!(unusable.iter().map(|(id, _)| id).collect::<Vec<_>>(), [&future_id]);
}

/// Two authorities that accept other bytes must have other digests, since a seal names an authority by it.
#[test]
fn authorities_that_differ_have_different_digests() {
    let key = |seed: u8| (signer(seed).key_id().clone(), signer(seed).key().clone());
    let keys = BTreeMap::from([key(1), key(2)]);
    let ids: Vec<KeyId> = [1, 2].map(|seed| key(seed).0).into();
    let swapped = BTreeMap::from([(ids[0].clone(), key(2).1), (ids[1].clone(), key(1).1)]);
    let two = Threshold::new(2).unwrap();
    let a = || RoleLabel::Delegated("a".parse().unwrap());
    let b = RoleLabel::Delegated("b".parse().unwrap());
    let digest = |role: RoleLabel, ids: &[KeyId], keys: &BTreeMap<KeyId, Key>, threshold| {
        Authority::<Targets>::new(role, ids, keys, threshold).unwrap().digest()
    };
    let digests = [
        digest(a(), &ids, &keys, two),
        digest(a(), &ids, &keys, Threshold::ONE),
        digest(a(), &ids[..1], &keys, two),
        digest(a(), &ids[1..], &keys, two),
        digest(a(), &ids, &swapped, two),
        digest(b, &ids, &keys, two),
        Authority::<Root>::new(a(), &ids, &keys, two).unwrap().digest(),
    ];
    assert_eq!(digests.iter().collect::<BTreeSet<_>>().len(), digests.len());
    assert_eq!(digests[0], digest(a(), &ids, &keys, two));
    // Rotation asks for keys alone, under whatever identifiers and in whatever order.
    let of = |ids: &[KeyId], keys| Authority::<Targets>::new(a(), ids, keys, two).unwrap().keys_digest();
    let reversed: Vec<KeyId> = ids.iter().rev().cloned().collect();
    assert_eq!(of(&ids, &keys), of(&reversed, &swapped));
    assert_ne!(of(&ids, &keys), of(&ids[..1], &keys));
}
