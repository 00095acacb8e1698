//! The roles of a curator that people sign. Snapshot and timestamp have the renewal key, which a scheduled job may hold.

use std::fmt::{self, Display};
use std::str::FromStr;

use affineur_trust::curator::{AUDITED, OBJECTIONS, TRUSTED_AUTHOR, VOTED};
use affineur_tuf::TopRole;

/// A role that people sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CuratorRole {
    /// Names the keys of root, targets and the renewal key.
    Root,
    /// Names the keys of the others; lists people and further curators.
    Targets,
    /// Whose signatures are trusted.
    TrustedAuthor,
    /// Ballots.
    Voted,
    /// Audits.
    Audited,
    /// Objections, and votes that were withdrawn.
    Objections,
}

impl CuratorRole {
    /// All of them, each after the one that names its keys.
    pub const ALL: [Self; 6] = [Self::Root, Self::Targets, Self::TrustedAuthor, Self::Voted, Self::Audited, Self::Objections];
    /// Those whose targets are statements: targets delegates to them.
    pub const STATEMENTS: [Self; 4] = [Self::TrustedAuthor, Self::Voted, Self::Audited, Self::Objections];

    /// Its name in the metadata.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Root => TopRole::Root.as_str(),
            Self::Targets => TopRole::Targets.as_str(),
            Self::TrustedAuthor => TRUSTED_AUTHOR,
            Self::Voted => VOTED,
            Self::Audited => AUDITED,
            Self::Objections => OBJECTIONS,
        }
    }
}

impl Display for CuratorRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no role of a curator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a role: root, targets, trusted-author, voted, audited or objections")]
pub struct ParseCuratorRoleError;

impl FromStr for CuratorRole {
    type Err = ParseCuratorRoleError;

    fn from_str(text: &str) -> Result<Self, ParseCuratorRoleError> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(ParseCuratorRoleError)
    }
}
