//! What a policy or a scope demands.

use std::collections::BTreeMap;

use super::{known, party_list};
use crate::limits;
use crate::policy::document::{Problem, Read, Table, Text, nearest};
use crate::policy::{Demand, Intent, Party, PartyKind, PartyName, Rule, Track, rule};

/// The demand that a table states.
pub(super) fn demand(table: &Table<'_>, parties: &BTreeMap<PartyName, Party>) -> Read<Demand> {
    Ok(Demand {
        minimum_score: table.text("minimum-score")?.map(|score| score.parse()).transpose()?,
        require: repositories(table, "require", parties)?,
        rule: rule_of(table, "rule", parties)?,
        urgent: rule_of(table, "urgent", parties)?,
        track: track(table)?,
    })
}

/// A list of parties that can vouch.
pub(super) fn repositories(table: &Table<'_>, key: &str, parties: &BTreeMap<PartyName, Party>) -> Read<Vec<PartyName>> {
    let names = party_list(table, key, parties)?.unwrap_or_default();
    for (text, name) in table.list(key)?.unwrap_or_default().iter().zip(&names) {
        if parties.get(name).is_some_and(is_upstream) {
            return Err(signs_nothing(text.problem(upstream_problem(name, key))));
        }
    }
    Ok(names)
}

/// What a policy is meant to guarantee.
pub(super) fn intents(table: &Table<'_>, parties: &BTreeMap<PartyName, Party>) -> Read<Vec<Intent>> {
    let Some(list) = table.list("assert")? else { return Ok(Vec::new()) };
    if let Some(more) = list.get(limits::SHORT_LIST) {
        return Err(more.problem(format!("`assert` has at most {} intents", limits::SHORT_LIST)));
    }
    let intent = |text: &Text<'_>| {
        let intent: Intent = text.parse()?;
        if let Some(party) = intent.party() {
            known(party, parties).map_err(|(problem, hint)| text.problem(problem).hint(hint))?;
        }
        Ok(intent)
    };
    list.iter().map(intent).collect()
}

fn rule_of(table: &Table<'_>, key: &str, parties: &BTreeMap<PartyName, Party>) -> Read<Option<Rule>> {
    let Some(text) = table.text(key)? else { return Ok(None) };
    let (rule, names) = rule::read(text.text).map_err(|error| text.problem_at(error.at, error.problem))?;
    for (at, name) in names {
        let party = known(&name, parties).map_err(|(problem, hint)| text.problem_at(at, problem).hint(hint))?;
        if is_upstream(party) {
            return Err(signs_nothing(text.problem_at(at, upstream_problem(&name, key))));
        }
    }
    Ok(Some(rule))
}

const fn is_upstream(party: &Party) -> bool {
    matches!(party.kind, PartyKind::Upstream(_))
}

fn upstream_problem(name: &PartyName, key: &str) -> String {
    format!("`{name}` is an upstream: it never vouches, so `{key}` cannot name it")
}

fn signs_nothing(problem: Problem) -> Problem {
    problem.hint("an upstream signs nothing; it can only add to a score, with `weight = { pinned = ... }`")
}

fn track(table: &Table<'_>) -> Read<Option<Track>> {
    let Some(text) = table.text("track")? else { return Ok(None) };
    match text.text {
        "stable" => Ok(Some(Track::Stable)),
        "latest" => Ok(Some(Track::Latest)),
        _ => Err(text.problem(format!("`track` cannot be {}", text.quoted())).hint(nearest(text.text, &["stable", "latest"]))),
    }
}
