//! What waits, for people and for programs.

use std::path::Path;

use affineur_signer::curator::{Curator, Demand, Voice, Waiting};
use anstream::println;
use serde_json::{Value, json};

use crate::failure::Failure;

/// What a draft changes.
pub(super) fn print_changes(curator: &Curator) -> Result<(), Failure> {
    for role in curator.drafted().collect::<Vec<_>>() {
        for change in curator.changes(role)? {
            println!("  {change}");
        }
    }
    Ok(())
}

/// Who must sign still.
pub(super) fn print_waiting(waiting: &[Waiting]) {
    for Waiting { role, demands } in waiting {
        if demands.is_empty() {
            println!("  {role:<15} is signed, and waits to be published");
        }
        for demand in demands {
            let (signed, missing) = (names(demand.signed()), names(demand.missing()));
            let before = if demand.is_of_the_keys_before { " of the keys before" } else { "" };
            println!("  {role:<15} {} must sign{before}; signed: {signed}; missing: {missing}", demand.threshold);
        }
    }
}

fn names<'a>(voices: impl Iterator<Item = &'a Voice>) -> String {
    let names: Vec<&str> = voices.map(|voice| voice.name.as_str()).collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

pub(super) fn waiting_json(waiting: &[Waiting]) -> Vec<Value> {
    let voices = |voices: Vec<&Voice>| -> Vec<Value> {
        voices.into_iter().map(|voice| json!({ "name": voice.name, "key-id": voice.id.as_str() })).collect()
    };
    let demand = |demand: &Demand| {
        json!({
            "threshold": demand.threshold,
            "signed": voices(demand.signed().collect()),
            "missing": voices(demand.missing().collect()),
            "of": if demand.is_of_the_keys_before { "before" } else { "after" },
        })
    };
    let one = |waiting: &Waiting| json!({ "role": waiting.role.as_str(), "demands": waiting.demands.iter().map(demand).collect::<Vec<_>>() });
    waiting.iter().map(one).collect()
}

/// After a change.
pub(super) fn print_drafted(dir: &Path, what: &str) {
    println!("{what}");
    println!("nothing is signed yet: affineur curator publish {}", dir.display());
}
