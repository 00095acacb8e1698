//! What a repository's files come through. A transport moves bytes and keeps limits; it must never look into the bytes, and what
//! it says of them is not to be believed.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt as _};

/// A repository's files: over HTTP here, in other ways elsewhere.
pub trait Transport: Send + Sync {
    /// One metadata file by its path relative to the metadata's base, encoded as in a URL (`3.root.json`), of at most `at_most`
    /// bytes after expansion.
    ///
    /// # Errors
    /// [`FetchError`] where there is no whole answer. That there is no such file is an answer.
    fn metadata(&self, path: &str, at_most: u64) -> impl Future<Output = Result<Fetched, FetchError>> + Send;

    /// One target file by its path relative to the targets' base, encoded as in a URL, of at most `at_most` bytes.
    ///
    /// # Errors
    /// [`FetchError`] where no answer begins. What goes wrong later is in the stream.
    fn target(&self, path: &str, at_most: u64) -> impl Future<Output = Result<TargetBody, FetchError>> + Send;
}

/// An answer to a question for a metadata file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The file, expanded. Nothing has been verified.
    Bytes(Bytes),
    /// There is no such file. For a root this is how its chain ends (specification, 5.3.3), so it must not be said lightly.
    Missing,
}

/// A target file as it comes. Nothing has been verified; it ends with an error unless the whole answer came.
pub struct TargetBody(BoxStream<'static, Result<Bytes, FetchError>>);

impl TargetBody {
    /// Takes the chunks from wherever they come. Who makes it keeps the limit that was asked for.
    pub fn new(chunks: impl Stream<Item = Result<Bytes, FetchError>> + Send + 'static) -> Self {
        Self(chunks.boxed())
    }
}

impl Stream for TargetBody {
    type Item = Result<Bytes, FetchError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl fmt::Debug for TargetBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TargetBody").finish_non_exhaustive()
    }
}

/// Why a file did not come.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{url}: {problem}")]
pub struct FetchError {
    /// Which file. Without user name, password and query, which may be secret.
    pub url: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with an answer, or that there is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// There is no usable answer now; later there may be one.
    #[error("unavailable: {0}")]
    Unavailable(Unavailable),
    /// More bytes than allowed: an endless data attack, or metadata of an unusual size.
    #[error("has more than {at_most} bytes")]
    TooLong {
        /// How many bytes are allowed.
        at_most: u64,
    },
    /// Bytes came, but too few in the time: a slow retrieval attack, or a bad line.
    #[error("came too slowly: fewer than {bytes} bytes in {window:?}")]
    TooSlow {
        /// How many bytes are wanted in each window.
        bytes: u64,
        /// The window.
        window: Duration,
    },
    /// What was sent compressed expands to more bytes than allowed.
    #[error("expands to more than {at_most} bytes")]
    ExpandsTooFar {
        /// How many bytes are allowed.
        at_most: u64,
    },
    /// What was sent compressed cannot be expanded, or is in a coding that we did not ask for.
    #[error("is in a broken or unknown content coding")]
    BrokenCoding,
}

/// Why there is no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// No connection could be made: no address, refused, or TLS failed.
    #[error("cannot connect")]
    Connect,
    /// A wait was longer than its limit.
    #[error("timed out while {0}")]
    TimedOut(Phase),
    /// The server answered with a status that brings no file.
    #[error("answered with status {0}")]
    Status(u16),
    /// The connection was closed before the whole answer was there, or what came is not HTTP.
    #[error("the answer broke off")]
    BrokeOff,
    /// A redirect without a place to go, or from https to something else.
    #[error("redirects to nowhere that we may go")]
    BadRedirect,
    /// More redirects than allowed.
    #[error("redirects more than {at_most} times")]
    TooManyRedirects {
        /// How many are allowed.
        at_most: usize,
    },
    /// The path is not encoded as the path of a URL, leads out of its base, or is too long.
    #[error("is no path below the base URL")]
    BadPath,
    /// The base is no plain http or https URL.
    #[error("is no base URL: http or https, without query and fragment")]
    BadBase,
    /// TLS could not be set up on this machine.
    #[error("TLS cannot be set up")]
    Tls,
}

/// During which wait the time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Resolving, connecting, TLS.
    Connecting,
    /// Waiting for the head of the answer.
    FirstByte,
    /// The whole of a metadata file, redirects included.
    Whole,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connecting => "connecting",
            Self::FirstByte => "waiting for an answer",
            Self::Whole => "reading the whole answer",
        })
    }
}

impl From<Unavailable> for Problem {
    fn from(unavailable: Unavailable) -> Self {
        Self::Unavailable(unavailable)
    }
}
