//! The engine: learns from pages which file belongs to what, collects the evidence, lets the policy decide, and answers.
//!
//! The proxy and the service both end here, and so does `why`: there is one way from a file's name to a decision
//! ([`Gateway::listing`]) and one way from a decision to bytes ([`Gateway::send_file`]).

mod account;
pub(crate) mod ask;
mod assemble;
mod attesting;
pub(crate) mod clock;
mod current;
mod dates;
mod digests;
mod distrust;
mod file;
mod hearing;
mod intercept;
mod links;
mod local;
mod metadata;
mod page;
pub(crate) mod pages;
mod passing;
mod record;
mod refusal;
mod resolve;
mod serve;
mod source;
mod upstream;
mod view;
mod vouching;
mod why;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use affineur_packaging::{ProjectName, Sha256};
use affineur_trust::{Contradiction, Mode, PartyName, PolicySet, WrittenBy};
use http::HeaderValue;
use jiff::Timestamp;
use quick_cache::sync::Cache as MemoryCache;
use url::Url;

pub use self::current::{Current, PolicyStatus};
pub use self::intercept::Interceptor;
pub use self::record::{FileRecord, Keeps, Note, Outcome, Record, Summary};
pub use self::why::{Asked, WhyAnswer, WhyFile, WhyProject};

use self::current::Kept;
use self::pages::Pages;
use self::source::{Source, Voice};
use self::view::Known;
use crate::cache::{Cache, Scope};
use crate::curators::Curators;
use crate::download::Downloads;
use crate::fetch::Fetcher;
use crate::limits;
use crate::provenance::Provenances;
use crate::repository::RepositoryCopy;
use crate::state::{State, StateError};

/// What happens to hosts, pages and distributions of no source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strangers {
    /// They pass and are named.
    Pass,
    /// They are refused before a byte of theirs reaches anybody.
    Refuse,
}

/// Everything that a gateway is made of.
#[derive(Debug)]
pub struct GatewaySettings {
    /// What depends on the policy.
    pub rules: Rules,
    /// What is remembered.
    pub state: State,
    /// Verified bytes.
    pub cache: Cache,
    /// Where pages are kept between runs.
    pub pages: Option<PathBuf>,
    /// How upstreams are asked.
    pub fetcher: Fetcher,
    /// What is remembered of curators. It lies where the local copies lie, whatever `state` is.
    pub memory: State,
    /// Where the local copies of all repositories are.
    pub copies: PathBuf,
    /// How much is recorded.
    pub keeps: Keeps,
}

/// What is another one under another policy.
#[derive(Debug)]
pub struct Rules {
    /// What decides.
    pub policy: PolicySet,
    /// What happens to what belongs to no source.
    pub strangers: Strangers,
    /// Indexes that are sources without a policy: `--upstream`.
    pub upstreams: Vec<Url>,
    /// Indexes that a lock file names. Only without a policy, and only for the files that the lock file asks for.
    pub hints: Vec<Url>,
    /// The repositories of the policy's parties. A party's that is not here gives nothing.
    pub repositories: HashMap<PartyName, RepositoryCopy>,
    /// Credentials for the sources, by party.
    pub credentials: HashMap<PartyName, HeaderValue>,
}

/// The gateway. It has one policy for ever: another policy is another gateway ([`Gateway::under`]).
pub struct Gateway {
    policy: PolicySet,
    strangers: Strangers,
    sources: RwLock<Vec<Source>>,
    curators: Arc<Curators>,
    provenances: Arc<Provenances>,
    hints: Vec<Url>,
    state: State,
    cache: Cache,
    fetcher: Arc<Fetcher>,
    downloads: Downloads,
    pages: Pages,
    views: MemoryCache<ViewKey, Known, view::Weight>,
    /// From which source each project was last had: what the state says as well, without asking it for each page.
    bound: MemoryCache<ProjectName, PartyName>,
    /// Held while a large page is made into a view.
    large_pages: tokio::sync::Semaphore,
    /// When each canary answered, for each credential.
    canaries: Mutex<HashMap<ViewKey, Timestamp>>,
    links: Mutex<HashMap<Url, links::LinkedFile>>,
    remembered: Mutex<HashSet<PartyName>>,
    distrusted: Arc<Mutex<HashMap<distrust::Suspect, Contradiction>>>,
    record: Arc<Record>,
}

/// Under which a view is kept. A page that was fetched with somebody's credentials is for those alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ViewKey {
    page: String,
    credential: Option<Sha256>,
    /// Under which generation of curators' statements it was decided.
    generation: u64,
}

impl ViewKey {
    fn of(page: &Url, authorization: Option<&HeaderValue>, generation: u64) -> Self {
        let credential = authorization.map(|value| crate::digest::sha256(value.as_bytes()));
        Self { page: page.to_string(), credential, generation }
    }
}

impl Gateway {
    /// Puts a gateway together.
    ///
    /// # Errors
    /// Where what is remembered cannot be read.
    pub fn new(settings: GatewaySettings) -> Result<Arc<Self>, StateError> {
        let fetcher = Arc::new(settings.fetcher);
        let pages = Pages::new(settings.pages);
        let kept = Kept {
            curators: Curators::none(&fetcher, &settings.cache, (settings.memory, settings.copies)),
            state: settings.state,
            downloads: Downloads::new(settings.cache.clone()),
            provenances: Arc::new(Provenances::new(Arc::clone(&fetcher), settings.cache.clone(), pages.clone())),
            cache: settings.cache,
            fetcher,
            pages,
            distrusted: Arc::default(),
            record: Arc::new(Record::new(settings.keeps)),
        };
        Ok(Arc::new(Self::made_of(settings.rules, kept, &[])))
    }

    fn made_of(rules: Rules, kept: Kept, before: &[Source]) -> Self {
        let policy = rules.policy.main();
        let mut repositories = rules.repositories;
        let mut sources: Vec<Source> = policy.parties.keys().filter_map(|name| Source::of_policy(policy, name)).collect();
        for source in &mut sources {
            source.authorization = rules.credentials.get(&source.name).cloned();
            if let (Voice::Repository(voice), Some(copy)) = (&mut source.voice, repositories.remove(&source.name)) {
                let same = before.iter().find_map(|before| before.repository_kept(&copy, source.authorization.as_ref()));
                *voice = Some(same.unwrap_or_else(|| kept.repository(copy, source.authorization.clone())));
            }
        }
        repositories.retain(|name, _| policy.is_curator(name));
        let curators = kept.curators.under(policy, repositories, &rules.credentials);
        for url in &rules.upstreams {
            if !sources.iter().any(|source| source.url == *url) {
                let mut source = Source::learned(url);
                source.authorization = rules.credentials.get(&source.name).cloned();
                sources.push(source);
            }
        }
        Self {
            policy: rules.policy,
            strangers: rules.strangers,
            sources: RwLock::new(sources),
            curators,
            provenances: kept.provenances,
            hints: rules.hints,
            state: kept.state,
            downloads: kept.downloads,
            cache: kept.cache,
            pages: kept.pages,
            fetcher: kept.fetcher,
            views: MemoryCache::with_weighter(limits::VIEWS, limits::VIEWS_BYTES, view::Weight),
            bound: MemoryCache::new(limits::BOUND_PROJECTS),
            large_pages: tokio::sync::Semaphore::new(1),
            canaries: Mutex::default(),
            links: Mutex::default(),
            remembered: Mutex::default(),
            distrusted: kept.distrusted,
            record: kept.record,
        }
    }

    /// Asks the policy's curators, and waits for a bounded time until each was asked once. Every request does so; whoever begins a
    /// run does it before.
    pub async fn hear_curators(&self) {
        if !self.curators.is_empty() {
            self.curators.begin().await;
        }
    }

    /// Which statements of curators are heard now: where they are others, what was let through before may not be any more.
    #[must_use]
    pub fn curators_epoch(&self) -> String {
        self.curators.epoch()
    }

    /// What happened so far.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// What is remembered.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Whether a policy of the user's says where this project comes from. Where none does, a project comes from whatever index
    /// the installer asks.
    fn names_sources_of(&self, project: &ProjectName) -> bool {
        !self.policy.main().sources_for(project).is_empty()
    }

    /// Whether the user wrote a policy and wants it enforced.
    #[must_use]
    pub fn enforces_a_policy(&self) -> bool {
        self.policy.main().written_by() != WrittenBy::BuiltIn && self.mode() == Mode::Enforce
    }

    /// What is done with decisions.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.policy.main().mode
    }

    fn sources(&self) -> Vec<Source> {
        self.sources.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers a source that gave a page, once per process.
    async fn remember_source(&self, source: &Source) {
        let new = self.remembered.lock().unwrap_or_else(PoisonError::into_inner).insert(source.name.clone());
        if new && let Err(problem) = self.state.learn_source(&source.name, &source.url).await {
            tracing::warn!(source = %source.name, %problem, "the source cannot be remembered");
        }
    }

    /// The source with this index URL.
    fn source_at(&self, index: &Url) -> Option<Source> {
        self.sources.read().unwrap_or_else(PoisonError::into_inner).iter().find(|source| source.url == *index).cloned()
    }

    /// The source with this index URL, which becomes one by being asked.
    fn learn_source_at(&self, index: &Url) -> Source {
        if let Some(known) = self.source_at(index) {
            return known;
        }
        let source = Source::learned(index);
        let mut sources = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        if sources.len() < limits::LEARNED_SOURCES {
            sources.push(source.clone());
        }
        source
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("strangers", &self.strangers).finish_non_exhaustive()
    }
}

/// Which part of the cache an answer belongs to: one that was fetched with credentials is for those alone (DESIGN §5).
pub(crate) fn scope(authorization: Option<&HeaderValue>) -> Scope {
    authorization.map_or(Scope::Public, |value| Scope::Credential(crate::digest::sha256(value.as_bytes())))
}

/// A moment and a length of time after it, never past the end of time.
pub(crate) fn later(from: Timestamp, by: jiff::SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}
