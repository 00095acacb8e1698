//! Where a URL that an upstream named may lead: never into a private network, unless its page is in one too.
//!
//! The check is in the resolver that the connection itself uses, so a name that resolves differently the second time (DNS
//! rebinding) gains nothing. Behind a parent proxy the proxy resolves: then only literal addresses and names that are private
//! by their form can be refused here.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::FetchError;
use crate::limits;

/// Which addresses a request may connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Reach {
    /// Any: the user named the host.
    Anywhere,
    /// Public ones only: an upstream named the host.
    PublicOnly,
}

/// Whether an address is one that only this machine or its own network can reach, or that is no single host.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_private_v4(v4),
        IpAddr::V6(v6) => is_private_v6(v6),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    a == 0                                          // "this network", RFC 791
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()                  // metadata services among them
        || (a == 100 && (64..128).contains(&b))     // carrier-grade NAT, RFC 6598
        || (a == 192 && b == 0 && c == 0)           // protocol assignments, RFC 6890: one cloud's metadata service
        || a >= 224                                 // multicast, reserved, broadcast
        || address == Ipv4Addr::new(168, 63, 129, 16) // another cloud's metadata service, on a public address
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_private_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => embedded(high, low), // ::, ::1, compatible and mapped IPv4
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),  // NAT64, RFC 6052
        [0x64, 0xff9b, 1, ..] => true,                                 // local NAT64, RFC 8215
        [0x2002, high, low, ..] => embedded(high, low),                // 6to4
        [0x2001, 0, ..] => true,                                       // Teredo
        [first, ..] => {
            (first & 0xfe00) == 0xfc00          // unique local
                || (first & 0xff80) == 0xfe80   // link-local, and the old site-local beside it
                || (first & 0xff00) == 0xff00 // multicast
        }
    }
}

/// Names that are private by their form: for when a proxy resolves and we never see the address.
fn is_private_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    const SUFFIXES: [&str; 4] = [".localhost", ".local", ".internal", ".home.arpa"];
    !name.contains('.') || SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// What a URL's host says by itself.
pub(super) enum Seen {
    /// A literal address, private or not.
    Literal { private: bool },
    /// A name, private by its form or not.
    Name { private_form: bool },
}

pub(super) fn look_at(url: &Url) -> Result<Seen, FetchError> {
    Ok(match url.host().ok_or(FetchError::BadScheme)? {
        Host::Ipv4(address) => Seen::Literal { private: is_private_v4(address) },
        Host::Ipv6(address) => Seen::Literal { private: is_private_v6(address) },
        Host::Domain(name) => Seen::Name { private_form: is_private_name(name) },
    })
}

/// In which kind of network a page's host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    Public,
    Private,
}

/// Where the pages of the user's indexes really came from. Once public is always public, as long as we run: an index that moves
/// its name to a private address later (DNS rebinding) does not gain the rights of an index in a private network.
#[derive(Default)]
pub(super) struct Networks(Mutex<HashMap<String, Network>>);

impl Networks {
    pub(super) fn remember(&self, page: &Url, from: Option<SocketAddr>) {
        let (Some(host), Some(from)) = (page.host_str(), from) else { return };
        let network = if is_private(from.ip()) { Network::Private } else { Network::Public };
        let mut networks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = networks.entry(host.to_owned()).or_insert(network);
        if network == Network::Public {
            *known = network;
        }
    }

    pub(super) fn knows_nothing_of(&self, page: &Url) -> bool {
        !self.is(page, Network::Public) && !self.is(page, Network::Private)
    }

    pub(super) fn is(&self, page: &Url, network: Network) -> bool {
        let networks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        page.host_str().and_then(|host| networks.get(host)) == Some(&network)
    }
}

/// All addresses of a name, at most [`limits::ADDRESSES`].
pub(super) async fn resolve(name: &str) -> Result<Vec<SocketAddr>, FetchError> {
    let found = tokio::net::lookup_host((name, 0)).await.map_err(|_| FetchError::Dns)?;
    let addresses: Vec<_> = found.take(limits::ADDRESSES).collect();
    if addresses.is_empty() { Err(FetchError::Dns) } else { Ok(addresses) }
}

/// The resolver that connections use.
pub(super) struct GuardedResolver {
    pub(super) reach: Reach,
    /// The parent proxy's host, which the user named.
    pub(super) proxy_host: Option<Arc<str>>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let is_proxy = self.proxy_host.as_deref().is_some_and(|host| host.eq_ignore_ascii_case(name.as_str()));
        let reach = if is_proxy { Reach::Anywhere } else { self.reach };
        Box::pin(async move {
            let addresses = resolve(name.as_str()).await?;
            if reach == Reach::PublicOnly && addresses.iter().any(|address| is_private(address.ip())) {
                return Err(FetchError::PrivateAddress.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests;
