//! Reading TOML strictly, each complaint with its place.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;

use affineur_packaging::text::printable;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::limits;

/// What is wrong with a policy file, and where. Its texts are one line of printable ASCII whatever the file has in it: a
/// policy from the working directory is somebody else's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct PolicyError {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// What is wrong and what was expected.
    pub problem: String,
    /// What to do next.
    pub hint: Option<String>,
}

/// A place in the text, in bytes.
pub(super) type Span = Range<usize>;

/// What is wrong where; becomes a [`PolicyError`] once the text is at hand for counting lines.
#[derive(Debug)]
pub(super) struct Problem {
    span: Span,
    /// A place inside a text of the file: that text, and the byte of it.
    inside: Option<(String, usize)>,
    text: String,
    hint: Option<String>,
}

pub(super) type Read<T> = Result<T, Problem>;

impl Problem {
    pub(super) fn new(span: &Span, text: impl Into<String>) -> Self {
        Self { span: span.clone(), inside: None, text: text.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// In bytes from the beginning of the file. A text with escapes in it is only found as a whole.
    fn start(&self, text: &str) -> usize {
        let within = self.inside.as_ref().and_then(|(inside, at)| Some(text.get(self.span.clone())?.find(inside)? + at));
        self.span.start + within.unwrap_or(0)
    }

    fn locate(self, text: &str) -> PolicyError {
        let before = text.get(..self.start(text)).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        PolicyError {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            problem: printable(&self.text, usize::MAX),
            hint: self.hint.map(|hint| printable(&hint, usize::MAX)),
        }
    }
}

/// Parses a text as TOML and hands its top table to `read`.
pub(super) fn parse<T>(text: &str, read: impl FnOnce(&Table<'_>) -> Read<T>) -> Result<T, PolicyError> {
    if text.len() > limits::POLICY_BYTES {
        let problem = format!("a policy file has at most {} bytes, this one has {}", limits::POLICY_BYTES, text.len());
        return Err(Problem::new(&(0..0), problem).locate(text));
    }
    let root = DeTable::parse(text).map_err(|_| first_error(text).locate(text))?;
    read(&Table { entries: root.get_ref(), span: root.span() }).map_err(|problem| problem.locate(text))
}

/// What is wrong with a text that is not TOML, at the first place where something is: the parser reports the errors of one
/// pass after the other, so that what follows from an error can come before it.
fn first_error(text: &str) -> Problem {
    let (_, errors) = DeTable::parse_recoverable(text);
    let start = |error: &toml::de::Error| error.span().map_or(usize::MAX, |span| span.start);
    match errors.into_iter().min_by_key(start) {
        Some(error) => Problem::new(&error.span().unwrap_or(0..0), error.message()),
        None => Problem::new(&(0..0), "not TOML"),
    }
}

/// A text of the file and its place.
#[derive(Debug, Clone)]
pub(super) struct Text<'a> {
    pub(super) text: &'a str,
    pub(super) span: Span,
}

impl Text<'_> {
    /// Parses the text into a type; the complaint is the type's own.
    pub(super) fn parse<T: FromStr<Err: Display>>(&self) -> Read<T> {
        self.text.parse().map_err(|error: T::Err| self.problem(error.to_string()))
    }

    pub(super) fn problem(&self, text: impl Into<String>) -> Problem {
        Problem::new(&self.span, text)
    }

    /// A complaint about the byte `at` of this text.
    pub(super) fn problem_at(&self, at: usize, text: impl Into<String>) -> Problem {
        Problem { inside: Some((self.text.to_owned(), at)), ..self.problem(text) }
    }

    pub(super) fn quoted(&self) -> String {
        quoted(self.text)
    }
}

/// A text from the file inside one of our sentences.
pub(super) fn quoted(text: &str) -> String {
    format!("`{}`", printable(text, limits::QUOTED_CHARACTERS))
}

/// A table of the file.
pub(super) struct Table<'a> {
    entries: &'a DeTable<'a>,
    pub(super) span: Span,
}

impl<'a> Table<'a> {
    fn value(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.entries.get(key)
    }

    /// The place of a key that is there.
    pub(super) fn key_span(&self, key: &str) -> Option<Span> {
        self.entries.get_key_value(key).map(|(key, _)| key.span())
    }

    /// The keys in the file's order.
    pub(super) fn keys(&self) -> Vec<Text<'a>> {
        let mut keys: Vec<_> = self.entries.keys().map(|key| Text { text: key.get_ref(), span: key.span() }).collect();
        keys.sort_by_key(|key| key.span.start);
        keys
    }

    /// Complains about the first key that is not one of `known`.
    pub(super) fn only_keys(&self, known: &[&str]) -> Read<()> {
        match self.keys().into_iter().find(|key| !known.contains(&key.text)) {
            Some(unknown) => {
                Err(unknown.problem(format!("unknown key {}", unknown.quoted())).hint(nearest(unknown.text, known)))
            }
            None => Ok(()),
        }
    }

    pub(super) fn text(&self, key: &str) -> Read<Option<Text<'a>>> {
        self.value(key).map(|value| text_of(value, key)).transpose()
    }

    /// A whole number from 1 to `most`.
    pub(super) fn number(&self, key: &str, most: i64) -> Read<Option<u32>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let DeValue::Integer(number) = value.get_ref() else {
            return Err(wrong_type(value, key, "a whole number", value.get_ref()));
        };
        let number = i64::from_str_radix(number.as_str(), number.radix()).ok().filter(|number| (1..=most).contains(number));
        let number = number.and_then(|number| u32::try_from(number).ok());
        number.map(Some).ok_or_else(|| Problem::new(&value.span(), format!("`{key}` is a whole number from 1 to {most}")))
    }

    /// A text that must be there.
    pub(super) fn required(&self, key: &str, why: &str) -> Read<Text<'a>> {
        self.text(key)?.ok_or_else(|| Problem::new(&self.span, format!("`{key}` is missing: {why}")))
    }

    /// A text, or a TOML date or time as it is written.
    pub(super) fn text_or_time(&self, key: &str) -> Read<Option<(String, Span)>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(time) => time.to_string(),
            other => return Err(wrong_type(value, key, "a date or a time", other)),
        };
        Ok(Some((text, value.span())))
    }

    /// A list of texts: not empty, nothing twice.
    pub(super) fn list(&self, key: &str) -> Read<Option<Vec<Text<'a>>>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let DeValue::Array(array) = value.get_ref() else {
            return Err(wrong_type(value, key, "a list of texts", value.get_ref()));
        };
        if array.is_empty() {
            return Err(Problem::new(&value.span(), format!("`{key}` is an empty list"))
                .hint(format!("leave out `{key}`, or name at least one")));
        }
        if array.len() > limits::ENTRIES {
            return Err(Problem::new(&value.span(), format!("`{key}` has more than {} entries", limits::ENTRIES)));
        }
        let texts = array.iter().map(|item| text_of(item, key)).collect::<Read<Vec<_>>>()?;
        let mut seen = BTreeSet::new();
        match texts.iter().find(|item| !seen.insert(item.text)) {
            Some(twice) => Err(twice.problem(format!("{} is in `{key}` twice", twice.quoted()))),
            None => Ok(Some(texts)),
        }
    }

    /// A table inside this one.
    pub(super) fn table(&self, key: &str) -> Read<Option<Self>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::Table(entries) => Ok(Some(Self { entries, span: self.key_span(key).unwrap_or_else(|| value.span()) })),
            other => Err(wrong_type(value, key, "a table", other)),
        }
    }

    /// The tables of `[[key]]`, in order.
    pub(super) fn tables(&self, key: &str) -> Read<Vec<Self>> {
        let Some(value) = self.value(key) else { return Ok(Vec::new()) };
        let DeValue::Array(array) = value.get_ref() else {
            return Err(wrong_type(value, key, "a list of tables", value.get_ref()).hint(format!("write it as [[{key}]]")));
        };
        if array.len() > limits::ENTRIES {
            return Err(Problem::new(&value.span(), format!("more than {} [[{key}]] entries", limits::ENTRIES)));
        }
        let table = |item: &'a Spanned<DeValue<'a>>| match item.get_ref() {
            DeValue::Table(entries) => Ok(Self { entries, span: item.span() }),
            other => Err(wrong_type(item, key, "a table", other)),
        };
        array.iter().map(table).collect()
    }
}

fn text_of<'a>(value: &'a Spanned<DeValue<'a>>, key: &str) -> Read<Text<'a>> {
    match value.get_ref() {
        DeValue::String(text) => Ok(Text { text, span: value.span() }),
        other => Err(wrong_type(value, key, A_TEXT, other)),
    }
}

const A_TEXT: &str = "a text";

fn wrong_type(value: &Spanned<DeValue<'_>>, key: &str, expected: &str, got: &DeValue<'_>) -> Problem {
    let got_type = got.type_str();
    let problem = Problem::new(&value.span(), format!("`{key}` must be {expected}, this is of type {got_type}"));
    match got {
        _ if expected != A_TEXT => problem,
        DeValue::Float(_) => problem.hint("numbers with a fraction are written as texts, \"0.5\": they are exact that way"),
        DeValue::Integer(_) => problem.hint("write it as a text, in quotes"),
        _ => problem,
    }
}

/// A hint for a text that is none of the known ones.
pub(super) fn nearest(text: &str, known: &[&str]) -> String {
    let text = text.to_ascii_lowercase().replace('_', "-");
    // What is much longer than every known word is near to none; comparing takes time and memory in proportion.
    let near = known.iter().filter(|known| text.len() <= 2 * known.len());
    let near = near.map(|known| (strsim::damerau_levenshtein(&text, known), known)).min();
    match near.filter(|(distance, known)| *distance <= known.len() / 3 + 1) {
        Some((_, known)) => format!("did you mean `{known}`?"),
        None => format!("known here: {}", known.join(", ")),
    }
}
