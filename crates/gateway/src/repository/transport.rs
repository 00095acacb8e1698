//! A repository's files through the gateway's own fetch client: its proxies, authorities, credentials and limits.

use std::sync::Arc;

use affineur_tuf_client::transport::{self, Fetched, Problem, TargetBody, Transport, Unavailable};
use bytes::Bytes;
use futures_util::stream;
use http::HeaderValue;
use url::Url;

use crate::fetch::{FetchError, Fetcher, Phase};

/// Where a repository's files are, and who fetches them.
#[derive(Debug)]
pub(crate) struct RepositoryTransport {
    fetcher: Arc<Fetcher>,
    metadata: Url,
    targets: Url,
    authorization: Option<HeaderValue>,
}

impl RepositoryTransport {
    /// The repository at `url`, which ends in `/`.
    pub(crate) fn new(fetcher: Arc<Fetcher>, url: &Url, authorization: Option<HeaderValue>) -> Self {
        let below = |folder: &str| url.join(folder).unwrap_or_else(|_| url.clone());
        Self { fetcher, metadata: below("metadata/"), targets: below("targets/"), authorization }
    }

    /// One file of at most `at_most` bytes; `None` where there is none.
    async fn fetch(&self, base: &Url, path: &str, at_most: u64) -> Result<Option<Bytes>, transport::FetchError> {
        let failed = |problem: Problem| transport::FetchError { url: path.to_owned(), problem };
        let url = base.join(&format!("./{path}")).ok().filter(|url| url.as_str().starts_with(base.as_str()));
        let url = url.ok_or_else(|| failed(Unavailable::BadPath.into()))?;
        let answer = self.fetcher.repository_file(&url, self.authorization.clone(), at_most).await;
        answer.map_err(|error| failed(problem(&error, at_most)))
    }
}

impl Transport for RepositoryTransport {
    async fn metadata(&self, path: &str, at_most: u64) -> Result<Fetched, transport::FetchError> {
        Ok(self.fetch(&self.metadata, path, at_most).await?.map_or(Fetched::Missing, Fetched::Bytes))
    }

    async fn target(&self, path: &str, at_most: u64) -> Result<TargetBody, transport::FetchError> {
        let missing = || transport::FetchError { url: path.to_owned(), problem: Unavailable::Status(404).into() };
        let bytes = self.fetch(&self.targets, path, at_most).await?.ok_or_else(missing)?;
        Ok(TargetBody::new(stream::once(async { Ok(bytes) })))
    }
}

/// Our fetch client's words for what the TUF client distinguishes.
fn problem(error: &FetchError, at_most: u64) -> Problem {
    let unavailable = match error {
        FetchError::TooLarge { limit } => return Problem::TooLong { at_most: *limit },
        FetchError::TooMuchExpansion => return Problem::ExpandsTooFar { at_most },
        FetchError::BadEncoding => return Problem::BrokenCoding,
        FetchError::Timeout(Phase::Connecting) => Unavailable::TimedOut(transport::Phase::Connecting),
        FetchError::Timeout(Phase::FirstByte) => Unavailable::TimedOut(transport::Phase::FirstByte),
        FetchError::Timeout(Phase::NextByte | Phase::Whole) | FetchError::TooSlow => {
            Unavailable::TimedOut(transport::Phase::Whole)
        }
        FetchError::Status(status) => Unavailable::Status(*status),
        FetchError::RedirectLoop
        | FetchError::TooManyRedirects
        | FetchError::BadRedirect
        | FetchError::RedirectElsewhere { .. }
        | FetchError::Downgrade => Unavailable::BadRedirect,
        FetchError::Tls(_) => Unavailable::Tls,
        FetchError::Truncated { .. } | FetchError::Protocol | FetchError::HeaderFlood => Unavailable::BrokeOff,
        _ => Unavailable::Connect,
    };
    Problem::Unavailable(unavailable)
}
