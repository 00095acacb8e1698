//! What can go wrong with a curator's folder, and whose fault it is.

use std::path::PathBuf;

use affineur_trust::curator::{DelegatesError, PeopleError};
use affineur_tuf::edit::SignError;
use affineur_tuf::key::KeyId;

use super::{CuratorRole, Refusal};
use crate::limits;

/// A curator's folder cannot be made, changed or published.
#[derive(Debug, thiserror::Error)]
pub enum CuratorError {
    /// There is a curator already.
    #[error("{} has a curator already", folder.display())]
    Exists {
        /// Where.
        folder: PathBuf,
    },
    /// There is none.
    #[error("{} has no curator: there is no curator.toml", folder.display())]
    Missing {
        /// Where.
        folder: PathBuf,
    },
    /// Somebody else changes it now.
    #[error("another process works in {}", folder.display())]
    Busy {
        /// Where.
        folder: PathBuf,
    },
    /// The operating system refused.
    #[error("{}: {problem}", path.display())]
    Disk {
        /// Where.
        path: PathBuf,
        /// Its reason.
        problem: String,
    },
    /// A file is not what it must be.
    #[error("{} is damaged: {problem}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// In which way.
        problem: String,
    },
    /// Metadata are not what a curator has.
    #[error("{role} is not what a curator has: {problem}")]
    Shape {
        /// Which.
        role: CuratorRole,
        /// In which way.
        problem: String,
    },
    /// A time of validity is not possible.
    #[error("roles are valid for 1 to {} days", limits::VALID_DAYS)]
    Days,
    /// A role has no keys, or fewer than must sign.
    #[error("{role}: {threshold} of {keys} keys cannot sign")]
    Threshold {
        /// Which role.
        role: CuratorRole,
        /// How many must sign.
        threshold: u32,
        /// How many keys it has.
        keys: usize,
    },
    /// One key would both make statements and hide that they are objected to.
    #[error("the key {key} is one of objections and of {role}: who has it could hide objections to what it publishes")]
    SharedKey {
        /// Which.
        key: KeyId,
        /// The other role.
        role: CuratorRole,
    },
    /// Nothing was published, and nothing can be published yet.
    #[error("nothing is published yet: {0} and others still have to be signed")]
    Unpublished(CuratorRole),
    /// A draft does not follow on what is published.
    #[error("the draft of {role} has version {found}, and {expected} follows on what is published")]
    Stale {
        /// Whose draft.
        role: CuratorRole,
        /// Its version.
        found: u64,
        /// What would follow.
        expected: u64,
    },
    /// There is nothing to sign with this key.
    #[error("the key {key} signs nothing that waits")]
    NothingToSign {
        /// Which.
        key: KeyId,
    },
    /// A draft says what nobody should sign.
    #[error("the draft of {role} must not be signed: {problem}")]
    Unsound {
        /// Which.
        role: CuratorRole,
        /// Why.
        problem: String,
    },
    /// No renewal key that root names is here.
    #[error("{} has no renewal key that root names", folder.display())]
    NoRenewalKey {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// Clients would refuse what would be published.
    #[error("clients would refuse it: {0}")]
    Refused(#[from] Refusal),
    /// People, as they would be listed.
    #[error("the list of people would be wrong: {0}")]
    People(#[from] PeopleError),
    /// Curators, as they would be listed.
    #[error("the list of curators would be wrong: {0}")]
    Delegates(#[from] DelegatesError),
    /// What is to be taken back is not there.
    #[error("{what} is not there")]
    NotThere {
        /// What.
        what: String,
    },
    /// What is to be said is not possible.
    #[error("{problem}")]
    Statement {
        /// Why.
        problem: String,
    },
    /// The system has no randomness to give.
    #[error("the system gives no random bytes")]
    Randomness,
    /// Something cannot be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}
