//! `Accept` and `Content-Type` headers.
#![no_main]

use affineur_packaging::page::{Format, negotiate};

libfuzzer_sys::fuzz_target!(|header: &str| {
    let chosen = negotiate(Some(header));
    // What is refused outright must not be chosen.
    let json = "application/vnd.pypi.simple.v1+json;q=0,application/vnd.pypi.simple.latest+json;q=0";
    if chosen == Some(Format::Html) && !header.trim().is_empty() {
        assert_ne!(negotiate(Some(&format!("{json},{header}"))), None);
    }
    if let Some(format) = Format::of_content_type(header) {
        assert_eq!(Format::of_content_type(format.media_type()), Some(format));
        assert_eq!(negotiate(Some(format.media_type())), Some(format));
    }
});
