//! One client's connection: the proxy protocol outside, and TLS or a tunnel inside.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use http::header::{CONTENT_TYPE, EXPECT, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::AlertDescription as Alert;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use url::Url;

use super::target::{Target, url_in_clear};
use super::{Authority, Handler, ProxyPassword, ProxyRequest, TargetError, Tunnels, remove_hop_by_hop};
use crate::body::{Body, empty, full};
use crate::limits;

/// What all connections of one proxy share.
pub(super) struct Shared<H> {
    pub(super) authority: Authority,
    pub(super) password: ProxyPassword,
    pub(super) handler: Arc<H>,
    pub(super) tunnels: Tunnels,
    /// Its sender is dropped when the proxy stops.
    pub(super) stopped: watch::Receiver<()>,
}

/// What follows an accepted `CONNECT`.
enum Inside<T> {
    Intercepted(Target),
    Tunnel(T),
}

/// An accepted `CONNECT` waits here until its answer has been written.
type Accepted<T> = Mutex<Option<(OnUpgrade, Inside<T>)>>;

/// Serves one connection until it ends or the proxy stops.
pub(super) async fn serve<H: Handler>(shared: &Shared<H>, stream: TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let accepted = Accepted::<H::Tunnel>::default();
    let service = service_fn(async |request| Ok::<_, Infallible>(shared.answer_outside(request, &accepted).await));
    let connection = protocol().serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut connection = pin!(connection);
    let mut stopped = shared.stopped.clone();
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopped.changed() => { connection.as_mut().graceful_shutdown(); connection.await }
    };
    log_end(ended);
    let taken = accepted.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some((upgrade, inside)) = taken else { return };
    let Ok(upgraded) = upgrade.await else { return };
    match inside {
        Inside::Intercepted(target) => shared.serve_intercepted(upgraded, &target).await,
        Inside::Tunnel(mut server) => {
            let mut client = TokioIo::new(upgraded);
            tokio::select! {
                _ = copy_bidirectional(&mut client, &mut server) => {}
                _ = stopped.changed() => {}
            }
        }
    }
}

impl<H: Handler> Shared<H> {
    /// A request to the proxy itself.
    async fn answer_outside(&self, request: Request<Incoming>, accepted: &Accepted<H::Tunnel>) -> Response<Body> {
        if !self.password.admits(request.headers().get(PROXY_AUTHORIZATION)) {
            let mut response = refusal(StatusCode::PROXY_AUTHENTICATION_REQUIRED, "this proxy serves one run of affineur only");
            response.headers_mut().insert(PROXY_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"affineur\""));
            return response;
        }
        if request.method() == Method::CONNECT {
            return self.accept_connect(request, accepted).await;
        }
        let url = url_in_clear(request.method(), request.uri());
        self.pass_on(url, request).await
    }

    /// `CONNECT` (RFC 9110 §9.3.6); also with HTTP/1.0, which Python says here.
    async fn accept_connect(&self, mut request: Request<Incoming>, accepted: &Accepted<H::Tunnel>) -> Response<Body> {
        let target = match Target::of_connect(request.uri()) {
            Ok(target) => target,
            Err(error) => return refusal(StatusCode::BAD_REQUEST, &error.to_string()),
        };
        let inside = if self.tunnels.contain(&target) {
            match self.handler.tunnel(&target.host_text(), target.port).await {
                Ok(server) => Inside::Tunnel(server),
                Err(response) if response.status().is_client_error() || response.status().is_server_error() => return response,
                Err(_) => return refusal(StatusCode::BAD_GATEWAY, "the tunnel could not be opened"),
            }
        } else {
            Inside::Intercepted(target)
        };
        let upgrade = hyper::upgrade::on(&mut request);
        *accepted.lock().unwrap_or_else(PoisonError::into_inner) = Some((upgrade, inside));
        Response::new(empty())
    }

    async fn serve_intercepted(&self, upgraded: Upgraded, target: &Target) {
        let mut stopped = self.stopped.clone();
        let handshake = timeout(limits::PROXY_HANDSHAKE, self.handshake(upgraded, target));
        let stream = tokio::select! {
            _ = stopped.changed() => return,
            result = handshake => match result {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => return tracing::debug!(%error, host = %target.host, "no TLS with the client"),
                Err(_) => return tracing::debug!(host = %target.host, "the client did not finish its TLS handshake in time"),
            },
        };
        let service = service_fn(async |request| Ok::<_, Infallible>(self.answer_inside(request, target).await));
        let mut connection = pin!(protocol().serve_connection(TokioIo::new(stream), service));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            _ = stopped.changed() => { connection.as_mut().graceful_shutdown(); connection.await }
        };
        log_end(ended);
    }

    async fn handshake<I>(&self, upgraded: I, target: &Target) -> io::Result<TlsStream<TokioIo<I>>>
    where
        TokioIo<I>: AsyncRead + AsyncWrite + Unpin,
    {
        let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), TokioIo::new(upgraded)).await?;
        if !target.admits_server_name(start.client_hello().server_name()) {
            return Err(io::Error::other(TargetError::OtherHost));
        }
        let config = self.authority.server_config(&target.host).map_err(io::Error::other)?;
        let result = start.into_stream(config).await;
        if result.as_ref().is_err_and(rejects_certificate) {
            self.handler.rejected_certificate(&target.host_text());
        }
        result
    }

    /// A request inside a tunnel; the password came with the tunnel's `CONNECT`.
    async fn answer_inside(&self, request: Request<Incoming>, target: &Target) -> Response<Body> {
        let url = match *request.method() {
            Method::CONNECT => Err(TargetError::Path),
            _ => target.url_inside(request.uri(), request.headers()),
        };
        self.pass_on(url, request).await
    }

    async fn pass_on(&self, url: Result<Url, TargetError>, request: Request<Incoming>) -> Response<Body> {
        // The end of an answer without a length could not be told from an abort.
        if request.version() != Version::HTTP_11 {
            return refusal(StatusCode::HTTP_VERSION_NOT_SUPPORTED, "this proxy speaks HTTP/1.1");
        }
        let url = match url {
            Ok(url) => url,
            Err(error @ TargetError::OtherHost) => return refusal(StatusCode::MISDIRECTED_REQUEST, &error.to_string()),
            Err(error @ TargetError::TooLong) => return refusal(StatusCode::URI_TOO_LONG, &error.to_string()),
            Err(error) => return refusal(StatusCode::BAD_REQUEST, &error.to_string()),
        };
        let (mut parts, body) = request.into_parts();
        remove_hop_by_hop(&mut parts.headers);
        parts.headers.remove(HOST);
        parts.headers.remove(EXPECT);
        let request = ProxyRequest { method: parts.method, url, headers: parts.headers, body };
        let mut response = self.handler.handle(request).await;
        if response.status().is_informational() {
            return refusal(StatusCode::BAD_GATEWAY, "no final answer came");
        }
        remove_hop_by_hop(response.headers_mut());
        response
    }
}

fn protocol() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits::PROXY_HEADER_TIME)
        .max_headers(limits::PROXY_HEADERS)
        .max_header_size(limits::PROXY_HEADER_BYTES)
        .max_buf_size(limits::PROXY_BUFFER_BYTES);
    builder
}

/// An answer of the proxy's own; `why` is our own text.
fn refusal(status: StatusCode, why: &str) -> Response<Body> {
    let mut response = Response::new(full(format!("{why}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if let Ok(reason) = ReasonPhrase::try_from(why.as_bytes()) {
        response.extensions_mut().insert(reason);
    }
    response
}

/// Whether the client ended the handshake because it does not trust our certificate (RFC 8446 §6.2).
fn rejects_certificate(error: &io::Error) -> bool {
    let Some(rustls::Error::AlertReceived(alert)) = error.get_ref().and_then(|inner| inner.downcast_ref()) else {
        return false;
    };
    matches!(
        alert,
        Alert::UnknownCA
            | Alert::BadCertificate
            | Alert::CertificateUnknown
            | Alert::UnsupportedCertificate
            | Alert::CertificateExpired
            | Alert::CertificateRevoked
            | Alert::AccessDenied
    )
}

fn log_end(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a client's connection ended early");
    }
}
