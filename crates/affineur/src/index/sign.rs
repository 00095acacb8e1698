//! `affineur index sign` and `new-key`: what the holder of an offline key does on a machine of their own.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use affineur_signer::ceremony::{Ceremony, new_key as make};
use affineur_signer::limits;
use affineur_tuf::key::{Key, KeyId};
use anstream::println;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ceremony::{ceremony_json, print_changes, print_demands, rotation_failure};
use super::ceremony_arguments::{NewKeyOptions, SignOptions};
use super::key_files::{open_key, sealed, write_new};
use crate::failure::Failure;
use crate::secrets::{of_new_keys, of_old_keys};

/// The public part of a key, as it is handed to whoever drafts a ceremony.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Public {
    keyid: KeyId,
    key: Key,
}

pub(super) fn sign(options: &SignOptions) -> Result<ExitCode, Failure> {
    let mut ceremony = read(&options.file)?;
    if !options.json {
        print_changes(&ceremony)?;
    }
    let mut pairs = Vec::new();
    for file in &options.keys {
        let passphrase = of_old_keys(options.passphrase_file.as_deref(), &file.display().to_string())?;
        pairs.push((file, open_key(file, &passphrase)?));
    }
    let mut signed = Vec::new();
    for (file, pair) in &pairs {
        let roles = ceremony.sign(pair).map_err(|error| rotation_failure(&error))?;
        signed.push((file, roles.iter().map(ToString::to_string).collect::<Vec<_>>()));
    }
    replace(&options.file, &ceremony.to_bytes())?;
    let demands = ceremony.demands().map_err(|error| rotation_failure(&error))?;
    if options.json {
        let mut words = ceremony_json(&ceremony, &demands)?;
        if let Some(members) = words.as_object_mut() {
            let signed: Vec<_> = signed.iter().map(|(key, roles)| json!({ "with": key, "roles": roles })).collect();
            members.insert("signed".to_owned(), signed.into());
        }
        println!("{words}");
        return Ok(ExitCode::SUCCESS);
    }
    for (file, roles) in signed {
        println!("signed {} with {}", roles.join(" and "), file.display());
    }
    let next = if print_demands(&demands) {
        "Enough keys signed. Now, at the index: affineur index rotate DIR --apply"
    } else {
        "More keys must sign. Hand this file on:"
    };
    println!("{next} {}", options.file.display());
    Ok(ExitCode::SUCCESS)
}

pub(super) fn new_key(options: &NewKeyOptions) -> Result<ExitCode, Failure> {
    let public = public_path(&options.file);
    if options.file.exists() || public.exists() {
        let cause = format!("{} or {} is there already", options.file.display(), public.display());
        return Err(Failure::usage(cause, "a key is never written over: name another file"));
    }
    let passphrase = of_new_keys(options.passphrase_file.as_deref(), "the new offline keys")?;
    let key = make(options.file.display().to_string()).map_err(|error| Failure::cannot_tell(error.to_string(), "try again"))?;
    let text = sealed(&key.pair, &passphrase)?;
    let (keyid, key) = key.named();
    let printed =
        serde_json::to_string(&Public { keyid: keyid.clone(), key }).map_err(|error| Failure::bug(error.to_string()))?;
    write_new(&options.file, text.as_bytes())?;
    write_new(&public, format!("{printed}\n").as_bytes())?;
    println!("made the key {keyid}");
    println!("  {}: keep it offline, encrypted as it is", options.file.display());
    println!("  {}: its public part, for whoever drafts the ceremony", public.display());
    Ok(ExitCode::SUCCESS)
}

/// Reads the public part of a key.
pub(super) fn read_public(file: &Path) -> Result<(KeyId, Key), Failure> {
    let hint = "name the file NAME.pub that `affineur index new-key NAME` wrote";
    let refused = |problem: String| Failure::usage(format!("{}: {problem}", file.display()), hint);
    let bytes = read_at_most(file, limits::KEY_FILE_BYTES, hint)?;
    let Public { keyid, key } = serde_json::from_slice(&bytes).map_err(|error| refused(error.to_string()))?;
    key.public().map_err(|error| refused(error.to_string()))?;
    if key.computed_id() != keyid {
        return Err(refused("the identifier is not that of the key".to_owned()));
    }
    Ok((keyid, key))
}

/// Reads a ceremony.
pub(super) fn read(file: &Path) -> Result<Ceremony, Failure> {
    let bytes = read_at_most(file, limits::CEREMONY_BYTES, "name the file that `affineur index rotate --prepare` wrote")?;
    Ceremony::parse(&bytes).map_err(|error| rotation_failure(&error))
}

fn read_at_most(file: &Path, most: usize, hint: &str) -> Result<Vec<u8>, Failure> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let read = std::fs::File::open(file).and_then(|open| open.take(limit).read_to_end(&mut bytes));
    read.map_err(|problem| Failure::usage(format!("{}: {problem}", file.display()), hint))?;
    Ok(bytes)
}

/// Writes a file anew, as a whole or not at all.
fn replace(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut temporary| {
        temporary.write_all(bytes)?;
        temporary.as_file().sync_all()?;
        temporary.persist(file).map_err(|error| error.error)?;
        Ok(())
    });
    written.map_err(|problem| {
        Failure::usage(format!("{}: {problem}", file.display()), "nothing was signed; make room, or copy it")
    })
}

fn public_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use affineur_tuf::key::Signer as _;

    use super::*;

    #[test]
    fn a_public_part_with_another_identifier_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let (one, two) = (make("one".to_owned()).unwrap(), make("two".to_owned()).unwrap());
        let write = |keyid: &KeyId| {
            let public = Public { keyid: keyid.clone(), key: one.pair.key().clone() };
            std::fs::write(&file, serde_json::to_string(&public).unwrap()).unwrap();
        };
        write(one.pair.key_id());
        assert_eq!(read_public(&file).unwrap().0, *one.pair.key_id());
        write(two.pair.key_id());
        assert!(read_public(&file).unwrap_err().cause().contains("not that of the key"));
    }
}
