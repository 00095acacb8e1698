//! A proxy with a handler that only answers, and a client that writes bytes.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};

use affineur_gateway::body::{Body, empty, full};
use affineur_gateway::proxy::{Authority, Handler, Proxy, ProxyPassword, ProxyRequest, Tunnels, bind_loopback};
use bytes::Bytes;
use futures_util::stream;
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use hyper::ext::ReasonPhrase;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What the handler was asked, in order.
#[derive(Default)]
pub(crate) struct Answers {
    pub(crate) asked: Mutex<Vec<String>>,
    pub(crate) rejected: watch::Sender<Vec<String>>,
}

impl Handler for Answers {
    type Tunnel = TcpStream;

    async fn handle(&self, request: ProxyRequest) -> Response<Body> {
        self.asked.lock().unwrap().push(format!("{} {}", request.method, request.url));
        match request.url.path() {
            "/headers" => {
                let fields = request.headers.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
                Response::new(full(fields.collect::<String>()))
            }
            "/echo" => Response::new(request.body.map_err(io::Error::other).boxed_unsync()),
            "/collected" => Response::new(full(request.body.collect().await.unwrap().to_bytes())),
            "/unread" => answer(StatusCode::FORBIDDEN, empty()),
            "/reason" => {
                let mut response = answer(StatusCode::FORBIDDEN, full("no"));
                response.extensions_mut().insert(ReasonPhrase::from_static(b"withheld by policy: released today"));
                response
            }
            "/aborted" => Response::new(aborted()),
            "/aborted-with-length" => {
                let mut response = Response::new(aborted());
                response.headers_mut().insert("content-length", "100".parse().unwrap());
                response
            }
            "/hops" => {
                let mut response = Response::new(full("x"));
                for (name, value) in [("proxy-authenticate", "Basic"), ("keep-alive", "timeout=1"), ("upgrade", "h2c")] {
                    response.headers_mut().insert(name, value.parse().unwrap());
                }
                response
            }
            "/informational" => answer(StatusCode::SWITCHING_PROTOCOLS, empty()),
            path => Response::new(full(path.to_owned())),
        }
    }

    async fn tunnel(&self, host: &str, port: u16) -> Result<TcpStream, Response<Body>> {
        self.asked.lock().unwrap().push(format!("tunnel {host} {port}"));
        TcpStream::connect((host, port)).await.map_err(|_| match port {
            1 => answer(StatusCode::FORBIDDEN, full("refused")),
            // A handler's mistake: a success that opens nothing.
            _ => Response::new(empty()),
        })
    }

    fn rejected_certificate(&self, host: &str) {
        self.rejected.send_modify(|hosts| hosts.push(host.to_owned()));
    }
}

fn answer(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

/// Three bytes, then an error.
fn aborted() -> Body {
    let parts = [Ok(Frame::data(Bytes::from_static(b"abc"))), Err(io::Error::other("digest"))];
    StreamBody::new(stream::iter(parts)).boxed_unsync()
}

/// A running proxy.
pub(crate) struct World {
    pub(crate) proxy: Proxy,
    pub(crate) handler: Arc<Answers>,
    pub(crate) authority_pem: String,
    pub(crate) credentials: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with_tunnels(&[]).await
    }

    pub(crate) async fn with_tunnels(tunnels: &[&str]) -> Self {
        use base64::Engine as _;
        let authority = Authority::new().unwrap();
        let password = ProxyPassword::random().unwrap();
        let listener = bind_loopback().await.unwrap();
        let url: url::Url = password.url(listener.local_addr().unwrap()).parse().unwrap();
        let plain = format!("{}:{}", url.username(), url.password().unwrap());
        let credentials = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(plain));
        let (handler, authority_pem) = (Arc::<Answers>::default(), authority.ca_pem());
        let tunnels = Tunnels::parse(tunnels.iter().copied()).unwrap();
        let proxy = Proxy::start(listener, authority, password, Arc::clone(&handler), tunnels).unwrap();
        Self { proxy, handler, authority_pem, credentials }
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.handler.asked.lock().unwrap().clone()
    }

    pub(crate) async fn stream(&self) -> TcpStream {
        TcpStream::connect(self.proxy.address()).await.unwrap()
    }

    /// `CONNECT` with the password; the answer and the connection.
    pub(crate) async fn connect(&self, target: &str) -> (Answer, TcpStream) {
        let mut stream = self.stream().await;
        let request =
            format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nProxy-Authorization: {}\r\n\r\n", self.credentials);
        let answer = exchange(&mut stream, &request).await;
        (answer, stream)
    }

    /// A connection to `host:port` with TLS that trusts this run.
    pub(crate) async fn tls(&self, host: &str, port: u16) -> TlsStream<TcpStream> {
        let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let (answer, stream) = self.connect(&target).await;
        assert_eq!(answer.status_line, "HTTP/1.1 200 OK");
        handshake(stream, host, self.config()).await.unwrap()
    }

    /// Trusts this run's authority and nothing else.
    pub(crate) fn config(&self) -> ClientConfig {
        config(&[&self.authority_pem])
    }
}

pub(crate) fn config(trusted: &[&str]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    trusted.iter().for_each(|pem| roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    builder.with_root_certificates(roots).with_no_client_auth()
}

pub(crate) async fn handshake(stream: TcpStream, host: &str, config: ClientConfig) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(host.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// An answer as it came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status_line: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// Sends a request and reads one answer, with its body as `Content-Length` says.
pub(crate) async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, request: &str) -> Answer {
    stream.write_all(request.as_bytes()).await.unwrap();
    read_answer(stream, !request.starts_with("HEAD ")).await
}

/// Reads one answer.
pub(crate) async fn read_answer<S: AsyncRead + Unpin>(stream: &mut S, has_body: bool) -> Answer {
    let head = read_head(stream).await.unwrap();
    let mut lines = head.split("\r\n");
    let status_line = lines.next().unwrap().to_owned();
    let fields =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let mut answer = Answer { status_line, fields, body: String::new() };
    let length = answer.field("content-length").filter(|_| has_body).map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    answer.body = String::from_utf8(body).unwrap();
    answer
}

/// Everything up to the empty line.
pub(crate) async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8(head).unwrap())
}

/// A server that sends back what it gets; its port.
pub(crate) async fn echo_server() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
                Ok::<_, Infallible>(())
            });
        }
    });
    port
}
