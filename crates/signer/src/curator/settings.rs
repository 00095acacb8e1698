//! `curator.toml`: what a curator was made with. Nothing in it is trusted: who may sign is said by signed metadata alone.

use std::collections::BTreeMap;

use affineur_trust::PartyName;
use affineur_tuf::Expiry;
use affineur_tuf::key::KeyId;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use url::Url;

use super::CuratorRole;
use crate::limits;

/// A curator's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How policies call it, unless their owners choose another name.
    #[serde(with = "as_text")]
    pub name: PartyName,
    /// Where `public/` is served, ending in `/`.
    pub url: Url,
    /// For how long each role is valid when it is signed.
    #[serde(default)]
    pub days: Days,
    /// What people call the keys: names by identifier.
    #[serde(default)]
    pub keys: BTreeMap<KeyId, String>,
}

/// For how many days a role is valid when it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Days {
    /// Root and targets: an appointment a year.
    pub offline: u32,
    /// Trusted authors, ballots, audits, objections. What they say ends by itself, most of it earlier.
    pub statements: u32,
    /// Snapshot.
    pub snapshot: u32,
    /// Timestamp: how long somebody can be kept from seeing an objection.
    pub timestamp: u32,
}

impl Default for Days {
    fn default() -> Self {
        Self { offline: 365, statements: 180, snapshot: 30, timestamp: 7 }
    }
}

impl Days {
    /// For how long a role is valid.
    #[must_use]
    pub const fn of(self, role: CuratorRole) -> u32 {
        match role {
            CuratorRole::Root | CuratorRole::Targets => self.offline,
            _ => self.statements,
        }
    }

    /// Whether all of them are possible.
    #[must_use]
    pub fn are_possible(self) -> bool {
        let Self { offline, statements, snapshot, timestamp } = self;
        [offline, statements, snapshot, timestamp].iter().all(|days| (1..=limits::VALID_DAYS).contains(days))
    }
}

/// When something expires that is signed now.
pub(super) fn expiry(now: Timestamp, days: u32) -> Expiry {
    Expiry::at(now.checked_add((i64::from(days) * 24).hours()).unwrap_or(now))
}

impl Settings {
    /// What people call a key: the name that was given, or the first digits of its identifier.
    #[must_use]
    pub fn key_name(&self, id: &KeyId) -> String {
        self.keys.get(id).cloned().unwrap_or_else(|| id.as_str().chars().take(12).collect())
    }

    /// What users of this curator put into their policy, with its root in this file.
    #[must_use]
    pub fn party(&self, root: &str) -> String {
        let weights = r#"{ trusted-author = "0.5", voted = "0.75", audited = "1.0" }"#;
        format!("[party.{}]\nrepository = \"{}\"\nroot = \"{root}\"\nweight = {weights}\n", self.name, self.url)
    }
}

/// What is written as the text that people type.
mod as_text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(super) fn deserialize<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
