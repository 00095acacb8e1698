//! What can be chosen about HTTP.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;

use crate::limits;

/// Limits of a transport, and whom it trusts as server. The default is right for repositories on the Internet.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// See [`limits::CONNECT`].
    pub connect: Duration,
    /// See [`limits::FIRST_BYTE`].
    pub first_byte: Duration,
    /// See [`limits::METADATA_WHOLE`].
    pub metadata_whole: Duration,
    /// See [`limits::RATE_WINDOW`].
    pub rate_window: Duration,
    /// See [`limits::RATE_WINDOW_BYTES`].
    pub rate_window_bytes: u64,
    /// See [`limits::REDIRECTS`].
    pub redirects: usize,
    /// Through which proxies.
    pub proxies: Proxies,
    /// TLS for https. `None`: the system's root certificates, which are read when an https URL is asked for first. The versions of
    /// HTTP are added by the transport.
    pub tls: Option<Arc<ClientConfig>>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connect: limits::CONNECT,
            first_byte: limits::FIRST_BYTE,
            metadata_whole: limits::METADATA_WHOLE,
            rate_window: limits::RATE_WINDOW,
            rate_window_bytes: limits::RATE_WINDOW_BYTES,
            redirects: limits::REDIRECTS,
            proxies: Proxies::None,
            tls: None,
        }
    }
}

/// Through which proxies a repository is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxies {
    /// It is asked directly.
    None,
    /// Those that `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY` name, except for hosts in `NO_PROXY`.
    Environment,
}
