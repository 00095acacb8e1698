//! What an index signs about a project (DESIGN §4.1): its *listing*, which a project's signer owns, and its *overlay*, which the
//! index owns; where they lie among the targets; and from which roles each is accepted.
//!
//! The overlay may date and subtract. It never adds a file or changes a digest: [`merge`] is the one place where the two meet.

mod document;
mod layout;
mod overlay;
mod place;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use affineur_packaging::page::{ProjectStatus, StatusMarker};
use affineur_packaging::{FileName, ProjectName, Sha256};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use document::{ListedFile, Listing, ListingError};
pub use layout::{file_path, file_url, listing_path, overlay_path, provenance_url, shard, simple_url};
pub use overlay::{OverlaidFile, Overlay};
pub use place::{BINS, Misplaced, Place, Tier, bin_prefix};

/// One file of a project as listing and overlay together say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedFile {
    /// What the listing says.
    pub listed: ListedFile,
    /// When the index first had it, as the index claims.
    pub first_seen: Option<Timestamp>,
    /// Why an administrator yanked it, if one did; the listing's own yank is in `listed`.
    pub yanked_by_index: Option<String>,
    /// The digest of its provenance object (PEP 740), as the index claims. What is in it speaks for itself.
    pub provenance: Option<Sha256>,
}

/// A project as listing and overlay together say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The project.
    pub project: ProjectName,
    /// Its files by name. None of a project that is quarantined: nothing of it installs.
    pub files: BTreeMap<String, MergedFile>,
    /// What the index says about the project as a whole.
    pub status: ProjectStatus,
}

/// Puts the two together. What the overlay says of files that the listing does not have is ignored.
#[must_use]
pub fn merge(listing: Listing, mut overlay: Overlay) -> Merged {
    let status = overlay.status;
    let files = if status.marker == StatusMarker::Quarantined { BTreeMap::new() } else { listing.files };
    let files = files.into_iter().map(|(name, listed)| {
        let said = overlay.files.remove(&name);
        let first_seen = said.as_ref().map(|said| said.first_seen);
        let (yanked_by_index, provenance) = said.map_or((None, None), |said| (said.yanked, said.provenance));
        (name, MergedFile { listed, first_seen, yanked_by_index, provenance })
    });
    Merged { project: listing.project, files: files.collect(), status }
}

/// Digests as documents write them.
#[derive(Serialize, Deserialize)]
struct Digests {
    sha256: String,
}

/// A file's name, for messages about documents.
fn named(name: &str) -> String {
    affineur_packaging::text::printable(name, crate::limits::LISTING_TEXT_BYTES)
}

/// Parses a file name of this project.
fn file_of(project: &ProjectName, name: &str) -> Result<FileName, ListingError> {
    FileName::of_project(name, project).map_err(|_| ListingError::OtherFile(named(name)))
}

/// A digest as documents write it.
fn digest(text: &str, file: &str) -> Result<Sha256, ListingError> {
    text.parse().map_err(|_| ListingError::Digest(named(file)))
}
