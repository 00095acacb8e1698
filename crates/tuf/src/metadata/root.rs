//! Root (§4.3): which keys the top-level roles have, and how many of them must sign.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::{Extra, SpecVersion, TopRole, Version};
use crate::key::{Key, KeyId};
use crate::limits;
use crate::time::Expiry;

/// The body of root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    #[serde(rename = "_type")]
    pub(super) kind: TopRole,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    consistent_snapshot: Option<bool>,
    pub(super) expires: Expiry,
    pub(crate) keys: BTreeMap<KeyId, Key>,
    pub(crate) roles: BTreeMap<Box<str>, RoleKeys>,
    spec_version: SpecVersion,
    pub(super) version: Version,
    #[serde(flatten)]
    extra: Extra,
}

super::role!(Root, Root, Root::complete);

impl Root {
    /// A first version without keys, with consistent snapshots.
    #[cfg(feature = "signing")]
    pub(crate) fn new(expires: Expiry) -> Self {
        Self {
            kind: TopRole::Root,
            consistent_snapshot: Some(true),
            expires,
            keys: BTreeMap::new(),
            roles: BTreeMap::new(),
            spec_version: SpecVersion::ours(),
            version: Version::FIRST,
            extra: Extra::new(),
        }
    }

    /// Whether metadata and targets are asked for by version and digest (§6.2).
    #[must_use]
    pub fn consistent_snapshot(&self) -> bool {
        self.consistent_snapshot.unwrap_or(false)
    }

    #[cfg(feature = "signing")]
    pub(crate) fn set_consistent_snapshot(&mut self, consistent: bool) {
        self.consistent_snapshot = Some(consistent);
    }

    /// The keys that root lists, by identifier.
    #[must_use]
    pub const fn keys(&self) -> &BTreeMap<KeyId, Key> {
        &self.keys
    }

    /// Which keys a top-level role has.
    #[must_use]
    pub fn role(&self, role: TopRole) -> Option<&RoleKeys> {
        self.roles.get(role.as_str())
    }

    /// VERSION.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// EXPIRES.
    #[must_use]
    pub const fn expires(&self) -> Expiry {
        self.expires
    }

    fn complete(&self) -> Result<(), String> {
        if self.keys.len() > limits::KEYS {
            return Err(format!("{} keys, at most {} are accepted", self.keys.len(), limits::KEYS));
        }
        if let Some(missing) = TopRole::ALL.into_iter().find(|role| self.role(*role).is_none()) {
            return Err(format!("the role {missing} is not among its roles"));
        }
        self.roles.values().try_for_each(|role| each_once(&role.keyids))
    }
}

/// The keys of a role, each named once, and how many of them must sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleKeys {
    pub(crate) keyids: Vec<KeyId>,
    pub(crate) threshold: Threshold,
    #[serde(flatten)]
    pub(crate) extra: Extra,
}

impl RoleKeys {
    /// The identifiers, in their order.
    #[must_use]
    pub fn keyids(&self) -> &[KeyId] {
        &self.keyids
    }

    /// How many keys must sign.
    #[must_use]
    pub const fn threshold(&self) -> Threshold {
        self.threshold
    }
}

/// A role names each of its keys once (§4.3).
pub(super) fn each_once(keyids: &[KeyId]) -> Result<(), String> {
    if keyids.len() > limits::KEYS {
        return Err(format!("{} key identifiers of one role, at most {} are accepted", keyids.len(), limits::KEYS));
    }
    let mut seen = BTreeSet::new();
    match keyids.iter().find(|id| !seen.insert(*id)) {
        Some(twice) => Err(format!("the key {twice} is named twice for one role")),
        None => Ok(()),
    }
}

/// THRESHOLD (§4.3): how many keys must sign, at least one. It may exceed the number of keys; then nothing can be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Threshold(NonZeroU32);

impl Threshold {
    /// 1.
    pub const ONE: Self = Self(NonZeroU32::MIN);

    /// `None` for 0.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
