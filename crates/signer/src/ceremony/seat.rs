//! The roles that are signed offline, and the places of their keys.

use std::fmt::{self, Display};
use std::str::FromStr;

use affineur_trust::listing::BINS;
use affineur_tuf::TopRole;

/// A role that is signed offline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfflineRole {
    /// Root.
    Root,
    /// The top-level targets.
    Targets,
    /// The role between targets and the hash bins.
    Bins,
}

impl OfflineRole {
    /// All of them, each before those whose keys it names.
    pub const ALL: [Self; 3] = [Self::Root, Self::Targets, Self::Bins];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Root => TopRole::Root.as_str(),
            Self::Targets => TopRole::Targets.as_str(),
            Self::Bins => BINS,
        }
    }
}

impl Display for OfflineRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The place of a key: `root-2` is the second of the keys that root names for root. Whoever replaces the key gets the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seat {
    /// Whose key.
    pub role: OfflineRole,
    /// Which one, from 1.
    pub number: u32,
}

/// The text names no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected the name of an offline key, such as root-1, targets-2 or bins-1")]
pub struct ParseSeatError;

impl FromStr for Seat {
    type Err = ParseSeatError;

    fn from_str(text: &str) -> Result<Self, ParseSeatError> {
        let (role, number) = text.rsplit_once('-').ok_or(ParseSeatError)?;
        let role = OfflineRole::ALL.into_iter().find(|known| known.as_str() == role).ok_or(ParseSeatError)?;
        let number: u32 = number.parse().map_err(|_| ParseSeatError)?;
        let seat = Self { role, number };
        if number > 0 && seat.to_string() == text { Ok(seat) } else { Err(ParseSeatError) }
    }
}

impl Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.role, self.number)
    }
}
