//! Answers to requests for files.

use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, RANGE};
use http::response::Builder;
use http::{Method, Response, StatusCode};

use super::range::{Wanted, asks_for_part, etag, has_it_already, wanted};
use super::{DownloadError, Served, Source, reader};
use crate::body::{self, Body};
use crate::limits;

impl Served {
    /// The answer to a GET or HEAD with these headers: 200, 206, 304 or 416. Waits until something may be sent: for a small file, a
    /// part, and a file without an expected digest until it is verified.
    ///
    /// # Errors
    /// See [`DownloadError`]. What goes wrong later ends the body with an error.
    pub async fn respond(mut self, method: &Method, headers: &HeaderMap) -> Result<Response<Body>, DownloadError> {
        let sha256 = match self.expected {
            Some(sha256) => sha256,
            None => self.verified().await?.sha256(),
        };
        let etag = etag(&sha256);
        if has_it_already(headers, &etag) {
            return Ok(finish(head(StatusCode::NOT_MODIFIED, &etag), body::empty()));
        }
        if method == Method::HEAD {
            let length = self.length().await?;
            return Ok(finish(with_length(head(StatusCode::OK, &etag), length), body::empty()));
        }
        if headers.contains_key(RANGE) && asks_for_part(headers, &etag) {
            return self.part(headers, &etag).await;
        }
        let length = self.sendable().await?;
        Ok(finish(with_length(head(StatusCode::OK, &etag), length), reader::whole(self.source, &self.readers)))
    }

    async fn part(mut self, headers: &HeaderMap, etag: &str) -> Result<Response<Body>, DownloadError> {
        let file = self.verified().await?;
        let size = file.size();
        let (status, part) = match wanted(headers, size) {
            Wanted::Whole => (StatusCode::OK, 0..size),
            Wanted::Part(first, end) => (StatusCode::PARTIAL_CONTENT, first..end),
            Wanted::Unsatisfiable => {
                let answer = head(StatusCode::RANGE_NOT_SATISFIABLE, etag).header(CONTENT_RANGE, format!("bytes */{size}"));
                return Ok(finish(with_length(answer, Some(0)), body::empty()));
            }
        };
        let mut answer = with_length(head(status, etag), Some(part.end - part.start));
        if status == StatusCode::PARTIAL_CONTENT {
            answer = answer.header(CONTENT_RANGE, format!("bytes {}-{}/{size}", part.start, part.end - 1));
        }
        Ok(finish(answer, reader::part(file, part, &self.readers)))
    }

    /// The file's length: as soon as it was named, else when the file is there.
    async fn length(&mut self) -> Result<Option<u64>, DownloadError> {
        if let Source::Transfer(progress) = &mut self.source {
            let known = |progress: &super::Progress| progress.end.is_some() || progress.file.is_some();
            let progress = progress.wait_for(known).await.map_err(|_| DownloadError::GivenUp)?;
            if progress.end.is_none() && progress.length.is_some() {
                return Ok(progress.length);
            }
        }
        self.verified().await.map(|file| Some(file.size()))
    }

    /// Waits until the first byte may be sent; the file's length if it was named.
    async fn sendable(&mut self) -> Result<Option<u64>, DownloadError> {
        if self.expected.is_some()
            && let Source::Transfer(progress) = &mut self.source
        {
            let large = |progress: &super::Progress| match progress.length {
                Some(length) => length > limits::SMALL_FILE_BYTES,
                None => progress.received > limits::SMALL_FILE_BYTES,
            };
            let progress = progress
                .wait_for(|progress| progress.end.is_some() || large(progress))
                .await
                .map_err(|_| DownloadError::GivenUp)?;
            if progress.end.is_none() {
                return Ok(progress.length);
            }
        }
        self.verified().await.map(|file| Some(file.size()))
    }
}

fn head(status: StatusCode, etag: &str) -> Builder {
    let bytes = HeaderValue::from_static("bytes");
    let kind = HeaderValue::from_static("application/octet-stream");
    Response::builder().status(status).header(ETAG, etag).header(ACCEPT_RANGES, bytes).header(CONTENT_TYPE, kind)
}

fn with_length(answer: Builder, length: Option<u64>) -> Builder {
    match length {
        Some(length) => answer.header(CONTENT_LENGTH, length),
        None => answer,
    }
}

fn finish(answer: Builder, body: Body) -> Response<Body> {
    // Only a malformed header could fail, and all of them are digits and digests.
    answer.body(body).unwrap_or_else(|_| {
        let mut broken = Response::new(body::empty());
        *broken.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        broken
    })
}
