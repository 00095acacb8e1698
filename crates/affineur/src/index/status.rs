//! `affineur index status`.

use std::process::ExitCode;

use affineur_index::status::{Signed, soonest_bin, status as read};
use affineur_index::store::Store as _;
use anstream::println;
use jiff::Timestamp;
use serde_json::json;

use super::arguments::StatusOptions;
use super::open::{open, publisher_failure, store_failure};
use crate::failure::Failure;

pub(super) async fn status(options: &StatusOptions) -> Result<ExitCode, Failure> {
    let (folder, store) = open(&options.dir)?;
    let counts = store.counts().await.map_err(|error| store_failure(&error))?;
    let signed = read(&store).await.map_err(|error| publisher_failure(&error))?;
    let soonest = soonest_bin(&store).await.map_err(|error| publisher_failure(&error))?;
    let now = Timestamp::now();
    let config = folder.config().map_err(|error| super::open::folder_failure(&error))?;
    if options.json {
        let roles: Vec<_> = signed.iter().map(|role| as_json(role, now)).collect();
        println!(
            "{}",
            json!({
                "url": config.url, "projects": counts.projects, "files": counts.files, "bytes": counts.file_bytes,
                "pending": counts.pending, "roles": roles,
                "soonest-bin": soonest.map(|(role, expires)| json!({ "role": role, "expires": expires.to_string() })),
            })
        );
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}", config.url);
    println!(
        "{} projects, {} files, {} bytes; {} changes wait",
        counts.projects, counts.files, counts.file_bytes, counts.pending
    );
    for role in &signed {
        let late = if role.expires.has_passed(now) { "  EXPIRED" } else { "" };
        println!("  {:<12} version {:<8} expires {}{late}", role.name, role.version, role.expires);
    }
    if let Some((role, expires)) = soonest {
        println!("  {role:<12} {:<16} expires {expires}, the first of the bins", "");
    }
    for role in signed.iter().filter(|role| role.warning(now).is_some()) {
        let days = role.days_left(now);
        println!("warning: {} expires in {days} days, and clients refuse everything then", role.name);
        println!("         sign it again: affineur index rotate {} --renew all", options.dir.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(role: &Signed, now: Timestamp) -> serde_json::Value {
    json!({
        "role": role.name, "version": role.version.number(), "expires": role.expires.to_string(),
        "expired": role.expires.has_passed(now), "days-left": role.days_left(now), "warning-days": role.warning(now),
    })
}
