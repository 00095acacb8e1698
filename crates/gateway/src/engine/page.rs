//! Answers for project pages and flat pages of links.

use std::sync::Arc;

use affineur_packaging::ProjectName;
use affineur_packaging::page::{accepts_coding, negotiate};
use affineur_trust::Class;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
    WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use url::Url;

use super::ask::prints_refused_pages;
use super::refusal::Refusal;
use super::resolve::{Caller, Listing, Unauthorized};
use super::view::{Encoding, Links, ProjectView};
use super::{Gateway, Note, Strangers};
use crate::body::{Body, empty, full};
use crate::limits;

impl Gateway {
    /// A page that an installer asks for at `url`: below `index`, and for `project` where its last segment names one.
    pub(crate) async fn page(
        &self,
        url: &Url,
        index: &Url,
        project: Option<&ProjectName>,
        caller: &Caller,
        method: &Method,
        headers: &HeaderMap,
    ) -> Response<Body> {
        let Some(project) = project else { return self.strangers_page(url, method, headers, caller).await };
        let listing = if !self.names_sources_of(project) {
            self.listing_at(&self.learn_source_at(index), project, caller).await
        } else if self.source_at(index).is_some() {
            self.listing(project, caller).await
        } else {
            return self.strangers_page(url, method, headers, caller).await;
        };
        self.listing_response(project.as_str(), listing, Links::Upstream, method, headers).await
    }

    /// The answer for a listing.
    pub(crate) async fn listing_response(
        &self,
        name: &str,
        listing: Listing,
        links: Links,
        method: &Method,
        headers: &HeaderMap,
    ) -> Response<Body> {
        match listing {
            Listing::View(view) => view_response(view, links, method, headers).await,
            Listing::Absent => status(StatusCode::NOT_FOUND, format!("no source has {name}\n")),
            Listing::Unauthorized(demand) => {
                self.record.note(Note::Unauthorized { what: name.to_owned(), status: demand.status.as_u16() });
                unauthorized(demand)
            }
        }
    }

    /// A page of no source. Whether it may be seen is the strangers' rule.
    async fn strangers_page(&self, url: &Url, method: &Method, headers: &HeaderMap, caller: &Caller) -> Response<Body> {
        match self.strangers {
            Strangers::Refuse => {
                let why = "the page belongs to no source of the policy";
                self.record.note(Note::Refused { what: shown(url), why: why.into() });
                Refusal::page(Class::Refused, why).response()
            }
            Strangers::Pass => {
                let listing = self.links_at(url, caller).await;
                self.listing_response("this page", listing, Links::Upstream, method, headers).await
            }
        }
    }
}

/// The bytes of a view in the form that the client accepts.
pub(crate) async fn view_response(
    view: Arc<ProjectView>,
    links: Links,
    method: &Method,
    headers: &HeaderMap,
) -> Response<Body> {
    // uv prints why there is no page. With names it would install what it has in a cache of its own, and what is not vouched for
    // now must not be installed.
    let without_names = view.files.is_empty() || (view.source.signs() && prints_refused_pages(headers));
    if let Some((class, why)) = view.unverified.as_ref().filter(|_| without_names) {
        return Refusal::page(*class, format!("{}: {why}", view.source.name)).response();
    }
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let Some(format) = negotiate(text(ACCEPT)) else {
        return status(StatusCode::NOT_ACCEPTABLE, "pages are application/vnd.pypi.simple.v1+json or text/html\n".to_owned());
    };
    let encoding = encoding(text(ACCEPT_ENCODING).unwrap_or_default());
    let form = if view.files.len() <= limits::SMALL_VIEW_FILES || view.has_form(format, encoding) {
        view.form(format, encoding, links).clone()
    } else {
        // Rendering and compressing a large page takes milliseconds of computing: not on a thread that serves others.
        let view = Arc::clone(&view);
        match tokio::task::spawn_blocking(move || view.form(format, encoding, links).clone()).await {
            Ok(form) => form,
            Err(_) => {
                return status(StatusCode::INTERNAL_SERVER_ERROR, "the page could not be rendered; this is a bug\n".to_owned());
            }
        }
    };
    let unchanged = text(IF_NONE_MATCH).is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == form.etag));
    let mut response = Response::new(if unchanged || method == Method::HEAD { empty() } else { full(form.body.clone()) });
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let answer = response.headers_mut();
    answer.insert(CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    answer.insert(ETAG, form.etag);
    answer.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    answer.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    match encoding {
        Encoding::Identity => {}
        Encoding::Gzip => drop(answer.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"))),
        Encoding::Zstd => drop(answer.insert(CONTENT_ENCODING, HeaderValue::from_static("zstd"))),
    }
    if !unchanged {
        answer.insert(CONTENT_LENGTH, HeaderValue::from(form.body.len()));
    }
    response
}

/// The best encoding that a client names.
fn encoding(accepted: &str) -> Encoding {
    if accepts_coding(accepted, "zstd") {
        Encoding::Zstd
    } else if accepts_coding(accepted, "gzip") {
        Encoding::Gzip
    } else {
        Encoding::Identity
    }
}

pub(crate) fn unauthorized(demand: Unauthorized) -> Response<Body> {
    let mut response = status(demand.status, "the index asks for credentials\n".to_owned());
    if let Some(challenge) = demand.www_authenticate {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

/// A plain answer.
pub(crate) fn status(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A URL as it may be shown: without credentials, query and fragment, printable.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    affineur_packaging::text::printable(url.as_str(), crate::limits::SHOWN_URL_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_chosen_as_clients_ask() {
        assert_eq!(encoding("gzip, deflate, zstd"), Encoding::Zstd);
        assert_eq!(encoding("gzip, deflate"), Encoding::Gzip);
        assert_eq!(encoding("identity"), Encoding::Identity);
        assert_eq!(encoding("zstd;q=0, gzip;q=0.5"), Encoding::Gzip);
        assert_eq!(encoding(""), Encoding::Identity);
    }

    #[test]
    fn a_shown_url_has_no_secret() {
        let url: Url = "https://user:secret@index.example/simple/?token=secret#secret".parse().unwrap();
        assert_eq!(shown(&url), "https://index.example/simple/");
    }
}
