//! What the user's environment says about how to reach upstreams, made into TLS settings and HTTP clients.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reqwest::Client;
use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::{load_certs_from_paths, load_native_certs};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::address::{GuardedResolver, Reach};
use super::{FetchError, ParentProxies, ParentProxy, SettingsProblem};
use crate::limits::{self, FetchLimits};

/// How upstreams are reached.
#[derive(Debug, Clone, Default)]
pub struct FetchSettings {
    /// Files of root certificates (PEM) besides the system's: `SSL_CERT_FILE`, `REQUESTS_CA_BUNDLE`, `PIP_CERT` and
    /// `CURL_CA_BUNDLE` of the outer environment.
    pub extra_roots: Vec<PathBuf>,
    /// A file with a client certificate and its key (PEM), presented to hosts that ask for one.
    pub client_identity: Option<PathBuf>,
    /// The proxies that were set before us.
    pub proxies: ParentProxies,
    /// Hosts that may be on private addresses although pages on public ones name them.
    pub private_hosts: BTreeSet<String>,
    /// The limits.
    pub limits: FetchLimits,
}

impl FetchSettings {
    /// The root certificates' files that the outer environment names: each once. An `SSL_CERT_FILE` that does not exist is
    /// left out, as by OpenSSL; the others must exist, as for pip.
    #[must_use]
    pub fn roots_from_environment(lookup: impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
        let names = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE"];
        let named = names.into_iter().filter_map(|name| Some((name, PathBuf::from(lookup(name)?))));
        let usable = named.filter(|(name, path)| !path.as_os_str().is_empty() && (*name != "SSL_CERT_FILE" || path.exists()));
        let paths: BTreeSet<_> = usable.map(|(_, path)| path).collect();
        paths.into_iter().collect()
    }
}

/// One HTTP client for each route and reach: connections are never shared between those that may go to private addresses and
/// those that may not.
pub(super) struct Clients {
    clients: HashMap<(Option<String>, Reach), Client>,
}

impl Clients {
    pub(super) fn new(settings: &FetchSettings, tls: &ClientConfig) -> Result<Self, FetchError> {
        let mut tls = tls.clone();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut clients = HashMap::new();
        let routes = settings.proxies.each().map(Some).chain([None]);
        for proxy in routes {
            for reach in [Reach::Anywhere, Reach::PublicOnly] {
                clients.insert((key(proxy), reach), client(settings, &tls, proxy, reach)?);
            }
        }
        Ok(Self { clients })
    }

    pub(super) fn get(&self, proxy: Option<&ParentProxy>, reach: Reach) -> Result<&Client, FetchError> {
        self.clients.get(&(key(proxy), reach)).ok_or(FetchError::Settings(SettingsProblem::Client))
    }
}

fn key(proxy: Option<&ParentProxy>) -> Option<String> {
    proxy.map(|proxy| with_credentials(proxy).into())
}

fn with_credentials(proxy: &ParentProxy) -> url::Url {
    let mut url = proxy.url.clone();
    if let Some(credentials) = &proxy.credentials {
        // Proxy URLs have a host, so neither can fail.
        let _ = url.set_username(credentials.user.expose());
        let _ = url.set_password(Some(credentials.password.expose()));
    }
    url
}

fn reqwest_proxy(proxy: &ParentProxy) -> reqwest::Result<reqwest::Proxy> {
    match &proxy.credentials {
        // SOCKS has a log-in of its own, which is taken from the URL.
        Some(credentials) if !proxy.is_socks() => {
            Ok(reqwest::Proxy::all(proxy.url.clone())?.basic_auth(credentials.user.expose(), credentials.password.expose()))
        }
        _ => reqwest::Proxy::all(with_credentials(proxy)),
    }
}

fn client(
    settings: &FetchSettings,
    tls: &ClientConfig,
    proxy: Option<&ParentProxy>,
    reach: Reach,
) -> Result<Client, FetchError> {
    let broken = |_| FetchError::Settings(SettingsProblem::Client);
    let limits = &settings.limits;
    let proxy_host = proxy.and_then(|proxy| proxy.url.host_str()).map(Arc::from);
    let builder = Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .dns_resolver(Arc::new(GuardedResolver { reach, proxy_host }))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(limits.connect)
        .pool_max_idle_per_host(limits.in_flight_per_origin)
        .http1_max_headers(limits.headers)
        .http2_max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX));
    let builder = match proxy {
        None => builder.no_proxy(),
        Some(proxy) => builder.proxy(reqwest_proxy(proxy).map_err(broken)?),
    };
    builder.build().map_err(broken)
}

/// The system's roots, the extra ones, the client's certificate. HTTP versions are only for connections that speak HTTP.
pub(super) fn tls(settings: &FetchSettings) -> Result<ClientConfig, FetchError> {
    let broken = |_| FetchError::Settings(SettingsProblem::Client);
    let mut roots = RootCertStore::empty();
    // Certificates of the system that cannot be read are left out: who issued with them is then unknown.
    roots.add_parsable_certificates(load_native_certs().certs);
    for path in &settings.extra_roots {
        let bad = || FetchError::Settings(SettingsProblem::Roots(path.clone()));
        let certificates = roots_at(path).ok_or_else(bad)?;
        if roots.add_parsable_certificates(certificates).0 == 0 {
            return Err(bad());
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(broken)?;
    let builder = builder.with_root_certificates(roots);
    let Some(path) = &settings.client_identity else {
        return Ok(builder.with_no_client_auth());
    };
    let bad = || FetchError::Settings(SettingsProblem::ClientIdentity(path.clone()));
    let pem = read(path).ok_or_else(bad)?;
    let chain = certificates(&pem).filter(|chain| !chain.is_empty()).ok_or_else(bad)?;
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| bad())?;
    builder.with_client_auth_cert(chain, key).map_err(|_| bad())
}

/// The certificates of a file, or of a folder as OpenSSL keeps them.
fn roots_at(path: &Path) -> Option<Vec<CertificateDer<'static>>> {
    if path.is_dir() { Some(load_certs_from_paths(None, Some(path)).certs) } else { certificates(&read(path)?) }
}

fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path).ok()?.take(limits::PEM_BYTES + 1).read_to_end(&mut bytes).ok()?;
    (u64::try_from(read).ok()? <= limits::PEM_BYTES).then_some(bytes)
}
