//! Why an index does not take a distribution, in words for the developer who uploads it.
//!
//! twine and uv print these sentences. What they repeat out of the archive is made harmless and short.

use std::io;

use super::core_metadata::MetadataFault;
use super::wheel::WheelError;
use crate::limits;

/// What is wrong with a distribution, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveFault {
    /// The wheel has no single reading, or no `METADATA` of its own.
    #[error("{0}; build the wheel again with a current build tool and upload what it made, unchanged")]
    Wheel(#[from] WheelError),
    /// A source distribution in another form than PEP 625 has.
    #[error("source distributions are uploaded as .tar.gz only (PEP 625); build it again with a current build tool")]
    NotTarGz,
    /// The path of an entry.
    #[error("the archive's entry \"{path}\" {fault}; installers would refuse it or write elsewhere")]
    Path {
        /// The path, made harmless.
        path: String,
        /// What is wrong.
        fault: PathFault,
    },
    /// A link of a source distribution.
    #[error("the archive's link \"{path}\" to \"{target}\" {fault}; put the file itself into the archive")]
    Link {
        /// Where the link is, made harmless.
        path: String,
        /// What it names, made harmless.
        target: String,
        /// What is wrong.
        fault: LinkFault,
    },
    /// Two entries for one file.
    #[error("the archive has \"{path}\" twice, and installers differ in which they take; build it again")]
    Twice {
        /// The path, made harmless.
        path: String,
    },
    /// An entry below one that is no folder.
    #[error(
        "the archive's entry \"{path}\" lies beneath \"{over}\", which is a file or a link (upper and lower case count as one)"
    )]
    Beneath {
        /// The path, made harmless.
        path: String,
        /// What it lies beneath, made harmless.
        over: String,
    },
    /// An entry that is neither a file nor a folder nor, in a source distribution, a link.
    #[error("the archive's entry \"{path}\" is {found}; a distribution has files and folders, and a source distribution links")]
    NoFile {
        /// The path, made harmless.
        path: String,
        /// What it is.
        found: &'static str,
    },
    /// An entry that installers cannot read.
    #[error("the wheel's entry \"{path}\" is encrypted, or neither stored nor deflated; build the wheel again")]
    Unreadable {
        /// The path, made harmless.
        path: String,
    },
    /// An entry that is not what its header says.
    #[error(
        "the wheel's entry \"{path}\" is damaged: its length or check sum is not the one that the wheel says; build it again"
    )]
    DamagedEntry {
        /// The path, made harmless.
        path: String,
    },
    /// Too many entries.
    #[error("the archive has more than {most} entries; leave out what nobody needs for installing")]
    TooManyEntries {
        /// How many are allowed.
        most: u64,
    },
    /// More than [`limits::ENTRY_PATHS_BYTES`].
    #[error("the paths in the archive have more than {} bytes together; shorten them", limits::ENTRY_PATHS_BYTES)]
    PathsTooLong,
    /// It expands to too much.
    #[error(
        "the archive expands to more than {most} bytes, which is the most for one of its size; leave out what is so large or so uniform"
    )]
    TooLarge {
        /// How much is allowed.
        most: u64,
    },
    /// A file that every wheel has.
    #[error("the wheel has no .dist-info/{0}; build it with a current build tool")]
    MissingFile(&'static str),
    /// An entry beside the one folder.
    #[error(
        "the archive's entry \"{path}\" is not in a folder \"{expected}\"; a source distribution has that one folder (PEP 517, PEP 625)"
    )]
    OutsideFolder {
        /// The path, made harmless.
        path: String,
        /// The folder's name.
        expected: String,
    },
    /// No `PKG-INFO` where it belongs.
    #[error("the archive has no file \"{expected}/PKG-INFO\"; build it with a current build tool (python -m build, uv build)")]
    MissingPkgInfo {
        /// The folder's name.
        expected: String,
    },
    /// The core metadata.
    #[error("{file}: {fault}")]
    Metadata {
        /// `METADATA` or `PKG-INFO`.
        file: &'static str,
        /// What is wrong.
        fault: MetadataFault,
    },
    /// The gzip or tar layer breaks off or contradicts itself.
    #[error("the archive is damaged or incomplete, or no .tar.gz at all; build it again and upload it whole")]
    Damaged,
    /// No block of zeros at the end of the tar file.
    #[error("the tar archive does not end as it should, with blocks of zeros; build it again and upload it whole")]
    NoEnd,
    /// Bytes behind the archive, or a second one.
    #[error("there are bytes behind the archive's end, which some installers would read and others not; build it again")]
    Trailing,
    /// A tar header that readers read differently.
    #[error("the tar archive has {0}, which installers read differently; build it again with a current build tool")]
    Ambiguous(&'static str),
    /// The bytes cannot be read here.
    #[error("the archive cannot be read: {0}")]
    Io(io::ErrorKind),
}

/// What is wrong with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// Nothing there.
    #[error("has no name")]
    Empty,
    /// Longer than [`limits::ENTRY_PATH_BYTES`].
    #[error("has a path of more than {} bytes", limits::ENTRY_PATH_BYTES)]
    TooLong,
    /// Begins with a slash.
    #[error("has an absolute path")]
    Absolute,
    /// Begins with a drive.
    #[error("has a path with a drive")]
    Drive,
    /// A folder separator on Windows alone.
    #[error("has a backslash in its path")]
    Backslash,
    /// NUL, a line break, …
    #[error("has a control character in its path")]
    Control,
    /// `..`
    #[error("has \"..\" in its path")]
    Parent,
    /// `.`
    #[error("has \".\" in its path")]
    Here,
    /// Two slashes.
    #[error("has an empty segment in its path")]
    EmptySegment,
    /// A file whose path ends as a folder's.
    #[error("is no folder, but its path ends with a slash")]
    Slash,
    /// Not UTF-8, or in a wheel not said to be.
    #[error("has a path that is not UTF-8, or not marked as UTF-8")]
    NotUtf8,
}

/// What is wrong with a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkFault {
    /// The target is no path that could be inside.
    #[error("{0}")]
    Path(PathFault),
    /// Leads out of the folder at the top.
    #[error("leads out of the archive's folder")]
    Outside,
    /// `..` behind a name: where that leads depends on other links.
    #[error("goes up again after going down")]
    UpAfterDown,
    /// A hard link to something that is no file of the archive.
    #[error("names no file of the archive")]
    NoFile,
}
