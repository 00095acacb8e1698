//! What metadata say, for people and for programs.

use std::collections::BTreeMap;
use std::io::{self, Write};

use affineur_tuf::key::{Key, KeyId};
use affineur_tuf::{DelegatedRole, Delegations, ReferenceTime, Root, Snapshot, Succinct, Targets, TopRole};
use affineur_tuf_client::Addresses;
use serde_json::{Value, json};

use super::words::{count, expiry, harmless, keys};
use crate::colours::{DIM, PLAIN};

/// Most delegations of one role that are shown one by one.
const SHOWN: usize = 12;

/// Where the repository is.
pub(super) fn addresses(out: &mut impl Write, addresses: &Addresses) -> io::Result<()> {
    writeln!(out, "  metadata   {}", addresses.metadata())?;
    writeln!(out, "  targets    {}", addresses.targets())
}

/// Version, expiry, and who must sign what.
pub(super) fn root(out: &mut impl Write, root: &Root, now: ReferenceTime) -> io::Result<()> {
    writeln!(out, "  root       version {}, {}", root.version(), expiry(&TopRole::Root.into(), root.expires(), now))?;
    let files = if root.consistent_snapshot() { "have their version or digest in their names" } else { "keep their names" };
    writeln!(out, "             {DIM}files {files} (consistent_snapshot {}){PLAIN}", root.consistent_snapshot())?;
    writeln!(out, "  must be signed by")?;
    for role in TopRole::ALL {
        let Some(signers) = root.role(role) else { continue };
        writeln!(out, "    {:9}  {}", role.as_str(), keys(signers.threshold(), signers.keyids().len()))?;
        for id in signers.keyids() {
            writeln!(out, "               {DIM}{}{PLAIN}", key(id, root.keys().get(id)))?;
        }
    }
    Ok(())
}

/// Who must sign what, for programs.
pub(super) fn root_json(root: &Root) -> Value {
    let roles = TopRole::ALL.into_iter().filter_map(|role| {
        let signers = root.role(role)?;
        let keys: Vec<Value> = signers.keyids().iter().map(|id| key_json(id, root.keys().get(id))).collect();
        Some((role.to_string(), json!({ "threshold": signers.threshold().number(), "keys": keys })))
    });
    json!({
        "version": root.version().number(),
        "expires": root.expires().to_string(),
        "consistent_snapshot": root.consistent_snapshot(),
        "roles": roles.collect::<serde_json::Map<_, _>>(),
    })
}

/// How many targets there are, and whom they delegate to.
pub(super) fn targets(out: &mut impl Write, targets: &Targets) -> io::Result<()> {
    writeln!(out, "             lists {}", count(targets.targets().len(), "target"))?;
    let Some(delegations) = targets.delegations() else { return Ok(()) };
    if let Some(bins) = delegations.succinct() {
        return writeln!(out, "             delegates to {}", self::bins(bins));
    }
    let roles = delegations.roles();
    writeln!(out, "             delegates to {}", count(roles.len(), "role"))?;
    let hidden = roles.len().saturating_sub(SHOWN);
    for (at, role) in roles.iter().enumerate() {
        let is_last = at + 1 == roles.len();
        if at < SHOWN || is_last {
            writeln!(out, "               {}", delegation(role))?;
        } else if at == SHOWN && hidden > 1 {
            writeln!(out, "               {DIM}... and {} more ...{PLAIN}", hidden - 1)?;
        }
    }
    Ok(())
}

/// The same for programs.
pub(super) fn targets_json(targets: &Targets) -> Value {
    json!({ "targets": targets.targets().len(), "delegations": targets.delegations().map(delegations_json) })
}

/// How many roles there are.
pub(super) fn snapshot(out: &mut impl Write, snapshot: &Snapshot) -> io::Result<()> {
    writeln!(out, "             lists {}", count(snapshot.roles().count(), "role"))
}

/// A key and its scheme.
pub(super) fn key(id: &KeyId, key: Option<&Key>) -> String {
    let scheme = key.map_or_else(|| "no such key".to_owned(), |key| harmless(&key.scheme));
    format!("{scheme} {}", harmless(&id.to_string()))
}

fn key_json(id: &KeyId, key: Option<&Key>) -> Value {
    json!({ "id": id.as_str(), "scheme": key.map(|key| key.scheme.as_str()) })
}

/// `16384 hash bins bin-0000 ... bin-3fff, each signed by 1 of 1 key`.
fn bins(bins: &Succinct) -> String {
    let (first, last) = (bins.name_of(0), bins.name_of(bins.bins().saturating_sub(1)));
    let signed = keys(bins.threshold(), bins.keyids().len());
    format!("{} {} ... {}, each signed by {signed}", count(bins.bins(), "hash bin"), harmless(&first), harmless(&last))
}

fn delegation(role: &DelegatedRole) -> String {
    let ends = if role.terminating() { ", terminating" } else { "" };
    let paths = paths(role);
    let more = if paths.len() > SHOWN { format!(" and {} more", paths.len() - SHOWN) } else { String::new() };
    let paths: Vec<String> = paths.iter().take(SHOWN).map(|path| harmless(path)).collect();
    let name = harmless(&role.name().to_string());
    format!("{name}: {}{more}; signed by {}{ends}", paths.join(" "), keys(role.threshold(), role.keyids().len()))
}

/// What is delegated: patterns, or `sha256:` and the first digits.
fn paths(role: &DelegatedRole) -> Vec<String> {
    match role.paths() {
        affineur_tuf::Paths::Patterns(patterns) => patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect(),
        affineur_tuf::Paths::HashPrefixes(prefixes) => prefixes.iter().map(|prefix| format!("sha256:{prefix}*")).collect(),
    }
}

fn delegations_json(delegations: &Delegations) -> Value {
    let keys: BTreeMap<&str, &str> = delegations.keys().iter().map(|(id, key)| (id.as_str(), key.scheme.as_str())).collect();
    if let Some(bins) = delegations.succinct() {
        return json!({
            "keys": keys,
            "bins": {
                "number": bins.bins(),
                "first": bins.name_of(0),
                "last": bins.name_of(bins.bins().saturating_sub(1)),
                "threshold": bins.threshold().number(),
                "keys": ids(bins.keyids()),
            },
        });
    }
    let roles: Vec<Value> = delegations
        .roles()
        .iter()
        .map(|role| {
            json!({
                "name": role.name().as_str(),
                "paths": paths(role),
                "threshold": role.threshold().number(),
                "keys": ids(role.keyids()),
                "terminating": role.terminating(),
            })
        })
        .collect();
    json!({ "keys": keys, "roles": roles })
}

fn ids(ids: &[KeyId]) -> Vec<&str> {
    ids.iter().map(KeyId::as_str).collect()
}
