mod answers;
mod support;

use std::io::Read as _;
use std::sync::atomic::Ordering;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use http::{HeaderMap, Method};
use http_body_util::BodyExt as _;

use self::support::{content, receive, reporting, request, scripted, send, sends, sha256, world};
use super::*;
use crate::body::Body;
use crate::limits;

const HELD_BACK: usize = limits::HOLD_BACK_BYTES as usize;
const LARGE: usize = 3 << 20;

async fn get(served: Served) -> Result<Body, DownloadError> {
    served.respond(&Method::GET, &HeaderMap::new()).await.map(http::Response::into_body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_readers_cost_one_transfer_and_each_gets_the_whole_file() {
    let (world, content) = (world(), content(LARGE));
    let (feed, upstream) = scripted(Some(LARGE as u64));
    let sha256 = sha256(&content);
    let readers = (0..500).map(|_| {
        let (downloads, upstream, content) = (world.downloads.clone(), upstream.clone(), content.clone());
        tokio::spawn(async move {
            let mut body = get(downloads.open(upstream, request(Some(sha256))).await).await.unwrap();
            let mut offset = 0;
            while let Some(frame) = body.frame().await {
                let bytes = frame.unwrap().into_data().unwrap();
                assert!(content[offset..].starts_with(&bytes));
                offset += bytes.len();
            }
            offset
        })
    });
    let readers: Vec<_> = readers.collect();
    send(&feed, &content);
    drop(feed);
    assert!(join_all(readers).await.into_iter().all(|received| received.unwrap() == LARGE));
    assert_eq!(upstream.calls.load(Ordering::Relaxed), 1);
    assert!(world.cache.lookup(Scope::Public, &sha256).is_some());
}

#[tokio::test]
async fn a_slow_reader_holds_up_neither_the_transfer_nor_other_readers() {
    let (world, content) = (world(), content(LARGE));
    let upstream = sends(&content);
    let sha256 = sha256(&content);
    let mut slow = get(world.downloads.open(upstream.clone(), request(Some(sha256))).await).await.unwrap();
    let fast = get(world.downloads.open(upstream, request(Some(sha256))).await).await.unwrap();
    let first = slow.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(receive(fast).await, (content.clone(), Ok(())));
    let (rest, end) = receive(slow).await;
    assert_eq!(([&first[..], &rest].concat(), end), (content, Ok(())));
}

#[tokio::test]
async fn the_last_chunk_is_held_back_until_the_upstream_is_done() {
    let (world, content) = (world(), content(LARGE));
    let (feed, upstream) = scripted(Some(LARGE as u64));
    let served = world.downloads.open(upstream, request(Some(sha256(&content)))).await;
    let mut body = get(served).await.unwrap();
    send(&feed, &content);
    let mut received = Vec::new();
    while received.len() < LARGE - HELD_BACK {
        received.extend_from_slice(&body.frame().await.unwrap().unwrap().into_data().unwrap());
    }
    assert_eq!(received.len(), LARGE - HELD_BACK);
    assert!(body.frame().now_or_never().is_none(), "all bytes are there, but they are not verified");
    drop(feed);
    let (rest, end) = receive(body).await;
    received.extend_from_slice(&rest);
    assert_eq!((received, end), (content, Ok(())));
}

/// Each way in which a large file can be wrong: no client ever receives its end, each body ends with the error, the error is
/// reported once and before any client hears of it, and nothing is kept.
#[tokio::test]
async fn of_a_wrong_file_nobody_receives_the_end() {
    let honest = content(LARGE);
    let expected = sha256(&honest);
    let wrong = |change: fn(&mut Vec<u8>)| {
        let mut wrong = honest.clone();
        change(&mut wrong);
        wrong
    };
    let last_byte = wrong(|bytes| *bytes.last_mut().unwrap() ^= 1);
    let first_byte = wrong(|bytes| bytes[0] ^= 1);
    let long = wrong(|bytes| bytes.push(0));
    let length = LARGE as u64;
    let cases = [
        (last_byte.clone(), Some(length), DownloadError::Digest { expected, got: sha256(&last_byte) }),
        (first_byte.clone(), Some(length), DownloadError::Digest { expected, got: sha256(&first_byte) }),
        (first_byte.clone(), None, DownloadError::Digest { expected, got: sha256(&first_byte) }),
        (honest[..LARGE - 1].to_vec(), Some(length), DownloadError::Length { expected: length, got: length - 1 }),
        (long.clone(), Some(length), DownloadError::Length { expected: length, got: length + 1 }),
        (long.clone(), None, DownloadError::Digest { expected, got: sha256(&long) }),
    ];
    for (sent, length, error) in cases {
        let world = world();
        let (feed, upstream) = scripted(length);
        let (request, mut reports) = reporting(request(Some(expected)));
        let served = world.downloads.open(upstream.clone(), request).await;
        let joined = world.downloads.open(upstream, support::request(Some(expected))).await;
        send(&feed, &sent[..2 << 20]);
        let mut bodies = Vec::new();
        for served in [served, joined] {
            let mut body = get(served).await.unwrap();
            bodies.push((body.frame().await.unwrap().unwrap().into_data().unwrap(), body));
        }
        send(&feed, &sent[2 << 20..]);
        drop(feed);
        for (first, body) in bodies {
            let (rest, end) = receive(body).await;
            let received = [&first[..], &rest].concat();
            assert!(received.len() <= sent.len() - HELD_BACK, "{error}");
            assert!(sent.starts_with(&received));
            assert_eq!(end, Err(error.to_string()));
        }
        assert_eq!(reports.recv().now_or_never(), Some(Some(Err(error))));
        assert_eq!(reports.recv().await, None, "reported once");
        assert!(world.cache.lookup(Scope::Public, &sha256(&sent)).is_none());
        assert_eq!(world.cache.size_bytes(), 0);
    }
}

#[tokio::test]
async fn a_small_file_is_verified_before_its_first_byte() {
    let small = content(limits::SMALL_FILE_BYTES as usize);
    for sent in [small.clone(), vec![0; small.len()]] {
        let world = world();
        let (feed, upstream) = scripted(Some(sent.len() as u64));
        let served = world.downloads.open(upstream, request(Some(sha256(&small)))).await;
        let mut answer = Box::pin(get(served));
        send(&feed, &sent);
        while feed.is_closed() || !world.downloads.running().values().any(|transfer| transfer.join().borrow().received > 0) {
            assert!(answer.as_mut().now_or_never().is_none(), "nothing is sent before the digest agrees");
            tokio::task::yield_now().await;
        }
        drop(feed);
        if sent == small {
            assert_eq!(receive(answer.await.unwrap()).await, (small.clone(), Ok(())));
        } else {
            assert_eq!(answer.await.err(), Some(DownloadError::Digest { expected: sha256(&small), got: sha256(&sent) }));
        }
    }
}

#[tokio::test]
async fn without_a_digest_the_whole_file_is_hashed_and_reported_before_its_first_byte() {
    let (world, content) = (world(), content(LARGE));
    let (feed, upstream) = scripted(Some(LARGE as u64));
    let (request, mut reports) = reporting(request(None));
    let mut answer = Box::pin(get(world.downloads.open(upstream, request).await));
    send(&feed, &content);
    assert!(answer.as_mut().now_or_never().is_none());
    drop(feed);
    let body = answer.await.unwrap();
    assert_eq!(reports.recv().now_or_never(), Some(Some(Ok(sha256(&content)))));
    assert_eq!(receive(body).await, (content, Ok(())));
}

#[tokio::test]
async fn a_check_that_fails_holds_the_end_back_too() {
    let (world, content) = (world(), content(LARGE));
    let (feed, upstream) = scripted(Some(LARGE as u64));
    let (mut request, mut reports) = reporting(request(Some(sha256(&content))));
    let whole = content.clone();
    request.check = Some(Box::new(move |file| {
        let mut bytes = Vec::new();
        file.reader().read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, whole, "a check sees the complete file");
        Err("METADATA differs".to_owned())
    }));
    let served = world.downloads.open(upstream, request).await;
    send(&feed, &content);
    let body = get(served).await.unwrap();
    drop(feed);
    let (received, end) = receive(body).await;
    assert!(received.len() <= LARGE - HELD_BACK);
    assert_eq!(end, Err("METADATA differs".to_owned()));
    assert_eq!(reports.recv().await, Some(Err(DownloadError::Check("METADATA differs".to_owned()))));
    assert!(world.cache.lookup(Scope::Public, &sha256(&content)).is_none());
}

#[tokio::test]
async fn what_is_too_large_or_of_another_length_than_the_page_says_is_refused_at_once() {
    let limit_bytes = 1000;
    let too_large = DownloadError::TooLarge { limit_bytes };
    let cases = [
        (Some(1001), None, 0, too_large.clone()),
        (None, Some(1001), 0, too_large.clone()),
        (None, None, 1001, too_large),
        (Some(10), Some(11), 0, DownloadError::Length { expected: 11, got: 10 }),
        (None, Some(10), 11, DownloadError::Length { expected: 10, got: 11 }),
    ];
    for (upstream_says, page_says, comes, error) in cases {
        let world = world();
        let (feed, upstream) = scripted(upstream_says);
        send(&feed, &content(comes));
        let request = Request { size: page_says, limit_bytes, ..request(Some(sha256(b"x"))) };
        let served = world.downloads.open(upstream, request).await;
        assert_eq!(get(served).await.err(), Some(error)); // although the upstream has not ended yet
        drop(feed);
    }
}

#[tokio::test]
async fn an_upstream_that_fails_is_an_error_and_the_next_request_starts_anew() {
    let (world, content) = (world(), content(LARGE));
    let (feed, upstream) = scripted(Some(LARGE as u64));
    let served = world.downloads.open(upstream.clone(), request(Some(sha256(&content)))).await;
    send(&feed, &content[..2 << 20]);
    let body = get(served).await.unwrap();
    feed.send(Err(FetchError::TooSlow)).unwrap();
    let (received, end) = receive(body).await;
    assert!(content.starts_with(&received) && received.len() <= (2 << 20) - HELD_BACK);
    assert_eq!(end, Err(DownloadError::Upstream(FetchError::TooSlow).to_string()));
    let refused = world.downloads.open(upstream, request(Some(sha256(&content)))).await;
    assert_eq!(get(refused).await.err(), Some(DownloadError::Upstream(FetchError::Connect)));
    let again = world.downloads.open(sends(&content), request(Some(sha256(&content)))).await;
    assert_eq!(receive(get(again).await.unwrap()).await, (content, Ok(())));
}

#[tokio::test]
async fn what_nobody_waits_for_is_given_up_when_little_is_there() {
    let (world, length) = (world(), 32 << 20);
    let (feed, upstream) = scripted(Some(length));
    let (request, mut reports) = reporting(request(Some(sha256(b"x"))));
    let served = world.downloads.open(upstream, request).await;
    send(&feed, &content(2 << 20));
    let mut body = get(served).await.unwrap();
    body.frame().await.unwrap().unwrap();
    drop(body);
    feed.closed().await;
    assert!(world.downloads.running().is_empty());
    assert_eq!(reports.recv().await, None, "nothing to report");
}

#[tokio::test]
async fn what_nobody_waits_for_is_finished_when_most_is_there_or_little_is_missing() {
    for (length, sent_before) in [(18 << 20, (18 << 20) - (8 << 20)), (20 << 20, 11 << 20), (4 << 20, 64 << 10)] {
        let (world, content) = (world(), content(length));
        let (feed, upstream) = scripted(Some(length as u64));
        let (request, mut reports) = reporting(request(Some(sha256(&content))));
        let mut served = world.downloads.open(upstream, request).await;
        send(&feed, &content[..sent_before]);
        let Source::Transfer(progress) = &mut served.source else { panic!("it cannot be cached") };
        progress.wait_for(|progress| progress.received as usize >= sent_before).await.unwrap();
        drop(served);
        send(&feed, &content[sent_before..]);
        drop(feed);
        assert_eq!(reports.recv().await, Some(Ok(sha256(&content))));
        assert!(world.cache.lookup(Scope::Public, &sha256(&content)).is_some());
    }
}

#[tokio::test]
async fn a_cached_file_asks_no_upstream_and_callers_with_other_credentials_share_nothing() {
    let (world, content) = (world(), content(LARGE));
    let fetch = async |scope, upstream: support::Scripted| {
        let served = world.downloads.open(upstream, Request { scope, ..request(Some(sha256(&content))) }).await;
        Ok::<_, DownloadError>(receive(get(served).await?).await)
    };
    let upstream = sends(&content);
    assert_eq!(fetch(Scope::Public, upstream.clone()).await.unwrap(), (content.clone(), Ok(())));
    assert_eq!(fetch(Scope::Public, upstream.clone()).await.unwrap(), (content.clone(), Ok(())));
    assert_eq!(upstream.calls.load(Ordering::Relaxed), 1);
    let credential = Scope::Credential(sha256(b"Basic dTpw"));
    assert_eq!(fetch(credential, upstream.clone()).await.err(), Some(DownloadError::Upstream(FetchError::Connect)));
    assert_eq!(upstream.calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_cached_file_that_changes_while_it_is_read_is_not_sent_to_its_end() {
    use std::os::unix::fs::PermissionsExt as _;
    let (world, content) = (world(), content(LARGE));
    let request = || request(Some(sha256(&content)));
    receive(get(world.downloads.open(sends(&content), request()).await).await.unwrap()).await.1.unwrap();
    let mut body = get(world.downloads.open(sends(&content), request()).await).await.unwrap();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap().len();
    let name = sha256(&content).to_string();
    let path = world.folder.path().join("public").join(&name[..2]).join(name);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, vec![0; LARGE + 1]).unwrap();
    let (rest, end) = receive(body).await;
    assert!(first + rest.len() < LARGE);
    assert_eq!(end, Err(DownloadError::Tampered.to_string()));
}

#[test]
fn a_transfer_that_ended_does_not_take_the_next_one_off_the_list() {
    let downloads = world().downloads;
    let key = Key { scope: Scope::Public, url: "https://files.example/a".parse().unwrap(), expected: None };
    let begin = || {
        let (transfer, progress) = transfer::Transfer::new();
        downloads.running().insert(key.clone(), Arc::clone(&transfer));
        (transfer::Running { downloads: downloads.clone(), key: key.clone(), transfer }, progress)
    };
    let (first, heard) = begin();
    let (second, _progress) = begin();
    drop(first);
    assert!(matches!(heard.borrow().end, Some(Err(DownloadError::GivenUp))));
    assert_eq!(downloads.running().len(), 1);
    drop(second);
    assert!(downloads.running().is_empty());
}

#[tokio::test]
async fn a_check_that_panics_ends_the_transfer_and_hangs_nobody() {
    let (world, content) = (world(), content(100));
    let check: Check = Box::new(|_| panic!("a bug in a check"));
    let request = Request { check: Some(check), ..request(Some(sha256(&content))) };
    let served = world.downloads.open(sends(&content), request).await;
    assert_eq!(get(served).await.err(), Some(DownloadError::GivenUp));
    assert!(world.downloads.running().is_empty());
}
