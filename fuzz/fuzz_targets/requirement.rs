//! Requirements that somebody writes, and the text that errors repeat.
#![no_main]

use affineur_packaging::{Requirement, text::printable};

libfuzzer_sys::fuzz_target!(|text: &str| {
    match text.parse::<Requirement>() {
        Ok(requirement) => {
            let printed = format!("{}{}", requirement.project, requirement.versions);
            assert_eq!(printed.parse(), Ok(requirement));
        }
        Err(error) => assert_eq!(error.to_string(), printable(&error.to_string(), 1_000)),
    }
    let line = printable(text, 20);
    assert!(line.len() <= 20 && printable(&line, 20) == line);
});
