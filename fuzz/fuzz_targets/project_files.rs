//! Files of a project, which may be anybody's: requirements and lock files. The first byte says which.
#![no_main]

use affineur_packaging::lock::{self, Lock, LockFormat};
use affineur_packaging::{limits, requirements_file};
use url::Url;

libfuzzer_sys::fuzz_target!(|text: &str| match text.split_at_checked(1) {
    Some(("r", text)) => check_requirements(text),
    Some(("l", text)) => check_lock(text),
    _ => {}
});

/// What stands before a line never hides it from us.
fn check_requirements(text: &str) {
    check_releases(LockFormat::Requirements, text);
    let read = |text: &str| -> Vec<(usize, String, [Vec<String>; 2])> {
        let lines = requirements_file::logical(text).into_iter();
        lines.map(|(number, line)| (number, line.clone(), requirements_file::words(&line))).collect()
    };
    let found = read(text);
    let more = read(&format!("{text}\n\n--find-links '/the end'\n"));
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
    let indexes = |text: &str| -> Vec<Url> { text.parse().map(|table| lock::indexes(&table).collect()).unwrap_or_default() };
    for url in indexes(text) {
        check_url(&url);
        let again = format!("[[package]]\nsource = {{ registry = {:?} }}", url.as_str());
        assert_eq!(indexes(&again), [url]);
    }
    check_releases(LockFormat::Uv, text);
    check_releases(LockFormat::Pylock, text);
}

fn check_url(url: &Url) {
    assert!(matches!(url.scheme(), "http" | "https") && url.as_str().len() <= limits::URL_BYTES);
    assert!(url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none());
}

/// Files belong to their release, and a requirement that is printed reads the same.
fn check_releases(format: LockFormat, text: &str) {
    let Ok(lock) = Lock::parse(format, text.as_bytes()) else { return };
    lock.indexes.iter().for_each(check_url);
    for mut release in lock.releases {
        for file in &release.files {
            assert!(file.name.project() == &release.project && file.name.version() == &release.version);
            assert!(release.means(&file.name, None));
            file.url.iter().for_each(check_url);
        }
        let digests: String = release.digests.iter().map(|digest| format!(" \\\n  --hash=sha256:{digest}")).collect();
        let printed = format!("{}=={}{digests}", release.project, release.version);
        let again = Lock::parse(LockFormat::Requirements, printed.as_bytes()).expect("a pinned requirement");
        (release.line, release.files) = (1, Vec::new());
        assert_eq!(again.releases, [release]);
    }
}
