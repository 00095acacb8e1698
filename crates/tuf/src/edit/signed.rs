//! A signed metadata file.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::NamedKey;
use crate::error::Fault;
use crate::hashes::Hashes;
use crate::json::{JsonError, canonical};
use crate::key::{self, Signature, Signer};
use crate::metadata::{Listed, Role, Threshold, Version};
use crate::verify::{Authority, Unverified};

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

/// How a file begins, where nothing has to be copied to put signatures to it.
const BEFORE_SIGNED: &[u8] = br#"{"signed":"#;
/// Room for two signatures by Ed25519 keys.
const ROOM_FOR_SIGNATURES: usize = 600;

impl<R: Role> Signed<R> {
    pub(super) fn new<'a>(body: &R, signers: impl IntoIterator<Item = &'a dyn Signer>) -> Result<Self, SignError> {
        body.check().map_err(Fault::Format)?;
        let envelope = signed_by(to_raw_value(body)?, Vec::new(), signers)?;
        Ok(Self { bytes: serde_json::to_vec(&envelope)?, version: body.version(), role: PhantomData })
    }

    /// Signs what is in canonical form already, in these parts, and has nothing in it that must not stand in a file.
    pub(super) fn of_canonical<'a>(
        parts: [&[u8]; 3],
        version: Version,
        signers: impl IntoIterator<Item = &'a dyn Signer>,
    ) -> Result<Self, SignError> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut bytes = Vec::with_capacity(BEFORE_SIGNED.len() + length + ROOM_FOR_SIGNATURES);
        bytes.extend_from_slice(BEFORE_SIGNED);
        parts.iter().for_each(|part| bytes.extend_from_slice(part));
        let message = bytes.get(BEFORE_SIGNED.len()..).unwrap_or_default();
        let signatures = signatures_over(message, Vec::new(), signers)?;
        bytes.extend_from_slice(br#","signatures":"#);
        serde_json::to_writer(&mut bytes, &signatures)?;
        bytes.push(b'}');
        Ok(Self { bytes, version, role: PhantomData })
    }

    /// Takes a file to which signatures are to be added. None of them is checked: see [`signers`].
    ///
    /// # Errors
    /// What [`Unverified::parse`] finds.
    pub fn reopen(file: &[u8]) -> Result<Self, Fault> {
        let version = Unverified::<R>::parse(file)?.claimed().version();
        Ok(Self { bytes: file.to_vec(), version, role: PhantomData })
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

/// Which of these keys signed a file, for whoever gathers signatures. Whether they are enough for clients is said by
/// [`Unverified::verify`] alone.
///
/// # Errors
/// What [`Unverified::parse`] finds.
pub fn signers<R: Role>(file: &[u8], keys: &[NamedKey]) -> Result<Vec<key::KeyId>, Fault> {
    let file: Unverified<R> = Unverified::parse(file)?;
    let signed = |(id, key): &&NamedKey| {
        let only = BTreeMap::from([(id.clone(), key.clone())]);
        let by = Authority::new(R::KIND.into(), std::slice::from_ref(id), &only, Threshold::ONE);
        by.is_ok_and(|by| file.is_signed_by(&by).is_ok())
    };
    Ok(keys.iter().filter(signed).map(|(id, _)| id.clone()).collect())
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
    signatures: Vec<Signature>,
    signers: impl IntoIterator<Item = &'a dyn Signer>,
) -> Result<Envelope, SignError> {
    let signatures = signatures_over(&canonical(signed.get().as_bytes())?, signatures, signers)?;
    Ok(Envelope { signatures, signed })
}

fn signatures_over<'a>(
    message: &[u8],
    mut signatures: Vec<Signature>,
    signers: impl IntoIterator<Item = &'a dyn Signer>,
) -> Result<Vec<Signature>, SignError> {
    for signer in signers {
        let keyid = signer.key_id();
        let bytes = signer.sign(message).map_err(|source| SignError::Signer { keyid: keyid.clone(), source })?;
        signatures.retain(|signature| signature.keyid != *keyid);
        signatures.push(Signature::new(keyid.clone(), &bytes));
    }
    Ok(signatures)
}
