//! The state in text form, which travels with a project: what is accepted is written again as the same text.
#![no_main]

use affineur_gateway::fuzzing::state_text;
use affineur_gateway::state::StateError;

libfuzzer_sys::fuzz_target!(|text: &str| match state_text(text) {
    Ok(printed) => {
        assert_eq!(printed, text);
        assert!(text.bytes().all(|byte| byte == b'\n' || byte == b' ' || byte.is_ascii_graphic()), "harmless in a terminal");
    }
    Err(error) => {
        let shown = error.to_string();
        assert!(shown.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{shown:?}");
        match error {
            StateError::Line { line, .. } => assert!(line >= 1 && line <= text.matches('\n').count() + 1),
            StateError::Newer { found, known, .. } => assert!(found > known),
            other => panic!("{other}"),
        }
    }
});
