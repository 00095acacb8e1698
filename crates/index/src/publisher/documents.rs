//! What is signed about a project: its listing, its overlay, and, if wanted, each of its files.

use affineur_packaging::Sha256;
use affineur_packaging::page::Yanked;
use affineur_trust::listing::{ListedFile, Listing, OverlaidFile, Overlay, file_path, listing_path, overlay_path};
use affineur_tuf::{Hashes, ParseTargetPathError, TargetFile, TargetPath};
use bytes::Bytes;

use crate::store::{Project, StoredFile};

/// What becomes a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Granularity {
    /// Listings and overlays: what installers need.
    #[default]
    Listings,
    /// Every file too, for plain TUF clients.
    ListingsAndFiles,
}

/// A document that is stored, and the target that describes it.
pub(super) struct Document {
    pub(super) path: TargetPath,
    pub(super) sha256: Sha256,
    pub(super) bytes: Bytes,
}

impl Document {
    fn new(path: TargetPath, bytes: Vec<u8>) -> Self {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest.as_ref());
        Self { path, sha256: Sha256::from_bytes(sha256), bytes: bytes.into() }
    }

    pub(super) fn target(&self) -> TargetFile {
        TargetFile::new(self.bytes.len() as u64, sha256_only(&self.sha256))
    }
}

/// Listing and overlay of a project.
pub(super) fn documents(project: &Project) -> Result<[Document; 2], ParseTargetPathError> {
    let listing = Document::new(listing_path(&project.project)?, listing(project).to_bytes());
    Ok([listing, Document::new(overlay_path(&project.project)?, overlay(project).to_bytes())])
}

/// A file as a target of its own.
pub(super) fn file_target(file: &StoredFile) -> Result<(TargetPath, TargetFile), ParseTargetPathError> {
    Ok((file_path(file.file.project(), &file.file)?, TargetFile::new(file.size, sha256_only(&file.sha256))))
}

fn sha256_only(sha256: &Sha256) -> Hashes {
    Hashes::default().with("sha256", &sha256.to_string())
}

/// What the project's signer says; for an unclaimed project that is the index.
fn listing(project: &Project) -> Listing {
    let mut listing = Listing::empty(project.project.clone());
    for file in project.files.values() {
        listing.insert(ListedFile {
            name: file.file.clone(),
            sha256: file.sha256,
            size: file.size,
            requires_python: file.requires_python.clone(),
            core_metadata: file.core_metadata,
            yanked: file.yanked.clone(),
        });
    }
    listing
}

/// What the index says by itself.
fn overlay(project: &Project) -> Overlay {
    let mut overlay = Overlay::empty(project.project.clone());
    overlay.status = project.status.clone();
    for (name, file) in &project.files {
        let yanked = match &file.yanked_by_index {
            Yanked::No => None,
            Yanked::Yes(reason) => Some(reason.clone()),
        };
        let said = OverlaidFile { first_seen: file.uploaded, yanked, provenance: file.attestations };
        overlay.files.insert(name.clone(), said);
    }
    overlay
}
