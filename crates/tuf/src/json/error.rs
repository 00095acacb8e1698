use std::fmt;

use crate::limits;

/// Why a text has no canonical form. Whoever wrote the text is at fault. `at` counts bytes from the beginning of the text,
/// from 0; nothing of the text itself is repeated but one printable character.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// The text is not UTF-8.
    #[error("byte {at}: expected UTF-8")]
    NotUtf8 {
        /// The first byte that is not.
        at: usize,
    },
    /// The text is not JSON.
    #[error("byte {at}: expected {expected}, found {found}")]
    Unexpected {
        /// Where something else was expected.
        at: usize,
        /// What JSON has there.
        expected: &'static str,
        /// What the text has there.
        found: Found,
    },
    /// Half of a pair of surrogates stands alone, which is no character.
    #[error("byte {at}: expected an escaped character, found half of one (a lone surrogate)")]
    LoneSurrogate {
        /// The escape.
        at: usize,
    },
    /// A number with a fraction or an exponent: canonical JSON has none.
    #[error("byte {at}: expected an integer, found a number with a fraction or an exponent")]
    NotAnInteger {
        /// The number.
        at: usize,
    },
    /// Zero has one form.
    #[error("byte {at}: expected 0, found -0")]
    NegativeZero {
        /// The number.
        at: usize,
    },
    /// An integer that programs with integers of 64 bits would read differently, if at all.
    #[error("byte {at}: expected an integer from {min} to {max}, found one outside", min = i64::MIN, max = u64::MAX)]
    IntegerRange {
        /// The number.
        at: usize,
    },
    /// A name for the second time in one object: programs differ in which of the two they believe.
    #[error("byte {at}: expected a new name, found one that this object already has")]
    DuplicateName {
        /// The later of the two.
        at: usize,
    },
    /// Nesting deeper than [`limits::JSON_DEPTH`].
    #[error("byte {at}: expected at most {limit} levels of nesting, found more", limit = limits::JSON_DEPTH)]
    TooDeep {
        /// The bracket that opens one level too many.
        at: usize,
    },
}

/// What was found in the place of something else: a byte, or the end of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found(pub Option<u8>);

impl fmt::Display for Found {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => formatter.write_str("the end"),
            Some(byte) if byte.is_ascii_graphic() => write!(formatter, "`{}`", char::from(byte)),
            Some(byte) => write!(formatter, "byte {byte:#04x}"),
        }
    }
}
