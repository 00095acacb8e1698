//! What our own keys sign.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::EcdsaKeyPair;

use super::super::*;
use super::vectors::MESSAGE;

fn pairs() -> Vec<KeyPair> {
    Scheme::ALL.map(|scheme| KeyPair::generate(scheme, &SystemRandom::new()).unwrap()).into()
}

#[test]
fn what_a_key_signs_it_verifies_and_no_other_key_does() {
    let pairs = pairs();
    for signer in &pairs {
        let signature = signer.sign(MESSAGE).unwrap();
        for other in &pairs {
            let verifies = other.key().public().unwrap().verifies(MESSAGE, &signature);
            assert_eq!(verifies, other.key() == signer.key(), "{signer:?} {other:?}");
        }
        assert!(!signer.key().public().unwrap().verifies(b"another message", &signature));
    }
}

#[test]
fn a_new_key_is_what_its_scheme_says_under_the_computed_identifier() {
    for (pair, scheme) in pairs().iter().zip(Scheme::ALL) {
        assert_eq!(Scheme::of(&pair.key().keytype, &pair.key().scheme), Some(scheme));
        assert_eq!(*pair.key_id(), pair.key().computed_id());
        let printed = serde_json::to_vec(pair.key()).unwrap();
        assert_eq!(serde_json::from_slice::<Key>(&printed).unwrap(), *pair.key());
    }
}

#[test]
fn a_key_is_the_same_after_it_was_stored() {
    for (pair, scheme) in pairs().into_iter().zip(Scheme::ALL) {
        let document = pair.to_pkcs8().unwrap();
        let again = KeyPair::from_pkcs8_for(scheme, document.as_ref()).unwrap();
        assert_eq!((again.key(), again.key_id()), (pair.key(), pair.key_id()));
        let guessed = KeyPair::from_pkcs8(document.as_ref()).unwrap();
        assert_eq!(guessed.key().public(), pair.key().public(), "the same key, perhaps under another scheme");
    }
}

#[test]
fn a_stored_key_is_not_read_as_one_of_another_algorithm() {
    for (pair, scheme) in pairs().iter().zip(Scheme::ALL) {
        for other in Scheme::ALL {
            let is_read = KeyPair::from_pkcs8_for(other, pair.to_pkcs8().unwrap().as_ref()).is_ok();
            let is_both_rsa = other.keytype() == "rsa" && scheme.keytype() == "rsa";
            assert_eq!(is_read, other == scheme || is_both_rsa, "{scheme} as {other}");
        }
    }
}

#[test]
fn what_is_no_private_key_is_refused() {
    let document = KeyPair::generate(Scheme::EcdsaP256, &SystemRandom::new()).unwrap().to_pkcs8().unwrap();
    let document = document.as_ref();
    for length in 0..document.len() {
        assert_eq!(KeyPair::from_pkcs8(&document[..length]).unwrap_err(), KeyPairError::Unknown, "{length} bytes");
    }
    let error = KeyPair::from_pkcs8_for(Scheme::Ed25519, document).unwrap_err();
    assert!(matches!(error, KeyPairError::Rejected { scheme: Scheme::Ed25519, .. }), "{error:?}");
    let unused = EcdsaKeyPair::generate(&aws_lc_rs::signature::ECDSA_P521_SHA512_ASN1_SIGNING).unwrap().to_pkcs8v1().unwrap();
    assert_eq!(KeyPair::from_pkcs8(unused.as_ref()).unwrap_err(), KeyPairError::Unknown);
}

/// RFC 8032 §7.1, test 3.
#[test]
fn an_ed25519_key_from_a_seed_signs_as_the_standard_says() {
    let seed = hex::decode("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7").unwrap();
    let pair = KeyPair::from_seed(seed.try_into().unwrap()).unwrap();
    assert_eq!(pair.key().keyval.public, "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
    assert_eq!(
        hex::encode(&pair.sign(b"\xaf\x82").unwrap()),
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
         18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    );
}

#[test]
fn another_identifier_changes_nothing_but_the_identifier() {
    let pair = || KeyPair::from_seed([7; 32]).unwrap();
    let id: KeyId = "release key of 2026".parse().unwrap();
    let named = pair().with_id(id.clone());
    assert_eq!((named.key_id(), named.key()), (&id, pair().key()));
    assert_eq!(named.sign(MESSAGE), pair().sign(MESSAGE));
    let entry = Signature::new(id, &named.sign(MESSAGE).unwrap());
    assert!(named.key().public().unwrap().verifies(MESSAGE, &entry.bytes().unwrap()));
}

#[test]
fn what_is_printed_about_a_private_key_is_public() {
    for pair in pairs() {
        let expected = format!("KeyPair({} {})", pair.key().scheme, pair.key_id());
        assert_eq!(format!("{pair:?}"), expected);
        assert_eq!(format!("{:?}", pair.to_pkcs8().unwrap()), "PrivateKeyDocument");
    }
}

#[test]
fn a_signer_can_be_anything() {
    let signers: Vec<Box<dyn Signer>> = pairs().into_iter().map(|pair| Box::new(pair) as Box<dyn Signer>).collect();
    let ids: std::collections::BTreeSet<_> = signers.iter().map(|signer| signer.key_id().clone()).collect();
    assert_eq!(ids.len(), Scheme::ALL.len());
}
