//! Tokens: who may write what. The store has the hash of a secret, never the secret.

use affineur_packaging::{ProjectName, Sha256};
use affineur_trust::provenance::PublisherName;
use jiff::{Timestamp, civil::Date};

/// Which token; not secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub(crate) u64);

impl TokenId {
    /// For what a person typed.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// What a token allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every project, and what concerns the index as a whole.
    Index,
    /// One project.
    Project(ProjectName),
}

/// A token to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// SHA-256 of its secret, which must be random and long.
    pub sha256: Sha256,
    /// What people call it.
    pub name: String,
    /// What it allows.
    pub scope: Scope,
    /// Whose attestations each upload with it must have.
    pub publisher: Option<PublisherName>,
    /// When.
    pub created: Timestamp,
    /// From when on it is no longer good.
    pub expires: Option<Timestamp>,
}

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Which.
    pub id: TokenId,
    /// What people call it.
    pub name: String,
    /// What it allows.
    pub scope: Scope,
    /// Whose attestations each upload with it must have.
    pub publisher: Option<PublisherName>,
    /// When it was added.
    pub created: Timestamp,
    /// From when on it is no longer good.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// The last day on which it was used.
    pub last_used: Option<Date>,
}

impl Token {
    /// Whether it may be used now.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|end| now < end)
    }
}
