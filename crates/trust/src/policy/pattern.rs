//! Patterns over project names and host names.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use affineur_packaging::ProjectName;

use crate::limits;

/// A pattern over project names: `*` stands for any characters, `?` for one. Normalised like the names (PEP 503).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Glob(String);

/// The text is no pattern over project names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseGlobError {
    /// Nothing there.
    #[error("a project pattern cannot be empty")]
    Empty,
    /// Longer than [`limits::GLOB_BYTES`].
    #[error("a project pattern has at most {} characters", limits::GLOB_BYTES)]
    TooLong,
    /// A character that neither a project name nor a pattern has.
    #[error("a project pattern has only ASCII letters, digits, '-', '_', '.', '*' and '?'")]
    Character,
    /// It begins or ends with a separator, which no project's name does: it would match nothing.
    #[error("a project pattern that begins or ends with '-', '_' or '.' matches nothing")]
    Separator,
}

impl Glob {
    /// Whether a project is meant.
    #[must_use]
    pub fn matches(&self, project: &ProjectName) -> bool {
        matches(self.0.as_bytes(), project.as_str().as_bytes())
    }

    /// What stands before a single `*` at the end, for a pattern of this shape.
    pub(super) fn prefix(&self) -> Option<&str> {
        self.0.strip_suffix('*').filter(|prefix| !prefix.contains(['*', '?']))
    }

    /// The pattern.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Greedy matching with one point to come back to: linear in practice, at worst the product of the lengths.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut position) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while let Some(&character) = text.get(position) {
        match pattern.get(at) {
            Some(b'*') => {
                last_star = Some((at, position));
                at += 1;
            }
            Some(&wanted) if wanted == character || wanted == b'?' => {
                at += 1;
                position += 1;
            }
            _ => {
                let Some((star, from)) = last_star else { return false };
                last_star = Some((star, from + 1));
                (at, position) = (star + 1, from + 1);
            }
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == b'*')
}

impl FromStr for Glob {
    type Err = ParseGlobError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(ParseGlobError::Empty);
        }
        if text.len() > limits::GLOB_BYTES {
            return Err(ParseGlobError::TooLong);
        }
        let mut glob = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                '-' | '_' | '.' if glob.ends_with('-') => {}
                '-' | '_' | '.' => glob.push('-'),
                '*' if glob.ends_with('*') => {}
                '*' | '?' => glob.push(character),
                _ if character.is_ascii_alphanumeric() => glob.push(character.to_ascii_lowercase()),
                _ => return Err(ParseGlobError::Character),
            }
        }
        if glob.starts_with('-') || glob.ends_with('-') { Err(ParseGlobError::Separator) } else { Ok(Self(glob)) }
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A host, or with `*.` in front all hosts below one (not that one itself).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPattern {
    host: String,
    below: bool,
}

/// The text is no host name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a host name without scheme, port and path, optionally with '*.' in front: \"github.com\", \"*.example\"")]
pub struct ParseHostError;

impl HostPattern {
    /// Whether a host is meant. Host names are compared as DNS does: letter case and a final dot do not count.
    #[must_use]
    pub fn matches(&self, host: &str) -> bool {
        let host = plain(host);
        if self.below {
            host.strip_suffix(self.host.as_str()).and_then(|rest| rest.strip_suffix('.')).is_some_and(|label| !label.is_empty())
        } else {
            host == self.host
        }
    }
}

fn plain(host: &str) -> String {
    let host = host.strip_suffix('.').unwrap_or(host);
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.to_ascii_lowercase()
}

impl FromStr for HostPattern {
    type Err = ParseHostError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, below) = match text.strip_prefix("*.") {
            Some(host) => (host, true),
            None => (text, false),
        };
        let host = plain(host);
        let address = host.parse::<IpAddr>().is_ok();
        if (below && address) || !(address || is_host_name(&host)) {
            return Err(ParseHostError);
        }
        Ok(Self { host, below })
    }
}

/// RFC 1123 labels, and '_', which some internal hosts have.
fn is_host_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // A name of digits and dots only is a mistyped address.
    host.len() <= limits::HOST_BYTES && host.split('.').all(label) && host.bytes().any(|byte| byte.is_ascii_alphabetic())
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.below { "*." } else { "" }, self.host)
    }
}

#[cfg(test)]
mod tests;
