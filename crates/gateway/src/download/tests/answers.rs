//! What is answered to which request.

use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE};
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::*;
use crate::download::range::{Wanted, wanted};

fn headers(list: &[(HeaderName, &str)]) -> HeaderMap {
    list.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
}

fn header<'a>(answer: &'a Response<Body>, name: &HeaderName) -> Option<&'a str> {
    answer.headers().get(name).map(|value| value.to_str().unwrap())
}

async fn ask(world: &support::World, content: &[u8], method: Method, asked: &[(HeaderName, &str)]) -> Response<Body> {
    let served = world.downloads.open(sends(content), request(Some(sha256(content)))).await;
    served.respond(&method, &headers(asked)).await.unwrap()
}

#[test]
fn ranges_mean_what_rfc_9110_says() {
    let cases = [
        ("bytes=0-0", Wanted::Part(0, 1)),
        ("bytes=0-", Wanted::Part(0, 100)),
        ("bytes=10-19", Wanted::Part(10, 20)),
        ("bytes=99-", Wanted::Part(99, 100)),
        ("bytes=90-1000", Wanted::Part(90, 100)),
        ("bytes=0-18446744073709551615", Wanted::Part(0, 100)),
        ("bytes=0-99999999999999999999999", Wanted::Part(0, 100)),
        ("bytes=-10", Wanted::Part(90, 100)),
        ("bytes=-1000", Wanted::Part(0, 100)),
        ("bytes=100-", Wanted::Unsatisfiable),
        ("bytes=100-200", Wanted::Unsatisfiable),
        ("bytes=99999999999999999999999-", Wanted::Unsatisfiable),
        ("bytes=-0", Wanted::Unsatisfiable),
        ("bytes=20-10", Wanted::Whole),
        ("bytes=0-1,5-6", Wanted::Whole),
        ("bytes=", Wanted::Whole),
        ("bytes=-", Wanted::Whole),
        ("bytes=a-b", Wanted::Whole),
        ("bytes=+1-2", Wanted::Whole),
        ("bytes=--1", Wanted::Whole),
        ("bytes=200-x", Wanted::Whole),
        ("pages=1-2", Wanted::Whole),
        ("0-1", Wanted::Whole),
    ];
    for (text, meaning) in cases {
        assert_eq!(wanted(&headers(&[(RANGE, text)]), 100), meaning, "{text}");
    }
    for text in ["bytes=0-", "bytes=-5", "bytes=0-0"] {
        assert_eq!(wanted(&headers(&[(RANGE, text)]), 0), Wanted::Unsatisfiable, "{text} of an empty file");
    }
    let mut twice = headers(&[(RANGE, "bytes=0-1")]);
    twice.append(RANGE, HeaderValue::from_static("bytes=4-5"));
    assert_eq!(wanted(&twice, 100), Wanted::Whole);
}

#[tokio::test]
async fn a_part_is_sent_only_when_the_whole_is_verified() {
    let (world, content) = (world(), content(LARGE));
    let (feed, upstream) = scripted(Some(LARGE as u64));
    let served = world.downloads.open(upstream, request(Some(sha256(&content)))).await;
    let asked = headers(&[(RANGE, "bytes=0-9")]);
    let mut answer = Box::pin(served.respond(&Method::GET, &asked));
    send(&feed, &content);
    let running = || world.downloads.running().values().any(|transfer| transfer.join().borrow().received < LARGE as u64);
    while running() {
        assert!(answer.as_mut().now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    assert!(answer.as_mut().now_or_never().is_none(), "all bytes are there, but they are not verified");
    drop(feed);
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(header(&answer, &CONTENT_RANGE), Some(format!("bytes 0-9/{LARGE}").as_str()));
    assert_eq!(receive(answer.into_body()).await, (content[..10].to_vec(), Ok(())));
}

#[tokio::test]
async fn a_part_of_a_wrong_file_is_an_error() {
    let world = world();
    let (sent, expected) = (content(LARGE), sha256(b"other"));
    let served = world.downloads.open(sends(&sent), request(Some(expected))).await;
    let error = served.respond(&Method::GET, &headers(&[(RANGE, "bytes=0-9")])).await.err();
    assert_eq!(error, Some(DownloadError::Digest { expected, got: sha256(&sent) }));
}

#[tokio::test]
async fn each_request_gets_the_status_headers_and_bytes_it_should() {
    let (world, content) = (world(), content(2_000_000));
    let etag = format!("\"sha256:{}\"", sha256(&content));
    let weak = format!("\"x\", W/{etag}");
    let all = 0..content.len();
    let get = Method::GET;
    let cases = [
        (&get, vec![], 200, Some(all.clone())),
        (&get, vec![(RANGE, "bytes=500000-1499999")], 206, Some(500_000..1_500_000)),
        (&get, vec![(RANGE, "bytes=-10000")], 206, Some(1_990_000..2_000_000)),
        (&get, vec![(RANGE, "bytes=0-1,3-4")], 200, Some(all.clone())),
        (&get, vec![(RANGE, "bytes=2000000-")], 416, None),
        (&get, vec![(RANGE, "bytes=0-9"), (IF_RANGE, etag.as_str())], 206, Some(0..10)),
        (&get, vec![(RANGE, "bytes=0-9"), (IF_RANGE, "\"sha256:other\"")], 200, Some(all.clone())),
        (&get, vec![(RANGE, "bytes=0-9"), (IF_RANGE, "Wed, 21 Oct 2015 07:28:00 GMT")], 200, Some(all.clone())),
        (&get, vec![(IF_NONE_MATCH, etag.as_str())], 304, None),
        (&get, vec![(IF_NONE_MATCH, weak.as_str()), (RANGE, "bytes=0-9")], 304, None),
        (&get, vec![(IF_NONE_MATCH, "*")], 304, None),
        (&get, vec![(IF_NONE_MATCH, "\"other\"")], 200, Some(all.clone())),
        (&Method::HEAD, vec![(RANGE, "bytes=0-9")], 200, None),
        (&Method::HEAD, vec![(IF_NONE_MATCH, etag.as_str())], 304, None),
    ];
    for (method, asked, status, expected) in cases {
        let answer = ask(&world, &content, method.clone(), &asked).await;
        assert_eq!(answer.status().as_u16(), status, "{asked:?}");
        assert_eq!(header(&answer, &ETAG), Some(etag.as_str()));
        assert_eq!(header(&answer, &ACCEPT_RANGES), Some("bytes"));
        let length = header(&answer, &CONTENT_LENGTH).map(|length| length.parse::<usize>().unwrap());
        let range = header(&answer, &CONTENT_RANGE).map(str::to_owned);
        match status {
            206 => {
                let part = expected.clone().unwrap();
                assert_eq!(range, Some(format!("bytes {}-{}/2000000", part.start, part.end - 1)));
            }
            416 => assert_eq!(range.as_deref(), Some("bytes */2000000")),
            _ => assert_eq!(range, None),
        }
        let promised =
            if method == Method::HEAD && status == 200 { Some(2_000_000) } else { expected.clone().map(|part| part.len()) };
        assert_eq!(length.filter(|_| status != 416), promised, "{asked:?}");
        let (body, end) = receive(answer.into_body()).await;
        assert_eq!((body.as_slice(), end), (expected.map_or(&[][..], |part| &content[part]), Ok(())), "{asked:?}");
    }
}

#[tokio::test]
async fn head_answers_as_soon_as_the_length_is_known() {
    let (world, content) = (world(), content(LARGE));
    let (feed, upstream) = scripted(Some(LARGE as u64));
    let served = world.downloads.open(upstream, request(Some(sha256(&content)))).await;
    let answer = served.respond(&Method::HEAD, &HeaderMap::new()).await.unwrap();
    assert_eq!(header(&answer, &CONTENT_LENGTH), Some(LARGE.to_string().as_str()));
    drop(feed);
}

#[tokio::test]
async fn head_waits_for_the_file_when_nobody_named_its_length() {
    let (world, content) = (world(), content(LARGE));
    let (feed, upstream) = scripted(None);
    let served = world.downloads.open(upstream, request(Some(sha256(&content)))).await;
    let nothing = HeaderMap::new();
    let mut answer = Box::pin(served.respond(&Method::HEAD, &nothing));
    send(&feed, &content);
    assert!(answer.as_mut().now_or_never().is_none());
    drop(feed);
    assert_eq!(header(&answer.await.unwrap(), &CONTENT_LENGTH), Some(LARGE.to_string().as_str()));
}

#[tokio::test]
async fn an_empty_file_is_a_file() {
    let world = world();
    let answer = ask(&world, b"", Method::GET, &[]).await;
    assert_eq!(header(&answer, &CONTENT_LENGTH), Some("0"));
    assert_eq!(receive(answer.into_body()).await, (Vec::new(), Ok(())));
}
