//! What the tests play against: upstreams, proxies and certificate authorities on loopback.

pub(crate) mod curator;
pub(crate) mod proxy;
pub(crate) mod tls;
pub(crate) mod upstream;
