//! `affineur tuf download`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use affineur_tuf::{Found, Lookup, ReferenceTime, TargetPath, View};
use affineur_tuf_client::{Downloaded, place};
use serde_json::{Value, json};

use super::arguments::DownloadOptions;
use super::session::Session;
use super::words::{harmless, print_json, size, step, step_json};
use crate::colours::{DIM, GREEN, PLAIN};
use crate::failure::Failure;

pub(super) async fn download(options: &DownloadOptions, now: ReferenceTime) -> Result<ExitCode, Failure> {
    let places = options.paths.iter().map(|path| Ok((path, place(&options.to, path)?)));
    let places: Vec<(&TargetPath, PathBuf)> = places.collect::<Result<_, Failure>>()?;
    let session = Session::open(&options.folder, &options.places, now)?;
    let mut view = session.refresh().await?;
    let mut status = 0;
    for (path, file) in &places {
        let outcome = one(&session, &mut view, path, file).await;
        if let Err(failure) = &outcome {
            failure.print();
            status = worse(status, failure.status());
        }
        if options.json {
            print_json(&line_json(path, file, &outcome));
        } else if let Ok((found, downloaded)) = &outcome {
            print(path, file, found, *downloaded);
        }
    }
    Ok(ExitCode::from(status))
}

/// Finds one target and downloads it.
async fn one(session: &Session, view: &mut View, path: &TargetPath, file: &Path) -> Result<(Found, Downloaded), Failure> {
    let shown = harmless(path.as_str());
    let found = match session.client.find(view, path, session.now).await? {
        Lookup::Found(found) => found,
        Lookup::Absent => {
            return Err(Failure::refused(
                format!("{shown}: no role of the repository lists it"),
                "check the spelling; `affineur tuf inspect FOLDER PATH` shows the roles that were asked",
            ));
        }
        Lookup::GaveUp { visited } => {
            return Err(Failure::cannot_tell(
                format!("{shown}: gave up after {visited} roles; whether it is there is not known"),
                "ask who runs the repository to delegate to fewer roles",
            ));
        }
    };
    let downloaded = session.client.download(view, path, &found.target, file, session.now).await?;
    Ok((found, downloaded))
}

/// What is hostile outweighs what cannot be told.
fn worse(one: u8, other: u8) -> u8 {
    match (one, other) {
        (Failure::REFUSED, _) | (_, Failure::REFUSED) => Failure::REFUSED,
        _ => one.max(other),
    }
}

fn print(path: &TargetPath, file: &Path, found: &Found, downloaded: Downloaded) {
    let (sign, note) = match downloaded {
        Downloaded::Fetched => ("+", ""),
        Downloaded::AlreadyThere => ("=", ", was there already"),
    };
    let chain: Vec<String> = found.chain.steps().iter().map(step).collect();
    let mut out = anstream::stdout();
    let (shown, length) = (harmless(path.as_str()), size(found.target.length()));
    let _ = writeln!(out, "{GREEN}{sign}{PLAIN} {shown}  {length}{note}: {}", file.display());
    let _ = writeln!(out, "  {DIM}vouched for by {}{PLAIN}", chain.join(" > "));
}

fn line_json(path: &TargetPath, file: &Path, outcome: &Result<(Found, Downloaded), Failure>) -> Value {
    match outcome {
        Ok((found, downloaded)) => json!({
            "path": path.as_str(),
            "outcome": match downloaded { Downloaded::Fetched => "fetched", Downloaded::AlreadyThere => "already-there" },
            "file": file.display().to_string(),
            "length": found.target.length(),
            "hashes": found.target.hashes(),
            "custom": found.target.custom(),
            "chain": found.chain.steps().iter().map(step_json).collect::<Vec<_>>(),
        }),
        Err(failure) => json!({
            "path": path.as_str(), "outcome": "failed", "status": failure.status(), "why": failure.cause(),
        }),
    }
}
