//! Where a request is meant to go: parsed once, here.

use http::header::HOST;
use http::uri::Uri;
use http::{HeaderMap, Method};
use url::{Host, Url};

use crate::limits;

/// A request that names no target, or two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// A request as to an ordinary web server.
    #[error("this is a proxy: the request must name an absolute http URL, or be CONNECT")]
    NotAbsolute,
    /// `CONNECT` without host and port, or with a host that is none.
    #[error("CONNECT must name a host and a port")]
    Authority,
    /// Not `http` in clear, or a URL with a user name in it.
    #[error("only http URLs without a user name can be asked for in clear")]
    Scheme,
    /// Inside a tunnel: neither a path nor an absolute URL of the tunnel's own host.
    #[error("a request inside a tunnel must name a path on the tunnel's host")]
    Path,
    /// None or several `Host` fields.
    #[error("a request must have one Host field")]
    Host,
    /// The `Host` field, or the server name in TLS, is not the tunnel's host.
    #[error("the request is for another host than the tunnel")]
    OtherHost,
    /// Longer than [`limits::PROXY_URL_BYTES`].
    #[error("a URL has at most {} bytes", limits::PROXY_URL_BYTES)]
    TooLong,
}

/// Host and port of a `CONNECT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) host: Host<String>,
    pub(crate) port: u16,
}

impl Target {
    /// The authority of a `CONNECT` (RFC 9110 §9.3.6). Hosts are normalised as in URLs; one dot at the end is dropped, since
    /// certificates and server names do not have it.
    pub(crate) fn of_connect(uri: &Uri) -> Result<Self, TargetError> {
        let authority = uri.authority().ok_or(TargetError::Authority)?;
        let port = authority.port_u16().filter(|&port| port != 0).ok_or(TargetError::Authority)?;
        if authority.as_str().contains('@') || uri.scheme().is_some() {
            return Err(TargetError::Authority);
        }
        Ok(Self { host: parse_host(authority.host()).ok_or(TargetError::Authority)?, port })
    }

    /// The host as text; IPv6 without brackets.
    pub(crate) fn host_text(&self) -> String {
        host_text(&self.host)
    }

    /// Whether TLS may name `server_name` inside this tunnel. An address cannot be named in TLS (RFC 6066 §3).
    pub(crate) fn admits_server_name(&self, server_name: Option<&str>) -> bool {
        server_name.is_none_or(|name| parse_host(name).is_some_and(|named| named == self.host))
    }

    /// The URL of a request inside this tunnel.
    pub(crate) fn url_inside(&self, uri: &Uri, headers: &HeaderMap) -> Result<Url, TargetError> {
        let path = match (uri.scheme_str(), uri.authority()) {
            (None, None) => uri.path_and_query().map(http::uri::PathAndQuery::as_str).ok_or(TargetError::Path)?,
            (Some("https"), Some(authority)) if self.is(authority.as_str()) => {
                uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str)
            }
            _ => return Err(TargetError::Path),
        };
        if !self.is(sole_host(headers)?) {
            return Err(TargetError::OtherHost);
        }
        if !path.starts_with('/') {
            return Err(TargetError::Path);
        }
        checked(&format!("https://{}:{}{path}", self.host, self.port))
    }

    /// Whether `text` (`host` or `host:port`) is this tunnel's own authority for `https`.
    fn is(&self, text: &str) -> bool {
        Url::parse(&format!("https://{text}/")).is_ok_and(|url| {
            url.username().is_empty()
                && url.password().is_none()
                && url.path() == "/"
                && url.port_or_known_default() == Some(self.port)
                && url.host_str().and_then(parse_host).is_some_and(|host| host == self.host)
        })
    }
}

/// The URL of a request in clear (absolute form, RFC 9112 §3.2.2; the `Host` field is then ignored).
pub(crate) fn url_in_clear(method: &Method, uri: &Uri) -> Result<Url, TargetError> {
    if uri.scheme().is_none() || uri.authority().is_none() || *method == Method::CONNECT {
        return Err(TargetError::NotAbsolute);
    }
    if uri.scheme_str() != Some("http") {
        return Err(TargetError::Scheme);
    }
    let mut url = checked(&uri.to_string())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TargetError::Scheme);
    }
    let host = url.host_str().and_then(parse_host).ok_or(TargetError::NotAbsolute)?;
    url.set_host(Some(&host.to_string())).map_err(|_| TargetError::NotAbsolute)?;
    Ok(url)
}

fn checked(text: &str) -> Result<Url, TargetError> {
    if text.len() > limits::PROXY_URL_BYTES {
        return Err(TargetError::TooLong);
    }
    Url::parse(text).map_err(|_| TargetError::Path)
}

fn sole_host(headers: &HeaderMap) -> Result<&str, TargetError> {
    let mut fields = headers.get_all(HOST).iter();
    match (fields.next(), fields.next()) {
        (Some(host), None) => host.to_str().map_err(|_| TargetError::Host),
        _ => Err(TargetError::Host),
    }
}

fn parse_host(text: &str) -> Option<Host<String>> {
    let host = Host::parse(text.strip_suffix('.').unwrap_or(text)).ok()?;
    // Two dots at the end are no name; nor is what IDNA makes of them.
    let fits = |name: &String| !name.is_empty() && !name.ends_with('.') && name.len() <= limits::HOST_BYTES;
    (!matches!(&host, Host::Domain(name) if !fits(name))).then_some(host)
}

fn host_text(host: &Host<String>) -> String {
    match host {
        Host::Domain(name) => name.clone(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    }
}

/// The hosts that the user wants passed on untouched (`--tunnel HOST`): each exactly as named, on every port.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tunnels(Vec<Host<String>>);

impl Tunnels {
    /// Parses the arguments of `--tunnel`.
    ///
    /// # Errors
    /// The first argument that is no host: a name or an address, IPv6 with or without brackets, no port and no wildcard.
    pub fn parse<'a>(hosts: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let parse = |text: &str| {
            let address = text.parse().map(Host::Ipv6).ok();
            let plain = |host: &Host<String>| !matches!(host, Host::Domain(name) if name.contains(['*', ' ', '/']));
            address.or_else(|| parse_host(text)).filter(plain).ok_or_else(|| text.to_owned())
        };
        hosts.into_iter().map(parse).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn contain(&self, target: &Target) -> bool {
        self.0.contains(&target.host)
    }

    /// The hosts as text, for the report.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().map(host_text)
    }
}

#[cfg(test)]
mod tests;
