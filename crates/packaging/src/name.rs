//! Project names, always normalised.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits;

/// A project's name, normalised as PEP 503 says: lower case, runs of `-`, `_` and `.` become one `-`.
///
/// ```
/// # use affineur_packaging::ProjectName;
/// assert_eq!("Zope.Interface".parse::<ProjectName>()?.as_str(), "zope-interface");
/// # Ok::<_, affineur_packaging::ParseNameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProjectName(String);

/// Why a text is no project name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseNameError {
    /// Nothing there.
    #[error("a project name cannot be empty")]
    Empty,
    /// Longer than [`limits::PROJECT_NAME_BYTES`].
    #[error("a project name has at most {} characters", limits::PROJECT_NAME_BYTES)]
    TooLong,
    /// A character that PEP 508 does not allow, or `-`, `_`, `.` at an end.
    #[error("a project name has only ASCII letters, digits, '-', '_' and '.', and begins and ends with a letter or digit")]
    Character,
}

impl ProjectName {
    /// The normalised name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProjectName {
    type Err = ParseNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(ParseNameError::Empty);
        }
        if text.len() > limits::PROJECT_NAME_BYTES {
            return Err(ParseNameError::TooLong);
        }
        let mut name = String::with_capacity(text.len());
        let mut separated = true; // a separator at the start is an error, like two ends of one
        for character in text.chars() {
            match character {
                '-' | '_' | '.' if name.is_empty() => return Err(ParseNameError::Character),
                '-' | '_' | '.' if separated => {}
                '-' | '_' | '.' => {
                    name.push('-');
                    separated = true;
                }
                _ if character.is_ascii_alphanumeric() => {
                    name.push(character.to_ascii_lowercase());
                    separated = false;
                }
                _ => return Err(ParseNameError::Character),
            }
        }
        if separated { Err(ParseNameError::Character) } else { Ok(Self(name)) }
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ProjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProjectName({})", self.0)
    }
}

impl Serialize for ProjectName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ProjectName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised_as_pep_503_says() {
        for (text, name) in [("Flask", "flask"), ("a.-_b", "a-b"), ("A__B..c", "a-b-c"), ("x", "x"), ("3to2", "3to2")] {
            assert_eq!(text.parse::<ProjectName>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["-a", "a-", "_", "..", "a b", "é", "a/b", "../a", "a\n", "a\0"] {
            assert_eq!(text.parse::<ProjectName>(), Err(ParseNameError::Character), "{text:?}");
        }
        assert_eq!("".parse::<ProjectName>(), Err(ParseNameError::Empty));
        assert_eq!("a".repeat(129).parse::<ProjectName>(), Err(ParseNameError::TooLong));
    }
}
