//! From the public part of a key, as metadata spells it, to what verifies. One function for each kind of key.
//!
//! The cryptographic library reads DER generously: explicit curves, hybrid points, bytes after the end. Here only the exact
//! encoding of a key of the scheme passes.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519, ED25519_PUBLIC_KEY_LEN, EcdsaVerificationAlgorithm,
    ParsedPublicKey, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    RsaPssSaltLength, RsaSubjectPublicKey, VerificationAlgorithm,
};

use super::pem::{self, Label};
use super::{KeyError, Scheme, hex};
use crate::limits::{RSA_MAXIMUM_BITS, RSA_MINIMUM_BITS};

/// The one encoding of the key, and the verifiers for each form of signature that its scheme has.
type Parsed = (PublicKeyX509Der<'static>, Vec<ParsedPublicKey>);

pub(super) fn parse(scheme: Scheme, public: &str) -> Result<Parsed, KeyError> {
    match scheme {
        Scheme::Ed25519 => ed25519(public),
        Scheme::EcdsaP256 => ecdsa(scheme, public, &P256),
        Scheme::EcdsaP384 => ecdsa(scheme, public, &P384),
        Scheme::RsaPssSha256 => rsa(scheme, public, &SHA256_SALTS),
        Scheme::RsaPssSha384 => rsa(scheme, public, &SHA384_SALTS),
        Scheme::RsaPssSha512 => rsa(scheme, public, &SHA512_SALTS),
    }
}

/// 2²⁵⁵ − 19. A coordinate that is not below it would be a second spelling of another one (RFC 8032 §5.1.3).
const ED25519_FIELD: &str = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed";

/// The points whose order divides eight, by their coordinate y; each y stands for both signs of x. For such a key, signatures
/// are made without a private key, and one signature may hold for many messages.
const ED25519_SMALL_ORDER: [&str; 5] = [
    // Order 4: the sum of such a key with itself has order 2.
    "0000000000000000000000000000000000000000000000000000000000000000",
    // Order 1: the neutral point.
    "0000000000000000000000000000000000000000000000000000000000000001",
    // Order 8, two of the four points.
    "05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826",
    // Order 8, the other two.
    "7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7",
    // Order 2: y = −1.
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec",
];

fn ed25519(public: &str) -> Result<Parsed, KeyError> {
    let scheme = Scheme::Ed25519;
    let point =
        hex::decode(public).filter(|point| point.len() == ED25519_PUBLIC_KEY_LEN).ok_or(KeyError::Spelling { scheme })?;
    // The coordinate comes lowest byte first; the highest bit of all is the sign of x.
    let mut y: Vec<u8> = point.iter().rev().copied().collect();
    if let Some(highest) = y.first_mut() {
        *highest &= 0x7f;
    }
    let y = hex::encode(&y);
    if y.as_str() >= ED25519_FIELD {
        return Err(KeyError::Material { scheme });
    }
    if ED25519_SMALL_ORDER.contains(&y.as_str()) {
        return Err(KeyError::SmallOrder);
    }
    prepared(&[&ED25519], &point).map_err(|_| KeyError::Material { scheme })
}

struct Curve {
    algorithm: &'static EcdsaVerificationAlgorithm,
    /// AlgorithmIdentifier in DER: the curve by its name (RFC 5480 §2).
    identifier: &'static [u8],
}

const P256: Curve = Curve {
    algorithm: &ECDSA_P256_SHA256_ASN1,
    identifier: b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
};
const P384: Curve = Curve {
    algorithm: &ECDSA_P384_SHA384_ASN1,
    identifier: b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22",
};

impl Curve {
    /// SubjectPublicKeyInfo: SEQUENCE { identifier, BIT STRING point }. All lengths are below 128.
    fn info(&self, point: &[u8]) -> Option<Vec<u8>> {
        let bits = u8::try_from(point.len() + 1).ok()?;
        let whole = u8::try_from(self.identifier.len() + 2).ok()?.checked_add(bits)?;
        Some([&[0x30, whole], self.identifier, &[0x03, bits, 0], point].concat())
    }

    /// The point within, when this is exactly what [`Curve::info`] writes for it.
    fn point<'a>(&self, info: &'a [u8]) -> Option<&'a [u8]> {
        let point = info.get(self.identifier.len() + 5..)?;
        // Compressed or uncompressed. Another form, which has both at once, is not in RFC 5480.
        let is_form_known = matches!(point.first(), Some(2..=4));
        (is_form_known && self.info(point).as_deref() == Some(info)).then_some(point)
    }
}

fn ecdsa(scheme: Scheme, public: &str, curve: &Curve) -> Result<Parsed, KeyError> {
    let Some((Label::PublicKey, info)) = pem::decode(public) else {
        return Err(KeyError::Spelling { scheme });
    };
    let point = curve.point(&info).ok_or(KeyError::Material { scheme })?;
    prepared(&[curve.algorithm], point).map_err(|_| KeyError::Material { scheme })
}

/// The specification does not say how long the salt of RSA-PSS is. Most signers take the length of the digest; some, among them
/// programs in Go by default, the longest that fits. Both are accepted, no other.
type Salts = [&'static dyn VerificationAlgorithm; 2];
const LONGEST: RsaPssSaltLength = RsaPssSaltLength::Max;
const SHA256_SALTS: Salts = [&RSA_PSS_2048_8192_SHA256, &const { RSA_PSS_2048_8192_SHA256.with_pss_salt_length(LONGEST) }];
const SHA384_SALTS: Salts = [&RSA_PSS_2048_8192_SHA384, &const { RSA_PSS_2048_8192_SHA384.with_pss_salt_length(LONGEST) }];
const SHA512_SALTS: Salts = [&RSA_PSS_2048_8192_SHA512, &const { RSA_PSS_2048_8192_SHA512.with_pss_salt_length(LONGEST) }];

fn rsa(scheme: Scheme, public: &str, salts: &Salts) -> Result<Parsed, KeyError> {
    let (label, der) = pem::decode(public).ok_or(KeyError::Spelling { scheme })?;
    let material = |_| KeyError::Material { scheme };
    let key = RsaSubjectPublicKey::from_der(&der).map_err(|error| material(error.into()))?;
    let found = RsaParameters::public_modulus_len(key.as_ref()).map_err(material)?;
    if !(RSA_MINIMUM_BITS..=RSA_MAXIMUM_BITS).contains(&found) {
        return Err(KeyError::Modulus { found });
    }
    let parsed = prepared(salts, key.as_ref()).map_err(material)?;
    let expected = match label {
        Label::PublicKey => parsed.0.as_ref(),
        Label::RsaPublicKey => key.as_ref(),
    };
    if der == expected { Ok(parsed) } else { Err(KeyError::Material { scheme }) }
}

fn prepared(algorithms: &[&'static dyn VerificationAlgorithm], key: &[u8]) -> Result<Parsed, Unspecified> {
    let parse = |algorithm: &&'static dyn VerificationAlgorithm| ParsedPublicKey::new(*algorithm, key);
    let verifiers = algorithms.iter().map(parse).collect::<Result<Vec<_>, KeyRejected>>()?;
    let material = verifiers.first().ok_or(Unspecified)?.as_der()?;
    Ok((material, verifiers))
}
