//! `affineur key list`.

use std::io::Write as _;

use affineur_signer::keys::Listed;

use super::arguments::ListOptions;
use super::{describe, folder};
use crate::failure::Failure;
use crate::tuf::print_json;

pub(super) fn list(options: &ListOptions) -> Result<(), Failure> {
    let keys = folder(&options.place)?;
    let listed = keys.list()?;
    let mut out = anstream::stdout();
    if listed.is_empty() && !options.json {
        let _ = writeln!(out, "there are no keys in {}; make one with `affineur key new`", keys.path().display());
    }
    for Listed { name, key } in &listed {
        match (key, options.json) {
            (Ok(key), true) => print_json(&describe::json(key)),
            (Err(error), true) => print_json(&describe::problem_json(name, error)),
            (Ok(key), false) => drop(describe::line(&mut out, key)),
            (Err(error), false) => drop(describe::problem(&mut out, name, error)),
        }
    }
    Ok(())
}
