//! Publishing: drafts that enough keys signed become files that are served, the timestamp last.
//!
//! Each step leaves a repository that clients accept: new versions lie beside the old ones and nobody asks for them until a timestamp
//! lists them. Only a new root is seen at once. It is written before the timestamp if what is served still verifies with it, and after
//! it if what is new verifies without it too.

use std::collections::BTreeMap;

use affineur_trust::curator::Shelf;
use affineur_tuf::edit::{Draft, SharedSigner, Signed};
use affineur_tuf::key::Signer;
use affineur_tuf::{Listed, Role as _, Root, Snapshot, Targets, Timestamp, TopRole, Version, metadata_path};
use jiff::Timestamp as Time;

use super::client::Client;
use super::demand::{Demand, Signatories, reopen};
use super::edit::path_of;
use super::served::{Metadata, Served};
use super::settings::expiry;
use super::{Curator, CuratorError, CuratorRole, Refusal};
use crate::limits;

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The roles whose next version went out, and which.
    pub roles: Vec<(CuratorRole, u64)>,
    /// The snapshot.
    pub snapshot: u64,
    /// The timestamp.
    pub timestamp: u64,
    /// When the timestamp expires.
    pub until: Time,
    /// What waits still.
    pub waiting: Vec<Waiting>,
}

/// A draft that cannot be published yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Whose.
    pub role: CuratorRole,
    /// Who must sign it still. If nobody must, it waits for other roles that name its keys or have keys from it.
    pub demands: Vec<Demand>,
}

impl Curator {
    /// The roles that people sign and that should be signed again, since little of their validity is left, or other keys have to sign
    /// them from now on.
    #[must_use]
    pub fn due(&self, now: Time) -> Vec<CuratorRole> {
        let is_due = |role: &CuratorRole| {
            let expires = self.served.role(*role).and_then(|file| affineur_tuf::edit::expiry_of(file).ok());
            let is_near = expires.is_some_and(|expires| is_near(expires.time(), self.settings.days.of(*role), now));
            (is_near || self.has_other_keys(*role)) && !self.drafts.contains_key(role)
        };
        CuratorRole::ALL.into_iter().filter(is_due).collect()
    }

    /// Whether what is served of a role is not signed by enough of those who are to sign it.
    fn has_other_keys(&self, role: CuratorRole) -> bool {
        let signatories = self.signatories(role).ok();
        self.served.role(role).zip(signatories).is_some_and(|(file, signatories)| !signatories.accept(role, file))
    }

    /// Drafts the next version of a role, which says the same for longer.
    ///
    /// # Errors
    /// See [`CuratorError`].
    pub fn renew(&mut self, role: CuratorRole, now: Time) -> Result<(), CuratorError> {
        if role != CuratorRole::Root {
            return self.edit(role, now, |_| Ok(()));
        }
        let mut draft = self.next_root()?;
        draft.set_expires(expiry(now, self.settings.days.of(role)));
        self.put(role, &draft)
    }

    /// Publishes what enough keys signed, and renews snapshot and timestamp.
    ///
    /// # Errors
    /// [`CuratorError::Unpublished`] where this would be the first publication and something is not signed; [`CuratorError::Refused`],
    /// [`CuratorError::NoRenewalKey`], and see [`CuratorError`]. What was served before is served still then.
    pub fn publish(&mut self, now: Time) -> Result<Published, CuratorError> {
        for role in CuratorRole::ALL {
            self.must_be_sound(role)?;
        }
        let chosen = self.choose()?;
        let (next, waiting) = (self.put_out(&chosen, now)?, self.waiting()?);
        Ok(Published { waiting, ..next })
    }

    /// Renews snapshot and timestamp, and nothing else: what waits stays as it is, whatever it is.
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    pub fn renew_online(&mut self, now: Time) -> Result<Published, CuratorError> {
        let chosen = self.served.roles.clone();
        match CuratorRole::ALL.into_iter().find(|role| !chosen.contains_key(role)) {
            Some(role) => Err(CuratorError::Unpublished(role)),
            None => self.put_out(&chosen, now),
        }
    }

    /// Makes these what is served, if clients accept them.
    fn put_out(&mut self, chosen: &BTreeMap<CuratorRole, Vec<u8>>, now: Time) -> Result<Published, CuratorError> {
        let renewal = self.files.renewal_keys()?;
        let next = self.assemble(chosen, &renewal, now)?;
        let client = Client { metadata: &next.metadata, party: self.settings.name.clone(), now };
        let view = client.view()?;
        client.reads(&view, |path| self.document_served_next(chosen, path))?;
        self.write(chosen, &next, now)?;
        let root = chosen.get(&CuratorRole::Root).map(Vec::as_slice).unwrap_or_default();
        self.settle_renewal_keys(root, &renewal)?;
        let roles: Vec<_> = next.roles.keys().copied().collect();
        for role in &roles {
            self.files.remove_draft(*role)?;
            self.drafts.remove(role);
        }
        if let Some(root) = next.metadata.get("1.root.json") {
            self.files.write_client(root, &self.settings)?;
        }
        self.served = Served::read(&self.files)?;
        Ok(Published {
            roles: next.roles.into_iter().collect(),
            snapshot: next.snapshot,
            timestamp: next.timestamp,
            until: next.until,
            waiting: Vec::new(),
        })
    }

    /// What waits, and for whom.
    ///
    /// # Errors
    /// See [`CuratorError`].
    pub fn waiting(&self) -> Result<Vec<Waiting>, CuratorError> {
        let unmet = |role| {
            let mut demands = self.demands(role)?;
            demands.retain(|demand| !demand.is_met());
            Ok(Waiting { role, demands })
        };
        self.drafted().map(unmet).collect()
    }

    /// For each role its draft or what is served, so that all of them hang together: as many drafts as possible.
    fn choose(&self) -> Result<BTreeMap<CuratorRole, Vec<u8>>, CuratorError> {
        for root in self.candidates(CuratorRole::Root) {
            if !self.root_is_signed(root)? {
                continue;
            }
            let of_targets = Signatories::of_root(root, TopRole::Targets)?;
            for targets in self.candidates(CuratorRole::Targets) {
                if !of_targets.accept(CuratorRole::Targets, targets) {
                    continue;
                }
                let mut chosen = BTreeMap::from([(CuratorRole::Root, root.to_vec()), (CuratorRole::Targets, targets.to_vec())]);
                for role in CuratorRole::STATEMENTS {
                    let signatories = Signatories::of_targets(targets, role)?;
                    let signed = self.candidates(role).into_iter().find(|file| signatories.accept(role, file));
                    chosen.extend(signed.map(|file| (role, file.to_vec())));
                }
                if chosen.len() == CuratorRole::ALL.len() {
                    return Ok(chosen);
                }
            }
        }
        let unsigned = self.waiting()?.into_iter().find(|waiting| !waiting.demands.is_empty());
        Err(CuratorError::Unpublished(unsigned.map_or(CuratorRole::Root, |waiting| waiting.role)))
    }

    /// The draft of a role if all signed it who must, whose keys may be drafts too, and what is served.
    fn candidates(&self, role: CuratorRole) -> Vec<&[u8]> {
        let is_signed = self.demands(role).is_ok_and(|demands| demands.iter().all(Demand::is_met));
        let draft = self.drafts.get(&role).filter(|_| is_signed).map(Vec::as_slice);
        draft.into_iter().chain(self.served.role(role)).collect()
    }

    fn root_is_signed(&self, root: &[u8]) -> Result<bool, CuratorError> {
        let by_itself = Signatories::of_root(root, TopRole::Root)?.accept(CuratorRole::Root, root);
        let by_the_last = match self.served.role(CuratorRole::Root) {
            Some(served) => Signatories::of_root(served, TopRole::Root)?.accept(CuratorRole::Root, root),
            None => true,
        };
        Ok(by_itself && by_the_last)
    }

    /// A document that the chosen targets list.
    fn document_served_next(&self, chosen: &BTreeMap<CuratorRole, Vec<u8>>, path: &str) -> Option<Vec<u8>> {
        let targets = reopen::<Targets>(CuratorRole::Targets, chosen.get(&CuratorRole::Targets)?).ok()?;
        let path = path.parse().ok()?;
        self.document_of(&path, targets.body().target(&path)?).ok()
    }

    /// Everything that would be served: the chosen roles, and a snapshot and a timestamp that list them.
    fn assemble(
        &self,
        chosen: &BTreeMap<CuratorRole, Vec<u8>>,
        renewal: &[SharedSigner],
        now: Time,
    ) -> Result<Next, CuratorError> {
        let mut metadata = self.served.files.clone();
        let mut roles = BTreeMap::new();
        for (role, file) in chosen.iter().filter(|(role, file)| self.served.role(**role) != Some(file.as_slice())) {
            let version = version(*role, file)?;
            metadata.insert(metadata_path(role.as_str(), Some(version)), file.clone());
            roles.insert(*role, version.number());
        }
        let root = chosen.get(&CuratorRole::Root).map(Vec::as_slice).unwrap_or_default();
        let renewal = self.renewal_of(root, renewal)?;
        let signers = || renewal.iter().map(|signer| &**signer as &dyn Signer);

        let mut snapshot = match &self.served.snapshot {
            Some(served) => served.clone(),
            None => Draft::<Snapshot>::new(expiry(now, self.settings.days.snapshot)),
        };
        for (role, file) in chosen.iter().filter(|(role, _)| **role != CuratorRole::Root) {
            snapshot.list(role.as_str(), Listed::with_digest(version(*role, file)?, file));
        }
        let signed = match &self.served.snapshot {
            Some(served) if !self.must_sign_snapshot(served, &snapshot, root, now)? => self.served_snapshot(served)?,
            served => {
                if served.is_some() {
                    snapshot = snapshot.next().map_err(|fault| CuratorError::Sign(fault.into()))?;
                }
                snapshot.set_expires(expiry(now, self.settings.days.snapshot));
                snapshot.sign(signers())?
            }
        };
        metadata.insert(metadata_path("snapshot", Some(signed.version())), signed.bytes().to_vec());
        let mut timestamp = match &self.served.timestamp {
            Some(served) => served.clone().next().map_err(|fault| CuratorError::Sign(fault.into()))?,
            None => Draft::<Timestamp>::new(expiry(now, self.settings.days.timestamp), signed.listed()),
        };
        let expires = expiry(now, self.settings.days.timestamp);
        timestamp.set_snapshot(signed.listed()).set_expires(expires);
        metadata.insert("timestamp.json".to_owned(), timestamp.sign(signers())?.into_bytes());
        let (snapshot, timestamp) = (signed.version().number(), timestamp.version().number());
        Ok(Next { metadata, roles, snapshot, timestamp, until: expires.time() })
    }

    /// The renewal keys to sign with: one that root names, and one that the root before named, so that clients accept what is signed
    /// whichever root they have.
    fn renewal_of(&self, root: &[u8], renewal: &[SharedSigner]) -> Result<Vec<SharedSigner>, CuratorError> {
        let named = Signatories::of_root(root, TopRole::Timestamp)?;
        let before = match self.served.role(CuratorRole::Root) {
            Some(served) => Signatories::of_root(served, TopRole::Timestamp)?.keys,
            None => Vec::new(),
        };
        let has = |key: &SharedSigner| named.keys.iter().any(|(id, _)| id == key.key_id());
        if !renewal.iter().any(has) {
            return Err(CuratorError::NoRenewalKey { folder: self.path().to_owned() });
        }
        let counts = |key: &&SharedSigner| has(key) || before.iter().any(|(id, _)| id == key.key_id());
        Ok(renewal.iter().filter(counts).cloned().collect())
    }

    /// Keys that neither root nor a draft of it names have given way for good.
    fn settle_renewal_keys(&self, root: &[u8], renewal: &[SharedSigner]) -> Result<(), CuratorError> {
        let mut named = Signatories::of_root(root, TopRole::Timestamp)?.keys;
        if let Some(draft) = self.drafts.get(&CuratorRole::Root) {
            named.extend(Signatories::of_root(draft, TopRole::Timestamp)?.keys);
        }
        let mut gone = renewal.iter().filter(|key| named.iter().all(|(id, _)| id != key.key_id()));
        gone.try_for_each(|key| self.files.remove_renewal_key(key.key_id()))
    }

    fn must_sign_snapshot(
        &self,
        served: &Draft<Snapshot>,
        next: &Draft<Snapshot>,
        root: &[u8],
        now: Time,
    ) -> Result<bool, CuratorError> {
        let named = Signatories::of_root(root, TopRole::Snapshot)?.keys;
        let file = self.served_snapshot(served)?;
        let signed = affineur_tuf::edit::signers::<Snapshot>(file.bytes(), &named);
        let is_signed = signed.is_ok_and(|signed| !signed.is_empty());
        let is_near = is_near(served.body().expires().time(), self.settings.days.snapshot, now);
        Ok(served.body() != next.body() || !is_signed || is_near)
    }

    fn served_snapshot(&self, served: &Draft<Snapshot>) -> Result<Signed<Snapshot>, CuratorError> {
        let path = metadata_path("snapshot", Some(served.version()));
        let file = self.served.files.get(&path).ok_or(CuratorError::Refused(Refusal::Missing(path)))?;
        Signed::reopen(file).map_err(|fault| CuratorError::Sign(fault.into()))
    }

    /// Writes what is new: documents, versions, timestamp. Root goes where no moment is left in which clients refuse what they find.
    fn write(&self, chosen: &BTreeMap<CuratorRole, Vec<u8>>, next: &Next, now: Time) -> Result<(), CuratorError> {
        for shelf in [Shelf::People, Shelf::Curators] {
            let path = path_of(shelf)?;
            if let Some(bytes) = self.document_served_next(chosen, path.as_str()) {
                let digest = affineur_tuf::Hashes::sha256_of(&bytes);
                let name = format!("{}.{path}", digest.digest("sha256").unwrap_or_default());
                if self.files.target(&name)?.as_deref() != Some(&bytes) {
                    self.files.write_target(&name, &bytes)?;
                }
            }
        }
        let is_new = |path: &&String| self.served.files.get(*path) != next.metadata.get(*path);
        let (roots, others): (Vec<_>, Vec<_>) =
            next.metadata.keys().filter(is_new).partition(|path| path.ends_with("root.json"));
        let timestamp = "timestamp.json".to_owned();
        let versions = others.into_iter().filter(|path| **path != timestamp);
        let without_new_root: Metadata = next
            .metadata
            .iter()
            .filter(|(path, _)| !roots.contains(path))
            .map(|(path, file)| (path.clone(), file.clone()))
            .collect();
        let party = self.settings.name.clone();
        let root_is_last = !roots.is_empty() && Client { metadata: &without_new_root, party, now }.view().is_ok();
        let order: Vec<&String> = match root_is_last {
            true => versions.chain([&timestamp]).chain(roots).collect(),
            false => versions.chain(roots).chain([&timestamp]).collect(),
        };
        for path in order {
            if let Some(file) = next.metadata.get(path) {
                self.files.write_metadata(path, file)?;
            }
        }
        Ok(())
    }
}

/// What is to be served.
struct Next {
    metadata: Metadata,
    roles: BTreeMap<CuratorRole, u64>,
    snapshot: u64,
    timestamp: u64,
    until: Time,
}

fn version(role: CuratorRole, file: &[u8]) -> Result<Version, CuratorError> {
    Ok(match role {
        CuratorRole::Root => reopen::<Root>(role, file)?.version(),
        _ => reopen::<Targets>(role, file)?.version(),
    })
}

/// Whether so little is left of a validity that it should be signed again.
pub(super) fn is_near(expires: Time, days: u32, now: Time) -> bool {
    let left = expires.duration_since(now).as_hours();
    left < i64::from(days) * 24 / i64::from(limits::RENEWED_AT)
}
