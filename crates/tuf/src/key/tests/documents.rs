//! Keys, identifiers and signatures as parts of metadata.

use proptest::prelude::*;
use serde_json::json;

use super::super::*;
use crate::limits::{KEY_ID_BYTES, SIGNATURE_HEX};

#[test]
fn an_unknown_kind_of_key_parses_and_verifies_nothing() {
    let cases = [
        ("sphincs", "sphincs-shake-128s"),
        ("ed25519", "ed448"),
        ("rsa", "ed25519"),
        ("ed25519", "rsassa-pss-sha256"),
        ("rsa", "rsa-pkcs1v15-sha256"),
        ("ecdsa", "ecdsa"),
        ("ed25519", "Ed25519"),
        ("rsassa-pss-sha256", "rsassa-pss-sha256"),
        ("", ""),
    ];
    for (keytype, scheme) in cases {
        let key: Key = serde_json::from_value(json!({
            "keytype": keytype, "scheme": scheme,
            "keyval": {"public": "72378e5bc588793e58f81c8533da64a2e8f1565c1fcc7f253496394ffc52542c"},
        }))
        .unwrap();
        assert_eq!(key.public(), Err(KeyError::Unknown { keytype: keytype.to_owned(), scheme: scheme.to_owned() }));
    }
}

#[test]
fn unknown_fields_of_keys_survive() {
    let text = json!({
        "keyid_hash_algorithms": ["sha256", "sha512"], "keytype": "ed25519", "scheme": "ed25519", "x-owner": {"name": "A"},
        "keyval": {"public": "00", "private": "", "note": [1, null, true]},
    });
    let key: Key = serde_json::from_value(text.clone()).unwrap();
    assert_eq!(serde_json::to_value(&key).unwrap(), text);
    assert_eq!((key.extra().len(), key.keyval.extra().len()), (2, 2));
}

#[test]
fn unknown_fields_of_signatures_survive() {
    let text = json!({"keyid": "a", "sig": "00ff", "x-log": 7});
    let signature: Signature = serde_json::from_value(text.clone()).unwrap();
    assert_eq!(serde_json::to_value(&signature).unwrap(), text);
    assert_eq!(signature.extra().len(), 1);
}

#[test]
fn a_key_without_its_fields_or_with_one_twice_does_not_parse() {
    let cases = [
        r#"{"keytype":"a","scheme":"b"}"#,
        r#"{"keytype":"a","keyval":{"public":""}}"#,
        r#"{"scheme":"a","keyval":{"public":""}}"#,
        r#"{"keytype":"a","scheme":"b","keyval":{}}"#,
        r#"{"keytype":"a","scheme":"b","keyval":"c"}"#,
        r#"{"keytype":"a","scheme":"b","keyval":{"public":1}}"#,
        r#"{"keytype":"a","scheme":null,"keyval":{"public":""}}"#,
        r#"{"keytype":"a","scheme":"b","scheme":"c","keyval":{"public":""}}"#,
        r#"{"keytype":"a","scheme":"b","keyval":{"public":"","public":""}}"#,
    ];
    for text in cases {
        assert!(serde_json::from_str::<Key>(text).is_err(), "{text}");
    }
}

/// Roots of earlier years have such fields, and identifiers that cover them.
#[test]
fn a_computed_identifier_covers_unknown_fields() {
    let key: Key = serde_json::from_value(json!({
        "keytype": "ed25519", "scheme": "ed25519", "keyid_hash_algorithms": ["sha256", "sha512"], "keyval": {"public": "a\"b\\c\nd"},
    }))
    .unwrap();
    let canonical = "{\"keyid_hash_algorithms\":[\"sha256\",\"sha512\"],\"keytype\":\"ed25519\",\
                     \"keyval\":{\"public\":\"a\\\"b\\\\c\nd\"},\"scheme\":\"ed25519\"}";
    assert_eq!(key.computed_id().as_str(), hex::encode(digest(&SHA256, canonical.as_bytes()).as_ref()));
}

#[test]
fn a_key_without_canonical_form_still_has_an_identifier() {
    let key =
        |note| serde_json::from_value::<Key>(json!({"keytype": "a", "scheme": "b", "keyval": {"public": ""}, "note": note}));
    assert_ne!(key(0.5).unwrap().computed_id(), key(1.5).unwrap().computed_id());
}

#[test]
fn an_identifier_is_any_text_of_bounded_length() {
    assert_eq!("".parse::<KeyId>(), Err(KeyIdError::Empty));
    assert!("é".repeat(KEY_ID_BYTES / 2).parse::<KeyId>().is_ok());
    let found = KEY_ID_BYTES + 1;
    assert_eq!("a".repeat(found).parse::<KeyId>(), Err(KeyIdError::TooLong { found }));
    assert!(serde_json::from_str::<KeyId>(r#""""#).is_err());
    assert!(serde_json::from_value::<KeyId>(json!("a".repeat(found))).is_err());
    assert!(serde_json::from_str::<KeyId>("7").is_err());
}

#[test]
fn an_identifier_cannot_write_into_a_terminal() {
    let id: KeyId = "a\x1b[2J\u{202e}\nb é".parse().unwrap();
    assert_eq!(id.to_string(), r"a\u{1b}[2J\u{202e}\u{a}b \u{e9}");
    assert_eq!(format!("{id:?}"), r"KeyId(a\u{1b}[2J\u{202e}\u{a}b \u{e9})");
}

#[test]
fn an_identifier_names_keys_in_json() {
    let keys: std::collections::BTreeMap<KeyId, u8> = serde_json::from_str(r#"{"b":1,"a":2}"#).unwrap();
    assert_eq!(serde_json::to_string(&keys).unwrap(), r#"{"a":2,"b":1}"#);
    assert!(serde_json::from_str::<std::collections::BTreeMap<KeyId, u8>>(r#"{"":1}"#).is_err());
}

#[test]
fn a_signature_that_cannot_be_decoded_parses_and_has_no_bytes() {
    let bytes = |sig: &str| serde_json::from_value::<Signature>(json!({"keyid": "a", "sig": sig})).unwrap().bytes();
    assert_eq!(bytes("00fFa9"), Some(vec![0, 0xff, 0xa9]));
    assert_eq!(bytes(&"0".repeat(SIGNATURE_HEX)), Some(vec![0; SIGNATURE_HEX / 2]));
    for sig in ["", "0", "000", "0x00", "00 00", " 00", "00\n", "g0", "+1", "é", "٣٣", "-----"] {
        assert_eq!(bytes(sig), None, "{sig:?}");
    }
    assert_eq!(bytes(&"0".repeat(SIGNATURE_HEX + 2)), None);
}

proptest! {
    #[test]
    fn an_identifier_reads_the_same_after_it_was_written(text in "\\PC{1,64}") {
        let id: KeyId = text.parse().unwrap();
        let json = serde_json::to_string(&id).unwrap();
        prop_assert_eq!(&json, &serde_json::to_string(&text).unwrap());
        prop_assert_eq!(serde_json::from_str::<KeyId>(&json).unwrap(), id.clone());
        prop_assert!(id.to_string().chars().all(|character| matches!(character, ' '..='~')));
    }

    #[test]
    fn hexadecimal_digits_read_the_same_after_they_were_written(bytes: Vec<u8>) {
        prop_assert_eq!(hex::decode(&hex::encode(&bytes)), Some(bytes));
    }

    #[test]
    fn no_text_is_a_key_by_chance(public in ".{0,200}", scheme in proptest::sample::select(Scheme::ALL.to_vec())) {
        prop_assert!(Key::new(scheme, public).public().is_err());
    }
}
