//! Project pages in memory: each form rendered and compressed once for each state of a project.
//!
//! Must never hand out a page that is older than what was published when it was asked for.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use affineur_packaging::ProjectName;
use affineur_packaging::page::{Format, accepts_coding};
use affineur_tuf::Version;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::simple::{NO_CACHE, content_type};
use crate::limits;

/// Pages by what was asked for.
pub(super) struct Pages(Cache<Form, Arc<Page>, Weight>);

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Form {
    pub(super) project: ProjectName,
    pub(super) format: Format,
    pub(super) coding: Coding,
}

/// How a page is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Coding {
    Identity,
    Gzip,
}

/// One form of a project's page.
pub(super) struct Page {
    /// The state of the project.
    serial: u64,
    /// The newest version of the timestamp of which it is known that the project is in this state; 0 before the first.
    confirmed: AtomicU64,
    etag: HeaderValue,
    body: Bytes,
}

impl Pages {
    pub(super) fn new() -> Self {
        Self(Cache::with_weighter(limits::PAGES_IN_MEMORY, limits::PAGE_MEMORY_BYTES, Weight))
    }

    pub(super) fn find(&self, form: &Form) -> Option<Arc<Page>> {
        self.0.get(form)
    }

    pub(super) fn keep(&self, form: Form, page: Arc<Page>) {
        self.0.insert(form, page);
    }
}

impl Coding {
    /// What a client takes: installers all take gzip.
    pub(super) fn accepted(headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
        if accepts_coding(accepted.unwrap_or_default(), "gzip") { Self::Gzip } else { Self::Identity }
    }
}

impl Page {
    /// Of a project that had this serial when, or after, this version was the newest. Compressing may take milliseconds.
    pub(super) fn new(form: &Form, serial: u64, version: Option<Version>, body: Vec<u8>) -> Self {
        let format = match form.format {
            Format::Json => "json",
            Format::Html => "html",
        };
        let (coding, body) = match form.coding {
            Coding::Identity => ("", body),
            Coding::Gzip => ("-gzip", gzip(&body)),
        };
        let etag = HeaderValue::try_from(format!("\"{serial}-{format}{coding}\""));
        Self {
            serial,
            confirmed: AtomicU64::new(number(version)),
            etag: etag.unwrap_or_else(|_| HeaderValue::from_static("\"\"")),
            body: body.into(),
        }
    }

    pub(super) const fn serial(&self) -> u64 {
        self.serial
    }

    /// Whether the project is known to be in this state in this version. Where a later one is known, this one was asked for earlier.
    pub(super) fn is_of(&self, version: Option<Version>) -> bool {
        self.confirmed.load(Ordering::Acquire) >= number(version)
    }

    /// The project is in this state in this version, too.
    pub(super) fn confirm(&self, version: Option<Version>) {
        self.confirmed.fetch_max(number(version), Ordering::AcqRel);
    }

    pub(super) fn answer(&self, form: &Form, asked: &HeaderMap) -> Response {
        let known = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        let unchanged = known.is_some_and(|known| known.split(',').any(|tag| tag.trim() == self.etag));
        let mut response = Response::new(if unchanged { Body::empty() } else { Body::from(self.body.clone()) });
        let headers = response.headers_mut();
        if !unchanged {
            headers.insert(header::CONTENT_TYPE, content_type(form.format));
            if form.coding == Coding::Gzip {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
        }
        headers.insert(header::CACHE_CONTROL, NO_CACHE);
        headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
        headers.insert(header::ETAG, self.etag.clone());
        if unchanged {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        response
    }
}

fn number(version: Option<Version>) -> u64 {
    version.map_or(0, Version::number)
}

/// Compression of bytes in memory cannot fail; should a library say so all the same, no installer takes an empty body for a page.
fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::new(limits::GZIP_LEVEL));
    encoder.write_all(body).and_then(|()| encoder.finish()).unwrap_or_default()
}

/// How much memory a page is counted with.
#[derive(Clone)]
struct Weight;

impl Weighter<Form, Arc<Page>> for Weight {
    fn weight(&self, _: &Form, page: &Arc<Page>) -> u64 {
        page.body.len() as u64 + limits::PAGE_OVERHEAD_BYTES
    }
}

#[cfg(test)]
mod tests;
