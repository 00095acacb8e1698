//! What must hold between the keys of a policy file.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Problem, Read, Table};
use super::{Glob, PartyName, Policy, Scope};
use crate::limits;

/// Each party is used, can have credentials of its own, and has a canary where another source follows it.
pub(super) fn parties(policy: &Policy, root: &Table<'_>) -> Read<()> {
    let Some(table) = root.table("party")? else { return Ok(()) };
    let orders = || std::iter::once(&policy.sources).chain(policy.scopes.iter().filter_map(|scope| scope.only.as_ref()));
    let used: BTreeSet<&PartyName> = orders().flatten().collect();
    let followed: BTreeSet<&PartyName> = orders().flat_map(|order| order.iter().rev().skip(1)).collect();
    let mut variables = BTreeMap::new();
    for key in table.keys() {
        let name: PartyName = key.parse()?;
        if !used.contains(&name) {
            return Err(key
                .problem(format!("party {} is not used: neither `sources` nor a scope's `only` names it", key.quoted()))
                .hint("remove it, or name it in `sources`"));
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
