//! The index over HTTP: Simple API below `/simple/`, files below `/files/`, TUF below `/tuf/`, provenance below
//! `/integrity/`, uploads at `/legacy/`, health below `/health/`. Metrics have a listener of their own.
//!
//! Readers see what is published and nothing else: a file whose metadata is not signed yet is not there.

mod admission;
mod answer;
mod files;
mod health;
mod integrity;
mod listen;
mod pages;
mod simple;
mod stall;
mod tuf;
mod upload;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tower_http::compression::CompressionLayer;
use url::Url;

use crate::limits;
use crate::store::Store;
use crate::upload::{AttestationVerifier, Pace, Reserve};
use admission::Admission;
use pages::Pages;

/// How much is taken at once, and how patiently. The defaults are those of [`limits`].
#[derive(Debug, Clone)]
pub struct Limits {
    /// Most connections.
    pub connections: usize,
    /// How long the head of a request may take, and how long an idle connection is kept.
    pub head_time: Duration,
    /// Most uploads at once.
    pub uploads: usize,
    /// Most uploads with one token at once.
    pub uploads_of_token: usize,
    /// How long an upload waits for its turn.
    pub upload_wait: Duration,
    /// How slowly an upload may come.
    pub pace: Pace,
    /// Room on the disk that uploads leave.
    pub reserve: Option<Reserve>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: limits::CONNECTIONS,
            head_time: limits::HEAD_TIME,
            uploads: limits::UPLOADS,
            uploads_of_token: limits::UPLOADS_OF_TOKEN,
            upload_wait: limits::UPLOAD_WAIT,
            pace: Pace::default(),
            reserve: None,
        }
    }
}

/// What an index is told about itself.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its public address, ending in `/`.
    pub url: Url,
    /// What verifies attestations of uploads.
    pub attestations: AttestationVerifier,
    /// How much is taken at once, and how patiently.
    pub limits: Limits,
}

/// What the routes share.
struct Shared<S> {
    store: S,
    pages: Pages,
    admission: Admission,
    settings: Settings,
}

/// A running index.
pub struct Service {
    router: Router,
    listener: TcpListener,
    limits: Limits,
    metrics: Option<(TcpListener, PrometheusHandle)>,
}

impl Service {
    /// Listens at `address`.
    ///
    /// # Errors
    /// The address cannot be had.
    pub async fn bind<S: Store>(store: S, address: SocketAddr, settings: Settings) -> io::Result<Self> {
        listen::raise_open_file_limit();
        let listener = TcpListener::bind(address).await?;
        let limits = settings.limits.clone();
        Ok(Self { router: router(store, settings), listener, limits, metrics: None })
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
    pub async fn run(self, stop: impl Future<Output = ()>) {
        if let Some((listener, handle)) = self.metrics {
            let router = Router::new().route("/metrics", get(move || std::future::ready(handle.render())));
            let limits = self.limits.clone();
            tokio::spawn(async move { listen::serve(listener, router, &limits, std::future::pending()).await });
        }
        listen::serve(self.listener, self.router, &self.limits, stop).await;
    }
}

fn router<S: Store>(store: S, settings: Settings) -> Router {
    let (pages, admission) = (Pages::new(), Admission::new(&settings.limits));
    let shared = Arc::new(Shared { store, pages, admission, settings });
    let compressed = Router::new()
        .route("/tuf/metadata/{path}", get(tuf::metadata))
        .route("/simple/", get(simple::projects))
        .layer(CompressionLayer::new());
    Router::new()
        .merge(compressed)
        .route("/simple/{project}/", get(simple::project))
        .route("/simple/{project}", get(simple::redirect))
        .route("/files/{project}/{file}", get(files::file))
        .route("/integrity/{project}/{version}/{file}/provenance", get(integrity::provenance))
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
