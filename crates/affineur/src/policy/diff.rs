//! `affineur policy diff` and `affineur policy import-map`.

use std::path::Path;
use std::process::ExitCode;

use affineur_gateway::setup;
use affineur_trust::analysis::{Difference, differences};
use affineur_trust::{PartyName, map};
use anstream::{print, println};
use serde_json::{Value, json};

use super::check::read;
use super::locked;
use crate::arguments::DiffOptions;
use crate::colours::{GREEN, PLAIN, YELLOW};
use crate::failure::Failure;

pub(crate) async fn diff(options: DiffOptions) -> Result<ExitCode, Failure> {
    match &options.lock {
        Some(lock) => locked::diff(&options, lock).await,
        None => in_general(&options),
    }
}

/// What the policies say, whatever files there are.
fn in_general(options: &DiffOptions) -> Result<ExitCode, Failure> {
    let (old, new) = (read(&options.old)?, read(&options.new)?);
    let found = differences(&old, &new).map_err(|problem| {
        Failure::cannot_tell(problem.to_string(), "use fewer different weights, or rules over fewer parties")
    })?;
    if options.json {
        println!("{}", Value::from_iter(found.iter().map(report)));
    } else if found.is_empty() {
        println!("the two decide alike");
    } else {
        found.iter().for_each(|difference| println!("{}", line(difference)));
    }
    let admits = found.iter().any(|difference| difference.admits);
    Ok(if admits { ExitCode::from(Failure::REFUSED) } else { ExitCode::SUCCESS })
}

fn report(difference: &Difference) -> Value {
    let Difference { projects, admits, key, by } = difference;
    let projects = projects.as_ref().map(|projects| projects.iter().map(ToString::to_string).collect::<Vec<_>>());
    json!({ "projects": projects, "admits": admits, "key": key, "by": by.iter().map(PartyName::as_str).collect::<Vec<_>>() })
}

fn line(difference: &Difference) -> String {
    let (sign, colour) = if difference.admits { ('+', YELLOW) } else { ('-', GREEN) };
    format!("{colour}{sign} {difference}{PLAIN}")
}

pub(crate) fn import_map(file: &Path) -> Result<ExitCode, Failure> {
    let text = setup::read(file)?;
    let policy = map::to_policy(&text).map_err(|error| {
        Failure::usage(
            format!("{}: {error}", file.display()),
            "TAP 4 says what a map file is; write the rest as a policy by hand",
        )
    })?;
    print!("{policy}");
    Ok(ExitCode::SUCCESS)
}
