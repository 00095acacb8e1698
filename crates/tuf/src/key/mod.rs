//! Keys, their identifiers, and single signatures (specification §4.2). Counting signatures is not done here.
//!
//! Metadata may name keys that this program cannot use, and identifiers that are not digests (TAP 12): both parse. A key becomes
//! usable with [`Key::public`]; one that cannot verifies nothing, and that is all that happens.

mod hex;
mod id;
mod material;
mod pem;
mod public;
mod scheme;
mod signature;
#[cfg(feature = "signing")]
mod signer;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::json::canonical;

pub use id::{KeyId, KeyIdError};
pub use public::{KeyError, PublicKey};
pub use scheme::Scheme;
pub use signature::Signature;
#[cfg(feature = "signing")]
pub use signer::{KeyPair, KeyPairError, PrivateKeyDocument, SignError, Signer};

/// A key as metadata writes it (§4.2, `KEY`). Nothing says yet that it can verify anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The system that the key belongs to, such as `ed25519`.
    pub keytype: String,
    /// The public part.
    pub keyval: KeyValue,
    /// How it signs, such as `rsassa-pss-sha256`.
    pub scheme: String,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

/// The public part of a key (§4.2, `KEYVAL`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyValue {
    /// 64 hexadecimal digits for Ed25519, PEM for the others.
    pub public: String,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Key {
    /// A key for this scheme with its public part as the specification writes it.
    #[must_use]
    pub fn new(scheme: Scheme, public: String) -> Self {
        Self {
            keytype: scheme.keytype().to_owned(),
            keyval: KeyValue { public, extra: Map::new() },
            scheme: scheme.as_str().to_owned(),
            extra: Map::new(),
        }
    }

    /// The identifier that the specification computes: SHA-256 of the canonical form, in hexadecimal (§4.2). For new keys only;
    /// it is never demanded of the keys of others (TAP 12).
    ///
    /// A key whose unknown fields have no canonical form (a fraction, say) is named after its plain JSON text.
    #[must_use]
    pub fn computed_id(&self) -> KeyId {
        // Writing text and maps into memory does not fail.
        let text = serde_json::to_vec(self).unwrap_or_default();
        let form = canonical(&text).unwrap_or(Cow::Borrowed(&text));
        KeyId::of_digest(digest(&SHA256, &form).as_ref())
    }

    /// Reads it into what can verify.
    ///
    /// # Errors
    /// When the scheme is unknown or the public part is not a key of that scheme.
    pub fn public(&self) -> Result<PublicKey, KeyError> {
        PublicKey::parse(self)
    }

    /// The fields that the specification does not know.
    #[must_use]
    pub fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }
}

impl KeyValue {
    /// The fields that the specification does not know.
    #[must_use]
    pub fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }
}
