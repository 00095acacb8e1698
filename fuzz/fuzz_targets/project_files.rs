//! Files of a project, which may be anybody's: requirements and lock files. The first byte says which.
#![no_main]

use affineur_gateway::fuzzing::{lock_indexes, requirements_file};
use affineur_gateway::limits;

libfuzzer_sys::fuzz_target!(|text: &str| match text.split_at_checked(1) {
    Some(("r", text)) => check_requirements(text),
    Some(("l", text)) => check_lock(text),
    _ => {}
});

/// What stands before a line never hides it from us.
fn check_requirements(text: &str) {
    let found = requirements_file(text);
    let more = requirements_file(&format!("{text}\n\n--find-links '/the end'\n"));
    assert!(found.iter().all(|line| more.contains(line)));
    let expected = ["--find-links", "/the end"];
    assert!(more.iter().any(|(_, _, [_, words])| words == &expected));
    for (number, line, _) in found {
        assert!(number >= 1 && number <= text.chars().count() + 1);
        assert!(!line.is_empty() && line.trim() == line && !line.starts_with('#'));
    }
}

/// Only what could be asked, and nothing that carries a secret.
fn check_lock(text: &str) {
    for url in lock_indexes(text) {
        assert!(matches!(url.scheme(), "http" | "https") && url.as_str().len() <= limits::PROXY_URL_BYTES);
        assert!(url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none());
        let again = format!("[[package]]\nsource = {{ registry = {:?} }}", url.as_str());
        assert_eq!(lock_indexes(&again), [url]);
    }
}
