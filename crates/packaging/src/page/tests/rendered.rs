//! What is rendered is what the specifications say, and reads as what was put in.

use proptest::prelude::*;

use super::*;
use crate::text::free_text;

fn file(name: &str) -> PageFile {
    PageFile {
        name: FileName::of_project(name, &foo()).unwrap(),
        url: format!("https://files.example/{}", name.replace('+', "%2B")).parse().unwrap(),
        sha256: Some(DIGEST.parse().unwrap()),
        size: Some(42),
        upload_time: Some("2024-02-03T04:05:06Z".parse().unwrap()),
        requires_python: Some(">=3.8,<4".to_owned()),
        core_metadata: CoreMetadata::Digest(OTHER_DIGEST.parse().unwrap()),
        yanked: Yanked::Yes("withheld: \"two\" <days> & 'more'".to_owned()),
        provenance: Some("https://index.example/p?a=1&b=2".parse().unwrap()),
    }
}

fn served() -> ServedPage {
    let bare = PageFile {
        sha256: None,
        size: None,
        upload_time: None,
        requires_python: None,
        core_metadata: CoreMetadata::Absent,
        yanked: Yanked::No,
        provenance: None,
        ..file("foo-1.10.tar.gz")
    };
    let time = Some("2024-02-04T00:00:00.5Z".parse().unwrap());
    ServedPage {
        project: foo(),
        files: vec![
            ServedFile { href: None, file: bare, upstream_upload_time: None, first_seen: None },
            ServedFile { href: None, file: file("foo-1.9+x-py3-none-any.whl"), upstream_upload_time: time, first_seen: time },
            ServedFile {
                href: None,
                file: PageFile {
                    core_metadata: CoreMetadata::Offered,
                    yanked: Yanked::Yes(String::new()),
                    ..file("foo-1.10.zip")
                },
                upstream_upload_time: None,
                first_seen: None,
            },
        ],
        status: ProjectStatus { marker: StatusMarker::Archived, reason: Some("moved to <bar>".to_owned()) },
    }
}

#[test]
fn a_json_page_looks_as_pep_691_says() {
    let page: serde_json::Value = serde_json::from_slice(&render(Format::Json, &served())).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&page).unwrap());
}

#[test]
fn an_html_page_looks_as_pep_503_says() {
    insta::assert_snapshot!(String::from_utf8(render(Format::Html, &served())).unwrap());
}

#[test]
fn a_page_without_files_can_be_rendered_and_read() {
    let page = ServedPage { files: vec![], status: ProjectStatus::default(), ..served() };
    for format in [Format::Json, Format::Html] {
        let read = parse(format, &render(format, &page), &base(), &foo()).unwrap();
        assert_eq!(read, ProjectPage { files: vec![], status: ProjectStatus::default(), dropped: Dropped::default() });
    }
}

#[test]
fn versions_are_listed_once_in_the_order_of_pep_440() {
    let names = [
        "foo-1.10.zip",
        "foo-1.9.zip",
        "foo-1.9.0.zip",
        "foo-1!0.1.zip",
        "foo-1.10rc1.zip",
        "foo-1.10.tar.gz",
        "foo-1.10+b.zip",
    ];
    let files =
        names.iter().map(|name| ServedFile { href: None, file: file(name), upstream_upload_time: None, first_seen: None });
    let page = ServedPage { files: files.collect(), ..served() };
    let page: serde_json::Value = serde_json::from_slice(&render(Format::Json, &page)).unwrap();
    assert_eq!(page["versions"], serde_json::json!(["1.9", "1.10rc1", "1.10", "1.10+b", "1!0.1"]));
}

#[test]
fn a_file_with_an_address_of_its_own_is_found_there() {
    let mut page = served();
    for served in &mut page.files {
        served.href = Some(format!("../../files/a&b/{}", served.file.name));
    }
    for format in [Format::Json, Format::Html] {
        let read = parse(format, &render(format, &page), &base(), &foo()).unwrap();
        let urls: Vec<&str> = read.files.iter().map(|file| file.url.as_str()).collect();
        let at = |name| format!("https://index.example/files/a&b/{name}");
        assert_eq!(urls, ["foo-1.10.tar.gz", "foo-1.9+x-py3-none-any.whl", "foo-1.10.zip"].map(at));
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[&<>\"' a-z;#0-9]{0,20}"].prop_map(|text| free_text(&text))
}

fn status() -> impl Strategy<Value = ProjectStatus> {
    use StatusMarker::{Active, Archived, Deprecated, Quarantined};
    let marker = prop_oneof![Just(Active), Just(Archived), Just(Deprecated), Just(Quarantined)];
    (marker, proptest::option::of(text())).prop_map(|(marker, reason)| ProjectStatus { marker, reason })
}

fn any_file() -> impl Strategy<Value = PageFile> {
    let digest = || any::<[u8; 32]>().prop_map(Sha256::from_bytes);
    let metadata =
        prop_oneof![Just(CoreMetadata::Absent), Just(CoreMetadata::Offered), digest().prop_map(CoreMetadata::Digest)];
    let yanked = prop_oneof![Just(Yanked::No), text().prop_map(Yanked::Yes)];
    let time = (0_i64..4_000_000_000_000_000).prop_map(|microsecond| Timestamp::from_microsecond(microsecond).unwrap());
    let url = prop_oneof![Just("https://files.example/"), Just("http://[::1]:8080/a%2Fb/?q='&\"<x>&amp;n=")];
    let option = proptest::option::of::<BoxedStrategy<u64>>;
    (
        ("[0-9]{1,2}(\\.[0-9]){0,2}", url),
        proptest::option::of(digest()),
        option((0..u64::MAX).boxed()),
        proptest::option::of(time),
        proptest::option::of(text()),
        (metadata, yanked, any::<bool>()),
    )
        .prop_map(|((version, url), sha256, size, upload_time, requires_python, (core_metadata, yanked, provenance))| {
            PageFile {
                url: format!("{url}foo-{version}.zip").parse().unwrap(),
                sha256,
                size,
                upload_time,
                requires_python,
                core_metadata,
                yanked,
                provenance: provenance.then(|| "https://index.example/p?a=1&b='2'".parse().unwrap()),
                ..file(&format!("foo-{version}.zip"))
            }
        })
}

proptest! {
    #[test]
    fn a_rendered_page_reads_as_what_was_put_in(files in proptest::collection::vec(any_file(), 0..6), status in status()) {
        let served = ServedPage {
            project: foo(),
            files: files.into_iter().map(|file| ServedFile { href: None, file, upstream_upload_time: None, first_seen: None }).collect(),
            status: status.clone(),
        };
        let mut expected: Vec<PageFile> = vec![];
        for ServedFile { file, .. } in &served.files {
            if served.files.iter().filter(|other| other.file.name == file.name).count() == 1 {
                expected.push(file.clone());
            }
        }
        let read = parse(Format::Json, &render(Format::Json, &served), &base(), &foo()).unwrap();
        prop_assert_eq!(&read.status, &status);
        prop_assume!(read.dropped.conflicting.is_empty() && expected.len() == served.files.len());
        prop_assert_eq!(&read.files, &expected);
        // HTML has no place for sizes and times.
        expected.iter_mut().for_each(|file| (file.size, file.upload_time) = (None, None));
        let read = parse(Format::Html, &render(Format::Html, &served), &base(), &foo()).unwrap();
        prop_assert_eq!(read, ProjectPage { files: expected, status, dropped: Dropped::default() });
    }
}
