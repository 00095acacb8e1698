//! What several targets check.

use affineur_packaging::page::{Dropped, Format, PageFile, ProjectPage, ServedFile, ServedPage, parse, parse_links, render};
use affineur_packaging::{ProjectName, limits};
use jiff::Timestamp;
use url::Url;

/// Parses bytes as a page, of one project and as a flat list; whatever is kept must keep every promise, and must read the same
/// after it was rendered.
pub fn check_page(format: Format, body: &[u8]) {
    let base: Url = "https://index.example/simple/foo/".parse().expect("a URL");
    let project: ProjectName = "foo".parse().expect("a name");
    if let Ok(page) = parse_links(format, body, &base) {
        check_files(&page);
    }
    let Ok(page) = parse(format, body, &base, &project) else { return };
    check_files(&page);
    assert!(page.files.iter().all(|file| *file.name.project() == project));
    let served = |file: &PageFile| ServedFile {
        href: None,
        file: file.clone(),
        upstream_upload_time: file.upload_time,
        first_seen: None,
    };
    let served = ServedPage { project, files: page.files.iter().map(served).collect(), status: page.status.clone() };
    for format in [Format::Json, Format::Html] {
        let again = parse(format, &render(format, &served), &base, &served.project).expect("what we render can be read");
        assert_eq!(again.dropped, Dropped::default());
        assert_eq!(again.status, page.status);
        let expected: Vec<PageFile> = page.files.iter().map(|file| carried(format, file)).collect();
        assert_eq!(again.files, expected);
    }
}

/// The part of a file's entry that a format has a place for: JSON has microseconds, HTML neither size nor time.
fn carried(format: Format, file: &PageFile) -> PageFile {
    let microseconds = |time: Timestamp| Timestamp::from_microsecond(time.as_microsecond()).expect("an earlier time");
    match format {
        Format::Json => PageFile { upload_time: file.upload_time.map(microseconds), ..file.clone() },
        Format::Html => PageFile { upload_time: None, size: None, ..file.clone() },
    }
}

fn check_files(page: &ProjectPage) {
    let mut names: Vec<&str> = page.files.iter().map(|file| file.name.as_str()).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a name twice");
    for file in &page.files {
        assert!(matches!(file.url.scheme(), "http" | "https") && file.url.as_str().len() <= limits::URL_BYTES);
        assert!(file.url.username().is_empty() && file.url.password().is_none() && file.url.fragment().is_none());
        assert!(page.dropped.conflicting.iter().all(|dropped| dropped.name != file.name));
        let text = file.requires_python.as_deref().unwrap_or_default();
        assert!(text.len() <= limits::TEXT_BYTES && !text.contains(char::is_control));
    }
}
