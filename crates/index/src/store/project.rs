//! Projects, their files, and what changes them.

use std::collections::BTreeMap;

use affineur_packaging::page::{ProjectStatus, Yanked};
use affineur_packaging::{FileName, ProjectName, Sha256, Version};
use bytes::Bytes;
use jiff::Timestamp;

use super::Ticket;

/// What is said of an upload. Its size and digest are the staged bytes' own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Its name, which says its project.
    pub file: FileName,
    /// The project's name as the uploader writes it.
    pub display_name: String,
    /// Its `Requires-Python`, not interpreted.
    pub requires_python: Option<String>,
    /// Its `METADATA` or `PKG-INFO`.
    pub core_metadata: Option<Bytes>,
    /// Its attestations (PEP 740).
    pub attestations: Option<Bytes>,
    /// When.
    pub uploaded: Timestamp,
    /// Who: for people and logs, never for a decision.
    pub uploader: String,
}

/// A file with all its facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Its name, which says its project.
    pub file: FileName,
    /// The project's name as the uploader writes it.
    pub display_name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its digest.
    pub sha256: Sha256,
    /// Its `Requires-Python`, not interpreted.
    pub requires_python: Option<String>,
    /// The digest of its `METADATA` or `PKG-INFO`.
    pub core_metadata: Option<Sha256>,
    /// The digest of its attestations (PEP 740).
    pub attestations: Option<Sha256>,
    /// When.
    pub uploaded: Timestamp,
    /// Who: for people and logs, never for a decision.
    pub uploader: String,
    /// Whether its developers yanked it (belongs into the listing).
    pub yanked: Yanked,
    /// Whether an administrator yanked it (belongs into the overlay).
    pub yanked_by_index: Yanked,
}

/// What is to be done, in the order of tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Publish a file.
    Add(StoredFile),
    /// Publish what somebody asked for.
    Request(Request),
}

/// A change without bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Yank files, or take that back (PEP 592).
    Yank {
        /// The project.
        project: ProjectName,
        /// Which files of it.
        which: Which,
        /// What they are from then on.
        yanked: Yanked,
        /// In whose name.
        by: YankedBy,
    },
    /// Change what the index says about a project as a whole (PEP 792).
    Status {
        /// The project.
        project: ProjectName,
        /// What it is from then on.
        status: ProjectStatus,
    },
    /// Take a file out of its project. Its name stays taken.
    Delete {
        /// The file.
        file: FileName,
    },
}

/// Which files of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// This one.
    File(FileName),
    /// All of this version.
    Version(Version),
}

/// In whose name something is yanked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YankedBy {
    /// The project's own.
    Developers,
    /// The index's administrators.
    Index,
}

/// A project as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its name.
    pub project: ProjectName,
    /// Its name as the uploader of the newest file writes it.
    pub display_name: String,
    /// What the index says about it as a whole (PEP 792).
    pub status: ProjectStatus,
    /// Its files by name.
    pub files: BTreeMap<String, StoredFile>,
    /// The number of the last ticket that changed it.
    pub serial: u64,
}

impl Which {
    /// Whether it means this file.
    #[must_use]
    pub fn means(&self, file: &FileName) -> bool {
        match self {
            Self::File(name) => name == file,
            Self::Version(version) => version == file.version(),
        }
    }
}

impl Change {
    /// The project that it changes.
    #[must_use]
    pub fn project(&self) -> &ProjectName {
        match self {
            Self::Add(file) => file.file.project(),
            Self::Request(request) => request.project(),
        }
    }
}

impl Request {
    /// The project that it changes.
    #[must_use]
    pub fn project(&self) -> &ProjectName {
        match self {
            Self::Yank { project, .. } | Self::Status { project, .. } => project,
            Self::Delete { file } => file.project(),
        }
    }
}

impl Project {
    /// A project of which nothing is published yet.
    #[must_use]
    pub fn new(project: ProjectName) -> Self {
        let display_name = project.as_str().to_owned();
        Self { project, display_name, status: ProjectStatus::default(), files: BTreeMap::new(), serial: 0 }
    }

    /// What a published change makes of the project: the one meaning of changes, for publishers and for every store. What a
    /// change is about and is not there (any more) is left alone.
    pub fn apply(&mut self, ticket: Ticket, change: &Change) {
        self.serial = ticket.number();
        match change {
            Change::Add(file) => {
                self.display_name.clone_from(&file.display_name);
                self.files.insert(file.file.as_str().to_owned(), file.clone());
            }
            Change::Request(Request::Yank { which, yanked, by, .. }) => {
                for file in self.files.values_mut().filter(|file| which.means(&file.file)) {
                    match by {
                        YankedBy::Developers => file.yanked = yanked.clone(),
                        YankedBy::Index => file.yanked_by_index = yanked.clone(),
                    }
                }
            }
            Change::Request(Request::Status { status, .. }) => self.status = status.clone(),
            Change::Request(Request::Delete { file }) => {
                self.files.remove(file.as_str());
            }
        }
    }
}
