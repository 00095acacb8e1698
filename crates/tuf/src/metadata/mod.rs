//! The signed parts of the roles (§4.2 to §4.5), as values. Fields that we do not know are kept, and printed again.
//!
//! The fields stand in the order of canonical JSON, so that printing them needs no sorting.

mod delegations;
mod online;
mod root;
mod targets;

use std::fmt;
use std::num::NonZeroU64;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Expiry;

pub use delegations::{DelegatedRole, Delegations, Paths, Succinct};
#[cfg(feature = "signing")]
pub(crate) use online::role_file;
pub use online::{Listed, Snapshot, Timestamp};
pub use root::{RoleKeys, Root, Threshold};
pub use targets::{TargetFile, Targets};

/// Fields that the specification does not name.
pub type Extra = serde_json::Map<String, serde_json::Value>;

/// VERSION (§4.2): a positive integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(NonZeroU64);

impl Version {
    /// 1.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// `None` for 0.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0.get()
    }

    /// The one after it; `None` after the last number there is.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The four roles that root names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TopRole {
    /// Says which keys the top-level roles have.
    Root,
    /// Says which snapshot is the newest.
    Timestamp,
    /// Says which version of each targets role belongs together.
    Snapshot,
    /// Says what targets there are, or who says it.
    Targets,
}

impl TopRole {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Root, Self::Timestamp, Self::Snapshot, Self::Targets];

    /// As metadata writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Timestamp => "timestamp",
            Self::Snapshot => "snapshot",
            Self::Targets => "targets",
        }
    }
}

impl fmt::Display for TopRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for TopRole {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for TopRole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| serde::de::Error::custom("a type is root, timestamp, snapshot or targets"))
    }
}

/// `spec_version`: 1 or 1.x. Another major version may mean something else by the same words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct SpecVersion(Box<str>);

impl SpecVersion {
    /// What we write.
    #[cfg(feature = "signing")]
    pub(crate) fn ours() -> Self {
        Self("1.0.34".into())
    }
}

impl<'de> Deserialize<'de> for SpecVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let mut parts = text.split('.');
        let number = |part: &str| !part.is_empty() && part.len() <= 5 && part.bytes().all(|byte| byte.is_ascii_digit());
        let understood = parts.next() == Some("1") && parts.clone().count() <= 2 && parts.all(number);
        if understood { Ok(Self(text.into())) } else { Err(serde::de::Error::custom("spec_version is not 1.x")) }
    }
}

/// What is signed: the body of one kind of role. Implemented by [`Root`], [`Timestamp`], [`Snapshot`] and [`Targets`] alone.
pub trait Role: Clone + DeserializeOwned + Serialize + sealed::Sealed {
    /// `_type` of these.
    const KIND: TopRole;
    /// `_type` as it was read.
    fn kind(&self) -> TopRole;
    /// VERSION.
    fn version(&self) -> Version;
    /// EXPIRES.
    fn expires(&self) -> Expiry;
    /// Sets VERSION and EXPIRES, for a draft.
    #[cfg(feature = "signing")]
    fn renew(&mut self, version: Version, expires: Expiry);
    /// What JSON Schema would say, and no type does.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    fn check(&self) -> Result<(), String>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Root {}
    impl Sealed for super::Timestamp {}
    impl Sealed for super::Snapshot {}
    impl Sealed for super::Targets {}
}

macro_rules! role {
    ($body:ident, $kind:ident, $check:expr) => {
        impl $crate::metadata::Role for $body {
            const KIND: $crate::metadata::TopRole = $crate::metadata::TopRole::$kind;
            fn kind(&self) -> $crate::metadata::TopRole {
                self.kind
            }
            fn version(&self) -> $crate::metadata::Version {
                self.version
            }
            fn expires(&self) -> $crate::time::Expiry {
                self.expires
            }
            #[cfg(feature = "signing")]
            fn renew(&mut self, version: $crate::metadata::Version, expires: $crate::time::Expiry) {
                self.version = version;
                self.expires = expires;
            }
            fn check(&self) -> Result<(), String> {
                $check(self)
            }
        }
    };
}
pub(crate) use role;
