//! Upstreams on loopback: polite ones, that answer as HTTP wants it, and raw ones, that write whatever bytes they like.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use affineur_gateway::body::{self, Body};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Version};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use url::Url;

/// What an upstream was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

type Asks = Arc<Mutex<Vec<Asked>>>;
type Answer = Arc<dyn Fn(&Asked) -> Response<Body> + Send + Sync>;

/// An upstream; it ends with this value.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    scheme: &'static str,
    asks: Asks,
    task: JoinHandle<()>,
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Upstream {
    /// Answers each request by HTTP/1.1.
    pub(crate) async fn http(answer: impl Fn(&Asked) -> Response<Body> + Send + Sync + 'static) -> Self {
        Self::serve(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap(), None, Arc::new(answer))
    }

    /// As `http`, on `::1`.
    pub(crate) async fn http_v6(answer: impl Fn(&Asked) -> Response<Body> + Send + Sync + 'static) -> Self {
        Self::serve(TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.unwrap(), None, Arc::new(answer))
    }

    /// Answers each request by HTTP/2 or HTTP/1.1 over TLS.
    pub(crate) async fn https(tls: ServerConfig, answer: impl Fn(&Asked) -> Response<Body> + Send + Sync + 'static) -> Self {
        Self::serve(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap(), Some(Arc::new(tls)), Arc::new(answer))
    }

    /// Answers each connection's first request with these bytes, then closes the connection.
    pub(crate) async fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = Arc::new(bytes.into());
        Self::scripted(move |mut stream| {
            let bytes = Arc::clone(&bytes);
            async move {
                stream.write_all(&bytes).await?;
                stream.shutdown().await
            }
        })
        .await
    }

    /// Answers each connection's first request with these bytes, then with `more` again and again.
    pub(crate) async fn endless(bytes: impl Into<Vec<u8>>, more: &'static [u8]) -> Self {
        let bytes = Arc::new(bytes.into());
        Self::scripted(move |mut stream| {
            let bytes = Arc::clone(&bytes);
            async move {
                stream.write_all(&bytes).await?;
                loop {
                    stream.write_all(more).await?;
                }
            }
        })
        .await
    }

    /// Answers each connection's first request with these bytes, then with one more byte each millisecond.
    pub(crate) async fn slow(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = Arc::new(bytes.into());
        Self::scripted(move |mut stream| {
            let bytes = Arc::clone(&bytes);
            async move {
                stream.write_all(&bytes).await?;
                let mut tick = tokio::time::interval(std::time::Duration::from_millis(1));
                loop {
                    tick.tick().await;
                    stream.write_all(b"x").await?;
                }
            }
        })
        .await
    }

    /// Answers each connection's first request with these bytes, then with nothing, and stays.
    pub(crate) async fn silent_after(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = Arc::new(bytes.into());
        Self::scripted(move |mut stream| {
            let bytes = Arc::clone(&bytes);
            async move {
                stream.write_all(&bytes).await?;
                std::future::pending().await
            }
        })
        .await
    }

    /// Hands each connection over once the head of its first request has been read.
    pub(crate) async fn scripted<F>(script: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let asks = Asks::default();
        let asked = Arc::clone(&asks);
        let script = Arc::new(script);
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (asked, script) = (Arc::clone(&asked), Arc::clone(&script));
                // Ends when its connection is closed by the other side, at the latest with the test's runtime.
                tokio::spawn(async move {
                    let head = read_head(&mut stream).await?;
                    asked.lock().unwrap().push(parse_head(&head));
                    script(stream).await
                });
            }
        });
        Self { address, scheme: "http", asks, task }
    }

    fn serve(listener: TcpListener, tls: Option<Arc<ServerConfig>>, answer: Answer) -> Self {
        let address = listener.local_addr().unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let asks = Asks::default();
        let asked = Arc::clone(&asks);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, asked, answer) = (tls.clone(), Arc::clone(&asked), Arc::clone(&answer));
                tokio::spawn(async move {
                    let Some(tls) = tls else { return serve_connection(stream, false, asked, answer).await };
                    // A client that does not like our certificate is what some tests are about.
                    let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await else { return };
                    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    serve_connection(stream, http2, asked, answer).await;
                });
            }
        });
        Self { address, scheme, asks, task }
    }

    /// A URL of this upstream.
    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("{}://{}{path}", self.scheme, self.address)).unwrap()
    }

    /// As `url`, under another name for this machine.
    pub(crate) fn url_as(&self, host: &str, path: &str) -> Url {
        Url::parse(&format!("{}://{host}:{}{path}", self.scheme, self.address.port())).unwrap()
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asks.lock().unwrap().clone()
    }
}

async fn serve_connection<S>(stream: S, http2: bool, asks: Asks, answer: Answer)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let (asks, answer) = (Arc::clone(&asks), Arc::clone(&answer));
        async move {
            let (parts, body) = request.into_parts();
            let target = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
            let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            let asked = Asked { method: parts.method, target, version: parts.version, headers: parts.headers, body };
            asks.lock().unwrap().push(asked.clone());
            Ok::<_, Infallible>(answer(&asked))
        }
    });
    let io = TokioIo::new(stream);
    let connection: Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>> = if http2 {
        Box::pin(hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(io, service))
    } else {
        Box::pin(hyper::server::conn::http1::Builder::new().serve_connection(io, service))
    };
    // How a connection ends is the client's business.
    let _ = connection.await;
}

/// Reads a request's head.
pub(crate) async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8(head).unwrap())
}

fn parse_head(head: &str) -> Asked {
    let mut lines = head.trim_end().split("\r\n");
    let mut first = lines.next().unwrap().split(' ');
    let fields = lines.map(|line| line.split_once(": ").unwrap());
    let headers = fields.map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap())).collect();
    let (method, target) = (first.next().unwrap().parse().unwrap(), first.next().unwrap().to_owned());
    Asked { method, target, version: Version::HTTP_11, headers, body: Bytes::new() }
}

/// An answer with this status, these header fields and this body.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], bytes: impl Into<Bytes>) -> Response<Body> {
    let mut answer = Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    answer.body(body::full(bytes)).unwrap()
}

/// A JSON page with this body.
pub(crate) fn page(bytes: impl Into<Bytes>) -> Response<Body> {
    answer(200, &[("content-type", "application/vnd.pypi.simple.v1+json")], bytes)
}

/// A redirect.
pub(crate) fn redirect(location: &str) -> Response<Body> {
    answer(302, &[("location", location)], "")
}
