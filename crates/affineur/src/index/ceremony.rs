//! What a ceremony did and who is still to act, for people and for programs.

use affineur_signer::ceremony::{By, Ceremony, Demand, RotationError, Step};
use anstream::println;
use serde_json::{Value, json};

use crate::failure::Failure;

/// The record of a ceremony (PEP 458: "print the hashes of the new metadata").
pub(super) fn print_steps(steps: &[Step]) {
    println!("The ceremony:");
    for (number, step) in (1..).zip(steps) {
        match step {
            Step::Key { name, id } => println!("{number:>3}. made the key {name}: {id}"),
            Step::Signed { path, sha256, by, threshold, expires } => {
                println!("{number:>3}. signed {path} with {} ({threshold} must sign); valid until {expires}", by.join(", "));
                println!("     sha256 {sha256}");
            }
        }
    }
}

pub(super) fn steps_json(steps: &[Step]) -> Vec<Value> {
    let step = |step: &Step| match step {
        Step::Key { name, id } => json!({ "made": name, "id": id.as_str() }),
        Step::Signed { path, sha256, by, threshold, expires } => json!({
            "signed": path, "sha256": sha256, "by": by, "threshold": threshold, "expires": expires.to_string(),
        }),
    };
    steps.iter().map(step).collect()
}

/// What a draft changes, and on what it is built.
pub(super) fn print_changes(ceremony: &Ceremony) -> Result<(), Failure> {
    let (version, sha256) = ceremony.root_before().map_err(|error| rotation_failure(&error))?;
    println!("It follows on root {version}. Compare with the record of the last ceremony:");
    println!("     sha256 {sha256}");
    println!("What changes:");
    for change in ceremony.changes().map_err(|error| rotation_failure(&error))? {
        println!("  {change}");
    }
    Ok(())
}

/// Who signed, and who must still; whether it is complete.
pub(super) fn print_demands(demands: &[Demand]) -> bool {
    println!("Who must sign:");
    for demand in demands {
        let voices: Vec<String> = demand
            .voices
            .iter()
            .map(|voice| format!("{}{}", voice.seat, if voice.signed { " (signed)" } else { "" }))
            .collect();
        let before = if demand.by == By::Before { " of the keys before" } else { "" };
        let done = if demand.is_met() { "enough" } else { "NOT ENOUGH" };
        println!("  {:<8} {}{before}: {}: {done}", demand.role, demand.threshold, voices.join(", "));
    }
    demands.iter().all(Demand::is_met)
}

pub(super) fn ceremony_json(ceremony: &Ceremony, demands: &[Demand]) -> Result<Value, Failure> {
    let (version, sha256) = ceremony.root_before().map_err(|error| rotation_failure(&error))?;
    let demand = |demand: &Demand| {
        let voices: Vec<Value> = demand
            .voices
            .iter()
            .map(|voice| json!({ "key": voice.seat.to_string(), "id": voice.id.as_str(), "signed": voice.signed }))
            .collect();
        json!({
            "role": demand.role.as_str(), "threshold": demand.threshold, "keys": voices, "enough": demand.is_met(),
            "of": if demand.by == By::Before { "before" } else { "after" },
        })
    };
    Ok(json!({
        "follows": { "root": version.number(), "sha256": sha256 },
        "changes": ceremony.changes().map_err(|error| rotation_failure(&error))?,
        "must-sign": demands.iter().map(demand).collect::<Vec<_>>(),
        "complete": demands.iter().all(Demand::is_met),
    }))
}

pub(super) fn rotation_failure(error: &RotationError) -> Failure {
    match error {
        RotationError::Unsigned(demands) if demands.iter().any(|demand| demand.by == By::Before) => Failure::refused(
            error.to_string(),
            "let more of them sign; if too many keys of root are lost, users must get a new root by hand",
        ),
        RotationError::Unsigned(_) => Failure::refused(error.to_string(), "let more of them sign with `affineur index sign`"),
        RotationError::Nothing => Failure::usage(error.to_string(), "name what, with --renew or --replace"),
        RotationError::NoVoice(_) => Failure::usage(error.to_string(), "use a key of a role that is signed anew"),
        RotationError::Published { .. } | RotationError::Version { .. } => {
            Failure::refused(error.to_string(), "do not sign this; draft it anew with `affineur index rotate --prepare`")
        }
        RotationError::Sign(_) => Failure::bug(error.to_string()),
        _ => Failure::usage(error.to_string(), "see `affineur index rotate --help`"),
    }
}
