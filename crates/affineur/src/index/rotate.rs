//! `affineur index rotate`: root, targets and bins signed anew, or with other keys. Draft, signatures, files; on one machine in one
//! go, or with a file that is carried from one to the next.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use affineur_index::folder::{Folder, FolderError, Waiting};
use affineur_index::publisher::{Publisher, PublisherError};
use affineur_index::status::{newest_root, status};
use affineur_index::store::{LeaseError, SqliteStore, Store as _};
use affineur_signer::ceremony::{Ceremony, NewKey, OfflineRole, Plan, Published, Replaced, Seat, Step, new_key};
use affineur_signer::key_file::Passphrase;
use affineur_tuf::key::Signer as _;
use affineur_tuf::metadata_path;
use anstream::println;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::ceremony::{ceremony_json, print_changes, print_demands, print_steps, rotation_failure, steps_json};
use super::ceremony_arguments::{Renew, RotateOptions};
use super::key_files::{open_key, sealed, write_new};
use super::open::{folder_failure, open, publisher_failure, store_failure};
use super::sign::{read, read_public};
use crate::failure::Failure;
use crate::secrets::of_old_keys;

/// What `--replace` says.
#[derive(Debug, Clone)]
pub(crate) struct Replacement {
    what: Replaced,
    /// The public part of the key that follows; `None`: it is made here.
    with: Option<PathBuf>,
}

impl FromStr for Replacement {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (what, with) = text.split_once('=').map_or((text, None), |(what, with)| (what, Some(PathBuf::from(with))));
        let what = match what {
            "online" if with.is_some() => return Err("the online key is made by the index, and never elsewhere".to_owned()),
            "online" => Replaced::Online,
            seat => Replaced::Seat(seat.parse::<Seat>().map_err(|error| format!("{error}, or online"))?),
        };
        Ok(Self { what, with })
    }
}

pub(super) async fn rotate(options: &RotateOptions) -> Result<ExitCode, Failure> {
    let (folder, store) = open(&options.dir)?;
    if let Some(file) = &options.apply {
        let ceremony = read(file)?;
        return apply(options, &folder, &store, &ceremony, Vec::new()).await;
    }
    let keys = options.keys.clone().unwrap_or_else(|| options.dir.join("offline"));
    let mut made = Vec::new();
    let plan = plan(options, &mut made)?;
    let published = published(&store).await?;
    let mut ceremony = Ceremony::draft(published, &plan).map_err(|error| rotation_failure(&error))?;
    if let Some(out) = &options.prepare {
        let sealing = made.iter().any(|(what, _)| matches!(what, Replaced::Seat(_)));
        let passphrase = sealing.then(|| of_old_keys(options.passphrase_file.as_deref(), "the new keys")).transpose()?;
        store_keys(&folder, &keys, &made, passphrase.as_ref())?;
        write_new(out, &ceremony.to_bytes())?;
        return prepared(options, &ceremony, out);
    }
    if !options.json {
        print_changes(&ceremony)?;
    }
    let passphrase = of_old_keys(options.passphrase_file.as_deref(), &format!("the keys in {}", keys.display()))?;
    sign_with_all(&mut ceremony, &keys, &passphrase)?;
    for (what, key) in &made {
        if matches!(what, Replaced::Seat(_)) {
            ceremony.sign(&key.pair).map_err(|error| rotation_failure(&error))?;
        }
    }
    ceremony.finish().map_err(|error| rotation_failure(&error))?;
    store_keys(&folder, &keys, &made, Some(&passphrase))?;
    let steps = made.iter().map(|(_, key)| Step::Key { name: key.name.clone(), id: key.pair.key_id().clone() }).collect();
    apply(options, &folder, &store, &ceremony, steps).await
}

/// What the options ask for; keys that they do not bring are made.
fn plan(options: &RotateOptions, made: &mut Vec<(Replaced, NewKey)>) -> Result<Plan, Failure> {
    let mut replace = Vec::new();
    for Replacement { what, with } in &options.replace {
        let key = match with {
            Some(file) => read_public(file)?,
            None => {
                let name = match what {
                    Replaced::Seat(seat) => seat.to_string(),
                    Replaced::Online => "online".to_owned(),
                };
                let key = new_key(name).map_err(|error| Failure::cannot_tell(error.to_string(), "try again"))?;
                let named = key.named();
                made.push((*what, key));
                named
            }
        };
        replace.push((*what, key));
    }
    let mut renew = BTreeSet::new();
    for role in &options.renew {
        match role {
            Renew::Root => drop(renew.insert(OfflineRole::Root)),
            Renew::Targets => drop(renew.insert(OfflineRole::Targets)),
            Renew::Bins => drop(renew.insert(OfflineRole::Bins)),
            Renew::All => renew.extend(OfflineRole::ALL),
        }
    }
    Ok(Plan { renew, replace, valid_days: options.valid_days, now: Timestamp::now() })
}

/// What is published of the offline roles.
async fn published(store: &SqliteStore) -> Result<Published, Failure> {
    let (_, root) = newest_root(store).await.map_err(|error| publisher_failure(&error))?;
    let signed = status(store).await.map_err(|error| publisher_failure(&error))?;
    let mut files = Vec::new();
    for role in [OfflineRole::Targets, OfflineRole::Bins] {
        let listed = signed.iter().find(|signed| signed.name == role.as_str());
        let path = metadata_path(role.as_str(), listed.map(|signed| signed.version));
        let file = store.metadata(&path).await.map_err(|error| store_failure(&error))?;
        let missing = || Failure::cannot_tell(format!("{path} is not there"), "see `affineur index fsck`");
        files.push(file.ok_or_else(missing)?.to_vec());
    }
    let [targets, bins] = <[Vec<u8>; 2]>::try_from(files).map_err(|_| Failure::bug("other roles than were asked for"))?;
    Ok(Published { root: root.to_vec(), targets, bins })
}

/// Signs with every key of a folder that has a say.
fn sign_with_all(ceremony: &mut Ceremony, folder: &Path, passphrase: &Passphrase) -> Result<(), Failure> {
    let unreadable = |problem: std::io::Error| {
        Failure::usage(format!("{}: {problem}", folder.display()), "name the folder of the offline keys with --keys")
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(unreadable)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "key"));
    files.sort();
    // Each file takes a second to open: those that are called after a role that is not signed stay closed.
    let unused: Vec<OfflineRole> = OfflineRole::ALL.into_iter().filter(|role| !ceremony.roles().contains(role)).collect();
    let name = |file: &Path| file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    files.retain(|file| unused.iter().all(|role| !name(file).starts_with(&format!("{role}-"))));
    for file in files {
        let pair = open_key(&file, passphrase)?;
        match ceremony.sign(&pair) {
            Ok(_) | Err(affineur_signer::ceremony::RotationError::NoVoice(_)) => {}
            Err(error) => return Err(rotation_failure(&error)),
        }
    }
    Ok(())
}

/// Stores the keys that were made here: offline ones encrypted, the online one where the index finds it.
fn store_keys(
    folder: &Folder,
    keys: &Path,
    made: &[(Replaced, NewKey)],
    passphrase: Option<&Passphrase>,
) -> Result<(), Failure> {
    for (what, key) in made {
        match (what, passphrase) {
            (Replaced::Online, _) => {
                folder.write_next_online_key(&key.pair).map_err(|error| folder_failure(&error))?;
            }
            (Replaced::Seat(_), Some(passphrase)) => {
                let digits = key.pair.key_id().as_str().get(..8).unwrap_or("new").to_owned();
                let file = keys.join(format!("{}.{digits}.key", key.name));
                write_new(&file, sealed(&key.pair, passphrase)?.as_bytes())?;
            }
            (Replaced::Seat(_), None) => return Err(Failure::bug("a new key without a passphrase")),
        }
    }
    Ok(())
}

/// The draft is written: what it changes, and who is to sign.
fn prepared(options: &RotateOptions, ceremony: &Ceremony, out: &Path) -> Result<ExitCode, Failure> {
    let demands = ceremony.demands().map_err(|error| rotation_failure(&error))?;
    if options.json {
        println!("{}", ceremony_json(ceremony, &demands)?);
        return Ok(ExitCode::SUCCESS);
    }
    print_changes(ceremony)?;
    print_demands(&demands);
    let (out, dir) = (out.display(), options.dir.display());
    println!("Nothing is signed yet. What to do now:");
    println!("  carry {out} to whoever has the keys; each of them: affineur index sign {out} --key KEYFILE");
    println!("  then: affineur index rotate {dir} --apply {out}");
    Ok(ExitCode::SUCCESS)
}

/// Hands in what enough keys signed, and waits until it is published.
async fn apply(
    options: &RotateOptions,
    folder: &Folder,
    store: &SqliteStore,
    ceremony: &Ceremony,
    mut steps: Vec<Step>,
) -> Result<ExitCode, Failure> {
    let (files, signed) = ceremony.finish().map_err(|error| rotation_failure(&error))?;
    steps.extend(signed);
    let root = match files.iter().find(|file| file.path.ends_with(".root.json")) {
        Some(root) => Bytes::from(root.bytes.clone()),
        None => newest_root(store).await.map_err(|error| publisher_failure(&error))?.1,
    };
    let online = folder.online(&root).map_err(|error| online_failure(&error))?;
    let waiting = Waiting { files: files.into_iter().map(|file| (file.path, file.bytes.into())).collect() };
    folder.write_incoming(&waiting).map_err(|error| folder_failure(&error))?;
    match Publisher::start(store.clone(), online).await {
        Ok(publisher) => {
            let mut publisher = publisher.taking_in(folder.clone());
            publisher.take_in(Timestamp::now()).await.map_err(|error| publisher_failure(&error))?;
        }
        Err(PublisherError::Lease(LeaseError::Held { .. })) => until_taken(folder).await?,
        Err(error) => return Err(publisher_failure(&error)),
    }
    if let Some(reason) = folder.refused() {
        let hint = "nothing was published; draft it anew with `affineur index rotate`";
        return Err(Failure::refused(format!("the index refuses what was signed: {reason}"), hint));
    }
    let version = store.timestamp().await.map_err(|error| store_failure(&error))?.map(|published| published.version.number());
    if options.json {
        println!("{}", json!({ "steps": steps_json(&steps), "published": version }));
        return Ok(ExitCode::SUCCESS);
    }
    print_steps(&steps);
    println!("published: timestamp {}", version.unwrap_or_default());
    if options.replace.iter().any(|replacement| matches!(replacement.what, Replaced::Seat(_))) {
        println!("keys that gave way sign nothing any more: destroy them");
    }
    Ok(ExitCode::SUCCESS)
}

fn online_failure(error: &FolderError) -> Failure {
    match error {
        FolderError::NoOnlineKey(_) => Failure::refused(
            error.to_string(),
            "draft it on this machine, which makes the key; or replace a lost key with --replace online",
        ),
        other => folder_failure(other),
    }
}

/// Waits until the process that serves the index took what was handed in.
async fn until_taken(folder: &Folder) -> Result<(), Failure> {
    let began = Instant::now();
    while folder.has_incoming() {
        if began.elapsed() > affineur_index::limits::TAKING_IN {
            let hint = "the process that serves this index publishes it: see its log, and `affineur index status`";
            return Err(Failure::cannot_tell("what was signed waits to be published", hint));
        }
        sleep(affineur_index::limits::INCOMING_POLL).await;
    }
    Ok(())
}
