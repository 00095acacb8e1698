//! The update, stage by stage, on repositories made with the editor.

use std::sync::Arc;

use crate::edit::{Repository, SharedSigner, Signers};
use crate::key::KeyPair;
use crate::{Error, Expiry, Lookup, Progress, ReferenceTime, Roots, Search, TargetFile, TargetPath, View};

fn signer(seed: u8) -> SharedSigner {
    Arc::new(KeyPair::from_seed([seed; 32]).unwrap())
}

fn repository() -> Repository {
    let expires: Expiry = "2030-01-01T00:00:00Z".parse().unwrap();
    Repository::new(Signers::of(vec![signer(1)], vec![signer(2)], vec![signer(3)], vec![signer(4)]), expires)
}

fn now() -> ReferenceTime {
    "2029-01-01T00:00:00Z".parse().unwrap()
}

/// A client without a local copy.
fn refresh(repository: &Repository) -> Result<View, Error> {
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

fn find(view: &mut View, repository: &Repository, path: &str) -> Result<Lookup<crate::Found>, Error> {
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

#[test]
fn a_target_in_a_hash_bin_is_found() {
    let mut repository = repository();
    repository.delegate_to_bins(None, 3, "bin", &[signer(5)]);
    let path: TargetPath = "ab/cd/cheese/cheese-1.0.whl".parse().unwrap();
    let bins = repository.targets_mut().body().delegations().unwrap().succinct().unwrap().clone();
    let bin = bins.name_of(bins.bin_of(&path)).parse().unwrap();
    repository.role_mut(&bin).add_target(&path, TargetFile::of(b"brie"));
    repository.publish().unwrap();
    let mut view = refresh(&repository).unwrap();
    let Lookup::Found(found) = find(&mut view, &repository, path.as_str()).unwrap() else { panic!("not found") };
    assert_eq!(found.target, TargetFile::of(b"brie"));
    assert_eq!(found.chain.steps().len(), 2);
    assert_eq!(find(&mut view, &repository, "other").unwrap(), Lookup::Absent);
}
