//! Local folders and files from which an installer takes packages: they never pass the proxy.
//!
//! [`collect`] finds them in CMD's words, in what those words name, in the environment and in configuration files; [`settle`]
//! lets the engine decide every distribution in them by its digest, and says what follows. Source trees (`.`, `-e .`) are the
//! user's own work: they are named, not decided.
//!
//! What is found is what installers are documented to read. A script that copies files about is not understood.

mod collect;
pub(crate) mod lines;
mod project;
mod reference;
mod requirements;
mod settle;

use std::fmt;
use std::path::PathBuf;

use super::existing::SettingOrigin;

pub use collect::collect;
pub use settle::{Decided, Enforcement, LocalError, LocalRefusal, LocalVerdict, Settled, settle};

/// Where a local place was named.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LocalOrigin {
    /// A word of CMD.
    Argument,
    /// A variable, or pip's configuration: both can be replaced for CMD.
    Setting(SettingOrigin),
    /// `UV_FIND_LINKS`.
    UvVariable,
    /// A line of a requirements or constraints file.
    Requirements(PathBuf, usize),
    /// `uv.toml`, `pyproject.toml` or a lock file.
    Project(PathBuf),
}

impl fmt::Display for LocalOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument => f.write_str("the command"),
            Self::Setting(SettingOrigin::Environment(name)) => f.write_str(name),
            Self::UvVariable => f.write_str("UV_FIND_LINKS"),
            Self::Setting(SettingOrigin::File(path)) | Self::Project(path) => write!(f, "{}", path.display()),
            Self::Requirements(path, line) => write!(f, "{}:{line}", path.display()),
        }
    }
}

/// What a local place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LocalKind {
    /// A folder of distributions (`--find-links`).
    Folder,
    /// One distribution.
    File,
    /// A local index, or a local page of links: where it leads cannot be decided beforehand.
    Index,
    /// A requirements file that pip may read otherwise than we do, or that is too much to read.
    Unreadable,
    /// The user's own sources.
    SourceTree,
}

/// A local folder or file from which an installer may take packages.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalPlace {
    /// Where it was named.
    pub origin: LocalOrigin,
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub kind: LocalKind,
}
