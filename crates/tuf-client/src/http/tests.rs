//! Servers that misbehave.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::StreamExt as _;

use super::{HttpSettings, HttpTransport};
use crate::transport::{FetchError, Fetched, Phase, Problem, TargetBody, Transport as _, Unavailable};

mod http2;
mod server;

use server::{Does, Server};

const LIMIT: u64 = 100_000;
const SHORT: Duration = Duration::from_millis(60);

fn transport(server: &Server, settings: HttpSettings) -> HttpTransport {
    HttpTransport::new(&server.url("/m"), &server.url("/t/"), settings).unwrap()
}

async fn metadata_with(does: Does, at_most: u64, settings: HttpSettings) -> Result<Fetched, Problem> {
    let server = Server::start(move |_, _| does.clone()).await;
    transport(&server, settings).metadata("1.root.json", at_most).await.map_err(|error| error.problem)
}

async fn metadata(does: Does, at_most: u64) -> Result<Fetched, Problem> {
    metadata_with(does, at_most, HttpSettings::default()).await
}

/// All that comes of a target, and how it ends.
async fn target_with(does: Does, at_most: u64, settings: HttpSettings) -> (Vec<u8>, Result<(), Problem>) {
    let server = Server::start(move |_, _| does.clone()).await;
    match transport(&server, settings).target("a/b.whl", at_most).await {
        Ok(body) => drain(body).await,
        Err(error) => (Vec::new(), Err(error.problem)),
    }
}

async fn drain(mut body: TargetBody) -> (Vec<u8>, Result<(), Problem>) {
    let mut got = Vec::new();
    while let Some(chunk) = body.next().await {
        match chunk {
            Ok(chunk) => got.extend_from_slice(&chunk),
            Err(error) => {
                assert!(body.next().await.is_none(), "nothing after an error");
                return (got, Err(error.problem));
            }
        }
    }
    (got, Ok(()))
}

fn answer(status: u16, fields: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    [format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{fields}\r\n").as_bytes(), body].concat()
}

/// The body goes on until the connection ends.
fn unbounded(fields: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{fields}\r\n").into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bytes(bytes: &[u8]) -> Result<Fetched, Problem> {
    Ok(Fetched::Bytes(bytes.to_vec().into()))
}

fn unavailable<T>(why: Unavailable) -> Result<T, Problem> {
    Err(Problem::Unavailable(why))
}

const CODED: &str = "Content-Encoding: gzip\r\n";

#[tokio::test]
async fn files_come_over_one_connection() {
    let server = Server::start(|path, _| Does::Sends(answer(200, "", path.as_bytes()))).await;
    let transport = transport(&server, HttpSettings::default());
    for name in ["timestamp.json", "2.a%2Fb.json"] {
        assert_eq!(transport.metadata(name, LIMIT).await.unwrap(), Fetched::Bytes(format!("/m/{name}").into()));
    }
    let (got, ended) = drain(transport.target("x/y.whl", LIMIT).await.unwrap()).await;
    assert_eq!((got.as_slice(), ended), (&b"/t/x/y.whl"[..], Ok(())));
    assert_eq!(server.connections(), 1);
    let requests = server.requests();
    assert!(requests[0].contains("accept-encoding: gzip\r\n") && requests[2].contains("accept-encoding: identity\r\n"));
    assert!(transport.clients.secure.get().is_none(), "the system's certificates were not read");
}

#[tokio::test]
async fn only_some_statuses_say_that_there_is_no_file() {
    for status in [403, 404, 410] {
        assert_eq!(metadata(Does::Sends(answer(status, "", b"no")), LIMIT).await, Ok(Fetched::Missing), "{status}");
        let (_, ended) = target_with(Does::Sends(answer(status, "", b"no")), LIMIT, HttpSettings::default()).await;
        assert_eq!(ended, unavailable(Unavailable::Status(status)));
    }
    for status in [201, 206, 300, 400, 401, 407, 429, 500, 502, 503] {
        let expected = unavailable(Unavailable::Status(status));
        assert_eq!(metadata(Does::Sends(answer(status, "", b"{}")), LIMIT).await, expected, "{status}");
    }
    let empty = Does::Sends(b"HTTP/1.1 204 X\r\n\r\n".to_vec());
    assert_eq!(metadata(empty, LIMIT).await, unavailable(Unavailable::Status(204)));
}

#[tokio::test]
async fn exactly_as_long_as_allowed_is_not_too_long() {
    let too_long = Err(Problem::TooLong { at_most: 9 });
    for (at_most, expected) in [(10, bytes(b"0123456789")), (9, too_long)] {
        for does in [
            Does::Sends(answer(200, "", b"0123456789")),
            Does::SendsAndCloses([unbounded("").as_slice(), b"0123456789"].concat()),
            Does::Sends([unbounded("Transfer-Encoding: chunked\r\n").as_slice(), b"a\r\n0123456789\r\n0\r\n\r\n"].concat()),
        ] {
            assert_eq!(metadata(does, at_most).await, expected);
        }
    }
    assert_eq!(metadata(Does::Sends(answer(200, "", b"")), 0).await, bytes(b""));
}

#[tokio::test]
async fn an_announced_length_that_is_too_long_is_refused_before_reading() {
    let head = unbounded("Content-Length: 100001\r\n");
    assert_eq!(metadata(Does::SendsAndStalls(head.clone()), LIMIT).await, Err(Problem::TooLong { at_most: LIMIT }));
    let (_, ended) = target_with(Does::SendsAndStalls(head), LIMIT, HttpSettings::default()).await;
    assert_eq!(ended, Err(Problem::TooLong { at_most: LIMIT }));
}

#[tokio::test]
async fn endless_data_end_at_the_limit() {
    let zeros = vec![b'0'; 1000];
    let chunk = [b"3e8\r\n".as_slice(), &zeros, b"\r\n"].concat();
    let (plain, chunked) = (unbounded(""), unbounded("Transfer-Encoding: chunked\r\n"));
    for does in [Does::SendsForEver(plain, zeros.clone()), Does::SendsForEver(chunked, chunk)] {
        assert_eq!(metadata(does.clone(), LIMIT).await, Err(Problem::TooLong { at_most: LIMIT }));
        let (got, ended) = target_with(does, LIMIT, HttpSettings::default()).await;
        assert_eq!(ended, Err(Problem::TooLong { at_most: LIMIT }));
        assert!(got.len() <= 100_000, "nothing beyond the limit is handed on");
    }
    // Stored blocks of nothing: bytes that expand to none.
    let nothing = Does::SendsForEver([unbounded(CODED), gzip(b"")[..10].to_vec()].concat(), vec![0, 0, 0, 0xff, 0xff]);
    assert!(matches!(metadata(nothing, LIMIT).await, Err(Problem::TooLong { .. })));
    let fields = Does::SendsForEver(b"HTTP/1.1 200 OK\r\n".to_vec(), b"a: b\r\n".to_vec());
    assert_eq!(metadata(fields, LIMIT).await, unavailable(Unavailable::BrokeOff));
}

#[tokio::test]
async fn compressed_metadata_are_expanded_up_to_the_limit() {
    let text = b"{\"signed\": {}} ".repeat(1000);
    let sent = Does::Sends(answer(200, CODED, &gzip(&text)));
    assert_eq!(metadata(sent.clone(), 15_000).await, bytes(&text));
    assert_eq!(metadata(sent, 14_999).await, Err(Problem::ExpandsTooFar { at_most: 14_999 }));
    let two = [gzip(b"two "), gzip(b"members")].concat();
    assert_eq!(metadata(Does::Sends(answer(200, CODED, &two)), 11).await, bytes(b"two members"));
    // What cannot shrink is longer than itself when it is sent.
    let random: Vec<u8> = (0..5000_u64).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
    let mut stored = GzEncoder::new(Vec::new(), Compression::none());
    stored.write_all(&random).unwrap();
    let stored = stored.finish().unwrap();
    assert!(stored.len() > random.len());
    assert_eq!(metadata(Does::Sends(answer(200, CODED, &stored)), 5000).await, bytes(&random));
}

#[tokio::test]
async fn a_bomb_is_refused() {
    let bomb = gzip(&vec![0; 50_000_000]);
    assert!(bomb.len() < 90_000, "it fits as it is sent: {}", bomb.len());
    assert_eq!(metadata(Does::Sends(answer(200, CODED, &bomb)), LIMIT).await, Err(Problem::ExpandsTooFar { at_most: LIMIT }));
}

#[tokio::test]
async fn broken_or_unknown_codings_are_refused() {
    let whole = gzip(b"{\"signed\": {}}");
    let mut wrong_sum = whole.clone();
    let at = whole.len() - 6;
    wrong_sum[at] ^= 1;
    for (fields, body) in [
        (CODED, &whole[..whole.len() - 1]),
        (CODED, &whole[..whole.len() - 9]),
        (CODED, &whole[..5]),
        (CODED, b""),
        (CODED, b"{\"signed\": {}}"),
        (CODED, &wrong_sum),
        (CODED, &[whole.as_slice(), b"trailing"].concat()),
        ("Content-Encoding: gzip, gzip\r\n", &gzip(&whole)),
        ("Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", &gzip(&whole)),
        ("Content-Encoding: br\r\n", &whole),
        ("Content-Encoding: \u{e9}\r\n", &whole),
    ] {
        let problem = metadata(Does::Sends(answer(200, fields, body)), LIMIT).await;
        assert_eq!(problem, Err(Problem::BrokenCoding), "{fields} {body:?}");
    }
    let (_, ended) = target_with(Does::Sends(answer(200, CODED, &whole)), LIMIT, HttpSettings::default()).await;
    assert_eq!(ended, Err(Problem::BrokenCoding), "targets are asked for as they are");
}

#[tokio::test]
async fn slow_retrieval_is_given_up() {
    let settings = || HttpSettings { rate_window: SHORT, rate_window_bytes: 1000, ..HttpSettings::default() };
    let too_slow = Problem::TooSlow { bytes: 1000, window: SHORT };
    for does in [
        Does::Drips(unbounded(""), b"0".to_vec(), Duration::from_millis(5)),
        Does::SendsAndStalls(unbounded("")),
        Does::SendsAndStalls(unbounded("Content-Length: 10\r\n")),
    ] {
        assert_eq!(metadata_with(does.clone(), LIMIT, settings()).await, Err(too_slow.clone()), "{does:?}");
        assert_eq!(target_with(does, LIMIT, settings()).await.1, Err(too_slow.clone()));
    }
}

#[tokio::test]
async fn a_slow_reader_does_not_make_a_server_slow() {
    let body = vec![b'0'; 3_000_000];
    let sent = answer(200, "", &body);
    let server = Server::start(move |_, _| Does::Sends(sent.clone())).await;
    let settings = HttpSettings { rate_window: SHORT, rate_window_bytes: 10, ..HttpSettings::default() };
    let mut target = transport(&server, settings).target("a", 3_000_000).await.unwrap();
    let first = target.next().await.unwrap().unwrap().len();
    tokio::time::sleep(3 * SHORT).await;
    let (rest, ended) = drain(target).await;
    assert_eq!((first + rest.len(), ended), (body.len(), Ok(())));
}

#[tokio::test]
async fn every_wait_ends() {
    let quick = || HttpSettings { connect: 4 * SHORT, first_byte: Duration::ZERO, ..HttpSettings::default() };
    for beginning in ["", "HTTP/1.1 200 OK\r\n"] {
        let silent = Does::SendsAndStalls(beginning.into());
        let timed_out = unavailable(Unavailable::TimedOut(Phase::FirstByte));
        assert_eq!(metadata_with(silent.clone(), LIMIT, quick()).await, timed_out);
        assert_eq!(target_with(silent, LIMIT, quick()).await.1.map(|()| Fetched::Missing), timed_out);
    }
    // Fast enough for the rate, but never done.
    let whole = HttpSettings { metadata_whole: SHORT, rate_window_bytes: 0, ..HttpSettings::default() };
    let drips = Does::Drips(unbounded(""), b"0".to_vec(), Duration::from_millis(5));
    let began = Instant::now();
    assert_eq!(metadata_with(drips, LIMIT, whole).await, unavailable(Unavailable::TimedOut(Phase::Whole)));
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_part_is_never_taken_for_the_whole() {
    let short = [unbounded("Content-Length: 10\r\n").as_slice(), b"01234"].concat();
    let chunk = [unbounded("Transfer-Encoding: chunked\r\n").as_slice(), b"a\r\n01234"].concat();
    let no_last = [unbounded("Transfer-Encoding: chunked\r\n").as_slice(), b"5\r\n01234\r\n"].concat();
    for cut in [short, chunk, no_last] {
        assert_eq!(metadata(Does::SendsAndCloses(cut.clone()), LIMIT).await, unavailable(Unavailable::BrokeOff));
        let (got, ended) = target_with(Does::SendsAndCloses(cut), LIMIT, HttpSettings::default()).await;
        assert_eq!((got.as_slice(), ended), (&b"01234"[..], unavailable(Unavailable::BrokeOff)));
    }
    let longer = [unbounded("Content-Length: 5\r\n").as_slice(), b"0123456789"].concat();
    assert_eq!(metadata(Does::SendsAndCloses(longer), LIMIT).await, bytes(b"01234"), "what is not announced is not the answer");
}

#[tokio::test]
async fn what_is_not_http_is_refused() {
    let twice = unbounded("Content-Length: 5\r\nContent-Length: 6\r\n");
    for garbage in [b"SSH-2.0-x\r\n\r\n".to_vec(), vec![0; 100], twice] {
        assert_eq!(metadata(Does::SendsAndCloses(garbage), LIMIT).await, unavailable(Unavailable::BrokeOff));
    }
}

#[tokio::test]
async fn a_question_is_repeated_once_where_the_connection_was_closed_before_an_answer() {
    for (closed, expected) in [(1, bytes(b"{}")), (2, unavailable(Unavailable::BrokeOff))] {
        let does = move |_: &str, before| {
            if before < closed { Does::SendsAndCloses(vec![]) } else { Does::Sends(answer(200, "", b"{}")) }
        };
        let server = Server::start(does).await;
        let fetched = transport(&server, HttpSettings::default()).metadata("1.root.json", LIMIT).await;
        assert_eq!(fetched.map_err(|error| error.problem), expected);
        assert_eq!(server.requests().len(), 2);
    }
    for once in [answer(500, "", b""), answer(503, "Retry-After: 0\r\n", b""), unbounded("Content-Length: 10\r\n")] {
        let server = Server::start(move |_, _| Does::SendsAndCloses(once.clone())).await;
        assert!(transport(&server, HttpSettings::default()).metadata("1.root.json", LIMIT).await.is_err());
        assert_eq!(server.requests().len(), 1, "no answer is asked for again");
    }
}

#[tokio::test]
async fn redirects_are_followed_so_many_times() {
    let loops = |path: &str, _| Does::Sends(answer(302, &format!("Location: {path}\r\n"), b""));
    let server = Server::start(loops).await;
    let settings = HttpSettings { redirects: 3, ..HttpSettings::default() };
    let refused = transport(&server, settings).metadata("1.root.json", LIMIT).await.unwrap_err();
    assert_eq!(refused.problem, Problem::Unavailable(Unavailable::TooManyRedirects { at_most: 3 }));
    assert_eq!(server.requests().len(), 4);

    for status in [301, 302, 303, 307, 308] {
        let server = Server::start(move |path, _| match path {
            "/there" => Does::Sends(answer(200, "", b"here")),
            _ => Does::Sends(answer(status, "Location: ../there\r\n", b"")),
        });
        let server = server.await;
        let fetched = transport(&server, HttpSettings::default()).metadata("1.root.json", LIMIT).await;
        assert_eq!(fetched.unwrap(), Fetched::Bytes("here".into()), "{status}");
    }
    for nowhere in ["", "Location: file:///x\r\n", "Location: ftp://h/x\r\n", "Location: http://[\r\n"] {
        assert_eq!(
            metadata(Does::Sends(answer(302, nowhere, b"")), LIMIT).await,
            unavailable(Unavailable::BadRedirect),
            "{nowhere}"
        );
    }
}

#[tokio::test]
async fn secrets_go_to_their_own_origin_only_and_into_no_error() {
    let other = Server::start(|_, _| Does::Sends(answer(500, "", b"hidden"))).await;
    let to = other.url("/signed?token=hidden").to_string();
    let server = Server::start(move |path, _| match path {
        "/m/1.root.json" => Does::Sends(answer(302, "Location: /again\r\n", b"")),
        _ => Does::Sends(answer(302, &format!("Location: {to}\r\n"), b"")),
    });
    let server = server.await;
    let mut base = server.url("/m/");
    base.set_username("user").unwrap();
    base.set_password(Some("hidden")).unwrap();
    let transport = HttpTransport::new(&base, &base, HttpSettings::default()).unwrap();
    let errors = [
        transport.metadata("1.root.json", LIMIT).await.unwrap_err(),
        transport.target("x", LIMIT).await.map(drop).unwrap_err(),
        transport.metadata("../x", LIMIT).await.unwrap_err(),
        HttpTransport::new(&format!("{base}?key=hidden").parse().unwrap(), &base, HttpSettings::default()).unwrap_err(),
    ];
    for error in errors {
        assert!(!format!("{error} {error:?}").contains("hidden"), "{error:?}");
        assert!(error.url.starts_with("http://127.0.0.1:"), "{error}");
    }
    assert!(server.requests().iter().all(|head| head.contains("authorization: Basic ")));
    assert_eq!(other.requests().len(), 2);
    assert!(other.requests().iter().all(|head| !head.to_lowercase().contains("authorization")));
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let server = Server::start(|_, _| Does::SendsAndCloses(vec![])).await;
    let transport = transport(&server, HttpSettings::default());
    let url = server.url("/m/1.root.json").to_string();
    drop(server);
    // The listener goes when its task does.
    tokio::task::yield_now().await;
    let problem = Problem::Unavailable(Unavailable::Connect);
    assert_eq!(transport.metadata("1.root.json", LIMIT).await, Err(FetchError { url, problem }));
}

#[tokio::test]
async fn https_needs_a_trusted_certificate() {
    let server = Server::start_tls(|_, _| Does::Sends(answer(200, "", b"{}"))).await;
    let trusting = HttpSettings { tls: server.tls.clone(), ..HttpSettings::default() };
    let fetched = transport(&server, trusting).metadata("1.root.json", LIMIT).await;
    assert_eq!(fetched.map_err(|error| error.problem), bytes(b"{}"));
    // The system's roots do not know it.
    let refused = transport(&server, HttpSettings::default()).metadata("1.root.json", LIMIT).await;
    assert_eq!(refused.map_err(|error| error.problem), unavailable(Unavailable::Connect));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_redirect_may_lead_to_https_but_never_back() {
    let plain = Server::start(|_, _| Does::Sends(answer(200, "", b"plain"))).await;
    let back = plain.url("/").to_string();
    let secure = Server::start_tls(move |path, _| match path {
        "/back" => Does::Sends(answer(302, &format!("Location: {back}\r\n"), b"")),
        _ => Does::Sends(answer(200, "", b"secure")),
    });
    let secure = secure.await;
    for (path, expected) in [("/x", bytes(b"secure")), ("/back", unavailable(Unavailable::BadRedirect))] {
        let up = secure.url(path).to_string();
        let first = Server::start(move |_, _| Does::Sends(answer(302, &format!("Location: {up}\r\n"), b""))).await;
        let settings = HttpSettings { tls: secure.tls.clone(), ..HttpSettings::default() };
        let fetched = transport(&first, settings).metadata("1.root.json", LIMIT).await;
        assert_eq!(fetched.map_err(|error| error.problem), expected);
    }
    assert_eq!(plain.requests().len(), 0);
}
