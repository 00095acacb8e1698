//! Pages that mean harm, or are simply broken.

use super::*;
use crate::limits;

fn anchor(href: &str) -> String {
    format!("<a href='{href}'>foo-1.0.zip</a>")
}

fn json_file(name: &str, url: &str) -> String {
    format!(r#"{{"filename":"{name}","url":"{url}","hashes":{{}}}}"#)
}

#[test]
fn urls_that_must_not_be_followed_are_dropped() {
    let long = format!("https://files.example/{}/foo-1.0.zip", "a".repeat(limits::URL_BYTES));
    for url in [
        "file:///etc/foo-1.0.zip",
        "ftp://files.example/foo-1.0.zip",
        "data:application/zip,foo-1.0.zip",
        "javascript:alert(1)//foo-1.0.zip",
        "git+https://files.example/foo-1.0.zip",
        "https://user@files.example/foo-1.0.zip",
        "https://user:secret@files.example/foo-1.0.zip",
        "//:secret@files.example/foo-1.0.zip",
        "https://",
        "https://[::1/foo-1.0.zip",
        "https://files.example:99999/foo-1.0.zip",
        &long,
    ] {
        let dropped = Dropped { bad_url: 1, ..Dropped::default() };
        for page in [json_files(&json_file("foo-1.0.zip", url)), html_files(&anchor(url))] {
            assert_eq!((&page.files, &page.dropped), (&vec![], &dropped), "{url}");
        }
    }
}

#[test]
fn a_base_element_cannot_lead_elsewhere_than_a_url_could() {
    for base in ["file:///etc/", "javascript:x", "data:,", "https://user:secret@files.example/"] {
        let page = html_files(&format!("<base href='{base}'>{}", anchor("foo-1.0.zip")));
        assert_eq!((page.files.len(), page.dropped.bad_url), (0, 1), "{base}");
    }
    let page = html_files(&format!("<base href='https://['>{}", anchor("foo-1.0.zip")));
    assert_eq!(page.files[0].url.as_str(), "https://index.example/simple/foo/foo-1.0.zip");
}

#[test]
fn the_longest_allowed_url_is_allowed() {
    let (start, end) = ("https://files.example/", "/foo-1.0.zip");
    let url = format!("{start}{}{end}", "a".repeat(limits::URL_BYTES - start.len() - end.len()));
    for fragment in ["".to_owned(), format!("#{}", "f".repeat(limits::FRAGMENT_BYTES))] {
        assert_eq!(html_files(&anchor(&format!("{url}{fragment}"))).files[0].url.as_str(), url);
    }
    for longer in [format!("{url}?"), format!("{url}#{}", "f".repeat(limits::FRAGMENT_BYTES + 1))] {
        assert_eq!(html_files(&anchor(&longer)).dropped.bad_url, 1);
        assert_eq!(json_files(&json_file("foo-1.0.zip", &longer)).dropped.bad_url, 1);
    }
    // Escaping makes it longer; what counts is what would be requested.
    let escaped = format!("{start}{}{end}", "ä".repeat(limits::URL_BYTES / 4));
    assert_eq!(html_files(&anchor(&escaped)).dropped.bad_url, 1);
}

#[test]
fn a_file_whose_url_names_another_file_is_dropped() {
    // pip takes the name from the URL, uv from the key: neither may see a file that was decided as another.
    for url in [
        "https://files.example/foo-2.0.zip",
        "https://files.example/foo-2.0.zip/",
        "https://files.example/foo%2D2.0.zip?x=foo-1.0.zip",
        "https://files.example/a%2Ffoo-2.0%252Ezip",
        "https://files.example/foo-2.0.tar.lzma#foo-1.0.zip",
        "https://files.example/FOO-1.0.ZIP",
    ] {
        let page = json_files(&json_file("foo-1.0.zip", url));
        assert_eq!((page.files.len(), page.dropped.bad_url), (0, 1), "{url}");
        let page = html_files(&anchor(url));
        assert!(page.files.iter().all(|file| file.name.as_str() == "foo-2.0.zip"), "{url}");
    }
    for url in ["https://files.example/get?id=1", "https://files.example/sha256/aa/", "https://files.example/%66oo-1.0.zip"] {
        assert_eq!(names(&json_files(&json_file("foo-1.0.zip", url))), ["foo-1.0.zip"], "{url}");
    }
}

#[test]
fn names_that_cannot_be_read_or_belong_to_others_do_not_hide_the_rest() {
    let names_on_page = ["../foo-1.0.zip", "foo-1.0.zip\\u0000", "bar-1.0.zip", "foo-1.0.egg", "", "foo-1.0.zip"];
    let files: Vec<String> = names_on_page.iter().map(|name| json_file(name, "https://files.example/x")).collect();
    let page = json_files(&files.join(","));
    assert_eq!(names(&page), ["foo-1.0.zip"]);
    assert_eq!(page.dropped, Dropped { unreadable: 5, ..Dropped::default() });
    let page = html_files(
        "<a href=bar-1.0.zip>foo-1.0.zip</a><a href=%2e%2e%2ffoo-1.0.zip%00>x</a><a href=foo-2.0.zip>x</a><a>foo-3.0.zip</a>",
    );
    assert_eq!((names(&page), page.dropped.unreadable), (vec!["foo-2.0.zip"], 2));
}

#[test]
fn a_digest_that_is_malformed_or_said_twice_differently_drops_the_file() {
    for fragment in ["sha256=00", "sha256=", &format!("sha256={DIGEST}&sha256={OTHER_DIGEST}"), "sha256=zz&md5=00"] {
        let page = html_files(&anchor(&format!("foo-1.0.zip#{fragment}")));
        assert_eq!((page.files.len(), page.dropped.unreadable), (0, 1), "{fragment}");
    }
    let file =
        format!(r#"{{"filename":"foo-1.0.zip","url":"foo-1.0.zip#sha256={DIGEST}","hashes":{{"sha256":"{OTHER_DIGEST}"}}}}"#);
    assert_eq!(json_files(&file).dropped.unreadable, 1);
    for fragment in ["", "md5=00", "egg=foo", "SHA256=00"] {
        assert_eq!(html_files(&anchor(&format!("foo-1.0.zip#{fragment}"))).files[0].sha256, None, "{fragment}");
    }
    let page = html_files(&anchor(&format!("foo-1.0.zip#egg=foo&sha256={DIGEST}&sha256={DIGEST}")));
    assert_eq!(page.files[0].sha256, Some(DIGEST.parse().unwrap()));
}

#[test]
fn the_same_name_twice_is_kept_only_when_identical() {
    let one = "<a href=foo-1.0.zip>x</a>";
    let other = "<a href=foo-2.0.zip>x</a>";
    let page = html_files(&[one, other, one, one].concat());
    assert_eq!((names(&page), &page.dropped), (vec!["foo-1.0.zip", "foo-2.0.zip"], &Dropped::default()));
    for different in [
        "<a href=/foo-1.0.zip>x</a>".to_owned(),
        "<a href=foo-1.0.zip?>x</a>".to_owned(),
        format!("<a href=foo-1.0.zip#sha256={DIGEST}>x</a>"),
        "<a href=foo-1.0.zip data-yanked>x</a>".to_owned(),
    ] {
        for page in
            [[one, other, &different].concat(), [&different, other, one].concat(), [one, one, other, &different].concat()]
        {
            let page = html_files(&page);
            assert_eq!(names(&page), ["foo-2.0.zip"], "{different}");
            let conflicting: Vec<&str> = page.dropped.conflicting.iter().map(|file| file.name.as_str()).collect();
            assert_eq!(conflicting, ["foo-1.0.zip"], "{different}");
        }
    }
}

#[test]
fn a_json_entry_of_another_shape_is_left_out_alone() {
    for body in [
        r#"{"files":[{}]}"#,
        r#"{"files":[{"filename":1,"url":"u"}]}"#,
        r#"{"files":[{"filename":"foo-1.0.zip","url":"u","hashes":{"sha256":1}}]}"#,
        r#"{"files":[{"filename":"foo-1.0.zip","url":"u","yanked":1}]}"#,
        r#"{"files":[{"filename":"foo-1.0.zip","filename":"foo-2.0.zip","url":"u"}]}"#,
        r#"{"files":[{"filename":"foo-1.0.zip","url":"u","url":"v"}]}"#,
        r#"{"files":[{"filename":"foo-1.0.zip","url":"u","hashes":{"sha256":"a","sha256":"b"}}]}"#,
        &format!(
            r#"{{"files":[{{"filename":"foo-1.0.zip","url":"u","size":{}1{}}}]}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        ),
    ] {
        let page = parse(Format::Json, body.as_bytes(), &base(), &foo()).unwrap();
        assert_eq!((page.files.len(), page.dropped.unreadable), (0, 1), "{}", &body[..60.min(body.len())]);
    }
}

#[test]
fn json_pages_of_another_shape_are_errors() {
    for body in [
        "",
        "null",
        "[]",
        "{}",
        "<html>",
        r#"{"files":{}}"#,
        r#"{"files":[],"files":[]}"#,
        r#"{"files":[]} trailing"#,
        r#"{"files":["#,
        "{\"files\":[],\"\u{1b}\u{202e}\":",
        &format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)),
    ] {
        let error = json_error(body);
        assert!(matches!(error, PageError::Json(_)), "{error}");
        let message = error.to_string();
        assert!(message.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) && message.len() < 300, "{message:?}");
    }
}

#[test]
fn a_hostile_value_does_not_reach_the_error_message() {
    let body = format!(r#"{{"files":"\u001b[2J\n{}"}}"#, "x".repeat(9_999));
    let message = json_error(&body).to_string();
    assert!(message.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) && message.len() < 300, "{message:?}");
}

#[test]
fn another_projects_page_is_refused() {
    for name in ["bar", "foo-bar", "", "../foo", "f"] {
        assert_eq!(json_error(&format!(r#"{{"name":"{name}","files":[]}}"#)), PageError::OtherProject, "{name}");
    }
}

#[test]
fn only_api_version_1_is_read() {
    for version in ["2.0", "0.9", "10.0", "11", "", "x", "v1", "-1"] {
        let error = PageError::ApiVersion(version.to_owned());
        assert_eq!(json_error(&format!(r#"{{"meta":{{"api-version":"{version}"}},"files":[]}}"#)), error);
        let page = format!("<meta name='pypi:repository-version' content='{version}'>");
        assert_eq!(parse(Format::Html, page.as_bytes(), &base(), &foo()), Err(error));
    }
    for version in ["1", "1.0", "1.4", "1.99"] {
        html_files(&format!("<META CONTENT='{version}' NAME='pypi:repository-version'>"));
    }
    let terminal = json_error(r#"{"meta":{"api-version":"2\u001b[31m"},"files":[]}"#);
    assert_eq!(terminal, PageError::ApiVersion("2?[31m".to_owned()));
}

#[test]
fn a_page_that_is_not_utf_8_is_refused() {
    for format in [Format::Json, Format::Html] {
        assert_eq!(parse(format, b"{\"files\":[],\"x\":\"\xff\"}", &base(), &foo()), Err(PageError::NotUtf8));
        let page = parse(format, b"\xef\xbb\xbf{\"files\":[]}", &base(), &foo());
        assert!(page.unwrap().files.is_empty());
    }
}

#[test]
fn anchors_that_a_browser_would_not_see_are_not_files() {
    let page = html_files(
        "<!-- <a href=foo-1.0.zip>x</a> --><script>'<a href=foo-2.0.zip>x</a>'</script><style><a href=foo-3.0.zip></style>
         <textarea><a href=foo-4.0.zip>x</a></textarea><p title='<a href=foo-5.0.zip>'></p><a href=foo-6.0.zip href=foo-7.0.zip>x</a>
         </a href=foo-8.0.zip><a name=foo-9.0.zip>foo-9.0.zip</a><a data-href=foo-10.0.zip>x</a><a href=foo-11.0.zip",
    );
    assert_eq!(names(&page), ["foo-6.0.zip"]);
}

#[test]
fn free_text_is_cut_and_cleaned() {
    let long = "x".repeat(limits::TEXT_BYTES + 10);
    let page =
        html_files(&format!("<a href=foo-1.0.zip data-yanked='{long}' data-requires-python='&#27;\u{202e}{long}'>x</a>"));
    assert_eq!(page.files[0].yanked, Yanked::Yes("x".repeat(limits::TEXT_BYTES)));
    let requires_python = page.files[0].requires_python.as_deref().unwrap();
    assert!(requires_python.starts_with("\u{fffd}\u{fffd}x") && requires_python.len() == limits::TEXT_BYTES);
    let status = html_files(&format!("<meta name=pypi:project-status-reason content='a\nb\u{200b}{long}'>")).status;
    assert!(status.reason.unwrap().starts_with("a b\u{fffd}x"));
}

#[test]
fn provenance_at_an_unusable_url_is_not_kept() {
    for url in ["file:///p", "https://user@index.example/p", "javascript:p", "https://"] {
        assert_eq!(
            html_files(&format!("<a href=foo-1.0.zip data-provenance='{url}'>x</a>")).files[0].provenance,
            None,
            "{url}"
        );
    }
}

#[test]
fn a_page_may_have_as_many_files_as_the_limit_says_and_no_more() {
    for (format, start, end) in
        [(Format::Json, r#"{"files":["#, r#"{"filename":"","url":""}]}"#), (Format::Html, "", "<a href=x></a>")]
    {
        for (entries, allowed) in [(limits::PAGE_FILES - 1, true), (limits::PAGE_FILES, false)] {
            let mut body = start.to_owned();
            for version in 0..entries {
                match format {
                    Format::Json => body.push_str(&format!("{},", json_file(&format!("foo-{version}.zip"), "u"))),
                    Format::Html => body.push_str(&format!("<a href=foo-{version}.zip></a>")),
                }
            }
            body.push_str(end);
            let page = parse(format, body.as_bytes(), &base(), &foo());
            match page {
                Ok(page) => assert!(allowed && page.files.len() == entries && page.dropped.unreadable == 1),
                Err(error) => assert!(!allowed && error == PageError::TooManyFiles, "{error}"),
            }
        }
    }
}
