//! What clients send, and what is kept of what upstreams sent: requests, targets, ranges, kept pages. The first byte says which.
#![no_main]

use affineur_gateway::fuzzing::{Asked, ask, connect, kept_page, range, url_inside, url_outside};
use percent_encoding::percent_decode_str;
use url::Url;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    let text = std::str::from_utf8(rest).ok();
    let mut lines = text.into_iter().flat_map(|text| text.split('\n'));
    let mut line = || lines.next().unwrap_or_default();
    match kind {
        b'a' => check_ask(line(), line(), line()),
        b't' => check_target(line(), line(), line()),
        b'r' => check_range(rest),
        b'k' => check_kept_page(rest),
        _ => {}
    }
});

/// A distribution is never taken for something else, and its URL is the one of its name.
fn check_ask(url: &str, accept: &str, agent: &str) {
    let Ok(url) = Url::parse(url) else { return };
    if !matches!(url.scheme(), "http" | "https") {
        return;
    }
    let last = |url: &Url| {
        let segment = url.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        percent_decode_str(segment).decode_utf8_lossy().into_owned()
    };
    match ask(&url, accept, agent) {
        Asked::Other => assert!(!last(&url).to_ascii_lowercase().ends_with(".whl"), "{url}"),
        Asked::File(file, name) => {
            assert_eq!(last(&file), name.as_str());
            assert!(file.fragment().is_none() && file.query() == url.query() && file.origin() == url.origin());
        }
        Asked::Page(index) => {
            assert!(index.path().ends_with('/') && index.query().is_none() && index.fragment().is_none());
            assert_eq!(index.origin(), url.origin());
        }
        Asked::Archive => {}
    }
}

fn check_target(authority: &str, uri: &str, host_field: &str) {
    if let Ok((host, port)) = connect(authority) {
        assert!(port != 0 && !host.is_empty() && !host.ends_with('.') && !host.contains('@'));
        assert_eq!(connect(&format!("{host}:{port}")), Ok((host.clone(), port)), "a target is one text");
        for host_field in [host_field, &format!("{host}:{port}")] {
            let Ok(url) = url_inside(authority, uri, host_field) else { continue };
            check_url(&url);
            let target = (url.scheme(), url.host_str(), url.port_or_known_default());
            assert_eq!(target, ("https", Some(host.as_str()), Some(port)), "a tunnel leads to its own host only");
        }
    }
    if let Ok(url) = url_outside(uri) {
        check_url(&url);
        assert_eq!(url.scheme(), "http");
        assert!(url.host_str().is_some_and(|host| !host.is_empty() && !host.ends_with('.')));
    }
}

fn check_url(url: &Url) {
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
}

fn check_range(field: &[u8]) {
    for length in [0, 1, 10, 1 << 40] {
        let Some(part) = range(field, length) else { continue };
        assert!(part.start < part.end || length == 0 && part == (0..0), "{part:?}");
        assert!(part.end <= length);
        if length > 0 {
            assert_eq!(range(format!("bytes={}-{}", part.start, part.end - 1).as_bytes(), length), Some(part));
        }
    }
}

fn check_kept_page(bytes: &[u8]) {
    let Some((packed, body)) = kept_page(bytes) else { return };
    assert_eq!(kept_page(&packed), Some((packed, body)));
}
