//! Indexes with a TUF repository: a current view that many requests share, and a project's two documents, verified.
//!
//! It decides nothing, and nothing of the unsigned Simple API comes in here.

mod documents;
mod transport;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use affineur_packaging::{ProjectName, Sha256};
use affineur_trust::listing::{Listing, listing_path, overlay_path};
use affineur_trust::{Document, DocumentKind, NotVouched, VerifiedListing, VerifiedProject};
use affineur_tuf::{Found, Lookup, TargetPath, View};
use affineur_tuf_client::local::{LocalCopy, LocalError};
use affineur_tuf_client::{Client, ClientError};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;
use url::Url;

use crate::engine::clock;
use crate::limits;

pub(crate) use self::documents::Documents;
pub(crate) use self::transport::RepositoryTransport;

/// A repository that a policy names, before anybody asks it.
#[derive(Debug)]
pub struct RepositoryCopy {
    /// Where it is; ends in `/`.
    pub url: Url,
    /// What is known of it from before, beginning with the root that the user trusts.
    pub copy: LocalCopy,
    /// URL and trusted root: under this it is remembered.
    pub identity: Sha256,
}

impl RepositoryCopy {
    /// Opens the local copy of a repository in the folder of all copies. It begins anew where URL or trusted root is another one.
    ///
    /// # Errors
    /// See [`LocalError`].
    pub fn open(copies: &Path, url: Url, root: &[u8]) -> Result<Self, LocalError> {
        let identity = Self::identity_of(&url, root);
        let folder = copies.join(identity.to_string());
        let copy = match LocalCopy::open(&folder) {
            Err(LocalError::NotInitialised { .. }) => LocalCopy::initialise(&folder, root),
            opened => opened,
        };
        Ok(Self { url, copy: copy?, identity })
    }

    /// Under what a repository is remembered.
    #[must_use]
    pub fn identity_of(url: &Url, root: &[u8]) -> Sha256 {
        let mut key = format!("{url}\n").into_bytes();
        key.extend(root);
        crate::digest::sha256(&key)
    }
}

/// An index's repository.
#[derive(Debug)]
pub(crate) struct IndexRepository {
    pub(crate) url: Url,
    identity: Sha256,
    client: Client<RepositoryTransport>,
    documents: Documents,
    /// Locked while somebody refreshes: the others wait for the result.
    known: tokio::sync::Mutex<Known>,
    /// The longest that a request waits.
    patience: Duration,
}

#[derive(Debug, Default)]
struct Known {
    held: Option<Arc<Held>>,
    failed: Option<(Timestamp, NotVouched)>,
}

/// A view that was current when it was made.
#[derive(Debug)]
struct Held {
    view: Mutex<View>,
    updated: Timestamp,
}

/// How current the answer must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// As fresh as always.
    Fresh,
    /// Refreshed for this question, unless that was done a moment ago.
    Anew,
}

/// What the index says about a project.
#[derive(Debug)]
pub(crate) enum Told {
    /// It has it.
    Project(Box<VerifiedProject>),
    /// Signed: it has not.
    Absent,
    /// It does not vouch, whether it has it or not. The listing's names, where those could be verified.
    NotVouched { why: NotVouched, listing: Option<Listing> },
}

/// An answer, and how long it may be used.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) told: Told,
    pub(crate) confirmed: Timestamp,
    pub(crate) fresh_until: Timestamp,
}

impl IndexRepository {
    pub(crate) fn new(
        settings: RepositoryCopy,
        transport: RepositoryTransport,
        documents: Documents,
        patience: Duration,
    ) -> Self {
        let client = Client::new(settings.copy, transport).with_lock_wait(patience);
        Self {
            url: settings.url,
            identity: settings.identity,
            client,
            documents,
            known: tokio::sync::Mutex::default(),
            patience,
        }
    }

    /// Whether this is the repository of which that is a copy: the same place, and trusted from the same root.
    pub(crate) fn is_of(&self, copy: &RepositoryCopy) -> bool {
        self.identity == copy.identity
    }

    /// Asks for a project. Waits no longer than its patience; a refresh that takes longer goes on for those who ask next.
    pub(crate) async fn ask(self: &Arc<Self>, project: &ProjectName, wish: Wish) -> Answer {
        let (repository, of) = (Arc::clone(self), project.clone());
        let asked = tokio::spawn(async move { repository.answer(&of, wish).await });
        match timeout(self.patience, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Answer::unreachable("its answer cannot be read: this is a bug"),
            Err(_) => Answer::unreachable("timed out while reading the whole answer"),
        }
    }

    async fn answer(&self, project: &ProjectName, wish: Wish) -> Answer {
        let (held, now) = match self.current(wish).await {
            Ok(current) => current,
            Err(why) => return Answer::not_vouched(why),
        };
        match self.look_up(&held, project, now).await {
            Ok(told @ Told::NotVouched { .. }) => Answer { told, ..Answer::unreachable("") },
            Ok(told) => {
                let until = later(held.updated, limits::REPOSITORY_FRESH_SECONDS);
                // What expires earlier is not used longer: asked as of that moment, the same search fails.
                let fresh_until = if self.holds(&held, project, until).await { until } else { now };
                Answer { told, confirmed: held.updated, fresh_until }
            }
            Err(why) => Answer::not_vouched(why),
        }
    }

    /// The current view: the one that is there, or a new one. One request refreshes, the others wait for it.
    async fn current(&self, wish: Wish) -> Result<(Arc<Held>, Timestamp), NotVouched> {
        let mut known = self.known.lock().await;
        let now = clock::now();
        let fresh = match wish {
            Wish::Fresh => limits::REPOSITORY_FRESH_SECONDS,
            Wish::Anew => limits::REPOSITORY_LEAST_SECONDS,
        };
        let holds = |since: Timestamp, seconds| since <= now && now < later(since, seconds);
        if let Some(held) = known.held.as_ref().filter(|held| holds(held.updated, fresh)) {
            return Ok((Arc::clone(held), now));
        }
        if let Some((_, why)) = known.failed.as_ref().filter(|(when, _)| holds(*when, limits::UNHEARD_SECONDS)) {
            return Err(why.clone());
        }
        match self.client.refresh(now).await {
            Ok(view) => {
                let held = Arc::new(Held { view: Mutex::new(view), updated: now });
                *known = Known { held: Some(Arc::clone(&held)), failed: None };
                Ok((held, now))
            }
            Err(error) => {
                let why = why(&error, known.held.as_ref().map(|held| held.updated));
                known.failed = Some((now, why.clone()));
                Err(why)
            }
        }
    }

    /// Both documents, or neither.
    async fn look_up(&self, held: &Held, project: &ProjectName, now: Timestamp) -> Result<Told, NotVouched> {
        let (listing_at, overlay_at) = paths(project)?;
        let (listing, overlay) = tokio::try_join!(self.find(held, &listing_at, now), self.find(held, &overlay_at, now))?;
        let (listing, overlay) = match (listing, overlay) {
            (None, None) => return Ok(Told::Absent),
            (None, Some(_)) => return Err(NotVouched::OneMissing(DocumentKind::Listing)),
            (Some(_), None) => return Err(NotVouched::OneMissing(DocumentKind::Overlay)),
            (Some(listing), Some(overlay)) => (listing, overlay),
        };
        let (of_listing, of_overlay) = tokio::join!(
            self.document(held, DocumentKind::Listing, &listing_at, &listing, now),
            self.document(held, DocumentKind::Overlay, &overlay_at, &overlay, now)
        );
        let verified = VerifiedListing::read(project, Document { found: &listing, bytes: &of_listing? })?;
        let names = verified.listing().clone();
        let told = of_overlay.and_then(|bytes| verified.with_overlay(Document { found: &overlay, bytes: &bytes }));
        Ok(match told {
            Ok(project) => Told::Project(Box::new(project)),
            Err(why) => Told::NotVouched { why, listing: Some(names) },
        })
    }

    /// What the roles say about a target; `None` is a signed absence.
    async fn find(&self, held: &Held, path: &TargetPath, now: Timestamp) -> Result<Option<Found>, NotVouched> {
        let found = self.client.find_shared(&held.view, path, now).await;
        held.forget_surplus();
        match found.map_err(|error| why(&error, Some(held.updated)))? {
            Lookup::Found(found) => Ok(Some(found)),
            Lookup::Absent => Ok(None),
            Lookup::GaveUp { visited } => Err(NotVouched::GaveUp { visited }),
        }
    }

    /// The bytes of a document, kept or as they come: whoever reads them checks them.
    async fn document(
        &self,
        held: &Held,
        document: DocumentKind,
        path: &TargetPath,
        found: &Found,
        now: Timestamp,
    ) -> Result<Bytes, NotVouched> {
        let url_path = held.lock().live(now)?.target_path(path, &found.target);
        self.documents.fetched(self.client.transport(), (document, &url_path), found, Some(held.updated)).await
    }

    /// Whether the roles that say something about the project may still be used at a later moment.
    async fn holds(&self, held: &Held, project: &ProjectName, then: Timestamp) -> bool {
        let Ok((listing, overlay)) = paths(project) else { return false };
        self.find(held, &listing, then).await.is_ok() && self.find(held, &overlay, then).await.is_ok()
    }
}

impl Answer {
    fn not_vouched(why: NotVouched) -> Self {
        let now = clock::now();
        let told = Told::NotVouched { why, listing: None };
        Self { told, confirmed: now, fresh_until: later(now, limits::UNHEARD_SECONDS) }
    }

    fn unreachable(problem: &str) -> Self {
        Self::not_vouched(NotVouched::Unreachable { problem: problem.to_owned(), last_heard: None })
    }
}

impl Held {
    fn lock(&self) -> std::sync::MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bounds the memory that roles take; who needs one again reads it from the local copy.
    fn forget_surplus(&self) {
        let mut view = self.lock();
        if view.roles_in_memory() > limits::REPOSITORY_ROLES {
            view.forget_roles();
        }
    }
}

fn paths(project: &ProjectName) -> Result<(TargetPath, TargetPath), NotVouched> {
    let no_path = |_| NotVouched::Unreachable { problem: "the project's name is no path".to_owned(), last_heard: None };
    Ok((listing_path(project).map_err(no_path)?, overlay_path(project).map_err(no_path)?))
}

/// What went wrong, in words that may be shown.
pub(crate) fn why(error: &ClientError, last_heard: Option<Timestamp>) -> NotVouched {
    let problem = match error {
        ClientError::Metadata(error) => return error.clone().into(),
        ClientError::Missing { role, .. } => format!("{role}: the repository does not have the file that it lists"),
        ClientError::Fetch { role, source, .. } => format!("{role}: {}", source.problem),
        ClientError::Local(error) => format!("what this machine keeps of it cannot be used: {error}"),
    };
    NotVouched::Unreachable { problem, last_heard }
}

pub(crate) fn later(from: Timestamp, seconds: i64) -> Timestamp {
    from.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}
