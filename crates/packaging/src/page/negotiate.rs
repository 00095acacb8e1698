//! Media types of the Simple API and the choice between them (PEP 691, RFC 9110 §12.5.1).

use super::Format;

const JSON: [&str; 2] = ["application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.latest+json"];
const HTML: [&str; 3] = ["text/html", "application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.latest+html"];

impl Format {
    /// The `Content-Type` under which a page of this format is served.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/vnd.pypi.simple.v1+json",
            Self::Html => "text/html; charset=utf-8",
        }
    }

    /// The format that a `Content-Type` announces; parameters are ignored. `None` for what is no Simple API page.
    #[must_use]
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        let is_one_of = |types: &[&str]| types.iter().any(|known| known.eq_ignore_ascii_case(media_type));
        if is_one_of(&JSON) { Some(Self::Json) } else { is_one_of(&HTML).then_some(Self::Html) }
    }
}

/// How well a media range fits a format; a more specific range overrules the others (RFC 9110 §12.5.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Anything,
    Type,
    Exact,
}

/// The best that an `Accept` header says about one media type: how specific the range is, and its weight in thousandths.
type Best = Option<(Fit, u16)>;

/// The format to answer with. HTML where the request does not say (no header, an empty one, or `*/*`), as PEP 691 asks for;
/// `None` when neither is acceptable (406). JSON wins a tie in which it was named.
///
/// ```
/// # use affineur_packaging::page::{Format, negotiate};
/// assert_eq!(negotiate(Some("application/vnd.pypi.simple.v1+json, */*;q=0.1")), Some(Format::Json));
/// assert_eq!(negotiate(None), Some(Format::Html));
/// assert_eq!(negotiate(Some("image/png")), None);
/// ```
#[must_use]
pub fn negotiate(accept: Option<&str>) -> Option<Format> {
    let Some(accept) = accept.filter(|accept| !accept.trim().is_empty()) else { return Some(Format::Html) };
    let json = preference(accept, &JSON);
    let html = preference(accept, &HTML);
    match (json, html) {
        (None, None) => None,
        (Some(_), None) => Some(Format::Json),
        (None, Some(_)) => Some(Format::Html),
        (Some((json, fit)), Some((html, _))) if json > html || json == html && fit == Fit::Exact => Some(Format::Json),
        (Some(_), Some(_)) => Some(Format::Html),
    }
}

/// Whether a client names a coding in `Accept-Encoding`; a `q=0` is a refusal.
///
/// ```
/// use affineur_packaging::page::accepts_coding;
/// assert!(accepts_coding("deflate, GZIP;q=0.5", "gzip"));
/// assert!(!accepts_coding("gzip;q=0, br", "gzip"));
/// ```
#[must_use]
pub fn accepts_coding(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|part| {
        let mut parts = part.split(';').map(str::trim);
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding))
            && !parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

/// The highest weight of a format under any of its names; `None` when it is not acceptable.
fn preference(accept: &str, names: &[&str]) -> Option<(u16, Fit)> {
    let of_name = |name: &&str| accept.split(',').filter_map(|range| judge(range, name)).fold(None, more_specific);
    names.iter().filter_map(of_name).filter(|(_, weight)| *weight > 0).map(|(fit, weight)| (weight, fit)).max()
}

fn more_specific(best: Best, other: (Fit, u16)) -> Best {
    Some(best.map_or(other, |best| if other.0 > best.0 { other } else { best }))
}

/// What one element of the header says about a media type; `None` when it is about others, or malformed.
fn judge(range: &str, name: &str) -> Best {
    let mut parts = range.split(';').map(str::trim);
    let range = parts.next()?;
    let fit = if range == "*/*" {
        Fit::Anything
    } else if range.eq_ignore_ascii_case(name) {
        Fit::Exact
    } else {
        let (wanted, rest) = range.split_once('/')?;
        let (offered, _) = name.split_once('/')?;
        (rest == "*" && wanted.eq_ignore_ascii_case(offered)).then_some(Fit::Type)?
    };
    let weight = parts.find_map(|parameter| parameter.split_once('=').filter(|(key, _)| key.trim().eq_ignore_ascii_case("q")));
    Some((fit, weight.map_or(Some(1_000), |(_, weight)| thousandths(weight.trim()))?))
}

/// A weight of RFC 9110 §12.4.2: `0` or `1`, with at most three decimals, never more than 1.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{decimals:0<3}").parse().ok()?;
    match (whole, fraction) {
        ("0", fraction) => Some(fraction),
        ("1", 0) => Some(1_000),
        _ => None,
    }
}
