//! Asking upstreams, with a limit on everything that they can send.
//!
//! It knows how to ask (parent proxies, certificates, credentials, redirects, retries) and when to stop (size, time, rate,
//! expansion, where a URL may lead). It does not look into what comes, and decides nothing.
//!
//! It must never follow a URL of an upstream into a private network, send credentials to another origin than their own, take
//! a part of an answer for the whole, or let an upstream's text into an error.

mod address;
mod answer;
mod credentials;
mod error;
mod expand;
mod forward;
mod header;
mod printable;
mod proxies;
mod receive;
mod send;
mod settings;
mod tunnel;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, IF_MODIFIED_SINCE, IF_NONE_MATCH, RANGE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use rustls::ClientConfig;
use url::Url;

pub use self::answer::{ByteRange, FileAnswer, PageAnswer, PageAsk, RangeAnswer, Validators};
pub use self::credentials::{Credentials, Netrc, Secret};
pub use self::error::{FetchError, ParentProxyProblem, Phase, SettingsProblem, TlsProblem};
pub use self::printable::Printable;
pub use self::proxies::{NoProxy, ParentProxies, ParentProxy};
pub use self::settings::FetchSettings;
pub use self::tunnel::Connection;

use self::send::{Answer, NamedBy, Question};

/// What we ask pages in: JSON, else HTML (PEP 691).
const PAGE_FORMATS: HeaderValue = HeaderValue::from_static(
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01",
);
/// The content codings that we expand.
const CODINGS: HeaderValue = HeaderValue::from_static("gzip, zstd");
/// For files: their bytes as they are.
const AS_IS: HeaderValue = HeaderValue::from_static("identity");

/// Asks upstreams. One for the whole program: it keeps the connections.
pub struct Fetcher {
    settings: settings::FetchSettings,
    tls: Arc<ClientConfig>,
    clients: settings::Clients,
    in_flight: send::InFlight,
    networks: address::Networks,
}

impl std::fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetcher").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Fetcher {
    /// Prepares connections; makes none.
    ///
    /// # Errors
    /// [`FetchError::Settings`]
    pub fn new(settings: FetchSettings) -> Result<Self, FetchError> {
        let tls = settings::tls(&settings)?;
        let clients = settings::Clients::new(&settings, &tls)?;
        let (in_flight, networks) = Default::default();
        Ok(Self { settings, tls: Arc::new(tls), clients, in_flight, networks })
    }

    /// Asks for a project's page.
    ///
    /// # Errors
    /// Everything that leaves us without an answer from the upstream: it is then unavailable.
    pub async fn page(&self, ask: PageAsk) -> Result<PageAnswer, FetchError> {
        let PageAsk { url, authorization, validators } = ask;
        let mut headers = HeaderMap::from_iter([(ACCEPT, PAGE_FORMATS), (ACCEPT_ENCODING, CODINGS)]);
        let conditional = validators.is_some();
        for (name, value) in
            validators.into_iter().flat_map(|v| [(IF_NONE_MATCH, v.etag), (IF_MODIFIED_SINCE, v.last_modified)])
        {
            headers.extend(value.and_then(|value| HeaderValue::try_from(value).ok()).map(|value| (name, value)));
        }
        let question = Question { method: Method::GET, url, named_by: NamedBy::User, authorization, headers };
        let answer = self.send(question).await?;
        let status = answer.response.status();
        let headers = answer.response.headers();
        let (fresh_for, date) = (header::fresh_for(headers), header::date(headers));
        match status.as_u16() {
            200 => {
                let (format, validators, url) = (header::format(headers)?, header::validators(headers), answer.url.clone());
                let limits = &self.settings.limits;
                let body = receive::whole(answer, limits.page_bytes, limits).await?;
                Ok(PageAnswer::Page { body, format, url, validators, fresh_for, date })
            }
            304 if conditional => Ok(PageAnswer::NotModified { fresh_for, date }),
            404 | 410 => Ok(PageAnswer::Absent { status: status.as_u16() }),
            401 | 403 => Ok(PageAnswer::Unauthorized { status: status.as_u16(), www_authenticate: header::challenge(headers) }),
            other => Err(FetchError::Status(other)),
        }
    }

    /// Asks when a file changed last. `origin` is the page that named the file; `authorization` belongs to that page's origin.
    ///
    /// # Errors
    /// No answer, or a status other than success.
    pub async fn last_modified(
        &self,
        url: &Url,
        origin: &Url,
        authorization: Option<HeaderValue>,
    ) -> Result<Option<Timestamp>, FetchError> {
        let ask = |method, headers| self.send(named(method, url, origin, authorization.clone(), headers));
        let mut answer = ask(Method::HEAD, as_is()).await?;
        if matches!(answer.response.status(), StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED) {
            let mut headers = as_is();
            headers.insert(RANGE, HeaderValue::from_static("bytes=0-0"));
            answer = ask(Method::GET, headers).await?;
        }
        match answer.response.status().as_u16() {
            200 | 206 => Ok(header::last_modified(answer.response.headers())),
            other => Err(FetchError::Status(other)),
        }
    }

    /// Asks for a part of a file. The caller bounds the range: as many bytes may come.
    ///
    /// # Errors
    /// [`FetchError::NoRanges`] where the server sends the whole file instead (it is not read).
    pub async fn range(
        &self,
        url: &Url,
        origin: &Url,
        authorization: Option<HeaderValue>,
        range: ByteRange,
    ) -> Result<RangeAnswer, FetchError> {
        let mut headers = as_is();
        let asked = match range {
            ByteRange::Suffix(count) => format!("bytes=-{count}"),
            ByteRange::FromTo(from, to) => format!("bytes={from}-{to}"),
        };
        headers.insert(RANGE, HeaderValue::try_from(asked).map_err(|_| FetchError::BadRange)?);
        let answer = self.send(named(Method::GET, url, origin, authorization, headers)).await?;
        match answer.response.status().as_u16() {
            206 => self.part(answer, range).await,
            200 => Err(FetchError::NoRanges),
            416 => Err(FetchError::BadRange),
            other => Err(FetchError::Status(other)),
        }
    }

    async fn part(&self, answer: Answer, range: ByteRange) -> Result<RangeAnswer, FetchError> {
        let headers = answer.response.headers();
        let (start, end, total) = header::content_range(headers, range)?;
        let (last_modified, etag) = (header::last_modified(headers), header::etag(headers));
        let length = usize::try_from(end - start + 1).map_err(|_| FetchError::BadRange)?;
        let bytes = receive::whole(answer, length, &self.settings.limits).await?;
        if bytes.len() != length {
            return Err(FetchError::BadRange);
        }
        Ok(RangeAnswer { bytes, start, total, last_modified, etag })
    }

    /// Asks for a whole file of at most `at_most` bytes; the bytes are given as they come.
    ///
    /// # Errors
    /// No answer, a status other than 200, a length above the limit. Later ones are in the stream.
    pub async fn file(
        &self,
        url: &Url,
        origin: &Url,
        authorization: Option<HeaderValue>,
        at_most: u64,
    ) -> Result<FileAnswer, FetchError> {
        let answer = self.send(named(Method::GET, url, origin, authorization, as_is())).await?;
        if answer.response.status() != StatusCode::OK {
            return Err(FetchError::Status(answer.response.status().as_u16()));
        }
        let headers = answer.response.headers();
        let (length, last_modified) = (header::content_length(headers), header::last_modified(headers));
        let etag = header::etag(headers);
        let limits = &self.settings.limits;
        let stream = receive::pieces(answer, at_most.min(limits.file_bytes), limits)?;
        Ok(FileAnswer { stream, length, last_modified, etag })
    }

    /// Asks for a file of a repository that the user named, of at most `at_most` bytes. `None`: it does not exist (404, 410).
    ///
    /// # Errors
    /// No answer, or another status than those.
    pub async fn repository_file(
        &self,
        url: &Url,
        authorization: Option<HeaderValue>,
        at_most: u64,
    ) -> Result<Option<Bytes>, FetchError> {
        let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, CODINGS)]);
        let question = Question { method: Method::GET, url: url.clone(), named_by: NamedBy::User, authorization, headers };
        let answer = self.send(question).await?;
        match answer.response.status().as_u16() {
            200 => {
                let at_most = usize::try_from(at_most).unwrap_or(usize::MAX);
                receive::whole(answer, at_most, &self.settings.limits).await.map(Some)
            }
            404 | 410 => Ok(None),
            other => Err(FetchError::Status(other)),
        }
    }

    /// The longest time that a small answer may take.
    pub(crate) const fn patience(&self) -> Duration {
        self.settings.limits.whole
    }

    /// Asks for a small file, such as `.metadata`, of at most `at_most` bytes. `None`: it does not exist (404, 410).
    ///
    /// # Errors
    /// No answer, or another status than those.
    pub async fn small(
        &self,
        url: &Url,
        origin: &Url,
        authorization: Option<HeaderValue>,
        at_most: usize,
    ) -> Result<Option<Bytes>, FetchError> {
        let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, CODINGS)]);
        let answer = self.send(named(Method::GET, url, origin, authorization, headers)).await?;
        let limits = &self.settings.limits;
        match answer.response.status().as_u16() {
            200 => receive::whole(answer, at_most.min(limits.small_bytes), limits).await.map(Some),
            404 | 410 => Ok(None),
            other => Err(FetchError::Status(other)),
        }
    }
}

fn as_is() -> HeaderMap {
    HeaderMap::from_iter([(ACCEPT_ENCODING, AS_IS)])
}

/// A question for a URL that a page named.
fn named<'a>(
    method: Method,
    url: &Url,
    origin: &'a Url,
    authorization: Option<HeaderValue>,
    headers: HeaderMap,
) -> Question<'a> {
    Question { method, url: url.clone(), named_by: NamedBy::Page(origin), authorization, headers }
}
