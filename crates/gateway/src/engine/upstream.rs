//! One file at an upstream, as downloads and metadata readers see it.

use std::sync::Arc;

use http::HeaderValue;
use url::Url;

use crate::download::Upstream;
use crate::fetch::{ByteRange, FetchError, Fetcher, FileAnswer, RangeAnswer};

/// Where a file's bytes come from: the client that fetches them, the page that named them, and what may be shown.
#[derive(Debug, Clone)]
pub(crate) struct FileUpstream {
    pub(crate) fetcher: Arc<Fetcher>,
    /// The page: its origin decides where links may lead and who may see the credentials.
    pub(crate) page: Url,
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) limit_bytes: u64,
}

impl Upstream for FileUpstream {
    async fn file(&self, url: &Url) -> Result<FileAnswer, FetchError> {
        self.fetcher.file(url, &self.page, self.authorization.clone(), self.limit_bytes).await
    }

    async fn range(&self, url: &Url, range: ByteRange) -> Result<RangeAnswer, FetchError> {
        self.fetcher.range(url, &self.page, self.authorization.clone(), range).await
    }
}
