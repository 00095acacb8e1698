//! Pages as installers get them: JSON (PEPs 691, 700, 714, 740, 792) and HTML (PEPs 503, 592, 629, 658, 714, 740, 792), API
//! version 1.4.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::Serialize;

use super::{CoreMetadata, Format, ProjectStatus, ServedFile, ServedPage, StatusMarker, Yanked};
use crate::{Sha256, Version};

const API_VERSION: &str = "1.4";
/// About what one file takes; only to have the buffer large enough at once.
const BYTES_PER_FILE: usize = 768;

/// Renders a page. The same page gives the same bytes.
#[must_use]
pub fn render(format: Format, page: &ServedPage) -> Vec<u8> {
    let capacity = 1_024 + page.files.len() * BYTES_PER_FILE;
    match format {
        Format::Json => json(page, Vec::with_capacity(capacity)),
        Format::Html => html(page, String::with_capacity(capacity)).into_bytes(),
    }
}

#[derive(Serialize)]
struct JsonPage<'a> {
    meta: Meta,
    name: &'a str,
    versions: Vec<String>,
    files: Files<'a>,
    #[serde(rename = "project-status")]
    project_status: JsonStatus<'a>,
}

#[derive(Serialize)]
struct Meta {
    #[serde(rename = "api-version")]
    api_version: &'static str,
}

#[derive(Serialize)]
struct JsonStatus<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// Written one after another, never all at once in memory.
struct Files<'a>(&'a [ServedFile]);

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct JsonFile<'a> {
    filename: &'a str,
    url: &'a str,
    hashes: Hashes,
    #[serde(skip_serializing_if = "Option::is_none")]
    requires_python: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upload_time: Option<String>,
    yanked: JsonYanked<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    core_metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<&'a str>,
    #[serde(rename = "_upstream-upload-time", skip_serializing_if = "Option::is_none")]
    upstream_upload_time: Option<String>,
    #[serde(rename = "_first-seen", skip_serializing_if = "Option::is_none")]
    first_seen: Option<String>,
}

#[derive(Serialize)]
struct Hashes {
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<Sha256>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Metadata {
    Offered(bool),
    Hashes(Hashes),
}

/// An empty reason would read as "not yanked" (PEP 691: truthy), so that one is `true`.
#[derive(Serialize)]
#[serde(untagged)]
enum JsonYanked<'a> {
    Marked(bool),
    Reason(&'a str),
}

fn json(page: &ServedPage, mut buffer: Vec<u8>) -> Vec<u8> {
    let page = JsonPage {
        meta: Meta { api_version: API_VERSION },
        name: page.project.as_str(),
        versions: versions(page),
        files: Files(&page.files),
        project_status: JsonStatus { status: word(page.status.marker), reason: page.status.reason.as_deref() },
    };
    #[expect(clippy::expect_used, reason = "the buffer never fails, all keys are text, and no value can refuse")]
    serde_json::to_writer(&mut buffer, &page).expect("a page is JSON");
    buffer
}

fn href(served: &ServedFile) -> &str {
    served.href.as_deref().unwrap_or(served.file.url.as_str())
}

/// Each version once, in the order of PEP 440 (PEP 700).
fn versions(page: &ServedPage) -> Vec<String> {
    let mut versions: Vec<&Version> = page.files.iter().map(|served| served.file.name.version()).collect();
    versions.sort();
    versions.dedup();
    versions.into_iter().map(ToString::to_string).collect()
}

impl Serialize for Files<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(JsonFile::of))
    }
}

impl<'a> JsonFile<'a> {
    fn of(served: &'a ServedFile) -> Self {
        let file = &served.file;
        Self {
            filename: file.name.as_str(),
            url: href(served),
            hashes: Hashes { sha256: file.sha256 },
            requires_python: file.requires_python.as_deref(),
            size: file.size,
            upload_time: file.upload_time.map(microseconds),
            yanked: match &file.yanked {
                Yanked::No => JsonYanked::Marked(false),
                Yanked::Yes(reason) if reason.is_empty() => JsonYanked::Marked(true),
                Yanked::Yes(reason) => JsonYanked::Reason(reason),
            },
            core_metadata: match file.core_metadata {
                CoreMetadata::Absent => None,
                CoreMetadata::Offered => Some(Metadata::Offered(true)),
                CoreMetadata::Digest(digest) => Some(Metadata::Hashes(Hashes { sha256: Some(digest) })),
            },
            provenance: file.provenance.as_ref().map(url::Url::as_str),
            upstream_upload_time: served.upstream_upload_time.map(microseconds),
            first_seen: served.first_seen.map(microseconds),
        }
    }
}

/// `yyyy-mm-ddThh:mm:ss.ffffffZ`, the one form that PEP 700 allows.
fn microseconds(time: Timestamp) -> String {
    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(6));
    PRINTER.timestamp_to_string(&time)
}

const fn word(marker: StatusMarker) -> &'static str {
    match marker {
        StatusMarker::Active => "active",
        StatusMarker::Archived => "archived",
        StatusMarker::Quarantined => "quarantined",
        StatusMarker::Deprecated => "deprecated",
    }
}

fn html(page: &ServedPage, mut out: String) -> String {
    out.push_str("<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n");
    meta(&mut out, "pypi:repository-version", API_VERSION);
    let ProjectStatus { marker, reason } = &page.status;
    meta(&mut out, "pypi:project-status", word(*marker));
    if let Some(reason) = reason {
        meta(&mut out, "pypi:project-status-reason", reason);
    }
    for (before, after) in [("<title>Links for ", "</title>\n</head>\n<body>\n"), ("<h1>Links for ", "</h1>\n")] {
        out.push_str(before);
        escape(&mut out, page.project.as_str());
        out.push_str(after);
    }
    page.files.iter().for_each(|served| anchor(&mut out, served));
    out.push_str("</body>\n</html>\n");
    out
}

fn meta(out: &mut String, name: &str, content: &str) {
    out.push_str("<meta");
    attribute(out, "name", content_only(name));
    attribute(out, "content", content_only(content));
    out.push_str(">\n");
}

fn anchor(out: &mut String, served: &ServedFile) {
    let file = &served.file;
    let sha256 = file.sha256.map(|digest| digest.to_string());
    out.push_str("<a");
    let fragment = sha256.iter().flat_map(|digest| ["#sha256=", digest]);
    attribute(out, "href", std::iter::once(href(served)).chain(fragment));
    if let Some(specifiers) = &file.requires_python {
        attribute(out, "data-requires-python", content_only(specifiers));
    }
    if file.core_metadata != CoreMetadata::Absent {
        let value = match file.core_metadata {
            CoreMetadata::Digest(digest) => format!("sha256={digest}"),
            CoreMetadata::Absent | CoreMetadata::Offered => "true".to_owned(),
        };
        attribute(out, "data-core-metadata", content_only(&value));
        // The name that pip before 23.2 knows; PEP 714 wants the same value in both.
        attribute(out, "data-dist-info-metadata", content_only(&value));
    }
    if let Yanked::Yes(reason) = &file.yanked {
        attribute(out, "data-yanked", content_only(reason));
    }
    if let Some(url) = &file.provenance {
        attribute(out, "data-provenance", content_only(url.as_str()));
    }
    out.push('>');
    escape(out, file.name.as_str());
    out.push_str("</a><br>\n");
}

fn content_only(text: &str) -> std::iter::Once<&str> {
    std::iter::once(text)
}

fn attribute<'a>(out: &mut String, name: &str, value: impl Iterator<Item = &'a str>) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    value.for_each(|part| escape(out, part));
    out.push('"');
}

fn escape(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some((clean, special, after)) = rest.find(['&', '<', '>', '"', '\'']).and_then(|at| {
        let (clean, from) = rest.split_at_checked(at)?;
        let (special, after) = from.split_at_checked(1)?;
        Some((clean, special, after))
    }) {
        out.push_str(clean);
        out.push_str(match special {
            "&" => "&amp;",
            "<" => "&lt;",
            ">" => "&gt;",
            "\"" => "&quot;",
            _ => "&#39;",
        });
        rest = after;
    }
    out.push_str(rest);
}
