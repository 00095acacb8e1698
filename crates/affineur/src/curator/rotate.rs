//! `affineur curator rotate`.

use std::process::ExitCode;

use affineur_signer::curator::{Curator, CuratorRole};
use jiff::Timestamp;

use super::arguments::RotateOptions;
use super::describe::print_drafted;
use super::key_choice::named;
use crate::failure::Failure;
use crate::key::folder;

pub(super) fn rotate(options: &RotateOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    let mut curator = Curator::open(&options.dir)?;
    if options.role == "renewal" {
        if !options.remove.is_empty() || !options.add.is_empty() || options.threshold.is_some() {
            return Err(Failure::usage(
                "there is one renewal key, and it is made here",
                "leave --remove, --add and --threshold away",
            ));
        }
        let key = curator.replace_renewal_key(now)?;
        print_drafted(&options.dir, &format!("the renewal key will be {key}"));
        return Ok(ExitCode::SUCCESS);
    }
    let role: CuratorRole = options
        .role
        .parse()
        .map_err(|error| Failure::usage(format!("{:?}: {error}, or renewal", options.role), "name one role"))?;
    if options.remove.is_empty() && options.add.is_empty() && options.threshold.is_none() {
        return Err(Failure::usage("nothing is to change", "name keys with --remove and --add, or a --threshold"));
    }
    let keys = folder(&options.place)?;
    let remove = options.remove.iter().map(|key| curator.key_of(role, key)).collect::<Result<Vec<_>, _>>()?;
    let add = options.add.iter().map(|key| named(&keys, key)).collect::<Result<Vec<_>, _>>()?;
    curator.change_keys(role, &remove, &add, options.threshold, now)?;
    print_drafted(&options.dir, &format!("{role} gets other keys; what it says stays"));
    Ok(ExitCode::SUCCESS)
}
