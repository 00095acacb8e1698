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

    /// Whether the file can be read as metadata of its role and contradicts its keys, the role that lists it, or what was seen
    /// before: an attack, or a repository that broke its promises.
    ///
    /// Everything else leaves open what the repository says. What cannot be read ([`Self::Json`], [`Self::Format`],
    /// [`Self::Kind`], [`Self::SignedTwice`]) is found before any signature counts: anybody can have written it, a hotel's login
    /// page for example. What has expired, or has no version after it, contradicts nothing.
    #[must_use]
    pub const fn is_hostile(&self) -> bool {
        match self {
            Self::Threshold { .. } | Self::SameKey { .. } => true,
            Self::Version { .. } | Self::Rollback { .. } | Self::ListedRollback { .. } => true,
            Self::Unlisted(_) | Self::NotListed => true,
            Self::Mismatch(mismatch) => mismatch.is_hostile(),
            Self::Json(_) | Self::Format(_) | Self::Kind { .. } | Self::SignedTwice(_) => false,
            Self::Expired { .. } | Self::LastVersion(_) => false,
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
    fn hostile_is_what_contradicts_keys_lists_or_the_past() {
        let (old, new) = (Version::FIRST, Version::new(2).unwrap());
        let key = |text: &str| text.parse().unwrap();
        let time = |text: &str| text.parse().unwrap();
        let expired = Fault::Expired { expires: "2029-01-01T00:00:00Z".parse().unwrap(), now: time("2029-01-02T00:00:00Z") };
        let threshold = Fault::Threshold { threshold: Threshold::ONE, found: 0, unusable: Vec::new() };
        let digest = Mismatch::Digest { algorithm: "sha256", expected: "aa".to_owned(), found: "bb".to_owned() };
        let table = [
            (threshold, true),
            (Fault::SameKey { first: key("a"), second: key("b") }, true),
            (Fault::Version { expected: old, found: new }, true),
            (Fault::Rollback { floor: new, found: old }, true),
            (Fault::ListedRollback { listed: "bin-0".to_owned(), floor: new, found: old }, true),
            (Fault::Unlisted("bin-0".to_owned()), true),
            (Fault::Mismatch(digest), true),
            (Fault::Mismatch(Mismatch::Length { expected: 1, found: 2, more: true }), true),
            (Fault::Mismatch(Mismatch::NoKnownAlgorithm), false),
            (Fault::Json(JsonError::NotUtf8 { at: 0 }), false),
            (Fault::Format("expected value at line 1 column 1".to_owned()), false),
            (Fault::Kind { expected: TopRole::Root, found: "targets".to_owned() }, false),
            (Fault::SignedTwice(key("a")), false),
            (expired, false),
            (Fault::NotListed, true),
            (Fault::LastVersion(new), false),
        ];
        for (fault, hostile) in table {
            assert_eq!(fault.is_hostile(), hostile, "{fault}");
        }
    }

    #[test]
    fn a_page_in_place_of_metadata_is_not_hostile() {
        assert!(!Unverified::<Timestamp>::parse(b"<html>").unwrap_err().is_hostile());
        let other = b"{\"signed\":{\"_type\":\"timestamp\"},\"signatures\":[]}";
        assert!(!Unverified::<Root>::parse(other).unwrap_err().is_hostile());
    }

    #[test]
    fn an_error_names_the_role() {
        let role: RoleName = "a\nb".parse().unwrap();
        assert_eq!(Fault::NotListed.of(role).to_string(), "a\\nb: the snapshot does not list it");
        assert_eq!(Fault::NotListed.of(TopRole::Targets).to_string(), "targets: the snapshot does not list it");
    }
}
