//! What both formats have in common: entries become files, once, by the same rules.

use std::borrow::Cow;

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use url::Url;

use super::{CoreMetadata, Dropped, PageError, PageFile, ProjectPage, ProjectStatus, StatusMarker, Yanked};
use crate::{FileName, ProjectName, Sha256, limits, text};

/// Longest reference to a URL, with `#` and a fragment.
pub(super) const REFERENCE_BYTES: usize = limits::URL_BYTES + 1 + limits::FRAGMENT_BYTES;

/// One entry as a page has it, nothing judged yet.
pub(super) struct Entry<'a> {
    pub(super) label: Label<'a>,
    pub(super) url: &'a str,
    pub(super) sha256: Option<Cow<'a, str>>,
    pub(super) size: Option<u64>,
    pub(super) upload_time: Option<Timestamp>,
    pub(super) requires_python: Option<String>,
    pub(super) core_metadata: CoreMetadata,
    pub(super) yanked: Yanked,
    pub(super) provenance: Option<Cow<'a, str>>,
}

/// Where a format says the file's name.
pub(super) enum Label<'a> {
    /// A key of its own (JSON).
    FileName(&'a str),
    /// An anchor's text (HTML). It counts only where the URL does not end in a file name.
    Text(&'a str),
}

/// Why an entry is not kept.
enum Refusal {
    Unreadable,
    BadUrl,
}

/// Collects the entries of one page.
pub(super) struct Collector<'a> {
    base: Url,
    project: Option<&'a ProjectName>,
    files: Vec<PageFile>,
    dropped: Dropped,
}

impl<'a> Collector<'a> {
    pub(super) fn new(base: &Url, project: Option<&'a ProjectName>) -> Self {
        let mut base = base.clone();
        // Both fail only for URLs that cannot have a user at all.
        let _ = base.set_username("");
        let _ = base.set_password(None);
        Self { base, project, files: Vec::new(), dropped: Dropped::default() }
    }

    pub(super) const fn project(&self) -> Option<&'a ProjectName> {
        self.project
    }

    /// Resolves later URLs against HTML's `<base href>`; one that is no URL is ignored, as browsers do.
    pub(super) fn rebase(&mut self, href: &str) {
        if let Ok(base) = self.base.join(href) {
            self.base = base;
        }
    }

    /// Takes one entry. The formats count them while they read, so that too many never are in memory.
    pub(super) fn push(&mut self, entry: Entry<'_>) {
        match self.read(entry) {
            Ok(file) => self.files.push(file),
            Err(Refusal::Unreadable) => self.dropped.unreadable += 1,
            Err(Refusal::BadUrl) => self.dropped.bad_url += 1,
        }
    }

    /// Counts entries that could not even be read as entries.
    pub(super) fn drop_unreadable(&mut self, entries: u32) {
        self.dropped.unreadable += entries;
    }

    pub(super) fn finish(mut self, status: ProjectStatus) -> ProjectPage {
        (self.files, self.dropped.conflicting) = each_name_once(self.files);
        ProjectPage { files: self.files, status, dropped: self.dropped }
    }

    fn read(&self, entry: Entry<'_>) -> Result<PageFile, Refusal> {
        let (url, fragment) = self.resolve(entry.url).ok_or(Refusal::BadUrl)?;
        let last = last_segment(&url);
        let name = match entry.label {
            Label::FileName(name) => name,
            Label::Text(_) if looks_installable(&last) => &last,
            Label::Text(text) => text,
        };
        let name = match self.project {
            Some(project) => FileName::of_project(name, project),
            None => name.parse(),
        }
        .map_err(|_| Refusal::Unreadable)?;
        if last != name.as_str() && looks_installable(&last) {
            return Err(Refusal::BadUrl);
        }
        let sha256 = one_digest(entry.sha256.as_deref(), &fragment).ok_or(Refusal::Unreadable)?;
        Ok(PageFile {
            name,
            url,
            sha256,
            size: entry.size,
            upload_time: entry.upload_time,
            requires_python: entry.requires_python.as_deref().map(text::free_text),
            core_metadata: entry.core_metadata,
            yanked: match entry.yanked {
                Yanked::No => Yanked::No,
                Yanked::Yes(reason) => Yanked::Yes(text::free_text(&reason)),
            },
            provenance: entry.provenance.and_then(|url| self.resolve(&url)).map(|(url, _)| url),
        })
    }

    /// The absolute URL without its fragment, and the fragment.
    fn resolve(&self, text: &str) -> Option<(Url, String)> {
        if text.len() > REFERENCE_BYTES {
            return None;
        }
        let mut url = self.base.join(text).ok()?;
        let fragment = url.fragment().unwrap_or_default().to_owned();
        url.set_fragment(None);
        let plain = url.username().is_empty() && url.password().is_none();
        let short = url.as_str().len() <= limits::URL_BYTES && fragment.len() <= limits::FRAGMENT_BYTES;
        (plain && short && matches!(url.scheme(), "http" | "https")).then_some((url, fragment))
    }
}

/// Keeps each name once, in order; returns the first of those that stand there more than once and differently apart. Sorted rather than
/// hashed, so that nothing depends on what names an attacker chooses.
fn each_name_once(files: Vec<PageFile>) -> (Vec<PageFile>, Vec<PageFile>) {
    let mut order: Vec<(usize, &PageFile)> = files.iter().enumerate().collect();
    order.sort_by_key(|(position, file)| (file.name.as_str(), *position));
    let mut keep = vec![true; files.len()];
    let mut conflicting = Vec::new();
    for same in order.chunk_by(|(_, one), (_, other)| one.name == other.name) {
        let [(first, file), others @ ..] = same else { continue };
        let conflict = others.iter().any(|(_, other)| other != file);
        if conflict {
            conflicting.push((*first, (*file).clone()));
        }
        let lost = others.iter().map(|(position, _)| *position).chain(conflict.then_some(*first));
        lost.for_each(|position| keep.get_mut(position).into_iter().for_each(|keep| *keep = false));
    }
    conflicting.sort_by_key(|(position, _)| *position);
    let files = files.into_iter().zip(keep).filter_map(|(file, keep)| keep.then_some(file)).collect();
    (files, conflicting.into_iter().map(|(_, file)| file).collect())
}

/// The last segment of a URL's path, decoded as pip does it: the path first, then what follows its last slash once more.
fn last_segment(url: &Url) -> String {
    let path = percent_decode_str(url.path()).decode_utf8_lossy();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    percent_decode_str(last).decode_utf8_lossy().into_owned()
}

/// Whether some installer would take a file of this name, whatever else the page calls it. Broader than [`FileName`].
fn looks_installable(name: &str) -> bool {
    const ENDINGS: [&str; 16] =
        ["whl", "egg", "zip", "tar", "gz", "tgz", "bz2", "tbz", "tbz2", "xz", "txz", "lz", "lzma", "tlz", "zst", "z"];
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// The one digest that an entry says, in a key of its own or in the URL's fragment (`#sha256=…`). Other algorithms are ignored.
/// `None` when one is malformed or two differ.
fn one_digest(key: Option<&str>, fragment: &str) -> Option<Option<Sha256>> {
    let in_fragment = fragment.split('&').filter_map(|part| part.strip_prefix("sha256="));
    let mut one = None;
    for digest in key.into_iter().chain(in_fragment) {
        let digest = digest.parse().ok()?;
        if *one.get_or_insert(digest) != digest {
            return None;
        }
    }
    Some(one)
}

/// PEP 792's words, as both formats say them.
pub(super) fn status(marker: Option<&str>, reason: Option<&str>) -> ProjectStatus {
    let marker = match marker {
        Some("archived") => StatusMarker::Archived,
        Some("quarantined") => StatusMarker::Quarantined,
        Some("deprecated") => StatusMarker::Deprecated,
        _ => StatusMarker::Active,
    };
    ProjectStatus { marker, reason: reason.map(text::free_text) }
}

/// Accepts API versions 1.x (PEP 629).
pub(super) fn check_api_version(version: &str) -> Result<(), PageError> {
    if version.split('.').next() == Some("1") {
        Ok(())
    } else {
        Err(PageError::ApiVersion(text::printable(version, limits::QUOTED_BYTES)))
    }
}
