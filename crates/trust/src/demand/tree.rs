//! A rule over positions.

use super::{Met, Parties, Shared, bit};
use crate::PartyName;
use crate::policy::Node;

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
    pub(crate) fn met(&self, vouching: Parties, shared: Option<&Shared>) -> Met {
        match shared.filter(|shared| shared.parties & vouching != 0) {
            Some(shared) if self.holds(vouching) => shared.meet(self, vouching),
            _ => Met::when(self.holds(vouching)),
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

    /// The members of a `K of` that are all plain parties.
    pub(super) fn leaves(&self) -> Option<Parties> {
        let Self::AtLeast(_, members) = self else { return None };
        members.iter().try_fold(0, |set, member| match member {
            Self::Party(at) => Some(set | bit(*at)),
            _ => None,
        })
    }
}
