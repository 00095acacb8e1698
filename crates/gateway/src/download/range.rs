//! `Range` and the preconditions of a request (RFC 9110 §13, §14).

use affineur_packaging::Sha256;
use http::HeaderMap;
use http::header::{HeaderName, IF_NONE_MATCH, IF_RANGE, RANGE};

/// What a request's `Range` means for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The whole file: no `Range`, one that we do not understand, or several at once (RFC 9110 §14.2 allows to ignore them).
    Whole,
    /// From the first of these bytes up to, not including, the second.
    Part(u64, u64),
    /// Nothing of the file.
    Unsatisfiable,
}

/// The strong entity tag of a file: its digest.
pub(super) fn etag(sha256: &Sha256) -> String {
    format!("\"sha256:{sha256}\"")
}

/// Whether `If-None-Match` names this tag: the client has the file already. Compared weakly (RFC 9110 §13.1.2).
pub(super) fn has_it_already(headers: &HeaderMap, etag: &str) -> bool {
    let listed = |value: &str| value.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag);
    headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(listed)
}

/// Whether a part is asked for, and of this very file: `If-Range` names nothing else (a date never matches, since we have none).
pub(super) fn asks_for_part(headers: &HeaderMap, etag: &str) -> bool {
    let same = only(headers, &IF_RANGE).is_none_or(|value| value == etag);
    headers.contains_key(RANGE) && (same || !headers.contains_key(IF_RANGE))
}

/// Reads `Range` for a file of this length.
pub(crate) fn wanted(headers: &HeaderMap, length: u64) -> Wanted {
    let Some(ranges) = only(headers, &RANGE).and_then(|value| value.strip_prefix("bytes=")) else { return Wanted::Whole };
    let Some((first, last)) = ranges.trim().split_once('-') else { return Wanted::Whole };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first > last => Wanted::Whole,
        (Some(first), _) if first >= length && (last.is_empty() || number(last).is_some()) => Wanted::Unsatisfiable,
        (Some(first), Some(last)) => Wanted::Part(first, last.saturating_add(1).min(length)),
        (Some(first), None) if last.is_empty() => Wanted::Part(first, length),
        (None, Some(0)) if first.is_empty() => Wanted::Unsatisfiable,
        (None, Some(_)) if first.is_empty() && length == 0 => Wanted::Unsatisfiable,
        (None, Some(suffix)) if first.is_empty() => Wanted::Part(length.saturating_sub(suffix), length),
        _ => Wanted::Whole,
    }
}

/// Decimal digits only; a number that no file reaches is the largest one.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// A header that stands there exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())?.to_str().ok()
}
