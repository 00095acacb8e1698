use super::*;

fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
    values.iter().map(|value| (name.clone(), HeaderValue::from_bytes(value.as_bytes()).unwrap())).collect()
}

#[test]
fn freshness_is_the_least_that_is_said_and_never_more_than_our_limit() {
    let day = limits::FRESH_AT_MOST.as_secs();
    let cases: [(&[&str], Option<u64>); 12] = [
        (&[], None),
        (&["public"], None),
        (&["max-age=600"], Some(600)),
        (&["Public, Max-Age=\"600\""], Some(600)),
        (&["max-age=600, max-age=10"], Some(10)),
        (&["max-age=600", "max-age=10"], Some(10)),
        (&["max-age=600, no-cache"], Some(0)),
        (&["no-store", "max-age=600"], Some(0)),
        (&["max-age=-1"], Some(0)),
        (&["max-age=99999999999999999999999"], Some(0)),
        (&["max-age=999999999"], Some(day)),
        (&["s-maxage=600"], None),
    ];
    for (values, seconds) in cases {
        assert_eq!(fresh_for(&headers(&CACHE_CONTROL, values)), seconds.map(Duration::from_secs), "{values:?}");
    }
    let mut aged = headers(&CACHE_CONTROL, &["max-age=600"]);
    aged.insert(AGE, HeaderValue::from_static("1000"));
    assert_eq!(fresh_for(&aged), Some(Duration::ZERO));
}

#[test]
fn times_are_read_or_unknown() {
    let read = |value: &str| last_modified(&headers(&LAST_MODIFIED, &[value])).map(|time| time.to_string());
    assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT").as_deref(), Some("1994-11-06T08:49:37Z"));
    assert_eq!(read("Fri, 31 Dec 9999 23:59:59 GMT"), None);
    for value in
        ["", "Sun", "Mon, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z", "06 Nov 1994", "Sun, 06 Nov 1994 25:49:37 GMT"]
    {
        assert_eq!(read(value), None, "{value}");
    }
}

#[test]
fn validators_are_short_printable_ascii_or_left_out() {
    let etag_of = |value: &str| etag(&headers(&ETAG, &[value]));
    assert_eq!(etag_of("W/\"x\"").as_deref(), Some("W/\"x\""));
    for value in ["", "\"\u{e9}\"", "\"a\tb\"", &"x".repeat(limits::VALIDATOR_BYTES + 1)] {
        assert_eq!(etag_of(value), None, "{value}");
    }
    assert_eq!(etag(&headers(&ETAG, &["\"a\"", "\"b\""])), None);
    assert_eq!(validators(&HeaderMap::new()), None);
}

#[test]
fn a_challenge_is_passed_on_only_if_it_is_short_printable_ascii() {
    let challenge_of = |value: &str| challenge(&headers(&WWW_AUTHENTICATE, &[value])).is_some();
    assert!(challenge_of("Basic realm=\"x\""));
    assert!(!challenge_of("Basic realm=\"\u{e9}\""));
    assert!(!challenge_of(&"x".repeat(limits::CHALLENGE_BYTES + 1)));
}
