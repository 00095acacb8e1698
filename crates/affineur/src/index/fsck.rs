//! `affineur index fsck` and `gc`: whether everything is as it must be, and what may go.

use std::process::ExitCode;

use affineur_index::check::{Problem, check};
use affineur_index::limits;
use affineur_index::store::{Keep, Rehash, Store as _};
use anstream::println;
use jiff::Timestamp;
use serde_json::json;

use super::arguments::{FsckOptions, GcOptions};
use super::open::{open, store_failure};
use crate::failure::Failure;

pub(super) async fn fsck(options: &FsckOptions) -> Result<ExitCode, Failure> {
    let (_, store) = open(&options.dir)?;
    let rehash = if options.rehash { Rehash::Yes } else { Rehash::No };
    let problems = check(&store, rehash, Timestamp::now()).await.map_err(|error| store_failure(&error))?;
    let harmful = problems.iter().filter(|problem| !problem.is_harmless()).count();
    if options.json {
        let findings: Vec<_> = problems.iter().map(as_json).collect();
        println!("{}", json!({ "clean": harmful == 0, "findings": findings }));
    } else {
        for problem in &problems {
            let kind = if problem.is_harmless() { "note" } else { "found" };
            println!("{kind}: {problem}\n       {}", problem.hint());
        }
        match harmful {
            0 => println!("nothing is missing, damaged or signed otherwise"),
            limits::FINDINGS.. => println!("{harmful} findings, and perhaps more"),
            1 => println!("1 finding"),
            _ => println!("{harmful} findings"),
        }
    }
    Ok(if harmful == 0 { ExitCode::SUCCESS } else { ExitCode::from(Failure::REFUSED) })
}

fn as_json(problem: &Problem) -> serde_json::Value {
    json!({ "what": problem.to_string(), "hint": problem.hint(), "harmless": problem.is_harmless() })
}

pub(super) async fn gc(options: &GcOptions) -> Result<ExitCode, Failure> {
    let (_, store) = open(&options.dir)?;
    let now = Timestamp::now();
    let collected = store.collect(Keep::default(), now).await.map_err(|error| store_failure(&error))?;
    let swept = store.sweep(limits::LEFT_OVER_AGE, now).await.map_err(|error| store_failure(&error))?;
    if options.json {
        println!(
            "{}",
            json!({
                "metadata": collected.metadata, "targets": collected.targets, "document-bytes": collected.bytes,
                "left-over-files": swept.blobs, "left-over-bytes": swept.bytes,
            })
        );
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "removed {} old versions of metadata and {} of documents ({} bytes)",
        collected.metadata, collected.targets, collected.bytes
    );
    println!("removed {} files that uploads left that were cut short ({} bytes)", swept.blobs, swept.bytes);
    Ok(ExitCode::SUCCESS)
}
