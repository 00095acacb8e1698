//! The gateway as a service with index URLs of its own.
//!
//! Project pages below `/simple/`, files below `/files/`, explanations below `/why/`, health below `/health/`. File URLs end up
//! in lock files, so they never change: `/files/<project>/<file name>`. Metrics have a listener of their own.

mod health;
mod pages;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::body::{Body, full};
use crate::engine::Current;
use crate::limits;

pub use self::pages::{Installer, client_config};

/// A running service.
#[derive(Debug)]
pub struct Service {
    gateway: Arc<Current>,
    listener: TcpListener,
    metrics: Option<(TcpListener, PrometheusHandle)>,
}

impl Service {
    /// Listens at `address`.
    ///
    /// # Errors
    /// The address cannot be had.
    pub async fn bind(gateway: Arc<Current>, address: SocketAddr) -> io::Result<Self> {
        Ok(Self { gateway, listener: TcpListener::bind(address).await?, metrics: None })
    }

    /// Serves metrics at an address of their own.
    ///
    /// # Errors
    /// The address cannot be had, or another recorder is installed in this process.
    pub async fn with_metrics(mut self, address: SocketAddr) -> io::Result<Self> {
        let handle = metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder().map_err(io::Error::other)?;
        self.metrics = Some((TcpListener::bind(address).await?, handle));
        Ok(self)
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The operating system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Where its metrics are.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().and_then(|(listener, _)| listener.local_addr().ok())
    }

    /// Serves until `stop` is ready; then requests that have begun may end within [`limits::SHUTDOWN_SECONDS`].
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let (stopping, stopped) = watch::channel(false);
        if let Some((listener, handle)) = self.metrics {
            let answer = move |request: Request<Incoming>| health::metrics(&request, &handle);
            tokio::spawn(accept(listener, stopped.clone(), move |request| std::future::ready(answer(request))));
        }
        let gateway = self.gateway;
        let serving = tokio::spawn(accept(self.listener, stopped, move |request| {
            let gateway = Arc::clone(&gateway);
            async move { answer(&gateway, request).await }
        }));
        stop.await;
        let _ = stopping.send(true);
        let _ = tokio::time::timeout(Duration::from_secs(limits::SHUTDOWN_SECONDS), serving).await;
    }
}

/// Takes connections until told to stop, at most [`limits::PROXY_CONNECTIONS`] at a time, and waits for those that it took.
async fn accept<F, A>(listener: TcpListener, mut stopped: watch::Receiver<bool>, answer: F)
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Response<Body>> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(limits::PROXY_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(problem) => {
                    // Out of descriptors or a connection that was gone at once: go on when others have ended.
                    tracing::warn!(%problem, "a connection could not be taken");
                    tokio::time::sleep(limits::PROXY_ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = told(&mut stopped) => break,
        };
        let _ = stream.set_nodelay(true);
        let (answer, stopped) = (answer.clone(), stopped.clone());
        tokio::spawn(async move {
            connection(stream, stopped, answer).await;
            drop(place);
        });
    }
    let everyone = u32::try_from(limits::PROXY_CONNECTIONS).unwrap_or(u32::MAX);
    let _ = places.acquire_many(everyone).await;
}

/// Waits until the service is told to stop.
async fn told(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn connection<S, F, A>(stream: S, mut stopped: watch::Receiver<bool>, answer: F)
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(Request<Incoming>) -> A,
    A: Future<Output = Response<Body>>,
{
    let service = service_fn(|request| {
        let answered = answer(request);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::PROXY_HEADER_TIME)
        // Without `pipeline_flush`: with it hyper reads a whole body into memory while its client reads slowly.
        .max_headers(limits::PROXY_HEADERS)
        .max_buf_size(limits::PROXY_BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(problem) = ended {
                tracing::debug!(%problem, "a connection ended early");
            }
            return;
        }
        () = told(&mut stopped) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// One request to the service, counted. Labels are few and fixed: never a name that a client chose.
async fn answer(current: &Current, request: Request<Incoming>) -> Response<Body> {
    let began = Instant::now();
    let (route, response) = routed(current, &request).await;
    let status = response.status().as_str().to_owned();
    metrics::counter!("affineur_requests_total", "route" => route, "status" => status).increment(1);
    metrics::histogram!("affineur_request_seconds", "route" => route).record(began.elapsed().as_secs_f64());
    response
}

async fn routed(current: &Current, request: &Request<Incoming>) -> (&'static str, Response<Body>) {
    let gateway = &current.gateway();
    let (method, headers, path) = (request.method(), request.headers(), request.uri().path());
    if method != Method::GET && method != Method::HEAD {
        return ("other", plain(StatusCode::METHOD_NOT_ALLOWED, "this index only answers GET and HEAD\n"));
    }
    let mut parts = path.trim_start_matches('/').split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("simple"), Some(project), Some("") | None, None) if !project.is_empty() => {
            ("page", pages::project(gateway, project, path.ends_with('/'), method, headers).await)
        }
        (Some("simple"), Some("") | None, None, None) => ("projects", pages::projects(gateway, headers)),
        (Some("files"), Some(project), Some(file), None) => {
            ("file", pages::file(gateway, project, file, method, headers).await)
        }
        (Some("why"), Some(project), version, None | Some("")) => {
            ("why", pages::why(gateway, project, version.filter(|version| !version.is_empty()), headers).await)
        }
        (Some("health"), Some("live"), None, None) => ("health", plain(StatusCode::OK, "live\n")),
        (Some("health"), Some("ready"), None, None) => ("health", health::ready(gateway).await),
        (Some(""), None, None, None) => ("front", pages::front(gateway, &current.status())),
        _ => ("other", plain(StatusCode::NOT_FOUND, "there is nothing here; the index is at /simple/\n")),
    }
}

fn plain(status: StatusCode, text: impl Into<bytes::Bytes>) -> Response<Body> {
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests;
