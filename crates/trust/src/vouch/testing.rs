//! A repository in memory, and a client without local copy: how tests come to verified projects.

use std::collections::HashMap;
use std::sync::Arc;

use affineur_packaging::page::Yanked;
use affineur_packaging::{FileName, ProjectName, Sha256};
use affineur_tuf::edit::{Repository, SharedSigner, Signers};
use affineur_tuf::key::KeyPair;
use affineur_tuf::{Found, Lookup, PathPattern, Paths, Progress, RoleName, Roots, Search, TargetFile, TargetPath, View};

use super::{Document, NotVouched, VerifiedListing, VerifiedProject};
use crate::listing::{BINS, ListedFile, Listing, Overlay, bin_prefix, listing_path, overlay_path};

/// Bins for tests: two of them.
const BITS: u8 = 1;

fn signer(seed: u8) -> SharedSigner {
    Arc::new(KeyPair::from_seed([seed; 32]).unwrap())
}

/// An index's repository.
pub(crate) struct Index {
    pub(crate) repository: Repository,
    pub(crate) documents: HashMap<String, Vec<u8>>,
}

impl Index {
    pub(crate) fn new() -> Self {
        let keys = Signers::of(vec![signer(1)], vec![signer(2)], vec![signer(3)], vec![signer(4), signer(5)]);
        let mut repository = Repository::new(keys, "2030-01-01T00:00:00Z".parse().unwrap());
        let bins: RoleName = BINS.parse().unwrap();
        let everything = Paths::Patterns(["*/*/*/*", "_status/*"].map(PathPattern::new).into());
        repository.delegate(None, &bins, vec![signer(6), signer(7)], everything);
        repository.delegate_to_bins(Some(&bins), BITS, &bin_prefix(BITS), &[signer(8)]);
        Self { repository, documents: HashMap::new() }
    }

    pub(crate) fn bin_of(&mut self, path: &TargetPath) -> RoleName {
        let bins = self.repository.role_mut(&BINS.parse().unwrap()).body().delegations().unwrap().succinct().unwrap().clone();
        bins.name_of(bins.bin_of(path)).parse().unwrap()
    }

    pub(crate) fn add(&mut self, path: &TargetPath, bytes: Vec<u8>) {
        let bin = self.bin_of(path);
        self.repository.role_mut(&bin).add_target(path, TargetFile::of(&bytes));
        self.documents.insert(path.to_string(), bytes);
    }

    pub(crate) fn add_project(&mut self, listing: &Listing, overlay: &Overlay) {
        self.add(&listing_path(&listing.project).unwrap(), listing.to_bytes());
        self.add(&overlay_path(&listing.project).unwrap(), overlay.to_bytes());
    }

    /// What a client finds that has just refreshed.
    pub(crate) fn find(&self, path: &TargetPath) -> Lookup<Found> {
        let now = "2029-01-01T00:00:00Z".parse().unwrap();
        let mut view = self.refresh(now);
        let mut search = Search::new(path.clone());
        loop {
            match search.advance(&view.live(now).unwrap()).unwrap() {
                Progress::Ended(end) => return end,
                Progress::Needs(edge) => {
                    let wanted = view.wanted(&edge).unwrap();
                    view.accept(&edge, &self.repository.files()[&wanted.path], now).unwrap();
                }
            }
        }
    }

    fn refresh(&self, now: affineur_tuf::ReferenceTime) -> View {
        let fetch = |path: &str| self.repository.files()[path].clone();
        let roots = Roots::start(&fetch("1.root.json"), now).unwrap();
        let snapshots = roots.finish().unwrap().accept(&fetch("timestamp.json")).unwrap();
        let wanted = snapshots.wanted();
        let targets = snapshots.accept(&fetch(&wanted.path)).unwrap();
        let wanted = targets.wanted().unwrap();
        targets.accept(&fetch(&wanted.path)).unwrap().0
    }

    pub(crate) fn found(&self, path: &TargetPath) -> Found {
        let Lookup::Found(found) = self.find(path) else { panic!("{path} is not there") };
        found
    }

    /// The project, verified from end to end.
    pub(crate) fn project(&self, project: &ProjectName) -> Result<VerifiedProject, NotVouched> {
        let paths = [listing_path(project).unwrap(), overlay_path(project).unwrap()];
        let [listing, overlay] = paths.map(|path| (self.found(&path), self.documents[&path.to_string()].clone()));
        VerifiedListing::read(project, document(&listing))?.with_overlay(document(&overlay))
    }
}

pub(crate) const fn document((found, bytes): &(Found, Vec<u8>)) -> Document<'_> {
    Document { found, bytes: bytes.as_slice() }
}

pub(crate) fn listed(name: &str, sha256: Sha256) -> ListedFile {
    let name: FileName = name.parse().unwrap();
    ListedFile { name, sha256, size: 42, requires_python: None, core_metadata: None, yanked: Yanked::No }
}

/// A listing of one file.
pub(crate) fn listing_of(name: &str, sha256: Sha256) -> Listing {
    let file = listed(name, sha256);
    let mut listing = Listing::empty(file.name.project().clone());
    listing.insert(file);
    listing
}
