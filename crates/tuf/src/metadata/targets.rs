//! Targets, top-level and delegated (§4.5).

use std::collections::BTreeMap;
use std::ops::Bound;

use serde::{Deserialize, Serialize};

use super::{Delegations, Extra, SpecVersion, TopRole, Version};
use crate::hashes::Hashes;
use crate::name::TargetPath;
use crate::time::Expiry;

/// The body of a targets role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    #[serde(rename = "_type")]
    pub(super) kind: TopRole,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delegations: Option<Delegations>,
    pub(super) expires: Expiry,
    spec_version: SpecVersion,
    pub(crate) targets: BTreeMap<Box<str>, TargetFile>,
    pub(super) version: Version,
    #[serde(flatten)]
    extra: Extra,
}

super::role!(Targets, Targets, Targets::complete);

impl Targets {
    /// A first version without targets and delegations.
    #[cfg(feature = "signing")]
    pub(crate) fn new(expires: Expiry) -> Self {
        Self {
            kind: TopRole::Targets,
            delegations: None,
            expires,
            spec_version: SpecVersion::ours(),
            targets: BTreeMap::new(),
            version: Version::FIRST,
            extra: Extra::new(),
        }
    }

    /// What this role itself says about a path.
    #[must_use]
    pub fn target(&self, path: &TargetPath) -> Option<&TargetFile> {
        self.targets.get(path.as_str())
    }

    /// All targets of this role, by path as it is written.
    pub fn targets(&self) -> impl ExactSizeIterator<Item = (&str, &TargetFile)> {
        self.targets.iter().map(|(path, target)| (path.as_ref(), target))
    }

    /// Those of its targets whose paths begin so, in order.
    pub fn targets_below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a TargetFile)> {
        let from = self.targets.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        from.map(|(path, target)| (path.as_ref(), target)).take_while(move |(path, _)| path.starts_with(prefix))
    }

    /// Until when it may be used.
    #[must_use]
    pub const fn expires(&self) -> Expiry {
        self.expires
    }

    /// Whom it delegates to.
    #[must_use]
    pub const fn delegations(&self) -> Option<&Delegations> {
        self.delegations.as_ref()
    }

    fn complete(&self) -> Result<(), String> {
        self.delegations.as_ref().map_or(Ok(()), Delegations::check)
    }
}

/// What is said about a target (TARGETS, §4.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetFile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    custom: Option<serde_json::Value>,
    hashes: Hashes,
    length: u64,
    #[serde(flatten)]
    extra: Extra,
}

impl TargetFile {
    /// A file of this length with these digests.
    #[must_use]
    pub fn new(length: u64, hashes: Hashes) -> Self {
        Self { custom: None, hashes, length, extra: Extra::new() }
    }

    /// The length and SHA-256 of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::new(u64::try_from(bytes.len()).unwrap_or(u64::MAX), Hashes::sha256_of(bytes))
    }

    /// Says something more about it.
    #[must_use]
    pub fn with_custom(mut self, custom: serde_json::Value) -> Self {
        self.custom = Some(custom);
        self
    }

    /// The length in bytes.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The digests.
    #[must_use]
    pub const fn hashes(&self) -> &Hashes {
        &self.hashes
    }

    /// Whether something is said that the specification does not name.
    #[cfg(feature = "signing")]
    pub(crate) fn has_unknown_fields(&self) -> bool {
        !self.extra.is_empty()
    }

    /// What more is said about it.
    #[must_use]
    pub const fn custom(&self) -> Option<&serde_json::Value> {
        self.custom.as_ref()
    }
}
