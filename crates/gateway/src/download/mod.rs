//! Downloads: one upstream transfer per file, any number of readers, the last chunk held back until the digest agrees.
//!
//! A transfer writes to a [`Partial`](crate::cache::Partial) and announces how far it is; each reader reads from that file at
//! its own pace, so 500 clients cost one transfer, one file descriptor, and a chunk each. What is sent is always a prefix of
//! what was received; the last [`limits::HOLD_BACK_BYTES`](crate::limits::HOLD_BACK_BYTES) go out only after length, SHA-256 and the caller's check
//! agreed, else the body ends with an error. A small file, and one whose digest nobody named, is verified before its first
//! byte goes out. Ranges are answered from verified bytes only.
//!
//! Must never send the end of a file that was not verified, and never a whole body that differs from what was asked for.

pub(crate) mod range;
mod reader;
mod respond;
#[cfg(test)]
mod tests;
mod transfer;
mod upstream;

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use affineur_packaging::Sha256;
use tokio::sync::watch;
use url::Url;

use self::transfer::{Progress, Transfer};
pub use self::upstream::Upstream;
use crate::cache::{Cache, CachedFile, Scope};
use crate::fetch::FetchError;

/// The downloads of one gateway. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Downloads(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cache: Cache,
    running: Mutex<HashMap<Key, Arc<Transfer>>>,
    readers: Arc<AtomicUsize>,
}

/// Requests with the same key share one transfer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    scope: Scope,
    url: Url,
    expected: Option<Sha256>,
}

/// Looks at a complete file whose length and digest agreed, before its end is sent and before it is kept. Runs where it may
/// block. An error's text is for people, in our own words.
pub type Check = Box<dyn FnOnce(&CachedFile) -> Result<(), String> + Send>;

/// Hears how a transfer ended, once, before any client does: its readers wait for it, so it must be quick.
pub type Report = Box<dyn FnOnce(Result<&CachedFile, &DownloadError>) + Send>;

/// What is to be downloaded.
pub struct Request {
    /// Who may have the bytes.
    pub scope: Scope,
    /// Where they are.
    pub url: Url,
    /// The digest that the page named; without one the whole file is fetched and hashed before the first byte is sent, and
    /// `report` learns the digest before that, to pin it (`check` may refuse it).
    pub expected: Option<Sha256>,
    /// The length that the page named.
    pub size: Option<u64>,
    /// Most bytes that this file may have.
    pub limit_bytes: u64,
    /// What else must hold. Not run for a file that comes from the cache, and only the first of several requests for the
    /// same transfer is heard.
    pub check: Option<Check>,
    /// Who is told how it ended. Not called for a file that comes from the cache, nor when a transfer is given up because nobody
    /// waits for it; of several requests for the same transfer the first one's is called.
    pub report: Option<Report>,
}

/// Why a file could not be had. Every reader of a transfer gets the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DownloadError {
    /// The bytes are not the ones that the page named: hostile.
    #[error("the file's SHA-256 is {got}, expected {expected}")]
    Digest {
        /// What the page named.
        expected: Sha256,
        /// What came.
        got: Sha256,
    },
    /// Another number of bytes came than the page or the upstream named.
    #[error("the file has {got} bytes, expected {expected}")]
    Length {
        /// What was named.
        expected: u64,
        /// What came; when more came than was named, how far the transfer was then.
        got: u64,
    },
    /// The file is larger than allowed.
    #[error("the file has more than {limit_bytes} bytes")]
    TooLarge {
        /// What is allowed.
        limit_bytes: u64,
    },
    /// The caller's check refused the file.
    #[error("{0}")]
    Check(String),
    /// The upstream gave no file, or not all of it.
    #[error("upstream: {0}")]
    Upstream(#[from] FetchError),
    /// This machine could not store or read it.
    #[error("the download cannot be stored: {0}")]
    Storage(std::io::ErrorKind),
    /// A file in the cache changed while it was being read.
    #[error("the file was changed in the cache while it was read")]
    Tampered,
    /// The transfer was given up: nobody waited for it, or the gateway stops.
    #[error("the download was given up")]
    GivenUp,
}

impl Downloads {
    /// Downloads into (and out of) this cache.
    #[must_use]
    pub fn new(cache: Cache) -> Self {
        Self(Arc::new(Inner { cache, running: Mutex::default(), readers: Arc::default() }))
    }

    /// The file from the cache, or the running transfer of it, or a new one. Errors come when the file is read.
    pub async fn open<U: Upstream>(&self, upstream: U, request: Request) -> Served {
        let expected = request.expected;
        let key = Key { scope: request.scope, url: request.url.clone(), expected };
        let running = self.running().get(&key).map(|transfer| transfer.join());
        let source = if let Some(progress) = running {
            Source::Transfer(progress)
        } else if let Some(cached) = self.lookup(key.scope, expected).await {
            Source::Cached(cached)
        } else {
            Source::Transfer(self.join_or_start(key, upstream, request))
        };
        Served { source, expected, readers: Arc::clone(&self.0.readers) }
    }

    async fn lookup(&self, scope: Scope, expected: Option<Sha256>) -> Option<CachedFile> {
        let (cache, sha256) = (self.0.cache.clone(), expected?);
        tokio::task::spawn_blocking(move || cache.lookup(scope, &sha256)).await.ok()?
    }

    fn join_or_start<U: Upstream>(&self, key: Key, upstream: U, request: Request) -> watch::Receiver<Progress> {
        let mut running = self.running();
        if let Some(transfer) = running.get(&key) {
            return transfer.join();
        }
        let (transfer, progress) = Transfer::new();
        running.insert(key.clone(), Arc::clone(&transfer));
        drop(running);
        tokio::spawn(transfer::run(transfer::Running { downloads: self.clone(), key, transfer }, upstream, request));
        progress
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Key, Arc<Transfer>>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file that can be read, or waited for. While one of these (or a body made from it) lives, its transfer goes on.
#[derive(Debug)]
pub struct Served {
    source: Source,
    expected: Option<Sha256>,
    readers: Arc<AtomicUsize>,
}

#[derive(Debug)]
enum Source {
    Cached(CachedFile),
    Transfer(watch::Receiver<Progress>),
}

impl Served {
    /// Waits until the file is there and verified.
    ///
    /// # Errors
    /// See [`DownloadError`].
    pub async fn verified(&mut self) -> Result<CachedFile, DownloadError> {
        match &mut self.source {
            Source::Cached(file) => Ok(file.clone()),
            Source::Transfer(progress) => {
                let progress =
                    progress.wait_for(|progress| progress.end.is_some()).await.map_err(|_| DownloadError::GivenUp)?;
                progress.end.clone().unwrap_or(Err(DownloadError::GivenUp))
            }
        }
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the URL: it may carry a credential.
        f.debug_struct("Request").field("expected", &self.expected).field("size", &self.size).finish_non_exhaustive()
    }
}
