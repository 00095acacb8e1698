//! Health and metrics. *Live*: the process answers. *Ready*: what it needs for a decision is there; upstreams are not part of
//! that, since taking a gateway away because an upstream is down would take the explanations away as well.

use std::sync::Arc;

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use metrics_exporter_prometheus::PrometheusHandle;

use super::plain;
use crate::body::Body;
use crate::engine::Gateway;

pub(super) async fn ready(gateway: &Arc<Gateway>) -> Response<Body> {
    let state = gateway.state().clone();
    match tokio::task::spawn_blocking(move || state.revocation_epoch()).await {
        Ok(Ok(_)) => plain(StatusCode::OK, "ready\n"),
        Ok(Err(problem)) => {
            tracing::error!(%problem, "the state cannot be read");
            plain(StatusCode::SERVICE_UNAVAILABLE, "the state cannot be read\n")
        }
        Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE, "the state cannot be read\n"),
    }
}

pub(super) fn metrics(request: &Request<Incoming>, handle: &PrometheusHandle) -> Response<Body> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/metrics") => {
            handle.run_upkeep();
            plain(StatusCode::OK, handle.render())
        }
        (&Method::GET, "/health/live") => plain(StatusCode::OK, "live\n"),
        _ => plain(StatusCode::NOT_FOUND, "metrics are at /metrics\n"),
    }
}
