//! Questions to upstreams and their answers.

use std::time::Duration;

use affineur_packaging::page::Format;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use http::HeaderValue;
use jiff::Timestamp;
use url::Url;

use super::FetchError;

/// A question for a project's page.
#[derive(Debug, Clone)]
pub struct PageAsk {
    /// Where the page is: a URL that the user named, never one from a page.
    pub url: Url,
    /// Sent to this URL's origin only. Where it is `None`, user name and password in the URL are used.
    pub authorization: Option<HeaderValue>,
    /// What the last answer said about itself.
    pub validators: Option<Validators>,
}

/// What makes a conditional request possible. Printable ASCII, at most [`VALIDATOR_BYTES`](crate::limits::VALIDATOR_BYTES) each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Validators {
    /// The `ETag`, quotes included.
    pub etag: Option<String>,
    /// The `Last-Modified`, as it came.
    pub last_modified: Option<String>,
}

/// What an upstream says to a question for a page.
#[derive(Debug, Clone, PartialEq)]
pub enum PageAnswer {
    /// A page. Nothing in it has been looked at.
    Page {
        /// Its bytes, expanded.
        body: Bytes,
        /// Which form it has.
        format: Format,
        /// Where it came from after redirects: the base of its relative links.
        url: Url,
        /// For the next question; `None` where the upstream says none.
        validators: Option<Validators>,
        /// How long it may be used without asking again. `None`: not said; zero: always ask.
        fresh_for: Option<Duration>,
        /// The upstream's clock.
        date: Option<Timestamp>,
    },
    /// The page that the validators belong to is still the current one.
    NotModified {
        /// As in `Page`.
        fresh_for: Option<Duration>,
        /// As in `Page`.
        date: Option<Timestamp>,
    },
    /// The upstream knows no such project.
    Absent {
        /// 404 or 410.
        status: u16,
    },
    /// The upstream wants credentials, or other ones.
    Unauthorized {
        /// 401 or 403.
        status: u16,
        /// Its challenge, where it is short printable ASCII.
        www_authenticate: Option<HeaderValue>,
    },
}

/// Which bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteRange {
    /// The last so many bytes.
    Suffix(u64),
    /// From the first to the last of these positions, both included.
    FromTo(u64, u64),
}

/// A part of a file: exactly what was asked for, or less where the file ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeAnswer {
    /// The bytes.
    pub bytes: Bytes,
    /// Position of the first one.
    pub start: u64,
    /// Size of the whole file.
    pub total: u64,
    /// When the server says that the file changed last.
    pub last_modified: Option<Timestamp>,
    /// The file's `ETag`: two ranges with different ones are not of one file.
    pub etag: Option<String>,
}

/// A whole file, as it comes. Nothing has been verified.
pub struct FileAnswer {
    /// The bytes. It ends with an error unless all announced bytes came.
    pub stream: BoxStream<'static, Result<Bytes, FetchError>>,
    /// How many bytes are announced.
    pub length: Option<u64>,
    /// When the server says that the file changed last.
    pub last_modified: Option<Timestamp>,
    /// The file's `ETag`.
    pub etag: Option<String>,
}

impl std::fmt::Debug for FileAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { stream: _, length, last_modified, etag } = self;
        f.debug_struct("FileAnswer").field("length", length).field("last_modified", last_modified).field("etag", etag).finish()
    }
}
