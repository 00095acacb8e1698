//! Content-addressed cache of verified bytes.
//!
//! Layout: `<folder>/<scope>/<ab>/<sha256>` for files, `<folder>/<scope>/metadata/<ab>/<key>` for `METADATA`,
//! `<folder>/partial/` for what is being written. Several processes may share a folder.
//!
//! **Why what comes out is what went in.** A file gets its place only through [`Partial`], which hashes what is written and
//! names the file by that digest, with one rename. Nothing is synced: the cache may be lost, and after a power loss a file may
//! have holes; somebody may also have written to it. So each process hashes a file before its first use (35 MB: about 20 ms)
//! and remembers the file's identity (inode, size, times, change time); a file whose identity differs is hashed again.
//! A file that is not what its name says is removed and alarmed, never served.
//!
//! Must never hand out bytes that this process has not hashed, and never those of one caller's credential to another.

mod file;
mod index;
mod metadata;
mod partial;
mod platform;
#[cfg(test)]
mod tests;

use std::fs::{self, File, FileTimes};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use affineur_packaging::Sha256;

pub use self::file::{CachedFile, FileReader, SharedFile};
use self::index::{Index, Key, Kind};
pub use self::metadata::{KeptMetadata, Provenance};
pub use self::partial::{Finished, Partial};
use self::platform::Identity;
use crate::limits;

/// Who may see a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Fetched without a credential.
    Public,
    /// Fetched with a caller's `Authorization`: only for callers whose `Authorization` has this SHA-256.
    Credential(Sha256),
}

impl Scope {
    fn folder(self) -> String {
        match self {
            Self::Public => "public".to_owned(),
            Self::Credential(digest) => format!("credential-{digest}"),
        }
    }

    fn from_folder(name: &str) -> Option<Self> {
        match name.strip_prefix("credential-") {
            Some(digest) => digest.parse().ok().map(Self::Credential),
            None => (name == "public").then_some(Self::Public),
        }
    }
}

/// The cache. Cheap to clone; all methods block on the file system.
#[derive(Debug, Clone)]
pub struct Cache(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    limit_bytes: u64,
    files: Mutex<Index>,
    /// Counted apart: what was served as `METADATA` must still be there when its wheel comes, however many files came between.
    metadata: Mutex<Index>,
    /// One file is hashed by one thread, however many ask for it: each lock stands for 1/16 of the digests.
    hashing: [Mutex<()>; 16],
    /// Bytes in memory because the disk is full.
    memory: Arc<AtomicU64>,
}

impl Cache {
    /// Opens the cache in a folder (made if needed, for its owner only), removes what crashed processes left half written,
    /// and evicts down to `limit_bytes`.
    ///
    /// # Errors
    /// The folder cannot be made or read.
    pub fn open(folder: impl Into<PathBuf>, limit_bytes: u64) -> io::Result<Self> {
        let folder = folder.into();
        platform::private_folder(&folder.join(partial::FOLDER))?;
        partial::remove_stale(&folder.join(partial::FOLDER))?;
        let cache = Self(Arc::new(Inner {
            files: Mutex::new(Index::scan(&folder, Kind::File)?),
            metadata: Mutex::new(Index::scan(&folder, Kind::Metadata)?),
            folder,
            limit_bytes,
            hashing: Default::default(),
            memory: Arc::default(),
        }));
        cache.evict(Kind::File, limit_bytes);
        cache.evict(Kind::Metadata, cache.most(Kind::Metadata));
        Ok(cache)
    }

    /// A file by its digest, hashed before if this process does not know it. A hit makes it the most recently used one.
    #[must_use]
    pub fn lookup(&self, scope: Scope, sha256: &Sha256) -> Option<CachedFile> {
        let key = Key { scope, kind: Kind::File, sha256: *sha256 };
        let path = self.path(&key);
        match self.verified(&key, &path) {
            Ok(Some(found)) => Some(found),
            Ok(None) => {
                tracing::error!(file = %sha256, "a file in the cache is not what its name says: somebody wrote to it, or the power failed");
                self.remove(&key);
                None
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.index(key.kind).forget(&key);
                None
            }
            Err(error) => {
                tracing::warn!(file = %sha256, %error, "a file in the cache cannot be read");
                None
            }
        }
    }

    /// Bytes that the cache holds, as far as this process knows.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.index(Kind::File).bytes() + self.index(Kind::Metadata).bytes()
    }

    /// The file, if its content agrees with its name.
    fn verified(&self, key: &Key, path: &Path) -> io::Result<Option<CachedFile>> {
        let file = platform::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(None);
        }
        let found = Identity::of(&metadata);
        if !self.index(key.kind).is_verified(key, &found) {
            let _one_at_a_time = lock(self.hashing_lock(&key.sha256));
            if !self.index(key.kind).is_verified(key, &found) && file::hash(&file)? != (key.sha256, metadata.len()) {
                return Ok(None);
            }
        }
        let due = self.index(key.kind).used(*key, metadata.len());
        let identity = if due == Touch::Due { touch(&file).unwrap_or(found) } else { found };
        self.index(key.kind).verified(key, identity);
        let shared = Arc::new(SharedFile { file, reservation: None });
        Ok(Some(CachedFile { shared, sha256: key.sha256, size: metadata.len(), identity }))
    }

    fn hashing_lock(&self, sha256: &Sha256) -> &Mutex<()> {
        let [first, ..] = sha256.as_bytes();
        let [zero, ..] = &self.0.hashing;
        self.0.hashing.get(usize::from(first % 16)).unwrap_or(zero)
    }

    /// Counts a file that was just put in place, and evicts what is too much now.
    fn placed(&self, key: Key, size: u64, identity: Identity) {
        let rescan = {
            let mut index = self.index(key.kind);
            index.used(key, size);
            index.verified(&key, identity);
            index.rescan_due(size, self.most(key.kind) / limits::CACHE_RESCAN_SHARE)
        };
        if rescan && let Ok(found) = Index::scan(&self.0.folder, key.kind) {
            self.index(key.kind).merge(&found);
        }
        self.evict(key.kind, self.most(key.kind));
    }

    fn most(&self, kind: Kind) -> u64 {
        match kind {
            Kind::File => self.0.limit_bytes,
            Kind::Metadata => self.0.limit_bytes / limits::CACHE_METADATA_SHARE,
        }
    }

    /// Removes the least recently used files until at most `most` bytes are left. A file that is being read stays readable.
    fn evict(&self, kind: Kind, most: u64) {
        let surplus = self.index(kind).take_surplus(most);
        for key in surplus {
            let _already_gone = fs::remove_file(self.path(&key));
        }
    }

    /// The disk is full: gives up a share of what is kept.
    fn give_up_space(&self) {
        let bytes = self.index(Kind::File).bytes();
        self.evict(Kind::File, bytes - bytes / limits::CACHE_GIVE_UP_SHARE);
    }

    fn remove(&self, key: &Key) {
        self.index(key.kind).forget(key);
        let _already_gone = fs::remove_file(self.path(key));
    }

    fn path(&self, key: &Key) -> PathBuf {
        let digest = key.sha256.to_string();
        let (first, _) = digest.split_at(2);
        let mut path = self.0.folder.join(key.scope.folder());
        if key.kind == Kind::Metadata {
            path.push(index::METADATA_FOLDER);
        }
        path.join(first).join(&digest)
    }

    fn index(&self, kind: Kind) -> MutexGuard<'_, Index> {
        lock(match kind {
            Kind::File => &self.0.files,
            Kind::Metadata => &self.0.metadata,
        })
    }
}

/// Whether the time of a file's last use should be written to disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Touch {
    Due,
    NotYet,
}

/// Writes the time of use for later processes, and says what the file's identity is now.
fn touch(file: &File) -> io::Result<Identity> {
    file.set_times(FileTimes::new().set_modified(SystemTime::now()))?;
    Ok(Identity::of(&file.metadata()?))
}

/// Nothing here leaves data half changed when it panics, so a poisoned lock is as good as another.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
