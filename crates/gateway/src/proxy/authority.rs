//! The certificate authority of one run.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use quick_cache::sync::Cache;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SanType, SerialNumber,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::NoServerSessionStorage;
use url::Host;

use crate::limits;

/// Makes certificates for the hosts that CMD talks to, so that its TLS ends here.
///
/// The private key is made for one run, is never written anywhere and vouches for nothing but this: `Debug` prints no key,
/// and nothing here can export one. CMD's trust in it ends with CMD.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    not_before: SystemTime,
    not_after: SystemTime,
    hosts: Cache<Host<String>, Arc<ServerConfig>>,
}

/// A certificate could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The system has no randomness to give.
    #[error("the system gives no random bytes")]
    Randomness(#[from] getrandom::Error),
    /// Key or certificate.
    #[error("cannot make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// The TLS library does not accept what was made.
    #[error("cannot use the certificate that was made")]
    Tls(#[from] rustls::Error),
    /// The clock stands where no certificate can be dated.
    #[error("the system's clock cannot be right")]
    Clock,
}

impl Authority {
    /// A new authority with a new key (ECDSA P-256), valid from an hour ago.
    ///
    /// # Errors
    /// See [`AuthorityError`].
    pub fn new() -> Result<Self, AuthorityError> {
        let now = SystemTime::now();
        let not_before = now.checked_sub(limits::AUTHORITY_CLOCK_SKEW).ok_or(AuthorityError::Clock)?;
        let not_after = now.checked_add(limits::AUTHORITY_LIFETIME).ok_or(AuthorityError::Clock)?;
        let mut params = dated(not_before, not_after)?;
        // The name is this run's own: inside a run within a run, a client that holds both authorities picks by name.
        params.distinguished_name.push(DnType::CommonName, format!("affineur run {}", hex(&random::<8>()?)));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)?;
        Ok(Self { issuer, not_before, not_after, hosts: Cache::new(limits::AUTHORITY_HOSTS) })
    }

    /// The authority's certificate, for the list that CMD trusts.
    #[must_use]
    pub fn ca_pem(&self) -> String {
        self.issuer.pem()
    }

    /// How to be `host` towards a client: TLS 1.2 or 1.3, HTTP/1.1 only, so that reason phrases survive.
    pub(super) fn server_config(&self, host: &Host<String>) -> Result<Arc<ServerConfig>, AuthorityError> {
        self.hosts.get_or_insert_with(host, || self.make_server_config(host))
    }

    fn make_server_config(&self, host: &Host<String>) -> Result<Arc<ServerConfig>, AuthorityError> {
        let mut params = dated(self.not_before, self.not_after)?;
        params.distinguished_name.push(DnType::CommonName, "affineur");
        params.subject_alt_names = vec![match host {
            Host::Domain(name) => SanType::DnsName(name.as_str().try_into()?),
            Host::Ipv4(address) => SanType::IpAddress((*address).into()),
            Host::Ipv6(address) => SanType::IpAddress((*address).into()),
        }];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.into()], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A handshake costs less than remembering sessions would.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority(…)")
    }
}

fn dated(not_before: SystemTime, not_after: SystemTime) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::default();
    params.not_before = not_before.into();
    params.not_after = not_after.into();
    params.distinguished_name = rcgen::DistinguishedName::new();
    let mut serial = random::<16>()?;
    // Positive and of full length, as RFC 5280 §4.1.2.2 wants it.
    if let Some(first) = serial.first_mut() {
        *first = *first & 0x7f | 0x40;
    }
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    Ok(params)
}

fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
