//! Distributions and their core metadata, whole or in ranges.

use std::io::SeekFrom;
use std::sync::Arc;

use affineur_packaging::{FileName, ProjectName, Sha256};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::{Shared, answer};
use crate::limits;
use crate::store::{Blob, Store};

/// A file's name never gets other bytes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

pub(super) async fn file<S: Store>(
    State(shared): State<Arc<Shared<S>>>,
    Path((project, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Ok(project) = project.parse::<ProjectName>() else { return answer::absent("this is no project's name") };
    let (name, metadata) = file.strip_suffix(".metadata").map_or((file.as_str(), false), |name| (name, true));
    let Ok(name) = FileName::of_project(name, &project) else {
        return answer::absent("this is no file of this project");
    };
    if metadata { core_metadata(&shared.store, &name).await } else { serve(&shared.store, &name, None, &headers).await }
}

async fn core_metadata<S: Store>(store: &S, name: &FileName) -> Response {
    match store.core_metadata(name).await {
        Ok(Some(bytes)) => {
            let text = HeaderValue::from_static("text/plain; charset=utf-8");
            ([(header::CONTENT_TYPE, text), (header::CACHE_CONTROL, FOR_EVER)], bytes).into_response()
        }
        Ok(None) => answer::absent("this file is not there, or has no metadata"),
        Err(error) => answer::broken(&error),
    }
}

/// Serves a published file, if it has this digest.
pub(super) async fn serve<S: Store>(store: &S, name: &FileName, digest: Option<Sha256>, headers: &HeaderMap) -> Response {
    let stored = match store.file(name).await {
        Ok(Some(stored)) if digest.is_none_or(|digest| digest == stored.sha256) => stored,
        Ok(_) => return answer::absent("there is no such file"),
        Err(error) => return answer::broken(&error),
    };
    let etag = format!("\"{}\"", stored.sha256);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|tag| tag.trim() == etag)) {
        return with_caching(StatusCode::NOT_MODIFIED.into_response(), &etag);
    }
    match store.blob(&stored.sha256).await {
        Ok(Some(blob)) => with_caching(body(blob, headers).await, &etag),
        Ok(None) => {
            tracing::error!(file = %name, "the bytes of a published file are missing");
            answer::problem(StatusCode::INTERNAL_SERVER_ERROR, "the bytes of this file are missing; the index's log says which")
        }
        Err(error) => answer::broken(&error),
    }
}

fn with_caching(mut response: Response, etag: &str) -> Response {
    if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, FOR_EVER);
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if let Ok(etag) = HeaderValue::from_str(etag) {
            headers.insert(header::ETAG, etag);
        }
    }
    response
}

/// The whole, or the one range that was asked for. Several ranges at once get the whole, as RFC 9110 allows.
pub(super) async fn body(blob: Blob, headers: &HeaderMap) -> Response {
    let size = blob.size;
    let (start, end) = match range(headers, size) {
        Asked::Whole => (0, size),
        Asked::Part(start, end) => (start, end),
        Asked::Unsatisfiable => {
            let mut response = answer::problem(StatusCode::RANGE_NOT_SATISFIABLE, "this file does not have that range");
            response
                .headers_mut()
                .extend(HeaderValue::from_str(&format!("bytes */{size}")).ok().map(|value| (header::CONTENT_RANGE, value)));
            return response;
        }
    };
    let mut file = tokio::fs::File::from_std(blob.file);
    if let Err(error) = file.seek(SeekFrom::Start(start)).await {
        tracing::error!(%error, "a file cannot be read");
        return answer::problem(StatusCode::INTERNAL_SERVER_ERROR, "this file cannot be read; the index's log says why");
    }
    let chunks = stream::try_unfold((file, end - start), |(mut file, left)| async move {
        let most = usize::try_from(left.min(limits::READ_BYTES)).unwrap_or(usize::MAX);
        let mut chunk = bytes::BytesMut::with_capacity(most);
        let read = (&mut file).take(most as u64).read_buf(&mut chunk).await?;
        Ok::<_, std::io::Error>((read > 0).then(|| (chunk.freeze(), (file, left - read as u64))))
    });
    let mut response = Body::from_stream(chunks).into_response();
    let partial = (start, end) != (0, size);
    if partial {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(end - start));
    if partial && let Ok(range) = HeaderValue::from_str(&format!("bytes {start}-{}/{size}", end.saturating_sub(1))) {
        headers.insert(header::CONTENT_RANGE, range);
    }
    response
}

/// What part of a file is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    /// From the first byte to before the last.
    Part(u64, u64),
    Unsatisfiable,
}

/// Reads `Range` as RFC 9110 §14 has it. What it does not define is ignored, as it says: the whole is served.
fn range(headers: &HeaderMap, size: u64) -> Asked {
    let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).and_then(|text| text.strip_prefix("bytes="));
    let Some((first, last)) = asked.filter(|ranges| !ranges.contains(',')).and_then(|range| range.trim().split_once('-'))
    else {
        return Asked::Whole;
    };
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().unwrap_or(u64::MAX));
    let (start, end) = match (first, last) {
        ("", "") => return Asked::Whole,
        ("", suffix) => match number(suffix) {
            Some(suffix) => (size.saturating_sub(suffix), size),
            None => return Asked::Whole,
        },
        (first, "") => match number(first) {
            Some(first) => (first, size),
            None => return Asked::Whole,
        },
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => (first, last.saturating_add(1).min(size)),
            _ => return Asked::Whole,
        },
    };
    if start < end { Asked::Part(start, end) } else { Asked::Unsatisfiable }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str, size: u64) -> Asked {
        range(&HeaderMap::from_iter([(header::RANGE, HeaderValue::from_str(text).unwrap())]), size)
    }

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let cases = [
            ("bytes=0-99", Asked::Part(0, 100)),
            ("bytes=10-", Asked::Part(10, 1000)),
            ("bytes=-10", Asked::Part(990, 1000)),
            ("bytes=0-5000", Asked::Part(0, 1000)),
            ("bytes=-5000", Asked::Part(0, 1000)),
            ("bytes=1000-", Asked::Unsatisfiable),
            ("bytes=0-1,5-6", Asked::Whole),
            ("lines=1-2", Asked::Whole),
            ("bytes=5-2", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=x-2", Asked::Whole),
            ("bytes=-0", Asked::Unsatisfiable),
            ("bytes=0-99999999999999999999999", Asked::Part(0, 1000)),
        ];
        for (text, expected) in cases {
            assert_eq!(asked(text, 1000), expected, "{text}");
        }
        assert_eq!(range(&HeaderMap::new(), 1000), Asked::Whole);
    }
}
