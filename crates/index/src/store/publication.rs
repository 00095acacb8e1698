//! What a publisher publishes, and what can be asked about it.

use std::time::Duration;

use affineur_packaging::{FileName, Sha256};
use affineur_tuf::{TargetPath, Version};
use bytes::Bytes;
use jiff::Timestamp;

use super::Ticket;

/// Everything that changes at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The version of the timestamp that this builds on; `None` if it is the first.
    pub after: Option<Version>,
    /// The version of the new timestamp, above that.
    pub version: Version,
    /// The new timestamp.
    pub timestamp: Bytes,
    /// New metadata by versioned path (`17.bin.14-0a3f.json`), snapshot and (at first, or when it changes) root and targets
    /// among them. A path keeps its bytes for ever.
    pub metadata: Vec<(String, Bytes)>,
    /// New signed documents, each with the SHA-256 of its bytes, which is not computed again.
    pub targets: Vec<(TargetPath, Sha256, Bytes)>,
    /// The oldest pending tickets, in order, and what becomes of each.
    pub done: Vec<(Ticket, Outcome)>,
    /// When: what is replaced was current until then.
    pub at: Timestamp,
}

/// What a publisher made of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in this publication.
    Published,
    /// It never will be, for this reason. The queue goes on. The same file may be accepted again.
    Refused(String),
}

/// What became of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TicketState {
    /// It was never given out.
    Unknown,
    /// It waits.
    Pending,
    /// It is in this version of the timestamp and all later ones.
    Published(Version),
    /// It never will be published, for this reason.
    Refused(String),
}

/// The newest timestamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedTimestamp {
    /// Its version.
    pub version: Version,
    /// Its bytes.
    pub bytes: Bytes,
}

/// How much there is. Projects and files are the published ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Projects of which anything was ever published.
    pub projects: u64,
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub file_bytes: u64,
    /// Tickets that wait.
    pub pending: u64,
    /// The last ticket given out.
    pub last_ticket: u64,
}

/// What [`collect`](super::Store::collect) keeps of what is no longer current: each version that is young enough **or** among
/// the last few of its role or path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Versions that were current at any time within so long.
    pub age: Duration,
    /// So many replaced versions of each role and of each target.
    pub versions: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Self { age: crate::limits::KEEP_AGE, versions: 0 }
    }
}

/// What was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Collected {
    /// Versions of metadata.
    pub metadata: u64,
    /// Versions of targets.
    pub targets: u64,
    /// Bytes of both.
    pub bytes: u64,
}

/// What was swept away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Files.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// How thoroughly to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rehash {
    /// Sizes only.
    No,
    /// Read everything and compare digests.
    Yes,
}

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Bytes of a file that is published or waits are not there.
    MissingBlob {
        /// The file.
        file: FileName,
        /// The digest of the bytes, which are the file's own, its core metadata or its attestations.
        sha256: Sha256,
    },
    /// Bytes of a file have another size.
    WrongSize {
        /// The file.
        file: FileName,
        /// The digest of the bytes, as above.
        sha256: Sha256,
        /// As recorded.
        expected: u64,
        /// As it is.
        found: u64,
    },
    /// Bytes have another digest than their name says.
    WrongDigest {
        /// The file.
        file: FileName,
        /// As recorded.
        expected: Sha256,
        /// As it is.
        found: Sha256,
    },
    /// A signed document has another digest than recorded.
    WrongTarget {
        /// The document.
        path: TargetPath,
        /// As recorded.
        expected: Sha256,
    },
    /// Current metadata refers to metadata that is not there.
    MissingMetadata {
        /// The path of what is missing.
        path: String,
    },
    /// Current metadata cannot be read.
    UnreadableMetadata {
        /// Its path.
        path: String,
    },
    /// Bytes that belong to nothing: an upload that was cut short, or is being accepted right now. Harmless.
    UnreferencedBlob {
        /// Their digest.
        sha256: Sha256,
    },
    /// Something in the folder of blobs that is none.
    StrangeFile {
        /// Its path below the store's folder.
        path: String,
    },
    /// The database itself says so.
    Database(String),
}
