//! Contradictions as they are stored: JSON that the state's own version fixes, whatever the type in `trust` is called.

use affineur_packaging::Sha256;
use affineur_trust::Contradiction;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::Fault;

/// A [`Contradiction`] in its stored form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Stored {
    Digest { pinned: Sha256, got: Option<Sha256>, since: Time },
    Metadata,
    Bytes { expected: Sha256, got: Sha256 },
    Vanished,
    ListedTwice,
    OtherBytes { vouched: Option<Sha256> },
}

/// A time as it is stored: to the microsecond, as RFC 3339 in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Time(pub(super) i64);

impl From<Timestamp> for Time {
    fn from(time: Timestamp) -> Self {
        Self(time.as_microsecond())
    }
}

impl Time {
    pub(super) fn timestamp(self) -> Result<Timestamp, Fault> {
        Timestamp::from_microsecond(self.0).map_err(|_| Fault::Content("a time is out of range"))
    }
}

impl Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Timestamp::from_microsecond(self.0).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Timestamp::deserialize(deserializer).map(Self::from)
    }
}

impl From<&Contradiction> for Stored {
    fn from(contradiction: &Contradiction) -> Self {
        match contradiction {
            Contradiction::Digest { pinned, got, since } => Self::Digest { pinned: *pinned, got: *got, since: (*since).into() },
            Contradiction::Metadata => Self::Metadata,
            Contradiction::Bytes { expected, got } => Self::Bytes { expected: *expected, got: *got },
            Contradiction::Vanished => Self::Vanished,
            Contradiction::ListedTwice => Self::ListedTwice,
            Contradiction::OtherBytes { vouched } => Self::OtherBytes { vouched: *vouched },
        }
    }
}

impl Stored {
    pub(super) fn contradiction(&self) -> Result<Contradiction, Fault> {
        Ok(match self {
            Self::Digest { pinned, got, since } => {
                Contradiction::Digest { pinned: *pinned, got: *got, since: since.timestamp()? }
            }
            Self::Metadata => Contradiction::Metadata,
            Self::Bytes { expected, got } => Contradiction::Bytes { expected: *expected, got: *got },
            Self::Vanished => Contradiction::Vanished,
            Self::ListedTwice => Contradiction::ListedTwice,
            Self::OtherBytes { vouched } => Contradiction::OtherBytes { vouched: *vouched },
        })
    }

    pub(super) fn json(&self) -> Result<String, Fault> {
        serde_json::to_string(self).map_err(|_| Fault::Content("a time is out of range"))
    }

    pub(super) fn parse(json: &str) -> Result<Self, Fault> {
        serde_json::from_str(json).map_err(|_| Fault::Content("a contradiction cannot be read"))
    }
}
