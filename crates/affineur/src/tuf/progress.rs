//! A line about a long download, at a terminal only.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use affineur_tuf_client::transport::{FetchError, Fetched, TargetBody, Transport};
use futures_util::StreamExt as _;

use super::words::size;

/// How long a download takes before there is a line about it, and how often the line changes.
const EVERY: Duration = Duration::from_millis(250);

/// A transport that shows how far a target has come.
#[derive(Debug)]
pub(super) struct Progress<T> {
    inner: T,
    at_terminal: bool,
}

impl<T> Progress<T> {
    pub(super) fn of(inner: T) -> Self {
        Self { inner, at_terminal: std::io::stderr().is_terminal() }
    }
}

impl<T: Transport> Transport for Progress<T> {
    async fn metadata(&self, path: &str, at_most: u64) -> Result<Fetched, FetchError> {
        self.inner.metadata(path, at_most).await
    }

    async fn target(&self, path: &str, at_most: u64) -> Result<TargetBody, FetchError> {
        let body = self.inner.target(path, at_most).await?;
        if !self.at_terminal {
            return Ok(body);
        }
        let mut line = Line::new(at_most);
        Ok(TargetBody::new(body.inspect(move |chunk| {
            if let Ok(chunk) = chunk {
                line.add(chunk.len());
            }
        })))
    }
}

/// The line; it is gone when the download is.
struct Line {
    whole: u64,
    seen: u64,
    drawn: Option<Instant>,
    began: Instant,
}

impl Line {
    fn new(whole: u64) -> Self {
        Self { whole, seen: 0, drawn: None, began: Instant::now() }
    }

    fn add(&mut self, bytes: usize) {
        self.seen = self.seen.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        if self.drawn.unwrap_or(self.began).elapsed() < EVERY {
            return;
        }
        self.drawn = Some(Instant::now());
        let percent = u128::from(self.seen) * 100 / u128::from(self.whole.max(1));
        let _ = write!(std::io::stderr(), "\r\u{1b}[K  {percent:>3} % of {}", size(self.whole));
        let _ = std::io::stderr().flush();
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.drawn.is_some() {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}
