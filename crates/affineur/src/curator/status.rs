//! `affineur curator status`.

use std::process::ExitCode;

use affineur_signer::curator::{Curator, RoleStatus, Status};
use anstream::println;
use jiff::Timestamp;
use serde_json::json;

use super::arguments::StatusOptions;
use super::describe::{print_waiting, waiting_json};
use crate::failure::Failure;
use crate::tuf::print_json;

pub(super) fn status(options: &StatusOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    let curator = Curator::open(&options.dir)?;
    let (status, roster, settings) = (curator.status(now)?, curator.roster()?, curator.settings());
    if options.json {
        let role = |role: &RoleStatus| {
            json!({
                "role": role.name, "version": role.version, "expires": role.expires.to_string(),
                "expired": role.expires.has_passed(now), "due": role.is_due,
            })
        };
        print_json(&json!({
            "name": settings.name.to_string(), "url": settings.url, "curator": roster.curator,
            "roles": status.roles.iter().map(role).collect::<Vec<_>>(),
            "voters": roster.voters.len(), "votes": roster.votes, "auditors": roster.auditors.len(),
            "authors": status.authors, "ballots": status.ballots, "audits": status.audits, "objections": status.objections,
            "delegates": status.delegates.iter().map(|delegate| &delegate.name).collect::<Vec<_>>(),
            "ending": status.ending.iter().map(|(path, end)| json!({ "path": path, "end": end })).collect::<Vec<_>>(),
            "waiting": waiting_json(&status.waiting),
        }));
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} at {}: {}", settings.name, settings.url, roster.curator);
    println!(
        "  {} voters, {} of whom must be for a file; {} auditors",
        roster.voters.len(),
        roster.votes,
        roster.auditors.len()
    );
    print(&status, now);
    if status.roles.iter().any(|role| role.is_due) {
        println!("warning: what expires is not used any more; renew it: affineur curator publish {}", options.dir.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn print(status: &Status, now: Timestamp) {
    println!(
        "  {} trusted authors, {} ballots, {} audits, {} objections, {} further curators",
        status.authors,
        status.ballots,
        status.audits,
        status.objections,
        status.delegates.len()
    );
    for role in &status.roles {
        let late = match (role.expires.has_passed(now), role.is_due) {
            (true, _) => "  EXPIRED",
            (false, true) => "  soon",
            (false, false) => "",
        };
        println!("  {:<15} version {:<6} expires {}{late}", role.name, role.version, role.expires);
    }
    if !status.ending.is_empty() {
        println!("What ends soon:");
    }
    for (path, end) in &status.ending {
        println!("  {end}  {path}");
    }
    if !status.waiting.is_empty() {
        println!("What waits:");
        print_waiting(&status.waiting);
    }
}
