//! Failure domains: what fails together.

use std::collections::BTreeMap;

use super::diagram::{Diagram, FALSE, Made, Ref, Set};
use super::game::Game;
use crate::demand::CompiledDemand;
use crate::{Domain, Policy};

/// The failure domains of the parties of a game. Whoever has one of a party's domains has the party; a party without any is one
/// by itself.
#[derive(Debug)]
pub(super) struct Domains {
    /// Each with the variables of its parties.
    members: Vec<(Domain, Set)>,
    variables: usize,
}

impl Domains {
    pub(super) fn of(policy: &Policy, demand: &CompiledDemand, game: &Game) -> Self {
        let mut members: BTreeMap<Domain, Set> = BTreeMap::new();
        for (variable, at) in game.order.iter().enumerate() {
            let Some(name) = demand.parties.get(*at).map(|party| &party.name) else { continue };
            let own = policy.party(name).map(|party| party.domains.clone()).filter(|domains| !domains.is_empty());
            for domain in own.unwrap_or_else(|| vec![Domain::of_party(name)]) {
                *members.entry(domain).or_default() |= 1 << variable;
            }
        }
        Self { members: members.into_iter().collect(), variables: game.order.len() }
    }

    /// The fewest that are enough to forge.
    pub(super) fn fewest(&self, diagram: &mut Diagram, function: Ref) -> Made<Vec<Domain>> {
        let mut with = vec![FALSE; self.variables];
        for (variable, slot) in with.iter_mut().enumerate() {
            for (at, _) in self.members.iter().enumerate().filter(|(_, (_, set))| set >> variable & 1 == 1) {
                let domain = diagram.variable(at)?;
                *slot = diagram.or(*slot, domain)?;
            }
        }
        let function = diagram.composed(function, &with)?;
        let fewest = diagram.cheapest(function, &|_| 1).map_or(0, |(_, set)| set);
        Ok(self
            .members
            .iter()
            .enumerate()
            .filter(|(at, _)| fewest >> at & 1 == 1)
            .map(|(_, (domain, _))| domain.clone())
            .collect())
    }

    /// Those whose loss leaves too few.
    pub(super) fn fatal(&self, diagram: &Diagram, function: Ref, everybody: Set) -> Vec<Domain> {
        let fatal = |(_, set): &&(Domain, Set)| !diagram.holds(function, everybody & !set);
        self.members.iter().filter(fatal).map(|(domain, _)| domain.clone()).collect()
    }
}
