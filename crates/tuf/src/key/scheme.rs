//! The signature schemes that this program knows.

use std::fmt::{self, Display, Formatter};

/// How a key signs (§4.2, `SCHEME`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Scheme {
    /// `ed25519`
    Ed25519,
    /// `ecdsa-sha2-nistp256`
    EcdsaP256,
    /// `ecdsa-sha2-nistp384`
    EcdsaP384,
    /// `rsassa-pss-sha256`
    RsaPssSha256,
    /// `rsassa-pss-sha384`
    RsaPssSha384,
    /// `rsassa-pss-sha512`
    RsaPssSha512,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Ed25519, Self::EcdsaP256, Self::EcdsaP384, Self::RsaPssSha256, Self::RsaPssSha384, Self::RsaPssSha512];

    /// The scheme that metadata means. ECDSA keys of old have the scheme's name as their type.
    #[must_use]
    pub fn of(keytype: &str, scheme: &str) -> Option<Self> {
        let known = Self::ALL.into_iter().find(|known| known.as_str() == scheme)?;
        let is_old_spelling = known.keytype() == "ecdsa" && keytype == scheme;
        (known.keytype() == keytype || is_old_spelling).then_some(known)
    }

    /// Its name in metadata.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::EcdsaP256 => "ecdsa-sha2-nistp256",
            Self::EcdsaP384 => "ecdsa-sha2-nistp384",
            Self::RsaPssSha256 => "rsassa-pss-sha256",
            Self::RsaPssSha384 => "rsassa-pss-sha384",
            Self::RsaPssSha512 => "rsassa-pss-sha512",
        }
    }

    /// The type of its keys in metadata (§4.2, `KEYTYPE`).
    #[must_use]
    pub fn keytype(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::EcdsaP256 | Self::EcdsaP384 => "ecdsa",
            Self::RsaPssSha256 | Self::RsaPssSha384 | Self::RsaPssSha512 => "rsa",
        }
    }
}

impl Display for Scheme {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
