//! `affineur curator init`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use affineur_signer::curator::{Curator, CuratorRole, Days, Initial, KeysOfRole, Settings};
use affineur_signer::keys::{KeyFolder, KeyName};
use affineur_trust::PartyName;
use anstream::println;
use jiff::Timestamp;

use super::arguments::InitOptions;
use super::describe::print_waiting;
use super::key_choice::named;
use super::publish::{open_wanted, who_signs};
use crate::failure::Failure;
use crate::key::folder;
use crate::secrets;

pub(super) fn init(options: &InitOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    let url = &options.url;
    if !matches!(url.scheme(), "http" | "https") || !url.path().ends_with('/') || !url.username().is_empty() {
        let cause = "the address is no plain http or https URL that ends in /";
        return Err(Failure::usage(cause, "write it as https://curator.example/"));
    }
    if options.dir.join("curator.toml").exists() {
        let hint = "name another folder; a curator is never made over another one";
        return Err(Failure::usage(format!("{} has a curator already", options.dir.display()), hint));
    }
    let name = name(options)?;
    let keys = folder(&options.opening.place)?;
    let initial = Initial {
        keys: keys_of_roles(options, &keys, &name, now)?,
        settings: Settings {
            name,
            url: url.clone(),
            days: Days { timestamp: options.timestamp_days, ..Days::default() },
            keys: BTreeMap::new(),
        },
        votes: options.votes,
    };
    let mut curator = initial.create(&options.dir, now)?;
    open_wanted(&mut curator, &keys, &options.opening, &[], |_| {})?;
    let waiting = curator.waiting()?;
    if waiting.iter().all(|waiting| waiting.demands.is_empty()) {
        curator.publish(now)?;
        report(options, &curator)?;
    } else {
        println!("The curator is in {}, and nothing is published yet:", options.dir.display());
        print_waiting(&waiting);
        println!("{}", who_signs(&options.dir));
    }
    Ok(ExitCode::SUCCESS)
}

fn name(options: &InitOptions) -> Result<PartyName, Failure> {
    if let Some(name) = &options.name {
        return Ok(name.clone());
    }
    let stem = options.dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    stem.parse()
        .map_err(|error| Failure::usage(format!("{stem:?} cannot be the curator's name: {error}"), "choose one with --name"))
}

/// The keys that are named for each role; those that are to be made where none is.
fn keys_of_roles(
    options: &InitOptions,
    keys: &KeyFolder,
    name: &PartyName,
    now: Timestamp,
) -> Result<BTreeMap<CuratorRole, KeysOfRole>, Failure> {
    let mut roles = BTreeMap::new();
    for role in CuratorRole::ALL {
        let chosen = options.role_keys.iter().filter(|chosen| chosen.role == role);
        let chosen = chosen.map(|chosen| named(keys, &chosen.key)).collect::<Result<Vec<_>, _>>()?;
        let threshold = options.thresholds.iter().rev().find(|chosen| chosen.role == role).map_or(1, |chosen| chosen.number);
        roles.insert(role, KeysOfRole { keys: chosen, threshold });
    }
    // Before keys are made that nobody needs.
    Initial::may_have(&roles)?;
    let missing: Vec<CuratorRole> = roles.iter().filter(|(_, of)| of.keys.is_empty()).map(|(role, _)| *role).collect();
    if missing.is_empty() {
        return Ok(roles);
    }
    let mut made: BTreeMap<KeyName, _> = BTreeMap::new();
    for role in &missing {
        let key: KeyName = key_for(*role, name)?;
        keys.must_be_free(&key)?;
        made.insert(key, None);
    }
    let passphrase = secrets::of_new_keys(options.opening.passphrase_file.as_deref(), "the new keys")?;
    for (key, there) in &mut made {
        let stored = keys.create(key, &passphrase, None, now)?;
        let public = stored.public()?;
        *there = Some((key.to_string(), (public.id(), public.key().clone())));
    }
    for role in missing {
        let key = made.get(&key_for(role, name)?).cloned().flatten();
        if let Some(of) = roles.get_mut(&role) {
            of.keys.extend(key);
        }
    }
    Ok(roles)
}

/// What the key of a role is called that is made for it.
fn key_for(role: CuratorRole, name: &PartyName) -> Result<KeyName, Failure> {
    let whose = match role {
        CuratorRole::Root => "root",
        CuratorRole::Targets => "targets",
        CuratorRole::TrustedAuthor | CuratorRole::Voted | CuratorRole::Audited => "statements",
        CuratorRole::Objections => "objections",
    };
    let text = format!("{name}-{whose}").to_ascii_lowercase();
    text.parse()
        .map_err(|error| Failure::usage(format!("{text:?}: {error}"), "choose a shorter --name, or name keys with --key"))
}

fn report(options: &InitOptions, curator: &Curator) -> Result<(), Failure> {
    let (dir, settings) = (options.dir.display(), curator.settings());
    println!("The curator {} is in {dir}: {}", settings.name, curator.roster()?.curator);
    println!("What to do now:");
    println!("  copy {dir}/public to where {} shows it, now and after each `affineur curator publish`", settings.url);
    println!("  keep copies of the keys; let a job run `affineur curator publish {dir} --renew` every day");
    println!("  give {dir}/client to users, for their affineur.toml:\n");
    let root = Path::new("client").join(format!("{}.root.json", settings.name));
    for line in settings.party(&root.display().to_string()).lines() {
        println!("    {line}");
    }
    Ok(())
}
