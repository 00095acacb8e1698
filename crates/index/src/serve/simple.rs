//! The Simple API (PEPs 503, 592, 629, 658, 691, 700, 714, 792), JSON and HTML, rendered once for each state of a project.

use std::sync::Arc;

use affineur_packaging::ProjectName;
use affineur_packaging::page::{
    CoreMetadata, Format, PageFile, ServedFile, ServedPage, StatusMarker, Yanked, negotiate, render,
};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use quick_cache::sync::Cache;
use url::Url;

use super::{Shared, answer, integrity};
use crate::limits;
use crate::store::{Project, Store, StoredFile};

/// Rendered pages by project, serial and format.
pub(super) struct Pages(Cache<(ProjectName, u64, Format), Bytes>);

impl Pages {
    pub(super) fn new() -> Self {
        Self(Cache::new(limits::PAGES_IN_MEMORY))
    }
}

pub(super) async fn redirect(Path(project): Path<String>) -> Response {
    let name = project.parse::<ProjectName>().map_or(project, |name| name.as_str().to_owned());
    let encoded = percent_encoding::utf8_percent_encode(&name, percent_encoding::NON_ALPHANUMERIC);
    Redirect::permanent(&format!("/simple/{encoded}/")).into_response()
}

pub(super) async fn project<S: Store>(
    State(shared): State<Arc<Shared<S>>>,
    Path(asked): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(format) = format(&headers) else { return not_acceptable() };
    let Ok(name) = asked.parse::<ProjectName>() else { return answer::absent("this is no project's name") };
    if name.as_str() != asked {
        return Redirect::permanent(&format!("/simple/{name}/")).into_response();
    }
    let project = match shared.store.project(&name).await {
        Ok(Some(project)) => project,
        Ok(None) => return answer::absent("this index has no such project"),
        Err(error) => return answer::broken(&error),
    };
    let serial = project.serial;
    let key = (name, serial, format);
    let page = match shared.pages.0.get(&key) {
        Some(page) => page,
        None => {
            let Some(page) = served(&shared.settings.url, &project) else {
                return answer::absent("this index has no such project");
            };
            let page = Bytes::from(render(format, &page));
            shared.pages.0.insert(key, page.clone());
            page
        }
    };
    with_validators(page, format, serial, &headers)
}

/// All projects, by name.
pub(super) async fn projects<S: Store>(State(shared): State<Arc<Shared<S>>>, headers: HeaderMap) -> Response {
    let Some(format) = format(&headers) else { return not_acceptable() };
    let mut names: Vec<ProjectName> = Vec::new();
    loop {
        match shared.store.projects(names.last(), limits::PROJECTS_AT_ONCE).await {
            Ok(more) if more.is_empty() => break,
            Ok(more) => names.extend(more.into_iter().map(|(name, _)| name)),
            Err(error) => return answer::broken(&error),
        }
    }
    let body = match format {
        Format::Json => {
            let projects: Vec<_> = names.iter().map(|name| serde_json::json!({ "name": name.as_str() })).collect();
            serde_json::json!({ "meta": { "api-version": "1.4" }, "projects": projects }).to_string()
        }
        Format::Html => {
            let links: String = names.iter().map(|name| format!("<a href=\"{name}/\">{name}</a><br>\n")).collect();
            format!(
                "<!DOCTYPE html>\n<html>\n<head><meta name=\"pypi:repository-version\" content=\"1.4\">\
                 <title>Simple index</title></head>\n<body>\n{links}</body>\n</html>\n"
            )
        }
    };
    ([(header::CONTENT_TYPE, content_type(format)), (header::CACHE_CONTROL, NO_CACHE)], body).into_response()
}

const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

fn format(headers: &HeaderMap) -> Option<Format> {
    negotiate(headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()))
}

const fn content_type(format: Format) -> HeaderValue {
    HeaderValue::from_static(match format {
        Format::Json => "application/vnd.pypi.simple.v1+json",
        Format::Html => "text/html; charset=utf-8",
    })
}

fn not_acceptable() -> Response {
    answer::problem(StatusCode::NOT_ACCEPTABLE, "pages are served as application/vnd.pypi.simple.v1+json and text/html")
}

fn with_validators(page: Bytes, format: Format, serial: u64, headers: &HeaderMap) -> Response {
    let form = match format {
        Format::Json => "json",
        Format::Html => "html",
    };
    let etag = format!("\"{serial}-{form}\"");
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = match known {
        Some(known) if known.split(',').any(|tag| tag.trim() == etag) => StatusCode::NOT_MODIFIED.into_response(),
        _ => ([(header::CONTENT_TYPE, content_type(format))], page).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, NO_CACHE);
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    response
}

/// A page as it is served: of a quarantined project without files (PEP 792).
fn served(public: &Url, project: &Project) -> Option<ServedPage> {
    let base = Url::parse("http://index.invalid/").ok()?;
    let hidden = project.status.marker == StatusMarker::Quarantined;
    let files = project.files.values().filter(|_| !hidden).filter_map(|file| served_file(public, &base, file)).collect();
    Some(ServedPage { project: project.project.clone(), files, status: project.status.clone() })
}

fn served_file(public: &Url, base: &Url, file: &StoredFile) -> Option<ServedFile> {
    let href = format!("../../files/{}/{}", file.file.project(), file.file);
    let yanked = match &file.yanked_by_index {
        Yanked::Yes(_) => &file.yanked_by_index,
        Yanked::No => &file.yanked,
    };
    let page_file = PageFile {
        name: file.file.clone(),
        url: base.join(&href).ok()?,
        sha256: Some(file.sha256),
        size: Some(file.size),
        upload_time: Some(file.uploaded),
        requires_python: file.requires_python.clone(),
        core_metadata: file.core_metadata.map_or(CoreMetadata::Absent, CoreMetadata::Digest),
        yanked: yanked.clone(),
        provenance: integrity::address(public, file),
    };
    Some(ServedFile { href: Some(href), file: page_file, upstream_upload_time: None, first_seen: None })
}
