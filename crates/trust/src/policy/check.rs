//! What must hold between the keys of a policy file.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Problem, Read, Table};
use super::{AgeFrom, Demand, Glob, PartyName, Policy, Rule, Scope};
use crate::limits;
use crate::text::thousandths;

/// Each party is used, can have credentials of its own, and has a canary where another source follows it.
pub(super) fn parties(policy: &Policy, root: &Table<'_>) -> Read<()> {
    let Some(table) = root.table("party")? else { return Ok(()) };
    let orders = || std::iter::once(&policy.sources).chain(policy.scopes.iter().filter_map(|scope| scope.only.as_ref()));
    let used = used(policy);
    let sources: BTreeSet<&PartyName> = orders().flatten().collect();
    let followed: BTreeSet<&PartyName> = orders().flat_map(|order| order.iter().rev().skip(1)).collect();
    let mut variables = BTreeMap::new();
    let mut domains = BTreeSet::new();
    for key in table.keys() {
        let name: PartyName = key.parse()?;
        domains.extend(policy.party(&name).iter().flat_map(|party| &party.domains));
        if domains.len() > limits::SHORT_LIST {
            return Err(key.problem(format!("the parties have more than {} failure domains together", limits::SHORT_LIST)));
        }
        if !used.contains(&name) {
            return Err(key
                .problem(format!("party {} is not used: no source, and no demand counts its vouches", key.quoted()))
                .hint("remove it, or name it in `sources`, `require`, `rule` or `veto`, or weigh it for a `minimum-score`"));
        }
        if policy.upstream(&name).is_some() && !sources.contains(&name) {
            return Err(key
                .problem(format!("party {} is an upstream and no source: nothing of it would ever be asked", key.quoted()))
                .hint("name it in `sources`, or in the `only` of a [[scope]]"));
        }
        if sources.contains(&name) && policy.is_curator(&name) {
            return Err(key
                .problem(format!("party {} is a curator: it vouches for files and has none, so it is no source", key.quoted()))
                .hint("take it out of `sources` and `only`; an index weighs claimed, recently-claimed, unclaimed or stable"));
        }
        let deep = policy.repository(&name).is_some_and(|repository| repository.depth > 1);
        if deep && !policy.is_curator(&name) {
            return Err(
                key.problem(format!("party {} has a `depth` and is no curator: an index passes nothing on", key.quoted()))
            );
        }
        if let Some(other) = variables.insert(name.credentials_variable(), name.clone()) {
            let variable = name.credentials_variable();
            return Err(key.problem(format!("parties `{other}` and `{name}` would share the environment variable {variable}")));
        }
        // What a repository does not have, it says so signed.
        let needs_canary = policy.upstream(&name).is_some_and(|upstream| upstream.canary.is_none());
        if followed.contains(&name) && needs_canary {
            return Err(key
                .problem(format!(
                    "party {} is not the last source, so it needs a `canary`: how *absent* is told from *unavailable*",
                    key.quoted()
                ))
                .hint("name a project that this upstream always has: canary = \"...\""));
        }
    }
    Ok(())
}

/// Every party that can change an outcome.
fn used(policy: &Policy) -> BTreeSet<&PartyName> {
    let demands = || std::iter::once(&policy.demand).chain(policy.scopes.iter().map(|scope| &scope.demand));
    let orders = std::iter::once(&policy.sources).chain(policy.scopes.iter().filter_map(|scope| scope.only.as_ref()));
    let named = demands().flat_map(|demand| demand.named().into_iter().chain(demand.urgent.iter().flat_map(Rule::parties)));
    let scored = demands().any(|demand| demand.minimum_score.is_some());
    let weighed = policy.parties.iter().filter(|(_, party)| scored && party.heaviest().thousandths() > 0).map(|(name, _)| name);
    orders.flatten().chain(named).chain(weighed).chain(&policy.veto).collect()
}

/// Each demand can be met and demands something, and no scope drops the policy's by saying nothing.
pub(super) fn demands(policy: &Policy, root: &Table<'_>) -> Read<()> {
    let everybody: Vec<&PartyName> = policy.parties.keys().collect();
    demand(policy, &policy.demand, &everybody, root)?;
    if let (true, Some(score)) = (nothing(&policy.demand), root.text("minimum-score")?) {
        return Err(score.problem("a `minimum-score` of 0 demands nothing").hint("leave it out"));
    }
    signed(policy, policy.age_from, &everybody, root)?;
    for (scope, table) in policy.scopes.iter().zip(&root.tables("scope")?) {
        let heard = scope.only.as_ref().map_or_else(|| everybody.clone(), |only| only.iter().collect());
        demand(policy, &scope.demand, &heard, table)?;
        signed(policy, scope.age_from.unwrap_or(policy.age_from), &heard, table)?;
        if policy.demand.asks_for_vouches() && !scope.demand.states_vouches() {
            return Err(Problem::new(
                &table.span,
                "this scope inherits no `minimum-score`, `require` or `rule`, and states none",
            )
            .hint("state what these projects need; `minimum-score = \"0\"` says that nobody else has to vouch"));
        }
    }
    Ok(())
}

/// Whether a demand says in so many words that nobody has to vouch.
const fn nothing(demand: &Demand) -> bool {
    demand.states_vouches() && !demand.asks_for_vouches()
}

/// One demand, of which only `heard` can be counted.
fn demand(policy: &Policy, demand: &Demand, heard: &[&PartyName], table: &Table<'_>) -> Read<()> {
    for (key, rule) in [("rule", &demand.rule), ("urgent", &demand.urgent)] {
        let outside = rule.iter().flat_map(Rule::parties).find(|name| !heard.contains(name));
        if let (Some(name), Some(text)) = (outside, table.text(key)?) {
            return Err(text.problem(outside_of_scope(name)));
        }
    }
    for (text, name) in table.list("require")?.unwrap_or_default().iter().zip(&demand.require) {
        if !heard.contains(&name) {
            return Err(text.problem(outside_of_scope(name)));
        }
    }
    let Some(score) = demand.minimum_score else { return Ok(()) };
    let Some(text) = table.text("minimum-score")? else { return Ok(()) };
    if score.thousandths() == 0 && demand.asks_for_vouches() {
        return Err(text.problem("a `minimum-score` of 0 demands nothing").hint("leave it out"));
    }
    let most: u32 = heard.iter().filter_map(|name| policy.party(name)).map(|party| party.heaviest().thousandths()).sum();
    if most < score.thousandths() {
        let (score, most) = (thousandths(score.thousandths().into()), thousandths(most.into()));
        let problem = format!("a score of {score} can never be reached: all weights together are {most}");
        return Err(text.problem(problem).hint("lower it, or give the parties a `weight`"));
    }
    Ok(())
}

fn outside_of_scope(name: &PartyName) -> String {
    format!("`{name}` is not in this scope's `only`, so that its vouches do not count here: this can never hold")
}

/// A policy of the working directory names nobody who could attest a time.
pub(super) fn no_signed_age(policy: &Policy, root: &Table<'_>) -> Read<()> {
    let scopes = root.tables("scope")?;
    let stated = policy.scopes.iter().zip(&scopes).map(|(scope, table)| (scope.age_from, table));
    for (age_from, table) in std::iter::once((Some(policy.age_from), root)).chain(stated) {
        if let (Some(AgeFrom::Signed), Some(text)) = (age_from, table.text("age-from")?) {
            return Err(text
                .problem("a policy found in the working directory names no party, so that none can attest a time")
                .hint("use `first-seen` or `upload-time`"));
        }
    }
    Ok(())
}

/// A signed time needs somebody who can attest one: an index with a repository, by its role `stable`.
fn signed(policy: &Policy, age_from: AgeFrom, heard: &[&PartyName], table: &Table<'_>) -> Read<()> {
    let can = |name: &&PartyName| policy.repository(name).is_some() && !policy.is_curator(name);
    if age_from != AgeFrom::Signed || heard.iter().any(can) {
        return Ok(());
    }
    let place = table.text("age-from")?.map_or_else(|| table.span.clone(), |text| text.span);
    Err(Problem::new(&place, "`signed` needs a party that can attest a time, and no party here can")
        .hint("an upstream signs nothing, and a curator no times: use `first-seen` or `upload-time`"))
}

/// Each scope can be reached: not every one of its patterns is covered by an earlier scope. Looks at equal patterns and at
/// those of the shape `acme-*`, which is what people write; finding all overlaps of patterns would take long.
pub(super) fn scopes(scopes: &[Scope], root: &Table<'_>) -> Read<()> {
    let (mut same, mut prefixes) = (BTreeSet::new(), BTreeSet::new());
    let mut patterns = 0;
    for (scope, table) in scopes.iter().zip(&root.tables("scope")?) {
        patterns += scope.projects.len();
        if patterns > limits::ENTRIES {
            return Err(Problem::new(&table.span, format!("the scopes have more than {} patterns together", limits::ENTRIES)));
        }
        let covered = |pattern: &Glob| {
            let text = pattern.as_str();
            same.contains(text) || (0..=text.len()).filter_map(|end| text.get(..end)).any(|start| prefixes.contains(start))
        };
        if scope.projects.iter().all(covered) {
            return Err(Problem::new(
                &table.span,
                "this scope is never reached: earlier ones cover all its `projects`, and the first match wins",
            )
            .hint("move it up, or remove it"));
        }
        same.extend(scope.projects.iter().map(Glob::as_str));
        prefixes.extend(scope.projects.iter().filter_map(Glob::prefix));
    }
    Ok(())
}
