//! The one task that brings a file.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::io;
use std::sync::Arc;

use affineur_packaging::Sha256;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::{Check, DownloadError, Downloads, Key, Request, Upstream};
use crate::cache::{CachedFile, Partial, Scope, SharedFile};
use crate::fetch::FileAnswer;
use crate::limits;

/// How far a transfer is.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The file that is being written; nothing before the upstream answered.
    pub(super) file: Option<Arc<SharedFile>>,
    /// How long it will be, as the page or the upstream says.
    pub(super) length: Option<u64>,
    /// Bytes that can be read from `file`. None of them is verified.
    pub(super) received: u64,
    /// How it ended.
    pub(super) end: Option<Result<CachedFile, DownloadError>>,
}

impl Progress {
    /// How far an unverified file may be sent.
    pub(super) const fn may_be_sent(&self) -> u64 {
        self.received.saturating_sub(limits::HOLD_BACK_BYTES)
    }

    /// Whether it is cheaper to finish than to begin again later.
    const fn is_worth_finishing(&self) -> bool {
        match self.length {
            Some(length) => {
                length.saturating_sub(self.received) <= limits::FINISH_BYTES || self.received > length / limits::FINISH_SHARE
            }
            None => false,
        }
    }
}

#[derive(Debug)]
pub(super) struct Transfer {
    progress: watch::Sender<Progress>,
}

impl Transfer {
    pub(super) fn new() -> (Arc<Self>, watch::Receiver<Progress>) {
        let (progress, receiver) = watch::channel(Progress::default());
        (Arc::new(Self { progress }), receiver)
    }

    /// One more who waits for it.
    pub(super) fn join(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }
}

/// A transfer in the list of running ones. However its task ends, it leaves the list and its readers hear of it.
pub(super) struct Running {
    pub(super) downloads: Downloads,
    pub(super) key: Key,
    pub(super) transfer: Arc<Transfer>,
}

impl Running {
    /// Takes it out of the list (a new request starts anew, or finds the file in the cache), then tells the readers.
    fn end(&self, end: Result<CachedFile, DownloadError>) {
        self.leave(&mut self.downloads.running());
        self.transfer.progress.send_if_modified(|progress| {
            let first = progress.end.is_none();
            progress.end.get_or_insert(end);
            first
        });
    }

    /// Leaves the list, unless a later transfer of the same file has its place there.
    fn leave(&self, running: &mut HashMap<Key, Arc<Transfer>>) {
        if running.get(&self.key).is_some_and(|transfer| Arc::ptr_eq(transfer, &self.transfer)) {
            running.remove(&self.key);
        }
    }

    /// Returns when nobody waits any more and the rest is not worth fetching; it has left the list then.
    async fn abandoned(&self) {
        loop {
            self.transfer.progress.closed().await;
            if self.transfer.progress.borrow().is_worth_finishing() {
                return pending().await;
            }
            let mut running = self.downloads.running();
            if self.transfer.progress.is_closed() {
                // With the list locked nobody can join.
                self.leave(&mut running);
                return;
            }
        }
    }

    async fn unless_abandoned<T>(&self, work: impl Future<Output = T>) -> Result<T, DownloadError> {
        tokio::select! {
            biased;
            () = self.abandoned() => Err(DownloadError::GivenUp),
            done = work => Ok(done),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end(Err(DownloadError::GivenUp));
    }
}

/// Brings the file, reports how that went, and only then tells the readers.
pub(super) async fn run<U: Upstream>(running: Running, upstream: U, mut request: Request) {
    let report = request.report.take();
    let end = receive(&running, &upstream, request).await;
    if !matches!(end, Err(DownloadError::GivenUp))
        && let Some(report) = report
    {
        report(end.as_ref());
    }
    running.end(end);
}

async fn receive<U: Upstream>(running: &Running, upstream: &U, request: Request) -> Result<CachedFile, DownloadError> {
    let FileAnswer { length, stream: mut body, .. } = running.unless_abandoned(upstream.file(&request.url)).await??;
    let mut bounds = Bounds::new(length, request.size, request.limit_bytes)?;
    let cache = running.downloads.0.cache.clone();
    let mut spool = Spool::new(blocking(move || Ok(cache.begin()?)).await?);
    let transfer = &running.transfer;
    spool.announce(transfer, bounds.length);
    loop {
        let next = if let Some(next) = running.unless_abandoned(body.next()).now_or_never() {
            next?
        } else if spool.is_worth_flushing() {
            spool = spool.flush(transfer).await?;
            continue;
        } else if let Ok(next) = timeout(limits::ANNOUNCE_AFTER, running.unless_abandoned(body.next())).await {
            next?
        } else {
            spool = spool.flush(transfer).await?;
            running.unless_abandoned(body.next()).await?
        };
        let Some(chunk) = next else { break };
        let chunk = chunk?;
        bounds.count(chunk.len() as u64)?;
        spool = spool.push(&chunk, transfer).await?;
    }
    let spool = spool.flush(transfer).await?;
    bounds.end()?;
    let Request { scope, expected, check, .. } = request;
    blocking(move || conclude(spool.partial, scope, expected.as_ref(), check)).await
}

/// Everything that must hold before the end of a file is sent. Blocks.
fn conclude(
    partial: Partial,
    scope: Scope,
    expected: Option<&Sha256>,
    check: Option<Check>,
) -> Result<CachedFile, DownloadError> {
    let finished = partial.finish()?;
    let got = finished.file().sha256();
    if let Some(expected) = expected.filter(|expected| **expected != got) {
        return Err(DownloadError::Digest { expected: *expected, got });
    }
    if let Some(check) = check {
        check(finished.file()).map_err(DownloadError::Check)?;
    }
    Ok(finished.commit(scope))
}

/// How many bytes may come and have come.
struct Bounds {
    length: Option<u64>,
    limit_bytes: u64,
    received: u64,
}

impl Bounds {
    fn new(upstream: Option<u64>, page: Option<u64>, limit_bytes: u64) -> Result<Self, DownloadError> {
        let length = page.or(upstream);
        match (page, upstream) {
            (Some(expected), Some(got)) if expected != got => Err(DownloadError::Length { expected, got }),
            _ if length.is_some_and(|length| length > limit_bytes) => Err(DownloadError::TooLarge { limit_bytes }),
            _ => Ok(Self { length, limit_bytes, received: 0 }),
        }
    }

    fn count(&mut self, bytes: u64) -> Result<(), DownloadError> {
        self.received = self.received.saturating_add(bytes);
        match self.length {
            Some(expected) if self.received > expected => Err(DownloadError::Length { expected, got: self.received }),
            None if self.received > self.limit_bytes => Err(DownloadError::TooLarge { limit_bytes: self.limit_bytes }),
            _ => Ok(()),
        }
    }

    fn end(&self) -> Result<(), DownloadError> {
        match self.length {
            Some(expected) if self.received != expected => Err(DownloadError::Length { expected, got: self.received }),
            _ => Ok(()),
        }
    }
}

/// Gathers small chunks, since each write costs a hand-over to another thread and wakes every reader.
struct Spool {
    partial: Partial,
    buffer: Vec<u8>,
}

impl Spool {
    fn new(partial: Partial) -> Self {
        Self { partial, buffer: Vec::with_capacity(limits::WRITE_CHUNK_BYTES) }
    }

    const fn is_worth_flushing(&self) -> bool {
        self.buffer.len() >= limits::WRITE_CHUNK_BYTES / 4
    }

    async fn push(mut self, mut chunk: &[u8], transfer: &Transfer) -> Result<Self, DownloadError> {
        while !chunk.is_empty() {
            let room = limits::WRITE_CHUNK_BYTES.saturating_sub(self.buffer.len());
            let (now, later) = chunk.split_at(room.min(chunk.len()));
            self.buffer.extend_from_slice(now);
            chunk = later;
            if self.buffer.len() >= limits::WRITE_CHUNK_BYTES {
                self = self.flush(transfer).await?;
            }
        }
        Ok(self)
    }

    /// Writes and hashes what was gathered, then announces it.
    async fn flush(mut self, transfer: &Transfer) -> Result<Self, DownloadError> {
        if self.buffer.is_empty() {
            return Ok(self);
        }
        let spool = blocking(move || {
            self.partial.write(&self.buffer)?;
            self.buffer.clear();
            Ok(self)
        })
        .await?;
        transfer.progress.send_modify(|progress| {
            progress.file = Some(Arc::clone(spool.partial.shared()));
            progress.received = spool.partial.written();
        });
        Ok(spool)
    }

    fn announce(&self, transfer: &Transfer, length: Option<u64>) {
        transfer.progress.send_modify(|progress| {
            progress.file = Some(Arc::clone(self.partial.shared()));
            progress.length = length;
        });
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DownloadError> + Send + 'static,
) -> Result<T, DownloadError> {
    // It fails only when the work panicked or the runtime stops.
    spawn_blocking(work).await.unwrap_or(Err(DownloadError::GivenUp))
}

impl From<io::Error> for DownloadError {
    fn from(error: io::Error) -> Self {
        Self::Storage(error.kind())
    }
}
