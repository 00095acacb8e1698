//! Removing bytes that belong to nothing: what is left of uploads that were cut short after their bytes were durable.
//!
//! An upload's bytes get their name before their row is written. So a file without a row may be an upload of this moment: only old
//! files are removed, and each only while the database's write lock is held. Whoever accepts an upload looks under the same lock
//! whether its bytes are still there ([`are_there`]): the two cannot happen at once, in whichever process.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use affineur_packaging::Sha256;
use jiff::Timestamp;
use rusqlite::Connection;

use super::check::size;
use super::fault::Plain;
use super::folder::Folder;
use super::readers::Readers;
use crate::store::disk::Disk;
use crate::store::{StoreError, Swept};

/// A blob that may belong to nothing.
pub(super) struct Candidate {
    sha256: Sha256,
    path: PathBuf,
    size: u64,
}

/// Which old blobs have no row now.
pub(super) fn candidates(
    folder: &Folder,
    readers: &Readers,
    age: Duration,
    now: Timestamp,
) -> Result<Vec<Candidate>, StoreError> {
    let mut found = Vec::new();
    for first in 0..=u8::MAX {
        for name in folder.blobs(first)? {
            let Ok(sha256) = name.parse::<Sha256>() else { continue };
            let path = folder.blob_path(&sha256);
            let Some(size_on_disk) = old(&path, age, now) else { continue };
            if readers.read(|database| size(database, sha256))?.is_none() {
                found.push(Candidate { sha256, path, size: size_on_disk });
            }
        }
    }
    Ok(found)
}

/// Removes those that are still old and without a row. The transaction has the write lock.
pub(super) fn remove(
    database: &Connection,
    disk: &dyn Disk,
    candidates: &[Candidate],
    age: Duration,
    now: Timestamp,
) -> Result<Swept, Plain> {
    let mut swept = Swept::default();
    for candidate in candidates {
        if size(database, candidate.sha256)?.is_none() && old(&candidate.path, age, now).is_some() {
            disk.remove(&candidate.path).map_err(|error| Plain::Refused(StoreError::io(&candidate.path, &error)))?;
            swept.blobs += 1;
            swept.bytes += candidate.size;
        }
    }
    Ok(swept)
}

/// Whether bytes that were made durable are still there. The transaction has the write lock.
pub(super) fn are_there(blobs: &[PathBuf]) -> Result<(), StoreError> {
    match blobs.iter().find(|path| !path.exists()) {
        None => Ok(()),
        Some(path) => Err(StoreError::Unavailable {
            place: path.clone(),
            problem: "it was removed as left over while it was being accepted again; send it once more".to_owned(),
        }),
    }
}

/// The size of a file that has not been written to for so long; `None` of any other.
fn old(path: &std::path::Path, age: Duration, now: Timestamp) -> Option<u64> {
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let before = SystemTime::from(now).checked_sub(age)?;
    (metadata.modified().ok()? < before).then_some(metadata.len())
}

impl std::ops::AddAssign for Swept {
    fn add_assign(&mut self, more: Self) {
        self.blobs += more.blobs;
        self.bytes += more.bytes;
    }
}
