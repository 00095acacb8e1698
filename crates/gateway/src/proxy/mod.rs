//! An intercepting forward HTTP proxy for one run (DESIGN §5).
//!
//! A client is told about it by `HTTPS_PROXY` and its like and trusts the [`Authority`] of this run, so that each request of
//! each unmodified installer arrives here in clear: as `CONNECT` with TLS that ends here, or as an absolute `http` URL. All
//! of them go to one [`Handler`], which answers. Hosts that the user named as tunnels are passed on untouched.
//!
//! This part decides nothing and fetches nothing. It must never take a request without this run's [`ProxyPassword`], never
//! let a request inside a tunnel speak for another host than the tunnel's, and never end a broken answer as if it were whole.

mod authority;
mod connection;
mod headers;
mod password;
mod server;
pub(crate) mod target;

use http::{HeaderMap, Method, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

use crate::body::Body;

pub use authority::{Authority, AuthorityError};
pub use headers::remove_hop_by_hop;
pub use password::ProxyPassword;
pub use server::{Proxy, bind_loopback};
pub use target::{TargetError, Tunnels};

/// A client's request, whichever way it came.
#[derive(Debug)]
pub struct ProxyRequest {
    /// The method; never `CONNECT`.
    pub method: Method,
    /// Where the client meant it to go: absolute, `https` when intercepted, else `http`. Without user name and fragment.
    pub url: Url,
    /// The end-to-end header fields. `Host`, `Expect`, hop-by-hop and proxy fields are gone; `Authorization` is still there.
    pub headers: HeaderMap,
    /// The body as it arrives. A client that sent `Expect: 100-continue` is told to go on at the first read.
    pub body: hyper::body::Incoming,
}

/// What answers the requests that the proxy takes.
pub trait Handler: Send + Sync + 'static {
    /// A connection to a host of `--tunnel`: directly, or through a parent proxy.
    type Tunnel: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// Answers one request. Hop-by-hop fields of the answer are dropped; a [`hyper::ext::ReasonPhrase`] in its extensions
    /// reaches the client; an error in its body aborts the connection.
    fn handle(&self, request: ProxyRequest) -> impl Future<Output = Response<Body>> + Send;

    /// Connects to a host that the user named as a tunnel; `host` is an IPv6 address without brackets, an IPv4 address or a
    /// name.
    ///
    /// # Errors
    /// What the client is to hear instead of `200`; it must not be a success.
    fn tunnel(&self, host: &str, port: u16) -> impl Future<Output = Result<Self::Tunnel, Response<Body>>> + Send;

    /// A client refused this run's certificate for `host`: it has a list of authorities of its own, or pins one. The user
    /// should hear the host's name and `--tunnel HOST`.
    fn rejected_certificate(&self, host: &str);
}
