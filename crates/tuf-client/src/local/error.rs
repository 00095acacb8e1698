//! What can go wrong with the local copy. Everything here is this machine's fault, never the repository's.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why the local copy cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocalError {
    /// There is no trusted root yet.
    #[error("{} has no trusted root: initialise it first", .folder.display())]
    NotInitialised {
        /// The copy's folder.
        folder: PathBuf,
    },
    /// There is a trusted root already, and not the one that is to be trusted.
    #[error("{} has another trusted root already", .folder.display())]
    AlreadyInitialised {
        /// The copy's folder.
        folder: PathBuf,
    },
    /// Another process is writing.
    #[error("another process holds {}; waited {waited:?}", .folder.display())]
    Busy {
        /// The copy's folder.
        folder: PathBuf,
        /// How long we waited.
        waited: Duration,
    },
    /// The trusted root is longer than any root may be.
    #[error("{} has more than {at_most} bytes", .path.display())]
    TooLong {
        /// The root's file.
        path: PathBuf,
        /// How many are allowed.
        at_most: u64,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {kind}", .path.display())]
    Failed {
        /// What we wanted of it.
        action: Action,
        /// The file or folder.
        path: PathBuf,
        /// Its reason.
        kind: io::ErrorKind,
    },
}

impl LocalError {
    pub(super) fn of(action: Action, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Failed { action, path: path.to_owned(), kind: error.kind() }
    }
}

/// What we wanted of the operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// To read a file or list a folder.
    Read,
    /// To make or replace a file or a folder, until that is durable.
    Write,
    /// To remove a file.
    Remove,
    /// To lock the folder.
    Lock,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Remove => "remove",
            Self::Lock => "lock",
        })
    }
}
