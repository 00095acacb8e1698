//! What our own keys sign.

use aws_lc_rs::rand::SystemRandom;

use super::super::*;

const MESSAGE: &[u8] = b"a message";

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
fn a_key_is_the_same_after_it_was_stored() {
    for (pair, scheme) in pairs().into_iter().zip(Scheme::ALL) {
        let document = pair.to_pkcs8().unwrap();
        let again = KeyPair::from_pkcs8_for(scheme, document.as_ref()).unwrap();
        assert_eq!((again.key(), again.key_id()), (pair.key(), pair.key_id()));
        let guessed = KeyPair::from_pkcs8(document.as_ref()).unwrap();
        assert_eq!(guessed.key().public(), pair.key().public(), "the same key, perhaps under another scheme");
    }
}
