//! Files on their way into the cache.
//!
//! Each is locked by the process that writes it, so that another one, starting, can tell what a crash left behind.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest;
use tempfile::{NamedTempFile, TempPath};

use super::file::{self, CachedFile, Reservation, SharedFile};
use super::index::{Key, Kind};
use super::platform::{self, Identity};
use super::{Cache, Scope};
use crate::limits;

pub(super) const FOLDER: &str = "partial";

/// Bytes that are being received, hashed as they are written. Dropping it removes the file.
pub struct Partial {
    cache: Cache,
    file: Arc<SharedFile>,
    /// Where it is on disk; nowhere while the disk is full.
    path: Option<TempPath>,
    context: digest::Context,
    written: u64,
}

/// Bytes that are all there, with their digest. Dropping it removes the file (who has it open can still read it).
#[derive(Debug)]
pub struct Finished {
    cache: Cache,
    path: Option<TempPath>,
    file: CachedFile,
}

impl Cache {
    /// Begins a file. Where the disk has no room, it lives in memory, within [`limits::CACHE_MEMORY_BYTES`].
    ///
    /// # Errors
    /// Neither the disk nor memory can take it.
    pub fn begin(&self) -> io::Result<Partial> {
        let (file, path) = match locked_file(&self.0.folder.join(FOLDER)) {
            Ok((file, path)) => (SharedFile { file, reservation: None }, Some(path)),
            Err(error) => (self.memory(0).ok_or(error)?, None),
        };
        let context = digest::Context::new(&digest::SHA256);
        Ok(Partial { cache: self.clone(), file: Arc::new(file), path, context, written: 0 })
    }

    fn memory(&self, bytes: u64) -> Option<SharedFile> {
        let reservation = Some(Reservation::take(&self.0.memory, bytes)?);
        Some(SharedFile { file: platform::memory_file().ok()?, reservation })
    }
}

impl Partial {
    /// The open file, for readers: what [`written`](Self::written) says can be read from it. It is another one after the disk
    /// became full.
    #[must_use]
    pub const fn shared(&self) -> &Arc<SharedFile> {
        &self.file
    }

    /// Bytes written so far.
    #[must_use]
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// Appends. When the disk is full the cache gives up other files, then this one moves to memory. Blocks.
    ///
    /// # Errors
    /// The system's; nothing was appended then.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let attempt = |partial: &Self| platform::write_all_at(&partial.file.file, bytes, partial.written);
        if let Some(reservation) = &self.file.reservation {
            if !reservation.grow(bytes.len() as u64) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            attempt(self)?;
        } else if let Err(error) = attempt(self) {
            if !is_full(&error) {
                return Err(error);
            }
            self.cache.give_up_space();
            if attempt(self).is_err() {
                self.move_to_memory(bytes.len() as u64).map_err(|_| error)?;
                attempt(self)?;
            }
        }
        self.context.update(bytes);
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Nothing more comes. Blocks.
    ///
    /// # Errors
    /// The system's.
    pub fn finish(self) -> io::Result<Finished> {
        let sha256 = file::finish(self.context)?;
        let identity = Identity::of(&self.file.file.metadata()?);
        let file = CachedFile { shared: self.file, sha256, size: self.written, identity };
        Ok(Finished { cache: self.cache, path: self.path, file })
    }

    /// Writes elsewhere from now on: for tests of disks that fail.
    #[cfg(test)]
    pub(super) fn pretend_file(&mut self, file: File) {
        self.file = Arc::new(SharedFile { file, reservation: None });
    }

    /// Copies what is there to memory and goes on there.
    fn move_to_memory(&mut self, more: u64) -> io::Result<()> {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let memory = self.cache.memory(self.written + more).ok_or_else(full)?;
        let mut copied = 0;
        while copied < self.written {
            let bytes = self.file.read_at(copied, limits::WRITE_CHUNK_BYTES)?;
            if bytes.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            platform::write_all_at(&memory.file, &bytes, copied)?;
            copied += bytes.len() as u64;
        }
        tracing::warn!("the disk is full: a download goes on in memory and is not kept");
        self.file = Arc::new(memory);
        self.path = None;
        Ok(())
    }
}

impl Finished {
    /// The bytes, not in the cache yet.
    #[must_use]
    pub const fn file(&self) -> &CachedFile {
        &self.file
    }

    /// Gives the file its place, under its own digest and no other. Where that fails (the disk is full, the folder is gone) the
    /// bytes are usable all the same and are not kept. Blocks.
    #[must_use]
    pub fn commit(mut self, scope: Scope) -> CachedFile {
        if let Some(path) = self.path.take() {
            let key = Key { scope, kind: Kind::File, sha256: self.file.sha256 };
            match place(&self.cache, &key, path, &self.file.shared.file) {
                Ok(identity) => {
                    self.file.identity = identity;
                    self.cache.placed(key, self.file.size, identity);
                }
                Err(error) => tracing::warn!(%error, "a verified download could not be put into the cache"),
            }
        }
        self.file
    }
}

/// Renames into place. A file that is there already is replaced: it should be the same, and this one was hashed just now.
pub(super) fn place(cache: &Cache, key: &Key, path: TempPath, file: &File) -> io::Result<Identity> {
    platform::seal(file)?;
    let target = cache.path(key);
    if let Some(folder) = target.parent() {
        platform::private_folder(folder)?;
    }
    path.persist(&target).map_err(|failed| failed.error)?;
    Ok(Identity::of(&file.metadata()?))
}

/// A new file in the folder, locked by us.
pub(super) fn locked_file(folder: &Path) -> io::Result<(File, TempPath)> {
    loop {
        let (file, path) = NamedTempFile::new_in(folder)?.into_parts();
        file.lock()?;
        // Between the two lines above another process, starting, may have taken it for a crash's remains.
        if path.exists() {
            return Ok((file, path));
        }
    }
}

/// Removes files that no process has locked: whoever wrote them is gone.
pub(super) fn remove_stale(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)?.filter_map(Result::ok) {
        let path = entry.path();
        let Ok(file) = platform::open(&path) else { continue };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {}
            Ok(()) | Err(TryLockError::Error(_)) => {
                let _already_gone = fs::remove_file(&path);
            }
        }
    }
    Ok(())
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

impl std::fmt::Debug for Partial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Partial").field("written", &self.written).field("path", &self.path).finish_non_exhaustive()
    }
}
