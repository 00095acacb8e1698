//! What a client gets instead of a page or a file, in the form that makes installers print the reason.
//!
//! Tried with real clients (docs/formats/wire.md): pip and poetry print the HTTP/1.1 reason phrase, uv prints title and detail
//! of an RFC 9457 body. Both carry the same line, which is printable ASCII and made of our own words only.

use affineur_packaging::text::printable;
use affineur_trust::Class;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use hyper::ext::ReasonPhrase;

use crate::body::{Body, full};
use crate::limits;

/// A refusal: why, in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The status of the answer.
    pub(crate) status: StatusCode,
    /// The heading, the same for all refusals of a kind.
    pub(crate) title: &'static str,
    /// Our own words.
    pub(crate) detail: String,
}

impl Refusal {
    /// A file (or its metadata) that is withheld: 403, which no installer retries.
    pub(crate) fn file(class: Class, detail: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, title: title(class), detail: detail.into() }
    }

    /// A page that cannot be shown and has no names: 451, the status whose body uv prints for a page.
    pub(crate) fn page(class: Class, detail: impl Into<String>) -> Self {
        Self { status: StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS, title: title(class), detail: detail.into() }
    }

    /// The answer on the wire.
    pub(crate) fn response(&self) -> Response<Body> {
        let line = printable(&format!("{}: {}", self.title, self.detail), limits::REASON_PHRASE_BYTES);
        let problem = serde_json::json!({
            "type": "about:blank",
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": printable(&self.detail, limits::PROBLEM_DETAIL_BYTES),
        });
        let mut response = Response::new(full(problem.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Ok(phrase) = ReasonPhrase::try_from(Bytes::from(line)) {
            response.extensions_mut().insert(phrase);
        }
        response
    }
}

fn title(class: Class) -> &'static str {
    match class {
        Class::Refused => "withheld by affineur",
        Class::Undecided => "affineur cannot tell now",
        Class::Hostile => "affineur refuses hostile data",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_in_the_phrase_and_nothing_of_it_can_break_a_line() {
        let refusal = Refusal::file(Class::Refused, "released 2 days ago\r\nSet-Cookie: x\u{1b}[31m");
        let response = refusal.response();
        let phrase = response.extensions().get::<ReasonPhrase>().unwrap().as_bytes().to_vec();
        let text = String::from_utf8(phrase).unwrap();
        assert!(text.starts_with("withheld by affineur: released 2 days ago"), "{text}");
        assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{text:?}");
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    }

    #[test]
    fn a_long_reason_is_cut() {
        let response = Refusal::page(Class::Undecided, "x".repeat(10_000)).response();
        assert!(response.extensions().get::<ReasonPhrase>().unwrap().as_bytes().len() <= limits::REASON_PHRASE_BYTES);
    }
}
