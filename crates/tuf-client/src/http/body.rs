//! Reading an answer: counted, timed, expanded.

use std::io::{self, Write};
use std::time::Duration;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use reqwest::Response;
use tokio::time::{Instant, timeout};

use super::HttpSettings;
use crate::limits;
use crate::transport::{Problem, Unavailable};

/// How an answer is compressed (RFC 9110, 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
}

impl Coding {
    /// At most one: several on top of each other are of use only to hide expansion.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut codings = headers.get_all(CONTENT_ENCODING).iter();
        match (codings.next(), codings.next()) {
            (None, _) => Ok(Self::Identity),
            (Some(only), None) => match only.to_str().unwrap_or("?").trim().to_ascii_lowercase().as_str() {
                "identity" => Ok(Self::Identity),
                "gzip" | "x-gzip" => Ok(Self::Gzip),
                _ => Err(Problem::BrokenCoding),
            },
            (Some(_), Some(_)) => Err(Problem::BrokenCoding),
        }
    }

    /// How many bytes may be sent for a file of `at_most` bytes: gzip adds a little to what it cannot shrink.
    pub(super) fn sent_at_most(self, at_most: u64) -> u64 {
        match self {
            Self::Identity => at_most,
            Self::Gzip => at_most.saturating_add(at_most / limits::GZIP_SHARE).saturating_add(limits::GZIP_BYTES),
        }
    }
}

/// An answer's chunks as they are sent, neither too many nor too slow.
pub(super) struct Metered {
    response: Response,
    at_most: u64,
    got: u64,
    window: Duration,
    window_bytes: u64,
    /// What is left of the window, and bytes that came in it. Only waiting counts, not what the reader does in between.
    left: Duration,
    counted: u64,
}

impl Metered {
    /// A length that is announced and too long is refused before anything is read.
    pub(super) fn new(response: Response, at_most: u64, settings: &HttpSettings) -> Result<Self, Problem> {
        if response.content_length().is_some_and(|announced| announced > at_most) {
            return Err(Problem::TooLong { at_most });
        }
        let (window, window_bytes) = (settings.rate_window, settings.rate_window_bytes);
        Ok(Self { response, at_most, got: 0, window, window_bytes, left: window, counted: 0 })
    }

    /// The next chunk; `None` after the last one, and only if all came that was announced.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            if self.left.is_zero() {
                self.next_window()?;
            }
            let began = Instant::now();
            match timeout(self.left, self.response.chunk()).await {
                Err(_) => self.left = Duration::ZERO,
                Ok(chunk) => {
                    self.left = self.left.saturating_sub(began.elapsed());
                    return self.count(chunk.map_err(|_| Unavailable::BrokeOff)?);
                }
            }
        }
    }

    fn next_window(&mut self) -> Result<(), Problem> {
        if self.counted < self.window_bytes {
            return Err(Problem::TooSlow { bytes: self.window_bytes, window: self.window });
        }
        self.left = self.window;
        self.counted = 0;
        Ok(())
    }

    fn count(&mut self, chunk: Option<Bytes>) -> Result<Option<Bytes>, Problem> {
        let bytes = chunk.as_deref().map_or(0, limits::length);
        self.counted = self.counted.saturating_add(bytes);
        self.got = self.got.saturating_add(bytes);
        if self.got > self.at_most { Err(Problem::TooLong { at_most: self.at_most }) } else { Ok(chunk) }
    }
}

/// Puts chunks together, expanding them as they come: a bomb is noticed at its first byte too many.
pub(super) enum Expanding {
    Identity(Vec<u8>),
    Gzip(Box<MultiGzDecoder<Bounded>>),
}

impl Expanding {
    pub(super) fn new(coding: Coding, at_most: u64) -> Self {
        match coding {
            Coding::Identity => Self::Identity(Vec::new()),
            Coding::Gzip => {
                Self::Gzip(Box::new(MultiGzDecoder::new(Bounded { bytes: Vec::new(), at_most, overflowed: false })))
            }
        }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<(), Problem> {
        match self {
            Self::Identity(bytes) => bytes.extend_from_slice(chunk),
            Self::Gzip(decoder) => decoder.write_all(chunk).map_err(|_| decoder.get_ref().problem())?,
        }
        Ok(())
    }

    /// Everything, if the compressed data are whole.
    pub(super) fn finish(self) -> Result<Bytes, Problem> {
        match self {
            Self::Identity(bytes) => Ok(bytes.into()),
            Self::Gzip(mut decoder) => {
                decoder.try_finish().map_err(|_| decoder.get_ref().problem())?;
                Ok(std::mem::take(&mut decoder.get_mut().bytes).into())
            }
        }
    }
}

/// Takes so many bytes and no more.
pub(super) struct Bounded {
    bytes: Vec<u8>,
    at_most: u64,
    overflowed: bool,
}

impl Bounded {
    fn problem(&self) -> Problem {
        if self.overflowed { Problem::ExpandsTooFar { at_most: self.at_most } } else { Problem::BrokenCoding }
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.overflowed |= limits::length(&self.bytes).saturating_add(limits::length(bytes)) > self.at_most;
        if self.overflowed {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
