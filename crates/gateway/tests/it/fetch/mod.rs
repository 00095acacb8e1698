//! Asking upstreams: what must come through, and what must not.

mod bodies;
mod files;
mod forwarding;
mod network;
mod pages;
mod redirects;

use std::time::Duration;

use affineur_gateway::fetch::{FetchError, FetchSettings, Fetcher, PageAnswer, PageAsk};
use affineur_gateway::limits::FetchLimits;
use url::Url;

/// Small sizes, so that tests need few bytes; generous times, so that a busy machine does not break them.
fn limits() -> FetchLimits {
    FetchLimits {
        page_bytes: 64 << 10,
        small_bytes: 16 << 10,
        file_bytes: 64 << 10,
        expansion: 20,
        expansion_floor: 4 << 10,
        headers: 32,
        header_bytes: 4 << 10,
        retry_after: Duration::ZERO,
        ..FetchLimits::default()
    }
}

/// How long a test waits for what never comes. Each makes only the one limit short that it is about.
const SHORT: Duration = Duration::from_millis(50);

fn fetcher_with(limits: FetchLimits) -> Fetcher {
    Fetcher::new(FetchSettings { limits, ..FetchSettings::default() }).unwrap()
}

fn fetcher() -> Fetcher {
    fetcher_with(limits())
}

fn ask(url: Url) -> PageAsk {
    PageAsk { url, authorization: None, validators: None }
}

/// Asks for a page and gives its body.
async fn body_of(fetcher: &Fetcher, url: Url) -> Result<Vec<u8>, FetchError> {
    match fetcher.page(ask(url)).await? {
        PageAnswer::Page { body, .. } => Ok(body.to_vec()),
        other => panic!("no page: {other:?}"),
    }
}

/// A page elsewhere, on a public host, that is never asked.
fn public_page() -> Url {
    Url::parse("http://index.example/simple/a/").unwrap()
}
