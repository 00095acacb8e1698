//! Names of distribution files.
#![no_main]

use affineur_packaging::FileName;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(name) = text.parse::<FileName>() else { return };
    assert_eq!(name.as_str(), text);
    assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+!".contains(&byte)) && !text.starts_with('.'));
    assert_eq!(FileName::of_project(text, name.project()).as_ref(), Ok(&name));
    // Versions print as they compare.
    assert_eq!(name.version().to_string().parse().as_ref(), Ok(name.version()));
});
