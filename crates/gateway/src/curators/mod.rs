//! Curators: whom the policy's user trusts to judge files of others, and what they say.
//!
//! Each curator is asked in the background. A request reads what was heard last, verified and complete, and never waits for
//! a slow curator; only the very first one waits, for a bounded time, until each was asked once.
//!
//! ```text
//! Curator ── refresh ──▶ Statements (a view with all roles, people, named curators) ──▶ Says (of one project) ──▶ Voices
//! ```
//!
//! What a curator says through others (`depth`) is followed here; what it is worth is decided by the policy.

mod curator;
mod reach;
mod says;
mod statements;
mod voices;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use affineur_packaging::{ProjectName, Sha256};
use affineur_trust::curator::Delegate;
use affineur_trust::{PartyName, Policy};
use futures_util::future::join_all;
use http::HeaderValue;
use jiff::SignedDuration;
use quick_cache::sync::Cache as MemoryCache;
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::curator::{Change, Curator};
use self::reach::Reached;
pub(crate) use self::voices::{SignedBy, Voices};
use crate::cache::Cache;
use crate::engine::clock;
use crate::fetch::Fetcher;
use crate::limits;
use crate::repository::{Documents, RepositoryCopy, RepositoryTransport};
use crate::state::State;

/// All curators of a policy, and those whom they name.
#[derive(Debug)]
pub(crate) struct Curators {
    parties: BTreeMap<PartyName, Seat>,
    /// Curators that others name, by their repositories.
    named: Mutex<HashMap<Sha256, Arc<Curator>>>,
    fetcher: Arc<Fetcher>,
    cache: Cache,
    memory: State,
    /// Where the local copies of all repositories are.
    copies: PathBuf,
    /// Grows whenever a request would see something else than before.
    generation: AtomicU64,
    voices: MemoryCache<ProjectName, Arc<Voices>>,
    begun: OnceCell<()>,
    tasks: Mutex<JoinSet<()>>,
}

/// A curator as the policy has it.
#[derive(Debug)]
struct Seat {
    curator: Arc<Curator>,
    /// How many curators a statement may pass through.
    depth: u32,
    authorization: Option<HeaderValue>,
}

/// A curator that another one names.
enum Met {
    /// Nobody asked it before.
    New(Arc<Curator>),
    /// It is asked already.
    Known(Arc<Curator>),
    /// It is not asked: there are too many, or it cannot be.
    Stranger,
}

impl Curators {
    /// Nobody. What is remembered of curators is in `memory`, their local copies in the folder `copies`.
    pub(crate) fn none(fetcher: &Arc<Fetcher>, cache: &Cache, (memory, copies): (State, PathBuf)) -> Arc<Self> {
        Arc::new(Self::of(BTreeMap::new(), Arc::clone(fetcher), cache.clone(), (memory, copies)))
    }

    fn of(parties: BTreeMap<PartyName, Seat>, fetcher: Arc<Fetcher>, cache: Cache, (memory, copies): (State, PathBuf)) -> Self {
        Self {
            parties,
            named: Mutex::default(),
            fetcher,
            cache,
            memory,
            copies,
            generation: AtomicU64::new(0),
            voices: MemoryCache::new(limits::CURATOR_PROJECTS),
            begun: OnceCell::new(),
            tasks: Mutex::default(),
        }
    }

    /// The curators of another policy, none of which was asked yet; what is known of those that both have stays known.
    pub(crate) fn under(
        &self,
        policy: &Policy,
        repositories: HashMap<PartyName, RepositoryCopy>,
        credentials: &HashMap<PartyName, HeaderValue>,
    ) -> Arc<Self> {
        let seat = |(name, copy): (PartyName, RepositoryCopy)| {
            let depth = policy.repository(&name)?.depth;
            let authorization = credentials.get(&name).cloned();
            let same = |seat: &&Seat| seat.curator.identity == copy.identity && seat.authorization == authorization;
            let curator = match self.parties.values().find(same) {
                Some(seat) => Arc::clone(&seat.curator),
                None => self.open(copy, authorization.clone()),
            };
            Some((name, Seat { curator, depth, authorization }))
        };
        let parties = repositories.into_iter().filter_map(seat).collect();
        let place = (self.memory.clone(), self.copies.clone());
        Arc::new(Self::of(parties, Arc::clone(&self.fetcher), self.cache.clone(), place))
    }

    fn open(&self, copy: RepositoryCopy, authorization: Option<HeaderValue>) -> Arc<Curator> {
        let documents = Documents::new(self.cache.clone(), crate::engine::scope(authorization.as_ref()));
        let transport = RepositoryTransport::new(Arc::clone(&self.fetcher), &copy.url, authorization);
        Arc::new(Curator::new(copy, transport, documents, self.memory.clone()))
    }

    /// Whether nobody is to be asked.
    pub(crate) fn is_empty(&self) -> bool {
        self.parties.is_empty()
    }

    /// Which answers hold: what was decided under another generation is decided again.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Which statements are heard now, of whom.
    pub(crate) fn epoch(&self) -> String {
        let known = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.parties.values().map(|seat| &seat.curator).chain(known.values());
        let mut all: Vec<_> = all.map(|curator| format!("{} {}", curator.identity, curator.version())).collect();
        all.sort();
        all.dedup();
        all.join("\n")
    }

    /// Begins to ask, once, and waits until everybody was asked once: no longer than [`limits::CURATORS_AGAIN`] where all were heard
    /// before, by an earlier process, and than [`limits::CURATORS_FIRST`] otherwise.
    pub(crate) async fn begin(self: &Arc<Self>) {
        self.begun
            .get_or_init(|| async {
                for seat in self.parties.values() {
                    seat.curator.allow(seat.depth);
                    self.watch(Arc::clone(&seat.curator));
                }
                let all = join_all(self.parties.values().map(|seat| self.asked(Arc::clone(&seat.curator), seat.depth)));
                let (mut all, patience) = (std::pin::pin!(all), self.fetcher.patience());
                let (again, first) = (limits::CURATORS_AGAIN.min(patience), limits::CURATORS_FIRST.min(patience));
                let mut answered = timeout(again, &mut all).await.is_ok();
                if !answered && !self.parties.values().all(|seat| seat.curator.heard().statements.is_some()) {
                    answered = timeout(first.saturating_sub(again), all).await.is_ok();
                }
                if !answered {
                    tracing::warn!("not every curator has answered yet");
                }
            })
            .await;
    }

    /// Waits until a curator was asked, and those whom it names.
    async fn asked(self: &Arc<Self>, curator: Arc<Curator>, depth: u32) {
        curator.asked().await;
        if depth > 1 {
            let named = self.named_by(&curator).into_iter();
            Box::pin(join_all(named.map(|(curator, of)| self.asked(curator, (depth - 1).min(of))))).await;
        }
    }

    /// Asks a curator again and again, until this is dropped.
    fn watch(self: &Arc<Self>, curator: Arc<Curator>) {
        let curators = Arc::downgrade(self);
        let task = async move {
            if curator.recall().await == Change::Other && !tell(&curators, &curator) {
                return;
            }
            loop {
                if curator.refresh().await == Change::Other && !tell(&curators, &curator) {
                    return;
                }
                curator.note_asked();
                let failed = curator.heard().problem.is_some();
                tokio::time::sleep(if failed { limits::CURATOR_RETRY } else { limits::CURATOR_REFRESH }).await;
            }
        };
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(task);
    }

    /// The curators that a curator names, as far as they are known here, each with how far it is passed on.
    fn named_by(&self, curator: &Curator) -> Vec<(Arc<Curator>, u32)> {
        let Some(statements) = curator.heard().statements else { return Vec::new() };
        let known = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        let delegates = statements.delegates.iter().flatten();
        delegates.filter_map(|delegate| Some((Arc::clone(known.get(&identity(delegate))?), delegate.depth))).collect()
    }

    /// Begins to ask those whom a curator names, as far as a statement may pass through them.
    fn adopt(self: &Arc<Self>, curator: &Curator) {
        let Some(statements) = curator.heard().statements.filter(|_| curator.depth() > 1) else { return };
        for delegate in statements.delegates.iter().flatten() {
            let depth = (curator.depth() - 1).min(delegate.depth);
            match self.meet(curator, delegate) {
                Met::Stranger => {}
                Met::New(named) => {
                    named.allow(depth);
                    self.watch(named);
                }
                // Where this allows more than was allowed before, those whom it names are to be asked too.
                Met::Known(named) if named.allow(depth) => self.adopt(&named),
                Met::Known(_) => {}
            }
        }
    }

    /// A curator that another one names.
    fn meet(&self, by: &Curator, delegate: &Delegate) -> Met {
        let mut known = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        let identity = identity(delegate);
        if let Some(curator) = known.get(&identity) {
            return Met::Known(Arc::clone(curator));
        }
        if by.url.scheme() == "https" && delegate.repository.scheme() != "https" {
            tracing::warn!(curator = %by.url, named = %delegate.repository, "it is not asked: anybody on the way could change what it says");
            return Met::Stranger;
        }
        let party = self.parties.values().map(|seat| &seat.curator).find(|curator| curator.identity == identity);
        let met = match party {
            Some(party) => Met::Known(Arc::clone(party)),
            None if known.len() >= limits::NAMED_CURATORS => Met::Stranger,
            None => self.open_named(delegate).map_or(Met::Stranger, Met::New),
        };
        if let Met::Known(curator) | Met::New(curator) = &met {
            known.insert(identity, Arc::clone(curator));
        }
        met
    }

    /// A curator that another one names. Nobody's credentials are shown to it.
    fn open_named(&self, delegate: &Delegate) -> Option<Arc<Curator>> {
        match RepositoryCopy::open(&self.copies, delegate.repository.clone(), &delegate.root) {
            Ok(copy) => Some(self.open(copy, None)),
            Err(problem) => {
                tracing::warn!(curator = %delegate.repository, %problem, "its local copy cannot be opened");
                None
            }
        }
    }

    /// Everybody through whom a party speaks about a project, itself first.
    fn reached(&self, seat: &Seat, project: &ProjectName) -> Vec<Reached> {
        let known = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        reach::reached((&seat.curator, seat.depth), project, |delegate| known.get(&identity(delegate)).map(Arc::clone))
    }

    /// What all curators say about a project now, and whether that was found out for this question.
    pub(crate) async fn hear(self: &Arc<Self>, project: &ProjectName) -> (Arc<Voices>, bool) {
        self.begin().await;
        let (now, generation) = (clock::now(), self.generation());
        if let Some(known) = self.voices.get(project).filter(|voices| voices.holds_at(now, generation)) {
            return (known, false);
        }
        let mut voices = Voices::new(now, generation);
        for (party, seat) in &self.parties {
            voices.add(party, self.reached(seat, project), &self.memory, project).await;
        }
        let voices = Arc::new(voices);
        self.voices.insert(project.clone(), Arc::clone(&voices));
        (voices, true)
    }

    /// What was heard last about a project, by whoever cannot wait. Nothing if nobody ever waited for it.
    pub(crate) fn heard(&self, project: &ProjectName) -> Arc<Voices> {
        self.voices.get(project).unwrap_or_else(|| Arc::new(Voices::unheard(self.parties.keys())))
    }
}

/// Tells that a curator says something else now. False where nobody listens any more.
fn tell(curators: &Weak<Curators>, curator: &Curator) -> bool {
    let Some(curators) = curators.upgrade() else { return false };
    curators.adopt(curator);
    curators.generation.fetch_add(1, Ordering::AcqRel);
    true
}

/// A curator is the same one where its URL and its first root are.
fn identity(delegate: &Delegate) -> Sha256 {
    RepositoryCopy::identity_of(&delegate.repository, &delegate.root)
}

/// For how long statements about a project hold without anything new.
fn reread() -> SignedDuration {
    SignedDuration::from_secs(limits::CURATOR_REREAD_SECONDS)
}
