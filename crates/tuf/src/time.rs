//! Times: the reference time that comes in, the expiry that metadata states.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The fixed time of an update (§5.1): everything is judged as of it. It always comes in as an argument.
pub type ReferenceTime = Timestamp;

/// Until when metadata may be used (EXPIRES, §4.2). Written as the specification has it, `2030-01-01T00:00:00Z`; an
/// offset or a fraction of a second, as some old repositories have them, is read too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Expiry(Timestamp);

/// The text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an expiry is a time such as 2030-01-01T00:00:00Z")]
pub struct ParseExpiryError;

impl Expiry {
    /// Expires at this time, whose fraction of a second is dropped.
    #[must_use]
    pub fn at(time: Timestamp) -> Self {
        Self(Timestamp::from_second(time.as_second()).unwrap_or(time))
    }

    /// The time.
    #[must_use]
    pub const fn time(self) -> Timestamp {
        self.0
    }

    /// Whether it has passed: an expiry must lie *after* the reference time (§5.3.10, 5.4.4, 5.5.6, 5.6.5).
    #[must_use]
    pub fn has_passed(self, now: ReferenceTime) -> bool {
        self.0 <= now
    }
}

impl FromStr for Expiry {
    type Err = ParseExpiryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| ParseExpiryError)
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for Expiry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Expiry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
