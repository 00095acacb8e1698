//! The listener: takes connections, bounds them, and stops.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::{fmt, io};

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::connection::{Shared, serve};
use super::{Authority, Handler, ProxyPassword, Tunnels};
use crate::limits;

/// A listener on this machine only, on a port that the system chooses.
///
/// # Errors
/// When neither IPv4 nor IPv6 loopback can be listened on.
pub async fn bind_loopback() -> io::Result<TcpListener> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await,
    }
}

/// A proxy that is running. It stops when this is dropped; [`Proxy::shutdown`] also waits for it.
pub struct Proxy {
    address: SocketAddr,
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Starts answering on `listener`. Needs a Tokio runtime.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn start(
        listener: TcpListener,
        authority: Authority,
        password: ProxyPassword,
        handler: Arc<impl Handler>,
        tunnels: Tunnels,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(());
        let shared = Arc::new(Shared { authority, password, handler, tunnels, stopped });
        Ok(Self { address, stop, task: tokio::spawn(accept(listener, shared)) })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes nothing new, lets answers under way end within [`limits::PROXY_SHUTDOWN`], then drops what is left.
    pub async fn shutdown(self) {
        drop(self.stop);
        if self.task.await.is_err() {
            tracing::error!("the proxy ended by a panic");
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({})", self.address)
    }
}

async fn accept<H: Handler>(listener: TcpListener, shared: Arc<Shared<H>>) {
    let slots = Arc::new(Semaphore::new(limits::PROXY_CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut stopped = shared.stopped.clone();
    loop {
        let next = async {
            // At the limit, new connections wait in the system's queue; they are not refused.
            let slot = Arc::clone(&slots).acquire_owned().await.ok()?;
            Some((slot, listener.accept().await))
        };
        let (slot, accepted) = tokio::select! {
            biased;
            _ = stopped.changed() => break,
            Some(accepted) = next => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let shared = Arc::clone(&shared);
                connections.spawn(async move {
                    serve(&shared, stream).await;
                    drop(slot);
                });
            }
            Err(error) => {
                // Out of file descriptors, mostly: some connection will end.
                tracing::warn!(%error, "cannot take a connection");
                sleep(limits::PROXY_ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(limits::PROXY_SHUTDOWN, all).await.is_err() {
        connections.shutdown().await;
    }
}
