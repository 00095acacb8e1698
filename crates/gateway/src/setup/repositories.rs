//! The repositories that a policy names: the roots that its user trusts, and what is known of each repository from before.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use affineur_packaging::Sha256;
use affineur_trust::{PartyName, Policy, Repository};
use affineur_tuf::Roots;
use url::Url;

use super::SetupError;
use crate::repository::RepositoryCopy;

/// The root of one party's repository, which is one.
#[derive(Debug)]
pub(super) struct TrustedRoot {
    pub(super) party: PartyName,
    url: Url,
    bytes: Vec<u8>,
}

/// What a policy names as the root of a party's repository, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RootFile {
    party: PartyName,
    url: Url,
    file: PathBuf,
    read: Result<Vec<u8>, String>,
}

impl TrustedRoot {
    pub(super) fn sha256(&self) -> Sha256 {
        crate::digest::sha256(&self.bytes)
    }
}

impl RootFile {
    pub(super) fn trusted(&self) -> Result<TrustedRoot, SetupError> {
        let Self { party, url, file, read } = self.clone();
        match read {
            Ok(bytes) => Ok(TrustedRoot { party, url, bytes }),
            Err(problem) => Err(SetupError::Root { party, file, problem }),
        }
    }
}

/// Reads the roots that a policy in `folder` names.
pub(super) fn read_roots(policy: &Policy, folder: &Path) -> Vec<RootFile> {
    let named = policy.parties.keys().filter_map(|party| Some((party.clone(), policy.repository(party)?)));
    let read = |(party, repository): (PartyName, &Repository)| {
        let file = folder.join(&repository.root);
        RootFile { party, url: repository.url.clone(), read: read(&file), file }
    };
    named.map(read).collect()
}

/// A root, up to its limit, that is one: whether it has expired is not looked at, since its successor may not have.
fn read(file: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let most = affineur_tuf::limits::ROOT_BYTES;
    let opened = std::fs::File::open(file).map_err(|problem| problem.to_string())?;
    opened.take(most + 1).read_to_end(&mut bytes).map_err(|problem| problem.to_string())?;
    if bytes.len() as u64 > most {
        return Err(format!("it has more than {most} bytes"));
    }
    match Roots::start(&bytes, affineur_tuf::ReferenceTime::MIN) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(format!("it is no root that signs itself: {}", error.fault)),
    }
}

pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Opens the local copy of each repository in the folder of all. One begins anew where URL or trusted root is another one.
pub(super) fn open(roots: Vec<TrustedRoot>, copies: &Path) -> Result<HashMap<PartyName, RepositoryCopy>, SetupError> {
    let open = |TrustedRoot { party, url, bytes }: TrustedRoot| match RepositoryCopy::open(copies, url, &bytes) {
        Ok(copy) => Ok((party, copy)),
        Err(error) => Err(SetupError::Repository { party, error }),
    };
    roots.into_iter().map(open).collect()
}
