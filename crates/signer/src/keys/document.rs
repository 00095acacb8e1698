//! What a file of a key says (docs/formats/keys.md): the public key in the clear, and beside it where the private one is.
//!
//! All of it is in one file, so that a public key can neither be left behind nor be taken for another one's. Whoever can write
//! the file can still change the public key: that is noticed when the key is opened ([`super::StoredKey::open`]).

use std::fmt::{self, Display};
use std::path::PathBuf;
use std::str::FromStr;

use affineur_packaging::text::free_text;
use affineur_tuf::key::{Key, KeyError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Derivation;
use crate::limits::{self, COMMENT_CHARACTERS};

/// How a text in the age format begins.
const AGE: &str = "-----BEGIN AGE ENCRYPTED FILE-----";

/// A file of a key, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Document {
    /// The usual one.
    Described(Box<Description>),
    /// An encrypted private key and nothing else, as ceremonies write it. Its public key is unknown until it is opened.
    Bare(String),
}

/// The public key, and where the private one is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Description {
    format: Format,
    pub(super) key: Key,
    pub(super) created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<Comment>,
    pub(super) private: Private,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "affineur-key-1")]
    First,
}

/// Where a private key is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Private {
    /// In the file, under a passphrase, in the age format.
    Sealed(String),
    /// In a PKCS #11 token, which never gives it out.
    Token(TokenReference),
    /// Nowhere: it is derived from a generated passphrase each time.
    Derived(Derivation),
}

/// How a key in a PKCS #11 token is found again. No PIN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TokenReference {
    /// The shared library that speaks for the token.
    pub module: PathBuf,
    /// The token's label.
    pub label: String,
    /// The token's serial number: labels are chosen by people and may be there twice.
    pub serial: String,
    /// The key's `CKA_ID`, in hexadecimal digits.
    pub object: String,
}

/// A line about a key, by and for the person who made it. Nothing vouches for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Comment(String);

/// The text cannot be a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a comment is one line of 1 to {COMMENT_CHARACTERS} visible characters")]
pub struct ParseCommentError;

impl TryFrom<String> for Comment {
    type Error = ParseCommentError;

    fn try_from(text: String) -> Result<Self, ParseCommentError> {
        let is_long = text.chars().count() > COMMENT_CHARACTERS;
        if text.is_empty() || is_long || text.contains(['\t', '\n', '\r']) || free_text(&text) != text {
            return Err(ParseCommentError);
        }
        Ok(Self(text))
    }
}

impl FromStr for Comment {
    type Err = ParseCommentError;

    fn from_str(text: &str) -> Result<Self, ParseCommentError> {
        text.to_owned().try_into()
    }
}

impl Display for Comment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A file is none of a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Larger than any such file.
    #[error("it has more than {} bytes", limits::KEY_FILE_BYTES)]
    TooLong,
    /// Neither the format of these files nor an encrypted key.
    #[error("it is no key file, or it is damaged: {0}")]
    Syntax(String),
    /// The public key in it could verify nothing.
    #[error("its public key is unusable: {0}")]
    Key(#[from] KeyError),
    /// The public key has fields that no key of ours has.
    #[error("its public key has fields that are not known")]
    UnknownFields,
}

impl Document {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        if bytes.len() > limits::KEY_FILE_BYTES {
            return Err(DocumentError::TooLong);
        }
        let text = str::from_utf8(bytes).map_err(|_| DocumentError::Syntax("it is no text".to_owned()))?;
        if text.trim_start().starts_with(AGE) {
            return Ok(Self::Bare(text.to_owned()));
        }
        // Only the place: the parser's words quote the file.
        let at = |error: serde_json::Error| {
            DocumentError::Syntax(format!("line {}, column {} is not as expected", error.line(), error.column()))
        };
        let description: Description = serde_json::from_str(text).map_err(at)?;
        description.key.public()?;
        if !description.key.extra().is_empty() || !description.key.keyval.extra().is_empty() {
            return Err(DocumentError::UnknownFields);
        }
        Ok(Self::described(description))
    }

    pub(super) fn described(description: Description) -> Self {
        Self::Described(Box::new(description))
    }

    /// The same with the private key under another passphrase.
    pub(super) fn resealed(&self, sealed: String) -> Self {
        match self {
            Self::Described(description) => {
                Self::described(Description { private: Private::Sealed(sealed), ..(**description).clone() })
            }
            Self::Bare(_) => Self::Bare(sealed),
        }
    }

    /// As it is written into the file.
    pub(super) fn to_text(&self) -> String {
        match self {
            // Writing text and maps into memory does not fail.
            Self::Described(description) => serde_json::to_string_pretty(&**description).unwrap_or_default() + "\n",
            Self::Bare(sealed) => sealed.clone(),
        }
    }
}

impl Description {
    pub(super) fn new(key: Key, private: Private, created: Timestamp, comment: Option<Comment>) -> Self {
        Self { format: Format::First, key, created, comment, private }
    }
}
