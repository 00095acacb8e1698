//! How a rule is met where parties share origins: by which alternatives, so that no `K of` counts an origin twice.

use super::bits::Bits;
use super::independent::Rivals;
use super::shared::Node;
use super::{Met, Parties, Tree, bit};
use crate::limits;

/// What a rule is judged on.
pub(super) struct Ground<'a, const W: usize> {
    pub(super) rivals: &'a Rivals<W>,
    pub(super) nodes: &'a [Node],
    /// Whose alternatives the nodes are: everybody who shares an origin with somebody.
    pub(super) parties: Parties,
    pub(super) vouching: Parties,
}

/// A set of alternatives by which a rule is met. Who shares no origin is left out: nothing is in their way.
#[derive(Clone, Copy)]
struct Way<const W: usize> {
    nodes: Bits<W>,
    /// These, and whatever cannot be counted beside them.
    closed: Bits<W>,
}

impl<const W: usize> Ground<'_, W> {
    pub(super) fn meets(&self, tree: &Tree) -> Met {
        if !tree.holds(self.vouching) {
            return Met::No;
        }
        match tree {
            Tree::Party(_) => Met::Yes,
            Tree::All(members) => members.iter().map(|member| self.meets(member)).fold(Met::Yes, Met::and),
            Tree::Any(members) => members.iter().map(|member| self.meets(member)).fold(Met::No, Met::or),
            Tree::AtLeast(count, members) => match tree.leaves() {
                Some(leaves) => self.most(leaves).map_or(Met::TooHard, |most| Met::when(most >= *count)),
                None => self.choices(*count, members).map_or(Met::TooHard, |ways| Met::when(!ways.is_empty())),
            },
        }
    }

    /// How many of these parties there are at most without a common origin. `None` if that takes too long to find out.
    fn most(&self, among: Parties) -> Option<usize> {
        let among = among & self.vouching;
        let candidates = self.nodes.iter().enumerate().filter(|(_, node)| among & bit(node.party) != 0);
        let (shared, _) = self.rivals.heaviest(candidates.map(|(at, _)| at).collect(), &|_| 1)?;
        Some((among & !self.parties).count_ones() as usize + usize::try_from(shared).ok()?)
    }

    /// The ways of meeting a rule that leave most to others. `None` if there are too many.
    fn ways(&self, tree: &Tree) -> Option<Vec<Way<W>>> {
        match tree {
            Tree::Party(at) if self.vouching & bit(*at) == 0 => Some(Vec::new()),
            Tree::Party(at) if self.parties & bit(*at) == 0 => Some(vec![Way::NONE]),
            Tree::Party(party) => {
                let own = self.nodes.iter().enumerate().filter(|(_, node)| node.party == *party);
                least(own.map(|(at, _)| self.way([at].into_iter().collect())))
            }
            Tree::All(members) => members.iter().try_fold(vec![Way::NONE], |ways, member| {
                let more = self.ways(member)?;
                least(ways.iter().flat_map(|way| more.iter().map(move |other| way.and(other))))
            }),
            Tree::Any(members) => {
                let ways = members.iter().map(|member| self.ways(member)).collect::<Option<Vec<_>>>()?;
                least(ways.into_iter().flatten())
            }
            Tree::AtLeast(count, members) => self.choices(*count, members),
        }
    }

    /// The ways of meeting so many of the members, no two of which share an origin.
    fn choices(&self, count: usize, members: &[Tree]) -> Option<Vec<Way<W>>> {
        // By how many members are met.
        let mut chosen: Vec<Vec<Way<W>>> = vec![Vec::new(); count + 1];
        if let Some(none) = chosen.first_mut() {
            none.push(Way::NONE);
        }
        for member in members {
            let ways = self.ways(member)?;
            for met in (0..count).rev() {
                let before = chosen.get(met).cloned().unwrap_or_default();
                let apart = before.iter().flat_map(|way| {
                    let apart = ways.iter().filter(|more| !way.closed.meets(&more.nodes));
                    apart.map(|more| way.and(more))
                });
                if let Some(after) = chosen.get_mut(met + 1) {
                    *after = least(apart.chain(after.iter().copied()).collect::<Vec<_>>())?;
                }
            }
        }
        chosen.pop()
    }

    fn way(&self, nodes: Bits<W>) -> Way<W> {
        Way { nodes, closed: self.rivals.closed(&nodes) }
    }
}

impl<const W: usize> Way<W> {
    /// Nothing that could be in anybody's way.
    const NONE: Self = Self { nodes: Bits::EMPTY, closed: Bits::EMPTY };

    fn and(&self, other: &Self) -> Self {
        Self { nodes: self.nodes.or(&other.nodes), closed: self.closed.or(&other.closed) }
    }
}

/// Without those that exclude all that another one excludes; `None` if there are too many.
fn least<const W: usize>(ways: impl IntoIterator<Item = Way<W>>) -> Option<Vec<Way<W>>> {
    // Each is compared with each: with more words to a set, fewer of them take as long.
    let most = limits::WAYS >> (W.ilog2() / 2);
    let mut ways: Vec<Way<W>> = ways.into_iter().take(most + 1).collect();
    if ways.len() > most {
        return None;
    }
    ways.sort_by_key(|way| way.closed.count());
    let mut least: Vec<Way<W>> = Vec::new();
    for way in ways {
        if !least.iter().any(|other| other.closed.is_within(&way.closed)) {
            least.push(way);
        }
    }
    Some(least)
}
