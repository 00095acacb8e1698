//! The policies that a file has to pass: the user's (or the built-in one), and possibly one from the working directory.

use std::sync::Arc;

use affineur_packaging::ProjectName;
use jiff::Timestamp;

use super::{Policy, PolicyError, parse};
use crate::decide::Terms;
use crate::demand::CompiledDemand;
use crate::{Decision, Evidence, FileFact, Hearing, Judge, ReferenceTime};

/// A policy found in the working directory: it can only demand more (DESIGN §4.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedPolicy(Policy);

/// A policy with its demands made ready: its own first, then those of its scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ready {
    policy: Policy,
    demands: Arc<[Arc<CompiledDemand>]>,
}

impl Ready {
    fn new(policy: Policy) -> Self {
        let scopes = (0..policy.scopes.len()).map(Some);
        let demands = std::iter::once(None).chain(scopes).map(|scope| Arc::new(policy.compiled(scope))).collect();
        Self { policy, demands }
    }

    /// What it says about a project.
    fn terms(&self, project: &ProjectName) -> Option<Terms<'_>> {
        let scope = self.policy.scope_position(project);
        Some(Terms::new(&self.policy, scope, self.demands.get(scope.map_or(0, |scope| scope + 1))?))
    }

    fn decide(&self, file: &Arc<FileFact>, about: &Evidence, now: ReferenceTime) -> Option<Decision> {
        Some(self.terms(&file.project)?.decide(file, about, now))
    }
}

/// What decides: the user's (or the built-in) policy, and possibly one more that a file must pass too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySet {
    main: Ready,
    added: Option<Ready>,
}

impl AddedPolicy {
    /// Parses a policy from the working directory: `minimum-age`, `age-from` and scopes with these two. Without a
    /// `minimum-age` it demands no wait of its own.
    ///
    /// # Errors
    /// As [`Policy::parse`]; and whatever could let something through (sources, parties, `pass`, exceptions, `mode`, `only`).
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        parse::added(text).map(Self)
    }

    /// Its text in a fixed form.
    #[must_use]
    pub fn canonical(&self) -> String {
        self.0.canonical()
    }
}

impl PolicySet {
    /// A set of one or two policies.
    #[must_use]
    pub fn new(main: Policy, added: Option<AddedPolicy>) -> Self {
        Self { main: Ready::new(main), added: added.map(|added| Ready::new(added.0)) }
    }

    /// The user's or the built-in policy: sources, hosts and mode are its alone.
    #[must_use]
    pub const fn main(&self) -> &Policy {
        &self.main.policy
    }

    /// Whether there is a policy from the working directory.
    #[must_use]
    pub const fn has_added(&self) -> bool {
        self.added.is_some()
    }

    /// Decides about one file: each policy must let it through.
    #[must_use]
    pub fn decide(&self, file: impl Into<Arc<FileFact>>, about: &Evidence, now: ReferenceTime) -> Decision {
        let file = file.into();
        let decide = |ready: &Ready| {
            let decision = ready.decide(&file, about, now);
            decision.unwrap_or_else(|| ready.policy.decide(&file, about, now))
        };
        let decision = decide(&self.main);
        self.added.iter().fold(decision, |decision, added| decision.and(decide(added)))
    }

    /// For deciding about many files of one project: [`PolicySet::decide`] with all evidence but claims given once.
    #[must_use]
    pub fn judge(&self, project: &ProjectName, hearing: Hearing, now: ReferenceTime) -> Judge<'_> {
        let policies = std::iter::once(&self.main).chain(&self.added);
        Judge::new(self, policies.filter_map(|ready| ready.terms(project)), project, hearing, now)
    }

    /// All policies in a fixed form: with [`PolicySet::epoch`] the part of a cache key that says by which rules was decided.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut text = self.main.policy.canonical();
        text.extend(self.added.as_ref().map(|added| added.policy.canonical()));
        text
    }

    /// Which exceptions count now, by their position: the same text, the same rules.
    #[must_use]
    pub fn epoch(&self, now: ReferenceTime) -> String {
        let active = self.main.policy.exceptions.iter().enumerate().filter(|(_, exception)| exception.is_active(now));
        let active: Vec<_> = active.map(|(index, _)| index.to_string()).collect();
        format!("exceptions={}", active.join(","))
    }

    /// The next moment at which [`PolicySet::epoch`] changes: an exception ends or begins to count.
    #[must_use]
    pub fn next_change(&self, now: ReferenceTime) -> Option<Timestamp> {
        let moments = self.main.policy.exceptions.iter().flat_map(|exception| [exception.counts_from(), exception.until]);
        moments.filter(|moment| *moment > now).min()
    }
}
