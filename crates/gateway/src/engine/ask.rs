//! What a client's request is about: a project's page, a page of links, a distribution, its metadata, or something else.
//!
//! Only the shape is read here. Whether a page or a file belongs to a source is decided later.

use affineur_packaging::{FileName, ProjectName};
use http::header::{ACCEPT, USER_AGENT};
use http::{HeaderMap, Method};
use url::Url;

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    /// An index page. The last segment of its path, where it is a project's name, says which project; a flat page of links
    /// looks the same until its files are read.
    Page {
        /// The URL without its last segment, ending in `/`.
        index: Url,
        /// The last segment as a project's name.
        project: Option<ProjectName>,
    },
    /// A distribution's bytes.
    File {
        /// Where they are said to be.
        url: Url,
        /// The file's name, read without knowing its project.
        name: FileName,
    },
    /// The `METADATA` of a distribution (PEP 658).
    Metadata {
        /// Where the distribution is said to be.
        url: Url,
        /// The distribution's name.
        name: FileName,
    },
    /// An archive whose name says neither project nor version, such as a code host's `main.zip`.
    Archive,
    /// Anything else.
    Other,
}

/// How installers name themselves. Some ask for index pages with nothing but `Accept: text/html` (pip before 22, and
/// page-of-links requests).
const INSTALLERS: [&str; 6] = ["pip/", "uv/", "poetry/", "pdm/", "setuptools/", "pipenv/"];

impl Ask {
    /// Reads a request. `is_index` tells whether a URL is the base of a known index.
    pub(crate) fn read(method: &Method, url: &Url, headers: &HeaderMap, is_index: impl Fn(&Url) -> bool) -> Self {
        if method != Method::GET && method != Method::HEAD {
            return Self::Other;
        }
        let segments: Vec<&str> = url.path_segments().map(Iterator::collect).unwrap_or_default();
        let last = segments.iter().rev().find(|segment| !segment.is_empty()).copied().unwrap_or_default();
        let ends_in_slash = url.path().ends_with('/');
        let page = || {
            let index = parent(url);
            let is_page = asks_for_page(headers) || is_index(&index);
            is_page.then(|| Self::Page { index, project: decode(last).parse().ok() })
        };
        // Installers take `/x.whl/` for a file too, when they do not ask for a page.
        let asked = if ends_in_slash { page().or_else(|| Self::file(url, last)) } else { Self::file(url, last).or_else(page) };
        asked.unwrap_or(Self::Other)
    }

    fn file(url: &Url, last: &str) -> Option<Self> {
        let text = decode(last);
        if let Some(distribution) = text.strip_suffix(".metadata")
            && let Ok(name) = distribution.parse()
        {
            return Some(Self::Metadata { url: without_metadata(url, &name), name });
        }
        if let Ok(name) = text.parse() {
            return Some(Self::File { url: without_fragment(url), name });
        }
        affineur_packaging::names_archive(&text).then_some(Self::Archive)
    }
}

/// Whether an answer that was named by its `Content-Disposition` is an archive that installers install from.
pub(crate) fn names_archive(disposition: &str) -> bool {
    disposition.split([';', '"', '\'', '=', ' ', ',']).any(affineur_packaging::names_archive)
}

/// Whether an installer asks, and not what it starts (git, cargo, a build's own tools).
pub(crate) fn is_installer(headers: &HeaderMap) -> bool {
    let agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    INSTALLERS.iter().any(|installer| agent.starts_with(installer))
}

/// Whether this installer prints the answer to a page that it cannot have.
pub(crate) fn prints_refused_pages(headers: &HeaderMap) -> bool {
    headers.get(USER_AGENT).is_some_and(|agent| agent.as_bytes().starts_with(b"uv/"))
}

fn asks_for_page(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let accept = text(ACCEPT);
    accept.contains("application/vnd.pypi.simple") || (accept.contains("text/html") && is_installer(headers))
}

/// `https://host/simple/name/` and `https://host/simple/name` → `https://host/simple/`.
fn parent(url: &Url) -> Url {
    let mut parent = url.clone();
    parent.set_query(None);
    parent.set_fragment(None);
    if let Ok(mut segments) = parent.path_segments_mut() {
        segments.pop_if_empty().pop().push("");
    }
    parent
}

fn without_fragment(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    url
}

fn without_metadata(url: &Url, name: &FileName) -> Url {
    let mut wheel = without_fragment(url);
    let path = url.path().trim_end_matches('/');
    wheel.set_path(path);
    match path.strip_suffix(".metadata") {
        Some(path) => wheel.set_path(path),
        // Some of its letters are escaped: the name itself has none that must be.
        None => {
            if let Ok(mut segments) = wheel.path_segments_mut() {
                segments.pop().push(name.as_str());
            }
        }
    }
    wheel
}

fn decode(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str, accept: &str, agent: &str) -> Ask {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        headers.insert(USER_AGENT, agent.parse().unwrap());
        Ask::read(&Method::GET, &url.parse().unwrap(), &headers, |index| index.as_str() == "https://known.example/simple/")
    }

    const PIP: &str = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01";

    #[test]
    fn pages_are_known_by_what_installers_accept() {
        let page = Ask::Page { index: "https://index.example/simple/".parse().unwrap(), project: "a-b".parse().ok() };
        assert_eq!(read("https://index.example/simple/A_b/", PIP, "x"), page);
        assert_eq!(read("https://index.example/simple/a-b", PIP, "x"), page);
        assert_eq!(read("https://index.example/simple/a-b/", "text/html", "pip/18.1 {}"), page);
        assert_eq!(read("https://index.example/simple/a-b/", "text/html", "Mozilla"), Ask::Other);
        assert!(matches!(read("https://known.example/simple/a/", "*/*", "curl/8"), Ask::Page { .. }));
    }

    #[test]
    fn files_are_known_by_their_names() {
        let name: FileName = "a-1-py3-none-any.whl".parse().unwrap();
        let url: Url = "https://files.example/x/a-1-py3-none-any.whl".parse().unwrap();
        assert_eq!(read(&format!("{url}#sha256=00"), "*/*", "pip/26"), Ask::File { url: url.clone(), name: name.clone() });
        assert_eq!(read(&format!("{url}.metadata"), PIP, "pip/26"), Ask::Metadata { url: url.clone(), name });
        for odd in [".metadata//", "%2Emetadata", "%2Emetadata/"] {
            let plain = read(&format!("{url}.metadata"), "*/*", "pip/26");
            assert_eq!(read(&format!("{url}{odd}"), "*/*", "pip/26"), plain, "{odd}");
        }
        assert_eq!(read("https://git.example/o/r/archive/main.zip", "*/*", "pip/26"), Ask::Archive);
        for odd in ["a-1-py3-none-any.whl/", "a-1-py3-none-any%2Ewhl//", "a-1.tgz/"] {
            assert!(matches!(read(&format!("https://files.example/{odd}"), "*/*", "pip/26"), Ask::File { .. }), "{odd}");
        }
        for odd in ["a.WHL", "a.tar/", "a-1.tbz", "b%2Fa-1.zip", "a-1.tar.lzma"] {
            assert_eq!(read(&format!("https://files.example/{odd}"), "*/*", "pip/26"), Ask::Archive, "{odd}");
        }
        assert!(matches!(read("https://index.example/simple/a.zip/", PIP, "pip/26"), Ask::Page { .. }));
        assert_eq!(read("https://git.example/o/r.git/info/refs?service=git-upload-pack", "*/*", "git/2"), Ask::Other);
    }

    #[test]
    fn an_upload_is_neither_page_nor_file() {
        let url = "https://index.example/legacy/".parse().unwrap();
        assert_eq!(Ask::read(&Method::POST, &url, &HeaderMap::new(), |_| true), Ask::Other);
    }

    #[test]
    fn a_downloads_name_is_read_from_its_disposition() {
        assert!(names_archive("attachment; filename=\"a-1-py3-none-any.whl\""));
        assert!(names_archive("attachment; filename=a-1.tar.gz"));
        assert!(names_archive("attachment; filename=a-1.TAR; size=3"));
        assert!(!names_archive("inline; filename=\"page.html\""));
    }
}
