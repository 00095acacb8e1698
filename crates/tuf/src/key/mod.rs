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

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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
        let mut text = String::new();
        if let Ok(value) = serde_json::to_value(self) {
            canonical(&value, &mut text);
        }
        KeyId::of_digest(digest(&SHA256, text.as_bytes()).as_ref())
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

/// Canonical JSON: names sorted, no spaces, only `"` and `\` escaped.
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => enclosed(text, ['{', '}'], fields.iter(), |text, (name, field)| {
            quoted(name, text);
            text.push(':');
            canonical(field, text);
        }),
        Value::Array(items) => enclosed(text, ['[', ']'], items.iter(), |text, item| canonical(item, text)),
        Value::String(string) => quoted(string, text),
        Value::Null | Value::Bool(_) | Value::Number(_) => text.push_str(&value.to_string()),
    }
}

fn enclosed<T>(text: &mut String, [open, close]: [char; 2], items: impl Iterator<Item = T>, print: impl Fn(&mut String, T)) {
    text.push(open);
    for (index, item) in items.enumerate() {
        if index > 0 {
            text.push(',');
        }
        print(text, item);
    }
    text.push(close);
}

fn quoted(string: &str, text: &mut String) {
    text.push('"');
    text.push_str(&string.replace('\\', r"\\").replace('"', r#"\""#));
    text.push('"');
}
