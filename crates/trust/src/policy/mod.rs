//! Policies: what they are, how they are read and printed.
//!
//! A policy is data. How it decides is in `crate::decide`; this module must never judge a file.

mod check;
mod demand;
mod document;
mod intent;
mod parse;
mod party;
mod pattern;
mod print;
mod repository;
mod rule;
mod set;
mod wait;

use std::collections::BTreeMap;

use affineur_packaging::{ProjectName, Sha256, Version, VersionSpecifiers};
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::demand::CompiledDemand;
use crate::{ReferenceTime, limits};

pub use demand::{Demand, Track};
pub use document::PolicyError;
pub use intent::{Intent, ParseIntentError};
pub use party::{
    Domain, MilliTrust, ParseDomainError, ParsePartyNameError, ParseTrustError, Party, PartyKind, PartyName, Upstream,
    UpstreamUrlError,
};
pub use pattern::{Glob, HostPattern, ParseGlobError, ParseHostError};
pub use repository::{Repository, VouchKind};
pub(crate) use rule::Node;
pub use rule::Rule;
pub use set::{AddedPolicy, PolicySet};

/// One policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// In which order the sources are asked for a project. Empty where they are learned from the installers' own settings.
    pub sources: Vec<PartyName>,
    /// The parties, by name.
    pub parties: BTreeMap<PartyName, Party>,
    /// What a file must have behind it besides its source.
    pub demand: Demand,
    /// Whose objections withhold, in every scope.
    pub veto: Vec<PartyName>,
    /// What its owner means it to guarantee.
    pub intents: Vec<Intent>,
    /// How long a file waits.
    pub minimum_age: SignedDuration,
    /// From which clock the wait is counted.
    pub age_from: AgeFrom,
    /// What is done with the decisions.
    pub mode: Mode,
    /// Hosts that are neither source nor file host and may be talked to all the same.
    pub pass: Vec<HostPattern>,
    /// Rules for some projects; the first match wins.
    pub scopes: Vec<Scope>,
    /// Exceptions that end by themselves.
    pub exceptions: Vec<Exception>,
    /// Who wrote it. Not writable in a file.
    pub(crate) written_by: WrittenBy,
}

/// Where a policy comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WrittenBy {
    /// Nobody wrote one: the rules that this program brings.
    BuiltIn,
    /// The user named or trusted it.
    User,
    /// It was found in the working directory.
    WorkingDirectory,
}

/// From which clock a file's age is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AgeFrom {
    /// This gateway's first sight; on a project's first page the upload time.
    #[default]
    FirstSeen,
    /// What the upstream claims.
    UploadTime,
    /// What a monitor or the role `stable` attests; never what an index says online.
    Signed,
}

/// What is done with decisions. The gateway applies it; [`Policy::decide`] does not know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Nothing is changed; what would have been withheld is reported.
    Observe,
    /// Withheld files are marked as yanked with the reason and can still be had by naming them exactly.
    Warn,
    /// Withheld files cannot be had.
    #[default]
    Enforce,
}

/// Rules for some projects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Which projects.
    pub projects: Vec<Glob>,
    /// The only sources for these projects.
    pub only: Option<Vec<PartyName>>,
    /// What their files must have behind them. Nothing of the policy's own demand is inherited.
    pub demand: Demand,
    /// Their wait; the policy's where absent.
    pub minimum_age: Option<SignedDuration>,
    /// Their clock; the policy's where absent.
    pub age_from: Option<AgeFrom>,
}

/// An exception that ends by itself. It counts for the [`limits::EXCEPTION_DAYS`] before its end, not earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Which projects.
    pub project: Glob,
    /// Which versions; all where absent.
    pub versions: Option<VersionSpecifiers>,
    /// The wait that replaces the policy's where it is shorter.
    pub minimum_age: SignedDuration,
    /// When it ends.
    pub until: Timestamp,
    /// Why somebody wrote it, as written; a [`Reason`](crate::Reason) shows it as one line of printable ASCII.
    pub reason: String,
}

/// Something about a policy that is no error and that its owner should know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyWarning {
    /// An exception has ended and can be removed.
    #[error("the exception for {project} ended on {}", crate::text::day(*until))]
    Ended {
        /// Its pattern.
        project: Glob,
        /// When.
        until: Timestamp,
    },
    /// An exception would last too long.
    #[error("the exception for {project} ends on {}, more than {} days ahead: it counts only from {} on",
        crate::text::day(*until), limits::EXCEPTION_DAYS, crate::text::day(*counts_from))]
    TooLong {
        /// Its pattern.
        project: Glob,
        /// When it ends.
        until: Timestamp,
        /// From when on it counts.
        counts_from: Timestamp,
    },
}

impl Policy {
    /// How long a file waits where a policy does not say: most malicious releases are found and removed within three days.
    pub const DEFAULT_MINIMUM_AGE: SignedDuration = SignedDuration::from_hours(72);

    /// The rules that hold where nobody wrote a policy: three days from first sight, enforced, sources learned.
    ///
    /// Only in these may a file pass of whose age nothing at all is known, with a reason that says so.
    #[must_use]
    pub const fn built_in() -> Self {
        Self {
            sources: Vec::new(),
            parties: BTreeMap::new(),
            demand: Demand { minimum_score: None, require: Vec::new(), rule: None, urgent: None, track: None },
            veto: Vec::new(),
            intents: Vec::new(),
            minimum_age: Self::DEFAULT_MINIMUM_AGE,
            age_from: AgeFrom::FirstSeen,
            mode: Mode::Enforce,
            pass: Vec::new(),
            scopes: Vec::new(),
            exceptions: Vec::new(),
            written_by: WrittenBy::BuiltIn,
        }
    }

    /// The built-in rules with one source that is asked first; others may still be learned.
    #[must_use]
    pub fn for_upstream(name: PartyName, upstream: Upstream) -> Self {
        let party = Party { kind: PartyKind::Upstream(upstream), domains: Vec::new() };
        Self { sources: vec![name.clone()], parties: BTreeMap::from([(name, party)]), ..Self::built_in() }
    }

    /// Parses a policy file (docs/formats/policy.md).
    ///
    /// # Errors
    /// The first thing that is wrong, with its place: see [`PolicyError`].
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        parse::policy(text)
    }

    /// Prints the whole policy, always in the same way: what [`Policy::parse`] reads back to the same policy. Part of cache keys.
    #[must_use]
    pub fn canonical(&self) -> String {
        print::policy(self)
    }

    /// Where it comes from.
    #[must_use]
    pub const fn written_by(&self) -> WrittenBy {
        self.written_by
    }

    /// The sources of a project, in the order in which they are asked. Empty where sources are learned.
    #[must_use]
    pub fn sources_for(&self, project: &ProjectName) -> &[PartyName] {
        self.scope_for(project).and_then(|scope| scope.only.as_deref()).unwrap_or(&self.sources)
    }

    /// The first scope that a project is in.
    #[must_use]
    pub fn scope_for(&self, project: &ProjectName) -> Option<&Scope> {
        self.scope_position(project).and_then(|at| self.scopes.get(at))
    }

    pub(crate) fn scope_position(&self, project: &ProjectName) -> Option<usize> {
        self.scopes.iter().position(|scope| scope.projects.iter().any(|pattern| pattern.matches(project)))
    }

    /// The demand of the scope at a position, or the policy's own.
    pub(crate) fn compiled(&self, scope: Option<usize>) -> CompiledDemand {
        match scope.and_then(|at| self.scopes.get(at)) {
            Some(scope) => CompiledDemand::new(self, &scope.demand, scope.only.as_deref()),
            None => CompiledDemand::new(self, &self.demand, None),
        }
    }

    /// How long a project's files wait, without exceptions.
    #[must_use]
    pub fn minimum_age_for(&self, project: &ProjectName) -> SignedDuration {
        self.scope_for(project).and_then(|scope| scope.minimum_age).unwrap_or(self.minimum_age)
    }

    /// From which clock the wait of a project's files is counted.
    #[must_use]
    pub fn age_from_for(&self, project: &ProjectName) -> AgeFrom {
        self.scope_for(project).and_then(|scope| scope.age_from).unwrap_or(self.age_from)
    }

    /// What a project's files must have behind them: its scope's demand, else the policy's.
    #[must_use]
    pub fn demand_for(&self, project: &ProjectName) -> &Demand {
        self.scope_for(project).map_or(&self.demand, |scope| &scope.demand)
    }

    /// Whether a party is a curator: a repository that weighs levels, or that is nowhere a source and weighs no tiers.
    #[must_use]
    pub fn is_curator(&self, name: &PartyName) -> bool {
        let mut orders = std::iter::once(&self.sources).chain(self.scopes.iter().filter_map(|scope| scope.only.as_ref()));
        self.repository(name).is_some_and(|repository| match repository.weight.keys().next() {
            Some(kind) => kind.is_level(),
            None => !orders.any(|order| order.contains(name)),
        })
    }

    /// A party by its name.
    #[must_use]
    pub fn party(&self, name: &PartyName) -> Option<&Party> {
        self.parties.get(name)
    }

    /// The upstream behind a party's name.
    #[must_use]
    pub fn upstream(&self, name: &PartyName) -> Option<&Upstream> {
        self.party(name).and_then(|party| match &party.kind {
            PartyKind::Upstream(upstream) => Some(upstream),
            PartyKind::Repository(_) => None,
        })
    }

    /// The repository behind a party's name.
    #[must_use]
    pub fn repository(&self, name: &PartyName) -> Option<&Repository> {
        self.party(name).and_then(|party| match &party.kind {
            PartyKind::Repository(repository) => Some(repository),
            PartyKind::Upstream(_) => None,
        })
    }

    /// The Simple API of a party: what installers are pointed at.
    #[must_use]
    pub fn index_url(&self, name: &PartyName) -> Option<Url> {
        match &self.party(name)?.kind {
            PartyKind::Upstream(upstream) => Some(upstream.url.clone()),
            PartyKind::Repository(repository) => repository.simple_url(),
        }
    }

    /// Notes the digest of each repository's root, which somebody has read: from then on the printed policy has it.
    pub fn note_root(&mut self, name: &PartyName, sha256: Sha256) {
        if let Some(Party { kind: PartyKind::Repository(repository), .. }) = self.parties.get_mut(name) {
            repository.root_sha256 = Some(sha256);
        }
    }

    /// Whether a host that is no source may be talked to.
    #[must_use]
    pub fn passes_host(&self, host: &str) -> bool {
        self.pass.iter().any(|pattern| pattern.matches(host))
    }

    /// What its owner should know: exceptions that have ended, and those that end too far ahead.
    #[must_use]
    pub fn warnings(&self, now: ReferenceTime) -> Vec<PolicyWarning> {
        let warning = |exception: &Exception| {
            let (project, until, counts_from) = (exception.project.clone(), exception.until, exception.counts_from());
            if until <= now {
                Some(PolicyWarning::Ended { project, until })
            } else if now < counts_from {
                Some(PolicyWarning::TooLong { project, until, counts_from })
            } else {
                None
            }
        };
        self.exceptions.iter().filter_map(warning).collect()
    }
}

impl Exception {
    /// From when on it counts.
    #[must_use]
    pub fn counts_from(&self) -> Timestamp {
        self.until.checked_sub(SignedDuration::from_hours(24 * limits::EXCEPTION_DAYS)).unwrap_or(Timestamp::MIN)
    }

    /// Whether it counts now.
    #[must_use]
    pub fn is_active(&self, now: ReferenceTime) -> bool {
        self.counts_from() <= now && now < self.until
    }

    /// Whether it is for this version of this project.
    #[must_use]
    pub fn is_for(&self, project: &ProjectName, version: &Version) -> bool {
        self.project.matches(project) && self.versions.as_ref().is_none_or(|versions| versions.contains(version))
    }
}

/// A rule, for tests.
#[cfg(test)]
pub(crate) fn read_rule(text: &str) -> Option<Rule> {
    rule::read(text).ok().map(|(rule, _)| rule)
}

#[cfg(test)]
mod tests;
