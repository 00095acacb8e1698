//! What a demand really says: who together is enough, who can block, who counts for nothing, what forging takes, what changes when
//! somebody leaves or joins, and which intents do not hold.
//!
//! All of it is exact, by one decision diagram of the demand as a function of who vouches, each on an origin of its own and with all
//! its weight. The source of a file, which has to vouch or be pinned besides, is counted where the demand counts it.

mod compare;
mod diagram;
mod domains;
mod game;
mod intents;

use std::collections::BTreeMap;

use crate::demand::CompiledDemand;
use crate::{Domain, Intent, MilliTrust, PartyName, Policy, limits};

use diagram::{Diagram, FALSE, Listed, Made, Ref, Set};
use domains::Domains;
use game::Game;

pub use compare::{Difference, differences};
pub use diagram::TooEntangled;
pub use intents::{Broken, Culprits};

/// How many keys have to be stolen to speak for a party. Whoever is not in it counts as one.
pub type Keys = BTreeMap<PartyName, u32>;

/// Some sets of parties, smallest first, and how many there are in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sets {
    /// At most [`limits::LISTED_SETS`].
    pub sets: Vec<Vec<PartyName>>,
    /// How many there are.
    pub count: u128,
}

/// What a demand really says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analysis {
    /// The smallest sets of parties whose vouches are enough.
    pub coalitions: Sets,
    /// The smallest sets of parties without whose vouches nothing passes.
    pub blocking: Sets,
    /// Parties that the demand counts and that never make a difference.
    pub powerless: Vec<PartyName>,
    /// Parties of unequal weights that can stand in for each other everywhere.
    pub interchangeable: Vec<Vec<(PartyName, MilliTrust)>>,
    /// What forging takes at least.
    pub forging: Forging,
    /// Failure domains whose loss alone stops everything.
    pub fatal_domains: Vec<Domain>,
    /// What the loss of each party changes.
    pub losing: Vec<Loss>,
    /// What one more party changes that weighs as much as one that is there.
    pub adding: Vec<Growth>,
    /// Parties that are enough although all of them are of one kind and others have weight.
    pub gap: Option<Gap>,
    /// Asserted intents that do not hold.
    pub broken: Vec<Broken>,
    /// What to require so that the gap is closed and the asserted `requires` hold.
    pub suggestion: Option<Suggestion>,
}

/// What forging takes at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forging {
    /// The fewest parties.
    pub parties: Vec<PartyName>,
    /// The fewest keys.
    pub keys: u64,
    /// Whose keys.
    pub keys_of: Vec<PartyName>,
    /// The fewest failure domains; a party without any is one.
    pub domains: Vec<Domain>,
}

/// What the loss of a party changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// Who.
    pub party: PartyName,
    /// How many smallest coalitions are left; with none, nothing passes without it.
    pub coalitions: u128,
}

/// What one more party changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// Whose weight it has.
    pub like: PartyName,
    /// How many smallest coalitions there are then.
    pub coalitions: u128,
    /// Who is needed now and is not then.
    pub no_longer_needed: Vec<PartyName>,
}

/// Parties of one kind that are enough by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Who.
    pub alone: Vec<PartyName>,
    /// What they reach, in thousandths.
    pub score: u64,
    /// Who is left out although it has power.
    pub left_out: Vec<PartyName>,
}

/// What to write so that a policy says what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// Everybody who should be required.
    pub require: Vec<PartyName>,
    /// How many smallest coalitions there are then.
    pub coalitions: u128,
}

impl Policy {
    /// Analyses the policy's demand, or that of the scope at a position. Intents are those of the policy, and are looked at
    /// for its own demand only.
    ///
    /// # Errors
    /// [`TooEntangled`].
    pub fn analysis(&self, scope: Option<usize>, keys: &Keys) -> Result<Analysis, TooEntangled> {
        let demand = self.compiled(scope);
        let mut diagram = Diagram::new();
        let game = Game::of(&demand);
        let function = game.function(&mut diagram)?;
        let domains = Domains::of(self, &demand, &game);
        let mut view = View { demand: &demand, game: &game, diagram: &mut diagram, function, domains: &domains };
        let intents: &[Intent] = if scope.is_none() { &self.intents } else { &[] };
        view.analysis(intents, keys)
    }
}

struct View<'a> {
    demand: &'a CompiledDemand,
    game: &'a Game,
    diagram: &'a mut Diagram,
    function: Ref,
    domains: &'a Domains,
}

impl View<'_> {
    fn analysis(&mut self, intents: &[Intent], keys: &Keys) -> Made<Analysis> {
        let interchangeable = self.interchangeable()?;
        let gap = self.gap(&interchangeable);
        let broken = self.broken(intents, keys)?;
        let suggestion = self.suggestion(gap.as_ref(), &broken)?;
        Ok(Analysis {
            coalitions: self.coalitions(self.function)?,
            blocking: self.blocking()?,
            powerless: self.powerless(),
            interchangeable: self.of_unequal_weights(&interchangeable),
            forging: self.forging(keys)?,
            fatal_domains: self.domains.fatal(self.diagram, self.function, self.game.everybody()),
            losing: self.losing()?,
            adding: self.adding()?,
            gap,
            broken,
            suggestion,
        })
    }

    fn names(&self, set: Set) -> Vec<PartyName> {
        let mut names: Vec<_> = self.game.members(set).filter_map(|at| self.name(at)).collect();
        names.sort();
        names
    }

    fn name(&self, at: usize) -> Option<PartyName> {
        self.demand.parties.get(at).map(|party| party.name.clone())
    }

    fn sets(&self, Listed { sets, count }: Listed) -> Sets {
        let mut sets: Vec<_> = sets.into_iter().map(|set| self.names(set)).collect();
        sets.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
        Sets { sets, count }
    }

    fn coalitions(&mut self, function: Ref) -> Made<Sets> {
        let family = self.diagram.minimal(function)?;
        let listed = self.diagram.list(family, limits::LISTED_SETS);
        Ok(self.sets(listed))
    }

    fn blocking(&mut self) -> Made<Sets> {
        let dual = self.diagram.dual(self.function)?;
        self.coalitions(dual)
    }

    /// Whom the demand counts and does not depend on.
    fn powerless(&self) -> Vec<PartyName> {
        let named = self.demand.require | self.demand.rule.as_ref().map_or(0, crate::demand::Tree::parties);
        let weighs = |at: usize| self.game.minimum() > 0 && self.game.weight(at) > 0;
        let counts = |at: &usize| weighs(*at) || named >> at & 1 == 1;
        let support = self.diagram.support(self.function);
        let variables = self.game.order.iter().enumerate().filter(|(variable, at)| support >> variable & 1 == 0 && counts(at));
        let mut names: Vec<_> = variables.filter_map(|(_, at)| self.name(*at)).collect();
        names.sort();
        names
    }

    /// The variables that can stand in for each other everywhere, of those with power.
    fn interchangeable(&mut self) -> Made<Vec<Set>> {
        let family = self.diagram.minimal(self.function)?;
        let mut classes: Vec<(usize, u128, Set)> = Vec::new();
        for variable in self.powerful() {
            // Whoever can stand in for another is in as many coalitions.
            let count = self.diagram.count_without(family, variable);
            let mut found = false;
            for (first, _, class) in classes.iter_mut().filter(|(_, other, _)| *other == count) {
                let same = self.game.alike(*first, variable) || symmetric(self.diagram, self.function, *first, variable)?;
                if same {
                    *class |= 1 << variable;
                    found = true;
                    break;
                }
            }
            if !found {
                classes.push((variable, count, 1 << variable));
            }
        }
        Ok(classes.into_iter().map(|(_, _, class)| class).collect())
    }

    /// The variables that make a difference.
    fn powerful(&self) -> Vec<usize> {
        let support = self.diagram.support(self.function);
        (0..self.game.order.len()).filter(|variable| support >> variable & 1 == 1).collect()
    }

    fn of_unequal_weights(&self, classes: &[Set]) -> Vec<Vec<(PartyName, MilliTrust)>> {
        let weighed = |class: &Set| {
            let members = self.game.members(*class);
            let mut members: Vec<_> = members.filter_map(|at| Some((self.name(at)?, self.demand.heaviest(at)))).collect();
            members.sort();
            members
        };
        let unequal = |class: &Vec<(PartyName, MilliTrust)>| {
            let heaviest = class.iter().map(|(_, weight)| weight).max();
            self.game.minimum() > 0 && class.iter().any(|(_, weight)| Some(weight) != heaviest)
        };
        classes.iter().map(weighed).filter(unequal).collect()
    }

    fn forging(&mut self, keys: &Keys) -> Made<Forging> {
        let fewest = self.diagram.cheapest(self.function, &|_| 1).map_or(0, |(_, set)| set);
        let (keys, keys_of) = self.fewest_keys(keys).unwrap_or_default();
        let domains = self.domains.fewest(self.diagram, self.function)?;
        Ok(Forging { parties: self.names(fewest), keys, keys_of, domains })
    }

    fn fewest_keys(&self, keys: &Keys) -> Option<(u64, Vec<PartyName>)> {
        let of = |variable: usize| {
            let name = self.game.order.get(variable).and_then(|at| self.demand.parties.get(*at)).map(|party| &party.name);
            name.and_then(|name| keys.get(name)).map_or(1, |keys| u64::from(*keys))
        };
        let (sum, set) = self.diagram.cheapest(self.function, &of)?;
        Some((sum, self.names(set)))
    }

    /// What is left are the coalitions that the party is not in.
    fn losing(&mut self) -> Made<Vec<Loss>> {
        let family = self.diagram.minimal(self.function)?;
        let loss = |variable: usize| {
            let party = self.name(*self.game.order.get(variable)?)?;
            Some(Loss { party, coalitions: self.diagram.count_without(family, variable) })
        };
        let mut losses: Vec<_> = self.powerful().into_iter().filter_map(loss).collect();
        losses.sort_by(|one, other| one.party.cmp(&other.party));
        Ok(losses)
    }

    /// Of each weight, one more.
    fn adding(&mut self) -> Made<Vec<Growth>> {
        if self.game.minimum() == 0 {
            return Ok(Vec::new());
        }
        let now = needed(self.diagram, self.function, self.game);
        let mut growths = Vec::new();
        let mut seen = Vec::new();
        for at in self.game.order.clone() {
            let weight = self.game.weight(at);
            if weight == 0 || seen.contains(&weight) {
                continue;
            }
            seen.push(weight);
            // Another function of other variables, in a diagram of its own.
            let (larger, mut diagram) = (self.game.with_twin(at), Diagram::new());
            let function = larger.function(&mut diagram)?;
            let still = needed(&diagram, function, &larger);
            let gone = now.iter().filter(|at| !still.contains(at)).filter_map(|at| self.name(*at));
            let mut no_longer_needed: Vec<_> = gone.collect();
            no_longer_needed.sort();
            let coalitions = count(&mut diagram, function)?;
            growths.extend(self.name(at).map(|like| Growth { like, coalitions, no_longer_needed }));
        }
        Ok(growths)
    }

    /// Whether parties that can all stand in for each other are enough, while others have power too.
    fn gap(&self, classes: &[Set]) -> Option<Gap> {
        if self.game.minimum() == 0 {
            return None;
        }
        let support = self.diagram.support(self.function);
        let class = classes.iter().find(|class| **class != support && self.diagram.holds(self.function, **class))?;
        // They stand in for each other, so that any that are enough in number will do.
        let mut alone: Set = 0;
        for variable in (0..self.game.order.len()).filter(|variable| class >> variable & 1 == 1) {
            if !self.diagram.holds(self.function, alone) {
                alone |= 1 << variable;
            }
        }
        Some(Gap { alone: self.names(alone), score: self.game.sum(alone), left_out: self.names(support & !class) })
    }

    fn suggestion(&mut self, gap: Option<&Gap>, broken: &[Broken]) -> Made<Option<Suggestion>> {
        let asserted = broken.iter().filter_map(|broken| match &broken.intent {
            Intent::Requires(party) => Some(party),
            _ => None,
        });
        let wanted: Vec<&PartyName> = gap.iter().flat_map(|gap| &gap.left_out).chain(asserted).collect();
        let able = |at: &usize| self.demand.can_vouch(*at);
        let position = |name: &&PartyName| self.demand.parties.iter().position(|party| party.name == **name);
        let also: Vec<usize> = wanted.iter().filter_map(position).filter(able).collect();
        if also.is_empty() {
            return Ok(None);
        }
        let function = self.game.requiring(&also).function(self.diagram)?;
        if function == FALSE {
            return Ok(None);
        }
        let mut require: Vec<PartyName> = self.demand.names(self.demand.require).cloned().collect();
        require.extend(also.iter().filter_map(|at| self.name(*at)));
        require.sort();
        require.dedup();
        Ok(Some(Suggestion { require, coalitions: count(self.diagram, function)? }))
    }
}

/// Whether two variables can stand in for each other everywhere.
fn symmetric(diagram: &mut Diagram, function: Ref, one: usize, other: usize) -> Made<bool> {
    let mut only = |with: usize, without: usize| {
        let function = diagram.restricted(function, with, true)?;
        diagram.restricted(function, without, false)
    };
    Ok(only(one, other)? == only(other, one)?)
}

/// The positions of those without whom nothing is enough.
fn needed(diagram: &Diagram, function: Ref, game: &Game) -> Vec<usize> {
    let everybody = game.everybody();
    let needed = |(variable, _): &(usize, &usize)| !diagram.holds(function, everybody & !(1 << variable));
    game.order.iter().enumerate().filter(needed).map(|(_, at)| *at).collect()
}

/// How many smallest coalitions there are.
fn count(diagram: &mut Diagram, function: Ref) -> Made<u128> {
    let family = diagram.minimal(function)?;
    Ok(diagram.list(family, 0).count)
}

#[cfg(test)]
mod tests;
