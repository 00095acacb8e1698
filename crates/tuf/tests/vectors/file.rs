//! The format of a vector: see `vectors/tuf/README.md`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

/// Files by their path below the metadata URL.
pub(crate) type Files = BTreeMap<String, Content>;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vector {
    pub(crate) explanation: String,
    /// A vector without the fault, that is not refused.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) twin: String,
    /// Of the last update.
    pub(crate) expect: Expect,
    /// The reference time of the last update.
    pub(crate) now: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lookup: Option<String>,
    pub(crate) trusted_root: Content,
    /// What lies in the local copy before the first update, by role.
    #[serde(default, skip_serializing_if = "Files::is_empty")]
    pub(crate) local: Files,
    /// Updates that the same client made before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) earlier: Vec<Update>,
    /// At the time of the last update.
    pub(crate) repository: Files,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Update {
    pub(crate) expect: Expect,
    pub(crate) now: String,
    pub(crate) repository: Files,
}

/// What an update must have accepted, in order, and how it must end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Expect {
    #[serde(flatten)]
    pub(crate) end: Expected,
    pub(crate) accepted: Vec<(String, u64)>,
}

impl Expect {
    pub(crate) fn stage(self) -> Option<String> {
        match self.end {
            Expected::Fails(failure) => Some(failure.stage),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Expected {
    Fails(Failure),
    Finds(Finding),
    /// All roles were asked.
    Absent(u32),
    /// Too many roles.
    GaveUp(u32),
    /// The top-level roles are current. Nothing was looked up.
    Refreshed(()),
}

/// A target, and the roles that lead to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Finding {
    pub(crate) chain: Vec<String>,
    pub(crate) length: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Failure {
    pub(crate) stage: String,
    pub(crate) role: String,
    pub(crate) error: String,
}

/// A file: its text, or base64 of what is no text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Content {
    Text(String),
    Bytes { base64: String },
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes)
            .map_or_else(|error| Self::Bytes { base64: BASE64_STANDARD.encode(error.as_bytes()) }, Self::Text)
    }
}

impl Content {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Bytes { base64 } => BASE64_STANDARD.decode(base64).unwrap(),
        }
    }
}

impl Vector {
    pub(crate) fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap() + "\n"
    }
}
