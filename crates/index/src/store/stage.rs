//! Bytes on their way in: hashed and counted as they come, without a name until they are accepted.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use affineur_packaging::Sha256;
use aws_lc_rs::digest;

use super::disk::{Disk, Temporary};
use super::error::{StageError, StoreError};

/// An upload that has begun. Dropped, it leaves nothing.
pub struct Stage {
    file: Box<dyn Temporary>,
    folder: PathBuf,
    hash: digest::Context,
    size: u64,
    limit: u64,
}

/// An upload whose bytes are all there. Dropped, it leaves nothing.
pub struct Staged {
    file: Box<dyn Temporary>,
    folder: PathBuf,
    size: u64,
    sha256: Sha256,
}

/// Stored bytes.
#[derive(Debug)]
pub struct Blob {
    /// The bytes, from the first one.
    pub file: File,
    /// How many.
    pub size: u64,
}

impl Stage {
    pub(super) fn begin(disk: &dyn Disk, folder: &Path, limit: u64) -> Result<Self, StoreError> {
        let file = disk.create_temporary(folder).map_err(|error| StoreError::io(folder, &error))?;
        let hash = digest::Context::new(&digest::SHA256);
        Ok(Self { file, folder: folder.to_owned(), hash, size: 0, limit })
    }

    /// Takes the next bytes. Blocks as writing a file does.
    ///
    /// # Errors
    /// See [`StageError`]. After an error the upload is worth nothing.
    pub fn write(&mut self, chunk: &[u8]) -> Result<(), StageError> {
        let size = u64::try_from(chunk.len()).ok().and_then(|length| self.size.checked_add(length));
        self.size = size.filter(|size| *size <= self.limit).ok_or(StageError::TooLarge { limit: self.limit })?;
        self.file.write(chunk).map_err(|error| StoreError::io(&self.folder, &error))?;
        self.hash.update(chunk);
        Ok(())
    }

    /// All bytes came.
    ///
    /// # Errors
    /// See [`StageError`].
    pub fn finish(self) -> Result<Staged, StageError> {
        let Self { file, folder, hash, size, .. } = self;
        Ok(Staged { file, folder, size, sha256: sha256_of(hash) })
    }
}

impl Staged {
    /// How many bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Their digest.
    #[must_use]
    pub const fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// The bytes, from the first one, for looking at them before they are accepted.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn reader(&self) -> Result<File, StoreError> {
        self.file.reader().map_err(|error| self.failed(&error))
    }

    /// Makes the bytes durable and gives them a name.
    pub(super) fn persist(mut self, to: &Path) -> Result<(), StoreError> {
        self.file.sync().map_err(|error| self.failed(&error))?;
        self.file.rename(to).map_err(|error| StoreError::io(to, &error))
    }

    fn failed(&self, error: &io::Error) -> StoreError {
        StoreError::io(&self.folder, error)
    }
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("size", &self.size).field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Staged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Staged").field("size", &self.size).field("sha256", &self.sha256).finish_non_exhaustive()
    }
}

pub(super) fn sha256_of(hash: digest::Context) -> Sha256 {
    let mut bytes = [0; 32];
    // SHA-256 has 32 bytes, always.
    bytes.copy_from_slice(hash.finish().as_ref());
    Sha256::from_bytes(bytes)
}
