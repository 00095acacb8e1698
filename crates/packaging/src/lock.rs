//! Lock files: `uv.lock`, `pylock.toml` (PEP 751) and `requirements.txt` with pinned versions, read into one type.
//!
//! A lock says which releases will be installed and, mostly, which files with which digests. It is what somebody wrote into a
//! project, so it may be anybody's: a hint about what to look at, never evidence. What it names besides releases of an index
//! (folders, Git repositories, URLs) is kept by name, so that nobody takes it for decided.
//!
//! Must never guess: a requirement without a version, or a line that pip and uv read differently, is an error.

mod document;
mod requirements;

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use url::Url;

use crate::text::printable;
use crate::{FileName, ProjectName, Sha256, Version, limits};

/// In which form a lock is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LockFormat {
    /// uv's own.
    Uv,
    /// PEP 751.
    Pylock,
    /// pip's requirements with a version each, with or without `--hash`.
    Requirements,
}

/// What a lock file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// The releases that come from an index, in the file's order.
    pub releases: Vec<LockedRelease>,
    /// What comes from somewhere else, or cannot be read as a file of its release: nobody decides about it here.
    pub elsewhere: Vec<Elsewhere>,
    /// The indexes that it names: `http` and `https`, without credentials, at most [`limits::LOCK_INDEXES`].
    pub indexes: BTreeSet<Url>,
}

/// One release of one project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedRelease {
    /// The project.
    pub project: ProjectName,
    /// The version.
    pub version: Version,
    /// The line of the lock file, from 1.
    pub line: usize,
    /// The files that it names. None in `requirements.txt`.
    pub files: Vec<LockedFile>,
    /// Digests that are said without a file's name (`--hash`): what is installed has one of them.
    pub digests: BTreeSet<Sha256>,
}

/// One file of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedFile {
    /// Its name.
    pub name: FileName,
    /// Its SHA-256, where the lock says one.
    pub sha256: Option<Sha256>,
    /// Its size in bytes, where the lock says it.
    pub size: Option<u64>,
    /// Where it was, where that can be asked for without a secret.
    pub url: Option<Url>,
}

/// An entry that no index decides about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Elsewhere {
    /// The project or file, printable. Empty where the entry is a URL or a path alone.
    pub name: String,
    /// The line of the lock file, from 1.
    pub line: usize,
    /// Where it comes from, or what is wrong with it.
    pub from: &'static str,
}

/// Why a lock cannot be used, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct LockError {
    /// The line, from 1, where the problem is at one.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: LockProblem,
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.line.map_or(Ok(()), |line| write!(f, "line {line}: "))?;
        self.problem.fmt(f)
    }
}

/// What is wrong with a lock. What it repeats of the file is printable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockProblem {
    /// Not UTF-8, or a requirements file that says another encoding.
    #[error("this is not text in UTF-8")]
    NotUtf8,
    /// More than [`limits::LOCK_BYTES`].
    #[error("it has more than {} bytes", limits::LOCK_BYTES)]
    TooLarge,
    /// More than [`limits::LOCK_RELEASES`] or [`limits::LOCK_FILES`].
    #[error("it has more than {most} {what}")]
    TooMany {
        /// Entries or files.
        what: &'static str,
        /// How many are allowed.
        most: usize,
    },
    /// No TOML, or not of the shape that the format has.
    #[error("{0}")]
    Shape(String),
    /// A format of the future.
    #[error("its version is {found}, and only {expected} can be read")]
    FormatVersion {
        /// What the file says.
        found: String,
        /// What can be read.
        expected: &'static str,
    },
    /// Something that should be a project's name.
    #[error("\"{0}\" is no project's name")]
    Project(String),
    /// Something that should be a version.
    #[error("\"{0}\" is no version")]
    Version(String),
    /// A release whose version nobody says.
    #[error("{0} has no version; lock it, for example with `uv pip compile`, `pip freeze` or `uv export`")]
    NotPinned(String),
    /// A digest that is none.
    #[error("a sha256 digest of {0} is not 64 hexadecimal digits")]
    Digest(String),
    /// A file of another project or version among those of a release.
    #[error("the file {file} is not one of {release}")]
    OtherRelease {
        /// The file.
        file: String,
        /// The release that it stands at.
        release: String,
    },
    /// A line that pip and uv do not read alike.
    #[error("pip and uv read this line differently (a quote, a backslash or a comment); write it on one line")]
    Ambiguous,
    /// Another requirements file is included.
    #[error("it includes another file; give one file that has everything, for example of `uv pip compile`")]
    Includes,
    /// An option that may change what is installed.
    #[error("\"{0}\" is no option that is known here")]
    Option(String),
    /// A requirement that cannot be read.
    #[error("{0}")]
    Requirement(String),
}

impl LockProblem {
    const fn at(self, line: usize) -> LockError {
        LockError { line: Some(line), problem: self }
    }

    const fn anywhere(self) -> LockError {
        LockError { line: None, problem: self }
    }
}

impl LockFormat {
    /// The format of a file with this name: `uv.lock`, `pylock.toml`, `pylock.NAME.toml`, or anything that ends in `.txt`.
    #[must_use]
    pub fn of_file_name(name: &str) -> Option<Self> {
        match name {
            "uv.lock" => Some(Self::Uv),
            _ if is_pylock(name) => Some(Self::Pylock),
            _ if name.ends_with(".txt") => Some(Self::Requirements),
            _ => None,
        }
    }
}

/// Whether a file's name is that of a lock after PEP 751.
#[must_use]
pub fn is_pylock(name: &str) -> bool {
    name.starts_with("pylock.") && name.ends_with(".toml")
}

impl Lock {
    /// Reads a lock file.
    ///
    /// # Errors
    /// See [`LockProblem`].
    pub fn parse(format: LockFormat, bytes: &[u8]) -> Result<Self, LockError> {
        if bytes.len() > limits::LOCK_BYTES {
            return Err(LockProblem::TooLarge.anywhere());
        }
        let lock = match format {
            LockFormat::Uv => document::read_uv(utf8(bytes)?)?,
            LockFormat::Pylock => document::read_pylock(utf8(bytes)?)?,
            LockFormat::Requirements => requirements::read(bytes)?,
        };
        if lock.releases.len().saturating_add(lock.elsewhere.len()) > limits::LOCK_RELEASES {
            return Err(LockProblem::TooMany { what: "entries", most: limits::LOCK_RELEASES }.anywhere());
        }
        if lock.releases.iter().map(|release| release.files.len() + release.digests.len()).sum::<usize>() > limits::LOCK_FILES {
            return Err(LockProblem::TooMany { what: "files", most: limits::LOCK_FILES }.anywhere());
        }
        Ok(lock)
    }
}

impl LockedRelease {
    /// Whether a file with this name and digest is one that the lock means: by its name where the lock has names, by its
    /// digest where it has digests only, else any file of the release.
    #[must_use]
    pub fn means(&self, name: &FileName, sha256: Option<Sha256>) -> bool {
        if !self.files.is_empty() {
            return self.files.iter().any(|file| file.name == *name);
        }
        let same = *name.project() == self.project && *name.version() == self.version;
        same && (self.digests.is_empty() || sha256.is_some_and(|sha256| self.digests.contains(&sha256)))
    }
}

/// The indexes that the packages of a lock file name, poetry's included: for who wants to know where to look, however the rest
/// of the file is.
pub fn indexes(table: &toml::Table) -> impl Iterator<Item = Url> {
    let packages = ["package", "packages"].into_iter().filter_map(|key| table.get(key)?.as_array()).flatten();
    packages.filter_map(document::index_of).filter_map(askable).take(limits::LOCK_RELEASES)
}

/// A URL that could be asked, and that carries no secret.
fn askable(text: &str) -> Option<Url> {
    // As it will be asked for: escaping makes it longer.
    let url = Url::parse(text).ok().filter(|url| url.as_str().len() <= limits::URL_BYTES)?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    (plain && matches!(url.scheme(), "http" | "https")).then_some(url)
}

fn utf8(bytes: &[u8]) -> Result<&str, LockError> {
    std::str::from_utf8(bytes).map_err(|_| LockProblem::NotUtf8.anywhere())
}

fn shown(text: &str) -> String {
    printable(text, limits::QUOTED_BYTES)
}

#[cfg(test)]
mod tests;
