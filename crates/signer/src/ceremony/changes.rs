//! What a draft says otherwise than what is published, in words: everything, so that nobody signs what they did not read.

use std::collections::{BTreeMap, BTreeSet};

use affineur_tuf::edit::Draft;
use affineur_tuf::key::{Key, KeyId};
use affineur_tuf::{Role, Root, Targets, TopRole};
use serde::Serialize;
use serde_json::Value;

use super::OfflineRole;
use crate::limits;

/// What changes in root.
pub(super) fn changes_of_root(before: &Draft<Root>, after: &Draft<Root>) -> Vec<String> {
    let mut words = vec![renewed(OfflineRole::Root, before, after)];
    let mut explained = before.clone();
    explained.set_version(after.version()).set_expires(after.body().expires());
    for role in TopRole::ALL {
        let keyids = |root: &Draft<Root>| root.body().role(role).map(|keys| keys.keyids().to_vec()).unwrap_or_default();
        for (number, old, new) in exchanged(&keyids(before), &keyids(after)) {
            let Some(key) = after.body().keys().get(&new) else { continue };
            explained.replace_key(role, &old, (new.clone(), key.clone()));
            let whose = match role {
                TopRole::Root | TopRole::Targets => format!("{role}-{number}"),
                TopRole::Timestamp | TopRole::Snapshot => format!("the online key of {role}"),
            };
            words.push(gives_way(&whose, &old, &new, key));
        }
    }
    words.extend(unexplained(OfflineRole::Root, explained.body(), after.body()));
    words
}

/// What changes in targets or bins.
pub(super) fn changes_of_targets(role: OfflineRole, before: &Draft<Targets>, after: &Draft<Targets>) -> Vec<String> {
    let mut words = vec![renewed(role, before, after)];
    let mut explained = before.clone();
    explained.set_version(after.version()).set_expires(after.body().expires());
    let keys: BTreeMap<KeyId, Key> = after.body().delegations().map(|found| found.keys().clone()).unwrap_or_default();
    let exchanges: BTreeSet<_> =
        delegates(before).iter().zip(delegates(after)).flat_map(|(old, new)| exchanged(old, &new)).collect();
    for (number, old, new) in exchanges {
        let Some(key) = keys.get(&new) else { continue };
        explained.replace_key(&old, (new.clone(), key.clone()));
        let whose = match role {
            OfflineRole::Targets => format!("bins-{number}"),
            OfflineRole::Root | OfflineRole::Bins => "the online key of every bin".to_owned(),
        };
        words.push(gives_way(&whose, &old, &new, key));
    }
    words.extend(unexplained(role, explained.body(), after.body()));
    words
}

/// The keys of each delegation.
fn delegates(targets: &Draft<Targets>) -> Vec<Vec<KeyId>> {
    let Some(delegations) = targets.body().delegations() else { return Vec::new() };
    let bins = delegations.succinct().map(|bins| bins.keyids().to_vec());
    delegations.roles().iter().map(|role| role.keyids().to_vec()).chain(bins).collect()
}

/// Which keys took the places of which, numbered from 1. Nothing where the numbers of keys differ: that is told as it is.
fn exchanged(before: &[KeyId], after: &[KeyId]) -> Vec<(u32, KeyId, KeyId)> {
    if before.len() != after.len() {
        return Vec::new();
    }
    let pairs = (1..).zip(before.iter().zip(after));
    pairs.filter(|(_, (old, new))| old != new).map(|(number, (old, new))| (number, old.clone(), new.clone())).collect()
}

fn renewed<R: Role>(role: OfflineRole, before: &Draft<R>, after: &Draft<R>) -> String {
    let (old, new) = (before.version(), after.version());
    format!(
        "{role}: version {new} follows {old}; valid until {} instead of {}",
        after.body().expires(),
        before.body().expires()
    )
}

fn gives_way(whose: &str, old: &KeyId, new: &KeyId, key: &Key) -> String {
    let named = if key.computed_id() == *new { "" } else { " (an identifier that is not the key's digest)" };
    format!("{whose}: the key {old} gives way to {new}{named}")
}

fn unexplained<B: Serialize>(role: OfflineRole, expected: &B, found: &B) -> Vec<String> {
    differences(expected, found).into_iter().map(|difference| format!("{role}: ALSO: {difference}")).collect()
}

/// All members that differ, whatever they are.
pub(crate) fn differences<B: Serialize>(expected: &B, found: &B) -> Vec<String> {
    let (Ok(expected), Ok(found)) = (serde_json::to_value(expected), serde_json::to_value(found)) else {
        return vec!["it cannot be compared".to_owned()];
    };
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    flatten(String::new(), &expected, &mut before);
    flatten(String::new(), &found, &mut after);
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let nothing = "nothing".to_owned();
    let differs = paths.into_iter().filter(|path| before.get(*path) != after.get(*path));
    let mut words: Vec<String> = differs
        .map(|path| {
            let (old, new) = (before.get(path).unwrap_or(&nothing), after.get(path).unwrap_or(&nothing));
            format!("{path}: {new} instead of {old}")
        })
        .collect();
    let hidden = words.len().saturating_sub(limits::CHANGES_SHOWN);
    if hidden > 0 {
        words.truncate(limits::CHANGES_SHOWN);
        words.push(format!("{hidden} changes more"));
    }
    words
}

fn flatten(path: String, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                flatten(format!("{path}/{}", name.escape_debug()), value, into);
            }
        }
        Value::Array(values) if !values.is_empty() => {
            for (at, value) in values.iter().enumerate() {
                flatten(format!("{path}/{at}"), value, into);
            }
        }
        leaf => drop(into.insert(path, harmless(&leaf.to_string()))),
    }
}

/// JSON escapes control characters; what turns the direction of a line, say, is escaped here.
fn harmless(text: &str) -> String {
    text.chars()
        .flat_map(|c| if c.is_ascii() { String::from(c) } else { c.escape_debug().to_string() }.chars().collect::<Vec<_>>())
        .collect()
}
