//! One publication: many tickets, the bins that they touch, one snapshot, one timestamp.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use affineur_packaging::ProjectName;
use affineur_tuf::edit::Draft;
use affineur_tuf::{TargetFile, TargetPath, Targets, TopRole, Version, metadata_path};
use bytes::Bytes;
use jiff::Timestamp;

use super::documents::{Document, Granularity, documents, file_target};
use super::start::listed;
use super::{Publisher, PublisherError, State, expiry, stored};
use crate::limits;
use crate::store::{Change, Outcome, Project, Publication, Request, Store, Ticket};

/// What changes in one bin.
#[derive(Default)]
pub(super) struct Edits(Vec<(TargetPath, Option<TargetFile>)>);

/// What goes into a publication beside what it signs.
#[derive(Default)]
pub(super) struct Offered {
    /// Metadata that others signed.
    pub(super) metadata: Vec<(String, Bytes)>,
    pub(super) targets: Vec<(TargetPath, affineur_packaging::Sha256, Bytes)>,
    pub(super) done: Vec<(Ticket, Outcome)>,
}

/// What becomes of some tickets.
#[derive(Default)]
struct Group {
    done: Vec<(Ticket, Outcome)>,
    projects: BTreeMap<ProjectName, Project>,
    /// Targets of single files, where they are wanted.
    files: Vec<(TargetPath, Option<TargetFile>)>,
}

impl<S: Store> Publisher<S> {
    /// Publishes the oldest changes that wait, at most [`limits::GROUP_TICKETS`] of them; `None` if there are none.
    ///
    /// # Errors
    /// See [`PublisherError`]. The changes still wait then.
    pub async fn publish_pending(&mut self, now: Timestamp) -> Result<Option<Version>, PublisherError> {
        let pending = self.store.pending(limits::GROUP_TICKETS).await?;
        if pending.is_empty() {
            return Ok(None);
        }
        let mut group = Group::default();
        for (ticket, change) in &pending {
            let outcome = self.apply(&mut group, *ticket, change).await?;
            group.done.push((*ticket, outcome));
        }
        let mut edits: BTreeMap<u64, Edits> = BTreeMap::new();
        let mut targets = Vec::new();
        for project in group.projects.values() {
            // A project's name makes a path: it was parsed.
            for document in documents(project).into_iter().flatten() {
                let bin = edits.entry(self.tree.bin_of(&document.path)).or_default();
                bin.0.push((document.path.clone(), Some(document.target())));
                let Document { path, sha256, bytes } = document;
                targets.push((path, sha256, bytes));
            }
        }
        for (path, target) in group.files {
            edits.entry(self.tree.bin_of(&path)).or_default().0.push((path, target));
        }
        let published = self.publish_edits(edits, targets, group.done, now).await?;
        Ok(Some(published))
    }

    /// Applies one change to its project.
    async fn apply(&self, group: &mut Group, ticket: Ticket, change: &Change) -> Result<Outcome, PublisherError> {
        let name = change.project();
        if !group.projects.contains_key(name) {
            let stored = self.store.project(name).await?;
            group.projects.insert(name.clone(), stored.unwrap_or_else(|| Project::new(name.clone())));
        }
        let Some(project) = group.projects.get_mut(name) else { return Ok(Outcome::Published) };
        if matches!(change, Change::Add(_)) && project.files.len() >= affineur_packaging::limits::PAGE_FILES {
            let most = affineur_packaging::limits::PAGE_FILES;
            return Ok(Outcome::Refused(format!("{name} has {most} files, which is the most that a project can have")));
        }
        project.apply(ticket, change);
        if self.granularity == Granularity::ListingsAndFiles {
            match change {
                Change::Add(file) => group.files.extend(file_target(file).ok().map(|(path, target)| (path, Some(target)))),
                Change::Request(Request::Delete { file }) => {
                    let path = affineur_trust::listing::file_path(file.project(), file).ok();
                    group.files.extend(path.map(|path| (path, None)));
                }
                Change::Request(_) => {}
            }
        }
        Ok(Outcome::Published)
    }

    /// Signs the bins that are edited (with no edits: renews them), snapshot and timestamp, and commits.
    pub(super) async fn publish_edits(
        &mut self,
        edits: BTreeMap<u64, Edits>,
        targets: Vec<(TargetPath, affineur_packaging::Sha256, Bytes)>,
        done: Vec<(Ticket, Outcome)>,
        now: Timestamp,
    ) -> Result<Version, PublisherError> {
        let began = Instant::now();
        let offered = Offered { targets, done, ..Offered::default() };
        let (publication, next) = self.signed(edits, offered, now).await?;
        let version = self.commit(publication, next).await?;
        metrics::histogram!("affineur_index_publication_seconds").record(began.elapsed().as_secs_f64());
        Ok(version)
    }

    /// Signs, and stores nothing yet: the publication, and the state after it.
    pub(super) async fn signed(
        &self,
        edits: BTreeMap<u64, Edits>,
        offered: Offered,
        now: Timestamp,
    ) -> Result<(Publication, State), PublisherError> {
        let Offered { mut metadata, targets, done } = offered;
        let mut next = self.state.clone();
        let after = Some(next.timestamp.version());
        let bins_expire = expiry(now, self.validity.bin)?;
        for (bin, edits) in edits {
            let name = self.tree.name(bin);
            let draft = stored(&self.store, &self.tree.path(bin, listed(&next.snapshot, &name)?)).await?;
            let (path, bytes) = self.sign_bin(bin, draft, edits, bins_expire, &mut next)?;
            metadata.push((path, bytes));
        }
        let signer = [&*self.online];
        next.snapshot = next.snapshot.next().map_err(affineur_tuf::edit::SignError::from)?;
        next.snapshot.set_expires(expiry(now, self.validity.snapshot)?);
        let snapshot = next.snapshot.sign(signer)?;
        next.timestamp = next.timestamp.next().map_err(affineur_tuf::edit::SignError::from)?;
        next.timestamp.set_expires(expiry(now, self.validity.timestamp)?).set_snapshot(snapshot.listed());
        metadata.push((metadata_path(TopRole::Snapshot.as_str(), Some(snapshot.version())), snapshot.into_bytes().into()));
        let version = next.timestamp.version();
        let timestamp = next.timestamp.sign(signer)?.into_bytes().into();
        Ok((Publication { after, version, timestamp, metadata, targets, done, at: now }, next))
    }

    /// Stores what was signed, in one step.
    pub(super) async fn commit(&mut self, publication: Publication, next: State) -> Result<Version, PublisherError> {
        let version = publication.version;
        self.store.publish(publication).await?;
        self.state = next;
        Ok(version)
    }

    fn sign_bin(
        &self,
        bin: u64,
        draft: Draft<Targets>,
        edits: Edits,
        expires: affineur_tuf::Expiry,
        next: &mut State,
    ) -> Result<(String, Bytes), PublisherError> {
        let mut draft = draft.next().map_err(affineur_tuf::edit::SignError::from)?;
        draft.set_expires(expires);
        for (path, target) in edits.0 {
            match target {
                Some(target) => drop(draft.add_target(&path, target)),
                None => drop(draft.remove_target(&path)),
            }
        }
        let signed = draft.sign([&*self.online])?;
        next.snapshot.list(&self.tree.name(bin), signed.listed_by_version());
        if let Some(slot) = usize::try_from(bin).ok().and_then(|at| Arc::make_mut(&mut next.bins).get_mut(at)) {
            *slot = expires;
        }
        Ok((self.tree.path(bin, signed.version()), signed.into_bytes().into()))
    }
}
