//! One publication: many tickets, the bins that they touch, one snapshot, one timestamp.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use affineur_packaging::{ProjectName, Sha256};
use affineur_tuf::edit::{Edits, SignError, Signed, Text};
use affineur_tuf::{Expiry, TargetFile, TargetPath, Targets, TopRole, Version, metadata_path};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::task::{JoinError, JoinHandle};

use super::documents::{Document, Granularity, documents, file_target};
use super::start::listed;
use super::{Publisher, PublisherError, State, expiry, file, unreadable};
use crate::limits;
use crate::store::{Change, Outcome, Project, Publication, Request, Store, Ticket};

/// What goes into a publication beside what it signs.
#[derive(Default)]
pub(super) struct Offered {
    /// Metadata that others signed.
    pub(super) metadata: Vec<(String, Bytes)>,
    pub(super) targets: Vec<(TargetPath, Sha256, Bytes)>,
    pub(super) done: Vec<(Ticket, Outcome)>,
}

/// What becomes of some tickets.
#[derive(Default)]
struct Group {
    done: Vec<(Ticket, Outcome)>,
    projects: BTreeMap<ProjectName, Touched>,
    /// Targets of single files, where they are wanted.
    files: Vec<(TargetPath, Option<TargetFile>)>,
}

/// A project that a group changes.
struct Touched {
    project: Project,
    /// What is signed about it.
    signed: Vec<Sha256>,
}

/// What changes in each bin, by its number. A bin without changes is renewed.
pub(super) type BinEdits = BTreeMap<u64, Edits<Targets>>;

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
        let mut group = Group { projects: self.touched(&pending).await?, ..Group::default() };
        for (ticket, change) in &pending {
            let outcome = self.apply(&mut group, *ticket, change);
            group.done.push((*ticket, outcome));
        }
        let mut edits = BinEdits::default();
        let mut targets = Vec::new();
        for Touched { project, signed } in group.projects.values() {
            // A project's name makes a path: it was parsed.
            let changed = documents(project).into_iter().flatten().filter(|document| !signed.contains(&document.sha256));
            for document in changed {
                edits.entry(self.tree.bin_of(&document.path)).or_default().add_target(&document.path, document.target());
                let Document { path, sha256, bytes } = document;
                targets.push((path, sha256, bytes));
            }
        }
        for (path, target) in group.files {
            let edits = edits.entry(self.tree.bin_of(&path)).or_default();
            match target {
                Some(target) => edits.add_target(&path, target),
                None => edits.remove_target(&path),
            };
        }
        let published = self.publish_edits(edits, targets, group.done, now).await?;
        Ok(Some(published))
    }

    /// The projects that some changes are about.
    async fn touched(&self, pending: &[(Ticket, Change)]) -> Result<BTreeMap<ProjectName, Touched>, PublisherError> {
        let names: BTreeSet<ProjectName> = pending.iter().map(|(_, change)| change.project().clone()).collect();
        let projects = names.into_iter().map(|name| {
            let store = self.store.clone();
            async move {
                let touched = Touched::from(store.project(&name).await?, &name);
                Ok((name, touched))
            }
        });
        in_parallel(projects).await
    }

    /// Applies one change to its project.
    fn apply(&self, group: &mut Group, ticket: Ticket, change: &Change) -> Outcome {
        let name = change.project();
        let touched = group.projects.entry(name.clone()).or_insert_with(|| Touched::from(None, name));
        let project = &mut touched.project;
        if matches!(change, Change::Add(_)) && project.files.len() >= affineur_packaging::limits::PAGE_FILES {
            let most = affineur_packaging::limits::PAGE_FILES;
            return Outcome::Refused(format!("{name} has {most} files, which is the most that a project can have"));
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
        Outcome::Published
    }

    /// Signs the bins that are edited, snapshot and timestamp, and commits.
    pub(super) async fn publish_edits(
        &mut self,
        edits: BinEdits,
        targets: Vec<(TargetPath, Sha256, Bytes)>,
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
        edits: BinEdits,
        offered: Offered,
        now: Timestamp,
    ) -> Result<(Publication, State), PublisherError> {
        let Offered { mut metadata, targets, done } = offered;
        let after = Some(self.state.timestamp.version());
        let expires = expiry(now, self.validity.bin)?;
        let (mut bins, mut listed) = (Arc::clone(&self.state.bins), Edits::default());
        for (bin, signed) in self.sign_bins(edits, expires).await? {
            listed.list(&self.tree.name(bin), signed.listed_by_version());
            metadata.push((self.tree.path(bin, signed.version()), signed.into_bytes().into()));
            if let Some(slot) = usize::try_from(bin).ok().and_then(|at| Arc::make_mut(&mut bins).get_mut(at)) {
                *slot = expires;
            }
        }
        let mut snapshot = self.state.snapshot.edited(&listed)?.next().map_err(SignError::from)?;
        let signed = snapshot.set_expires(expiry(now, self.validity.snapshot)?).sign([&*self.online])?;
        let mut timestamp = self.state.timestamp.clone().next().map_err(SignError::from)?;
        timestamp.set_expires(expiry(now, self.validity.timestamp)?).set_snapshot(signed.listed());
        metadata.push((metadata_path(TopRole::Snapshot.as_str(), Some(signed.version())), signed.into_bytes().into()));
        let version = timestamp.version();
        let bytes = timestamp.sign([&*self.online])?.into_bytes().into();
        let publication = Publication { after, version, timestamp: bytes, metadata, targets, done, at: now };
        Ok((publication, State { timestamp, snapshot, bins }))
    }

    /// Stores what was signed, in one step.
    pub(super) async fn commit(&mut self, publication: Publication, next: State) -> Result<Version, PublisherError> {
        let version = publication.version;
        self.store.publish(publication).await?;
        self.state = next;
        Ok(version)
    }

    /// The next versions of bins.
    async fn sign_bins(&self, edits: BinEdits, expires: Expiry) -> Result<Vec<(u64, Signed<Targets>)>, PublisherError> {
        let mut next = Vec::with_capacity(edits.len());
        for (bin, edits) in edits {
            let path = self.tree.path(bin, listed(&self.state.snapshot, &self.tree.name(bin))?);
            let (store, online) = (self.store.clone(), Arc::clone(&self.online));
            next.push(async move {
                let text = Text::reopen(&file(&store, &path).await?).map_err(|fault| unreadable(path, fault))?;
                let mut text = text.edited(&edits)?.next().map_err(SignError::from)?;
                Ok((bin, text.set_expires(expires).sign([&*online])?))
            });
        }
        in_parallel(next).await
    }
}

/// Does many small things, each in a task of its own, some at once; in their order, until the first error.
async fn in_parallel<T, F, C>(things: impl IntoIterator<Item = F>) -> Result<C, PublisherError>
where
    F: Future<Output = Result<T, PublisherError>> + Send + 'static,
    T: Send + 'static,
    C: Default + Extend<T>,
{
    let lost = |error: JoinError| PublisherError::Lost(error.to_string());
    let mut done = C::default();
    let mut running = VecDeque::<JoinHandle<Result<T, PublisherError>>>::new();
    for thing in things {
        if running.len() == limits::PUBLISHER_TASKS
            && let Some(first) = running.pop_front()
        {
            done.extend([first.await.map_err(lost)??]);
        }
        running.push_back(tokio::spawn(thing));
    }
    for task in running {
        done.extend([task.await.map_err(lost)??]);
    }
    Ok(done)
}

impl Touched {
    /// A project as it is stored, or one of which nothing is.
    fn from(stored: Option<Project>, name: &ProjectName) -> Self {
        match stored {
            None => Self { project: Project::new(name.clone()), signed: Vec::new() },
            Some(project) => {
                let signed = documents(&project).into_iter().flatten().map(|document| document.sha256).collect();
                Self { project, signed }
            }
        }
    }
}
