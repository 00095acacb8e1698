//! Identifiers of keys.

use std::fmt::{self, Debug, Display, Formatter, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::hex;
use crate::limits::KEY_ID_BYTES;

/// An identifier of a key: any text, unique within the metadata that names it (TAP 12). It says nothing about the key.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct KeyId(Box<str>);

/// Why a text is no identifier of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyIdError {
    /// It has no characters.
    #[error("an identifier of a key is empty")]
    Empty,
    /// It is longer than [`KEY_ID_BYTES`].
    #[error("an identifier of a key has {found} bytes; at most {KEY_ID_BYTES} are read")]
    TooLong {
        /// Its length in bytes.
        found: usize,
    },
}

impl KeyId {
    /// The text as metadata has it. To show it to a person, print the identifier instead.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn of_digest(digest: &[u8]) -> Self {
        Self(hex::encode(digest).into())
    }
}

impl TryFrom<String> for KeyId {
    type Error = KeyIdError;

    fn try_from(text: String) -> Result<Self, KeyIdError> {
        match text.len() {
            0 => Err(KeyIdError::Empty),
            found if found > KEY_ID_BYTES => Err(KeyIdError::TooLong { found }),
            _ => Ok(Self(text.into())),
        }
    }
}

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        text.to_owned().try_into()
    }
}

/// Printable ASCII as it is, everything else escaped: identifiers are chosen by others and end up in terminals and logs.
impl Display for KeyId {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            ' '..='~' => formatter.write_char(character),
            _ => write!(formatter, "{}", character.escape_unicode()),
        })
    }
}

impl Debug for KeyId {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeyId({self})")
    }
}
