//! What a vouch is worth: the tier and track of an index, or the level of a curator.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::listing::Tier;
use crate::{Track, VouchKind};

/// How well a curator knows a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// It trusts the author, who signed the file.
    TrustedAuthor,
    /// Its electorate voted for it.
    Voted,
    /// Its auditors read it.
    Audited,
}

impl Level {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::TrustedAuthor, Self::Voted, Self::Audited];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.kind().as_str()
    }

    /// What a policy weighs it as.
    #[must_use]
    pub const fn kind(self) -> VouchKind {
        match self {
            Self::TrustedAuthor => VouchKind::TrustedAuthor,
            Self::Voted => VouchKind::Voted,
            Self::Audited => VouchKind::Audited,
        }
    }
}

/// What a vouch is worth: as much as the heaviest of its kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Worth {
    /// Of an index.
    Index {
        /// How strongly the project is bound to its developers.
        tier: Tier,
        /// On which track the file is, where the project has tracks.
        track: Option<Track>,
    },
    /// Of a curator.
    Curator(Level),
}

impl Worth {
    /// The kinds of vouch that it is.
    pub fn kinds(self) -> impl Iterator<Item = VouchKind> {
        let (kind, more) = match self {
            Self::Index { tier, track } => (tier.kind(), (track == Some(Track::Stable)).then_some(VouchKind::Stable)),
            Self::Curator(level) => (level.kind(), None),
        };
        std::iter::once(kind).chain(more)
    }
}

/// `unclaimed`, `unclaimed, stable`, `audited`.
impl fmt::Display for Worth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.kinds().map(VouchKind::as_str).collect();
        f.write_str(&words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worth_has_the_words_of_the_policy() {
        assert_eq!(Worth::Curator(Level::TrustedAuthor).to_string(), "trusted-author");
        assert_eq!(Worth::Index { tier: Tier::Unclaimed, track: None }.to_string(), "unclaimed");
        assert_eq!(Worth::Index { tier: Tier::Unclaimed, track: Some(Track::Latest) }.to_string(), "unclaimed");
        assert_eq!(Worth::Index { tier: Tier::Unclaimed, track: Some(Track::Stable) }.to_string(), "unclaimed, stable");
    }
}
