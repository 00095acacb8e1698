//! Names of keys. A name is a file's name without its ending, on every platform, so it can be no path.

use std::fmt::{self, Display};
use std::str::FromStr;

use crate::limits::KEY_NAME_BYTES;

/// The name of a key in a folder: `laptop`, `root-1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyName(Box<str>);

/// The text is no name for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseKeyNameError {
    /// It has no characters or too many.
    #[error("a key's name has 1 to {KEY_NAME_BYTES} characters")]
    Length,
    /// Capitals are refused since some file systems ignore case; separators, dots and spaces since a name is no path.
    #[error("a key's name has only a to z, 0 to 9, - and _, and begins with a letter or digit")]
    Character,
    /// `con`, `nul`, `com1`, …
    #[error("this name means a device on Windows, where the key could not be stored")]
    Device,
}

impl FromStr for KeyName {
    type Err = ParseKeyNameError;

    fn from_str(text: &str) -> Result<Self, ParseKeyNameError> {
        if text.is_empty() || text.len() > KEY_NAME_BYTES {
            return Err(ParseKeyNameError::Length);
        }
        let is_plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let is_fine = |byte: &u8| is_plain(byte) || matches!(byte, b'-' | b'_');
        if !text.as_bytes().iter().all(is_fine) || !text.as_bytes().first().is_some_and(is_plain) {
            return Err(ParseKeyNameError::Character);
        }
        if is_device(text) { Err(ParseKeyNameError::Device) } else { Ok(Self(text.into())) }
    }
}

fn is_device(text: &str) -> bool {
    let numbered = |stem: &str| text.strip_prefix(stem).is_some_and(|rest| rest.len() == 1 && rest < ":");
    matches!(text, "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

impl KeyName {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_path_an_option_or_a_device() {
        for good in ["laptop", "root-1", "a", "0", "com", "com10", "con1", "under_score", &"a".repeat(KEY_NAME_BYTES)] {
            assert_eq!(good.parse::<KeyName>().map(|name| name.to_string()), Ok(good.to_owned()));
        }
        for (bad, error) in [
            ("", ParseKeyNameError::Length),
            (&*"a".repeat(KEY_NAME_BYTES + 1), ParseKeyNameError::Length),
            ("..", ParseKeyNameError::Character),
            ("../laptop", ParseKeyNameError::Character),
            ("a/b", ParseKeyNameError::Character),
            ("a\\b", ParseKeyNameError::Character),
            ("c:a", ParseKeyNameError::Character),
            ("-json", ParseKeyNameError::Character),
            ("_a", ParseKeyNameError::Character),
            (".a", ParseKeyNameError::Character),
            ("a.key", ParseKeyNameError::Character),
            ("a b", ParseKeyNameError::Character),
            ("Laptop", ParseKeyNameError::Character),
            ("clé", ParseKeyNameError::Character),
            ("a\n", ParseKeyNameError::Character),
            ("a\0", ParseKeyNameError::Character),
            ("nul", ParseKeyNameError::Device),
            ("com1", ParseKeyNameError::Device),
            ("lpt9", ParseKeyNameError::Device),
        ] {
            assert_eq!(bad.parse::<KeyName>(), Err(error), "{bad:?}");
        }
    }
}
