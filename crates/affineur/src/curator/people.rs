//! `affineur curator voter` and `auditor`.

use std::num::NonZeroU16;
use std::path::Path;
use std::process::ExitCode;

use affineur_signer::curator::{Curator, Kind};
use affineur_signer::keys::KeyFolder;
use anstream::println;
use jiff::Timestamp;
use serde_json::json;

use super::arguments::{AddPersonOptions, ListPeopleOptions, PeopleCommand, RemovePersonOptions};
use super::describe::print_drafted;
use super::key_choice::named;
use crate::failure::Failure;
use crate::key::folder;
use crate::tuf::print_json;

pub(super) fn people(kind: Kind, command: &PeopleCommand, now: Timestamp) -> Result<ExitCode, Failure> {
    match command {
        PeopleCommand::Add(options) => add(kind, options, &folder(&options.place)?, now),
        PeopleCommand::Remove(options) => remove(kind, options, now),
        PeopleCommand::List(options) => list(kind, options),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn add(kind: Kind, options: &AddPersonOptions, folder: &KeyFolder, now: Timestamp) -> Result<(), Failure> {
    let keys = options.own_keys.iter().map(|key| Ok(named(folder, key)?.1)).collect::<Result<Vec<_>, Failure>>()?;
    let mut curator = Curator::open(&options.dir)?;
    // As it is with this person, so that the number can be reached.
    curator.add_person(kind, &options.name, &keys, now)?;
    changed(&mut curator, kind, &options.dir, &format!("{} {} is added", kind.as_str(), options.name), options.votes, now)
}

fn remove(kind: Kind, options: &RemovePersonOptions, now: Timestamp) -> Result<(), Failure> {
    let mut curator = Curator::open(&options.dir)?;
    if let Some(votes) = options.votes {
        curator.set_votes(votes, now)?;
    }
    curator.remove_person(kind, &options.name, now)?;
    changed(&mut curator, kind, &options.dir, &format!("{} {} is removed", kind.as_str(), options.name), None, now)
}

fn changed(
    curator: &mut Curator,
    kind: Kind,
    dir: &Path,
    what: &str,
    votes: Option<NonZeroU16>,
    now: Timestamp,
) -> Result<(), Failure> {
    if let Some(votes) = votes {
        curator.set_votes(votes, now)?;
    }
    let roster = curator.roster()?;
    let rule = match kind {
        Kind::Voter => format!("; {} of {} voters must be for a file", roster.votes, roster.voters.len()),
        Kind::Auditor => String::new(),
    };
    print_drafted(dir, &format!("{what}{rule}"));
    Ok(())
}

fn list(kind: Kind, options: &ListPeopleOptions) -> Result<(), Failure> {
    let roster = Curator::open(&options.dir)?.roster()?;
    let people = match kind {
        Kind::Voter => &roster.voters,
        Kind::Auditor => &roster.auditors,
    };
    if options.json {
        let list: Vec<_> =
            people.iter().map(|(name, keys)| json!({ "name": name, "keys": keys.keys().collect::<Vec<_>>() })).collect();
        print_json(&json!({ "curator": roster.curator, "votes": roster.votes, "people": list }));
        return Ok(());
    }
    if kind == Kind::Voter {
        println!("{} of {} voters must be for a file", roster.votes, people.len());
    }
    for (name, keys) in people {
        println!("  {name:<20} {}", keys.keys().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    }
    Ok(())
}
