//! What a changed policy lets through that the old one did not, and the other way round.

use std::collections::BTreeSet;
use std::fmt;

use super::diagram::{Diagram, FALSE, Made, Ref, Set, TRUE};
use super::game::Game;
use super::{Listed, TooEntangled};
use crate::demand::{CompiledDemand, Tree};
use crate::{Glob, PartyName, Policy};

/// One thing that a changed policy says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// For which projects, as the scope has them; `None` for all that are in no scope.
    pub projects: Option<Vec<Glob>>,
    /// Whether it can let something through that was withheld.
    pub admits: bool,
    /// What it is about: a key of the policy.
    pub key: &'static str,
    /// Parties whose vouches show it.
    pub by: Vec<PartyName>,
}

/// `may let more through for acme-*, demand: index + curator-1 are enough`.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { projects, admits, key, by } = self;
        f.write_str(if *admits { "may let more through" } else { "withholds more" })?;
        if let Some(projects) = projects {
            let projects: Vec<String> = projects.iter().map(ToString::to_string).collect();
            write!(f, " for {}", projects.join(", "))?;
        }
        write!(f, ", {key}")?;
        let names: Vec<&str> = by.iter().map(PartyName::as_str).collect();
        let no_longer = if *admits { "" } else { "no longer " };
        match (*key, names.as_slice()) {
            (_, []) => Ok(()),
            ("demand", names) => write!(f, ": {} are {no_longer}enough", names.join(" + ")),
            ("urgent", names) => write!(f, ": {} shorten {no_longer}the wait", names.join(" + ")),
            (_, names) => write!(f, ": {}", names.join(", ")),
        }
    }
}

/// What a changed policy says otherwise: of its own demand and of those of scopes with the same projects, and of what else decides.
///
/// # Errors
/// [`TooEntangled`].
pub fn differences(old: &Policy, new: &Policy) -> Result<Vec<Difference>, TooEntangled> {
    let mut found = Vec::new();
    compared(old, new, (None, None), None, &mut found)?;
    for (at, scope) in new.scopes.iter().enumerate() {
        let before = old.scopes.iter().position(|other| other.projects == scope.projects);
        compared(old, new, (before, Some(at)), Some(&scope.projects), &mut found)?;
    }
    for (at, scope) in old.scopes.iter().enumerate() {
        if !new.scopes.iter().any(|other| other.projects == scope.projects) {
            compared(old, new, (Some(at), None), Some(&scope.projects), &mut found)?;
        }
    }
    whole(old, new, &mut found);
    Ok(found)
}

/// Compares what holds for some projects; a scope that one of them lacks is the policy's own part there.
fn compared(
    old: &Policy,
    new: &Policy,
    (before, after): (Option<usize>, Option<usize>),
    projects: Option<&[Glob]>,
    found: &mut Vec<Difference>,
) -> Made<()> {
    let difference = |admits, key, by| Difference { projects: projects.map(<[Glob]>::to_vec), admits, key, by };
    let (old_demand, new_demand) = (old.compiled(before), new.compiled(after));
    let names: BTreeSet<&PartyName> =
        [&old_demand, &new_demand].into_iter().flat_map(|demand| demand.names(demand.counted)).collect();
    let names: Vec<&PartyName> = names.into_iter().collect();
    for (key, of) in [("demand", None), ("urgent", Some(()))] {
        let mut diagram = Diagram::new();
        let mut function = |demand: &CompiledDemand| match of {
            None => aligned(demand, &names).function(&mut diagram),
            Some(()) => urgent(demand, &names, &mut diagram),
        };
        let (was, is) = (function(&old_demand)?, function(&new_demand)?);
        for (admits, more, less) in [(true, is, was), (false, was, is)] {
            if let Some(set) = only(&mut diagram, more, less)? {
                let by = names.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1).map(|(_, name)| (*name).clone());
                found.push(difference(admits, key, by.collect()));
            }
        }
    }
    let scope = |policy: &Policy, at: Option<usize>| at.and_then(|at| policy.scopes.get(at)).cloned();
    let (before, after) = (scope(old, before), scope(new, after));
    let wait = |policy: &Policy, scope: &Option<crate::Scope>| {
        scope.as_ref().and_then(|scope| scope.minimum_age).unwrap_or(policy.minimum_age)
    };
    let (was, is) = (wait(old, &before), wait(new, &after));
    if was != is {
        found.push(difference(is < was, "minimum-age", Vec::new()));
    }
    let clock = |policy: &Policy, scope: &Option<crate::Scope>| {
        scope.as_ref().and_then(|scope| scope.age_from).unwrap_or(policy.age_from)
    };
    if clock(old, &before) != clock(new, &after) {
        found.push(difference(true, "age-from", Vec::new()));
    }
    if old_demand.track != new_demand.track {
        found.push(difference(new_demand.track != Some(crate::Track::Stable), "track", Vec::new()));
    }
    let sources = |policy: &Policy, scope: &Option<crate::Scope>| {
        scope.as_ref().and_then(|scope| scope.only.clone()).unwrap_or_else(|| policy.sources.clone())
    };
    let (was, is) = (sources(old, &before), sources(new, &after));
    let more: Vec<_> = is.iter().filter(|name| !was.contains(name)).cloned().collect();
    let fewer: Vec<_> = was.iter().filter(|name| !is.contains(name)).cloned().collect();
    for (admits, by) in [(true, more), (false, fewer)] {
        if !by.is_empty() {
            found.push(difference(admits, "sources", by));
        }
    }
    Ok(())
}

/// What holds for all projects.
fn whole(old: &Policy, new: &Policy, found: &mut Vec<Difference>) {
    let mut note = |admits, key, by: Vec<PartyName>, differs: bool| {
        if differs {
            found.push(Difference { projects: None, admits, key, by });
        }
    };
    let missing = |from: &[PartyName], of: &[PartyName]| -> Vec<PartyName> {
        of.iter().filter(|name| !from.contains(name)).cloned().collect()
    };
    let (gone, come) = (missing(&new.veto, &old.veto), missing(&old.veto, &new.veto));
    note(true, "veto", gone.clone(), !gone.is_empty());
    note(false, "veto", come.clone(), !come.is_empty());
    note(new.mode < old.mode, "mode", Vec::new(), new.mode != old.mode);
    note(true, "exception", Vec::new(), new.exceptions.iter().any(|exception| !old.exceptions.contains(exception)));
    note(false, "exception", Vec::new(), old.exceptions.iter().any(|exception| !new.exceptions.contains(exception)));
    note(true, "pass", Vec::new(), new.pass.iter().any(|host| !old.pass.contains(host)));
    note(false, "pass", Vec::new(), old.pass.iter().any(|host| !new.pass.contains(host)));
    let other = |name: &&PartyName| new.party(name).map(|party| &party.kind) != old.party(name).map(|party| &party.kind);
    let changed: Vec<PartyName> = old.parties.keys().filter(|name| new.party(name).is_some()).filter(other).cloned().collect();
    note(true, "party", changed.clone(), !changed.is_empty());
}

/// A game whose variable `n` is the party at `names[n]`, whether it has a say or not.
fn aligned(demand: &CompiledDemand, names: &[&PartyName]) -> Game {
    Game::of(demand).ordered(order(demand, names))
}

fn order(demand: &CompiledDemand, names: &[&PartyName]) -> Vec<usize> {
    let counted: Vec<&PartyName> = demand.names(demand.counted).collect();
    let position = |name: &&PartyName| demand.parties.iter().position(|party| party.name == **name && counted.contains(name));
    names.iter().map(|name| position(name).unwrap_or(usize::MAX)).collect()
}

fn urgent(demand: &CompiledDemand, names: &[&PartyName], diagram: &mut Diagram) -> Made<Ref> {
    let Some(urgent) = &demand.urgent else { return Ok(FALSE) };
    let nothing_else =
        CompiledDemand { minimum: crate::MilliTrust::default(), require: 0, rule: Some(Tree::clone(urgent)), ..demand.clone() };
    aligned(&nothing_else, names).function(diagram)
}

/// A smallest set that makes the one function true and not the other, if there is one.
fn only(diagram: &mut Diagram, more: Ref, less: Ref) -> Made<Option<Set>> {
    if more == less || less == TRUE {
        return Ok(None);
    }
    let minimal = diagram.minimal(more)?;
    let family = diagram.without(minimal, less)?;
    let Listed { sets, .. } = diagram.list(family, 1);
    Ok(sets.first().copied())
}
