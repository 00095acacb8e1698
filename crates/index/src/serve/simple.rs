//! The Simple API (PEPs 503, 592, 629, 658, 691, 700, 714, 792), JSON and HTML.

use std::sync::Arc;

use affineur_packaging::ProjectName;
use affineur_packaging::page::{
    CoreMetadata, Format, PageFile, ServedFile, ServedPage, StatusMarker, Yanked, negotiate, render,
};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use url::Url;

use super::pages::{Coding, Form, Page};
use super::{Shared, answer, integrity};
use crate::limits;
use crate::store::{Project, Store, StoreError, StoredFile};

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
    let form = Form { project: name, format, coding: Coding::accepted(&headers) };
    match page(&shared, &form).await {
        Ok(Some(page)) => page.answer(&form, &headers),
        Ok(None) => answer::absent("this index has no such project"),
        Err(error) => answer::broken(&error),
    }
}

/// A page of what is published now: from memory, if the project is what it was when the page was made.
async fn page<S: Store>(shared: &Shared<S>, form: &Form) -> Result<Option<Arc<Page>>, StoreError> {
    // Asked first: what is published meanwhile makes the page newer than it says, never older.
    let version = shared.store.published().await?;
    if let Some(page) = shared.pages.find(form) {
        if page.is_of(version) {
            return Ok(Some(page));
        }
        if shared.store.serial(&form.project).await? == Some(page.serial()) {
            page.confirm(version);
            return Ok(Some(page));
        }
    }
    let Some(project) = shared.store.project(&form.project).await? else { return Ok(None) };
    let (asked, public) = (form.clone(), shared.settings.url.clone());
    let made = tokio::task::spawn_blocking(move || {
        let body = render(asked.format, &served(&public, &project)?);
        Some(Page::new(&asked, project.serial, version, body))
    });
    let page = made.await.map_err(|_| StoreError::Closed)?.map(Arc::new);
    if let Some(page) = &page {
        shared.pages.keep(form.clone(), Arc::clone(page));
    }
    Ok(page)
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

pub(super) const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

fn format(headers: &HeaderMap) -> Option<Format> {
    negotiate(headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()))
}

pub(super) const fn content_type(format: Format) -> HeaderValue {
    HeaderValue::from_static(match format {
        Format::Json => "application/vnd.pypi.simple.v1+json",
        Format::Html => "text/html; charset=utf-8",
    })
}

fn not_acceptable() -> Response {
    answer::problem(StatusCode::NOT_ACCEPTABLE, "pages are served as application/vnd.pypi.simple.v1+json and text/html")
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
