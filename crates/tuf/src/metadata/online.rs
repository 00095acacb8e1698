//! Timestamp and snapshot (§4.4, §4.6): which versions belong together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Extra, SpecVersion, TopRole, Version};
use crate::hashes::{Hashes, Mismatch};
use crate::limits;
use crate::time::Expiry;

/// A metadata file as another one lists it (METAFILES, §4.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hashes: Option<Hashes>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
    version: Version,
    #[serde(flatten)]
    extra: Extra,
}

impl Listed {
    /// Lists a version, without length and digest.
    #[must_use]
    pub fn version_only(version: Version) -> Self {
        Self { hashes: None, length: None, version, extra: Extra::new() }
    }

    /// Lists a version together with the length and SHA-256 of its bytes.
    #[must_use]
    pub fn with_digest(version: Version, bytes: &[u8]) -> Self {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Self { hashes: Some(Hashes::sha256_of(bytes)), length: Some(length), version, extra: Extra::new() }
    }

    /// The version that is listed.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The length in bytes, if one is listed.
    #[must_use]
    pub const fn length(&self) -> Option<u64> {
        self.length
    }

    /// Whether something is said that the specification does not name.
    #[cfg(feature = "signing")]
    pub(crate) fn has_unknown_fields(&self) -> bool {
        !self.extra.is_empty()
    }

    /// The digests, if any are listed.
    #[must_use]
    pub const fn hashes(&self) -> Option<&Hashes> {
        self.hashes.as_ref()
    }

    /// Checks bytes before they are parsed: the length and the digests, where they are listed (§5.5.2, 5.6.2).
    ///
    /// # Errors
    /// [`Mismatch`].
    pub(crate) fn admits(&self, bytes: &[u8]) -> Result<(), Mismatch> {
        let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if let Some(expected) = self.length.filter(|expected| *expected != found) {
            return Err(Mismatch::Length { expected, found, more: false });
        }
        self.hashes.as_ref().map_or(Ok(()), |hashes| hashes.check(bytes))
    }
}

/// The body of the timestamp role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timestamp {
    #[serde(rename = "_type")]
    pub(super) kind: TopRole,
    pub(super) expires: Expiry,
    meta: SnapshotOnly,
    spec_version: SpecVersion,
    pub(super) version: Version,
    #[serde(flatten)]
    extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapshotOnly {
    #[serde(rename = "snapshot.json")]
    snapshot: Listed,
}

super::role!(Timestamp, Timestamp, |_: &Timestamp| Ok(()));

impl Timestamp {
    /// A first version.
    #[cfg(feature = "signing")]
    pub(crate) fn new(expires: Expiry, snapshot: Listed) -> Self {
        Self {
            kind: TopRole::Timestamp,
            expires,
            meta: SnapshotOnly { snapshot },
            spec_version: SpecVersion::ours(),
            version: Version::FIRST,
            extra: Extra::new(),
        }
    }

    /// The snapshot that is the newest.
    #[must_use]
    pub const fn snapshot(&self) -> &Listed {
        &self.meta.snapshot
    }

    #[cfg(feature = "signing")]
    pub(crate) fn set_snapshot(&mut self, snapshot: Listed) {
        self.meta.snapshot = snapshot;
    }
}

/// The body of the snapshot role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    #[serde(rename = "_type")]
    pub(super) kind: TopRole,
    pub(super) expires: Expiry,
    pub(crate) meta: BTreeMap<Box<str>, Listed>,
    spec_version: SpecVersion,
    pub(super) version: Version,
    #[serde(flatten)]
    extra: Extra,
}

super::role!(Snapshot, Snapshot, Snapshot::complete);

impl Snapshot {
    /// A first version that lists nothing.
    #[cfg(feature = "signing")]
    pub(crate) fn new(expires: Expiry) -> Self {
        Self {
            kind: TopRole::Snapshot,
            expires,
            meta: BTreeMap::new(),
            spec_version: SpecVersion::ours(),
            version: Version::FIRST,
            extra: Extra::new(),
        }
    }

    /// How a role is listed: `targets` or a delegated role's name.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<&Listed> {
        self.meta.get(role_file(name).as_str())
    }

    /// All roles that are listed, by name.
    pub fn roles(&self) -> impl Iterator<Item = (&str, &Listed)> {
        self.meta.iter().map(|(file, listed)| (role_of_file(file), listed))
    }

    /// VERSION.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    fn complete(&self) -> Result<(), String> {
        if self.meta.len() > limits::SNAPSHOT_ROLES {
            return Err(format!("{} roles are listed, at most {} are accepted", self.meta.len(), limits::SNAPSHOT_ROLES));
        }
        match self.meta.keys().find(|file| !file.ends_with(".json")) {
            Some(file) => Err(format!("{} is listed, which is no metadata file", file.escape_debug())),
            None if self.role("targets").is_none() => Err("targets.json is not listed".to_owned()),
            None => Ok(()),
        }
    }
}

/// How a role's file is called in timestamp and snapshot.
pub(crate) fn role_file(role: &str) -> String {
    format!("{role}.json")
}

/// The role whose file this is.
fn role_of_file(file: &str) -> &str {
    file.strip_suffix(".json").unwrap_or(file)
}
