//! Names: roles, target paths, path patterns. Parsed once; no name can lead out of a folder or a URL.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::hashes::{digit, sha256};
use crate::limits;
use crate::metadata::{TopRole, Version};

/// The name of a delegated role (ROLENAME, §4.5): any text but the empty one and the names of the four top-level roles, which
/// would otherwise share their files.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleName(Arc<str>);

/// The text cannot name a delegated role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseRoleNameError {
    /// It is empty.
    #[error("a role has an empty name")]
    Empty,
    /// It is too long.
    #[error("the name of a role has {found} bytes, at most {} are accepted", limits::ROLE_NAME_BYTES)]
    TooLong {
        /// Its length in bytes.
        found: usize,
    },
    /// It is the name of a top-level role.
    #[error("{0}: a delegated role must not have the name of a top-level role")]
    TopLevel(TopRole),
}

impl RoleName {
    /// The name as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RoleName {
    type Err = ParseRoleNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(ParseRoleNameError::Empty);
        }
        if text.len() > limits::ROLE_NAME_BYTES {
            return Err(ParseRoleNameError::TooLong { found: text.len() });
        }
        if let Some(top) = TopRole::ALL.into_iter().find(|top| top.as_str() == text) {
            return Err(ParseRoleNameError::TopLevel(top));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_debug())
    }
}

impl Serialize for RoleName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RoleName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Where a metadata file lies below the metadata URL: the role's name percent-encoded, and its version before it with
/// consistent snapshots (§6.2).
#[must_use]
pub fn metadata_path(role: &str, version: Option<Version>) -> String {
    let name = percent_encoded(role);
    version.map_or_else(|| format!("{name}.json"), |version| format!("{version}.{name}.json"))
}

fn percent_encoded(text: &str) -> String {
    use fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The path of a target (TARGETPATH, §4.5), relative and made of plain segments: it is safe to append to a URL or a folder.
///
/// Metadata may list other paths; nothing can ask for them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TargetPath {
    text: Arc<str>,
    digest: [u8; 32],
}

/// The text cannot be the path of a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseTargetPathError {
    /// Too long.
    #[error("the path of a target has {found} bytes, at most {} are accepted", limits::TARGET_PATH_BYTES)]
    TooLong {
        /// Its length in bytes.
        found: usize,
    },
    /// An empty path, a leading, doubled or trailing `/`, or a segment `.` or `..`.
    #[error("{0}: the path of a target is relative and has no empty segment, `.` or `..`")]
    Segment(String),
    /// A backslash, which is a separator on some systems, or a control character.
    #[error("{0}: the path of a target has no backslash, colon at its start, or control character")]
    Character(String),
}

impl TargetPath {
    /// The path as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the path, by which hash bins are chosen (`path_hash_prefixes`, §4.5; TAP 15).
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Whether the digest begins with these hexadecimal digits, lower case (`path_hash_prefixes`, §4.5).
    pub(crate) fn digest_begins_with(&self, digits: &str) -> bool {
        let own = self.digest.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
        digits.len() <= 2 * self.digest.len() && digits.bytes().eq(own.take(digits.len()))
    }

    /// Where the file lies below the targets URL, percent-encoded; with a digest, as consistent snapshots name it:
    /// `a/b/HASH.name` (§6.2).
    #[must_use]
    pub fn url_path(&self, digest: Option<&str>) -> String {
        let (folder, name) = self.text.rsplit_once('/').map_or((None, &*self.text), |(folder, name)| (Some(folder), name));
        let mut path = String::with_capacity(self.text.len() + 130);
        for segment in folder.into_iter().flat_map(|folder| folder.split('/')) {
            path.push_str(&percent_encoded(segment));
            path.push('/');
        }
        if let Some(digest) = digest {
            path.push_str(digest);
            path.push('.');
        }
        path.push_str(&percent_encoded(name));
        path
    }
}

impl FromStr for TargetPath {
    type Err = ParseTargetPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > limits::TARGET_PATH_BYTES {
            return Err(ParseTargetPathError::TooLong { found: text.len() });
        }
        let shown = || text.escape_debug().to_string();
        if text.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(ParseTargetPathError::Segment(shown()));
        }
        let drive = text.as_bytes().get(1) == Some(&b':');
        if drive || text.chars().any(|character| character == '\\' || character.is_control()) {
            return Err(ParseTargetPathError::Character(shown()));
        }
        let digest = sha256(&[text.as_bytes()]);
        Ok(Self { text: text.into(), digest })
    }
}

impl fmt::Display for TargetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A pattern of paths that a role is trusted with (PATHPATTERN, §4.5): `*` is any run of characters and `?` any one, neither
/// of them a `/`; everything else is itself, `[` too.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PathPattern(Box<str>);

impl PathPattern {
    /// Any text is a pattern.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The pattern as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the path is among those that it describes.
    #[must_use]
    pub fn matches(&self, path: &TargetPath) -> bool {
        let mut pattern = self.0.split('/');
        let mut path = path.as_str().split('/');
        loop {
            match (pattern.next(), path.next()) {
                (None, None) => return true,
                (Some(pattern), Some(segment)) if segment_matches(pattern, segment) => {}
                _ => return false,
            }
        }
    }
}

/// Matches one segment. On a mismatch only the last `*` takes one character more: never more steps than the product of the
/// lengths.
fn segment_matches(pattern: &str, segment: &str) -> bool {
    let (mut pattern, mut rest) = (pattern.chars(), segment.chars());
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let before = rest.clone();
        match (pattern.next(), rest.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                rest = before.clone();
                retry = Some((pattern.clone(), before));
                continue;
            }
            (Some('?'), Some(_)) => continue,
            (Some(expected), Some(found)) if expected == found => continue,
            _ => {}
        }
        let Some((after_star, taken)) = &mut retry else { return false };
        if taken.next().is_none() {
            return false;
        }
        pattern = after_star.clone();
        rest = taken.clone();
    }
}

#[cfg(test)]
mod tests;
