//! What is known about a file: the facts and each party's claim. Evidence is collected by the gateway and judged by the policy.

use std::collections::BTreeMap;

use affineur_packaging::{FileName, ProjectName, Sha256};
use jiff::Timestamp;

use crate::{Claims, NotVouched, Objection, PartyName, Vouches};

/// What claims are about: one file of one project with these bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileFact {
    /// The project.
    pub project: ProjectName,
    /// The file's name.
    pub name: FileName,
    /// Its size in bytes, where it is known.
    pub size: Option<u64>,
    /// Its digest. `None` where the upstream says none and the bytes have not been seen: nothing can be pinned then.
    pub sha256: Option<Sha256>,
}

/// What one party says about one file fact.
///
/// A pin is never a vouch: what comes from a repository without being verified does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// From a TUF repository: roles that the user's root trusts sign for this very file. Of several ways one at most is counted.
    Vouched(Vouches),
    /// From a TUF repository that was asked and does not vouch: why.
    NotVouched(Box<NotVouched>),
    /// From an upstream without TUF: the digest was pinned when it was first seen.
    Pinned(Pin),
    /// Same project and file name, other bytes than before or than another page of the same party.
    Contradicts(Contradiction),
    /// The party answered, and does not know the file.
    Silent,
    /// No current answer could be had. Never the same as silent.
    Unavailable(Unavailable),
}

/// What this gateway has recorded about a file of an upstream since it first saw it. Later pages never change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// When this gateway first saw this file with this digest.
    pub first_seen: Timestamp,
    /// The last verified page of the project, before `first_seen`, that did *not* have this file. `None` where the file was on
    /// the first page that this gateway ever saw of the project.
    pub absent_until: Option<Timestamp>,
    /// The upload time that the upstream claimed when the file was first seen.
    pub upload_time: Option<Timestamp>,
    /// The file's `Last-Modified` when it was first asked for.
    pub last_modified: LastModified,
}

/// What is known of a file's `Last-Modified`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastModified {
    /// Nobody has asked for it yet: a page asks for the newest files only. It is asked for before the file is served.
    NotAsked,
    /// It was asked for; the upstream does not say.
    Unknown,
    /// What the upstream said.
    At(Timestamp),
}

/// What contradicts what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contradiction {
    /// The digest differs from the one that was pinned.
    Digest {
        /// The digest that was pinned.
        pinned: Sha256,
        /// The digest that came now, where there is one.
        got: Option<Sha256>,
        /// Since when the digest has been pinned.
        since: Timestamp,
    },
    /// The served `.metadata` is not the `METADATA` inside the wheel.
    Metadata,
    /// The bytes that came do not have the digest that the page says.
    Bytes {
        /// The digest on the page.
        expected: Sha256,
        /// The digest of what came.
        got: Sha256,
    },
    /// The project came from this source before and the source now says that it has none (DESIGN §4.5, *absent*).
    Vanished,
    /// The same page lists the file twice with different contents.
    ListedTwice,
    /// A curator vouches for other bytes under this name.
    OtherBytes {
        /// Their digest, where it is a SHA-256.
        vouched: Option<Sha256>,
    },
}

/// Why a party could not be heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    /// In our own words: the upstream's text never gets in here.
    pub problem: String,
}

/// All that is known about one file: each party's claim, and from which source its page and bytes come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The source that has the project.
    pub source: PartyName,
    /// Each party's claim.
    pub claims: Claims,
    /// What parties object to, as far as it may concern the file.
    pub objections: Vec<Objection>,
    /// Since when each party's newest statement of all has been known here: what `max-stale` counts from. A party that is not
    /// here has never been heard.
    pub heard: BTreeMap<PartyName, Timestamp>,
}

impl Evidence {
    /// What the source says, and nobody else.
    #[must_use]
    pub fn of_source(source: PartyName, claim: Claim) -> Self {
        let claims = Claims::from_iter([(source.clone(), claim)]);
        Self { source, claims, objections: Vec::new(), heard: BTreeMap::new() }
    }

    pub(crate) fn about(&self) -> About<'_> {
        let Self { source, claims, objections, heard } = self;
        About { source, source_claim: claims.get(source).unwrap_or(&Claim::Silent), claims, objections, heard }
    }
}

/// What is the same for all files of a project's page: evidence without claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hearing {
    /// The source that has the project.
    pub source: PartyName,
    /// What parties object to, as far as it may concern the project.
    pub objections: Vec<Objection>,
    /// See [`Evidence::heard`].
    pub heard: BTreeMap<PartyName, Timestamp>,
}

impl Hearing {
    /// Nobody objects, and nobody has been heard.
    #[must_use]
    pub const fn of_source(source: PartyName) -> Self {
        Self { source, objections: Vec::new(), heard: BTreeMap::new() }
    }
}

/// All that is known about one file, wherever it is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) source: &'a PartyName,
    pub(crate) source_claim: &'a Claim,
    pub(crate) claims: &'a Claims,
    pub(crate) objections: &'a [Objection],
    pub(crate) heard: &'a BTreeMap<PartyName, Timestamp>,
}
