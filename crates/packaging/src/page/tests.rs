mod hostile;
mod negotiated;
mod rendered;

use super::*;

const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const OTHER_DIGEST: &str = "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn base() -> Url {
    "https://index.example/simple/foo/".parse().unwrap()
}

fn foo() -> ProjectName {
    "foo".parse().unwrap()
}

fn json_files(files: &str) -> ProjectPage {
    let body = format!(r#"{{"meta":{{"api-version":"1.4"}},"name":"Foo","files":[{files}]}}"#);
    parse(Format::Json, body.as_bytes(), &base(), &foo()).unwrap()
}

fn json_error(body: &str) -> PageError {
    parse(Format::Json, body.as_bytes(), &base(), &foo()).unwrap_err()
}

fn html_files(body: &str) -> ProjectPage {
    parse(Format::Html, body.as_bytes(), &base(), &foo()).unwrap()
}

fn names(page: &ProjectPage) -> Vec<&str> {
    page.files.iter().map(|file| file.name.as_str()).collect()
}

#[test]
fn a_json_page_is_read_as_the_peps_say() {
    let page = json_files(&format!(
        r#"{{"filename":"foo-1.0-py3-none-any.whl","url":"../../files/foo-1.0-py3-none-any.whl#x=1","hashes":{{"sha256":"{DIGEST}","md5":"aa"}},
            "requires-python":">=3.8","size":12,"upload-time":"2024-02-03T04:05:06.789Z","yanked":"broken","core-metadata":{{"sha256":"{OTHER_DIGEST}"}},
            "provenance":"https://index.example/p","gpg-sig":false,"_private":[1,{{}}]}},
           {{"filename":"foo-1.0.tar.gz","url":"https://files.example/foo-1.0.tar.gz","hashes":{{}}}}"#
    ));
    let [wheel, sdist] = page.files.as_slice() else { panic!("{page:?}") };
    assert_eq!(wheel.url.as_str(), "https://index.example/files/foo-1.0-py3-none-any.whl");
    assert_eq!(wheel.sha256, Some(DIGEST.parse().unwrap()));
    assert_eq!(wheel.size, Some(12));
    assert_eq!(wheel.upload_time, Some("2024-02-03T04:05:06.789Z".parse().unwrap()));
    assert_eq!(wheel.requires_python.as_deref(), Some(">=3.8"));
    assert_eq!(wheel.core_metadata, CoreMetadata::Digest(OTHER_DIGEST.parse().unwrap()));
    assert_eq!(wheel.yanked, Yanked::Yes("broken".to_owned()));
    assert_eq!(wheel.provenance.as_ref().unwrap().as_str(), "https://index.example/p");
    assert_eq!((sdist.sha256, sdist.size, &sdist.yanked), (None, None, &Yanked::No));
    assert_eq!(page.dropped, Dropped::default());
}

#[test]
fn an_html_page_is_read_as_the_peps_say() {
    let page = html_files(&format!(
        r##"<!DOCTYPE html><html><head><meta content="1.3" name="pypi:repository-version">
            <meta name="pypi:project-status" content="deprecated"><meta name='pypi:project-status-reason' content='use &quot;bar&quot;'></head>
            <body><a href="/files/foo-1.0-py3-none-any.whl#sha256={DIGEST}" data-requires-python="&gt;=3.8" data-dist-info-metadata="sha256={OTHER_DIGEST}"
            data-yanked data-provenance="https://index.example/p">foo-1.0-py3-none-any.whl</a><br/>
            <A HREF='https://files.example/foo-1.0%2Blocal.tar.gz#md5=00' data-core-metadata=true>any text</A>
            <a href="https://files.example/download?id=7">
              foo-2.0.zip </a>"##
    ));
    assert_eq!(names(&page), ["foo-1.0-py3-none-any.whl", "foo-1.0+local.tar.gz", "foo-2.0.zip"]);
    let [wheel, local, last] = page.files.as_slice() else { panic!("{page:?}") };
    assert_eq!(wheel.url.as_str(), "https://index.example/files/foo-1.0-py3-none-any.whl");
    assert_eq!(wheel.sha256, Some(DIGEST.parse().unwrap()));
    assert_eq!(wheel.requires_python.as_deref(), Some(">=3.8"));
    assert_eq!(wheel.core_metadata, CoreMetadata::Digest(OTHER_DIGEST.parse().unwrap()));
    assert_eq!(wheel.yanked, Yanked::Yes(String::new()));
    assert_eq!(wheel.provenance.as_ref().unwrap().as_str(), "https://index.example/p");
    assert_eq!((local.sha256, local.core_metadata), (None, CoreMetadata::Offered));
    assert_eq!((last.core_metadata, &last.yanked), (CoreMetadata::Absent, &Yanked::No));
    assert_eq!(page.status, ProjectStatus { marker: StatusMarker::Deprecated, reason: Some("use \"bar\"".to_owned()) });
}

#[test]
fn metadata_is_looked_for_under_its_old_names_too() {
    let file = |keys: &str| format!(r#"{{"filename":"foo-1.0.zip","url":"u","hashes":{{}},{keys}}}"#);
    for (keys, metadata) in [
        (r#""core-metadata":true"#.to_owned(), CoreMetadata::Offered),
        (r#""core-metadata":false,"dist-info-metadata":true"#.to_owned(), CoreMetadata::Absent),
        (r#""core-metadata":{"md5":"aa"}"#.to_owned(), CoreMetadata::Offered),
        (r#""core-metadata":{"sha256":"aa"}"#.to_owned(), CoreMetadata::Offered),
        (r#""core-metadata":null"#.to_owned(), CoreMetadata::Absent),
        (r#""data-dist-info-metadata":true"#.to_owned(), CoreMetadata::Offered),
        (format!(r#""dist-info-metadata":{{"sha256":"{DIGEST}"}}"#), CoreMetadata::Digest(DIGEST.parse().unwrap())),
    ] {
        assert_eq!(json_files(&file(&keys)).files[0].core_metadata, metadata, "{keys}");
    }
    for (attribute, metadata) in
        [("=true", CoreMetadata::Offered), ("=false", CoreMetadata::Absent), ("", CoreMetadata::Absent)]
    {
        let page = html_files(&format!("<a href=foo-1.0.zip data-core-metadata{attribute} data-dist-info-metadata=true></a>"));
        assert_eq!(page.files[0].core_metadata, metadata, "{attribute}");
    }
}

#[test]
fn yanked_is_a_truth_value_or_a_reason() {
    for (json, yanked) in [
        ("false", Yanked::No),
        ("null", Yanked::No),
        (r#""""#, Yanked::No),
        ("true", Yanked::Yes(String::new())),
        (r#""bad\nline\u001b[2J""#, Yanked::Yes("bad line\u{fffd}[2J".to_owned())),
    ] {
        let page = json_files(&format!(r#"{{"filename":"foo-1.0.zip","url":"u","hashes":{{}},"yanked":{json}}}"#));
        assert_eq!(page.files[0].yanked, yanked, "{json}");
    }
}

#[test]
fn a_size_or_time_that_cannot_be_read_counts_as_not_said() {
    for value in
        ["null", "-1", "1.5", r#""12""#, "[]", r#""yesterday""#, r#""2024-02-30T00:00:00Z""#, r#""2024-02-03""#, "1e400000"]
    {
        let body = format!(
            r#"{{"files":[{{"filename":"foo-1.0.zip","url":"u","hashes":{{}},"size":{value},"upload-time":{value}}}]}}"#
        );
        let page = parse(Format::Json, body.as_bytes(), &base(), &foo()).unwrap();
        match page.files.first() {
            Some(file) => assert_eq!((file.size, file.upload_time), (None, None), "{value}"),
            None => assert_eq!((value, page.dropped.unreadable), ("1e400000", 1), "no number at all"),
        }
    }
}

#[test]
fn the_projects_status_is_read_under_each_of_its_names() {
    for (json, marker) in [
        (r#"{"status":"quarantined","reason":"r"}"#, StatusMarker::Quarantined),
        (r#"{"state":"archived","reason":"r"}"#, StatusMarker::Archived),
        (r#"{"status":"deprecated","state":"archived","reason":"r"}"#, StatusMarker::Deprecated),
        (r#"{"status":"novel","reason":"r"}"#, StatusMarker::Active),
    ] {
        let body = format!(r#"{{"project-status":{json},"files":[]}}"#);
        let page = parse(Format::Json, body.as_bytes(), &base(), &foo()).unwrap();
        assert_eq!(page.status, ProjectStatus { marker, reason: Some("r".to_owned()) }, "{json}");
    }
    let page = parse(Format::Json, br#"{"project-status":"archived","files":[]}"#, &base(), &foo()).unwrap();
    assert_eq!(page.status, ProjectStatus { marker: StatusMarker::Archived, reason: None });
}

#[test]
fn relative_urls_resolve_against_the_page_or_its_base_element() {
    let page = html_files(
        "<a href='../foo-1.0.zip'>x</a> <base href='https://files.example/a/'> <base href='/never/'> <a href=foo-2.0.zip>x</a>",
    );
    let urls: Vec<&str> = page.files.iter().map(|file| file.url.as_str()).collect();
    assert_eq!(urls, ["https://files.example/foo-1.0.zip", "https://files.example/a/foo-2.0.zip"]);
    let base = "https://user:secret@index.example/simple/foo/".parse().unwrap();
    let page = parse(Format::Html, b"<a href=foo-1.0.zip>x</a>", &base, &foo()).unwrap();
    assert_eq!(page.files[0].url.as_str(), "https://index.example/simple/foo/foo-1.0.zip");
}

#[test]
fn a_flat_page_has_files_of_many_projects() {
    let page = parse_links(
        Format::Html,
        b"<a href=../>up</a><a href=a-1.0.zip>x</a><a href=b_c-1.0-py3-none-any.whl>x</a><a href=mailto:x@y>m</a>",
        &base(),
    )
    .unwrap();
    let projects: Vec<&str> = page.files.iter().map(|file| file.name.project().as_str()).collect();
    assert_eq!(projects, ["a", "b-c"]);
    assert_eq!(page.dropped, Dropped { unreadable: 1, bad_url: 1, conflicting: vec![] });
}

#[test]
fn an_entry_of_another_shape_does_not_hide_the_other_files() {
    for entry in [
        r#"{"filename":7,"url":"u","hashes":{}}"#,
        r#"{"filename":"foo-2.0.zip","url":"u","hashes":{"sha256":[]}}"#,
        "7",
        "null",
        "[]",
        "{}",
    ] {
        let body = format!(r#"{{"files":[{entry},{{"filename":"foo-1.0.zip","url":"u","hashes":{{}}}}]}}"#);
        let page = parse(Format::Json, body.as_bytes(), &base(), &foo()).unwrap();
        assert_eq!((page.files.len(), page.dropped.unreadable), (1, 1), "{entry}");
    }
}
