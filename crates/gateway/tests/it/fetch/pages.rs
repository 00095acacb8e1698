//! What a page request says, and what its answers become.

use std::time::Duration;

use affineur_gateway::fetch::{FetchError, PageAnswer, PageAsk, Validators};
use affineur_packaging::page::Format;
use http::{HeaderValue, Version};

use super::{ask, body_of, fetcher};
use crate::support::upstream::{Upstream, answer, page};

#[tokio::test]
async fn a_page_comes_with_its_format_validators_freshness_and_date() {
    let upstream = Upstream::http(|_| {
        let headers = [
            ("content-type", "Application/vnd.pypi.simple.v1+JSON; charset=utf-8"),
            ("etag", "\"one\""),
            ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("cache-control", "public, max-age=600"),
            ("age", "100"),
            ("date", "Mon, 07 Nov 1994 00:00:00 GMT"),
        ];
        answer(200, &headers, "{}")
    })
    .await;
    let expected = PageAnswer::Page {
        body: "{}".into(),
        format: Format::Json,
        url: upstream.url("/simple/a/"),
        validators: Some(Validators {
            etag: Some("\"one\"".to_owned()),
            last_modified: Some("Sun, 06 Nov 1994 08:49:37 GMT".to_owned()),
        }),
        fresh_for: Some(Duration::from_secs(500)),
        date: Some("1994-11-07T00:00:00Z".parse().unwrap()),
    };
    assert_eq!(fetcher().page(ask(upstream.url("/simple/a/#part"))).await, Ok(expected));
    let asked = upstream.asked();
    let simple = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";
    assert_eq!(asked[0].header("accept"), Some(simple));
    assert_eq!(asked[0].header("accept-encoding"), Some("gzip, zstd"));
    assert!(asked[0].header("user-agent").unwrap().starts_with("affineur/"));
    assert_eq!(asked[0].header("referer"), None);
    assert_eq!((asked.len(), asked[0].version, asked[0].target.as_str()), (1, Version::HTTP_11, "/simple/a/"));
}

#[tokio::test]
async fn validators_are_sent_back_and_304_is_an_answer_to_them_only() {
    let upstream = Upstream::http(|_| answer(304, &[("cache-control", "no-cache, max-age=9")], "")).await;
    let validators = Validators { etag: Some("W/\"one\"".to_owned()), last_modified: Some("then".to_owned()) };
    let conditional = PageAsk { validators: Some(validators), ..ask(upstream.url("/")) };
    match fetcher().page(conditional).await {
        Ok(PageAnswer::NotModified { fresh_for, .. }) => assert_eq!(fresh_for, Some(Duration::ZERO)),
        other => panic!("{other:?}"),
    }
    assert_eq!(upstream.asked()[0].header("if-none-match"), Some("W/\"one\""));
    assert_eq!(upstream.asked()[0].header("if-modified-since"), Some("then"));
    assert_eq!(fetcher().page(ask(upstream.url("/"))).await, Err(FetchError::Status(304)));
}

#[tokio::test]
async fn absent_unauthorized_and_unavailable_are_different_answers() {
    let upstream = Upstream::http(|asked| {
        let status = asked.target.trim_matches('/').parse().unwrap();
        answer(status, &[("www-authenticate", "Basic realm=\"x\"")], "a body that is not looked at")
    })
    .await;
    let status = |status: u16| {
        let url = upstream.url(&format!("/{status}/"));
        async { fetcher().page(ask(url)).await }
    };
    assert_eq!(status(404).await, Ok(PageAnswer::Absent { status: 404 }));
    assert_eq!(status(410).await, Ok(PageAnswer::Absent { status: 410 }));
    for code in [401, 403] {
        let www_authenticate = Some(HeaderValue::from_static("Basic realm=\"x\""));
        assert_eq!(status(code).await, Ok(PageAnswer::Unauthorized { status: code, www_authenticate }));
    }
    for code in [204, 206, 300, 400, 407, 429, 451, 500, 503] {
        assert_eq!(status(code).await, Err(FetchError::Status(code)), "{code}");
    }
}

#[tokio::test]
async fn a_gateway_error_is_asked_about_once_more_and_other_errors_are_not() {
    for (code, times) in [(500, 1), (502, 2), (503, 2), (504, 2), (404, 1), (429, 1)] {
        let upstream = Upstream::http(move |_| answer(code, &[], "")).await;
        let _ = fetcher().page(ask(upstream.url("/"))).await;
        assert_eq!(upstream.asked().len(), times, "{code}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_before_the_answer_is_tried_once_more() {
    let upstream = Upstream::raw("").await;
    assert_eq!(fetcher().page(ask(upstream.url("/"))).await, Err(FetchError::Connect));
    assert_eq!(upstream.asked().len(), 2);
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_no_connection() {
    let upstream = Upstream::raw("").await;
    let url = upstream.url("/");
    drop(upstream);
    // The listener goes with its task: the next turn of the runtime at the latest.
    tokio::task::yield_now().await;
    assert_eq!(fetcher().page(ask(url)).await, Err(FetchError::Connect));
}

#[tokio::test]
async fn what_is_no_project_page_is_named_by_its_printable_content_type() {
    let types: [(&[u8], &str); 4] = [
        (b"application/json", "not a project page (content type application/json)"),
        (b"", "not a project page (content type none)"),
        (b"text/\xc3\xa9\x09", "not a project page (content type none)"),
        (&[b'x'; 500], &format!("not a project page (content type {})", "x".repeat(64))),
    ];
    for (content_type, shown) in types {
        let mut bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\ncontent-type: ".to_vec();
        bytes.extend_from_slice(content_type);
        bytes.extend_from_slice(b"\r\n\r\n");
        let upstream = Upstream::raw(bytes).await;
        assert_eq!(fetcher().page(ask(upstream.url("/"))).await.unwrap_err().to_string(), shown);
    }
}

#[tokio::test]
async fn user_name_and_password_in_the_url_become_a_header_and_leave_the_url() {
    let upstream = Upstream::http(|_| page("{}")).await;
    let mut url = upstream.url("/");
    url.set_username("a&b").unwrap();
    url.set_password(Some("p@ss:word")).unwrap();
    match fetcher().page(ask(url)).await.unwrap() {
        PageAnswer::Page { url, .. } => assert_eq!(url, upstream.url("/")),
        other => panic!("{other:?}"),
    }
    // base64 of "a&b:p@ss:word"
    assert_eq!(upstream.asked()[0].header("authorization"), Some("Basic YSZiOnBAc3M6d29yZA=="));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_told_from_a_host_that_does_not_answer() {
    let nowhere = "http://nowhere.invalid/".parse().unwrap();
    assert_eq!(body_of(&fetcher(), nowhere).await, Err(FetchError::Dns));
}

#[tokio::test]
async fn only_http_and_https_are_asked() {
    for url in ["file:///etc/passwd", "ftp://127.0.0.1/", "data:text/html,x", "gopher://127.0.0.1/"] {
        assert_eq!(body_of(&fetcher(), url.parse().unwrap()).await, Err(FetchError::BadScheme), "{url}");
    }
}

#[tokio::test]
async fn no_more_requests_than_allowed_are_in_flight_to_one_origin() {
    use std::sync::Arc;
    use tokio::sync::Semaphore;

    let gate = Arc::new(Semaphore::new(0));
    let at_gate = Arc::clone(&gate);
    let upstream = Upstream::scripted(move |mut stream| {
        let gate = Arc::clone(&at_gate);
        async move {
            gate.acquire().await.unwrap().forget();
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/html\r\ncontent-length: 0\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut stream, head.as_bytes()).await
        }
    })
    .await;
    let limits = affineur_gateway::limits::FetchLimits { in_flight_per_origin: 2, ..super::limits() };
    let fetcher = Arc::new(super::fetcher_with(limits));
    let asks: Vec<_> = (0..5)
        .map(|_| {
            let (fetcher, url) = (Arc::clone(&fetcher), upstream.url("/"));
            tokio::spawn(async move { body_of(&fetcher, url).await })
        })
        .collect();
    while upstream.asked().len() < 2 {
        tokio::task::yield_now().await;
    }
    // As many turns as five requests would need many times over.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(upstream.asked().len(), 2);
    gate.add_permits(5);
    for ask in asks {
        assert_eq!(ask.await.unwrap(), Ok(Vec::new()));
    }
}
