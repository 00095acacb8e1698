//! The few header fields of upstreams that we read: each into a type, or not at all.

use std::time::Duration;

use affineur_packaging::page::Format;
use http::header::{
    AGE, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, DATE, ETAG, LAST_MODIFIED, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

use super::{ByteRange, FetchError, Printable, Validators};
use crate::limits::{self, FetchLimits};

/// Refuses answers with too many or too large header fields.
pub(super) fn check_size(headers: &HeaderMap, limits: &FetchLimits) -> Result<(), FetchError> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers.len() > limits.headers || bytes > limits.header_bytes { Err(FetchError::HeaderFlood) } else { Ok(()) }
}

/// The only value of a field; `None` where it is missing, repeated or not ASCII.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then(|| value.trim())
}

pub(super) fn format(headers: &HeaderMap) -> Result<Format, FetchError> {
    let value = single(headers, &CONTENT_TYPE).unwrap_or_default();
    Format::of_content_type(value).ok_or_else(|| FetchError::NotAPage { content_type: Printable::of(value.as_bytes()) })
}

/// An HTTP date (RFC 9110, 5.6.7; only the form that servers must send).
fn time(headers: &HeaderMap, name: &HeaderName) -> Option<Timestamp> {
    let value = single(headers, name)?;
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()
}

pub(super) fn last_modified(headers: &HeaderMap) -> Option<Timestamp> {
    time(headers, &LAST_MODIFIED)
}

pub(super) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    time(headers, &DATE)
}

pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    single(headers, &CONTENT_LENGTH)?.parse().ok()
}

fn validator(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = single(headers, name)?;
    let fits = !value.is_empty() && value.len() <= limits::VALIDATOR_BYTES && !value.contains('\t');
    fits.then(|| value.to_owned())
}

pub(super) fn etag(headers: &HeaderMap) -> Option<String> {
    validator(headers, &ETAG)
}

pub(super) fn validators(headers: &HeaderMap) -> Option<Validators> {
    let validators = Validators { etag: etag(headers), last_modified: validator(headers, &LAST_MODIFIED) };
    (validators != Validators::default()).then_some(validators)
}

pub(super) fn challenge(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = headers.get(WWW_AUTHENTICATE)?;
    let fits = value.len() <= limits::CHALLENGE_BYTES && value.to_str().is_ok();
    fits.then(|| value.clone())
}

/// For how long `Cache-Control` lets the answer be used (RFC 9111, 4.2), less the time that it spent in other caches.
pub(super) fn fresh_for(headers: &HeaderMap) -> Option<Duration> {
    let mut said = None;
    for field in headers.get_all(CACHE_CONTROL) {
        for directive in field.to_str().ok()?.split(',') {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "no-cache" | "no-store" => return Some(Duration::ZERO),
                "max-age" => {
                    let seconds = Duration::from_secs(value.trim().trim_matches('"').parse().unwrap_or(0));
                    said = Some(said.map_or(seconds, |other| seconds.min(other)));
                }
                _ => {}
            }
        }
    }
    let age = single(headers, &AGE).and_then(|age| age.parse().ok()).map_or(Duration::ZERO, Duration::from_secs);
    said.map(|said| said.saturating_sub(age).min(limits::FRESH_AT_MOST))
}

/// Start, end (included) and total size out of `Content-Range`; it must be what was asked for, or less where the file ends.
pub(super) fn content_range(headers: &HeaderMap, asked: ByteRange) -> Result<(u64, u64, u64), FetchError> {
    let parsed = || {
        let (range, total) = single(headers, &CONTENT_RANGE)?.strip_prefix("bytes ")?.split_once('/')?;
        let (start, end) = range.split_once('-')?;
        let (start, end, total): (u64, u64, u64) = (start.parse().ok()?, end.parse().ok()?, total.parse().ok()?);
        let expected_start = match asked {
            ByteRange::Suffix(count) => total.saturating_sub(count),
            ByteRange::FromTo(from, _) => from,
        };
        let last = total.checked_sub(1)?;
        let expected_end = match asked {
            ByteRange::Suffix(_) => last,
            ByteRange::FromTo(_, to) => to.min(last),
        };
        (start == expected_start && end == expected_end && start <= end).then_some((start, end, total))
    };
    parsed().ok_or(FetchError::BadRange)
}

#[cfg(test)]
mod tests;
