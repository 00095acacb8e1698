//! The same over HTTP/2, whose frames a library has to make.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, Version};
use hyper::body::{Body, Frame, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use url::Url;

use super::server::certificate;
use super::{LIMIT, drain};
use crate::http::{HttpSettings, HttpTransport};
use crate::transport::{Fetched, Problem, Transport as _, Unavailable};

/// A kilobyte as often as it is asked for; `None`: without end.
struct Kilobytes(Option<usize>);

impl Body for Kilobytes {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.0 == Some(0) {
            return Poll::Ready(None);
        }
        self.0 = self.0.map(|left| left - 1);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'0'; 1024])))))
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Kilobytes>, http::Error> {
    assert_eq!(request.version(), Version::HTTP_2);
    let answer = Response::builder();
    match request.uri().path() {
        "/two" => answer.body(Kilobytes(Some(2))),
        "/short" => answer.header("content-length", 4096).body(Kilobytes(Some(2))),
        "/long" => answer.header("content-length", 1024).body(Kilobytes(Some(2))),
        _ => answer.body(Kilobytes(None)),
    }
}

/// A transport to a server that speaks HTTP/2 only, and how many connections that has seen.
async fn transport() -> (HttpTransport, Arc<AtomicUsize>) {
    let (server, tls) = certificate();
    let mut server = rustls::ServerConfig::clone(&server);
    server.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(server));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("https://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let connections = Arc::<AtomicUsize>::default();
    let seen = connections.clone();
    tokio::spawn(async move {
        loop {
            let connection = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
            seen.fetch_add(1, Ordering::SeqCst);
            let http2 = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            tokio::spawn(http2.serve_connection(TokioIo::new(connection), hyper::service::service_fn(answer)));
        }
    });
    (HttpTransport::new(&url, &url, HttpSettings { tls: Some(tls), ..HttpSettings::default() }).unwrap(), connections)
}

#[tokio::test]
async fn http2_has_the_same_limits_over_one_connection() {
    let (transport, connections) = transport().await;
    let ask = async |path, at_most| transport.metadata(path, at_most).await.map_err(|error| error.problem);
    let two = Ok(Fetched::Bytes(vec![b'0'; 2048].into()));
    let too_long = |at_most| Err(Problem::TooLong { at_most });
    assert_eq!(ask("two", 2048).await, two);
    assert_eq!(ask("two", 2047).await, too_long(2047));
    assert_eq!(ask("endless", LIMIT).await, too_long(LIMIT));
    assert_eq!(ask("short", 4095).await, too_long(4095));
    assert_eq!(ask("two", LIMIT).await, two, "the connection is still good");
    let (got, ended) = drain(transport.target("endless", LIMIT).await.unwrap()).await;
    assert!(got.len() <= 100_000 && ended == Err(Problem::TooLong { at_most: LIMIT }));
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn http2_never_gives_a_part_for_the_whole() {
    let (transport, _) = transport().await;
    for path in ["short", "long"] {
        let fetched = transport.metadata(path, LIMIT).await.map_err(|error| error.problem);
        assert_eq!(fetched, Err(Problem::Unavailable(Unavailable::BrokeOff)), "{path}");
    }
}
