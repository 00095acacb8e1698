//! Alternatives of parties that share origins with others: what a search for the best choice among them goes over.

use super::bits::Bits;
use super::independent::Rivals;
use super::ways::Ground;
use super::{Met, Parties, Tree, bit};
use crate::{Origin, Origins, Worth, limits};

/// One alternative of a party, weighed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Alternative<'a> {
    /// Whose it is.
    pub(crate) party: usize,
    pub(crate) count: Count,
    pub(crate) origins: &'a Origins,
}

/// What a party adds, and as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Count {
    /// In thousandths.
    pub(crate) weight: u32,
    /// `None` for a source that is pinned.
    pub(crate) worth: Option<Worth>,
}

/// The best choice among alternatives that share origins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// In thousandths.
    pub(crate) sum: u64,
    /// Which alternatives, by their position.
    chosen: Vec<usize>,
}

/// The parties that share origins with others, with all of their alternatives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shared {
    pub(crate) parties: Parties,
    nodes: Vec<Node>,
    graph: Graph,
}

/// A party's alternative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) party: usize,
    pub(super) count: Count,
}

/// In as few words as will do.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Graph {
    Small(Rivals<1>),
    Middle(Rivals<4>),
    Large(Rivals<{ (limits::PARTIES * limits::ALTERNATIVES).div_ceil(64) }>),
}

impl Shared {
    /// Who of these shares an origin with another party; `None` if nobody does.
    pub(crate) fn find(alternatives: &[Alternative<'_>]) -> Option<Self> {
        let mut marks: Vec<(u64, usize)> = Vec::with_capacity(2 * alternatives.len());
        for alternative in alternatives {
            marks.extend(alternative.origins.marks().iter().map(|mark| (*mark, alternative.party)));
        }
        marks.sort_unstable();
        let meet = |(one, other): (&(u64, usize), &(u64, usize))| one.0 == other.0 && one.1 != other.1;
        marks.iter().zip(marks.iter().skip(1)).any(meet).then(|| Self::new(alternatives)).flatten()
    }

    fn new(alternatives: &[Alternative<'_>]) -> Option<Self> {
        let mut origins: Vec<(&Origin, usize)> = Vec::new();
        for alternative in alternatives {
            origins.extend(alternative.origins.iter().map(|origin| (origin, alternative.party)));
        }
        origins.sort_unstable();
        origins.dedup();
        let groups = origins.chunk_by(|one, other| one.0 == other.0).filter(|group| group.len() > 1);
        let parties = groups.flatten().fold(0, |parties, (_, party)| parties | bit(*party));
        let involved: Vec<_> = alternatives.iter().filter(|alternative| parties & bit(alternative.party) != 0).collect();
        let graph = match involved.len() {
            0 => return None,
            1..=64 => Graph::Small(rivals(&involved)),
            65..=256 => Graph::Middle(rivals(&involved)),
            _ => Graph::Large(rivals(&involved)),
        };
        let nodes = involved.iter().map(|alternative| Node { party: alternative.party, count: alternative.count }).collect();
        Some(Self { parties, nodes, graph })
    }

    /// The largest sum over a choice of at most one alternative of each of these parties, no two of which share an origin. `None` if
    /// that takes too long to find out.
    pub(crate) fn heaviest(&self, among: Parties) -> Option<Choice> {
        self.graph.search().heaviest(&self.nodes, among)
    }

    /// Whether a rule is met, counting nothing twice that rests on the same origin.
    pub(super) fn meet(&self, tree: &Tree, vouching: Parties) -> Met {
        self.graph.search().meet(tree, &self.nodes, self.parties, vouching)
    }

    /// What a party adds in a choice, if it does.
    pub(crate) fn count(&self, choice: &Choice, party: usize) -> Option<Count> {
        let chosen = choice.chosen.iter().filter_map(|at| self.nodes.get(*at));
        chosen.into_iter().find(|node| node.party == party).map(|node| node.count)
    }

    /// An alternative of a party that is heavier than what it adds in a choice, and who is in its way.
    pub(crate) fn in_the_way(&self, choice: &Choice, party: usize, added: Option<Count>) -> Option<(Count, usize)> {
        let heavier = |node: &Node| node.party == party && added.is_none_or(|added| node.count.weight > added.weight);
        self.nodes.iter().enumerate().filter(|(_, node)| heavier(node)).find_map(|(at, node)| {
            let rival = choice.chosen.iter().find(|chosen| self.graph.search().are_rivals(at, **chosen))?;
            let rival = self.nodes.get(*rival).filter(|rival| rival.party != party)?;
            Some((node.count, rival.party))
        })
    }
}

/// Alternatives of one party, and all that rest on one origin, are rivals.
fn rivals<const W: usize>(alternatives: &[&Alternative<'_>]) -> Rivals<W> {
    let mut rivals = Rivals::none(alternatives.len());
    let mut origins: Vec<(&Origin, usize)> = Vec::new();
    let mut parties = [Bits::EMPTY; limits::PARTIES];
    for (at, alternative) in alternatives.iter().enumerate() {
        origins.extend(alternative.origins.iter().map(|origin| (origin, at)));
        parties.get_mut(alternative.party).into_iter().for_each(|own| own.insert(at));
    }
    parties.iter().for_each(|own| rivals.add(own));
    origins.sort_unstable();
    for group in origins.chunk_by(|one, other| one.0 == other.0) {
        rivals.add(&group.iter().map(|(_, at)| *at).collect());
    }
    rivals
}

/// What is asked of a graph, in however many words it is kept.
trait Search {
    fn heaviest(&self, nodes: &[Node], among: Parties) -> Option<Choice>;
    fn meet(&self, tree: &Tree, nodes: &[Node], parties: Parties, vouching: Parties) -> Met;
    fn are_rivals(&self, one: usize, other: usize) -> bool;
}

impl Graph {
    const fn search(&self) -> &dyn Search {
        match self {
            Self::Small(rivals) => rivals,
            Self::Middle(rivals) => rivals,
            Self::Large(rivals) => rivals,
        }
    }
}

impl<const W: usize> Search for Rivals<W> {
    fn heaviest(&self, nodes: &[Node], among: Parties) -> Option<Choice> {
        let candidates = nodes.iter().enumerate().filter(|(_, node)| among & bit(node.party) != 0).map(|(at, _)| at).collect();
        let weight = |at: usize| nodes.get(at).map_or(0, |node| u64::from(node.count.weight));
        let (sum, chosen) = Self::heaviest(self, candidates, &weight)?;
        Some(Choice { sum, chosen: chosen.iter().collect() })
    }

    fn meet(&self, tree: &Tree, nodes: &[Node], parties: Parties, vouching: Parties) -> Met {
        Ground { rivals: self, nodes, parties, vouching }.meets(tree)
    }

    fn are_rivals(&self, one: usize, other: usize) -> bool {
        self.of(one).contains(other)
    }
}
