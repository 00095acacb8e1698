//! Parsers that are nobody's business but this crate's, for `fuzz/`. Only there when cargo-fuzz builds (`--cfg fuzzing`).
//!
//! Must never have logic of its own: what is fuzzed is what runs.

use std::ops::Range;
use std::path::Path;

use affineur_packaging::FileName;
use http::header::{ACCEPT, HOST, RANGE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use crate::download::range::{Wanted, wanted};
use crate::engine::ask::Ask;
use crate::engine::pages::{pack, unpack};
use crate::proxy::TargetError;
use crate::proxy::target::{Target, url_in_clear};
use crate::run::{PipKey, UvConfiguration, ini};
use crate::state::StateError;
use crate::state::text_file::import;

/// The settings of pip's configuration file.
#[must_use]
pub fn pip_settings(text: &str) -> Vec<(PipKey, String)> {
    ini::parse(text)
}

/// The places for distributions and the indexes in uv's configuration; `file` is `uv.toml` or `pyproject.toml`.
#[must_use]
pub fn uv_settings(file: &str, text: &str) -> Option<[Vec<String>; 2]> {
    let configuration = UvConfiguration::parse(Path::new(file), text)?;
    Some(
        [configuration.texts("find-links"), configuration.indexes()]
            .map(|texts| texts.into_iter().map(str::to_owned).collect()),
    )
}

/// Host and port of a `CONNECT`.
///
/// # Errors
/// As the proxy answers.
pub fn connect(authority: &str) -> Result<(String, u16), TargetError> {
    target(authority).map(|target| (target.host.to_string(), target.port))
}

/// The URL of a request inside a tunnel.
///
/// # Errors
/// As the proxy answers.
pub fn url_inside(authority: &str, uri: &str, host: &str) -> Result<Url, TargetError> {
    let headers = [(HOST, HeaderValue::from_str(host).map_err(|_| TargetError::Host)?)].into_iter().collect();
    target(authority)?.url_inside(&uri.parse().map_err(|_| TargetError::Path)?, &headers)
}

/// The URL of a request in clear.
///
/// # Errors
/// As the proxy answers.
pub fn url_outside(uri: &str) -> Result<Url, TargetError> {
    url_in_clear(&Method::GET, &uri.parse().map_err(|_| TargetError::Path)?)
}

fn target(authority: &str) -> Result<Target, TargetError> {
    Target::of_connect(&authority.parse().map_err(|_| TargetError::Authority)?)
}

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A page of the index.
    Page(Url),
    /// A distribution, or its metadata.
    File(Url, FileName),
    /// An archive without a name.
    Archive,
    /// Something else.
    Other,
}

/// Reads a request with these header fields.
#[must_use]
pub fn ask(url: &Url, accept: &str, agent: &str) -> Asked {
    let fields = [(ACCEPT, accept), (USER_AGENT, agent)];
    let headers = fields.into_iter().filter_map(|(name, text)| Some((name, HeaderValue::from_str(text).ok()?))).collect();
    match Ask::read(&Method::GET, url, &headers, |_| false) {
        Ask::Page { index, .. } => Asked::Page(index),
        Ask::File { url, name } | Ask::Metadata { url, name } => Asked::File(url, name),
        Ask::Archive => Asked::Archive,
        Ask::Other => Asked::Other,
    }
}

/// The bytes that a `Range` field names in a file; `None`: none of them.
#[must_use]
pub fn range(field: &[u8], length: u64) -> Option<Range<u64>> {
    let headers: HeaderMap = HeaderValue::from_bytes(field).ok().map(|value| (RANGE, value)).into_iter().collect();
    match wanted(&headers, length) {
        Wanted::Whole => Some(0..length),
        Wanted::Part(first, end) => Some(first..end),
        Wanted::Unsatisfiable => None,
    }
}

/// A kept page: as it would be written again, and its body.
#[must_use]
pub fn kept_page(bytes: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let page = unpack(bytes)?;
    Some((pack(&page).ok()?, page.body.into()))
}

/// Reads a state in text form; the text that it is written as.
///
/// # Errors
/// As `--state FILE` has them.
pub fn state_text(text: &str) -> Result<String, StateError> {
    import(Some(text), Path::new("state")).map(|(_, printed)| printed)
}
