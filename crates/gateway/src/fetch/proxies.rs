//! The proxies that were set before us: through them we go, except where `NO_PROXY` says otherwise.

use std::net::IpAddr;

use url::{Host, Url};

use super::{Credentials, FetchError, SettingsProblem};

/// The proxies of the outer environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParentProxies {
    /// pip's own setting (`PIP_PROXY`, pip.conf), which wins over all others.
    pub pip: Option<ParentProxy>,
    /// For https URLs and raw tunnels.
    pub https: Option<ParentProxy>,
    /// For http URLs.
    pub http: Option<ParentProxy>,
    /// Where none of the others is set.
    pub all: Option<ParentProxy>,
    /// Which hosts are asked directly.
    pub no_proxy: NoProxy,
}

/// One proxy. It prints without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentProxy {
    /// Where it is, without user name and password.
    pub url: Url,
    /// What it wants to see.
    pub credentials: Option<Credentials>,
}

impl ParentProxy {
    /// Reads a proxy's URL; without scheme it is an HTTP proxy. `setting` names where the text is from, for the error.
    ///
    /// # Errors
    /// [`SettingsProblem::Proxy`]; the text itself is not repeated.
    pub fn parse(text: &str, setting: &'static str) -> Result<Self, FetchError> {
        let bad = || FetchError::Settings(SettingsProblem::Proxy(setting));
        let text = text.trim();
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let mut url = Url::parse(&with_scheme).map_err(|_| bad())?;
        let known = matches!(url.scheme(), "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h");
        if !known || url.host_str().is_none_or(str::is_empty) {
            return Err(bad());
        }
        let credentials = Credentials::take_from(&mut url);
        Ok(Self { url, credentials })
    }

    pub(super) fn is_socks(&self) -> bool {
        self.url.scheme().starts_with("socks")
    }

    /// Host and port, for a connection.
    pub(super) fn address(&self) -> (Host<&str>, u16) {
        let default = if self.is_socks() { 1080 } else { 80 };
        (self.url.host().unwrap_or(Host::Domain("")), self.url.port_or_known_default().unwrap_or(default))
    }
}

impl ParentProxies {
    /// Reads `PIP_PROXY`, `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`; the lower-case name wins, as with curl and pip.
    ///
    /// # Errors
    /// [`SettingsProblem::Proxy`] for a value that is no proxy's URL: going around a proxy by mistake is worse than stopping.
    pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, FetchError> {
        let value = |name: &str| {
            let set = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
            set(&name.to_ascii_lowercase()).or_else(|| set(name))
        };
        let proxy = |name: &'static str| value(name).map(|text| ParentProxy::parse(&text, name)).transpose();
        Ok(Self {
            pip: proxy("PIP_PROXY")?,
            https: proxy("HTTPS_PROXY")?,
            http: proxy("HTTP_PROXY")?,
            all: proxy("ALL_PROXY")?,
            no_proxy: value("NO_PROXY").map(|list| NoProxy::parse(&list)).unwrap_or_default(),
        })
    }

    /// Adds the `proxy` of a pip.conf; `PIP_PROXY` wins over it.
    ///
    /// # Errors
    /// [`SettingsProblem::Proxy`]
    pub fn with_pip_conf(mut self, proxy: &str) -> Result<Self, FetchError> {
        if self.pip.is_none() {
            self.pip = Some(ParentProxy::parse(proxy, "proxy in pip.conf")?);
        }
        Ok(self)
    }

    /// The proxy through which a URL is asked for; `None`: directly.
    #[must_use]
    pub fn route(&self, url: &Url) -> Option<&ParentProxy> {
        let port = url.port_or_known_default().unwrap_or_default();
        if self.no_proxy.matches(&url.host()?, port) {
            return None;
        }
        let by_scheme = if url.scheme() == "http" { &self.http } else { &self.https };
        self.pip.as_ref().or(by_scheme.as_ref()).or(self.all.as_ref())
    }

    pub(super) fn each(&self) -> impl Iterator<Item = &ParentProxy> {
        [&self.pip, &self.https, &self.http, &self.all].into_iter().flatten()
    }
}

/// Hosts that are asked directly: `*`, `host`, `.domain`, addresses, `address/bits`, each with an optional `:port`.
/// A host's name stands for its subdomains too, as with curl and pip.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoProxy(Vec<Direct>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Direct {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    All,
    Domain(String),
    Network { address: IpAddr, bits: u8 },
}

impl NoProxy {
    /// Reads a list separated by commas or spaces. What cannot be understood matches nothing: then the proxy is used.
    #[must_use]
    pub fn parse(list: &str) -> Self {
        let entries = list.split([',', ' ', '\t']).map(str::trim).filter(|entry| !entry.is_empty());
        Self(entries.filter_map(Direct::parse).collect())
    }

    /// Whether a host is asked directly.
    #[must_use]
    pub fn matches<S: AsRef<str>>(&self, host: &Host<S>, port: u16) -> bool {
        self.0.iter().any(|direct| direct.port.is_none_or(|only| only == port) && direct.hosts.contain(host))
    }
}

impl Direct {
    fn parse(entry: &str) -> Option<Self> {
        if let Some(hosts) = Hosts::parse(entry) {
            return Some(Self { hosts, port: None });
        }
        let (host, port) = entry.rsplit_once(':')?;
        Some(Self { hosts: Hosts::parse(host)?, port: Some(port.parse().ok()?) })
    }
}

impl Hosts {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::All);
        }
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let bare = address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(address);
        if let Ok(address) = bare.parse::<IpAddr>() {
            let most = if address.is_ipv4() { 32 } else { 128 };
            let bits = bits.map_or(Some(most), |bits| bits.parse().ok().filter(|&bits| bits <= most))?;
            return Some(Self::Network { address, bits });
        }
        let name = text.trim_start_matches("*.").trim_matches('.').to_ascii_lowercase();
        let is_name = bits.is_none() && !name.is_empty() && !name.contains([':', '[', ']', '*']);
        is_name.then_some(Self::Domain(name))
    }

    fn contain<S: AsRef<str>>(&self, host: &Host<S>) -> bool {
        match (self, host) {
            (Self::All, _) => true,
            (Self::Domain(domain), Host::Domain(name)) => {
                let name = name.as_ref().trim_end_matches('.').to_ascii_lowercase();
                name.strip_suffix(domain.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            (Self::Network { address: IpAddr::V4(network), bits }, Host::Ipv4(address)) => {
                let differ = network.to_bits() ^ address.to_bits();
                differ.checked_shr(32 - u32::from(*bits)).unwrap_or(0) == 0
            }
            (Self::Network { address: IpAddr::V6(network), bits }, Host::Ipv6(address)) => {
                let differ = network.to_bits() ^ address.to_bits();
                differ.checked_shr(128 - u32::from(*bits)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
