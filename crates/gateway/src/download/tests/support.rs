//! An upstream in memory, and clients.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http_body_util::BodyExt as _;
use tokio::sync::mpsc;

use super::super::*;
use crate::body::Body;
use crate::fetch::{ByteRange, FileAnswer, RangeAnswer};

pub(super) type Feed = mpsc::UnboundedSender<Result<Bytes, FetchError>>;
type Fed = mpsc::UnboundedReceiver<Result<Bytes, FetchError>>;

/// Answers the first request with what the test feeds it, and every other one with an error.
#[derive(Debug, Clone)]
pub(super) struct Scripted {
    pub(super) calls: Arc<AtomicUsize>,
    length: Option<u64>,
    body: Arc<Mutex<Option<Fed>>>,
}

pub(super) fn scripted(length: Option<u64>) -> (Feed, Scripted) {
    let (feed, body) = mpsc::unbounded_channel();
    (feed, Scripted { calls: Arc::default(), length, body: Arc::new(Mutex::new(Some(body))) })
}

/// An upstream that sends all of this at once.
pub(super) fn sends(content: &[u8]) -> Scripted {
    let (feed, upstream) = scripted(Some(content.len() as u64));
    send(&feed, content);
    upstream
}

/// Feeds in pieces of the size in which a network delivers.
pub(super) fn send(feed: &Feed, content: &[u8]) {
    content.chunks(16 << 10).for_each(|piece| feed.send(Ok(Bytes::copy_from_slice(piece))).unwrap());
}

impl Upstream for Scripted {
    async fn file(&self, _: &Url) -> Result<FileAnswer, FetchError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let body = self.body.lock().unwrap().take().ok_or(FetchError::Connect)?;
        let stream = stream::unfold(body, |mut body| async move { Some((body.recv().await?, body)) }).boxed();
        Ok(FileAnswer { stream, length: self.length, last_modified: None, etag: None })
    }

    async fn range(&self, _: &Url, _: ByteRange) -> Result<RangeAnswer, FetchError> {
        Err(FetchError::NoRanges)
    }
}

pub(super) struct World {
    pub(super) folder: tempfile::TempDir,
    pub(super) cache: Cache,
    pub(super) downloads: Downloads,
}

pub(super) fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path(), 1 << 30).unwrap();
    World { folder, downloads: Downloads::new(cache.clone()), cache }
}

/// Different everywhere, so that a byte in a wrong place is seen.
pub(super) fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

pub(super) fn sha256(content: &[u8]) -> Sha256 {
    Sha256::from_bytes(digest::digest(&digest::SHA256, content).as_ref().try_into().unwrap())
}

pub(super) fn request(expected: Option<Sha256>) -> Request {
    let url = "https://files.example/a-1.0-py3-none-any.whl".parse().unwrap();
    Request { scope: Scope::Public, url, expected, size: None, limit_bytes: 1 << 30, check: None, report: None }
}

/// What a request's transfer reports, in the order in which it does.
pub(super) fn reporting(mut request: Request) -> (Request, mpsc::UnboundedReceiver<Result<Sha256, DownloadError>>) {
    let (report, reports) = mpsc::unbounded_channel();
    request.report = Some(Box::new(move |end| report.send(end.map(CachedFile::sha256).map_err(Clone::clone)).unwrap()));
    (request, reports)
}

/// Everything that a client receives, and whether the body ended well.
pub(super) async fn receive(mut body: Body) -> (Vec<u8>, Result<(), String>) {
    let mut received = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => received.extend_from_slice(&frame.into_data().unwrap()),
            Err(error) => return (received, Err(error.to_string())),
        }
    }
    (received, Ok(()))
}
