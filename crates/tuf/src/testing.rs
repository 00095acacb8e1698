//! What tests of several modules need: keys, a repository, a client.

use std::sync::Arc;

use crate::edit::{Repository, SharedSigner, Signers};
use crate::key::KeyPair;
use crate::{Error, Expiry, Found, Lookup, Progress, ReferenceTime, RoleName, Roots, Search, View};

pub(crate) fn signer(seed: u8) -> SharedSigner {
    Arc::new(KeyPair::from_seed([seed; 32]).unwrap())
}

pub(crate) fn signers(seeds: &[u8]) -> Vec<SharedSigner> {
    seeds.iter().map(|seed| signer(*seed)).collect()
}

pub(crate) fn role(name: &str) -> RoleName {
    name.parse().unwrap()
}

/// The keys of root, timestamp, snapshot and targets are 1, 2, 3 and 4.
pub(crate) fn repository() -> Repository {
    let expires: Expiry = "2030-01-01T00:00:00Z".parse().unwrap();
    Repository::new(Signers::of(signers(&[1]), signers(&[2]), signers(&[3]), signers(&[4])), expires)
}

pub(crate) fn now() -> ReferenceTime {
    "2029-01-01T00:00:00Z".parse().unwrap()
}

/// A client without a local copy.
pub(crate) fn refresh(repository: &Repository) -> Result<View, Error> {
    let fetch = |path: &str| repository.files().get(path).cloned().unwrap();
    let mut roots = Roots::start(&fetch("1.root.json"), now())?;
    while let Some(next) = roots.wanted().and_then(|wanted| repository.files().get(&wanted.path)) {
        roots = roots.accept(next)?;
    }
    let timestamps = roots.finish()?;
    let snapshots = timestamps.accept(&fetch("timestamp.json"))?;
    let wanted = snapshots.wanted();
    let targets = snapshots.accept(&fetch(&wanted.path))?;
    let wanted = targets.wanted()?;
    Ok(targets.accept(&fetch(&wanted.path))?.0)
}

pub(crate) fn find(view: &mut View, repository: &Repository, path: &str) -> Result<Lookup<Found>, Error> {
    let mut search = Search::new(path.parse().unwrap());
    loop {
        match search.advance(&view.live(now())?)? {
            Progress::Ended(end) => return Ok(end),
            Progress::Needs(edge) => {
                let wanted = view.wanted(&edge)?;
                let bytes = repository.files().get(&wanted.path).cloned().unwrap();
                view.accept(&edge, &bytes, now())?;
            }
        }
    }
}
