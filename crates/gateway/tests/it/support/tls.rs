//! A certificate authority for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::NamedTempFile;

static NEXT: AtomicU32 = AtomicU32::new(1);

/// Signs certificates for upstreams and clients.
pub(crate) struct TestAuthority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl TestAuthority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        // A name of its own, so that certificates of one authority are not held against another one's key.
        let serial = NEXT.fetch_add(1, Ordering::Relaxed);
        params.distinguished_name.push(DnType::CommonName, format!("test authority {serial}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    /// A file with this authority's certificate.
    pub(crate) fn pem_file(&self) -> NamedTempFile {
        file(&self.issuer.pem())
    }

    /// A server that is each of `names`, with HTTP/2 and HTTP/1.1.
    pub(crate) fn server(&self, names: &[&str]) -> ServerConfig {
        let (chain, key) = self.certificate(&params(names));
        let mut config = versions().with_no_client_auth().with_single_cert(chain, key).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    }

    /// A server whose certificate was over a day ago.
    pub(crate) fn expired_server(&self, names: &[&str]) -> ServerConfig {
        let mut params = params(names);
        params.not_after = (SystemTime::now() - Duration::from_secs(86_400)).into();
        let (chain, key) = self.certificate(&params);
        versions().with_no_client_auth().with_single_cert(chain, key).unwrap()
    }

    /// A server that talks only to clients with a certificate of this authority.
    pub(crate) fn server_for_known_clients(&self, names: &[&str]) -> ServerConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build().unwrap();
        let (chain, key) = self.certificate(&params(names));
        versions().with_client_cert_verifier(verifier).with_single_cert(chain, key).unwrap()
    }

    /// A file with a client's certificate and key.
    pub(crate) fn client_identity_file(&self) -> NamedTempFile {
        let key = KeyPair::generate().unwrap();
        let certificate = params(&["client.example"]).signed_by(&key, &self.issuer).unwrap();
        file(&(certificate.pem() + &key.serialize_pem()))
    }

    fn certificate(&self, params: &CertificateParams) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (vec![certificate.into()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
    }
}

fn params(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap()
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn versions() -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
    ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap()
}

fn file(text: &str) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}
