//! Requests that are only passed on.

use affineur_gateway::body;
use affineur_gateway::fetch::{FetchError, Phase};
use affineur_gateway::limits::FetchLimits;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use http_body_util::BodyExt as _;

use super::{SHORT, fetcher, fetcher_with, limits};
use crate::support::upstream::{Upstream, answer, redirect};

fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let field = |(name, value): &(&'static str, &'static str)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    fields.iter().map(field).collect()
}

#[tokio::test]
async fn method_body_and_fields_are_passed_on_and_those_of_one_connection_are_not() {
    let upstream = Upstream::http(|_| {
        let fields = [("content-encoding", "gzip"), ("connection", "x-theirs"), ("x-theirs", "1"), ("keep-alive", "timeout=5")];
        answer(201, &fields, "not really gzip")
    })
    .await;
    let ours = headers(&[
        ("authorization", "Bearer token"),
        ("user-agent", "git/2"),
        ("connection", "close, x-ours"),
        ("x-ours", "1"),
        ("proxy-authorization", "Basic x"),
        ("proxy-connection", "keep-alive"),
        ("te", "trailers"),
        ("upgrade", "h2c"),
        ("expect", "100-continue"),
        ("host", "other.example"),
    ]);
    let answer = fetcher().forward(Method::POST, upstream.url("/x?y"), ours, body::full("a body")).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (201, Version::HTTP_11));
    assert_eq!(answer.headers().get("content-encoding").unwrap(), "gzip");
    for name in ["connection", "x-theirs", "keep-alive"] {
        assert!(answer.headers().get(name).is_none(), "{name}");
    }
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), Bytes::from_static(b"not really gzip"));
    let asked = &upstream.asked()[0];
    assert_eq!((&asked.method, asked.target.as_str(), asked.body.as_ref()), (&Method::POST, "/x?y", b"a body".as_slice()));
    assert_eq!(asked.header("content-length"), Some("6"));
    assert_eq!((asked.header("authorization"), asked.header("user-agent")), (Some("Bearer token"), Some("git/2")));
    assert_eq!(asked.header("host"), Some(upstream.address.to_string().as_str()));
    for name in ["x-ours", "proxy-authorization", "proxy-connection", "te", "upgrade", "expect"] {
        assert!(asked.header(name).is_none(), "{name}");
    }
}

#[tokio::test]
async fn redirects_and_errors_are_the_clients_business_and_nothing_is_tried_twice() {
    let upstream =
        Upstream::http(|asked| if asked.target == "/r" { redirect("/elsewhere") } else { answer(503, &[], "no") }).await;
    for (path, status) in [("/r", 302), ("/e", 503)] {
        let answer = fetcher().forward(Method::GET, upstream.url(path), HeaderMap::new(), body::empty()).await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
    }
    assert_eq!(upstream.asked().len(), 2);
}

#[tokio::test]
async fn a_body_that_breaks_off_or_falls_silent_ends_in_an_error() {
    let limits = FetchLimits { forward_idle: SHORT, ..limits() };
    let forward = |upstream: &Upstream| {
        let url = upstream.url("/");
        async { fetcher_with(limits.clone()).forward(Method::GET, url, HeaderMap::new(), body::empty()).await.unwrap() }
    };
    let cut = Upstream::raw("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await;
    assert!(forward(&cut).await.into_body().collect().await.is_err());
    let silent = Upstream::silent_after("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await;
    let error = forward(&silent).await.into_body().collect().await.unwrap_err();
    let ours = error.get_ref().and_then(|error| error.downcast_ref::<FetchError>());
    assert_eq!(ours, Some(&FetchError::Timeout(Phase::NextByte)));
}

#[tokio::test]
async fn an_answer_to_head_keeps_its_length_and_has_no_body() {
    let upstream = Upstream::raw("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n").await;
    let answer = fetcher().forward(Method::HEAD, upstream.url("/"), HeaderMap::new(), body::empty()).await.unwrap();
    assert_eq!(answer.headers().get("content-length").unwrap(), "10");
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), Bytes::new());
}
