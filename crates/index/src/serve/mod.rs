//! The index over HTTP: Simple API below `/simple/`, files below `/files/`, TUF below `/tuf/`, uploads at `/legacy/`, health below
//! `/health/`. Metrics have a listener of their own.
//!
//! Readers see what is published and nothing else: a file whose metadata is not signed yet is not there.

mod answer;
mod files;
mod health;
mod simple;
mod tuf;
mod upload;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tower_http::compression::CompressionLayer;

use crate::store::Store;
use simple::Pages;

/// What the routes share.
struct Shared<S> {
    store: S,
    pages: Pages,
}

/// A running index.
pub struct Service {
    router: Router,
    listener: TcpListener,
    metrics: Option<(TcpListener, PrometheusHandle)>,
}

impl Service {
    /// Listens at `address`.
    ///
    /// # Errors
    /// The address cannot be had.
    pub async fn bind<S: Store>(store: S, address: SocketAddr) -> io::Result<Self> {
        Ok(Self { router: router(store), listener: TcpListener::bind(address).await?, metrics: None })
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

    /// Serves until `stop` is ready; requests that have begun may end.
    ///
    /// # Errors
    /// The listener fails.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        if let Some((listener, handle)) = self.metrics {
            let router = Router::new().route("/metrics", get(move || std::future::ready(handle.render())));
            tokio::spawn(async move { axum::serve(listener, router).await });
        }
        axum::serve(self.listener, self.router).with_graceful_shutdown(stop).await
    }
}

fn router<S: Store>(store: S) -> Router {
    let shared = Arc::new(Shared { store, pages: Pages::new() });
    let compressed = Router::new()
        .route("/tuf/metadata/{path}", get(tuf::metadata))
        .route("/simple/", get(simple::projects))
        .layer(CompressionLayer::new());
    Router::new()
        .merge(compressed)
        .route("/simple/{project}/", get(simple::project))
        .route("/simple/{project}", get(simple::redirect))
        .route("/files/{project}/{file}", get(files::file))
        .route("/tuf/targets/{*path}", get(tuf::target))
        .route("/legacy/", post(upload::upload))
        .route("/legacy", post(upload::upload))
        .layer(DefaultBodyLimit::disable())
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .fallback(answer::nothing_here)
        .layer(middleware::from_fn(counted))
        .with_state(shared)
}

/// Counts each request. Labels are few and fixed: never a name that a client chose.
async fn counted(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map_or("other".to_owned(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_str().to_owned();
    metrics::counter!("affineur_index_requests_total", "route" => route.clone(), "status" => status).increment(1);
    metrics::histogram!("affineur_index_request_seconds", "route" => route).record(began.elapsed().as_secs_f64());
    response
}
