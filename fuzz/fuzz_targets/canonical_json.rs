//! The canonical form of JSON texts, over which signatures are made and verified.
#![no_main]

use std::borrow::Cow;

use affineur_tuf::json::canonical;
use serde_json::Value;

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let Ok(form) = canonical(text) else { return };
    assert!(form.len() <= text.len());
    let value: Value = serde_json::from_slice(text).expect("what has a canonical form is JSON");
    assert_eq!(*form, *naive(&value).as_bytes());
    // A form with control characters is no JSON; every other one is its own form.
    if !form.iter().any(u8::is_ascii_control) {
        assert!(matches!(canonical(&form), Ok(Cow::Borrowed(again)) if *again == *form));
    }
    // Whatever writes the same value otherwise, signs the same.
    for printed in [serde_json::to_vec(&value), serde_json::to_vec_pretty(&value)] {
        assert_eq!(canonical(&printed.expect("a text")).as_ref(), Ok(&form));
    }
});

fn naive(value: &Value) -> String {
    let string = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => string(text),
        Value::Array(elements) => format!("[{}]", elements.iter().map(naive).collect::<Vec<_>>().join(",")),
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|(one, _), (other, _)| one.chars().cmp(other.chars()));
            let members: Vec<_> = sorted.iter().map(|(name, value)| format!("{}:{}", string(name), naive(value))).collect();
            format!("{{{}}}", members.join(","))
        }
    }
}
