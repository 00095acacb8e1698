//! Single entries of `signatures`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{KeyId, hex};
use crate::limits::SIGNATURE_HEX;

/// One entry of `signatures` (§4.2): a claim that a key signed. Whether the key exists and did is asked later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The key that is said to have signed.
    pub keyid: KeyId,
    /// The signature in hexadecimal. It stays text: an entry that cannot be decoded verifies nothing, but spoils nothing either.
    pub sig: String,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Signature {
    /// The entry for a signature that this key made.
    #[cfg(feature = "signing")]
    #[must_use]
    pub fn new(keyid: KeyId, signature: &[u8]) -> Self {
        Self { keyid, sig: hex::encode(signature), extra: Map::new() }
    }

    /// The signature, or `None` where it is empty, no hexadecimal or longer than [`SIGNATURE_HEX`].
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let is_plausible = (1..=SIGNATURE_HEX).contains(&self.sig.len());
        is_plausible.then(|| hex::decode(&self.sig)).flatten()
    }

    /// The fields that the specification does not know.
    #[must_use]
    pub fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }
}
