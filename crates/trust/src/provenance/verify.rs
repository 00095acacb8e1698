//! The one place that knows `sigstore-verify`: signature, certificate, transparency log.

use std::fmt;

use affineur_packaging::text::printable;
use affineur_packaging::{FileName, Sha256};
use jiff::Timestamp;
use serde_json::json;
use sigstore_verify::crypto::{CertificateInfo, KeyAlgorithm};
use sigstore_verify::trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot as SigstoreRoot};
use sigstore_verify::types::{Bundle, Sha256Hash};
use sigstore_verify::{Error, VerificationPolicy, VerificationResult, Verifier};

use super::publisher::{Claims, Publisher};
use super::{Attestation, Predicate, ProvenanceFault, RootFault, statement};
use crate::limits;

/// Whose certificates and logs are believed: an instance of Sigstore.
pub struct TrustedRoot(Verifier);

impl fmt::Debug for TrustedRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedRoot").finish_non_exhaustive()
    }
}

impl TrustedRoot {
    /// The public instance as it was when this program was built. It ages: what a log or an authority that began later signed does
    /// not verify with it.
    ///
    /// # Errors
    /// Never, while the tests pass.
    pub fn embedded() -> Result<Self, RootFault> {
        Self::parse(SIGSTORE_PRODUCTION_TRUSTED_ROOT.as_bytes())
    }

    /// Another instance: the JSON of Sigstore's `trusted_root.json`.
    ///
    /// # Errors
    /// See [`RootFault`].
    pub fn parse(json: &[u8]) -> Result<Self, RootFault> {
        if json.len() > limits::TRUSTED_ROOT_BYTES {
            return Err(RootFault::TooLong);
        }
        let fault = |error: &dyn fmt::Display| RootFault::Format(words(error));
        let text = str::from_utf8(json).map_err(|error| fault(&error))?;
        let root = SigstoreRoot::from_json(text).map_err(|error| fault(&error))?;
        if root.certificate_authorities.is_empty() || root.tlogs.is_empty() {
            return Err(RootFault::Format("it has no certificate authority, or no log".to_owned()));
        }
        Verifier::new(&root).map(Self).map_err(|error| fault(&error))
    }
}

/// An attestation that holds for the file that it was verified for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    publisher: Publisher,
    predicate: Predicate,
    logged_at: Timestamp,
    attestation: Attestation,
}

impl Verified {
    /// Who signed it, as the certificate says.
    #[must_use]
    pub const fn publisher(&self) -> &Publisher {
        &self.publisher
    }

    /// What is stated.
    #[must_use]
    pub const fn predicate(&self) -> Predicate {
        self.predicate
    }

    /// The earliest time that a log has signed for.
    #[must_use]
    pub const fn logged_at(&self) -> Timestamp {
        self.logged_at
    }

    /// The attestation itself, to be stored or passed on.
    #[must_use]
    pub const fn attestation(&self) -> &Attestation {
        &self.attestation
    }
}

impl Attestation {
    /// Verifies it for a file of this name and digest.
    ///
    /// # Errors
    /// See [`ProvenanceFault`].
    pub fn verify(&self, root: &TrustedRoot, file: &FileName, sha256: &Sha256) -> Result<Verified, ProvenanceFault> {
        let predicate = statement::check(&self.envelope.statement.0, file, sha256)?;
        let bundle = self.bundle()?;
        let digest = Sha256Hash::new(*sha256.as_bytes());
        // Any identity: which one it is comes out, and the caller decides what it is worth.
        let result = root.0.verify(digest, &bundle, &VerificationPolicy::any_identity()).map_err(|error| fault(&error))?;
        let certificate = checked(&result)?;
        let logged_at = result.verified_timestamps().iter().min().copied();
        Ok(Verified {
            publisher: Publisher::from_claims(claims(certificate)?)?,
            predicate,
            logged_at: logged_at.ok_or_else(|| ProvenanceFault::Time("nothing proves it".to_owned()))?,
            attestation: self.clone(),
        })
    }

    /// It in Sigstore's own form: one certificate, one signature over a statement of in-toto.
    fn bundle(&self) -> Result<Bundle, ProvenanceFault> {
        let bundle = json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": { "rawBytes": self.verification_material.certificate },
                "tlogEntries": self.verification_material.transparency_entries,
            },
            "dsseEnvelope": {
                "payload": self.envelope.statement,
                "payloadType": "application/vnd.in-toto+json",
                "signatures": [{ "sig": self.envelope.signature }],
            },
        });
        // From a text: some of its types cannot be read from a value.
        Bundle::from_json(&bundle.to_string()).map_err(|error| ProvenanceFault::Proof(words(&error)))
    }
}

/// The certificate of a result for which everything was checked that there is.
fn checked(result: &VerificationResult) -> Result<&CertificateInfo, ProvenanceFault> {
    let certificate = result.certificate().filter(|_| result.certificate_verified() && result.sct_verified());
    let certificate = certificate.ok_or_else(|| ProvenanceFault::Certificate("it was not verified".to_owned()))?;
    if !result.tlog_verified() {
        return Err(ProvenanceFault::Log("it was not verified".to_owned()));
    }
    match certificate.key_algorithm {
        KeyAlgorithm::EcdsaP256 => Ok(certificate),
        _ => Err(ProvenanceFault::Key),
    }
}

fn claims(certificate: &CertificateInfo) -> Result<Claims<'_>, ProvenanceFault> {
    let said = &certificate.ci_claims;
    Ok(Claims {
        issuer: certificate.issuer.as_deref().ok_or(ProvenanceFault::Publisher("it has no issuer of identities"))?,
        subject: certificate.identity.as_ref().ok_or(ProvenanceFault::Publisher("it has no subject"))?.as_str(),
        repository: said.source_repository_uri.as_deref(),
        repository_id: said.source_repository_identifier.as_deref(),
        owner_id: said.source_repository_owner_identifier.as_deref(),
        build_config: said.build_config_uri.as_deref(),
        environment: said.deployment_environment.as_deref(),
    })
}

fn fault(error: &Error) -> ProvenanceFault {
    match error {
        Error::SignatureInvalid(_) => ProvenanceFault::Signature,
        Error::Certificate(error) => ProvenanceFault::Certificate(words(error)),
        Error::TransparencyLog(error) => ProvenanceFault::Log(words(error)),
        // What a bundle of this shape can lack is only found in its log entries.
        Error::Bundle(error) => ProvenanceFault::Log(words(error)),
        Error::Timestamp(error) => ProvenanceFault::Time(words(error)),
        other => ProvenanceFault::Proof(words(other)),
    }
}

/// What the library says; it may quote what it read.
fn words(error: &dyn fmt::Display) -> String {
    printable(&error.to_string(), limits::PROBLEM_CHARACTERS)
}
