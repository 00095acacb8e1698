//! Evidence by origin: the heaviest set of parties no two of which share an origin, exactly.
//!
//! That is the maximum-weight independent set of a graph of at most 64 parties. A party without rivals is taken, one that is at
//! least as heavy as its only rival too; else the one with the most rivals is tried with and without, unless a bound (parties
//! that all exclude each other add at most their heaviest) shows that it cannot help.

use super::{Parties, bit, positions};
use crate::limits;

/// Which parties share an origin with which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conflicts(Vec<Parties>);

impl Conflicts {
    /// Nobody shares anything, among so many parties.
    pub(crate) fn none(parties: usize) -> Self {
        Self(vec![0; parties])
    }

    /// Notes that two parties share an origin.
    pub(crate) fn add(&mut self, one: usize, other: usize) {
        for (at, rival) in [(one, other), (other, one)] {
            if let Some(rivals) = self.0.get_mut(at)
                && at != rival
            {
                *rivals |= bit(rival);
            }
        }
    }

    /// Who shares an origin with this party.
    pub(crate) fn rivals(&self, at: usize) -> Parties {
        self.0.get(at).copied().unwrap_or(0)
    }

    /// These parties, and whoever shares an origin with one of them.
    pub(crate) fn closed(&self, set: Parties) -> Parties {
        positions(set).fold(set, |all, at| all | self.rivals(at))
    }

    /// How many of these there are at most without a common origin. `None` if that takes too long to find out.
    pub(crate) fn most(&self, among: Parties) -> Option<usize> {
        let (most, _) = self.heaviest(among, &|_| 1)?;
        usize::try_from(most).ok()
    }

    /// The largest sum of weights of these without a common origin, and one set that has it. `None` if that takes too long.
    pub(crate) fn heaviest(&self, among: Parties, weight: &impl Fn(usize) -> u64) -> Option<(u64, Parties)> {
        let mut search = Search { conflicts: self, weight, best: (0, 0), steps: 0 };
        search.run(among, 0, 0).then_some(search.best)
    }

    /// How many steps the search takes.
    #[cfg(test)]
    pub(super) fn steps(&self, among: Parties, weight: &impl Fn(usize) -> u64) -> u32 {
        let mut search = Search { conflicts: self, weight, best: (0, 0), steps: 0 };
        search.run(among, 0, 0);
        search.steps
    }
}

struct Search<'a, W> {
    conflicts: &'a Conflicts,
    weight: &'a W,
    best: (u64, Parties),
    steps: u32,
}

impl<W: Fn(usize) -> u64> Search<'_, W> {
    /// Looks for the best choice among `left` on top of what is chosen. Whether it came to an end.
    fn run(&mut self, mut left: Parties, mut sum: u64, mut chosen: Parties) -> bool {
        self.steps += 1;
        if self.steps > limits::INDEPENDENT_STEPS {
            return false;
        }
        while let Some(at) = self.certain(left) {
            left &= !(bit(at) | self.conflicts.rivals(at));
            (sum, chosen) = (sum + (self.weight)(at), chosen | bit(at));
        }
        let most_rivals = |at: &usize| (self.conflicts.rivals(*at) & left).count_ones();
        let Some(at) = positions(left).max_by_key(most_rivals) else {
            if sum > self.best.0 {
                self.best = (sum, chosen);
            }
            return true;
        };
        if sum + self.bound(left) <= self.best.0 {
            return true;
        }
        let rest = left & !bit(at);
        self.run(rest & !self.conflicts.rivals(at), sum + (self.weight)(at), chosen | bit(at)) && self.run(rest, sum, chosen)
    }

    /// A party that some best choice has in it: it has no rival left, or one that is not heavier.
    fn certain(&self, left: Parties) -> Option<usize> {
        positions(left).find(|at| {
            let rivals = self.conflicts.rivals(*at) & left;
            rivals == 0 || rivals & (rivals - 1) == 0 && (self.weight)(*at) >= (self.weight)(rivals.trailing_zeros() as usize)
        })
    }

    /// No choice among these weighs more: of parties that all exclude each other, one at most is chosen.
    fn bound(&self, mut left: Parties) -> u64 {
        let mut bound = 0;
        while left != 0 {
            let (mut clique, mut candidates, mut heaviest) = (0, left, 0);
            while candidates != 0 {
                let at = candidates.trailing_zeros() as usize;
                clique |= bit(at);
                heaviest = heaviest.max((self.weight)(at));
                candidates &= self.conflicts.rivals(at);
            }
            left &= !clique;
            bound += heaviest;
        }
        bound
    }
}
