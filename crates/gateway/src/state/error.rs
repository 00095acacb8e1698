//! What can go wrong with what the gateway remembers.
//!
//! The text of these errors never has anything in it that an upstream wrote.

use std::path::{Path, PathBuf};

use affineur_packaging::{FileName, ProjectName};
use affineur_trust::PartyName;

/// Why the state cannot be read or written. Nothing half done is left behind by any of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The file is damaged, or not a state at all.
    #[error("{}: the state is damaged: {problem}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A later version of this program wrote it.
    #[error("{}: the state has version {found}, this program knows versions up to {known}", file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: i64,
        /// The latest version that this program knows.
        known: i64,
    },
    /// A line of the text form is not as this program writes it.
    #[error("{}, line {line}: {problem}", file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// The operating system refused: no room, no permission, a disk that fails.
    #[error("{}: {problem}", file.display())]
    Unavailable {
        /// The file.
        file: PathBuf,
        /// What the operating system or SQLite said.
        problem: String,
    },
    /// Another process has been writing for longer than [`STATE_BUSY`](crate::limits::STATE_BUSY).
    #[error("{}: another process is writing to the state", file.display())]
    Busy {
        /// The file.
        file: PathBuf,
    },
    /// The text form was changed by somebody else after it was read.
    #[error("{}: the file was changed after it was read", file.display())]
    ChangedMeanwhile {
        /// The file.
        file: PathBuf,
    },
    /// Something was to be recorded for a file that no page has listed.
    #[error("no page of {source_name} has listed {name}")]
    UnknownFile {
        /// The source.
        source_name: PartyName,
        /// The file.
        name: FileName,
    },
    /// A page of one project lists a file of another one.
    #[error("{name} does not belong to the project {project}")]
    OtherProject {
        /// The project whose page it is.
        project: ProjectName,
        /// The file.
        name: FileName,
    },
    /// The source is known with another URL: its pins say nothing about this one.
    #[error("the source {name} is known with another URL")]
    OtherUrl {
        /// The source.
        name: PartyName,
    },
    /// A policy is trusted on a machine, not in a file that travels with a project.
    #[error("{}: a policy cannot be trusted in a state file that is committed", file.display())]
    NotHere {
        /// The file.
        file: PathBuf,
    },
    /// The thread that writes is gone.
    #[error("the state is closed")]
    Closed,
}

/// Who is at fault, and so what the exit status is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateClass {
    /// What was remembered cannot be trusted any more: nothing may be let through on its word.
    Broken,
    /// The caller's mistake.
    Usage,
    /// It cannot be told now; another time it may work.
    Undecided,
}

impl StateError {
    /// Who is at fault.
    #[must_use]
    pub const fn class(&self) -> StateClass {
        match self {
            Self::Damaged { .. } | Self::Line { .. } => StateClass::Broken,
            Self::Newer { .. }
            | Self::UnknownFile { .. }
            | Self::OtherProject { .. }
            | Self::OtherUrl { .. }
            | Self::NotHere { .. } => StateClass::Usage,
            Self::Unavailable { .. } | Self::Busy { .. } | Self::ChangedMeanwhile { .. } | Self::Closed => {
                StateClass::Undecided
            }
        }
    }

    /// What to do next.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => {
                "restore it from a backup; or, knowing that every pinned digest and first-seen time is forgotten, move it and its -wal and -shm files away"
            }
            Self::Newer { .. } => "use the version of affineur that wrote it, or a later one",
            Self::Line { .. } => "restore the file from version control; it is written by affineur and not meant to be edited",
            Self::Unavailable { .. } => "check that the disk has room and that the file and its folder are yours to write",
            Self::Busy { .. } => "wait for the other affineur, or give this one a state of its own with AFFINEUR_HOME",
            Self::ChangedMeanwhile { .. } => "run it again: another affineur, or somebody else, wrote the file during this run",
            Self::UnknownFile { .. } | Self::OtherProject { .. } => "this is a mistake in affineur: please report it",
            Self::OtherUrl { .. } => "give the source another name in the policy",
            Self::NotHere { .. } => "leave --state away to trust a policy on this machine, or name the policy with --policy",
            Self::Closed => "another error was reported before this one",
        }
    }
}

/// What goes wrong inside, before it is known which file it is about.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    /// A stored value that this program would never have written.
    #[error("{0}")]
    Content(&'static str),
    #[error(transparent)]
    State(#[from] StateError),
}

impl Fault {
    /// Says which file it is about.
    pub(super) fn at(self, file: &Path) -> StateError {
        use rusqlite::ErrorCode as Code;

        let file = file.to_owned();
        let error = match self {
            Self::State(error) => return error,
            Self::Content(problem) => return StateError::Damaged { file, problem: problem.to_owned() },
            Self::Sql(error) => error,
        };
        match error.sqlite_error_code() {
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => StateError::Busy { file },
            // What SQLite says when the operating system refuses; everything else means that the content is not ours.
            Some(
                Code::DiskFull
                | Code::CannotOpen
                | Code::SystemIoFailure
                | Code::PermissionDenied
                | Code::ReadOnly
                | Code::OutOfMemory
                | Code::NoLargeFileSupport
                | Code::FileLockingProtocolFailed
                | Code::OperationInterrupted,
            ) => StateError::Unavailable { file, problem: error.to_string() },
            _ => StateError::Damaged { file, problem: error.to_string() },
        }
    }
}
