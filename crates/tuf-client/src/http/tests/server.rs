//! A server that answers as it is told, byte by byte.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use url::Url;

/// What a server does after it has read the head of a request.
#[derive(Debug, Clone)]
pub(super) enum Does {
    /// Sends this and waits for the next request.
    Sends(Vec<u8>),
    /// Sends this and closes the connection.
    SendsAndCloses(Vec<u8>),
    /// Sends this and then nothing more.
    SendsAndStalls(Vec<u8>),
    /// Sends the first, then the second again and again, as fast as it is read.
    SendsForEver(Vec<u8>, Vec<u8>),
    /// Sends the first, then the second again and again, with a pause before each.
    Drips(Vec<u8>, Vec<u8>, Duration),
}

/// Runs until it is dropped.
pub(super) struct Server {
    address: SocketAddr,
    scheme: &'static str,
    seen: Arc<Mutex<Seen>>,
    /// Trusts this server only.
    pub(super) tls: Option<Arc<ClientConfig>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    requests: Vec<String>,
}

impl Server {
    /// Answers by the path of the request, and by how many requests there were before.
    pub(super) async fn start(script: impl Fn(&str, usize) -> Does + Send + Sync + 'static) -> Self {
        Self::start_with(None, None, script).await
    }

    pub(super) async fn start_tls(script: impl Fn(&str, usize) -> Does + Send + Sync + 'static) -> Self {
        let (server, client) = certificate();
        Self::start_with(Some(TlsAcceptor::from(server)), Some(client), script).await
    }

    async fn start_with(
        acceptor: Option<TlsAcceptor>,
        tls: Option<Arc<ClientConfig>>,
        script: impl Fn(&str, usize) -> Does + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, script) = (Arc::<Mutex<Seen>>::default(), Arc::new(script));
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let kept = seen.clone();
        let accept = async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                seen.lock().unwrap().connections += 1;
                tokio::spawn(welcome(connection, acceptor.clone(), seen.clone(), script.clone()));
            }
        };
        Self { address, scheme, seen: kept, tls, task: tokio::spawn(accept) }
    }

    pub(super) fn url(&self, path: &str) -> Url {
        format!("{}://{}{path}", self.scheme, self.address).parse().unwrap()
    }

    pub(super) fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    /// The heads of all requests.
    pub(super) fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().requests.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn welcome(
    connection: TcpStream,
    acceptor: Option<TlsAcceptor>,
    seen: Arc<Mutex<Seen>>,
    script: Arc<impl Fn(&str, usize) -> Does>,
) {
    match acceptor {
        None => serve(connection, seen, script).await,
        Some(acceptor) => {
            if let Ok(connection) = acceptor.accept(connection).await {
                serve(connection, seen, script).await;
            }
        }
    }
}

async fn serve(
    mut connection: impl AsyncRead + AsyncWrite + Unpin,
    seen: Arc<Mutex<Seen>>,
    script: Arc<impl Fn(&str, usize) -> Does>,
) {
    while let Some(head) = read_head(&mut connection).await {
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let before = {
            let mut seen = seen.lock().unwrap();
            seen.requests.push(head);
            seen.requests.len() - 1
        };
        let more = act(&mut connection, script(&path, before)).await;
        if more.is_none() {
            let _ = connection.shutdown().await;
            return;
        }
    }
}

/// `None` where the connection is over.
async fn act(connection: &mut (impl AsyncRead + AsyncWrite + Unpin), does: Does) -> Option<()> {
    match does {
        Does::Sends(bytes) => connection.write_all(&bytes).await.ok(),
        Does::SendsAndCloses(bytes) => connection.write_all(&bytes).await.ok().and(None),
        Does::SendsAndStalls(bytes) => {
            connection.write_all(&bytes).await.ok()?;
            // Until the client has enough of it.
            let _ = connection.read_u8().await;
            None
        }
        Does::SendsForEver(head, again) => {
            connection.write_all(&head).await.ok()?;
            while connection.write_all(&again).await.is_ok() {}
            None
        }
        Does::Drips(head, drop, pause) => {
            connection.write_all(&head).await.ok()?;
            while connection.write_all(&drop).await.is_ok() {
                tokio::time::sleep(pause).await;
            }
            None
        }
    }
}

async fn read_head(connection: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(connection.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).unwrap())
}

pub(super) fn certificate() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = || Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let server = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let server = server.with_no_client_auth().with_single_cert(vec![certificate.clone()], key).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    (Arc::new(server), Arc::new(client.with_root_certificates(roots).with_no_client_auth()))
}
