//! Keys that can verify.

use std::cmp::Ordering;
use std::fmt::{self, Debug, Formatter};
use std::hash::{Hash, Hasher};

use aws_lc_rs::signature::ParsedPublicKey;

use super::{Key, Scheme, hex, material};
use crate::limits::{PUBLIC_KEY_BYTES, RSA_MAXIMUM_BITS, RSA_MINIMUM_BITS};

/// A public key that can verify.
///
/// Two of them are equal when the same private key signs for both, in whatever spelling and under whatever scheme metadata has
/// them: this is what “each key counts once” is about (§4.2.1, threshold).
#[derive(Clone)]
pub struct PublicKey {
    scheme: Scheme,
    /// SubjectPublicKeyInfo in DER, an elliptic point uncompressed: one spelling for one key.
    material: Box<[u8]>,
    /// Prepared, one for each form of signature that the scheme has.
    verifiers: Vec<ParsedPublicKey>,
}

/// Why a key of metadata cannot verify. Whoever wrote the metadata is at fault, or knows more than this program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The type, the scheme, or the two together are unknown.
    #[error("unknown scheme {scheme:?} for a key of type {keytype:?}")]
    Unknown {
        /// As metadata has it.
        keytype: String,
        /// As metadata has it.
        scheme: String,
    },
    /// It is longer than [`PUBLIC_KEY_BYTES`].
    #[error("a public key has {found} bytes; at most {PUBLIC_KEY_BYTES} are read")]
    TooLong {
        /// Its length in bytes.
        found: usize,
    },
    /// Not 64 hexadecimal digits or not a single PEM section, as the scheme demands.
    #[error("a public key for {scheme} is neither written as that scheme demands nor with the right length")]
    Spelling {
        /// The scheme of the key.
        scheme: Scheme,
    },
    /// What is within is not exactly one key of the scheme: another algorithm or curve, a point elsewhere, something after it.
    #[error("a public key is not one of {scheme}")]
    Material {
        /// The scheme of the key.
        scheme: Scheme,
    },
    /// An RSA modulus that is too short or too long.
    #[error("an RSA modulus has {found} bits, not between {RSA_MINIMUM_BITS} and {RSA_MAXIMUM_BITS}")]
    Modulus {
        /// Its length in bits.
        found: u32,
    },
    /// An Ed25519 key for which signatures can be made that hold for many messages, or without any private key.
    #[error("an Ed25519 key is a point of small order")]
    SmallOrder,
}

impl PublicKey {
    pub(super) fn parse(key: &Key) -> Result<Self, KeyError> {
        let public = &key.keyval.public;
        let unknown = || KeyError::Unknown { keytype: key.keytype.clone(), scheme: key.scheme.clone() };
        let scheme = Scheme::of(&key.keytype, &key.scheme).ok_or_else(unknown)?;
        if public.len() > PUBLIC_KEY_BYTES {
            return Err(KeyError::TooLong { found: public.len() });
        }
        let (material, verifiers) = material::parse(scheme, public)?;
        Ok(Self { scheme, material: material.as_ref().into(), verifiers })
    }

    /// Whether the owner of the key signed exactly this message.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifiers.iter().any(|verifier| verifier.verify_sig(message, signature).is_ok())
    }

    /// The key itself, spelled in the one way that equal keys have in common: SubjectPublicKeyInfo in DER (RFC 5280).
    #[must_use]
    pub fn material(&self) -> &[u8] {
        &self.material
    }

    /// The same as PEM (RFC 7468).
    #[cfg(feature = "signing")]
    #[must_use]
    pub fn to_pem(&self) -> String {
        super::pem::encode(&self.material)
    }

    /// How it signs.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }
}

impl Debug for PublicKey {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey({} {})", self.scheme, hex::encode(&self.material))
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.material == other.material
    }
}

impl Eq for PublicKey {}

impl Hash for PublicKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.material.hash(state);
    }
}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.material.cmp(&other.material)
    }
}
