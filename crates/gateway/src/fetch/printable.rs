//! Text of an upstream, made fit for printing.

use std::fmt;

use crate::limits;

/// A short piece of text that came from outside: printable ASCII only, cut to [`limits::PRINTABLE_BYTES`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Printable(String);

impl Printable {
    /// Keeps printable ASCII, writes `?` for everything else, cuts what is too long.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let shown = bytes.iter().take(limits::PRINTABLE_BYTES);
        Self(shown.map(|&byte| if byte == b' ' || byte.is_ascii_graphic() { char::from(byte) } else { '?' }).collect())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Printable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("none") } else { f.write_str(&self.0) }
    }
}
