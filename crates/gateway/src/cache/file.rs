//! Files whose content was hashed by this process.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use affineur_packaging::Sha256;
use aws_lc_rs::digest;
use bytes::Bytes;

use super::platform::{self, Identity};
use crate::limits;

/// An open file that any number of readers share: each reads at its own position, so one descriptor serves all.
#[derive(Debug)]
pub struct SharedFile {
    pub(super) file: File,
    pub(super) reservation: Option<Reservation>,
}

impl SharedFile {
    /// At most `most` bytes from `offset`; less only at the file's end. Blocks.
    ///
    /// # Errors
    /// The system's.
    pub fn read_at(&self, offset: u64, most: usize) -> io::Result<Bytes> {
        platform::read_at(&self.file, offset, most)
    }
}

/// A file with a known digest: this process has hashed these very bytes. It stays readable when it is evicted meanwhile.
#[derive(Debug, Clone)]
pub struct CachedFile {
    pub(super) shared: Arc<SharedFile>,
    pub(super) sha256: Sha256,
    pub(super) size: u64,
    pub(super) identity: Identity,
}

impl CachedFile {
    /// Its digest.
    #[must_use]
    pub const fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Its size in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The open file.
    #[must_use]
    pub const fn shared(&self) -> &Arc<SharedFile> {
        &self.shared
    }

    /// A reader from the start, with a position of its own. Its reads block.
    #[must_use]
    pub fn reader(&self) -> FileReader {
        FileReader { shared: Arc::clone(&self.shared), size: self.size, position: 0 }
    }

    /// Whether the bytes are still the ones that were hashed. Costs one `fstat`; where somebody touched the file since
    /// (another process that uses it does), the file is hashed again. Blocks.
    ///
    /// # Errors
    /// The system's.
    pub fn is_unchanged(&self) -> io::Result<bool> {
        let identity = Identity::of(&self.shared.file.metadata()?);
        Ok(identity == self.identity || hash(&self.shared.file)? == (self.sha256, self.size))
    }
}

/// Reads a [`CachedFile`].
#[derive(Debug)]
pub struct FileReader {
    shared: Arc<SharedFile>,
    size: u64,
    position: u64,
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = platform::read_into(&self.shared.file, self.position, buffer)?;
        self.position = self.position.saturating_add(read as u64);
        Ok(read)
    }
}

impl Seek for FileReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// Digest and size of a whole file. 35 MB take about 20 ms.
pub(super) fn hash(file: &File) -> io::Result<(Sha256, u64)> {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut size = 0;
    loop {
        let bytes = platform::read_at(file, size, limits::WRITE_CHUNK_BYTES)?;
        if bytes.is_empty() {
            return Ok((finish(context)?, size));
        }
        context.update(&bytes);
        size += bytes.len() as u64;
    }
}

pub(super) fn finish(context: digest::Context) -> io::Result<Sha256> {
    let bytes = context.finish().as_ref().try_into().map_err(|_| io::Error::other("SHA-256 has 32 bytes"))?;
    Ok(Sha256::from_bytes(bytes))
}

/// Memory that is taken from a common budget and given back when this is dropped.
#[derive(Debug)]
pub(super) struct Reservation {
    used: Arc<AtomicU64>,
    bytes: AtomicU64,
}

impl Reservation {
    /// Takes `bytes`, if the budget allows.
    pub(super) fn take(used: &Arc<AtomicU64>, bytes: u64) -> Option<Self> {
        let reservation = Self { used: Arc::clone(used), bytes: AtomicU64::new(0) };
        reservation.grow(bytes).then_some(reservation)
    }

    /// Takes `bytes` more, if the budget allows.
    pub(super) fn grow(&self, bytes: u64) -> bool {
        let more = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= limits::CACHE_MEMORY_BYTES);
        let taken = self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_ok();
        if taken {
            self.bytes.fetch_add(bytes, Ordering::AcqRel);
        }
        taken
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.used.fetch_sub(*self.bytes.get_mut(), Ordering::AcqRel);
    }
}
