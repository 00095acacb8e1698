//! What the service asks: pages with links below its own address, and files by project and name.
//!
//! A caller's credentials are for the gateway, never for an upstream: the gateway uses its own.

use std::sync::{Arc, PoisonError};

use affineur_packaging::{FileName, ProjectName};
use affineur_trust::Class;
use http::header::HOST;
use http::{HeaderMap, Method, Response, StatusCode};

use super::Gateway;
use super::file::{Listed, Part};
use super::refusal::Refusal;
use super::resolve::{Caller, Listing};
use super::view::Links;
use crate::body::Body;
use crate::limits;

impl Gateway {
    /// A project's page with links below this gateway's own address.
    pub async fn serve_page(&self, project: &ProjectName, method: &Method, headers: &HeaderMap) -> Response<Body> {
        let listing = self.served_listing(project).await;
        self.listing_response(project.as_str(), listing, Links::Own, method, headers).await
    }

    /// A file of a project, or its metadata, by name.
    pub async fn serve_file(
        self: &Arc<Self>,
        project: &ProjectName,
        name: &FileName,
        metadata: bool,
        method: &Method,
        headers: &HeaderMap,
    ) -> Response<Body> {
        let part = if metadata { Part::Metadata } else { Part::Bytes };
        let view = match self.served_listing(project).await {
            Listing::View(view) => view,
            Listing::Absent => return super::page::status(StatusCode::NOT_FOUND, format!("no source has {project}\n")),
            Listing::Unauthorized(_) => {
                return Refusal::file(Class::Undecided, "the index wants credentials that this gateway does not have")
                    .response();
            }
        };
        let Some(file) = view.file(name.as_str()) else {
            return match &view.unverified {
                Some((class, problem)) => Refusal::file(*class, format!("{}: {problem}", view.source.name)).response(),
                None => super::page::status(StatusCode::NOT_FOUND, format!("{} lists no {name}\n", view.source.name)),
            };
        };
        let (source, project) = (view.source.clone(), view.project.clone());
        let listed = Listed { source, project, page: view.page_url.clone(), file: file.clone() };
        let caller = Caller { explained_at: Some(explained_at(headers)), ..Caller::default() };
        self.answer(listed, part, &caller, method, headers).await
    }

    async fn served_listing(&self, project: &ProjectName) -> Listing {
        let caller = Caller::default();
        if self.names_sources_of(project) {
            return self.listing(project, &caller).await;
        }
        let first = self.sources.read().unwrap_or_else(PoisonError::into_inner).first().cloned();
        let Some(source) = first else { return Listing::Absent };
        match self.listing_at(&source, project, &caller).await {
            Listing::Unauthorized(_) => {
                Listing::View(self.unheard(&source, project, "it wants credentials that this gateway does not have").await)
            }
            listing => listing,
        }
    }
}

/// Where this gateway explains, as the client reached it; a path alone where the client does not say in a form that may be shown.
fn explained_at(headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    let usable = !host.is_empty() && host.len() <= limits::SHOWN_HOST_BYTES && host.bytes().all(plain);
    if usable { format!("http://{host}/why/") } else { "/why/".to_owned() }
}
