//! The repositories that a policy names: the roots that its user trusts, and what is known of each repository from before.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;

use affineur_packaging::Sha256;
use affineur_trust::{PartyName, Policy};
use affineur_tuf::Roots;
use affineur_tuf_client::local::{LocalCopy, LocalError};
use url::Url;

use super::SetupError;
use crate::repository::RepositoryCopy;

/// The root of one party's repository, as it was read.
pub(super) struct TrustedRoot {
    party: PartyName,
    url: Url,
    bytes: Vec<u8>,
}

/// Reads the roots of a policy that lies in `folder`, and notes their digests in it.
pub(super) fn read_roots(policy: &mut Policy, folder: &Path) -> Result<Vec<TrustedRoot>, SetupError> {
    let named: Vec<_> = policy
        .parties
        .keys()
        .filter_map(|name| policy.repository(name).map(|found| (name.clone(), found.url.clone(), folder.join(&found.root))))
        .collect();
    let mut roots = Vec::new();
    for (party, url, file) in named {
        let bytes = read(&file).map_err(|problem| SetupError::Root { party: party.clone(), file, problem })?;
        policy.note_root(&party, crate::digest::sha256(&bytes));
        roots.push(TrustedRoot { party, url, bytes });
    }
    Ok(roots)
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

/// The digest by which a policy is trusted: of its text and, where it names repositories, of their roots. Whoever can change one
/// of them would decide what is verified.
///
/// # Errors
/// A root cannot be read, or the policy is wrong.
pub fn trusted_digest(text: &str, file: &Path) -> Result<Sha256, SetupError> {
    let mut policy = Policy::parse(text).map_err(|error| SetupError::Policy { file: file.to_owned(), error })?;
    let roots = read_roots(&mut policy, folder_of(file))?;
    let with_roots = roots
        .iter()
        .fold(text.to_owned(), |text, root| format!("{text}\nroot of {}: {}", root.party, crate::digest::sha256(&root.bytes)));
    Ok(super::digest(&with_roots))
}

pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Opens the local copy of each repository below `home`. One begins anew where URL or trusted root is another one.
pub(super) fn open(roots: Vec<TrustedRoot>, home: &Path) -> Result<HashMap<PartyName, RepositoryCopy>, SetupError> {
    let open = |TrustedRoot { party, url, bytes }: TrustedRoot| {
        let mut key = format!("{url}\n").into_bytes();
        key.extend(&bytes);
        let folder = home.join("tuf").join(crate::digest::sha256(&key).to_string());
        let copy = match LocalCopy::open(&folder) {
            Err(LocalError::NotInitialised { .. }) => LocalCopy::initialise(&folder, &bytes),
            opened => opened,
        };
        match copy {
            Ok(copy) => Ok((party, RepositoryCopy { url, copy })),
            Err(error) => Err(SetupError::Repository { party, error }),
        }
    };
    roots.into_iter().map(open).collect()
}
