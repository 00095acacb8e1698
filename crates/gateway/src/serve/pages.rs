//! What the service shows: project pages, files, explanations, and how to point installers at it.

use std::fmt::Write as _;
use std::sync::Arc;

use affineur_packaging::page::negotiate;
use affineur_packaging::{FileName, ProjectName, Requirement};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use url::Url;

use super::plain;
use crate::body::{Body, full};
use crate::engine::{Asked, Gateway, PolicyStatus, WhyAnswer, WhyFile};

/// Which installer is to be pointed at a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the programs")]
pub enum Installer {
    Pip,
    Uv,
    Poetry,
}

/// What to put where, so that `installer` uses the index at `simple`.
#[must_use]
pub fn client_config(installer: Installer, simple: &Url) -> String {
    match installer {
        Installer::Pip => {
            format!("# pip.conf ([global] section), or PIP_INDEX_URL in the environment\n[global]\nindex-url = {simple}\n")
        }
        Installer::Uv => format!(
            "# uv.toml, or [[tool.uv.index]] in pyproject.toml, or UV_DEFAULT_INDEX in the environment\n[[index]]\nurl = \"{simple}\"\ndefault = true\n"
        ),
        Installer::Poetry => format!(
            "# pyproject.toml\n[[tool.poetry.source]]\nname = \"affineur\"\nurl = \"{simple}\"\npriority = \"primary\"\n"
        ),
    }
}

pub(super) async fn project(
    gateway: &Arc<Gateway>,
    text: &str,
    slash: bool,
    method: &Method,
    headers: &HeaderMap,
) -> Response<Body> {
    let Ok(project) = text.parse::<ProjectName>() else { return plain(StatusCode::NOT_FOUND, "this is no project name\n") };
    if project.as_str() != text || !slash {
        let mut response = plain(StatusCode::MOVED_PERMANENTLY, "the page is at the project's normalised name\n");
        if let Ok(location) = HeaderValue::from_str(&format!("/simple/{project}/")) {
            response.headers_mut().insert(LOCATION, location);
        }
        return response;
    }
    gateway.serve_page(&project, method, headers).await
}

pub(super) async fn file(
    gateway: &Arc<Gateway>,
    project: &str,
    file: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Response<Body> {
    let Ok(project) = project.parse::<ProjectName>() else { return plain(StatusCode::NOT_FOUND, "this is no project name\n") };
    let decoded = percent_encoding::percent_decode_str(file).decode_utf8_lossy();
    let (text, metadata) = match decoded.strip_suffix(".metadata") {
        Some(distribution) => (distribution, true),
        None => (decoded.as_ref(), false),
    };
    match FileName::of_project(text, &project) {
        Ok(name) => gateway.serve_file(&project, &name, metadata, method, headers).await,
        Err(_) => plain(StatusCode::NOT_FOUND, "this is no distribution's file name\n"),
    }
}

/// The projects that this gateway has seen. It never asks an upstream for all of its projects.
pub(super) fn projects(gateway: &Gateway, headers: &HeaderMap) -> Response<Body> {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    let Some(format) = negotiate(accept) else { return plain(StatusCode::NOT_ACCEPTABLE, "pages are JSON or HTML\n") };
    let projects = gateway.state().projects().unwrap_or_default();
    let body = match format {
        affineur_packaging::page::Format::Json => {
            let projects: Vec<_> = projects.iter().map(|name| serde_json::json!({ "name": name })).collect();
            serde_json::json!({ "meta": { "api-version": "1.4" }, "projects": projects }).to_string()
        }
        affineur_packaging::page::Format::Html => {
            let mut html = "<!DOCTYPE html>\n<html><head><meta name=\"pypi:repository-version\" content=\"1.4\"><title>Simple index</title></head><body>\n".to_owned();
            for name in projects {
                let _ = writeln!(html, "<a href=\"{name}/\">{name}</a>");
            }
            html + "</body></html>\n"
        }
    };
    typed(format.media_type(), body)
}

pub(super) async fn why(gateway: &Arc<Gateway>, project: &str, version: Option<&str>, headers: &HeaderMap) -> Response<Body> {
    let text = version.map_or_else(|| project.to_owned(), |version| format!("{project}=={version}"));
    let Ok(requirement) = text.parse::<Requirement>() else {
        return plain(StatusCode::BAD_REQUEST, "expected /why/<project>/<version>\n");
    };
    let answer = gateway.why(&requirement, Asked::AsUsual).await;
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains("application/json") {
        return match serde_json::to_string(&answer) {
            Ok(json) => typed("application/json", json),
            Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be written; this is a bug\n"),
        };
    }
    if accept.contains("text/html") {
        return typed("text/html; charset=utf-8", html(&answer));
    }
    typed("text/plain; charset=utf-8", answer.to_string())
}

pub(super) fn front(gateway: &Gateway, policy: &PolicyStatus) -> Response<Body> {
    let refused = policy.refused.as_ref().map(|why| format!("refused        {why}\n")).unwrap_or_default();
    let text = format!(
        "affineur gateway {}, mode {:?}\n\npolicy         sha256:{}, in force since {:.0}\n{refused}\nindex          /simple/\nexplanations   /why/<project>/<version>\nhealth         /health/live  /health/ready\n\nHow to use it: affineur gateway client-config pip|uv|poetry\n",
        env!("CARGO_PKG_VERSION"),
        gateway.mode(),
        policy.sha256,
        policy.since,
    );
    plain(StatusCode::OK, text)
}

fn html(answer: &WhyAnswer) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>why {0}</title><style>body{{font:16px/1.5 system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem}}table{{border-collapse:collapse;width:100%}}td,th{{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-top:1px solid #8884}}code{{font-size:.9em}}@media(prefers-color-scheme:dark){{body{{background:#111;color:#ddd}}}}</style></head><body><h1>{0}</h1>\n",
        escape(answer.project.as_str())
    );
    for source in &answer.sources {
        if let Some(name) = &source.source {
            let _ = write!(page, "<h2>from {}</h2>", escape(name.as_str()));
        }
        if let Some(problem) = &source.problem {
            let _ = write!(page, "<p>{}</p>", escape(problem));
        }
        page.push_str("<table><tr><th>file<th>decision<th>reasons<th>what would change it</tr>\n");
        source.files.iter().for_each(|file| row(&mut page, file));
        page.push_str("</table>\n");
    }
    page + "</body></html>\n"
}

fn row(page: &mut String, file: &WhyFile) {
    let reasons: Vec<String> = file.reasons.iter().map(|reason| escape(&reason.to_string())).collect();
    let account = file.account.as_ref().map(|account| format!("<pre>{}</pre>", escape(&account.to_string())));
    let remedies: Vec<String> = file.remedies.iter().map(|remedy| escape(remedy)).collect();
    let _ = writeln!(
        page,
        "<tr><td><code>{}</code><td>{}<td>{}{}<td>{}</tr>",
        escape(file.file.as_str()),
        file.outcome,
        reasons.join("<br>"),
        account.unwrap_or_default(),
        remedies.join("<br>")
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn typed(media_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(full(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
