//! Answers that are no file: problems in words (RFC 9457), redirects.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};

use crate::store::StoreError;

/// A problem as `application/problem+json`, which uv prints; `detail` must be a sentence of ours.
pub(super) fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("problem");
    let body = serde_json::json!({ "title": title, "status": status.as_u16(), "detail": detail }).to_string();
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Something that is not there.
pub(super) fn absent(detail: &str) -> Response {
    problem(StatusCode::NOT_FOUND, detail)
}

/// The store fails: our fault. What exactly is for the log.
pub(super) fn broken(error: &StoreError) -> Response {
    tracing::error!(%error, "the store fails");
    problem(StatusCode::INTERNAL_SERVER_ERROR, "the index cannot read what it has; its log says why")
}

pub(super) async fn nothing_here() -> Response {
    absent("there is nothing here; the index is at /simple/")
}
