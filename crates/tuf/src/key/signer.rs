//! What signs: a trait for anything that holds a private key, and keys held in memory.

use std::fmt::{self, Debug, Formatter};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::pkcs8;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
    KeyPair as _, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaKeyPair, RsaSignatureEncoding,
};

use super::{Key, KeyError, KeyId, Scheme, hex, pem};

/// Something that signs with one key: in memory, on a device, behind a service.
pub trait Signer: Send + Sync {
    /// The public part, as metadata is to have it.
    fn key(&self) -> &Key;

    /// Under which identifier metadata is to have it.
    fn key_id(&self) -> &KeyId;

    /// The signature over exactly this message.
    ///
    /// # Errors
    /// When whatever holds the private key refuses or cannot be reached.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// A signer did not sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key {key_id} did not sign: {reason}")]
pub struct SignError {
    /// The key that was asked.
    pub key_id: KeyId,
    /// What its holder answered; nothing secret.
    pub reason: String,
}

/// A private key in memory.
pub struct KeyPair {
    scheme: Scheme,
    secret: Secret,
    key: Key,
    key_id: KeyId,
}

/// Why there is no key pair.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyPairError {
    /// The bytes are not PKCS #8 of a private key of this scheme, or it is too short.
    #[error("this is not a private key for {scheme} in PKCS #8: {reason}")]
    Rejected {
        /// The scheme that was looked for.
        scheme: Scheme,
        /// What the cryptographic library says.
        reason: String,
    },
    /// The bytes are not PKCS #8 of a private key of any scheme.
    #[error("this is not a private key in PKCS #8, or of an algorithm that is not used here")]
    Unknown,
    /// The cryptographic library failed, which it does without randomness or memory.
    #[error("the cryptographic library could not make a key for {scheme}")]
    Failed {
        /// The scheme that was asked for.
        scheme: Scheme,
    },
    /// The private key is intact, but its public part would verify nothing.
    #[error(transparent)]
    Public(#[from] KeyError),
}

impl KeyPair {
    /// The Ed25519 key of a seed, which is the private key: 32 bytes that nobody can guess.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn from_seed(seed: [u8; 32]) -> Result<Self, KeyPairError> {
        let scheme = Scheme::Ed25519;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyPairError::Failed { scheme })?;
        Self::new(scheme, Secret::Ed25519(pair))
    }

    /// The key in a PKCS #8 document (DER), whatever its algorithm. RSA keys sign with `rsassa-pss-sha256`.
    ///
    /// # Errors
    /// When it is no private key of an algorithm that is used here, or an RSA key that is too short or too long.
    pub fn from_pkcs8(document: &[u8]) -> Result<Self, KeyPairError> {
        let schemes = [Scheme::Ed25519, Scheme::EcdsaP256, Scheme::EcdsaP384, Scheme::RsaPssSha256];
        schemes.into_iter().find_map(|scheme| Self::from_pkcs8_for(scheme, document).ok()).ok_or(KeyPairError::Unknown)
    }

    /// The key of this scheme in a PKCS #8 document (DER).
    ///
    /// # Errors
    /// When it is no private key of this scheme.
    pub fn from_pkcs8_for(scheme: Scheme, document: &[u8]) -> Result<Self, KeyPairError> {
        let rejected = |reason: KeyRejected| KeyPairError::Rejected { scheme, reason: reason.to_string() };
        Self::new(scheme, Secret::from_pkcs8(scheme, document).map_err(rejected)?)
    }

    /// A new key, with the system's randomness: `random` has to be that, as nothing else implements [`SecureRandom`]. RSA has
    /// 3072 bits, the strength of the others.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate(scheme: Scheme, random: &dyn SecureRandom) -> Result<Self, KeyPairError> {
        let secret = Secret::generate(scheme, random).map_err(|Unspecified| KeyPairError::Failed { scheme })?;
        Self::new(scheme, secret)
    }

    /// The same key under another identifier than the computed one (TAP 12).
    #[must_use]
    pub fn with_id(self, key_id: KeyId) -> Self {
        Self { key_id, ..self }
    }

    /// The private key as a PKCS #8 document (DER), which is overwritten when it is dropped.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn to_pkcs8(&self) -> Result<PrivateKeyDocument, KeyPairError> {
        self.secret.to_pkcs8().map_err(|Unspecified| KeyPairError::Failed { scheme: self.scheme })
    }

    fn new(scheme: Scheme, secret: Secret) -> Result<Self, KeyPairError> {
        let public = secret.public().map_err(|Unspecified| KeyPairError::Failed { scheme })?;
        let key = Key::new(scheme, public);
        key.public()?;
        Ok(Self { key_id: key.computed_id(), scheme, secret, key })
    }
}

impl Signer for KeyPair {
    fn key(&self) -> &Key {
        &self.key
    }

    fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let failed =
            |Unspecified| SignError { key_id: self.key_id.clone(), reason: "the cryptographic library failed".to_owned() };
        self.secret.sign(message).map_err(failed)
    }
}

/// The public part only.
impl Debug for KeyPair {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeyPair({} {})", self.scheme, self.key_id)
    }
}

enum Secret {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair, &'static RsaSignatureEncoding),
}

impl Secret {
    fn from_pkcs8(scheme: Scheme, document: &[u8]) -> Result<Self, KeyRejected> {
        match Algorithm::of(scheme) {
            Algorithm::Ed25519 => Ed25519KeyPair::from_pkcs8(document).map(Self::Ed25519),
            Algorithm::Ecdsa(algorithm) => EcdsaKeyPair::from_pkcs8(algorithm, document).map(Self::Ecdsa),
            Algorithm::Rsa(encoding) => RsaKeyPair::from_pkcs8(document).map(|pair| Self::Rsa(pair, encoding)),
        }
    }

    fn generate(scheme: Scheme, random: &dyn SecureRandom) -> Result<Self, Unspecified> {
        Ok(match Algorithm::of(scheme) {
            Algorithm::Ed25519 => Self::Ed25519(Ed25519KeyPair::from_pkcs8(Ed25519KeyPair::generate_pkcs8(random)?.as_ref())?),
            Algorithm::Ecdsa(algorithm) => Self::Ecdsa(EcdsaKeyPair::generate(algorithm)?),
            Algorithm::Rsa(encoding) => Self::Rsa(RsaKeyPair::generate(KeySize::Rsa3072)?, encoding),
        })
    }

    /// As metadata spells it.
    fn public(&self) -> Result<String, Unspecified> {
        let info: PublicKeyX509Der<'_> = match self {
            Self::Ed25519(pair) => return Ok(hex::encode(pair.public_key().as_ref())),
            Self::Ecdsa(pair) => pair.public_key().as_der()?,
            Self::Rsa(pair, _) => pair.public_key().as_der()?,
        };
        Ok(pem::encode(info.as_ref()))
    }

    fn to_pkcs8(&self) -> Result<PrivateKeyDocument, Unspecified> {
        Ok(match self {
            Self::Ed25519(pair) => PrivateKeyDocument(Document::Small(pair.to_pkcs8v1()?)),
            Self::Ecdsa(pair) => PrivateKeyDocument(Document::Small(pair.to_pkcs8v1()?)),
            Self::Rsa(pair, _) => PrivateKeyDocument(Document::Rsa(pair.as_der()?)),
        })
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        match self {
            Self::Ed25519(pair) => Ok(pair.try_sign(message)?.as_ref().to_vec()),
            Self::Ecdsa(pair) => Ok(pair.sign(&SystemRandom::new(), message)?.as_ref().to_vec()),
            Self::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &SystemRandom::new(), message, &mut signature)?;
                Ok(signature)
            }
        }
    }
}

/// A private key as PKCS #8 (DER). Both forms overwrite themselves when they are dropped.
pub struct PrivateKeyDocument(Document);

enum Document {
    Small(pkcs8::Document),
    Rsa(Pkcs8V1Der<'static>),
}

impl AsRef<[u8]> for PrivateKeyDocument {
    fn as_ref(&self) -> &[u8] {
        match &self.0 {
            Document::Small(document) => document.as_ref(),
            Document::Rsa(document) => document.as_ref(),
        }
    }
}

impl Debug for PrivateKeyDocument {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("PrivateKeyDocument")
    }
}

/// What a scheme is called in the cryptographic library.
enum Algorithm {
    Ed25519,
    Ecdsa(&'static EcdsaSigningAlgorithm),
    Rsa(&'static RsaSignatureEncoding),
}

impl Algorithm {
    fn of(scheme: Scheme) -> Self {
        match scheme {
            Scheme::Ed25519 => Self::Ed25519,
            Scheme::EcdsaP256 => Self::Ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING),
            Scheme::EcdsaP384 => Self::Ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING),
            Scheme::RsaPssSha256 => Self::Rsa(&RSA_PSS_SHA256),
            Scheme::RsaPssSha384 => Self::Rsa(&RSA_PSS_SHA384),
            Scheme::RsaPssSha512 => Self::Rsa(&RSA_PSS_SHA512),
        }
    }
}
