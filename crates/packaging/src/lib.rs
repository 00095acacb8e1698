//! Python's packaging vocabulary, parsed once at the border.
//!
//! Names, versions, file names, digests, lock files and Simple API pages (PEPs 440, 491, 503, 592, 625, 629, 658, 691, 700, 714,
//! 740, 751, 792). Everything here is pure: no I/O, no clock, no randomness. Everything that is parsed may come from an attacker,
//! so each parser has named limits (see [`limits`]) and is fuzzed alone.
//!
//! This crate must never know TUF or trust.

pub mod archive;
mod digest;
mod file_name;
pub mod limits;
pub mod lock;
mod name;
pub mod page;
mod requirement;
pub mod requirements_file;
pub mod text;

pub use digest::{ParseDigestError, Sha256};
pub use file_name::{DistributionKind, FileName, FileNameError, names_archive};
pub use name::{ParseNameError, ProjectName};
pub use pep440_rs::{Version, VersionSpecifiers};
pub use requirement::{ParseRequirementError, Requirement};
