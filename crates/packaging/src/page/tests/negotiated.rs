//! Which format an installer gets.

use super::*;

#[test]
fn every_installer_gets_the_format_that_it_prefers() {
    const JSON: &str = "application/vnd.pypi.simple.v1+json";
    use Format::{Html, Json};
    for (accept, format) in [
        // What installers send.
        ("application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01", Some(Json)),
        ("application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01", Some(Json)),
        ("application/vnd.pypi.simple.v1+json, */*;q=0.1", Some(Json)),
        ("text/html", Some(Html)),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Some(Html)),
        ("*/*", Some(Html)),
        ("", Some(Html)),
        (" ", Some(Html)),
        // Weights and wildcards.
        ("application/*", Some(Html)),
        ("text/*", Some(Html)),
        ("application/vnd.pypi.simple.v1+json, */*", Some(Json)),
        ("application/vnd.pypi.simple.v1+json, text/html", Some(Json)),
        ("application/vnd.pypi.simple.v1+json;q=0.5, text/html", Some(Html)),
        ("application/vnd.pypi.simple.v1+json;q=0.001, text/html;q=0", Some(Json)),
        ("application/vnd.pypi.simple.v1+json;q=0, */*", Some(Html)),
        ("application/vnd.pypi.simple.v1+json;q=0, application/*;q=0, text/*;q=0.1", Some(Html)),
        ("application/vnd.pypi.simple.latest+json", Some(Json)),
        ("APPLICATION/VND.PYPI.SIMPLE.V1+JSON ; Q=1.000", Some(Json)),
        ("application/vnd.pypi.simple.v1+json;charset=utf-8;q=0.3, text/html;q=0.2", Some(Json)),
        (",, ,text/html,", Some(Html)),
        // Nothing to offer.
        ("application/json", None),
        ("image/*", None),
        ("application/vnd.pypi.simple.v2+json", None),
        ("text/html;q=0", None),
        ("*/*;q=0", None),
        ("application/vnd.pypi.simple.v1+json;q=0", None),
        ("text/html;q=x", None),
        ("text/html;q=1.1", None),
        ("text/html;q=0.0001", None),
        ("text/html;q=-1", None),
        ("text/html;q=", None),
        ("*", None),
        ("nonsense", None),
    ] {
        assert_eq!(negotiate(Some(accept)), format, "{accept:?}");
    }
    assert_eq!(negotiate(None), Some(Html));
    assert_eq!(negotiate(Some(JSON)), Some(Json));
}

#[test]
fn content_types_say_the_format() {
    for (content_type, format) in [
        ("application/vnd.pypi.simple.v1+json", Some(Format::Json)),
        ("application/vnd.pypi.simple.latest+json ; charset=utf-8", Some(Format::Json)),
        ("Text/HTML;charset=UTF-8", Some(Format::Html)),
        ("application/vnd.pypi.simple.v1+html", Some(Format::Html)),
        ("application/json", None),
        ("text/plain", None),
        ("", None),
    ] {
        assert_eq!(Format::of_content_type(content_type), format, "{content_type}");
    }
    for format in [Format::Json, Format::Html] {
        assert_eq!(Format::of_content_type(format.media_type()), Some(format));
        assert_eq!(negotiate(Some(format.media_type())), Some(format));
    }
}
