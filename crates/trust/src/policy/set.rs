//! The policies that a file has to pass: the user's (or the built-in one), and possibly one from the working directory.

use jiff::Timestamp;

use super::{Policy, PolicyError, parse};
use crate::{Decision, Evidence, FileFact, ReferenceTime};

/// A policy found in the working directory: it can only demand more (DESIGN §4.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedPolicy(Policy);

/// What decides: the user's (or the built-in) policy, and possibly one more that a file must pass too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySet {
    main: Policy,
    added: Option<AddedPolicy>,
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
    pub const fn new(main: Policy, added: Option<AddedPolicy>) -> Self {
        Self { main, added }
    }

    /// The user's or the built-in policy: sources, hosts and mode are its alone.
    #[must_use]
    pub const fn main(&self) -> &Policy {
        &self.main
    }

    /// The policy from the working directory, if any.
    #[must_use]
    pub const fn added(&self) -> Option<&AddedPolicy> {
        self.added.as_ref()
    }

    /// Decides about one file: each policy must let it through.
    #[must_use]
    pub fn decide(&self, file: &FileFact, about: &Evidence, now: ReferenceTime) -> Decision {
        let decision = self.main.decide(file, about, now);
        match &self.added {
            Some(added) => decision.and(added.0.decide(file, about, now)),
            None => decision,
        }
    }

    /// All policies in a fixed form: with [`PolicySet::epoch`] the part of a cache key that says by which rules was decided.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut text = self.main.canonical();
        text.extend(self.added.as_ref().map(AddedPolicy::canonical));
        text
    }

    /// Which exceptions count now, by their position: the same text, the same rules.
    #[must_use]
    pub fn epoch(&self, now: ReferenceTime) -> String {
        let active = self.main.exceptions.iter().enumerate().filter(|(_, exception)| exception.is_active(now));
        let active: Vec<_> = active.map(|(index, _)| index.to_string()).collect();
        format!("exceptions={}", active.join(","))
    }

    /// The next moment at which [`PolicySet::epoch`] changes: an exception ends or begins to count.
    #[must_use]
    pub fn next_change(&self, now: ReferenceTime) -> Option<Timestamp> {
        let moments = self.main.exceptions.iter().flat_map(|exception| [exception.counts_from(), exception.until]);
        moments.filter(|moment| *moment > now).min()
    }
}
