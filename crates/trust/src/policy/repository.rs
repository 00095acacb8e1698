//! A party that is a TUF repository: it vouches, and everything that it says is verified.

use std::collections::BTreeMap;

use affineur_packaging::Sha256;
use jiff::SignedDuration;
use url::Url;

use super::party::{MilliTrust, UpstreamUrlError, base_url};
use crate::listing;

/// An index with a TUF repository, or a curator's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its TUF repository, ending in `/`, without credentials: metadata in `metadata/`, targets in `targets/` below it.
    pub url: Url,
    /// The root that the user trusts: a path, relative to the policy file.
    pub root: String,
    /// The digest of that file, once somebody has read it. Part of the printed policy, so that another root has other caches.
    pub root_sha256: Option<Sha256>,
    /// What its vouches add to a score, the heaviest kind of each. Nothing where absent.
    pub weight: BTreeMap<VouchKind, MilliTrust>,
    /// For how long it may stand still before it counts as unavailable; until its metadata expire where absent.
    pub max_stale: Option<SignedDuration>,
    /// How many curators a statement may pass through; one is the party itself. Only curators have more.
    pub depth: u32,
}

/// What a vouch of a repository may be, each with a weight of its own: the tiers and tracks of an index, the levels of a curator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VouchKind {
    /// Of a project whose developers sign with keys that the index's offline role lists.
    Claimed,
    /// Of one whose claim the offline role has not signed yet.
    RecentlyClaimed,
    /// Of one that the index signs with its online key.
    Unclaimed,
    /// Of a file that the role `stable` signed.
    Stable,
    /// A curator trusts its author, who signed it.
    TrustedAuthor,
    /// A curator's electorate voted for it.
    Voted,
    /// A curator's auditors read it.
    Audited,
}

impl VouchKind {
    /// All of them: those of an index, then those of a curator.
    pub const ALL: [Self; 7] =
        [Self::Claimed, Self::RecentlyClaimed, Self::Unclaimed, Self::Stable, Self::TrustedAuthor, Self::Voted, Self::Audited];

    /// Whether it is a level of a curator.
    #[must_use]
    pub const fn is_level(self) -> bool {
        matches!(self, Self::TrustedAuthor | Self::Voted | Self::Audited)
    }

    /// The word for it in a policy.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::RecentlyClaimed => "recently-claimed",
            Self::Unclaimed => "unclaimed",
            Self::Stable => "stable",
            Self::TrustedAuthor => "trusted-author",
            Self::Voted => "voted",
            Self::Audited => "audited",
        }
    }
}

impl Repository {
    /// A repository at a URL, to which a final `/` is added where it lacks one, with a trusted root.
    ///
    /// # Errors
    /// See [`UpstreamUrlError`].
    pub fn at(url: Url, root: String) -> Result<Self, UpstreamUrlError> {
        Ok(Self { url: base_url(url)?, root, root_sha256: None, weight: BTreeMap::new(), max_stale: None, depth: 1 })
    }

    /// The Simple API that installers are pointed at. Nothing that comes from there is believed.
    #[must_use]
    pub fn simple_url(&self) -> Option<Url> {
        listing::simple_url(&self.url)
    }
}
