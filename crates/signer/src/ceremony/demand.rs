//! Who must sign what, and who did; and what ends a ceremony.

use affineur_tuf::edit::SignError;
use affineur_tuf::key::KeyId;

use super::{CeremonyError, OfflineRole, Seat};

/// Who must sign a file so that clients accept it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// The role.
    pub role: OfflineRole,
    /// The keys of the role, in the order of their seats.
    pub voices: Vec<Voice>,
    /// How many of them must.
    pub threshold: u32,
    /// Whose demand it is: of a new root, the keys before must sign too.
    pub by: By,
}

/// Which version of root makes a demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The one that is published.
    Before,
    /// The one that follows, if there is one.
    After,
}

/// A key that may sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voice {
    /// Its seat.
    pub seat: Seat,
    /// Its identifier.
    pub id: KeyId,
    /// Whether it signed.
    pub signed: bool,
}

impl Demand {
    /// Whether enough keys signed.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.voices.iter().filter(|voice| voice.signed).count() >= usize::try_from(self.threshold).unwrap_or(usize::MAX)
    }
}

/// A ceremony that cannot be held so.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// Nothing would change.
    #[error("nothing is to be renewed or replaced")]
    Nothing,
    /// There is no such key.
    #[error("there is no key {seat}: {role} has {found}", role = seat.role)]
    NoSeat {
        /// What was asked for.
        seat: Seat,
        /// How many keys the role has.
        found: usize,
    },
    /// One key would be replaced twice, or two places get one key.
    #[error("one key is named twice")]
    Twice,
    /// What is published does not hang together.
    #[error("what is published is not signed as its own root says: {role} needs {threshold} signatures, found {found}")]
    Published {
        /// The role.
        role: OfflineRole,
        /// How many must sign.
        threshold: u32,
        /// How many did.
        found: usize,
    },
    /// A file has another shape than it must.
    #[error("{role} is no metadata of an index: {problem}")]
    Shape {
        /// The role.
        role: OfflineRole,
        /// What is wrong.
        problem: String,
    },
    /// What follows is not the next version.
    #[error("{role}: expected version {expected}, found {found}")]
    Version {
        /// The role.
        role: OfflineRole,
        /// One more than is published.
        expected: affineur_tuf::Version,
        /// As drafted.
        found: affineur_tuf::Version,
    },
    /// Not a file of a ceremony.
    #[error("this is no file of a ceremony: {0}")]
    NotACeremony(String),
    /// The key has nothing to say here.
    #[error("the key {0} may sign nothing of this ceremony")]
    NoVoice(KeyId),
    /// Not enough keys signed.
    #[error("{}", missing(.0))]
    Unsigned(Vec<Demand>),
    /// See [`CeremonyError`].
    #[error(transparent)]
    Ceremony(#[from] CeremonyError),
    /// A key cannot sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

fn missing(demands: &[Demand]) -> String {
    let words = demands.iter().map(|demand| {
        let of = if demand.by == By::Before { " before" } else { "" };
        let seats: Vec<String> = demand.voices.iter().map(|voice| voice.seat.to_string()).collect();
        let signed = demand.voices.iter().filter(|voice| voice.signed).count();
        format!(
            "{} is signed by {signed} of the {} keys{of} that must sign ({})",
            demand.role,
            demand.threshold,
            seats.join(", ")
        )
    });
    words.collect::<Vec<_>>().join("; ")
}
