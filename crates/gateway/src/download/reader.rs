//! Bodies that read a file at their client's pace.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::stream::try_unfold;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use tokio::task::spawn_blocking;

use super::{DownloadError, Source};
use crate::body::Body;
use crate::cache::{CachedFile, SharedFile};
use crate::limits;

/// The whole file, as it comes.
pub(super) fn whole(source: Source, readers: &Arc<AtomicUsize>) -> Body {
    body(Reader { source, offset: 0, end: u64::MAX, share: Share::new(readers) })
}

/// A part of a verified file.
pub(super) fn part(file: CachedFile, part: Range<u64>, readers: &Arc<AtomicUsize>) -> Body {
    body(Reader { source: Source::Cached(file), offset: part.start, end: part.end, share: Share::new(readers) })
}

fn body(reader: Reader) -> Body {
    StreamBody::new(try_unfold(reader, Reader::next)).boxed_unsync()
}

struct Reader {
    source: Source,
    offset: u64,
    /// Where to stop, unless the file ends before.
    end: u64,
    share: Share,
}

impl Reader {
    async fn next(mut self) -> io::Result<Option<(Frame<Bytes>, Self)>> {
        loop {
            match &mut self.source {
                Source::Cached(file) => {
                    let file = file.clone();
                    return self.verified(file).await;
                }
                Source::Transfer(progress) => {
                    let (file, available) = {
                        let progress = progress.borrow_and_update();
                        if let Some(end) = &progress.end {
                            let file = end.clone().map_err(io::Error::other)?;
                            drop(progress);
                            self.source = Source::Cached(file);
                            continue;
                        }
                        (progress.file.clone(), progress.may_be_sent())
                    };
                    if let Some(file) = file.filter(|_| available > self.offset) {
                        return self.unverified(file, available).await;
                    }
                    progress.changed().await.map_err(|_| io::Error::other(DownloadError::GivenUp))?;
                }
            }
        }
    }

    /// A chunk of a file whose transfer goes on: never of what is held back.
    async fn unverified(self, file: Arc<SharedFile>, available: u64) -> io::Result<Option<(Frame<Bytes>, Self)>> {
        let (offset, most) = (self.offset, self.share.chunk(available - self.offset));
        let bytes = spawn_blocking(move || file.read_at(offset, most)).await??;
        self.sent(bytes, most)
    }

    /// A chunk of a verified file. Before the last one it is made sure that nobody wrote to the file meanwhile.
    async fn verified(self, file: CachedFile) -> io::Result<Option<(Frame<Bytes>, Self)>> {
        let end = self.end.min(file.size());
        if self.offset >= end {
            return Ok(None);
        }
        let (offset, most) = (self.offset, self.share.chunk(end - self.offset));
        let read = move || {
            let bytes = file.shared().read_at(offset, most)?;
            if offset + most as u64 == end && !file.is_unchanged()? {
                return Err(io::Error::other(DownloadError::Tampered));
            }
            Ok(bytes)
        };
        let bytes = spawn_blocking(read).await??;
        self.sent(bytes, most)
    }

    fn sent(mut self, bytes: Bytes, most: usize) -> io::Result<Option<(Frame<Bytes>, Self)>> {
        if bytes.len() != most {
            return Err(io::Error::other(DownloadError::Tampered)); // the file became shorter
        }
        self.offset += bytes.len() as u64;
        Ok(Some((Frame::data(bytes), self)))
    }
}

/// A reader's share of the memory for all of them.
struct Share(Arc<AtomicUsize>);

impl Share {
    fn new(readers: &Arc<AtomicUsize>) -> Self {
        readers.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(readers))
    }

    /// How much to read at once.
    fn chunk(&self, available: u64) -> usize {
        let share = limits::READ_BYTES / self.0.load(Ordering::Relaxed).max(1);
        let most = share.clamp(limits::READ_CHUNK_BYTES_MIN, limits::READ_CHUNK_BYTES_MAX);
        usize::try_from(available).map_or(most, |available| most.min(available))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
