//! Raw connections for `--tunnel HOST`: directly, or by CONNECT through the parent proxy. What flows in them is not looked at.

use std::sync::Arc;

use http::HeaderValue;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::{FetchError, Fetcher, ParentProxy, ParentProxyProblem, Phase, TlsProblem, address, error};
use crate::limits;

/// A connection that carries bytes.
pub trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

impl Fetcher {
    /// Connects to a host that the user named: directly, or through the parent proxy that an https URL of it would go through.
    /// `host` is a name or an address, IPv6 with or without brackets.
    ///
    /// # Errors
    /// Among others [`ParentProxyProblem::SocksTunnel`]: SOCKS proxies are not supported here.
    pub async fn connect_tunnel(&self, host: &str, port: u16) -> Result<Box<dyn Connection>, FetchError> {
        let bracketed = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
        let url = Url::parse(&format!("https://{bracketed}:{port}/")).map_err(|_| FetchError::BadScheme)?;
        let host = url.host().ok_or(FetchError::BadScheme)?;
        let connect = async {
            match self.settings.proxies.route(&url) {
                None => Ok(Box::new(connect(&host, port).await?) as Box<dyn Connection>),
                Some(proxy) if proxy.is_socks() => Err(FetchError::ParentProxy(ParentProxyProblem::SocksTunnel)),
                Some(proxy) => self.connect_through(proxy, &format!("{host}:{port}")).await,
            }
        };
        timeout(self.settings.limits.connect, connect).await.map_err(|_| FetchError::Timeout(Phase::Connecting))?
    }

    async fn connect_through(&self, proxy: &ParentProxy, target: &str) -> Result<Box<dyn Connection>, FetchError> {
        let (host, port) = proxy.address();
        let unreachable = |_| FetchError::ParentProxy(ParentProxyProblem::Unreachable);
        let tcp = connect(&host, port).await.map_err(unreachable)?;
        let mut connection: Box<dyn Connection> = match proxy.url.scheme() {
            "https" => Box::new(tls(&self.tls, &host, tcp).await?),
            _ => Box::new(tcp),
        };
        let authorization = proxy.credentials.as_ref().map(super::Credentials::basic);
        ask_for_tunnel(&mut connection, target, authorization.as_ref()).await?;
        Ok(connection)
    }
}

async fn connect<S: AsRef<str>>(host: &Host<S>, port: u16) -> Result<TcpStream, FetchError> {
    let connected = match host {
        Host::Ipv4(address) => TcpStream::connect((*address, port)).await,
        Host::Ipv6(address) => TcpStream::connect((*address, port)).await,
        Host::Domain(name) => {
            let mut addresses = address::resolve(name.as_ref()).await?;
            addresses.iter_mut().for_each(|address| address.set_port(port));
            TcpStream::connect(addresses.as_slice()).await
        }
    };
    connected.map_err(|_| FetchError::Connect)
}

async fn tls(
    config: &Arc<ClientConfig>,
    host: &Host<&str>,
    tcp: TcpStream,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, FetchError> {
    let name = match host {
        Host::Domain(name) => ServerName::try_from((*name).to_owned()).map_err(|_| FetchError::Tls(TlsProblem::WrongHost))?,
        Host::Ipv4(address) => ServerName::from(std::net::IpAddr::from(*address)),
        Host::Ipv6(address) => ServerName::from(std::net::IpAddr::from(*address)),
    };
    let connected = TlsConnector::from(Arc::clone(config)).connect(name, tcp).await;
    connected.map_err(|error| error::of_io(&error))
}

/// CONNECT (RFC 9110, 9.3.6). The answer's head is read byte by byte, so that nothing of the tunnel's own is swallowed.
async fn ask_for_tunnel(
    connection: &mut Box<dyn Connection>,
    target: &str,
    authorization: Option<&HeaderValue>,
) -> Result<(), FetchError> {
    let refused = FetchError::ParentProxy(ParentProxyProblem::Refused);
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
    if let Some(authorization) = authorization {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(authorization.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    connection.write_all(&request).await.map_err(|_| refused.clone())?;
    connection.flush().await.map_err(|_| refused.clone())?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= limits::CONNECT_HEAD_BYTES {
            return Err(refused);
        }
        head.push(connection.read_u8().await.map_err(|_| refused.clone())?);
    }
    let status = head.strip_prefix(b"HTTP/1.1 ").or_else(|| head.strip_prefix(b"HTTP/1.0 "));
    match status.and_then(|rest| rest.get(..3)) {
        Some([b'2', _, _]) => Ok(()),
        Some(b"407") => Err(FetchError::ParentProxy(ParentProxyProblem::Authentication)),
        _ => Err(refused),
    }
}
