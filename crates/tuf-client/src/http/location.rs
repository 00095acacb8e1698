//! Where a request goes: below the base that the user named, or where a redirect may lead.

use http::HeaderMap;
use http::header::LOCATION;
use url::Url;

use crate::limits;
use crate::transport::Unavailable;

/// A base that paths can be put behind.
pub(super) fn checked_base(url: &Url) -> Result<Url, Unavailable> {
    let plain = is_http(url) && url.query().is_none() && url.fragment().is_none();
    let mut base = url.clone();
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", url.path()));
    }
    if plain { Ok(base) } else { Err(Unavailable::BadBase) }
}

/// The URL of a file. Whatever the URL standard would change in the path (dot segments, backslashes, queries) is refused, so that
/// the path that was asked for is the one that is requested.
pub(super) fn below(base: &Url, path: &str) -> Result<Url, Unavailable> {
    let wanted = format!("{}{path}", base.path());
    let mut url = base.clone();
    url.set_path(&wanted);
    let unchanged = url.path() == wanted && !path.is_empty() && url.as_str().len() <= limits::URL_BYTES;
    if unchanged { Ok(url) } else { Err(Unavailable::BadPath) }
}

/// Where a redirect leads: with the same scheme or to https. User name and password go along within their origin only.
pub(super) fn redirected(from: &Url, headers: &HeaderMap) -> Option<Url> {
    let mut to = from.join(headers.get(LOCATION)?.to_str().ok()?).ok()?;
    let (user, password) = if to.origin() == from.origin() { (from.username(), from.password()) } else { ("", None) };
    to.set_username(user).ok()?;
    to.set_password(password).ok()?;
    to.set_fragment(None);
    let allowed = is_http(&to) && (to.scheme() == from.scheme() || to.scheme() == "https");
    (allowed && to.as_str().len() <= limits::URL_BYTES).then_some(to)
}

/// The URL for people: whatever in it may be secret is left out.
pub(super) fn without_secrets(url: &Url) -> String {
    let mut url = url.clone();
    // Neither fails for URLs that have a host, and others have no user.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use url::Url;

    use super::{LOCATION, below, checked_base, redirected, without_secrets};
    use crate::transport::Unavailable;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn files_are_below_the_base() {
        for (base, path, expected) in [
            ("http://h", "1.root.json", "http://h/1.root.json"),
            ("http://h/m", "1.root.json", "http://h/m/1.root.json"),
            ("https://u:p@h:1/m/", "1.%2E%2E%2Fa.json", "https://u:p@h:1/m/1.%2E%2E%2Fa.json"),
            ("http://h/t/", "a/b/c.whl", "http://h/t/a/b/c.whl"),
            ("http://h/t/", "a:b@c/~x+y", "http://h/t/a:b@c/~x+y"),
            ("http://h/t/", "/etc", "http://h/t//etc"),
        ] {
            assert_eq!(below(&checked_base(&url(base)).unwrap(), path).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn a_path_that_means_something_else_is_refused() {
        let base = checked_base(&url("http://h/m/")).unwrap();
        for path in [
            "",
            "..",
            "../x",
            "a/../b",
            ".",
            "a/./b",
            "%2e%2e/x",
            "a/.%2E",
            "a?b",
            "a#b",
            "a\\b",
            "a b",
            "a\nb",
            "é",
            "\t1.root.json",
        ] {
            assert_eq!(below(&base, path), Err(Unavailable::BadPath), "{path:?}");
        }
        assert_eq!(below(&base, &"a".repeat(100_000)), Err(Unavailable::BadPath));
    }

    #[test]
    fn bases_are_plain_http_urls() {
        for bad in ["ftp://h/", "file:///m/", "http://h/m?token=1", "http://h/m#x", "data:,x"] {
            assert_eq!(checked_base(&url(bad)), Err(Unavailable::BadBase), "{bad}");
        }
    }

    #[test]
    fn redirects_never_lead_to_a_weaker_scheme_and_never_take_secrets_along() {
        for (from, location, expected) in [
            ("http://h/a", "/b", Some("http://h/b")),
            ("http://h/a", "https://other/b#c", Some("https://other/b")),
            ("http://u:p@h/a", "b", Some("http://u:p@h/b")),
            ("http://u:p@h/a", "http://h/b", Some("http://u:p@h/b")),
            ("http://u:p@h/a", "//other/b", Some("http://other/b")),
            ("http://u:p@h/a", "http://h:81/b", Some("http://h:81/b")),
            ("http://h/a", "http://x:y@other/b", Some("http://other/b")),
            ("https://h/a", "http://h/b", None),
            ("http://h/a", "file:///etc/passwd", None),
            ("http://h/a", "http://", None),
        ] {
            let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_static(location))]);
            assert_eq!(redirected(&url(from), &headers).as_ref().map(Url::as_str), expected, "{from} {location}");
        }
        assert_eq!(redirected(&url("http://h/a"), &HeaderMap::new()), None);
    }

    #[test]
    fn secrets_are_left_out() {
        assert_eq!(without_secrets(&url("https://user:pass@h:1/a/b?token=1#f")), "https://h:1/a/b");
        assert_eq!(without_secrets(&url("https://user@h/a")), "https://h/a");
    }
}
