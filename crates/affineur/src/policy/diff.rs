//! `affineur policy diff` and `affineur policy import-map`.

use std::path::Path;
use std::process::ExitCode;

use affineur_gateway::setup;
use affineur_trust::analysis::{Difference, differences};
use affineur_trust::{PartyName, map};
use anstream::{print, println};

use super::check::read;
use crate::colours::{BOLD, GREEN, PLAIN, YELLOW};
use crate::failure::Failure;

pub(crate) fn diff(old: &Path, new: &Path) -> Result<ExitCode, Failure> {
    let (old, new) = (read(old)?, read(new)?);
    let found = differences(&old, &new).map_err(|problem| {
        Failure::cannot_tell(problem.to_string(), "use fewer different weights, or rules over fewer parties")
    })?;
    if found.is_empty() {
        println!("the two decide alike");
    }
    found.iter().for_each(|difference| println!("{}", line(difference)));
    let admits = found.iter().any(|difference| difference.admits);
    Ok(if admits { ExitCode::from(Failure::REFUSED) } else { ExitCode::SUCCESS })
}

fn line(difference: &Difference) -> String {
    let Difference { projects, admits, key, by } = difference;
    let sign =
        if *admits { format!("{YELLOW}+ may let more through{PLAIN}") } else { format!("{GREEN}- withholds more{PLAIN}") };
    let projects = projects.as_ref().map(|projects| projects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    let projects = projects.map(|projects| format!(" for {projects}")).unwrap_or_default();
    let names = by.iter().map(PartyName::as_str).collect::<Vec<_>>();
    let by = match (*key, names.as_slice()) {
        (_, []) => String::new(),
        ("demand", names) => format!(": {} are {}enough", names.join(" + "), if *admits { "" } else { "no longer " }),
        ("urgent", names) => format!(": {} shorten {}the wait", names.join(" + "), if *admits { "" } else { "no longer " }),
        (_, names) => format!(": {}", names.join(", ")),
    };
    format!("{sign}{projects}, {BOLD}{key}{PLAIN}{by}")
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
