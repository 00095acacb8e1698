//! Simple API pages: parsed from what an upstream sent, rendered for installers.
//!
//! Parsing keeps what installers use and drops what cannot be read: one file name that nobody can parse does not hide the
//! other files of a project (the number of those dropped is kept). What is ambiguous is an error or a refused file, never a
//! guess: the same file name twice with different contents is dropped and counted as conflicting.
//!
//! This module must never fetch anything, and must never let through text that could write on a terminal.

mod collect;
mod html;
mod json;
mod negotiate;
mod render;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use url::Url;

use crate::{FileName, ProjectName, Sha256};

pub use negotiate::{accepts_coding, negotiate};
pub use render::render;

/// One project's page as an index sent it. Nothing in it has been verified.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectPage {
    /// The files, each file name once, in the page's order.
    pub files: Vec<PageFile>,
    /// What the index says about the project as a whole (PEP 792).
    pub status: ProjectStatus,
    /// What was on the page and is not in `files`.
    pub dropped: Dropped,
}

/// Entries of a page that were not kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dropped {
    /// Entries whose file name is no wheel's or source distribution's name or belongs to another project, or whose SHA-256 is
    /// malformed or said twice differently.
    pub unreadable: u32,
    /// Entries whose URL is malformed, too long, neither http nor https, has a user or password in it, or ends in another
    /// distribution's file name than the entry's (installers differ in which of the two they believe).
    pub bad_url: u32,
    /// File names that stood on the page more than once and not identically (another URL, digest, size, yank, …): none of them
    /// is kept.
    pub conflicting: Vec<PageFile>,
}

/// One file on a project's page.
#[derive(Debug, Clone, PartialEq)]
pub struct PageFile {
    /// Its name.
    pub name: FileName,
    /// Where its bytes are: absolute, http or https, without fragment.
    pub url: Url,
    /// Its SHA-256, where the page says one.
    pub sha256: Option<Sha256>,
    /// Its size in bytes (PEP 700).
    pub size: Option<u64>,
    /// When it was uploaded, as the index claims (PEP 700). A claim, never evidence.
    pub upload_time: Option<Timestamp>,
    /// Its `Requires-Python`, not interpreted.
    pub requires_python: Option<String>,
    /// Whether its `METADATA` is served beside it (PEP 658, 714).
    pub core_metadata: CoreMetadata,
    /// Whether it was yanked (PEP 592).
    pub yanked: Yanked,
    /// Where its provenance is (PEP 740).
    pub provenance: Option<Url>,
}

/// Whether `{url}.metadata` exists (PEP 658, 714).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CoreMetadata {
    /// It is not offered.
    #[default]
    Absent,
    /// It is offered, its digest is not said.
    Offered,
    /// It is offered with this digest.
    Digest(Sha256),
}

/// Whether a file was yanked (PEP 592).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Yanked {
    /// It was not.
    #[default]
    No,
    /// It was, with this reason (may be empty). Text of whoever wrote the page.
    Yes(String),
}

/// What an index says about a project (PEP 792).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProjectStatus {
    /// The marker.
    pub marker: StatusMarker,
    /// Why. Text of whoever wrote the page.
    pub reason: Option<String>,
}

/// The markers of PEP 792. Any other word on a page counts as active, as the PEP says of a missing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the words of PEP 792")]
pub enum StatusMarker {
    #[default]
    Active,
    Archived,
    Quarantined,
    Deprecated,
}

/// Which of the two forms of the Simple API a page is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// `application/vnd.pypi.simple.v1+json` (PEP 691).
    Json,
    /// `text/html` (PEP 503).
    Html,
}

/// Why a page cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// Not JSON, or not the shape of PEP 691.
    #[error("the page is not a PEP 691 page: {0}")]
    Json(String),
    /// Its API version has another major number than 1 (PEP 629).
    #[error("the page's API version is {0}, expected 1.x")]
    ApiVersion(String),
    /// It names another project than the one that was asked for.
    #[error("the page is for another project")]
    OtherProject,
    /// More than [`limits::PAGE_FILES`](crate::limits::PAGE_FILES) entries.
    #[error("the page has more than {} files", crate::limits::PAGE_FILES)]
    TooManyFiles,
    /// Not text in UTF-8.
    #[error("the page is not UTF-8")]
    NotUtf8,
}

/// Parses one project's page. `base` is the URL that it came from, for relative URLs (a user and password in it are not passed
/// on to them); `project` the one that was asked for. Files of other projects are dropped.
///
/// # Errors
/// See [`PageError`].
pub fn parse(format: Format, body: &[u8], base: &Url, project: &ProjectName) -> Result<ProjectPage, PageError> {
    read(format, body, collect::Collector::new(base, Some(project)))
}

/// Parses a flat page of links (pip's `--find-links`): files of many projects, each named by its own file name.
///
/// # Errors
/// See [`PageError`].
pub fn parse_links(format: Format, body: &[u8], base: &Url) -> Result<ProjectPage, PageError> {
    read(format, body, collect::Collector::new(base, None))
}

fn read(format: Format, body: &[u8], collector: collect::Collector<'_>) -> Result<ProjectPage, PageError> {
    let text = std::str::from_utf8(body).map_err(|_| PageError::NotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match format {
        Format::Json => json::read(text, collector),
        Format::Html => html::read(text, collector),
    }
}

/// A page that is about to be rendered for an installer.
///
/// The private keys (`_upstream-upload-time`, `_first-seen`) are PEP 700's underscore keys, in JSON only.
#[derive(Debug, Clone, PartialEq)]
pub struct ServedPage {
    /// The project.
    pub project: ProjectName,
    /// Its files, in order.
    pub files: Vec<ServedFile>,
    /// What is said about the project as a whole.
    pub status: ProjectStatus,
}

/// One file of a [`ServedPage`].
#[derive(Debug, Clone, PartialEq)]
pub struct ServedFile {
    /// Where installers find it, where that is not `file.url`: a relative or absolute reference.
    pub href: Option<String>,
    /// What installers see. Its `upload_time` is the time that the policy used.
    pub file: PageFile,
    /// What the upstream claimed as upload time.
    pub upstream_upload_time: Option<Timestamp>,
    /// When this gateway first saw the file.
    pub first_seen: Option<Timestamp>,
}
