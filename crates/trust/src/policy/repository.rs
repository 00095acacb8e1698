//! A party that is a TUF repository: it vouches, and everything that it says is verified.

use std::collections::BTreeMap;

use affineur_packaging::Sha256;
use url::Url;

use super::party::{MilliTrust, UpstreamUrlError, base_url};
use crate::listing;

/// An index with a TUF repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its TUF repository, ending in `/`, without credentials: metadata in `metadata/`, targets in `targets/` below it.
    pub url: Url,
    /// The root that the user trusts: a path, relative to the policy file.
    pub root: String,
    /// The digest of that file, once somebody has read it. Part of the printed policy, so that another root has other caches.
    pub root_sha256: Option<Sha256>,
    /// What its vouches add to a score. Nothing where absent.
    pub weight: BTreeMap<VouchKind, MilliTrust>,
}

/// What a vouch of an index may be, each with a weight of its own.
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
}

impl VouchKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Claimed, Self::RecentlyClaimed, Self::Unclaimed, Self::Stable];

    /// The word for it in a policy.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::RecentlyClaimed => "recently-claimed",
            Self::Unclaimed => "unclaimed",
            Self::Stable => "stable",
        }
    }
}

impl Repository {
    /// A repository at a URL, to which a final `/` is added where it lacks one, with a trusted root.
    ///
    /// # Errors
    /// See [`UpstreamUrlError`].
    pub fn at(url: Url, root: String) -> Result<Self, UpstreamUrlError> {
        Ok(Self { url: base_url(url)?, root, root_sha256: None, weight: BTreeMap::new() })
    }

    /// The Simple API that installers are pointed at. Nothing that comes from there is believed.
    #[must_use]
    pub fn simple_url(&self) -> Option<Url> {
        listing::simple_url(&self.url)
    }
}
