//! A whole repository in memory: enough for a curator's or a developer's, and for every test.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::roles::named_key;
use super::{Draft, NamedKey, SignError};
use crate::key::Signer;
use crate::limits;
use crate::metadata::{Paths, Role, Root, Snapshot, Targets, Threshold, Timestamp, TopRole, Version};
use crate::name::{RoleName, metadata_path};
use crate::time::Expiry;
use crate::{Listed, RoleLabel};

/// A signer that several roles may share.
pub type SharedSigner = Arc<dyn Signer>;

/// Who signs the top-level roles.
#[derive(Clone)]
pub struct Signers(BTreeMap<TopRole, Vec<SharedSigner>>);

impl Signers {
    /// Those of root, timestamp, snapshot and targets.
    #[must_use]
    pub fn of(
        root: Vec<SharedSigner>,
        timestamp: Vec<SharedSigner>,
        snapshot: Vec<SharedSigner>,
        targets: Vec<SharedSigner>,
    ) -> Self {
        Self(TopRole::ALL.into_iter().zip([root, timestamp, snapshot, targets]).collect())
    }
}

/// A repository whose roles are all in memory. Edits wait until [`publish`](Self::publish), which signs the roles that were
/// edited, then snapshot and timestamp.
pub struct Repository {
    root: Draft<Root>,
    timestamp: Draft<Timestamp>,
    snapshot: Draft<Snapshot>,
    targets: Draft<Targets>,
    delegated: BTreeMap<RoleName, Draft<Targets>>,
    signers: BTreeMap<RoleLabel, Vec<SharedSigner>>,
    /// Those of the root before, who sign a new root too (§6.1).
    previous_root: Vec<SharedSigner>,
    edited: BTreeSet<RoleLabel>,
    published: BTreeSet<RoleLabel>,
    expires: Expiry,
    digests: Digests,
    files: BTreeMap<String, Vec<u8>>,
}

/// Whether the snapshot lists lengths and digests of the roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Digests {
    Listed,
    VersionsOnly,
}

impl Repository {
    /// A repository without targets. Each top-level role must be signed by all of its signers.
    #[must_use]
    pub fn new(signers: Signers, expires: Expiry) -> Self {
        let mut root = Draft::<Root>::new(expires);
        for (role, signers) in &signers.0 {
            root.set_role(*role, signers.iter().map(|signer| named_key(&**signer)), all_of(signers));
        }
        Self {
            root,
            timestamp: Draft::<Timestamp>::new(expires, Listed::version_only(Version::FIRST)),
            snapshot: Draft::<Snapshot>::new(expires),
            targets: Draft::<Targets>::new(expires),
            delegated: BTreeMap::new(),
            signers: signers.0.into_iter().map(|(role, signers)| (role.into(), signers)).collect(),
            previous_root: Vec::new(),
            edited: TopRole::ALL.into_iter().map(RoleLabel::from).collect(),
            published: BTreeSet::new(),
            expires,
            digests: Digests::VersionsOnly,
            files: BTreeMap::new(),
        }
    }

    /// The snapshot lists length and SHA-256 of every role from now on.
    pub fn list_digests(&mut self) -> &mut Self {
        self.digests = Digests::Listed;
        self
    }

    /// Root, to be edited.
    pub fn root_mut(&mut self) -> &mut Draft<Root> {
        self.edited.insert(TopRole::Root.into());
        &mut self.root
    }

    /// The timestamp, to be edited. It is signed at every publication.
    pub fn timestamp_mut(&mut self) -> &mut Draft<Timestamp> {
        &mut self.timestamp
    }

    /// The snapshot, to be edited. It is signed at every publication.
    pub fn snapshot_mut(&mut self) -> &mut Draft<Snapshot> {
        &mut self.snapshot
    }

    /// The top-level targets, to be edited.
    pub fn targets_mut(&mut self) -> &mut Draft<Targets> {
        self.edited.insert(TopRole::Targets.into());
        &mut self.targets
    }

    /// A delegated role, to be edited; it is made if it is not there. Somebody must delegate to it:
    /// [`delegate`](Self::delegate) does both.
    pub fn role_mut(&mut self, name: &RoleName) -> &mut Draft<Targets> {
        self.edited.insert(name.clone().into());
        let expires = self.expires;
        self.delegated.entry(name.clone()).or_insert_with(|| Draft::<Targets>::new(expires))
    }

    /// Lets `delegator` (the top-level targets if `None`) delegate paths to a role that all of these sign.
    pub fn delegate(&mut self, delegator: Option<&RoleName>, role: &RoleName, signers: Vec<SharedSigner>, paths: Paths) {
        let (keys, threshold) = (keys_of(&signers), all_of(&signers));
        self.delegator(delegator).delegate(role.clone(), keys, threshold, paths);
        self.set_signers(role.clone(), signers);
    }

    /// The same, terminating.
    pub fn delegate_terminating(
        &mut self,
        delegator: Option<&RoleName>,
        role: &RoleName,
        signers: Vec<SharedSigner>,
        paths: Paths,
    ) {
        let (keys, threshold) = (keys_of(&signers), all_of(&signers));
        self.delegator(delegator).delegate_terminating(role.clone(), keys, threshold, paths);
        self.set_signers(role.clone(), signers);
    }

    /// Lets `delegator` delegate everything to hash bins (TAP 15) that all of these sign, and makes the bins, at most as many as
    /// one snapshot can list. What clients would refuse, [`publish`](Self::publish) does.
    pub fn delegate_to_bins(&mut self, delegator: Option<&RoleName>, bit_length: u8, prefix: &str, signers: &[SharedSigner]) {
        let (keys, threshold) = (keys_of(signers), all_of(signers));
        let draft = self.delegator(delegator);
        draft.delegate_to_bins(bit_length, prefix, keys, threshold);
        let bins = draft.body().delegations().and_then(crate::Delegations::succinct).cloned();
        let bins = bins.filter(|bins| bins.check().is_ok());
        let names = bins.iter().flat_map(|bins| (0..bins.bins()).map(|bin| bins.name_of(bin))).take(limits::SNAPSHOT_ROLES);
        for name in names.filter_map(|name| name.parse::<RoleName>().ok()).collect::<Vec<_>>() {
            self.set_signers(name, signers.to_vec());
        }
    }

    fn delegator(&mut self, delegator: Option<&RoleName>) -> &mut Draft<Targets> {
        match delegator {
            None => self.targets_mut(),
            Some(name) => self.role_mut(name),
        }
    }

    fn set_signers(&mut self, role: RoleName, signers: Vec<SharedSigner>) {
        self.role_mut(&role);
        self.signers.insert(role.into(), signers);
    }

    /// Gives a top-level role other keys. A new root is signed by the old keys too.
    pub fn rotate(&mut self, role: TopRole, signers: Vec<SharedSigner>) {
        let (keys, threshold) = (keys_of(&signers), all_of(&signers));
        self.root_mut().set_role(role, keys, threshold);
        let old = self.signers.insert(role.into(), signers);
        if role == TopRole::Root {
            self.previous_root = old.unwrap_or_default();
        } else {
            self.edited.insert(role.into());
        }
    }

    /// Signs what was edited, then snapshot and timestamp, and adds the files. Versions go up by one.
    ///
    /// # Errors
    /// What is wrong with a role, or what the first signer that fails says. Some files may have been added then, the timestamp
    /// has not; what was edited is signed by the next publication.
    pub fn publish(&mut self) -> Result<(), SignError> {
        let edited = self.edited.clone();
        if edited.contains(&TopRole::Root.into()) {
            self.publish_root()?;
        }
        let roles: Vec<RoleName> =
            self.delegated.keys().filter(|name| edited.contains(&(*name).clone().into())).cloned().collect();
        for name in roles {
            let Some(draft) = self.delegated.get(&name).cloned() else { continue };
            let (draft, listed) = self.publish_role(&name.clone().into(), draft)?;
            self.snapshot.list(name.as_str(), listed);
            self.delegated.insert(name, draft);
        }
        if edited.contains(&TopRole::Targets.into()) {
            let (draft, listed) = self.publish_role(&TopRole::Targets.into(), self.targets.clone())?;
            self.targets = draft;
            self.snapshot.list(TopRole::Targets.as_str(), listed);
        }
        let (draft, listed) = self.publish_role(&TopRole::Snapshot.into(), self.snapshot.clone())?;
        self.snapshot = draft;
        self.timestamp.set_snapshot(listed);
        self.timestamp = self.publish_role(&TopRole::Timestamp.into(), self.timestamp.clone())?.0;
        self.edited.clear();
        Ok(())
    }

    fn publish_root(&mut self) -> Result<(), SignError> {
        let role = TopRole::Root.into();
        let draft = self.renewed(&role, self.root.clone())?;
        let own = self.signers.get(&role).into_iter().flatten();
        let signed = draft.sign(own.chain(&self.previous_root).map(|signer| &**signer))?;
        self.add(&role, Some(draft.version()), signed.into_bytes());
        self.root = draft;
        self.previous_root.clear();
        self.edited.remove(&role);
        Ok(())
    }

    fn publish_role<R: Role>(&mut self, role: &RoleLabel, draft: Draft<R>) -> Result<(Draft<R>, Listed), SignError> {
        let draft = self.renewed(role, draft)?;
        let signers = self.signers.get(role).into_iter().flatten();
        let signed = draft.sign(signers.map(|signer| &**signer))?;
        let listed = match self.digests {
            Digests::Listed => signed.listed(),
            Digests::VersionsOnly => signed.listed_by_version(),
        };
        let versioned = self.root.body().consistent_snapshot() && R::KIND != TopRole::Timestamp;
        self.add(role, versioned.then(|| draft.version()), signed.into_bytes());
        Ok((draft, listed))
    }

    /// The next version, unless this is the first publication of the role.
    fn renewed<R: Role>(&self, role: &RoleLabel, draft: Draft<R>) -> Result<Draft<R>, SignError> {
        if self.published.contains(role) { Ok(draft.next()?) } else { Ok(draft) }
    }

    fn add(&mut self, role: &RoleLabel, version: Option<Version>, bytes: Vec<u8>) {
        self.files.insert(metadata_path(role.as_str(), version), bytes);
        self.published.insert(role.clone());
    }

    /// The metadata files by their path below the metadata URL.
    #[must_use]
    pub const fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.files
    }

    /// The same, to be tampered with.
    pub const fn files_mut(&mut self) -> &mut BTreeMap<String, Vec<u8>> {
        &mut self.files
    }

    /// A file by its role, and its version where the name has one.
    #[must_use]
    pub fn file(&self, role: &str, version: Option<u64>) -> Option<&[u8]> {
        let version = match version {
            None => None,
            Some(number) => Some(Version::new(number)?),
        };
        self.files.get(&metadata_path(role, version)).map(Vec::as_slice)
    }
}

fn keys_of(signers: &[SharedSigner]) -> Vec<NamedKey> {
    signers.iter().map(|signer| named_key(&**signer)).collect()
}

/// A threshold of all of them.
fn all_of(signers: &[SharedSigner]) -> Threshold {
    u32::try_from(signers.len()).ok().and_then(Threshold::new).unwrap_or(Threshold::ONE)
}
