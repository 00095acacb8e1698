//! Rules: who has to vouch, as names, `and`, `or`, `K of (…)` and parentheses.
//!
//! `and` binds closer than `or`. A rule only ever says who must vouch, never who must not: it is monotone by construction.

mod read;

use std::collections::BTreeSet;
use std::fmt;

use super::PartyName;

pub(super) use read::read;

/// A rule over parties. Read from a policy only: sizes and depth are bounded, and no `K of` counts a party twice.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rule(pub(crate) Node);

/// A part of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    /// This party.
    Party(PartyName),
    /// Each of these: `a and b`.
    All(Vec<Node>),
    /// One of these at least: `a or b`.
    Any(Vec<Node>),
    /// So many of these, no two of which rest on the same origin: `2 of (a, b, c)`.
    AtLeast(usize, Vec<Node>),
}

impl Rule {
    /// Everybody whom it names.
    #[must_use]
    pub fn parties(&self) -> BTreeSet<&PartyName> {
        self.0.parties()
    }
}

impl Node {
    pub(super) fn parties(&self) -> BTreeSet<&PartyName> {
        match self {
            Self::Party(name) => BTreeSet::from([name]),
            Self::All(members) | Self::Any(members) | Self::AtLeast(_, members) => {
                members.iter().flat_map(Self::parties).collect()
            }
        }
    }
}

/// As it is written in a policy: what is printed reads back to the same rule.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Party(name) => name.fmt(f),
            Self::All(members) => joined(f, members, " and "),
            Self::Any(members) => joined(f, members, " or "),
            Self::AtLeast(count, members) => {
                write!(f, "{count} of (")?;
                for (at, member) in members.iter().enumerate() {
                    write!(f, "{}{member}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, members: &[Node], word: &str) -> fmt::Result {
    for (at, member) in members.iter().enumerate() {
        let between = if at == 0 { "" } else { word };
        match member {
            Node::Party(_) | Node::AtLeast(..) => write!(f, "{between}{member}")?,
            Node::All(_) | Node::Any(_) => write!(f, "{between}({member})")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
