//! Which keys are meant: those of the user by name, those of others by a file with the public part.

use std::io::Read as _;
use std::path::Path;
use std::str::FromStr;

use affineur_packaging::Sha256;
use affineur_signer::curator::CuratorRole;
use affineur_signer::keys::{KeyFolder, KeyName, PublicPart};
use affineur_signer::limits::KEY_FILE_BYTES;
use affineur_tuf::edit::NamedKey;

use crate::failure::Failure;

/// `ROLE=KEY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoleKey {
    pub(crate) role: CuratorRole,
    pub(crate) key: String,
}

/// `ROLE=NUMBER`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RoleNumber {
    pub(crate) role: CuratorRole,
    pub(crate) number: u32,
}

fn of_role<T: FromStr>(text: &str) -> Result<(CuratorRole, T), String> {
    let (role, value) = text.split_once('=').ok_or("expected ROLE=…, as in voted=anna.json")?;
    let value = value.parse().map_err(|_| format!("{value:?} cannot be read"))?;
    Ok((role.parse::<CuratorRole>().map_err(|error| error.to_string())?, value))
}

impl FromStr for RoleKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        of_role(text).map(|(role, key)| Self { role, key })
    }
}

impl FromStr for RoleNumber {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        of_role(text).map(|(role, number)| Self { role, number })
    }
}

/// A key by the name that it has in the folder, or by a file; with what to call it.
pub(super) fn named(folder: &KeyFolder, text: &str) -> Result<(String, NamedKey), Failure> {
    let (name, public) = public(folder, text)?;
    Ok((name, (public.id(), public.key().clone())))
}

/// What evidence of a key is counted by: a digest as it is, or that of a key.
pub(super) fn fingerprint(folder: &KeyFolder, text: &str) -> Result<Sha256, Failure> {
    if let Ok(digest) = text.parse() {
        return Ok(digest);
    }
    let (_, public) = public(folder, text)?;
    public.fingerprint().parse().map_err(|_| Failure::bug("the fingerprint of a key is no digest"))
}

fn public(folder: &KeyFolder, text: &str) -> Result<(String, PublicPart), Failure> {
    match text.parse::<KeyName>() {
        Ok(name) => Ok((name.to_string(), folder.load(&name)?.public()?)),
        Err(_) => {
            let stem = Path::new(text).file_stem().map(|stem| stem.to_string_lossy().into_owned());
            Ok((stem.unwrap_or_else(|| text.to_owned()), read_public(Path::new(text))?))
        }
    }
}

/// A file that `affineur key export` wrote.
fn read_public(file: &Path) -> Result<PublicPart, Failure> {
    let refused = |problem: String| {
        let hint = "name a key of yours, or a file that `affineur key export NAME` wrote";
        Failure::usage(format!("{}: {problem}", file.display()), hint)
    };
    let mut bytes = Vec::new();
    let most = u64::try_from(KEY_FILE_BYTES).unwrap_or(u64::MAX);
    let read = std::fs::File::open(file).and_then(|open| open.take(most).read_to_end(&mut bytes));
    read.map_err(|problem| refused(problem.to_string()))?;
    let key = serde_json::from_slice(&bytes).map_err(|_| refused("this is no public key".to_owned()))?;
    PublicPart::new(key).map_err(|error| refused(error.to_string()))
}
