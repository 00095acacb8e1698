//! A repository's files over HTTP.
//!
//! It must never take a part of an answer for the whole, read more than it was allowed to, wait without limit, go from https to
//! http, or show a user name, a password or a query in an error.

mod body;
mod client;
mod location;
mod settings;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, StatusCode};
use reqwest::Response;
use tokio::time::timeout;
use url::Url;

use self::body::{Coding, Expanding, Metered};
use self::client::Clients;
use self::location::{below, checked_base, redirected, without_secrets};
use crate::transport::{FetchError, Fetched, Phase, Problem, TargetBody, Transport, Unavailable};

pub use self::settings::{HttpSettings, Proxies};

/// The coding that metadata are asked for in: they are JSON, and shrink to a tenth.
const GZIP: HeaderValue = HeaderValue::from_static("gzip");
/// For targets: their bytes as they are.
const AS_IS: HeaderValue = HeaderValue::from_static("identity");

/// A [`Transport`] over HTTP/1.1 and HTTP/2. One for a repository: it keeps the connections, within one runtime.
#[derive(Debug)]
pub struct HttpTransport {
    metadata: Url,
    targets: Url,
    settings: HttpSettings,
    clients: Clients,
}

impl HttpTransport {
    /// Prepares connections to a repository whose metadata are below one URL and whose targets are below another; makes none. User
    /// name and password in a URL are sent to its own origin only.
    ///
    /// # Errors
    /// [`Unavailable::BadBase`] for a URL that is no base, [`Unavailable::Tls`] if there can be no client at all.
    pub fn new(metadata: &Url, targets: &Url, settings: HttpSettings) -> Result<Self, FetchError> {
        let fails_at = |url| move |problem: Unavailable| error(url, problem.into());
        let clients = Clients::new(&settings).map_err(fails_at(metadata))?;
        let metadata = checked_base(metadata).map_err(fails_at(metadata))?;
        let targets = checked_base(targets).map_err(fails_at(targets))?;
        Ok(Self { metadata, targets, settings, clients })
    }

    async fn whole(&self, url: &Url, at_most: u64) -> Result<Fetched, Problem> {
        let response = self.ask(url, GZIP).await?;
        match response.status() {
            StatusCode::OK => Ok(Fetched::Bytes(self.expanded(response, at_most).await?)),
            // Object stores say 403 where the asker may not list, of what is not there. Whoever can put it before the real answer
            // can as well put a 404 there: what stays hidden by it is bounded by the timestamp's expiry.
            StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::FORBIDDEN => Ok(Fetched::Missing),
            other => Err(Unavailable::Status(other.as_u16()).into()),
        }
    }

    async fn expanded(&self, response: Response, at_most: u64) -> Result<Bytes, Problem> {
        let coding = Coding::of(response.headers())?;
        let mut metered = Metered::new(response, coding.sent_at_most(at_most), &self.settings)?;
        let mut expanding = Expanding::new(coding, at_most);
        while let Some(chunk) = metered.chunk().await? {
            expanding.push(&chunk)?;
        }
        expanding.finish()
    }

    async fn begin(&self, url: &Url, at_most: u64) -> Result<Metered, Problem> {
        let response = self.ask(url, AS_IS).await?;
        match response.status() {
            StatusCode::OK if Coding::of(response.headers())? == Coding::Identity => {
                Metered::new(response, at_most, &self.settings)
            }
            StatusCode::OK => Err(Problem::BrokenCoding),
            other => Err(Unavailable::Status(other.as_u16()).into()),
        }
    }

    /// Asks, and follows redirects.
    async fn ask(&self, url: &Url, coding: HeaderValue) -> Result<Response, Problem> {
        let mut url = url.clone();
        for _ in 0..=self.settings.redirects {
            let response = self.clients.ask(&url, &coding, &self.settings).await?;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(response);
            }
            url = redirected(&url, response.headers()).ok_or(Unavailable::BadRedirect)?;
        }
        Err(Unavailable::TooManyRedirects { at_most: self.settings.redirects }.into())
    }
}

impl Transport for HttpTransport {
    async fn metadata(&self, path: &str, at_most: u64) -> Result<Fetched, FetchError> {
        let url = below(&self.metadata, path).map_err(|problem| error(&self.metadata, problem.into()))?;
        let fetched = timeout(self.settings.metadata_whole, self.whole(&url, at_most)).await;
        let fetched = fetched.unwrap_or(Err(Unavailable::TimedOut(Phase::Whole).into()));
        fetched.map_err(|problem| error(&url, problem))
    }

    async fn target(&self, path: &str, at_most: u64) -> Result<TargetBody, FetchError> {
        let url = below(&self.targets, path).map_err(|problem| error(&self.targets, problem.into()))?;
        let metered = self.begin(&url, at_most).await.map_err(|problem| error(&url, problem))?;
        // After an error there is nothing more, and the connection is closed.
        let next = |state: Option<(Metered, Url)>| async {
            let (mut metered, url) = state?;
            match metered.chunk().await {
                Ok(None) => None,
                Ok(Some(chunk)) => Some((Ok(chunk), Some((metered, url)))),
                Err(problem) => Some((Err(error(&url, problem)), None)),
            }
        };
        Ok(TargetBody::new(stream::unfold(Some((metered, url)), next)))
    }
}

fn error(url: &Url, problem: Problem) -> FetchError {
    FetchError { url: without_secrets(url), problem }
}

#[cfg(test)]
mod tests;
