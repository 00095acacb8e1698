//! What downloads need of an upstream: implemented with the [`Fetcher`](crate::fetch::Fetcher) by the engine, in memory by
//! tests.

use std::future::Future;

use url::Url;

use crate::fetch::{ByteRange, FetchError, FileAnswer, RangeAnswer};

/// Somebody who has files. Carries whatever its requests need (credentials, limits); time-outs are its own and come as errors.
pub trait Upstream: Send + Sync + 'static {
    /// Asks for a whole file.
    fn file(&self, url: &Url) -> impl Future<Output = Result<FileAnswer, FetchError>> + Send;

    /// Asks for a part of a file.
    fn range(&self, url: &Url, range: ByteRange) -> impl Future<Output = Result<RangeAnswer, FetchError>> + Send;
}
