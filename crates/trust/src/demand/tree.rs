//! A rule over positions.

use super::{Conflicts, Met, Parties, bit};
use crate::policy::Node;
use crate::{PartyName, limits};

/// A rule over positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tree {
    Party(usize),
    All(Vec<Tree>),
    Any(Vec<Tree>),
    AtLeast(usize, Vec<Tree>),
}

impl Tree {
    /// The tree of a rule whose parties are all in `names`.
    pub(super) fn new(node: &Node, names: &[&PartyName]) -> Self {
        let trees = |members: &[Node]| members.iter().map(|member| Self::new(member, names)).collect();
        match node {
            // A party that is not there can never vouch: a rule that nothing meets.
            Node::Party(name) => names.binary_search(&name).map_or(Self::Any(Vec::new()), Self::Party),
            Node::All(members) => Self::All(trees(members)),
            Node::Any(members) => Self::Any(trees(members)),
            Node::AtLeast(count, members) => Self::AtLeast(*count, trees(members)),
        }
    }

    /// Everybody in it.
    pub(crate) fn parties(&self) -> Parties {
        match self {
            Self::Party(at) => bit(*at),
            Self::All(members) | Self::Any(members) | Self::AtLeast(_, members) => {
                members.iter().fold(0, |set, member| set | member.parties())
            }
        }
    }

    /// Whether these parties meet it, counting nothing twice that rests on the same origin.
    pub(crate) fn met(&self, vouching: Parties, conflicts: Option<&Conflicts>) -> Met {
        match conflicts {
            None => Met::when(self.holds(vouching)),
            Some(conflicts) => self.met_by_origin(vouching, conflicts),
        }
    }

    /// Whether these parties meet it where no two share an origin.
    pub(crate) fn holds(&self, vouching: Parties) -> bool {
        match self {
            Self::Party(at) => vouching & bit(*at) != 0,
            Self::All(members) => members.iter().all(|member| member.holds(vouching)),
            Self::Any(members) => members.iter().any(|member| member.holds(vouching)),
            Self::AtLeast(count, members) => members.iter().filter(|member| member.holds(vouching)).count() >= *count,
        }
    }

    fn met_by_origin(&self, vouching: Parties, conflicts: &Conflicts) -> Met {
        if !self.holds(vouching) {
            return Met::No;
        }
        match self {
            Self::Party(_) => Met::Yes,
            Self::All(members) => {
                members.iter().map(|member| member.met_by_origin(vouching, conflicts)).fold(Met::Yes, Met::and)
            }
            Self::Any(members) => members.iter().map(|member| member.met_by_origin(vouching, conflicts)).fold(Met::No, Met::or),
            Self::AtLeast(count, members) => match self.leaves() {
                Some(leaves) => match conflicts.most(leaves & vouching) {
                    Some(most) => Met::when(most >= *count),
                    None => Met::TooHard,
                },
                None => match choices(*count, members, vouching, conflicts) {
                    Some(choices) => Met::when(!choices.is_empty()),
                    None => Met::TooHard,
                },
            },
        }
    }

    /// The members of a `K of` that are all plain parties.
    fn leaves(&self) -> Option<Parties> {
        let Self::AtLeast(_, members) = self else { return None };
        members.iter().try_fold(0, |set, member| match member {
            Self::Party(at) => Some(set | bit(*at)),
            _ => None,
        })
    }

    /// The smallest sets of parties that meet it. `None` if there are too many.
    fn ways(&self, vouching: Parties, conflicts: &Conflicts) -> Option<Vec<Parties>> {
        match self {
            Self::Party(at) => Some(if vouching & bit(*at) == 0 { Vec::new() } else { vec![bit(*at)] }),
            Self::All(members) => members.iter().try_fold(vec![0], |ways, member| {
                let more = member.ways(vouching, conflicts)?;
                smallest(ways.iter().flat_map(|way| more.iter().map(move |other| way | other)))
            }),
            Self::Any(members) => {
                let ways = members.iter().map(|member| member.ways(vouching, conflicts)).collect::<Option<Vec<_>>>()?;
                smallest(ways.into_iter().flatten())
            }
            Self::AtLeast(count, members) => choices(*count, members, vouching, conflicts),
        }
    }
}

/// The smallest sets of parties that meet so many of the members, no two of which share an origin.
fn choices(count: usize, members: &[Tree], vouching: Parties, conflicts: &Conflicts) -> Option<Vec<Parties>> {
    // By how many members are met; of each way, whose origins are used up.
    let mut chosen: Vec<Vec<Parties>> = vec![Vec::new(); count + 1];
    if let Some(none) = chosen.first_mut() {
        none.push(0);
    }
    for member in members {
        let ways = member.ways(vouching, conflicts)?;
        for met in (0..count).rev() {
            let before = chosen.get(met).cloned().unwrap_or_default();
            let apart = before.iter().flat_map(|way| {
                let used = conflicts.closed(*way);
                ways.iter().filter(move |more| used & **more == 0).map(move |more| way | more)
            });
            if let Some(after) = chosen.get_mut(met + 1) {
                *after = smallest(apart.chain(after.iter().copied()).collect::<Vec<_>>())?;
            }
        }
    }
    chosen.pop()
}

/// Without those that contain another one; `None` if there are too many.
fn smallest(ways: impl IntoIterator<Item = Parties>) -> Option<Vec<Parties>> {
    let mut ways: Vec<Parties> = ways.into_iter().take(limits::WAYS + 1).collect();
    if ways.len() > limits::WAYS {
        return None;
    }
    ways.sort_by_key(|way| (way.count_ones(), *way));
    let mut smallest: Vec<Parties> = Vec::new();
    for way in ways {
        if !smallest.iter().any(|other| other & !way == 0) {
            smallest.push(way);
        }
    }
    Some(smallest)
}
