//! What a person signed, and not a role: a ballot, an audit. In the same form as metadata, `{"signed": …, "signatures": […]}`, signed
//! over the canonical form of what is in `signed`.
//!
//! It is one key that speaks: nothing is counted here, and nothing expires by itself.

use serde::de::DeserializeOwned;

use crate::error::Fault;
use crate::json::canonical;
use crate::key::{KeyId, PublicKey, Signature};
use crate::verify::{Envelope, malformed, signatures_of};

/// A statement of which nothing is known yet. What it says cannot be read without a key that signed it.
#[derive(Debug, Clone)]
pub struct Statement {
    /// In canonical form: what the signatures are over.
    signed: Vec<u8>,
    signatures: Vec<Signature>,
}

impl Statement {
    /// Reads a statement, as strictly as metadata are read.
    ///
    /// # Errors
    /// [`Fault::Json`], [`Fault::Format`], [`Fault::SignedTwice`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let envelope: Envelope<'_> = serde_json::from_slice(bytes).map_err(malformed)?;
        let signed = canonical(envelope.signed.get().as_bytes())?.into_owned();
        Ok(Self { signed, signatures: signatures_of(envelope.signatures)? })
    }

    /// What it says, if this key signed it under this identifier; `None` if it did not.
    ///
    /// # Errors
    /// [`Fault::Format`]: it was signed, and is not of this form.
    pub fn said_by<T: DeserializeOwned>(&self, id: &KeyId, key: &PublicKey) -> Result<Option<T>, Fault> {
        let signature = self.signatures.iter().find(|signature| signature.keyid == *id).and_then(Signature::bytes);
        match signature {
            Some(signature) if key.verifies(&self.signed, &signature) => {
                serde_json::from_slice(&self.signed).map(Some).map_err(malformed)
            }
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::edit::sign_json;
    use crate::key::{KeyPair, Signer};

    fn pair(seed: u8) -> KeyPair {
        KeyPair::from_seed([seed; 32]).unwrap()
    }

    fn signed(text: &serde_json::Value, by: &[&KeyPair]) -> Vec<u8> {
        sign_json(text, by.iter().map(|pair| *pair as &dyn Signer)).unwrap()
    }

    fn read(bytes: &[u8], by: &KeyPair) -> Result<Option<serde_json::Value>, Fault> {
        Statement::parse(bytes)?.said_by(by.key_id(), &by.key().public().unwrap())
    }

    #[test]
    fn only_a_key_that_signed_reads_it() {
        let (one, two) = (pair(1), pair(2));
        let says = json!({"vote": "for", "serial": 3});
        let bytes = signed(&says, &[&one]);
        assert_eq!(read(&bytes, &one).unwrap(), Some(says.clone()));
        assert_eq!(read(&bytes, &two).unwrap(), None);
        let both = signed(&says, &[&one, &two]);
        assert_eq!((read(&both, &one).unwrap(), read(&both, &two).unwrap()), (Some(says.clone()), Some(says)));
    }

    #[test]
    fn what_was_changed_says_nothing() {
        let one = pair(1);
        let text = String::from_utf8(signed(&json!({"vote": "against"}), &[&one])).unwrap();
        assert!(read(text.as_bytes(), &one).unwrap().is_some());
        assert_eq!(read(text.replace("against", "forever").as_bytes(), &one).unwrap(), None);
        // Another way of writing the same is the same.
        assert!(read(text.replace("{\"signed\":{", "{ \"signed\" : { ").as_bytes(), &one).unwrap().is_some());
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for text in [
            r#"{"signed":{"a":1,"a":2},"signatures":[]}"#,
            r#"{"signed":{"a":1.5},"signatures":[]}"#,
            r#"{"signed":{}}"#,
            r#"[]"#,
            r#"{"signed":{},"signatures":[{"keyid":"aa","sig":"00"},{"keyid":"aa","sig":"01"}]}"#,
        ] {
            assert!(Statement::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
