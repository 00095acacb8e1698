//! From bytes to trust: [`Unverified`], [`Authentic`], [`Current`]; and the one place that counts signatures.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::{Fault, RoleLabel};
use crate::hashes::sha256;
use crate::json::canonical;
use crate::key::{Key, KeyError, KeyId, PublicKey, Signature};
use crate::limits;
use crate::metadata::{Role, Threshold, TopRole, Version};
use crate::seal::Seal;
use crate::time::ReferenceTime;

/// Metadata of which nothing is known yet. Its body cannot be read.
#[derive(Debug)]
pub struct Unverified<R> {
    body: R,
    /// In canonical form: what the signatures are over.
    signed: Vec<u8>,
    signatures: Vec<Signature>,
    content: [u8; 32],
}

/// Metadata that enough keys of its role signed. It may forbid going back; it may not be used: it may have expired, and be
/// another version than the one that belongs here.
#[derive(Debug)]
pub struct Authentic<R> {
    body: R,
    content: [u8; 32],
    authority: [u8; 32],
}

/// Metadata that is authentic, is what it was listed as, is not older than what was seen, and had not expired.
#[derive(Debug)]
pub struct Current<R> {
    authentic: Authentic<R>,
}

/// Who may sign a role: its keys, each once, and how many of them must.
#[derive(Debug, Clone)]
pub struct Authority<R> {
    role: RoleLabel,
    keys: Vec<(KeyId, Result<PublicKey, KeyError>)>,
    threshold: Threshold,
    kind: PhantomData<fn() -> R>,
}

/// A signed file.
#[derive(Deserialize)]
pub(crate) struct Envelope<'a> {
    #[serde(borrow)]
    pub(crate) signatures: &'a RawValue,
    #[serde(borrow)]
    pub(crate) signed: &'a RawValue,
}

impl<R: Role> Unverified<R> {
    /// Reads a metadata file. In what is signed and in the signatures, members that stand twice and numbers that are not
    /// integers are errors; so are two signatures under one identifier, another type, and a `spec_version` other than 1.x.
    /// Other members of the file are not looked at.
    ///
    /// # Errors
    /// [`Fault::Json`], [`Fault::Format`], [`Fault::Kind`], [`Fault::SignedTwice`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let envelope: Envelope<'_> = serde_json::from_slice(bytes).map_err(malformed)?;
        let signed = canonical(envelope.signed.get().as_bytes())?.into_owned();
        let body = body_of(envelope.signed)?;
        let signatures = signatures_of(envelope.signatures)?;
        Ok(Self { body, signed, signatures, content: sha256(&[bytes]) })
    }

    /// Counts the keys of the authority that signed this (§5.3.4, 5.4.2, 5.5.3, 5.6.3): the one place that does. A key counts
    /// once, and a signature that is not valid counts nothing and does no harm.
    ///
    /// # Errors
    /// [`Fault::Threshold`].
    pub fn verify(self, by: &Authority<R>) -> Result<Authentic<R>, Fault> {
        self.is_signed_by(by)?;
        Ok(Authentic { body: self.body, content: self.content, authority: by.digest() })
    }

    /// As [`Self::verify`], for a root that the trusted root and itself must accept.
    pub(crate) fn is_signed_by(&self, by: &Authority<R>) -> Result<(), Fault> {
        let threshold = by.threshold.number();
        let mut found = 0;
        for (id, key) in &by.keys {
            let signature = self.signatures.iter().find(|signature| signature.keyid == *id);
            let (Some(signature), Ok(key)) = (signature.and_then(Signature::bytes), key) else { continue };
            if key.verifies(&self.signed, &signature) {
                found += 1;
            }
            if found >= threshold {
                return Ok(());
            }
        }
        let unusable = by.keys.iter().filter_map(|(id, key)| Some((id.clone(), key.as_ref().err()?.clone()))).collect();
        Err(Fault::Threshold { threshold: by.threshold, found, unusable })
    }

    /// The body of a root, whose own keys are needed to verify it.
    pub(crate) const fn claimed(&self) -> &R {
        &self.body
    }

    /// The body, for whoever edits it and signs it anew.
    #[cfg(feature = "signing")]
    pub(crate) fn into_body(self) -> R {
        self.body
    }
}

/// Reads the signatures, of which each identifier has one.
pub(crate) fn signatures_of(entries: &RawValue) -> Result<Vec<Signature>, Fault> {
    canonical(entries.get().as_bytes())?;
    let signatures: Vec<Signature> = serde_json::from_str(entries.get()).map_err(malformed)?;
    if signatures.len() > limits::SIGNATURES {
        let found = signatures.len();
        return Err(Fault::Format(format!("{found} signatures, at most {} are accepted", limits::SIGNATURES)));
    }
    let mut seen = BTreeSet::new();
    match signatures.iter().find(|signature| !seen.insert(&signature.keyid)) {
        Some(twice) => Err(Fault::SignedTwice(twice.keyid.clone())),
        None => Ok(signatures),
    }
}

/// Reads the body; says what is wrong with it as precisely as it can.
fn body_of<R: Role>(signed: &RawValue) -> Result<R, Fault> {
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "_type")]
        kind: String,
    }
    let text = signed.get();
    let other_kind = |found: String| Fault::Kind { expected: R::KIND, found: found.escape_debug().to_string() };
    let body: R = serde_json::from_str(text).map_err(|error| match serde_json::from_str::<Kind>(text) {
        Ok(found) if found.kind != R::KIND.as_str() => other_kind(found.kind),
        _ => malformed(error),
    })?;
    if body.kind() != R::KIND {
        return Err(other_kind(body.kind().as_str().to_owned()));
    }
    body.check().map_err(Fault::Format)?;
    Ok(body)
}

pub(crate) fn malformed(error: impl std::fmt::Display) -> Fault {
    Fault::Format(error.to_string().chars().flat_map(char::escape_debug).take(limits::MESSAGE_CHARACTERS).collect())
}

impl<R: Role> Authentic<R> {
    /// Takes bytes from the local trusted copy of which an earlier start found that this authority signed them.
    ///
    /// # Errors
    /// [`Fault::Format`] and others if the seal holds and the bytes cannot be read all the same; `None` if it does not hold.
    pub(crate) fn sealed(bytes: &[u8], seal: &Seal, by: &Authority<R>) -> Option<Result<Self, Fault>> {
        let authority = by.digest();
        if !seal.vouches_for(bytes, &authority) {
            return None;
        }
        let read = || {
            let envelope: Envelope<'_> = serde_json::from_slice(bytes).map_err(malformed)?;
            Ok(Self { body: body_of(envelope.signed)?, content: *seal.content(), authority })
        };
        Some(read())
    }

    /// The version that was signed.
    #[must_use]
    pub fn version(&self) -> Version {
        self.body.version()
    }

    /// What it has to say against going back, and nothing else.
    pub(crate) const fn floor(&self) -> &R {
        &self.body
    }

    /// The one place that makes metadata usable, for every role: the version that is expected, and not expired.
    pub(crate) fn current(self, expected: Option<Version>, now: ReferenceTime) -> Result<Current<R>, Fault> {
        let found = self.version();
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            return Err(Fault::Version { expected, found });
        }
        let expires = self.body.expires();
        if expires.has_passed(now) {
            return Err(Fault::Expired { expires, now });
        }
        Ok(Current { authentic: self })
    }

    /// SHA-256 of the file.
    pub(crate) const fn content(&self) -> &[u8; 32] {
        &self.content
    }

    pub(crate) fn seal(&self, online_keys: [u8; 32]) -> Seal {
        Seal::new(self.content, self.authority, online_keys)
    }
}

impl<R: Role> Current<R> {
    /// What it says.
    #[must_use]
    pub const fn body(&self) -> &R {
        &self.authentic.body
    }

    pub(crate) const fn authentic(&self) -> &Authentic<R> {
        &self.authentic
    }

    /// Whether it may still be used at a later time.
    pub(crate) fn live(&self, now: ReferenceTime) -> Result<(), Fault> {
        let expires = self.body().expires();
        if expires.has_passed(now) { Err(Fault::Expired { expires, now }) } else { Ok(()) }
    }
}

impl<R: Role> Authority<R> {
    /// Puts together who may sign a role. An identifier without a key signs nothing; one public key under two identifiers is
    /// an error, since it must count only once (TAP 12).
    pub(crate) fn new(
        role: RoleLabel,
        keyids: &[KeyId],
        keys: &BTreeMap<KeyId, Key>,
        threshold: Threshold,
    ) -> Result<Self, Fault> {
        let keys: Vec<_> = keyids.iter().filter_map(|id| Some((id.clone(), keys.get(id)?.public()))).collect();
        let mut seen = BTreeMap::new();
        for (id, key) in &keys {
            let Ok(key) = key else { continue };
            if let Some(first) = seen.insert(key, id) {
                return Err(Fault::SameKey { first: first.clone(), second: id.clone() });
            }
        }
        Ok(Self { role, keys, threshold, kind: PhantomData })
    }

    /// The role that it may sign.
    #[must_use]
    pub const fn role(&self) -> &RoleLabel {
        &self.role
    }

    /// How many keys must sign.
    #[must_use]
    pub const fn threshold(&self) -> Threshold {
        self.threshold
    }

    /// The identifiers of the keys.
    pub fn keyids(&self) -> impl Iterator<Item = &KeyId> {
        self.keys.iter().map(|(id, _)| id)
    }

    /// A digest of the role's name, threshold, identifiers and keys: two that are equal accept the same bytes.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut text = Vec::new();
        let mut add = |part: &[u8]| {
            text.extend_from_slice(&(part.len() as u64).to_be_bytes());
            text.extend_from_slice(part);
        };
        add(self.kind().as_str().as_bytes());
        add(self.role.as_str().as_bytes());
        add(&self.threshold.number().to_be_bytes());
        for (id, key) in &self.keys {
            add(id.as_str().as_bytes());
            add(key.as_ref().map_or("", |key| key.scheme().as_str()).as_bytes());
            add(key.as_ref().map_or(&[], PublicKey::material));
        }
        sha256(&[&text])
    }

    /// A digest of the public keys alone, in whatever order and under whatever identifiers.
    pub(crate) fn keys_digest(&self) -> [u8; 32] {
        let materials: BTreeSet<[u8; 32]> =
            self.keys.iter().filter_map(|(_, key)| Some(sha256(&[key.as_ref().ok()?.material()]))).collect();
        sha256(&[&materials.into_iter().flatten().collect::<Vec<u8>>()])
    }

    const fn kind(&self) -> TopRole {
        R::KIND
    }
}

#[cfg(test)]
mod tests;
