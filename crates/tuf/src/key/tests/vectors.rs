//! Keys and signatures that python-tuf's own library made or judged (`vectors.py` says how), and small changes of them.

use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use super::super::*;
use crate::limits::PUBLIC_KEY_BYTES;

pub(super) const MESSAGE: &[u8] = b"The quick brown fox jumps over the lazy dog";

#[derive(Deserialize)]
struct Vector {
    name: String,
    verdict: String,
    securesystemslib: String,
    key: Key,
    keyid: KeyId,
    signature: String,
}

impl Vector {
    fn all() -> Vec<Self> {
        serde_json::from_str(include_str!("vectors.json")).unwrap()
    }

    /// Those that hold, which are the ones worth changing.
    fn good() -> impl Iterator<Item = (Self, PublicKey)> {
        Self::all().into_iter().filter(|vector| vector.verdict == "verifies").map(|vector| {
            let public = vector.key.public().unwrap();
            (vector, public)
        })
    }

    fn signature(&self) -> Vec<u8> {
        hex::decode(&self.signature).unwrap()
    }

    /// The same key type and scheme with another public part.
    fn respelled(&self, public: &str) -> Result<PublicKey, KeyError> {
        let mut key = self.key.clone();
        public.clone_into(&mut key.keyval.public);
        key.public()
    }
}

#[test]
fn each_vector_is_judged_as_it_says() {
    for vector in Vector::all() {
        let verdict = match vector.key.public() {
            Ok(public) if public.verifies(MESSAGE, &vector.signature()) => "verifies",
            Ok(_) => "does not verify",
            Err(_) => "no key",
        };
        assert_eq!(verdict, vector.verdict, "{}", vector.name);
    }
}

#[test]
fn what_verifies_here_verifies_with_python_tuf_and_these_are_the_differences() {
    let differences: Vec<_> = Vector::all()
        .into_iter()
        .filter(|vector| vector.verdict != "verifies" && vector.securesystemslib == "verifies")
        .collect();
    assert!(Vector::good().all(|(vector, _)| vector.securesystemslib == "verifies"));
    let names: Vec<_> = differences.iter().map(|vector| vector.name.as_str()).collect();
    insta::assert_snapshot!(names.join("\n"));
}

#[test]
fn a_computed_identifier_is_the_one_that_python_tuf_computes() {
    for vector in Vector::all() {
        assert_eq!(vector.key.computed_id(), vector.keyid, "{}", vector.name);
    }
}

#[test]
fn all_spellings_and_schemes_of_a_key_are_one_key() {
    let all: Vec<_> = Vector::good().map(|(_, public)| public).collect();
    let different = 5; // Ed25519, P-256, P-384, RSA with 2048 bits, RSA with 3072 bits.
    assert!(all.len() > different);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), different);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), different);
    assert_eq!(all.iter().map(PublicKey::material).collect::<HashSet<_>>().len(), different);
}

#[test]
fn keys_are_compared_hashed_and_printed_by_their_material() {
    let hasher = RandomState::new();
    for (_, one) in Vector::good() {
        assert_eq!(format!("{one:?}"), format!("PublicKey({} {})", one.scheme(), hex::encode(one.material())));
        for (_, other) in Vector::good() {
            assert_eq!(one.partial_cmp(&other), one.material().partial_cmp(other.material()));
            assert_eq!(hasher.hash_one(&one) == hasher.hash_one(&other), one == other);
        }
    }
}

#[test]
fn no_changed_bit_of_a_signature_verifies() {
    for (vector, public) in Vector::good() {
        let mut signature = vector.signature();
        for bit in 0..signature.len() * 8 {
            signature[bit / 8] ^= 1 << (bit % 8);
            assert!(!public.verifies(MESSAGE, &signature), "{}, bit {bit}", vector.name);
            signature[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(public.verifies(MESSAGE, &signature));
    }
}

#[test]
fn no_changed_bit_of_the_message_verifies() {
    for (vector, public) in Vector::good() {
        let signature = vector.signature();
        for bit in 0..MESSAGE.len() * 8 {
            let mut message = MESSAGE.to_vec();
            message[bit / 8] ^= 1 << (bit % 8);
            assert!(!public.verifies(&message, &signature), "{}, bit {bit}", vector.name);
        }
        assert!(!public.verifies(&MESSAGE[1..], &signature) && !public.verifies(b"", &signature), "{}", vector.name);
    }
}

#[test]
fn no_shorter_or_longer_signature_verifies() {
    for (vector, public) in Vector::good() {
        let signature = vector.signature();
        for length in 0..signature.len() {
            assert!(!public.verifies(MESSAGE, &signature[..length]), "{}, {length} bytes", vector.name);
        }
        for added in [0, 1, 0xff] {
            assert!(!public.verifies(MESSAGE, &[&signature[..], &[added]].concat()), "{}", vector.name);
            assert!(!public.verifies(MESSAGE, &[&[added], &signature[..]].concat()), "{}", vector.name);
        }
    }
}

#[test]
fn a_signature_of_one_key_verifies_with_no_other() {
    let good: Vec<_> = Vector::good().collect();
    for (vector, public) in &good {
        for (other, other_public) in &good {
            let is_same = public == other_public && public.scheme() == other_public.scheme();
            assert_eq!(public.verifies(MESSAGE, &other.signature()), is_same, "{}, {}", vector.name, other.name);
        }
    }
}

/// What two spellings of one key have in common: line ends mean nothing in PEM, capitals nothing in hexadecimal digits.
fn spelling(vector: &Vector, public: &str) -> String {
    if vector.key.keytype == "ed25519" {
        return public.to_ascii_lowercase();
    }
    let text = public.trim();
    let is_label = |line: &&str| line.starts_with('-');
    let labels: Vec<_> = text.split_inclusive("-----").filter(is_label).collect();
    labels.concat() + &text.split_ascii_whitespace().collect::<String>()
}

#[test]
fn every_truncation_of_a_key_is_refused() {
    for (vector, _) in Vector::good() {
        let public = vector.key.keyval.public.trim();
        for length in 0..public.len() {
            assert!(vector.respelled(&public[..length]).is_err(), "{}, {length} bytes", vector.name);
            assert!(vector.respelled(&public[public.len() - length..]).is_err(), "{}, last {length} bytes", vector.name);
        }
    }
}

#[test]
fn every_change_of_one_byte_of_a_key_is_refused_or_another_key() {
    for (vector, public) in Vector::good() {
        let text = &vector.key.keyval.public;
        for (index, byte) in text.bytes().enumerate() {
            for changed in [byte ^ 1, byte ^ 2, byte ^ 0x20, b'A', b'0', b'=', b' ', b'\n'] {
                let mut other = text.clone().into_bytes();
                other[index] = changed;
                let other = String::from_utf8(other).unwrap();
                if spelling(&vector, text) != spelling(&vector, &other) {
                    assert_ne!(vector.respelled(&other), Ok(public.clone()), "{}: {other}", vector.name);
                }
            }
        }
    }
}

#[test]
fn a_key_that_cannot_verify_says_why() {
    let why = |name: &str| Vector::all().into_iter().find(|vector| vector.name == name).unwrap().key.public().unwrap_err();
    let scheme = Scheme::EcdsaP256;
    let mut long = Vector::all().remove(0);
    long.key.keyval.public = "0".repeat(5000);
    assert_eq!(long.key.public(), Err(KeyError::TooLong { found: 5000 }));
    long.key.keyval.public = "0".repeat(PUBLIC_KEY_BYTES);
    assert!(!matches!(long.key.public(), Err(KeyError::TooLong { .. })), "exactly as long as the limit");
    assert_eq!(why("rsa with 1024 bits"), KeyError::Modulus { found: 1024 });
    assert_eq!(why("rsa with 2047 bits"), KeyError::Modulus { found: 2047 });
    assert_eq!(why("rsa with 8200 bits"), KeyError::Modulus { found: 8200 });
    assert_eq!(why("ed25519 neutral point"), KeyError::SmallOrder);
    assert_eq!(why("ed25519 key as PEM"), KeyError::Spelling { scheme: Scheme::Ed25519 });
    assert_eq!(why("ecdsa-sha2-nistp256 text before the key"), KeyError::Spelling { scheme });
    assert_eq!(why("ecdsa-sha2-nistp384 key under the other curve's scheme"), KeyError::Material { scheme });
    let unknown = KeyError::Unknown { keytype: "ecdsa".to_owned(), scheme: "ed25519".to_owned() };
    assert_eq!(why("ed25519 key as an ecdsa key"), unknown);
}
