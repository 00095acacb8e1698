//! What can go wrong. After each of these the store is as it was before.

use std::path::{Path, PathBuf};

use affineur_packaging::{FileName, ProjectName};
use affineur_tuf::Version;

use super::Ticket;
use crate::limits;

/// Why the store cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It is damaged, or not a store at all.
    #[error("{}: the store is damaged: {problem}", place.display())]
    Damaged {
        /// The file or folder.
        place: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A later version of this program wrote it.
    #[error("{}: the store has version {found}, this program knows versions up to {known}", place.display())]
    Newer {
        /// The file.
        place: PathBuf,
        /// Its version.
        found: i64,
        /// The latest version that this program knows.
        known: i64,
    },
    /// There is no room on the disk.
    #[error("{}: the disk is full", place.display())]
    Full {
        /// The file or folder.
        place: PathBuf,
    },
    /// Another process has been writing for longer than [`BUSY`](limits::BUSY).
    #[error("{}: another process is writing", place.display())]
    Busy {
        /// The file.
        place: PathBuf,
    },
    /// The operating system refused: no permission, a disk that fails.
    #[error("{}: {problem}", place.display())]
    Unavailable {
        /// The file or folder.
        place: PathBuf,
        /// What the operating system said.
        problem: String,
    },
    /// The store was closed, or its thread is gone.
    #[error("the store is closed")]
    Closed,
}

/// Why bytes were not staged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StageError {
    /// More bytes than allowed: the uploader's mistake.
    #[error("more than {limit} bytes")]
    TooLarge {
        /// How many are allowed.
        limit: u64,
    },
    /// The store's fault.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an upload was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// Other bytes were accepted under this name before, published or not. A name keeps its bytes for ever.
    #[error("{file} exists already with other contents; use another version or build number")]
    NameTaken {
        /// The name.
        file: FileName,
    },
    /// The file was deleted. It does not come back.
    #[error("{file} was deleted; use another version or build number")]
    Deleted {
        /// The name.
        file: FileName,
    },
    /// The publisher is too far behind. Another time it may work.
    #[error("{} changes are waiting to be published", limits::PENDING_TICKETS)]
    QueueFull,
    /// Core metadata or attestations are too long: the uploader's mistake.
    #[error("more than {} bytes of core metadata or attestations", limits::SIDE_BYTES)]
    TooLarge,
    /// The store's fault.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a change was not taken into the queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Nothing of this project was ever accepted.
    #[error("there is no project {0}")]
    UnknownProject(ProjectName),
    /// This file was never accepted.
    #[error("there is no file {0}")]
    UnknownFile(FileName),
    /// The publisher is too far behind. Another time it may work.
    #[error("{} changes are waiting to be published", limits::PENDING_TICKETS)]
    QueueFull,
    /// The store's fault.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why something was not published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// Somebody else published meanwhile: begin again from the newest timestamp.
    #[error("it builds on timestamp {}, but the newest is {}", shown(*after), shown(*found))]
    Conflict {
        /// What it builds on.
        after: Option<Version>,
        /// The newest.
        found: Option<Version>,
    },
    /// The new timestamp's version is not above the one that it builds on.
    #[error("timestamp {version} is not above {after}")]
    NotAbove {
        /// Its version.
        version: Version,
        /// What it builds on.
        after: Version,
    },
    /// A path of metadata that is not `VERSION.ROLE.json`.
    #[error("{path:?} is no versioned path of metadata")]
    Path {
        /// The path.
        path: String,
    },
    /// A path of metadata that has other bytes already.
    #[error("{path} exists already with other bytes")]
    Rewritten {
        /// The path.
        path: String,
    },
    /// The tickets are not the oldest ones that wait, in their order.
    #[error("ticket {} cannot be done now: the next one is {}", found.number(), next_ticket(*expected))]
    OutOfOrder {
        /// Which one is next.
        expected: Option<Ticket>,
        /// Which one was to be done.
        found: Ticket,
    },
    /// The store's fault.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why this process is not the publisher.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// Somebody else is.
    #[error("another publisher is running: {by}")]
    Held {
        /// Who, as far as it is known.
        by: String,
    },
    /// The store's fault.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a token was not added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is one with the same secret, perhaps revoked.
    #[error("there is a token with this secret")]
    SameSecret,
    /// The store's fault.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn shown(version: Option<Version>) -> String {
    version.map_or_else(|| "none".to_owned(), |version| version.to_string())
}

fn next_ticket(ticket: Option<Ticket>) -> String {
    ticket.map_or_else(|| "none".to_owned(), |ticket| ticket.number().to_string())
}

impl StoreError {
    /// What the operating system says about a file or folder.
    pub(super) fn io(place: &Path, error: &std::io::Error) -> Self {
        let place = place.to_owned();
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full { place },
            _ => Self::Unavailable { place, problem: error.to_string() },
        }
    }

    /// What to do next.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "stop the index, and restore it from a backup",
            Self::Newer { .. } => "use the version of affineur that wrote it, or a later one",
            Self::Full { .. } => "make room on the disk; nothing that was accepted is lost",
            Self::Busy { .. } => "wait for the other process",
            Self::Unavailable { .. } => "check that the folder and everything in it is yours to write, and the disk's health",
            Self::Closed => "another error was reported before this one",
        }
    }
}
