//! Random values, a naive canonical writer, and the same value printed in many ways.

use std::{collections::BTreeMap, iter};

use proptest::prelude::*;
use serde_json::{Number, Value};

pub(super) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| Value::Number(number.into())),
        any::<u64>().prop_map(|number| Value::Number(number.into())),
        (0..10_u8).prop_map(|number| Value::Number(Number::from(number))),
        name().prop_map(Value::String),
        any::<String>().prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
            prop::collection::btree_map(name(), inner, 0..30).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Names that are near to each other in every order one might sort them by.
fn name() -> impl Strategy<Value = String> {
    "([ab\"\\\\\\[\\]!#\u{0}\n\u{1f}\u{7f}e\u{e9}\u{301}\u{2028}\u{fb33}\u{ffff}\u{1f600}]|keyids|abcdefgh){0,4}"
}

/// Canonical JSON in its simplest program.
pub(super) fn naive(value: &Value) -> String {
    let string = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => string(text),
        Value::Array(elements) => format!("[{}]", elements.iter().map(naive).collect::<Vec<_>>().join(",")),
        Value::Object(members) => {
            let sorted: BTreeMap<Vec<char>, (&String, &Value)> =
                members.iter().map(|(name, value)| (name.chars().collect(), (name, value))).collect();
            let members: Vec<String> =
                sorted.values().map(|(name, value)| format!("{}:{}", string(name), naive(value))).collect();
            format!("{{{}}}", members.join(","))
        }
    }
}

/// A way to print: each choice is the next of some bytes, again from the first after the last.
pub(super) struct Layout<'a> {
    choices: Box<dyn Iterator<Item = u8> + 'a>,
}

impl<'a> Layout<'a> {
    pub(super) fn new(choices: &'a [u8]) -> Self {
        Self { choices: Box::new(choices.iter().copied().chain(iter::once(0)).cycle()) }
    }

    pub(super) fn print(&mut self, value: &Value) -> String {
        let space = self.space();
        let printed = match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::String(text) => self.string(text),
            Value::Array(elements) => format!("[{}{space}]", self.list(elements, Self::print)),
            Value::Object(members) => {
                let mut members: Vec<(&String, &Value)> = members.iter().collect();
                for index in 0..members.len() {
                    let other = self.choice(members.len());
                    members.swap(index, other);
                }
                let member = |layout: &mut Self, (name, value): &(&String, &Value)| {
                    let (before, after) = (layout.space(), layout.space());
                    format!("{before}{}{after}:{}", layout.string(name), layout.print(value))
                };
                format!("{{{}{space}}}", self.list(&members, member))
            }
        };
        format!("{}{printed}{}", self.space(), self.space())
    }

    fn list<T>(&mut self, items: &[T], print: impl Fn(&mut Self, &T) -> String) -> String {
        items.iter().map(|item| print(self, item)).collect::<Vec<_>>().join(",")
    }

    fn string(&mut self, text: &str) -> String {
        let mut printed = "\"".to_owned();
        for character in text.chars() {
            match (self.choice(4), character) {
                (0, _) => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        let hexadecimal = format!("\\u{unit:04x}");
                        printed += &if self.choice(2) == 0 { hexadecimal } else { format!("\\u{unit:04X}") };
                    }
                }
                (1, '/') => printed += "\\/",
                (_, '"' | '\\' | '\0'..' ') => {
                    let quoted = serde_json::to_string(&character).expect("a string");
                    printed += &quoted[1..quoted.len() - 1];
                }
                _ => printed.push(character),
            }
        }
        printed + "\""
    }

    fn space(&mut self) -> &'static str {
        ["", "", "", " ", "\n", "\t \r\n", "        "][self.choice(7)]
    }

    fn choice(&mut self, of: usize) -> usize {
        usize::from(self.choices.next().unwrap_or_default()) % of
    }
}
