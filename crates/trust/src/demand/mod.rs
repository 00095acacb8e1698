//! Demands, made ready for judging: parties are bits of one word, so that a file costs a few word operations for each.
//!
//! *Evidence is counted by origin* (DESIGN §4.4). A party vouches with alternatives. The score is the largest sum over a choice of at
//! most one alternative of each party, no two of which share an origin; `K of (…)` needs K members that can be met without sharing
//! one; `require`, `and` and `or` look at parties. So a further vouch, or a further alternative, never lowers anything.

mod bits;
mod independent;
mod shared;
mod tally;
mod tree;
mod ways;

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::{Demand, MilliTrust, Party, PartyKind, PartyName, Policy, Track, VouchKind, Worth};

pub(crate) use shared::{Count, Shared};
pub(crate) use tally::{Places, Score, Tally, Voice, stale_from, voice};
pub(crate) use tree::Tree;

/// A set of parties: bit `n` is the party at position `n`.
pub(crate) type Parties = u64;

/// A demand whose parties are positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompiledDemand {
    /// Everybody who has a say, in order; at most [`limits::PARTIES`](crate::limits::PARTIES).
    pub(crate) parties: Vec<Participant>,
    /// Whose vouches count.
    pub(crate) counted: Parties,
    pub(crate) minimum: MilliTrust,
    pub(crate) require: Parties,
    pub(crate) rule: Option<Tree>,
    pub(crate) urgent: Option<Tree>,
    pub(crate) veto: Parties,
    /// Whose contradiction is hostile: everybody in `require`, `rule` and `veto`.
    pub(crate) named: Parties,
    pub(crate) track: Option<Track>,
}

/// A party that has a say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Participant {
    pub(crate) name: PartyName,
    weights: Weights,
    pub(crate) max_stale: Option<SignedDuration>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Weights {
    Pinned(MilliTrust),
    Vouched([MilliTrust; VouchKind::ALL.len()]),
}

/// Whether a demand is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Met {
    Yes,
    No,
    /// There are more ways of counting origins than are tried.
    TooHard,
}

impl Met {
    pub(crate) const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::TooHard, _) | (_, Self::TooHard) => Self::TooHard,
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::TooHard, _) | (_, Self::TooHard) => Self::TooHard,
            (Self::No, Self::No) => Self::No,
        }
    }

    pub(crate) const fn when(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

impl CompiledDemand {
    /// The demand of a policy, or of a scope that hears only some parties.
    pub(crate) fn new(policy: &Policy, demand: &Demand, only: Option<&[PartyName]>) -> Self {
        let heard = |name: &PartyName| only.is_none_or(|only| only.contains(name));
        let has_a_say = |name: &&PartyName| heard(name) || policy.veto.contains(name);
        let names: Vec<&PartyName> = policy.parties.keys().filter(has_a_say).collect();
        let set = |members: &BTreeSet<&PartyName>| bits(names.iter().map(|name| members.contains(name)));
        let tree = |rule: &crate::Rule| Tree::new(&rule.0, &names);
        let veto: BTreeSet<&PartyName> = policy.veto.iter().collect();
        Self {
            counted: bits(names.iter().map(|name| heard(name))),
            minimum: demand.minimum_score.unwrap_or_default(),
            require: set(&demand.require.iter().collect()),
            rule: demand.rule.as_ref().map(tree),
            urgent: demand.urgent.as_ref().map(tree),
            veto: set(&veto),
            named: set(&demand.named()) | set(&veto),
            track: demand.track,
            parties: names.iter().filter_map(|name| Some(Participant::new(name, policy.party(name)?))).collect(),
        }
    }

    /// Whether nobody besides the source has a say.
    pub(crate) const fn is_empty(&self) -> bool {
        !self.asks_for_vouches() && self.veto == 0 && self.track.is_none() && self.urgent.is_none()
    }

    /// Whether somebody besides the source has to vouch.
    pub(crate) const fn asks_for_vouches(&self) -> bool {
        self.minimum.thousandths() > 0 || self.require != 0 || self.rule.is_some()
    }

    /// Whether enough vouches are there. Vetoes, tracks and waits are not looked at.
    pub(crate) fn met(&self, tally: &Tally) -> Met {
        let required = Met::when(self.require & !tally.vouching == 0);
        required.and(self.score_met(tally)).and(self.rule_met(tally))
    }

    pub(crate) fn rule_met(&self, tally: &Tally) -> Met {
        self.rule.as_ref().map_or(Met::Yes, |rule| rule.met(tally.vouching, tally.shared.as_ref()))
    }

    pub(crate) fn score_met(&self, tally: &Tally) -> Met {
        if self.minimum.thousandths() == 0 {
            return Met::Yes;
        }
        match tally.score() {
            Some(score) => Met::when(score.sum >= u64::from(self.minimum.thousandths())),
            None => Met::TooHard,
        }
    }

    /// The parties of a set, in order.
    pub(crate) fn names(&self, set: Parties) -> impl Iterator<Item = &PartyName> {
        self.parties.iter().enumerate().filter(move |(at, _)| set & bit(*at) != 0).map(|(_, party)| &party.name)
    }

    /// Whether the party at a position signs, so that it can vouch.
    pub(crate) fn can_vouch(&self, at: usize) -> bool {
        self.parties.get(at).is_some_and(|party| party.pinned().is_none())
    }

    /// What the party at a position can add to a score at most.
    pub(crate) fn heaviest(&self, at: usize) -> MilliTrust {
        self.parties.get(at).map(Participant::heaviest).unwrap_or_default()
    }
}

impl Participant {
    fn new(name: &PartyName, party: &Party) -> Self {
        let (weights, max_stale) = match &party.kind {
            PartyKind::Upstream(upstream) => (Weights::Pinned(upstream.weight.unwrap_or_default()), None),
            PartyKind::Repository(repository) => {
                let weight = |kind| repository.weight.get(&kind).copied().unwrap_or_default();
                (Weights::Vouched(VouchKind::ALL.map(weight)), repository.max_stale)
            }
        };
        Self { name: name.clone(), weights, max_stale }
    }

    fn heaviest(&self) -> MilliTrust {
        match &self.weights {
            Weights::Pinned(weight) => *weight,
            Weights::Vouched(weights) => weights.iter().max().copied().unwrap_or_default(),
        }
    }

    /// What a pinned claim of it counts.
    const fn pinned(&self) -> Option<MilliTrust> {
        match self.weights {
            Weights::Pinned(weight) => Some(weight),
            Weights::Vouched(_) => None,
        }
    }

    /// What a vouch counts: as much as the heaviest of its kinds. An upstream has none.
    fn vouched(&self, worth: Worth) -> Option<MilliTrust> {
        let Weights::Vouched(weights) = &self.weights else { return None };
        let weight = |kind: VouchKind| weights.get(kind as usize).copied().unwrap_or_default();
        Some(match worth {
            Worth::Index { tier, track: Some(Track::Stable) } => weight(tier.kind()).max(weight(VouchKind::Stable)),
            Worth::Index { tier, .. } => weight(tier.kind()),
            Worth::Curator(level) => weight(level.kind()),
        })
    }
}

/// The word with only this bit.
pub(crate) const fn bit(at: usize) -> Parties {
    1 << at
}

/// The positions at which something holds.
fn bits(holds: impl Iterator<Item = bool>) -> Parties {
    holds.enumerate().fold(0, |set, (at, holds)| set | Parties::from(holds) << at)
}

/// The positions in a set, lowest first.
pub(crate) fn positions(mut set: Parties) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = set.trailing_zeros() as usize;
        (set != 0).then(|| {
            set &= set - 1;
            at
        })
    })
}

#[cfg(test)]
mod tests;
