//! A signed metadata file.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::error::Fault;
use crate::hashes::Hashes;
use crate::json::{JsonError, canonical};
use crate::key::{self, Signature, Signer};
use crate::metadata::{Listed, Role, Version};

/// A metadata file as it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed<R> {
    bytes: Vec<u8>,
    version: Version,
    role: PhantomData<fn() -> R>,
}

/// Metadata could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The signer failed.
    #[error("the key {keyid} cannot sign")]
    Signer {
        /// Whose.
        keyid: key::KeyId,
        /// Why.
        source: key::SignError,
    },
    /// What is to be signed has no canonical form: a fraction in a `custom` field, say.
    #[error("this cannot be signed: {0}")]
    NotCanonical(#[from] JsonError),
    /// It cannot be printed as JSON.
    #[error("this cannot be printed as JSON")]
    NotJson(#[from] serde_json::Error),
    /// Clients would refuse it, or no version can follow the last one.
    #[error(transparent)]
    Fault(#[from] Fault),
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    signatures: Vec<Signature>,
    signed: Box<RawValue>,
}

impl<R: Role> Signed<R> {
    pub(super) fn new<'a>(body: &R, signers: impl IntoIterator<Item = &'a dyn Signer>) -> Result<Self, SignError> {
        body.check().map_err(Fault::Format)?;
        let envelope = signed_by(to_raw_value(body)?, Vec::new(), signers)?;
        Ok(Self { bytes: serde_json::to_vec(&envelope)?, version: body.version(), role: PhantomData })
    }

    /// Adds signatures, each in place of an earlier one by the same key: as when the holders of root's keys sign one after
    /// the other.
    ///
    /// # Errors
    /// What the first signer that fails says.
    pub fn also_signed_by<'a>(self, signers: impl IntoIterator<Item = &'a dyn Signer>) -> Result<Self, SignError> {
        let envelope: Envelope = serde_json::from_slice(&self.bytes)?;
        let envelope = signed_by(envelope.signed, envelope.signatures, signers)?;
        Ok(Self { bytes: serde_json::to_vec(&envelope)?, ..self })
    }

    /// The file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The file.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Its version.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// How another role lists it: by version alone.
    #[must_use]
    pub fn listed_by_version(&self) -> Listed {
        Listed::version_only(self.version)
    }

    /// How another role lists it: by version, length and SHA-256.
    #[must_use]
    pub fn listed(&self) -> Listed {
        Listed::with_digest(self.version, &self.bytes)
    }

    /// Its digests.
    #[must_use]
    pub fn hashes(&self) -> Hashes {
        Hashes::sha256_of(&self.bytes)
    }
}

/// Signs any JSON value as the `signed` part of a metadata file, whatever it says: for tests of what must be refused.
///
/// # Errors
/// What the first signer that fails says.
pub fn sign_json<'a>(
    signed: &serde_json::Value,
    signers: impl IntoIterator<Item = &'a dyn Signer>,
) -> Result<Vec<u8>, SignError> {
    Ok(serde_json::to_vec(&signed_by(to_raw_value(signed)?, Vec::new(), signers)?)?)
}

fn signed_by<'a>(
    signed: Box<RawValue>,
    mut signatures: Vec<Signature>,
    signers: impl IntoIterator<Item = &'a dyn Signer>,
) -> Result<Envelope, SignError> {
    let message = canonical(signed.get().as_bytes())?;
    for signer in signers {
        let keyid = signer.key_id();
        let bytes = signer.sign(&message).map_err(|source| SignError::Signer { keyid: keyid.clone(), source })?;
        signatures.retain(|signature| signature.keyid != *keyid);
        signatures.push(Signature::new(keyid.clone(), &bytes));
    }
    drop(message);
    Ok(Envelope { signatures, signed })
}
