//! The heaviest set of nodes no two of which are rivals, exactly.
//!
//! That is the maximum-weight independent set of a graph. A node without rivals is taken; of two rivals one is left out where the
//! other is at least as heavy and excludes nothing more; else the one with the most rivals is tried with and without, unless a
//! bound (nodes that all exclude each other add at most their heaviest) shows that it cannot help.

use super::bits::Bits;
use crate::limits;

/// Which nodes are rivals: at most one of two is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rivals<const W: usize>(Vec<Bits<W>>);

impl<const W: usize> Rivals<W> {
    /// Nobody is anybody's rival, among so many nodes.
    pub(crate) fn none(nodes: usize) -> Self {
        Self(vec![Bits::EMPTY; nodes])
    }

    /// Notes that all of these are each other's rivals.
    pub(crate) fn add(&mut self, all: &Bits<W>) {
        for at in all.iter() {
            if let Some(rivals) = self.0.get_mut(at) {
                *rivals = rivals.or(all);
                rivals.remove(at);
            }
        }
    }

    /// The rivals of a node.
    pub(crate) fn of(&self, at: usize) -> Bits<W> {
        self.0.get(at).copied().unwrap_or(Bits::EMPTY)
    }

    /// These nodes and all of their rivals.
    pub(crate) fn closed(&self, set: &Bits<W>) -> Bits<W> {
        set.iter().fold(*set, |all, at| all.or(&self.of(at)))
    }

    /// The largest sum of weights of these nodes without rivals, and one set that has it. `None` if that takes too long.
    pub(crate) fn heaviest(&self, among: Bits<W>, weight: &impl Fn(usize) -> u64) -> Option<(u64, Bits<W>)> {
        let mut search = Search { rivals: self, weight, best: (0, Bits::EMPTY), work: 0 };
        search.run(among, 0, Bits::EMPTY).then_some(search.best)
    }

    /// How much work the search is.
    #[cfg(test)]
    pub(super) fn work(&self, among: Bits<W>, weight: &impl Fn(usize) -> u64) -> usize {
        let mut search = Search { rivals: self, weight, best: (0, Bits::EMPTY), work: 0 };
        search.run(among, 0, Bits::EMPTY);
        search.work
    }
}

struct Search<'a, const W: usize, F> {
    rivals: &'a Rivals<W>,
    weight: &'a F,
    best: (u64, Bits<W>),
    /// Words looked at.
    work: usize,
}

impl<const W: usize, F: Fn(usize) -> u64> Search<'_, W, F> {
    /// Looks for the best choice among `left` on top of what is chosen. Whether it came to an end.
    fn run(&mut self, mut left: Bits<W>, mut sum: u64, mut chosen: Bits<W>) -> bool {
        loop {
            while let Some((at, is_taken)) = self.certain(&left) {
                left.remove(at);
                if is_taken {
                    sum += (self.weight)(at);
                    chosen.insert(at);
                }
            }
            if self.work > limits::INDEPENDENT_WORK {
                return false;
            }
            let most_rivals = |at: &usize| self.rivals.of(*at).and(&left).count();
            let Some(at) = left.iter().max_by_key(most_rivals) else {
                if sum > self.best.0 || self.best.1.is_empty() {
                    self.best = (sum, chosen);
                }
                return true;
            };
            if sum + self.bound(left) <= self.best.0 {
                return true;
            }
            left.remove(at);
            let mut with = chosen;
            with.insert(at);
            if !self.run(left.without(&self.rivals.of(at)), sum + (self.weight)(at), with) {
                return false;
            }
        }
    }

    /// A node that some best choice has (it has no rival left), or one that some best choice does not have: a rival of it is not
    /// lighter and excludes nothing more.
    fn certain(&mut self, left: &Bits<W>) -> Option<(usize, bool)> {
        for at in left.iter() {
            let rivals = self.rivals.of(at).and(left);
            if rivals.is_empty() {
                return Some((at, true));
            }
            for rival in rivals.iter() {
                self.work += W;
                let mut others = rivals;
                others.remove(rival);
                if (self.weight)(at) >= (self.weight)(rival) && others.is_within(&self.rivals.of(rival)) {
                    return Some((rival, false));
                }
            }
            if self.work > limits::INDEPENDENT_WORK {
                return None;
            }
        }
        None
    }

    /// No choice among these weighs more: of nodes that all exclude each other, one at most is chosen.
    fn bound(&mut self, mut left: Bits<W>) -> u64 {
        let mut bound = 0;
        while let Some(first) = left.iter().next() {
            let (mut candidates, mut heaviest, mut next) = (left, 0, Some(first));
            while let Some(at) = next {
                self.work += W;
                left.remove(at);
                heaviest = heaviest.max((self.weight)(at));
                candidates = candidates.and(&self.rivals.of(at));
                next = candidates.iter().next();
            }
            bound += heaviest;
        }
        bound
    }
}
