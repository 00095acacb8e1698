//! The connections, and one question over them.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};
use std::sync::Arc;

use http::HeaderValue;
use http::header::{ACCEPT_ENCODING, USER_AGENT};
use reqwest::{Client, Response};
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;
use tokio::time::timeout;
use url::Url;

use super::{HttpSettings, Proxies};
use crate::limits;
use crate::transport::{Phase, Unavailable};

/// How we introduce ourselves.
const OUR_NAME: HeaderValue = HeaderValue::from_static(concat!("affineur/", env!("CARGO_PKG_VERSION")));

/// One client for http and one for https, which therefore share no connection. The latter is made when it is needed first: to
/// read the system's certificates takes longer than a refresh.
#[derive(Debug)]
pub(super) struct Clients {
    plain: Client,
    pub(super) secure: OnceCell<Client>,
}

impl Clients {
    pub(super) fn new(settings: &HttpSettings) -> Result<Self, Unavailable> {
        Ok(Self { plain: client(trusting(RootCertStore::empty())?, settings)?, secure: OnceCell::new() })
    }

    /// Asks once, and once more if the connection was closed before an answer came: servers close idle connections at any time.
    pub(super) async fn ask(&self, url: &Url, coding: &HeaderValue, settings: &HttpSettings) -> Result<Response, Unavailable> {
        let client = self.client(url, settings).await?;
        match ask_once(client, url, coding, settings).await {
            Err(Unanswered::Closed) => ask_once(client, url, coding, settings).await,
            answer => answer,
        }
        .map_err(|unanswered| match unanswered {
            Unanswered::Closed => Unavailable::BrokeOff,
            Unanswered::Otherwise(unavailable) => unavailable,
        })
    }

    async fn client(&self, url: &Url, settings: &HttpSettings) -> Result<&Client, Unavailable> {
        if url.scheme() == "http" {
            return Ok(&self.plain);
        }
        let make = || async {
            let tls = match &settings.tls {
                Some(tls) => ClientConfig::clone(tls),
                None => tokio::task::spawn_blocking(trusting_the_system).await.map_err(|_| Unavailable::Tls)??,
            };
            client(tls, settings)
        };
        self.secure.get_or_try_init(make).await
    }
}

/// Why one question has no answer.
enum Unanswered {
    /// The connection was closed before the answer.
    Closed,
    Otherwise(Unavailable),
}

async fn ask_once(client: &Client, url: &Url, coding: &HeaderValue, settings: &HttpSettings) -> Result<Response, Unanswered> {
    let request = client.get(url.clone()).header(ACCEPT_ENCODING, coding).header(USER_AGENT, OUR_NAME);
    let timed_out = |phase| Unanswered::Otherwise(Unavailable::TimedOut(phase));
    let answer = timeout(settings.connect + settings.first_byte, request.send()).await;
    // What the library says has the URL in it, and is never shown.
    answer.map_err(|_| timed_out(Phase::FirstByte))?.map_err(|error| match (error.is_connect(), error.is_timeout()) {
        (true, true) => timed_out(Phase::Connecting),
        (true, false) => Unanswered::Otherwise(Unavailable::Connect),
        (false, true) => timed_out(Phase::FirstByte),
        (false, false) if was_closed(&error) => Unanswered::Closed,
        (false, false) => Unanswered::Otherwise(Unavailable::BrokeOff),
    })
}

fn was_closed(error: &(dyn StdError + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |error| StdError::source(*error));
    causes.any(|cause| {
        let http = cause.downcast_ref::<hyper::Error>();
        let system = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        http.is_some_and(|http| http.is_incomplete_message() || http.is_closed() || http.is_canceled())
            || matches!(system, Some(ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe))
    })
}

fn client(mut tls: ClientConfig, settings: &HttpSettings) -> Result<Client, Unavailable> {
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let builder = match settings.proxies {
        Proxies::None => Client::builder().no_proxy(),
        Proxies::Environment => Client::builder(),
    };
    builder
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(settings.connect)
        .pool_max_idle_per_host(limits::IDLE_CONNECTIONS)
        .http2_max_header_list_size(limits::HEADER_BYTES)
        .build()
        .map_err(|_| Unavailable::Tls)
}

/// Blocks while it reads files.
fn trusting_the_system() -> Result<ClientConfig, Unavailable> {
    let mut roots = RootCertStore::empty();
    // Certificates that cannot be read are left out: whom they would vouch for is then unknown.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    trusting(roots)
}

fn trusting(roots: RootCertStore) -> Result<ClientConfig, Unavailable> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().map_err(|_| Unavailable::Tls)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
