//! What can be wrong with metadata: which role, whose fault, what was expected and what came.

use std::fmt;

use crate::hashes::Mismatch;
use crate::json::JsonError;
use crate::key::KeyError;
use crate::key::KeyId;
use crate::metadata::{Threshold, TopRole, Version};
use crate::name::RoleName;
use crate::time::{Expiry, ReferenceTime};

/// Something is wrong with a role's metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{role}: {fault}")]
pub struct Error {
    /// Whose metadata.
    pub role: RoleLabel,
    /// What is wrong with it.
    pub fault: Fault,
}

/// A role, top-level or delegated.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RoleLabel {
    /// One of the four.
    Top(TopRole),
    /// A delegated one.
    Delegated(RoleName),
}

impl RoleLabel {
    /// The name as metadata writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Top(role) => role.as_str(),
            Self::Delegated(name) => name.as_str(),
        }
    }
}

impl fmt::Display for RoleLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Top(role) => role.fmt(f),
            Self::Delegated(name) => name.fmt(f),
        }
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file is not JSON as the specification has it.
    #[error("not acceptable JSON: {0}")]
    Json(#[from] JsonError),
    /// The file is JSON of another shape.
    #[error("not metadata as the specification has it: {0}")]
    Format(String),
    /// The file is of another kind of role.
    #[error("expected the type {expected}, found {found}")]
    Kind {
        /// The kind that this role has.
        expected: TopRole,
        /// What `_type` says.
        found: String,
    },
    /// One identifier signs twice.
    #[error("the key {0} signs twice")]
    SignedTwice(KeyId),
    /// One public key stands under two identifiers of one role.
    #[error("the keys {first} and {second} are the same key, which may count only once")]
    SameKey {
        /// One identifier.
        first: KeyId,
        /// The other one.
        second: KeyId,
    },
    /// Too few keys signed.
    #[error("signed by {found} of the {threshold} keys that must sign")]
    Threshold {
        /// How many must.
        threshold: Threshold,
        /// How many did.
        found: u32,
        /// Keys of the role that cannot verify anything, with the reason.
        unusable: Vec<(KeyId, KeyError)>,
    },
    /// The next root is not the next version, or a file is not of the version that was asked for.
    #[error("expected version {expected}, found {found}")]
    Version {
        /// As listed, or one more than the trusted root's.
        expected: Version,
        /// As signed.
        found: Version,
    },
    /// Older than what was seen before.
    #[error("version {found} is older than {floor}, which was seen before: a rollback")]
    Rollback {
        /// What was seen.
        floor: Version,
        /// What came.
        found: Version,
    },
    /// It lists an older version of a role than was seen before.
    #[error("it lists version {found} of {listed}, which is older than {floor}, which was seen before: a rollback")]
    ListedRollback {
        /// The role that is listed.
        listed: String,
        /// What was seen.
        floor: Version,
        /// What came.
        found: Version,
    },
    /// It no longer lists a role that was listed before.
    #[error("it no longer lists {0}, which was listed before")]
    Unlisted(String),
    /// The snapshot does not list a role that is needed.
    #[error("the snapshot does not list it")]
    NotListed,
    /// The bytes are not the ones that were listed.
    #[error("not the file that was listed: {0}")]
    Mismatch(#[from] Mismatch),
    /// Too late to be used.
    #[error("expired at {expires}, now it is {now}")]
    Expired {
        /// Its expiry.
        expires: Expiry,
        /// The reference time.
        now: ReferenceTime,
    },
    /// There is no version after the last number.
    #[error("no version can follow {0}")]
    LastVersion(Version),
}

impl Fault {
    pub(crate) fn of(self, role: impl Into<RoleLabel>) -> Error {
        Error { role: role.into(), fault: self }
    }

    /// Whether data contradict each other, their keys or what was seen before: an attack, or a repository that broke its
    /// promises. A file that has expired, or is no metadata of its role at all, is neither: any page can be that.
    #[must_use]
    pub const fn is_hostile(&self) -> bool {
        match self {
            Self::SameKey { .. }
            | Self::Threshold { .. }
            | Self::Version { .. }
            | Self::Rollback { .. }
            | Self::ListedRollback { .. }
            | Self::Unlisted(_)
            | Self::NotListed
            | Self::Mismatch(_) => true,
            Self::Json(_)
            | Self::Format(_)
            | Self::Kind { .. }
            | Self::SignedTwice(_)
            | Self::Expired { .. }
            | Self::LastVersion(_) => false,
        }
    }
}

impl From<TopRole> for RoleLabel {
    fn from(role: TopRole) -> Self {
        Self::Top(role)
    }
}

impl From<RoleName> for RoleLabel {
    fn from(name: RoleName) -> Self {
        Self::Delegated(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::{Root, Timestamp};
    use crate::verify::Unverified;

    #[test]
    fn a_page_in_place_of_metadata_is_not_hostile_and_a_rollback_is() {
        let (floor, found) = (Version::new(2).unwrap(), Version::FIRST);
        assert!(Fault::Rollback { floor, found }.is_hostile());
        assert!(Fault::NotListed.is_hostile());
        assert!(!Unverified::<Timestamp>::parse(b"<html>").unwrap_err().is_hostile());
        assert!(
            !Unverified::<Root>::parse(b"{\"signed\":{\"_type\":\"timestamp\"},\"signatures\":[]}").unwrap_err().is_hostile()
        );
        assert!(!Fault::LastVersion(floor).is_hostile());
    }

    #[test]
    fn an_error_names_the_role() {
        let role: RoleName = "a\nb".parse().unwrap();
        assert_eq!(Fault::NotListed.of(role).to_string(), "a\\nb: the snapshot does not list it");
        assert_eq!(Fault::NotListed.of(TopRole::Targets).to_string(), "targets: the snapshot does not list it");
    }
}
