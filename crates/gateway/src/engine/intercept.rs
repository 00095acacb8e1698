//! What the intercepting proxy asks for each request.

use std::io;
use std::sync::Arc;

use affineur_trust::Class;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, IF_RANGE, RANGE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body_util::BodyExt as _;
use url::Url;

use super::ask::{Ask, is_installer, names_archive};
use super::file::{Part, Unlisted};
use super::page::shown;
use super::passing::{Looked, look_at};
use super::refusal::Refusal;
use super::resolve::Caller;
use super::{Gateway, Note, Strangers};
use crate::body::Body;
use crate::fetch::Connection;
use crate::proxy::{Handler, ProxyRequest};
use crate::state::server;

/// The proxy's way into the engine.
#[derive(Debug, Clone)]
pub struct Interceptor(pub Arc<Gateway>);

impl Handler for Interceptor {
    type Tunnel = Box<dyn Connection>;

    async fn handle(&self, request: ProxyRequest) -> Response<Body> {
        self.0.intercept(request).await
    }

    async fn tunnel(&self, host: &str, port: u16) -> Result<Self::Tunnel, Response<Body>> {
        self.0.record.note(Note::Tunnel { host: affineur_packaging::text::printable(host, crate::limits::SHOWN_URL_BYTES) });
        self.0.fetcher.connect_tunnel(host, port).await.map_err(|problem| unreachable_host(&problem))
    }

    fn rejected_certificate(&self, host: &str) {
        self.0.record.note(Note::RejectedCertificate {
            host: affineur_packaging::text::printable(host, crate::limits::SHOWN_URL_BYTES),
        });
    }
}

impl Gateway {
    async fn intercept(self: &Arc<Self>, request: ProxyRequest) -> Response<Body> {
        let ProxyRequest { method, url, headers, .. } = &request;
        let sources = self.sources();
        let ask = Ask::read(method, url, headers, |index| sources.iter().any(|source| source.url == *index));
        let caller = caller(url, headers);
        let unlisted = match &ask {
            Ask::Page { index, project } => return self.page(url, index, project.as_ref(), &caller, method, headers).await,
            Ask::File { url, name } => self.file(url, name, Part::Bytes, &caller, method, headers).await,
            Ask::Metadata { url, name } => self.file(url, name, Part::Metadata, &caller, method, headers).await,
            Ask::Archive if self.strangers == Strangers::Refuse => {
                return self.refuse(url, "the archive's name says neither project nor version, so that no source can list it");
            }
            Ask::Archive => Err(Unlisted),
            Ask::Other => return self.other(request).await,
        };
        match unlisted {
            Ok(response) => response,
            Err(Unlisted) => {
                self.record.note(Note::Undecided { what: shown(&request.url) });
                self.forward(request).await
            }
        }
    }

    /// A request for neither page nor distribution.
    async fn other(self: &Arc<Self>, request: ProxyRequest) -> Response<Body> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let known = self.names_host(&request.url);
        if !known && !self.policy.main().passes_host(&host) {
            match self.strangers {
                Strangers::Refuse => {
                    return self.refuse(&request.url, "the host is neither a source, nor a file host of one, nor in `pass`");
                }
                Strangers::Pass => self
                    .record
                    .note(Note::Passed { host: affineur_packaging::text::printable(&host, crate::limits::SHOWN_URL_BYTES) }),
            }
        }
        let url = request.url.clone();
        let for_installer = request.method == Method::GET && is_installer(&request.headers);
        let response = self.forward(if for_installer { whole(request) } else { request }).await;
        let disposition = response.headers().get(CONTENT_DISPOSITION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if names_archive(disposition) {
            return self.stranger(&url, response);
        }
        if for_installer { self.look_at(&url, response).await } else { response }
    }

    /// An archive that no source lists. Whether it passes is the strangers' rule.
    fn stranger(&self, url: &Url, response: Response<Body>) -> Response<Body> {
        if self.strangers == Strangers::Refuse {
            return self.refuse(url, "the answer is an archive that no source lists");
        }
        self.record.note(Note::Undecided { what: shown(url) });
        response
    }

    /// An answer to an installer, which takes an archive for one whatever it is called.
    async fn look_at(self: &Arc<Self>, url: &Url, response: Response<Body>) -> Response<Body> {
        let (parts, body) = response.into_parts();
        if self.strangers == Strangers::Refuse && parts.headers.contains_key(CONTENT_ENCODING) {
            return self
                .refuse(url, "the answer is compressed although that was not asked for, so that nobody can look into it");
        }
        let (gateway, at) = (Arc::clone(self), url.clone());
        let at_end = move || {
            let refused = gateway.stranger(&at, Response::new(crate::body::empty())).status() == StatusCode::FORBIDDEN;
            if refused { Err(io::Error::other("an archive that no source lists")) } else { Ok(()) }
        };
        match look_at(body, at_end).await {
            Ok(Looked { is_archive: true, body }) => self.stranger(url, Response::from_parts(parts, body)),
            Ok(Looked { is_archive: false, body }) => Response::from_parts(parts, body),
            Err(_) => super::page::status(StatusCode::BAD_GATEWAY, "the answer broke off\n".to_owned()),
        }
    }

    /// Whether the server (host and port) is a source's, or one that a source's page named for its files.
    fn names_host(&self, url: &Url) -> bool {
        let sources = self.sources();
        if sources.iter().any(|source| server(&source.url) == server(url)) {
            return true;
        }
        let naming = self.state.sources_naming_server(url).unwrap_or_default();
        let learns = self.policy.main().sources.is_empty();
        naming.iter().any(|naming| learns || sources.iter().any(|source| source.name == naming.name))
    }

    fn refuse(&self, url: &Url, why: &str) -> Response<Body> {
        self.record.note(Note::Refused { what: shown(url), why: why.to_owned() });
        Refusal::file(Class::Refused, why).response()
    }

    async fn forward(&self, request: ProxyRequest) -> Response<Body> {
        let ProxyRequest { method, url, headers, body } = request;
        match self.fetcher.forward(method, url, headers, body.map_err(io::Error::other).boxed_unsync()).await {
            Ok(response) => response,
            Err(problem) => unreachable_host(&problem),
        }
    }
}

/// The request for the whole answer, not compressed: so that it can be looked at.
fn whole(mut request: ProxyRequest) -> ProxyRequest {
    request.headers.remove(RANGE);
    request.headers.remove(IF_RANGE);
    request.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    request
}

fn caller(url: &Url, headers: &HeaderMap) -> Caller {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok()).unwrap_or_default();
    Caller {
        authorization: headers.get(AUTHORIZATION).map(|value| (url.origin(), value.clone())),
        refresh: text(CACHE_CONTROL).contains("no-cache"),
        explained_at: None,
    }
}

fn unreachable_host(problem: &crate::fetch::FetchError) -> Response<Body> {
    let refusal =
        Refusal { status: StatusCode::BAD_GATEWAY, title: "affineur cannot reach the host", detail: problem.to_string() };
    refusal.response()
}
