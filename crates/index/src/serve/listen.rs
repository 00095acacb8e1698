//! Takes connections, each for as long as its client does its part.
//!
//! At most so many at once; heads of requests, idle connections and answers that nobody takes have their time. Who is refused in the
//! middle of what it sends still hears why: what comes meanwhile is read for a while and thrown away.

use std::future::poll_fn;
use std::sync::Arc;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use super::Limits;
use super::stall::Impatient;
use crate::limits;

/// Serves until `stop` is ready, then waits until the requests that have begun are answered.
pub(super) async fn serve(listener: TcpListener, router: Router, limits: &Limits, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let (stopping, stopped) = watch::channel(false);
    let accepting = async {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(problem) => {
                    // Out of descriptors, or a connection that was gone at once: go on when others have ended.
                    tracing::warn!(%problem, "a connection could not be taken");
                    tokio::time::sleep(limits::ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let (router, protocol, stopped) = (router.clone(), protocol(limits), stopped.clone());
            tokio::spawn(async move {
                connection(stream, &protocol, router, stopped).await;
                drop(place);
            });
        }
    };
    tokio::select! {
        () = accepting => {}
        () = stop => {}
    }
    drop(listener);
    let _ = stopping.send(true);
    // Those who still listen to it are the connections, and the one here.
    drop(stopped);
    stopping.closed().await;
}

fn protocol(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_headers(limits::HEADERS)
        .max_buf_size(limits::BUFFER_BYTES);
    builder
}

async fn connection(stream: TcpStream, protocol: &http1::Builder, router: Router, mut stopped: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request: hyper::Request<Incoming>| Box::pin(router.call(request)));
    let stream = TokioIo::new(Impatient::new(stream, limits::WRITE_STALL));
    let mut connection = protocol.serve_connection(stream, service);
    let mut told = false;
    let ended = loop {
        tokio::select! {
            ended = poll_fn(|context| connection.poll_without_shutdown(context)) => break ended,
            () = told_to_stop(&mut stopped), if !told => {
                told = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
        }
    };
    if let Err(problem) = ended {
        tracing::debug!(%problem, "a connection ended early");
        return;
    }
    let stream = connection.into_parts().io.into_inner();
    tokio::select! {
        () = linger(stream) => {}
        () = told_to_stop(&mut stopped) => {}
    }
}

async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// Says that nothing more comes from here, and reads for a while what still comes from there.
async fn linger(mut stream: Impatient<TcpStream>) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut ignored = vec![0; 16 << 10];
    let ignoring = async { while let Ok(Ok(1..)) = timeout(limits::LINGER_IDLE, stream.read(&mut ignored)).await {} };
    let _ = timeout(limits::LINGER, ignoring).await;
}

/// Lets the process have as many open files as it may need, if the system allows it.
#[cfg(unix)]
pub(super) fn raise_open_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(limits::OPEN_FILES).min(limits::OPEN_FILES);
    if limit.current.is_some_and(|current| current < wanted)
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum })
    {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
}

#[cfg(not(unix))]
pub(super) fn raise_open_file_limit() {}
