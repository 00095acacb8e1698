//! Distributions from the inside: what an archive holds, read in one way only.
//!
//! [`metadata`] is for who passes wheels on: the one `METADATA` that all installers find, or an error. [`inspect`] is for who
//! takes uploads: everything in the archive, and a sentence for the uploader where it is not as it should be. [`difference`] is for
//! who reads what is in them: two archives, member by member and line by line.
//!
//! All of it may come from an attacker; see [`limits`](crate::limits) for what is allowed. Reads from whatever can be read and
//! sought in, and never opens a file by itself.
//!
//! Must never guess: one `.dist-info` folder, one `METADATA` in it, of this project and version.

mod contents;
mod core_metadata;
pub mod difference;
mod directory;
mod fault;
mod inspect;
mod members;
mod pax;
mod sdist;
#[cfg(test)]
mod tests;
mod tree;
mod wheel;

pub use self::core_metadata::{CoreMetadata, Dependencies, METADATA_VERSIONS, MetadataFault, RESOLVED_WITH, check_metadata};
pub use self::directory::{Directory, directory};
pub use self::fault::{ArchiveFault, LinkFault, PathFault};
pub use self::inspect::{Inspected, Limits, inspect};
pub use self::wheel::{WheelError, metadata};
