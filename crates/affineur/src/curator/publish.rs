//! `affineur curator publish`, `sign` and `discard`.

use std::path::Path;
use std::process::ExitCode;

use affineur_signer::curator::{Curator, CuratorRole, Published};
use affineur_signer::keys::{KeyFolder, KeyName, StoredKey};
use affineur_tuf::Hashes;
use anstream::println;
use jiff::Timestamp;
use serde_json::json;

use super::arguments::{DiscardOptions, Opening, PublishOptions, SignOptions};
use super::describe::{print_changes, print_waiting, waiting_json};
use crate::failure::Failure;
use crate::key::folder;
use crate::secrets::User;
use crate::tuf::print_json;

pub(super) fn publish(options: &PublishOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    let mut curator = Curator::open(&options.dir)?;
    curator.must_be_authentic(now)?;
    if !options.renew {
        let keys = folder(&options.opening.place)?;
        renew_due(&mut curator, &keys, now)?;
        if !options.json {
            print_changes(&curator)?;
        }
        let told = |role: &str| {
            if !options.json {
                println!("{role}");
            }
        };
        open_wanted(&mut curator, &keys, &options.opening, &options.signers, told)?;
    }
    let published = if options.renew { curator.renew_online(now)? } else { curator.publish(now)? };
    if options.json {
        print_json(&published_json(&published));
        return Ok(ExitCode::SUCCESS);
    }
    for (role, version) in &published.roles {
        println!("published {role} {version}");
    }
    println!("published timestamp {}, valid until {}", published.timestamp, published.until);
    if !published.waiting.is_empty() {
        println!("What waits still:");
        print_waiting(&published.waiting);
        println!("{}", who_signs(&options.dir));
    }
    for role in curator.due(now) {
        println!(
            "warning: {role} expires soon, and no key here can renew it alone: affineur curator status {}",
            options.dir.display()
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn published_json(published: &Published) -> serde_json::Value {
    let roles: serde_json::Map<_, _> =
        published.roles.iter().map(|(role, version)| (role.as_str().to_owned(), (*version).into())).collect();
    json!({
        "published": roles, "snapshot": published.snapshot, "timestamp": published.timestamp, "until": published.until,
        "waiting": waiting_json(&published.waiting),
    })
}

/// What is due is drafted, where a key is here that can sign it.
fn renew_due(curator: &mut Curator, keys: &KeyFolder, now: Timestamp) -> Result<(), Failure> {
    for role in curator.due(now) {
        let demands = curator.demands(role)?;
        let voices: Vec<_> = demands.iter().flat_map(|demand| &demand.voices).map(|voice| &voice.id).collect();
        let is_here = keys.list()?.into_iter().filter_map(|listed| listed.key.ok()?.public().ok());
        if is_here.map(|public| public.id()).any(|id| voices.contains(&&id)) {
            curator.renew(role, now)?;
        }
    }
    Ok(())
}

/// Opens keys that something waits for, one after the other, and signs with each: those that are named, or all in the folder.
pub(super) fn open_wanted(
    curator: &mut Curator,
    keys: &KeyFolder,
    opening: &Opening,
    named: &[String],
    tell: impl Fn(&str),
) -> Result<(), Failure> {
    let user = User { passphrase_file: opening.passphrase_file.as_ref(), pin_file: opening.pin_file.as_ref() };
    for key in chosen(keys, named)? {
        let wanted = curator.wanted()?;
        match key.public() {
            Ok(public) if !named.is_empty() || wanted.contains(&public.id()) => {}
            _ => continue,
        }
        let signer = key.open(&user)?;
        let signed: Vec<String> = curator.sign(&*signer)?.iter().map(ToString::to_string).collect();
        tell(&format!("signed {} with {}", signed.join(", "), key.name()));
    }
    Ok(())
}

fn chosen(keys: &KeyFolder, named: &[String]) -> Result<Vec<StoredKey>, Failure> {
    if named.is_empty() {
        return Ok(keys.list()?.into_iter().filter_map(|listed| listed.key.ok()).collect());
    }
    named.iter().map(|name| Ok(keys.load(&key_name(name)?)?)).collect()
}

/// The name of one of the user's keys.
pub(super) fn key_name(text: &str) -> Result<KeyName, Failure> {
    text.parse().map_err(|error| Failure::usage(format!("{text:?}: {error}"), "name a key that `affineur key list` shows"))
}

pub(super) fn sign(options: &SignOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    let mut curator = Curator::open(&options.dir)?;
    curator.must_be_authentic(now)?;
    if !options.json {
        if let Some(root) = curator.first_root() {
            let digest = Hashes::sha256_of(root);
            println!("{} follows on the root that users have:", curator.settings().name);
            println!("  sha256 {}", digest.digest("sha256").unwrap_or_default());
        }
        print_changes(&curator)?;
    }
    if !options.signers.is_empty() {
        let keys = folder(&options.opening.place)?;
        let told = |line: &str| {
            if !options.json {
                println!("{line}");
            }
        };
        open_wanted(&mut curator, &keys, &options.opening, &options.signers, told)?;
    }
    let waiting = curator.waiting()?;
    if options.json {
        let changes = curator.drafted().map(|role| curator.changes(role)).collect::<Result<Vec<_>, _>>()?;
        print_json(&json!({ "changes": changes.concat(), "waiting": waiting_json(&waiting) }));
        return Ok(ExitCode::SUCCESS);
    }
    print_waiting(&waiting);
    let is_complete = !waiting.is_empty() && waiting.iter().all(|waiting| waiting.demands.is_empty());
    if is_complete {
        println!("Enough keys signed. Where the renewal key is: affineur curator publish {}", options.dir.display());
    } else if waiting.is_empty() {
        println!("nothing waits to be signed");
    } else {
        println!("{}", who_signs(&options.dir));
    }
    Ok(ExitCode::SUCCESS)
}

/// What to do with drafts that wait for others.
pub(super) fn who_signs(dir: &Path) -> String {
    let dir = dir.display();
    format!("carry {dir} (without renewal-*.key) to whoever has these keys; each of them: affineur curator sign {dir} --as KEY")
}

pub(super) fn discard(options: &DiscardOptions) -> Result<ExitCode, Failure> {
    let role: CuratorRole = options.role;
    Curator::open(&options.dir)?.discard(role)?;
    println!("dropped the draft of {role}");
    Ok(ExitCode::SUCCESS)
}
