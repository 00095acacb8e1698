//! What can go wrong while asking an upstream, in our own words: nothing that an upstream or a parent proxy wrote gets in here
//! unsanitised, so that the display text may be printed, logged and put into a reason.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;

use rustls::CertificateError;

use super::Printable;

/// Why an upstream gave no usable answer. The display text is one short line of printable ASCII.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// A wait was longer than its limit.
    #[error("timed out while {0}")]
    Timeout(Phase),
    /// No connection could be made, or it broke before an answer came.
    #[error("cannot connect")]
    Connect,
    /// The host's name has no address.
    #[error("the host name cannot be resolved")]
    Dns,
    /// The TLS handshake failed.
    #[error("TLS: {0}")]
    Tls(TlsProblem),
    /// An answer with a status that is none of those that the question allows.
    #[error("answered with status {0}")]
    Status(u16),
    /// More bytes than allowed.
    #[error("answer larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// Bytes came more slowly than the least rate.
    #[error("answer too slow")]
    TooSlow,
    /// The answer ended early.
    #[error("answer ended after {got} bytes{}", expected.map(|expected| format!(" of {expected}")).unwrap_or_default())]
    Truncated {
        /// How many bytes were announced, where they were.
        expected: Option<u64>,
        /// How many bytes came.
        got: u64,
    },
    /// A compressed answer expands by more than the allowed ratio.
    #[error("compressed answer expands too much")]
    TooMuchExpansion,
    /// A content encoding that we did not ask for, or data that are not in it.
    #[error("answer in a broken or unknown encoding")]
    BadEncoding,
    /// More or larger header fields than allowed.
    #[error("answer with too many or too large headers")]
    HeaderFlood,
    /// A redirect leads to where we were before.
    #[error("redirect loop")]
    RedirectLoop,
    /// More redirects than allowed.
    #[error("too many redirects")]
    TooManyRedirects,
    /// A redirect without a usable `Location`.
    #[error("redirect without a usable location")]
    BadRedirect,
    /// A page redirects to another origin, for example to a login form.
    #[error("redirected to another host ({host})")]
    RedirectElsewhere {
        /// Where to.
        host: Printable,
    },
    /// From https to http: by a redirect, or by a page that came by https.
    #[error("refused to go from https to http")]
    Downgrade,
    /// A URL that is neither http nor https, or has no host.
    #[error("URL is neither http nor https")]
    BadScheme,
    /// A URL that a page or a redirect named leads into a private network.
    #[error("refused: leads to a private address")]
    PrivateAddress,
    /// The content type is none of the Simple API's.
    #[error("not a project page (content type {content_type})")]
    NotAPage {
        /// The content type that came.
        content_type: Printable,
    },
    /// The server does not serve ranges.
    #[error("server ignores range requests")]
    NoRanges,
    /// The answer to a range request is not the range that was asked for, or there is no such range.
    #[error("range not satisfiable or answered wrongly")]
    BadRange,
    /// The parent proxy is at fault.
    #[error("parent proxy: {0}")]
    ParentProxy(ParentProxyProblem),
    /// What came is not HTTP as it should be.
    #[error("broken HTTP")]
    Protocol,
    /// Our own settings cannot be used.
    #[error(transparent)]
    Settings(SettingsProblem),
}

/// During which wait the time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Resolving, connecting, TLS.
    Connecting,
    /// Waiting for the head of the answer.
    FirstByte,
    /// Waiting for the next bytes of the body.
    NextByte,
    /// The whole of a small answer.
    Whole,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connecting => "connecting",
            Self::FirstByte => "waiting for an answer",
            Self::NextByte => "waiting for more of the answer",
            Self::Whole => "reading the whole answer",
        })
    }
}

/// Why TLS failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlsProblem {
    /// The certificate was issued by nobody that we trust.
    #[error("certificate of an unknown issuer")]
    UnknownIssuer,
    /// The certificate is over, or not yet valid.
    #[error("certificate expired or not yet valid")]
    NotInItsTime,
    /// The certificate is for another host.
    #[error("certificate for another host")]
    WrongHost,
    /// The certificate was revoked.
    #[error("certificate revoked")]
    Revoked,
    /// Any other fault of the certificate.
    #[error("certificate not acceptable")]
    BadCertificate,
    /// The server ended the handshake, for example because it wants a client certificate.
    #[error("handshake refused by the server (it may want a client certificate)")]
    Refused,
    /// Not TLS, or no common version.
    #[error("handshake failed")]
    Handshake,
}

/// Why the parent proxy did not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParentProxyProblem {
    /// It wants other credentials, or any.
    #[error("authentication required")]
    Authentication,
    /// It cannot be reached.
    #[error("cannot be reached")]
    Unreachable,
    /// It refused the tunnel, or could not make it.
    #[error("refused the connection")]
    Refused,
    /// Raw tunnels go through HTTP proxies only.
    #[error("a SOCKS proxy cannot carry --tunnel")]
    SocksTunnel,
}

/// What is wrong with our own settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsProblem {
    /// A file of certificates cannot be read or has none in it.
    #[error("no certificates can be read from {}", .0.display())]
    Roots(PathBuf),
    /// The client certificate cannot be used.
    #[error("no certificate with its key can be read from {}", .0.display())]
    ClientIdentity(PathBuf),
    /// A proxy's URL. Not repeated, because it may hold a password.
    #[error("the value of {0} is not a proxy's URL")]
    Proxy(&'static str),
    /// A `.netrc` that cannot be understood.
    #[error("cannot read the netrc file: line {0}")]
    Netrc(usize),
    /// TLS or HTTP could not be set up at all.
    #[error("the HTTP client cannot be set up")]
    Client,
}

impl From<FetchError> for io::Error {
    fn from(error: FetchError) -> Self {
        Self::other(error)
    }
}

/// Classifies what reqwest says about a request whose answer has not begun.
pub(super) fn of_request(error: &reqwest::Error) -> FetchError {
    if let Some(found) = find(error, &mut known) {
        return found;
    }
    match (error.is_connect(), error.is_timeout()) {
        (true, true) => FetchError::Timeout(Phase::Connecting),
        (true, false) => FetchError::Connect,
        (false, true) => FetchError::Timeout(Phase::FirstByte),
        (false, false) => FetchError::Protocol,
    }
}

/// Classifies what reqwest says about a body that broke off.
pub(super) fn of_body(error: &reqwest::Error, expected: Option<u64>, got: u64) -> FetchError {
    let ended_early = || FetchError::Truncated { expected, got };
    if expected.is_some_and(|expected| got < expected) {
        return ended_early();
    }
    find(error, &mut |cause| {
        let cut = cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message)
            || cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::UnexpectedEof || is_reset(io));
        cut.then(ended_early)
    })
    .unwrap_or(FetchError::Protocol)
}

fn is_reset(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected)
}

/// Walks an error's causes. `io::Error::source` skips the error that it wraps, so that is visited by hand.
fn find(
    error: &(dyn StdError + 'static),
    ask: &mut dyn FnMut(&(dyn StdError + 'static)) -> Option<FetchError>,
) -> Option<FetchError> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = ask(cause) {
            return Some(found);
        }
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
    }
    None
}

fn known(cause: &(dyn StdError + 'static)) -> Option<FetchError> {
    if let Some(ours) = cause.downcast_ref::<FetchError>() {
        return Some(ours.clone());
    }
    if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
        return Some(FetchError::Tls(of_tls(tls)));
    }
    if let Some(http) = cause.downcast_ref::<hyper::Error>() {
        if http.is_parse_too_large() {
            return Some(FetchError::HeaderFlood);
        }
        if http.is_incomplete_message() || http.is_closed() || http.is_canceled() {
            return Some(FetchError::Connect);
        }
    }
    if cause.downcast_ref::<io::Error>().is_some_and(is_reset) {
        return Some(FetchError::Connect);
    }
    tunnel(cause).map(FetchError::ParentProxy)
}

/// hyper-util does not export the type of its CONNECT errors; their fixed texts are all that can be told apart.
fn tunnel(cause: &(dyn StdError + 'static)) -> Option<ParentProxyProblem> {
    let text = cause.to_string();
    let problem = text.strip_prefix("tunnel error: ")?;
    Some(match problem {
        "proxy authorization required" => ParentProxyProblem::Authentication,
        "failed to create underlying connection" => ParentProxyProblem::Unreachable,
        _ => ParentProxyProblem::Refused,
    })
}

/// Classifies what a TLS handshake says.
pub(super) fn of_io(error: &io::Error) -> FetchError {
    find(error, &mut known).unwrap_or(FetchError::Connect)
}

/// Classifies a TLS error.
fn of_tls(error: &rustls::Error) -> TlsProblem {
    match error {
        rustls::Error::InvalidCertificate(problem) => match problem {
            CertificateError::UnknownIssuer => TlsProblem::UnknownIssuer,
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => TlsProblem::NotInItsTime,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => TlsProblem::WrongHost,
            CertificateError::Revoked => TlsProblem::Revoked,
            _ => TlsProblem::BadCertificate,
        },
        rustls::Error::AlertReceived(_) => TlsProblem::Refused,
        _ => TlsProblem::Handshake,
    }
}
