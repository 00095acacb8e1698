//! What a vouch is worth: the tier and track of an index, or the levels of a curator.

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

/// The levels at which a curator vouches: at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Levels(u8);

impl Levels {
    /// One level, and others.
    #[must_use]
    pub fn new(first: Level, others: impl IntoIterator<Item = Level>) -> Self {
        Self(std::iter::once(first).chain(others).fold(0, |levels, level| levels | 1 << level as u8))
    }

    /// Lowest first.
    pub fn iter(self) -> impl Iterator<Item = Level> {
        Level::ALL.into_iter().filter(move |level| self.0 & 1 << *level as u8 != 0)
    }
}

/// What a vouch is worth. A party counts by the heaviest kind.
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
    Curator(Levels),
}

impl Worth {
    /// The kinds of vouch that it is.
    pub fn kinds(self) -> impl Iterator<Item = VouchKind> {
        let (index, levels) = match self {
            Self::Index { tier, track } => {
                let stable = (track == Some(Track::Stable)).then_some(VouchKind::Stable);
                (Some([Some(tier.kind()), stable]), None)
            }
            Self::Curator(levels) => (None, Some(levels)),
        };
        let levels = levels.into_iter().flat_map(Levels::iter).map(Level::kind);
        index.into_iter().flatten().flatten().chain(levels)
    }
}

/// `unclaimed`, `unclaimed, stable`, `voted, audited`.
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
        let audited = Worth::Curator(Levels::new(Level::Audited, [Level::TrustedAuthor, Level::Audited]));
        assert_eq!(audited.to_string(), "trusted-author, audited");
        assert_eq!(Worth::Index { tier: Tier::Unclaimed, track: None }.to_string(), "unclaimed");
        assert_eq!(Worth::Index { tier: Tier::Unclaimed, track: Some(Track::Latest) }.to_string(), "unclaimed");
        assert_eq!(Worth::Index { tier: Tier::Unclaimed, track: Some(Track::Stable) }.to_string(), "unclaimed, stable");
    }
}
