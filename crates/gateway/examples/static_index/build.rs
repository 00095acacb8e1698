//! A static index with a TUF repository, as any web server can serve it. Shared by the example and the tests of the gateway.
//!
//! The keys are the same in every call, so that anybody can sign with them: for tests only.

use std::collections::BTreeMap;
use std::sync::Arc;

use affineur_packaging::page::Yanked;
use affineur_packaging::{DistributionKind, FileName, ProjectName, Sha256};
use affineur_trust::listing::{BINS, ListedFile, Listing, OverlaidFile, Overlay, bin_prefix, listing_path, overlay_path};
use affineur_tuf::edit::{Repository, SharedSigner, Signers};
use affineur_tuf::key::KeyPair;
use affineur_tuf::{PathPattern, Paths, RoleName, TargetFile, TargetPath};
use jiff::Timestamp;

/// Two to the power of this many bins.
const BITS: u8 = 4;

/// An index in memory.
pub(crate) struct StaticIndex {
    /// Its repository, to be edited.
    pub(crate) repository: Repository,
    /// What is signed about each project at the next publication.
    pub(crate) projects: BTreeMap<ProjectName, (Listing, Overlay)>,
    /// Targets and distributions by their path below the index's address.
    files: BTreeMap<String, Vec<u8>>,
}

impl StaticIndex {
    /// An index of no projects.
    pub(crate) fn new() -> Self {
        let keys = Signers::of(vec![signer(1), signer(2)], vec![signer(3)], vec![signer(4)], vec![signer(5), signer(6)]);
        let mut repository = Repository::new(keys, "2099-01-01T00:00:00Z".parse().unwrap());
        let bins: RoleName = BINS.parse().unwrap();
        let everything = ["*/*/*/*", "_status/*"].map(PathPattern::new);
        repository.delegate(None, &bins, vec![signer(7), signer(8)], Paths::Patterns(everything.into()));
        repository.delegate_to_bins(Some(&bins), BITS, &bin_prefix(BITS), &[signer(9)]);
        Self { repository, projects: BTreeMap::new(), files: BTreeMap::new() }
    }

    /// Adds a distribution; `metadata` is what is inside a wheel.
    pub(crate) fn add(&mut self, name: &FileName, bytes: Vec<u8>, metadata: Option<Vec<u8>>, uploaded: Timestamp) {
        let project = name.project().clone();
        let metadata = metadata.filter(|_| name.kind() == DistributionKind::Wheel);
        let new = || (Listing::empty(project.clone()), Overlay::empty(project.clone()));
        let (listing, overlay) = self.projects.entry(project.clone()).or_insert_with(new);
        listing.insert(ListedFile {
            name: name.clone(),
            sha256: sha256(&bytes),
            size: bytes.len() as u64,
            requires_python: None,
            core_metadata: metadata.as_deref().map(sha256),
            yanked: Yanked::No,
        });
        overlay.files.insert(name.to_string(), OverlaidFile { first_seen: uploaded, yanked: None, provenance: None });
        let at = format!("files/{project}/{name}");
        self.files.extend(metadata.map(|metadata| (format!("{at}.metadata"), metadata)));
        self.files.insert(at, bytes);
    }

    /// The bin that lists this target.
    pub(crate) fn bin_of(&mut self, path: &TargetPath) -> RoleName {
        let bins = self.repository.role_mut(&BINS.parse().unwrap()).body().delegations().unwrap().succinct().unwrap().clone();
        bins.name_of(bins.bin_of(path)).parse().unwrap()
    }

    /// Lists a document and has its bytes served.
    pub(crate) fn put(&mut self, path: &TargetPath, bytes: Vec<u8>) {
        let bin = self.bin_of(path);
        let target = TargetFile::of(&bytes);
        self.files.insert(format!("tuf/targets/{}", path.url_path(target.hashes().preferred())), bytes);
        self.repository.role_mut(&bin).add_target(path, target);
    }

    /// Signs everything, and gives all files by their path below the index's address.
    pub(crate) fn publish(&mut self) -> BTreeMap<String, Vec<u8>> {
        for (project, (listing, overlay)) in self.projects.clone() {
            self.put(&listing_path(&project).unwrap(), listing.to_bytes());
            self.put(&overlay_path(&project).unwrap(), overlay.to_bytes());
        }
        self.repository.publish().unwrap();
        let metadata = self.repository.files().iter().map(|(path, bytes)| (format!("tuf/metadata/{path}"), bytes.clone()));
        self.files.clone().into_iter().chain(metadata).collect()
    }

    /// The root to begin with.
    pub(crate) fn root(&self) -> &[u8] {
        self.repository.file("root", Some(1)).unwrap()
    }
}

fn signer(seed: u8) -> SharedSigner {
    Arc::new(KeyPair::from_seed([seed; 32]).unwrap())
}

fn sha256(bytes: &[u8]) -> Sha256 {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    Sha256::from_bytes(digest.as_ref().try_into().unwrap())
}
