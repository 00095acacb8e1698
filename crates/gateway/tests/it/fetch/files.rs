//! Files, parts of files, and what is said about them.

use affineur_gateway::fetch::{ByteRange, FetchError, RangeAnswer};
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use http::Method;

use super::fetcher;
use crate::support::upstream::{Asked, Upstream, answer};

const BYTES: &[u8] = b"0123456789";
const CHANGED: (&str, &str) = ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT");

async fn bytes_of(upstream: &Upstream, at_most: u64) -> Result<Vec<Bytes>, FetchError> {
    let file = fetcher().file(&upstream.url("/f"), &upstream.url("/simple/a/"), None, at_most).await?;
    file.stream.try_collect().await
}

async fn range_of(upstream: &Upstream, range: ByteRange) -> Result<RangeAnswer, FetchError> {
    fetcher().range(&upstream.url("/f"), &upstream.url("/simple/a/"), None, range).await
}

/// A server that says about each range what `answer` says, with these bytes.
async fn with_content_range(content_range: &'static str, bytes: &'static [u8]) -> Upstream {
    Upstream::http(move |_| answer(206, &[("content-range", content_range), CHANGED, ("etag", "\"e\"")], bytes)).await
}

#[tokio::test]
async fn a_file_comes_as_it_is_with_what_is_said_about_it() {
    let headers = [CHANGED, ("etag", "\"e\""), ("content-encoding", "gzip")];
    let upstream = Upstream::http(move |_| answer(200, &headers, BYTES)).await;
    let file = fetcher().file(&upstream.url("/f"), &upstream.url("/simple/a/"), None, 10).await.unwrap();
    assert_eq!((file.length, file.etag.as_deref()), (Some(10), Some("\"e\"")));
    assert_eq!(file.last_modified, Some("1994-11-06T08:49:37Z".parse().unwrap()));
    // As with pip, which takes the bytes as they are whatever `Content-Encoding` says: the digest is over those.
    assert_eq!(file.stream.try_collect::<Vec<_>>().await.unwrap().concat(), BYTES);
    assert_eq!(upstream.asked()[0].header("accept-encoding"), Some("identity"));
}

#[tokio::test]
async fn a_file_that_is_longer_than_wanted_or_shorter_than_announced_is_an_error() {
    let upstream = Upstream::http(|_| answer(200, &[], BYTES)).await;
    assert_eq!(bytes_of(&upstream, 9).await, Err(FetchError::TooLarge { limit: 9 }));
    let endless = Upstream::endless("HTTP/1.1 200 OK\r\n\r\n", b"x").await;
    assert_eq!(bytes_of(&endless, 100).await, Err(FetchError::TooLarge { limit: 100 }));
    // Whatever the caller allows, never more than the gateway's own limit.
    assert_eq!(bytes_of(&endless, u64::MAX).await, Err(FetchError::TooLarge { limit: 64 << 10 }));
    let cut = Upstream::raw("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n012").await;
    assert_eq!(bytes_of(&cut, 10).await, Err(FetchError::Truncated { expected: Some(10), got: 3 }));
    for status in [204, 206, 304, 403, 404, 500] {
        let upstream = Upstream::http(move |_| answer(status, &[], "")).await;
        assert_eq!(bytes_of(&upstream, 10).await, Err(FetchError::Status(status)));
    }
}

#[tokio::test]
async fn a_range_is_exactly_what_was_asked_for() {
    let upstream = with_content_range("bytes 7-9/10", b"789").await;
    let expected = RangeAnswer {
        bytes: Bytes::from_static(b"789"),
        start: 7,
        total: 10,
        last_modified: Some("1994-11-06T08:49:37Z".parse().unwrap()),
        etag: Some("\"e\"".to_owned()),
    };
    assert_eq!(range_of(&upstream, ByteRange::Suffix(3)).await, Ok(expected.clone()));
    assert_eq!(range_of(&upstream, ByteRange::FromTo(7, 9)).await, Ok(expected.clone()));
    assert_eq!(range_of(&upstream, ByteRange::FromTo(7, 100)).await, Ok(expected));
    let ranges: Vec<_> = upstream.asked().iter().map(|asked| asked.header("range").unwrap().to_owned()).collect();
    assert_eq!(ranges, ["bytes=-3", "bytes=7-9", "bytes=7-100"]);
    let whole = with_content_range("bytes 0-9/10", BYTES).await;
    assert_eq!(range_of(&whole, ByteRange::Suffix(100)).await.map(|range| range.start), Ok(0));
}

#[tokio::test]
async fn a_range_that_was_not_asked_for_is_refused() {
    let wrong = [
        "bytes 6-8/10",
        "bytes 7-8/10",
        "bytes 7-9/*",
        "bytes 7-9/9",
        "bytes 7-9/11",
        "bytes */10",
        "7-9/10",
        "bytes 9-7/10",
        "bytes -7-9/10",
        "bytes 7-9/0",
        "bytes 7-9/18446744073709551616",
        "items 7-9/10",
        "",
    ];
    for content_range in wrong {
        let upstream = with_content_range(content_range, b"789").await;
        assert_eq!(range_of(&upstream, ByteRange::Suffix(3)).await, Err(FetchError::BadRange), "{content_range}");
    }
    // The right words and other bytes.
    let short = with_content_range("bytes 7-9/10", b"78").await;
    assert_eq!(range_of(&short, ByteRange::Suffix(3)).await, Err(FetchError::BadRange));
    let long = with_content_range("bytes 7-9/10", b"7890").await;
    assert_eq!(range_of(&long, ByteRange::Suffix(3)).await, Err(FetchError::TooLarge { limit: 3 }));
}

#[tokio::test]
async fn a_server_without_ranges_is_told_from_one_that_has_no_such_range() {
    let whole = Upstream::endless("HTTP/1.1 200 OK\r\n\r\n", b"x").await;
    assert_eq!(range_of(&whole, ByteRange::Suffix(3)).await, Err(FetchError::NoRanges));
    let none = Upstream::http(|_| answer(416, &[], "")).await;
    assert_eq!(range_of(&none, ByteRange::Suffix(3)).await, Err(FetchError::BadRange));
    let gone = Upstream::http(|_| answer(404, &[], "")).await;
    assert_eq!(range_of(&gone, ByteRange::Suffix(3)).await, Err(FetchError::Status(404)));
}

#[tokio::test]
async fn last_modified_is_asked_by_head_and_by_one_byte_where_head_is_not_served() {
    let by_head = |asked: &Asked| answer(if asked.method == Method::HEAD { 200 } else { 500 }, &[CHANGED], "");
    let by_byte = |asked: &Asked| match (&asked.method, asked.header("range")) {
        (&Method::HEAD, _) => answer(405, &[], ""),
        (&Method::GET, Some("bytes=0-0")) => answer(206, &[CHANGED], "0"),
        _ => answer(500, &[], ""),
    };
    let expected = Ok(Some("1994-11-06T08:49:37Z".parse().unwrap()));
    for upstream in [Upstream::http(by_head).await, Upstream::http(by_byte).await] {
        let (file, page) = (upstream.url("/f"), upstream.url("/simple/a/"));
        assert_eq!(fetcher().last_modified(&file, &page, None).await, expected);
    }
}

#[tokio::test]
async fn a_last_modified_that_is_missing_or_no_time_is_unknown_and_an_error_is_an_error() {
    for value in
        ["", "yesterday", "0", "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT", "Mon, 99 Nov 1994 08:49:37 GMT"]
    {
        let upstream = Upstream::http(move |_| answer(200, &[("last-modified", value)], "")).await;
        assert_eq!(fetcher().last_modified(&upstream.url("/f"), &upstream.url("/"), None).await, Ok(None), "{value}");
    }
    for status in [403, 404, 500] {
        let upstream = Upstream::http(move |_| answer(status, &[CHANGED], "")).await;
        let answer = fetcher().last_modified(&upstream.url("/f"), &upstream.url("/"), None).await;
        assert_eq!(answer, Err(FetchError::Status(status)));
    }
}

#[tokio::test]
async fn a_small_file_is_there_absent_or_unavailable() {
    let small = |status: u16, at_most: usize| async move {
        let upstream = Upstream::http(move |_| answer(status, &[], BYTES)).await;
        fetcher().small(&upstream.url("/f.metadata"), &upstream.url("/simple/a/"), None, at_most).await
    };
    assert_eq!(small(200, 10).await, Ok(Some(Bytes::from_static(BYTES))));
    assert_eq!(small(200, 9).await, Err(FetchError::TooLarge { limit: 9 }));
    for status in [404, 410] {
        assert_eq!(small(status, 10).await, Ok(None));
    }
    for status in [401, 403, 500] {
        assert_eq!(small(status, 10).await, Err(FetchError::Status(status)));
    }
}
