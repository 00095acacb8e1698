//! A demand as a function of who vouches, each on an origin of its own.

use super::diagram::{Diagram, FALSE, Made, Ref, Set, TRUE};
use crate::demand::{CompiledDemand, Tree, positions};

/// A demand as numbers. Variable `n` is the party at position `order[n]`: heavier parties first, which keeps diagrams small.
#[derive(Debug, Clone)]
pub(super) struct Game {
    pub(super) order: Vec<usize>,
    weights: Vec<u64>,
    minimum: u64,
    require: Vec<usize>,
    rule: Option<Tree>,
}

impl Game {
    pub(super) fn of(demand: &CompiledDemand) -> Self {
        let weights: Vec<u64> = (0..demand.parties.len()).map(|at| demand.heaviest(at).thousandths().into()).collect();
        let mut order: Vec<usize> = positions(demand.counted).collect();
        order.sort_by_key(|at| std::cmp::Reverse(weights.get(*at).copied()));
        Self {
            order,
            weights,
            minimum: demand.minimum.thousandths().into(),
            require: positions(demand.require).collect(),
            rule: demand.rule.clone(),
        }
    }

    /// The same with other variables: `order[n]` is the position of variable `n`, `usize::MAX` that of nobody.
    pub(super) fn ordered(self, order: Vec<usize>) -> Self {
        Self { order, ..self }
    }

    /// With one more party that weighs as much as the one at a position.
    pub(super) fn with_twin(&self, of: usize) -> Self {
        let (mut game, twin) = (self.clone(), self.weights.len());
        let place = game.order.iter().position(|at| *at == of).map_or(game.order.len(), |place| place + 1);
        game.order.insert(place, twin);
        game.weights.push(self.weight(of));
        game
    }

    /// With one more required party.
    pub(super) fn requiring(&self, also: &[usize]) -> Self {
        Self { require: self.require.iter().chain(also).copied().collect(), ..self.clone() }
    }

    pub(super) fn weight(&self, at: usize) -> u64 {
        self.weights.get(at).copied().unwrap_or(0)
    }

    pub(super) const fn minimum(&self) -> u64 {
        self.minimum
    }

    /// Whether two variables are written alike: equally heavy, and named nowhere.
    pub(super) fn alike(&self, one: usize, other: usize) -> bool {
        let plain = |variable: usize| {
            let at = *self.order.get(variable)?;
            let in_rule = self.rule.as_ref().is_some_and(|rule| rule.parties() >> at & 1 == 1);
            (!in_rule && !self.require.contains(&at)).then(|| self.weight(at))
        };
        plain(one).is_some_and(|weight| plain(other) == Some(weight))
    }

    /// What the parties of a set weigh together.
    pub(super) fn sum(&self, set: Set) -> u64 {
        self.members(set).map(|at| self.weight(at)).sum()
    }

    /// The positions of the variables in a set.
    pub(super) fn members(&self, set: Set) -> impl Iterator<Item = usize> {
        self.order.iter().enumerate().filter(move |(variable, _)| set >> variable & 1 == 1).map(|(_, at)| *at)
    }

    /// The variable of the party at a position.
    pub(super) fn variable(&self, at: usize) -> Option<usize> {
        self.order.iter().position(|other| *other == at)
    }

    /// All variables.
    pub(super) fn everybody(&self) -> Set {
        (0..self.order.len()).fold(0, |set, variable| set | 1 << variable)
    }

    /// True where enough vouch.
    pub(super) fn function(&self, diagram: &mut Diagram) -> Made {
        let weights: Vec<_> = self.order.iter().enumerate().map(|(variable, at)| (variable, self.weight(*at))).collect();
        let mut function = diagram.weighted(&weights, self.minimum)?;
        for at in &self.require {
            let required = self.party(*at, diagram)?;
            function = diagram.and(function, required)?;
        }
        match &self.rule {
            Some(rule) => {
                let rule = self.tree(rule, diagram)?;
                diagram.and(function, rule)
            }
            None => Ok(function),
        }
    }

    fn party(&self, at: usize, diagram: &mut Diagram) -> Made {
        self.variable(at).map_or(Ok(FALSE), |variable| diagram.variable(variable))
    }

    fn tree(&self, tree: &Tree, diagram: &mut Diagram) -> Made {
        let functions = |members: &[Tree], diagram: &mut Diagram| {
            members.iter().map(|member| self.tree(member, diagram)).collect::<Made<Vec<Ref>>>()
        };
        match tree {
            Tree::Party(at) => self.party(*at, diagram),
            Tree::All(members) => {
                let functions = functions(members, diagram)?;
                functions.into_iter().try_fold(TRUE, |all, function| diagram.and(all, function))
            }
            Tree::Any(members) => {
                let functions = functions(members, diagram)?;
                functions.into_iter().try_fold(FALSE, |any, function| diagram.or(any, function))
            }
            Tree::AtLeast(count, members) => {
                let functions = functions(members, diagram)?;
                diagram.at_least(*count, &functions)
            }
        }
    }
}
