//! Bodies and heads of hostile upstreams: endless, slow, truncated, oversized, expanding, flooding.

use std::io::Write as _;

use affineur_gateway::fetch::{FetchError, Phase};
use affineur_gateway::limits::FetchLimits;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::{SHORT, body_of, fetcher, fetcher_with, limits};
use crate::support::upstream::{Upstream, answer};

const HTML: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n";

fn html(rest: &str) -> String {
    format!("{HTML}{rest}")
}

async fn page_of(upstream: &Upstream) -> Result<Vec<u8>, FetchError> {
    body_of(&fetcher(), upstream.url("/")).await
}

async fn impatient_page_of(upstream: &Upstream, limits: FetchLimits) -> Result<Vec<u8>, FetchError> {
    body_of(&fetcher_with(limits), upstream.url("/")).await
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 19).unwrap()
}

async fn encoded(coding: &'static str, bytes: Vec<u8>) -> Result<Vec<u8>, FetchError> {
    let headers = [("content-type", "text/html"), ("content-encoding", coding)];
    let upstream = Upstream::http(move |_| answer(200, &headers, bytes.clone())).await;
    page_of(&upstream).await
}

const TOO_LARGE: FetchError = FetchError::TooLarge { limit: 64 << 10 };

#[tokio::test]
async fn an_endless_body_is_cut_off_whether_chunked_or_not() {
    let until_close = Upstream::endless(html("\r\n"), &[b'x'; 4096]).await;
    assert_eq!(page_of(&until_close).await, Err(TOO_LARGE));
    let chunked = Upstream::endless(html("transfer-encoding: chunked\r\n\r\n"), b"8\r\nxxxxxxxx\r\n").await;
    assert_eq!(page_of(&chunked).await, Err(TOO_LARGE));
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_not_read() {
    let upstream = Upstream::silent_after(html("content-length: 65537\r\n\r\n")).await;
    assert_eq!(page_of(&upstream).await, Err(TOO_LARGE));
    let upstream = Upstream::silent_after(html("content-length: 18446744073709551615\r\n\r\n")).await;
    assert!(page_of(&upstream).await.is_err());
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_comes_through() {
    let upstream = Upstream::http(|_| answer(200, &[("content-type", "text/html")], vec![b'x'; 64 << 10])).await;
    assert_eq!(page_of(&upstream).await.unwrap().len(), 64 << 10);
}

#[tokio::test]
async fn a_part_is_never_taken_for_the_whole() {
    let by_length = Upstream::raw(html("content-length: 10\r\n\r\nabc")).await;
    assert_eq!(page_of(&by_length).await, Err(FetchError::Truncated { expected: Some(10), got: 3 }));
    let chunked = Upstream::raw(html("transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")).await;
    assert_eq!(page_of(&chunked).await, Err(FetchError::Truncated { expected: None, got: 3 }));
    let in_chunk = Upstream::raw(html("transfer-encoding: chunked\r\n\r\n8\r\nabc")).await;
    assert!(matches!(page_of(&in_chunk).await, Err(FetchError::Truncated { expected: None, .. })));
}

#[tokio::test]
async fn slowness_has_limits_in_every_phase() {
    // This limit counts from the end of the longest wait for a connection, which must be long enough for a busy machine.
    let for_head = FetchLimits { connect: 10 * SHORT, first_byte: SHORT, ..limits() };
    let no_head = Upstream::silent_after("").await;
    assert_eq!(impatient_page_of(&no_head, for_head.clone()).await, Err(FetchError::Timeout(Phase::FirstByte)));
    let half_head = Upstream::slow(html("x: ")).await;
    assert_eq!(impatient_page_of(&half_head, for_head).await, Err(FetchError::Timeout(Phase::FirstByte)));
    let no_body = Upstream::silent_after(html("content-length: 10\r\n\r\nabc")).await;
    assert_eq!(
        impatient_page_of(&no_body, FetchLimits { idle: SHORT, ..limits() }).await,
        Err(FetchError::Timeout(Phase::NextByte))
    );
    let drip = Upstream::slow(html("\r\n")).await;
    assert_eq!(impatient_page_of(&drip, FetchLimits { rate_window: SHORT, ..limits() }).await, Err(FetchError::TooSlow));
    let drip = Upstream::slow(html("\r\n")).await;
    let too_long = Err(FetchError::Timeout(Phase::Whole));
    assert_eq!(impatient_page_of(&drip, FetchLimits { whole: SHORT, ..limits() }).await, too_long);
}

#[tokio::test]
async fn compressed_pages_are_expanded() {
    let text: Vec<u8> = (0..20_000_u32).flat_map(|number| [(number % 251) as u8, (number % 13) as u8]).collect();
    assert_eq!(encoded("gzip", gzip(&text)).await, Ok(text.clone()));
    assert_eq!(encoded("X-GZip", gzip(&text)).await, Ok(text.clone()));
    assert_eq!(encoded("deflate", zlib(&text)).await, Ok(text.clone()));
    assert_eq!(encoded("zstd", zstd(&text)).await, Ok(text.clone()));
    assert_eq!(encoded("identity", text.clone()).await, Ok(text.clone()));
    assert_eq!(encoded("gzip", Vec::new()).await, Ok(Vec::new()));
}

#[tokio::test]
async fn compression_bombs_stop_at_the_ratio_and_at_the_size() {
    let zeros = vec![0_u8; 10 << 20];
    for (coding, bomb) in [("gzip", gzip(&zeros)), ("deflate", zlib(&zeros)), ("zstd", zstd(&zeros))] {
        let error = encoded(coding, bomb).await.unwrap_err();
        assert!(matches!(error, FetchError::TooMuchExpansion | TOO_LARGE), "{coding}: {error:?}");
    }
    let moderate = vec![0_u8; 50 << 10];
    for (coding, bomb) in [("gzip", gzip(&moderate)), ("deflate", zlib(&moderate)), ("zstd", zstd(&moderate))] {
        assert_eq!(encoded(coding, bomb).await, Err(FetchError::TooMuchExpansion), "{coding}");
    }
    // Little expansion, but too much in all.
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 27) as u8
    };
    let text: Vec<u8> = (0..80_000).map(|_| next()).collect();
    for (coding, large) in [("gzip", gzip(&text)), ("deflate", zlib(&text)), ("zstd", zstd(&text))] {
        assert_eq!(encoded(coding, large).await, Err(TOO_LARGE), "{coding}");
    }
}

#[tokio::test]
async fn broken_unknown_and_stacked_encodings_are_refused() {
    let text = b"a text that is long enough to be cut in the middle of its compressed form";
    for (coding, whole) in [("gzip", gzip(text)), ("deflate", zlib(text)), ("zstd", zstd(text))] {
        for length in 1..whole.len() {
            let cut = whole[..length].to_vec();
            assert_eq!(encoded(coding, cut).await, Err(FetchError::BadEncoding), "{coding} {length}");
        }
        assert_eq!(encoded(coding, b"not compressed at all".to_vec()).await, Err(FetchError::BadEncoding), "{coding}");
    }
    for coding in ["br", "compress", "gzip, gzip", "gzip, identity", "aes128gcm"] {
        assert_eq!(encoded(coding, gzip(text)).await, Err(FetchError::BadEncoding), "{coding}");
    }
}

#[tokio::test]
async fn a_zstd_frame_that_wants_a_huge_window_is_refused() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    encoder.include_contentsize(false).unwrap();
    encoder.write_all(b"small").unwrap();
    assert_eq!(encoded("zstd", encoder.finish().unwrap()).await, Err(FetchError::BadEncoding));
}

#[tokio::test]
async fn floods_of_headers_are_refused() {
    let many: String = (0..33).map(|number| format!("x-{number}: y\r\n")).collect();
    let large = format!("x: {}\r\n", "y".repeat(4 << 10));
    for flood in [many, large] {
        let upstream = Upstream::raw(html(&format!("{flood}content-length: 0\r\n\r\n"))).await;
        assert_eq!(page_of(&upstream).await, Err(FetchError::HeaderFlood));
    }
    let endless = Upstream::endless("HTTP/1.1 200 OK\r\nx: ", &[b'y'; 4096]).await;
    assert_eq!(page_of(&endless).await, Err(FetchError::HeaderFlood));
}

#[tokio::test]
async fn what_is_not_http_is_refused_in_our_own_words() {
    let evil = [
        "SSH-2.0-OpenSSH\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nx: \x1b[31mred\x07\r\n\r\n".to_owned(),
        "HTTP/1.1 200 \x1b[31mred\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nx\0y: z\r\n\r\n".to_owned(),
        "HTTP/1.1 999999 OK\r\n\r\n".to_owned(),
        html("content-length: 1\r\ncontent-length: 2\r\n\r\nab"),
        html("content-length: -1\r\n\r\n"),
        html("transfer-encoding: chunked\r\n\r\nzzz\r\n"),
        html("transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n"),
    ];
    for bytes in evil {
        let upstream = Upstream::raw(bytes.clone()).await;
        let error = page_of(&upstream).await.expect_err(&bytes);
        assert!(matches!(error, FetchError::Protocol | FetchError::Truncated { .. }), "{bytes:?}: {error:?}");
        assert!(error.to_string().bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{error}");
    }
}
