//! `affineur policy diff` and `affineur policy import-map`.

use std::path::Path;
use std::process::ExitCode;

use affineur_gateway::setup;
use affineur_trust::analysis::{Difference, differences};
use affineur_trust::map;
use anstream::{print, println};

use super::check::read;
use crate::colours::{GREEN, PLAIN, YELLOW};
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
