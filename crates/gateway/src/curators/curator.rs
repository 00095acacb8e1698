//! One curator's repository: asked in the background, its last verified statements are kept for requests.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use affineur_packaging::Sha256;
use affineur_trust::NotVouched;
use affineur_tuf_client::Client;
use jiff::Timestamp;
use tokio::sync::watch;
use url::Url;

use super::statements::{Hearing, Statements};
use crate::engine::clock;
use crate::limits;
use crate::repository::{Documents, RepositoryCopy, RepositoryTransport, why};
use crate::state::State;

/// A curator, by its own repository: several parties may hear the same one.
#[derive(Debug)]
pub(crate) struct Curator {
    /// URL and first root: what is remembered of it is remembered under this.
    pub(crate) identity: Sha256,
    /// Where it is.
    pub(crate) url: Url,
    client: Client<RepositoryTransport>,
    documents: Documents,
    state: State,
    heard: RwLock<Heard>,
    /// How many curators a statement of those whom it names may pass through, itself included, for whoever allows most.
    depth: AtomicU32,
    /// Whether it was asked once, with whatever outcome.
    asked: watch::Sender<bool>,
}

/// What is known of a curator.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    /// The last statements that could be verified.
    pub(crate) statements: Option<Arc<Statements>>,
    /// Why the last attempt to hear something newer failed, if it did.
    pub(crate) problem: Option<NotVouched>,
}

/// What an attempt changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Requests see something else than before.
    Other,
    /// They do not.
    Nothing,
}

impl Curator {
    pub(super) fn new(copy: RepositoryCopy, transport: RepositoryTransport, documents: Documents, state: State) -> Self {
        let RepositoryCopy { url, copy, identity } = copy;
        let client = Client::new(copy, transport).with_lock_wait(limits::CURATOR_PATIENCE);
        let (heard, asked) = (RwLock::default(), watch::Sender::new(false));
        Self { identity, url, client, documents, state, heard, depth: AtomicU32::new(1), asked }
    }

    /// What is known of it now.
    pub(crate) fn heard(&self) -> Heard {
        self.heard.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Which of its statements are heard now.
    pub(super) fn version(&self) -> String {
        match self.heard().statements {
            Some(statements) => {
                let (root, snapshot) = statements.content();
                format!("{root} {snapshot}")
            }
            None => "unheard".to_owned(),
        }
    }

    /// How many curators a statement may pass through from here, itself included.
    pub(super) fn depth(&self) -> u32 {
        self.depth.load(Ordering::Acquire)
    }

    /// Allows so many. Whether fewer were allowed before.
    pub(super) fn allow(&self, depth: u32) -> bool {
        self.depth.fetch_max(depth, Ordering::AcqRel) < depth
    }

    /// Waits until it was asked once.
    pub(super) async fn asked(&self) {
        // The sender is in here: it cannot be gone.
        let _ = self.asked.subscribe().wait_for(|asked| *asked).await;
    }

    /// Notes that it was asked once, and whom it names is known.
    pub(super) fn note_asked(&self) {
        self.asked.send_replace(true);
    }

    /// What the last process left. Only what is missing of it is asked for.
    pub(super) async fn recall(&self) -> Change {
        let now = clock::now();
        let recalled = tokio::time::timeout(limits::CURATOR_PATIENCE, async {
            let view = self.client.recall(now).await.ok()??;
            Statements::hear(self.hearing(now), view, None).await.ok()
        });
        match recalled.await {
            Ok(Some(statements)) => self.tell(Ok(statements)),
            Ok(None) | Err(_) => Change::Nothing,
        }
    }

    /// Asks for something newer. Until all of it is there and verified, what was heard before holds.
    pub(super) async fn refresh(&self) -> Change {
        let now = clock::now();
        let refreshed = tokio::time::timeout(limits::CURATOR_PATIENCE, async {
            let view = self.client.refresh(now).await.map_err(|error| why(&error, None))?;
            Statements::hear(self.hearing(now), view, self.heard().statements.as_deref()).await
        });
        let timed_out = || NotVouched::Unreachable { problem: "timed out".to_owned(), last_heard: None };
        self.tell(refreshed.await.unwrap_or_else(|_| Err(timed_out())))
    }

    fn tell(&self, heard: Result<Statements, NotVouched>) -> Change {
        let mut known = self.heard.write().unwrap_or_else(PoisonError::into_inner);
        let before = known.clone();
        match heard {
            Ok(statements) => *known = Heard { statements: Some(Arc::new(statements)), problem: None },
            Err(problem) => {
                if known.problem.as_ref() != Some(&problem) {
                    tracing::warn!(curator = %self.url, %problem, "nothing newer is heard of this curator");
                }
                known.problem = Some(problem);
            }
        }
        // A newer timestamp alone is something else too: `max-stale` counts from it.
        let version = |heard: &Heard| heard.statements.as_ref().map(|statements| (statements.content(), statements.since));
        if version(&before) == version(&known) && before.problem == known.problem { Change::Nothing } else { Change::Other }
    }

    fn hearing(&self, now: Timestamp) -> Hearing<'_> {
        let Self { client, documents, state, identity, .. } = self;
        Hearing { client, documents, state, identity: *identity, now }
    }
}
