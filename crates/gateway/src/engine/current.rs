//! The gateway that decides now, and the step from one policy to the next.
//!
//! A gateway has one policy for ever. Whoever answers a request takes the current gateway once and keeps it to the end: so each
//! request sees one policy. What was decided under the old one goes away with the last request that took it; what no policy
//! changes (what is remembered, verified bytes, running downloads, what was found hostile) is shared.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use affineur_packaging::Sha256;
use affineur_trust::{Contradiction, PolicySet};
use http::HeaderValue;
use jiff::Timestamp;

use super::pages::Pages;
use super::{Gateway, Record, Rules, clock, distrust, scope};
use crate::cache::Cache;
use crate::curators::Curators;
use crate::download::Downloads;
use crate::fetch::Fetcher;
use crate::provenance::Provenances;
use crate::repository::{Documents, IndexRepository, RepositoryCopy, RepositoryTransport};
use crate::state::State;

/// The gateway that decides now.
#[derive(Debug)]
pub struct Current {
    gateway: RwLock<Arc<Gateway>>,
    status: Mutex<PolicyStatus>,
}

/// What is known about the policy of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyStatus {
    /// The digest of the policies in force, in their fixed form.
    pub sha256: Sha256,
    /// Since when they are in force.
    pub since: Timestamp,
    /// Why a later change is not: who is at fault, and where.
    pub refused: Option<String>,
}

impl Current {
    /// Begins with this gateway.
    #[must_use]
    pub fn new(gateway: Arc<Gateway>) -> Arc<Self> {
        let status = PolicyStatus::of(gateway.policy());
        Arc::new(Self { gateway: RwLock::new(gateway), status: Mutex::new(status) })
    }

    /// The gateway that decides now: for one request, from its beginning to its end.
    #[must_use]
    pub fn gateway(&self) -> Arc<Gateway> {
        Arc::clone(&self.gateway.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Which policy is in force, and what was refused since.
    #[must_use]
    pub fn status(&self) -> PolicyStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on these rules hold.
    pub(crate) fn replace(&self, rules: Rules) {
        let next = Arc::new(self.gateway().under(rules));
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = PolicyStatus::of(next.policy());
        *self.gateway.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// Notes whether a change was refused, and why.
    pub(crate) fn note_refused(&self, problem: Option<String>) {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).refused = problem;
    }
}

impl PolicyStatus {
    fn of(policy: &PolicySet) -> Self {
        let sha256 = crate::digest::sha256(policy.canonical().as_bytes());
        Self { sha256, since: clock::now(), refused: None }
    }
}

/// What no policy changes.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) curators: Arc<Curators>,
    pub(super) provenances: Arc<Provenances>,
    pub(super) state: State,
    pub(super) cache: Cache,
    pub(super) fetcher: Arc<Fetcher>,
    pub(super) downloads: Downloads,
    pub(super) pages: Pages,
    pub(super) distrusted: Arc<Mutex<HashMap<distrust::Suspect, Contradiction>>>,
    pub(super) record: Arc<Record>,
}

impl Kept {
    /// Opens a repository.
    pub(super) fn repository(&self, copy: RepositoryCopy, authorization: Option<HeaderValue>) -> Arc<IndexRepository> {
        let documents = Documents::new(self.cache.clone(), scope(authorization.as_ref()));
        let transport = RepositoryTransport::new(Arc::clone(&self.fetcher), &copy.url, authorization);
        Arc::new(IndexRepository::new(copy, transport, documents, self.fetcher.patience()))
    }
}

impl Gateway {
    /// The policies in force.
    #[must_use]
    pub const fn policy(&self) -> &PolicySet {
        &self.policy
    }

    /// This gateway under other rules: nothing that was decided comes along. Repositories that both have keep their views.
    #[must_use]
    pub fn under(&self, rules: Rules) -> Self {
        let kept = Kept {
            curators: Arc::clone(&self.curators),
            provenances: Arc::clone(&self.provenances),
            state: self.state.clone(),
            cache: self.cache.clone(),
            fetcher: Arc::clone(&self.fetcher),
            downloads: self.downloads.clone(),
            pages: self.pages.clone(),
            distrusted: Arc::clone(&self.distrusted),
            record: Arc::clone(&self.record),
        };
        Self::made_of(rules, kept, &self.sources())
    }
}
