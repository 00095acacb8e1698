//! All that a curator says at one time: a verified view with every role in memory, its people, and whom it names.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use affineur_packaging::{FileName, ProjectName, Sha256};
use affineur_trust::curator::{CuratorFault, Delegate, People, Shelf};
use affineur_trust::{Document, DocumentKind, NotVouched};
use affineur_tuf::Role as _;
use affineur_tuf::{Error, Fault, Found, Lookup, Progress, RoleLabel, Search, TargetPath, Version, View};
use affineur_tuf_client::Client;
use jiff::Timestamp;
use quick_cache::sync::Cache as MemoryCache;

use super::says::Says;
use crate::limits;
use crate::repository::{Documents, RepositoryTransport, why};
use crate::state::State;

/// A curator's statements, verified and complete. Nothing in here waits for anybody.
#[derive(Debug)]
pub(crate) struct Statements {
    view: View,
    /// Roles that are of no use: they have expired.
    expired: BTreeMap<String, NotVouched>,
    /// Since when its newest statement of all has been known.
    pub(crate) since: Timestamp,
    /// Its voters and auditors, if it has any.
    pub(crate) people: Result<Option<People>, CuratorFault>,
    /// The curators that it names.
    pub(crate) delegates: Result<Vec<Delegate>, CuratorFault>,
    /// What was read out of it, by project: as long as nothing but the timestamp changes, it is not read again.
    says: Arc<MemoryCache<ProjectName, Arc<Says>>>,
}

/// With what statements are made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hearing<'a> {
    pub(super) client: &'a Client<RepositoryTransport>,
    pub(super) documents: &'a Documents,
    pub(super) state: &'a State,
    pub(super) identity: Sha256,
    pub(super) now: Timestamp,
}

impl Statements {
    /// Completes a view: every role that speaks of files, and both lists. What has expired or is hostile among the roles is a
    /// statement too (of nothing); what could not be had makes the whole incomplete.
    pub(super) async fn hear(hearing: Hearing<'_>, mut view: View, before: Option<&Self>) -> Result<Self, NotVouched> {
        let Hearing { client, state, identity, now, .. } = hearing;
        let mut expired = BTreeMap::new();
        for path in example_paths() {
            match client.find(&mut view, &path, now).await.map_err(|error| why(&error, None)) {
                Ok(Lookup::Found(_) | Lookup::Absent) => {}
                Ok(Lookup::GaveUp { visited }) => return Err(NotVouched::GaveUp { visited }),
                Err(why) => match expired_role(&why) {
                    Some(role) => drop(expired.insert(role, why)),
                    None => return Err(why),
                },
            }
        }
        let people = hearing.document(&mut view, Shelf::People, DocumentKind::People).await?;
        let people = people.map(|(found, bytes)| People::read(Document { found: &found, bytes: &bytes })).transpose();
        let delegates = hearing.document(&mut view, Shelf::Curators, DocumentKind::Curators).await?;
        let delegates = delegates.map(|(found, bytes)| Delegate::read(Document { found: &found, bytes: &bytes }));
        let delegates = delegates.transpose().map(Option::unwrap_or_default);
        let stored = state.heard(identity, view.timestamp().version().number(), now).await;
        let since = stored.map_err(|problem| NotVouched::Unreachable { problem: problem.to_string(), last_heard: None })?;
        let says = match before {
            Some(before) if before.content() == content(&view) => Arc::clone(&before.says),
            _ => Arc::new(MemoryCache::new(limits::CURATOR_PROJECTS)),
        };
        Ok(Self { view, expired, since, people, delegates, says })
    }

    /// Which statements these are: of two with the same, only the timestamp may differ.
    pub(super) fn content(&self) -> (Version, Version) {
        content(&self.view)
    }

    /// When the first of its top-level roles expires.
    ///
    /// # Errors
    /// One has.
    pub(crate) fn expires(&self, now: Timestamp) -> Result<Timestamp, NotVouched> {
        Ok(self.view.live(now)?.expires().time())
    }

    /// What was read out of it about a project before, if it still holds.
    pub(super) fn known(&self, project: &ProjectName, now: Timestamp) -> Option<Arc<Says>> {
        self.says.get(project).filter(|says| says.holds_at(now))
    }

    pub(super) fn keep(&self, project: &ProjectName, says: &Arc<Says>) {
        self.says.insert(project.clone(), Arc::clone(says));
    }

    /// What stands at a place. `None` is a signed absence.
    ///
    /// # Errors
    /// A role on the way has expired or is not there.
    pub(super) fn find(&self, shelf: Shelf<'_>, now: Timestamp) -> Result<Option<Found>, NotVouched> {
        let mut search = Search::new(path(shelf)?);
        match search.advance(&self.view.live(now)?)? {
            Progress::Ended(Lookup::Found(found)) => Ok(Some(found)),
            Progress::Ended(Lookup::Absent) => Ok(None),
            Progress::Ended(Lookup::GaveUp { visited }) => Err(NotVouched::GaveUp { visited }),
            Progress::Needs(edge) => Err(self.expired.get(edge.role().as_str()).cloned().unwrap_or_else(|| {
                let problem = format!("the role {} is not there: this is a bug", edge.role().as_str());
                NotVouched::Unreachable { problem, last_heard: Some(self.since) }
            })),
        }
    }

    /// The files of a project about which one of its roles says something, and until when that role may be used.
    ///
    /// # Errors
    /// The role has expired.
    pub(super) fn files(
        &self,
        role: &str,
        project: &ProjectName,
        now: Timestamp,
    ) -> Result<(Vec<FileName>, Timestamp), NotVouched> {
        if let Some(why) = self.expired.get(role) {
            return Err(why.clone());
        }
        let live = self.view.live(now)?;
        for edge in live.delegations(None)? {
            let edge = edge?;
            if edge.role().as_str() == role
                && let Some(targets) = live.says(&edge)?
            {
                let prefix = format!("{role}/{project}/");
                let named = targets.targets_below(&prefix).filter_map(|(path, _)| path.strip_prefix(&prefix));
                let files = named.filter_map(|name| FileName::of_project(name, project).ok()).collect();
                return Ok((files, targets.expires().time()));
            }
        }
        Ok((Vec::new(), Timestamp::MAX))
    }
}

impl Hearing<'_> {
    /// A signed list, if there is one.
    async fn document(
        &self,
        view: &mut View,
        shelf: Shelf<'_>,
        kind: DocumentKind,
    ) -> Result<Option<(Found, bytes::Bytes)>, NotVouched> {
        let path = path(shelf)?;
        let found = match self.client.find(view, &path, self.now).await.map_err(|error| why(&error, None))? {
            Lookup::Found(found) => found,
            Lookup::Absent => return Ok(None),
            Lookup::GaveUp { visited } => return Err(NotVouched::GaveUp { visited }),
        };
        let url_path = view.live(self.now)?.target_path(&path, &found.target);
        let bytes = self.documents.fetched(self.client.transport(), (kind, &url_path), &found, None).await?;
        Ok(Some((found, bytes)))
    }
}

fn content(view: &View) -> (Version, Version) {
    (view.root().version(), view.snapshot().version())
}

fn path(shelf: Shelf<'_>) -> Result<TargetPath, NotVouched> {
    let no_path = |_| NotVouched::Unreachable { problem: "the name is no path".to_owned(), last_heard: None };
    shelf.path().map_err(no_path)
}

/// A path that each role would sign: looking for it brings the role into the view.
fn example_paths() -> Vec<TargetPath> {
    let (Ok(project), Ok(file)) = ("affineur".parse(), "affineur-1.tar.gz".parse()) else { return Vec::new() };
    let shelves = [Shelf::Authors(&project), Shelf::Voted(&file), Shelf::Audited(&file), Shelf::Objections(&project)];
    shelves.into_iter().filter_map(|shelf| shelf.path().ok()).collect()
}

/// The delegated role that was had and has expired, if that is why.
fn expired_role(why: &NotVouched) -> Option<String> {
    match why {
        NotVouched::Metadata(Error { role: RoleLabel::Delegated(role), fault: Fault::Expired { .. } }) => {
            Some(role.as_str().to_owned())
        }
        _ => None,
    }
}

/// What curators say of one file, by name.
pub(super) type OfFiles<T> = HashMap<FileName, T>;
