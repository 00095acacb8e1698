//! From the user's environment to a gateway: where things are kept, which policies hold, how upstreams are reached.

mod files;
mod reload;
mod repositories;
mod rules;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use affineur_packaging::Sha256;
use affineur_trust::{PartyName, PolicyError, PolicySet};
use affineur_tuf_client::local::LocalError;
use url::Url;

pub use self::files::trusted_digest;
pub use self::reload::{Look, Looked, Reload};

use self::files::{Files, Places};
use crate::cache::Cache;
use crate::engine::{Gateway, GatewaySettings, Keeps};
use crate::fetch::{FetchError, FetchSettings, Fetcher, ParentProxies};
use crate::limits;
use crate::state::{State, StateError};

/// The name of a policy file, wherever it is found.
pub const POLICY_FILE: &str = "affineur.toml";

/// What a gateway is put together for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// To hold: with the policy of the working directory, and what is learned is remembered.
    #[default]
    Use,
    /// To learn what a policy would do: it holds alone, and what is learned for it is forgotten. What is remembered counts.
    Trial,
}

/// What the caller asks for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// What for.
    pub purpose: Purpose,
    /// The working directory; empty where it is the process's own.
    pub folder: PathBuf,
    /// `--policy`.
    pub policy: Option<PathBuf>,
    /// `--upstream`.
    pub upstreams: Vec<Url>,
    /// `--state`.
    pub state: Option<PathBuf>,
    /// `--strict`.
    pub strict: bool,
    /// How much is recorded.
    pub keeps: Keeps,
    /// Indexes that a lock file names.
    pub hints: Vec<Url>,
    /// How upstreams are reached; read from the environment where it is `None`.
    pub fetch: Option<FetchSettings>,
}

/// A gateway and what belongs to it.
#[derive(Debug)]
pub struct Ready {
    /// The gateway.
    pub gateway: Arc<Gateway>,
    /// Where things are kept.
    pub home: Home,
    /// The policies in force, for cache keys.
    pub policy: PolicySet,
    /// The index that installers are pointed at: `--upstream`, or the first of the policy's sources.
    pub index: Option<Url>,
    /// What the user should hear before anything starts.
    pub messages: Vec<String>,
    /// What was read to make the rules.
    read: Read,
    /// The folder of a run that cannot keep anything; gone with this value.
    _temporary: Option<tempfile::TempDir>,
}

/// From what rules were made.
struct Read {
    places: Places,
    files: Files,
    wanted: Wanted,
}

/// Of what the caller wanted nothing is shown: a URL may have a password.
impl std::fmt::Debug for Read {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Read").field("places", &self.places).finish_non_exhaustive()
    }
}

impl Ready {
    /// Whether the files from which the rules were made say something else by now.
    #[must_use]
    pub fn policy_changed(&self) -> bool {
        Files::read(&self.read.places, self.gateway.state()).is_ok_and(|files| files != self.read.files)
    }

    /// The folder for the caches of the programs behind the gateway: one for each set of rules, so that nothing that other
    /// rules let through, or that was revoked since, is taken from a cache. Folders that nobody used for long are removed.
    ///
    /// # Errors
    /// What is remembered cannot be read.
    pub fn client_caches(&self) -> Result<PathBuf, StateError> {
        let epoch = self.gateway.state().revocation_epoch()?;
        let now = jiff::Timestamp::now();
        let heard = self.gateway.curators_epoch();
        let rules = format!("{}\n{}\n{epoch}\n{heard}", self.policy.canonical(), self.policy.epoch(now));
        let key = digest(&rules).to_string();
        let all = self.home.state.join("clients");
        let own = all.join(key.get(..16).unwrap_or(&key));
        remove_ended(&own, now);
        remove_unused(&all, &own);
        Ok(own)
    }

    /// Notes until when the caches of the programs may be used: a vouch on which something in them passed may end. To be called
    /// when the programs have ended.
    pub fn close_caches(&self, own: &Path) {
        let Some(until) = self.gateway.record().valid_until() else { return };
        let until = ends(own).map_or(until, |before| before.min(until));
        // Where it cannot be noted, nothing is kept.
        if std::fs::write(own.join(UNTIL), until.to_string()).is_err() {
            let _ = std::fs::remove_dir_all(own);
        }
    }
}

/// When caches end, if they do. What cannot be read has ended.
fn ends(own: &Path) -> Option<jiff::Timestamp> {
    match std::fs::read_to_string(own.join(UNTIL)) {
        Ok(text) => Some(text.parse().unwrap_or(jiff::Timestamp::MIN)),
        Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => None,
        Err(_) => Some(jiff::Timestamp::MIN),
    }
}

/// Removes caches with something in them that may not pass any more.
fn remove_ended(own: &Path, now: jiff::Timestamp) {
    if ends(own).is_some_and(|until| until <= now)
        && let Err(problem) = std::fs::remove_dir_all(own)
    {
        tracing::warn!(%problem, "caches that have ended cannot be removed");
    }
}

/// Marks `own` as used, and removes the folders beside it that nobody used for [`limits::CLIENT_CACHES_UNUSED`].
fn remove_unused(all: &Path, own: &Path) {
    if std::fs::create_dir_all(own).is_ok() {
        let _ = std::fs::write(own.join(USED), b"");
    }
    for entry in std::fs::read_dir(all).into_iter().flatten().filter_map(Result::ok) {
        let used = entry.path().join(USED).metadata().and_then(|data| data.modified());
        let unused = used.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > limits::CLIENT_CACHES_UNUSED));
        if unused && let Err(problem) = std::fs::remove_dir_all(entry.path()) {
            tracing::warn!(%problem, "an unused cache cannot be removed");
        }
    }
}

/// The file that says until when a folder of caches may be used.
const UNTIL: &str = "until";

/// The file whose time says when a folder of caches was last used.
const USED: &str = "last-used";

/// Where this user's things are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// State and caches.
    pub state: PathBuf,
    /// The user's own policy.
    pub policy: PathBuf,
}

/// Why there is no gateway.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Nobody says where this user's files are.
    #[error("no folder for this user's state is known")]
    NoHome,
    /// A policy file cannot be read.
    #[error("{}: the policy cannot be read: {problem}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the operating system said.
        problem: String,
    },
    /// A policy file is wrong.
    #[error("{}: {error}", file.display())]
    Policy {
        /// The file.
        file: PathBuf,
        /// What is wrong, and where.
        error: PolicyError,
    },
    /// A trusted root cannot be read.
    #[error("party {party}: the root {} cannot be used: {problem}", file.display())]
    Root {
        /// Whose root.
        party: PartyName,
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// What is known of a repository from before cannot be read.
    #[error("party {party}: what this machine keeps of its repository cannot be used: {error}")]
    Repository {
        /// Whose repository.
        party: PartyName,
        /// What is wrong.
        error: LocalError,
    },
    /// Credentials in the environment that are not `user:password`.
    #[error("{variable} is not USER:PASSWORD")]
    Credentials {
        /// The variable. Never its value.
        variable: String,
    },
    /// How upstreams are reached.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// What is remembered.
    #[error(transparent)]
    State(#[from] StateError),
    /// The cache.
    #[error("{}: the cache cannot be used: {problem}", folder.display())]
    Cache {
        /// The folder.
        folder: PathBuf,
        /// What the operating system said.
        problem: String,
    },
    /// `--upstream` is no URL of an index.
    #[error("--upstream needs a URL with http or https and a host, this one has {scheme}")]
    Upstream {
        /// The URL's scheme. Never the whole URL: it may have a password.
        scheme: String,
    },
    /// A service without a source.
    #[error("a gateway of its own needs a source")]
    NoSource,
    /// A policy of the working directory, which was the user's, is another one than they trust.
    #[error("{}: it was changed since it was trusted", file.display())]
    ChangedSinceTrusted {
        /// The file.
        file: PathBuf,
    },
    /// The policy in force has no file any more.
    #[error("{}: the policy is gone", file.display())]
    Gone {
        /// The file.
        file: PathBuf,
    },
    /// `--upstream` names an index that is no source of the policy.
    #[error("--upstream is no source of the policy, which says where projects come from")]
    UpstreamWithPolicy,
}

impl SetupError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoHome => "set AFFINEUR_HOME to a folder".to_owned(),
            Self::Unreadable { .. } => "check the path and the permissions".to_owned(),
            Self::Policy { error, .. } => {
                error.hint.clone().unwrap_or_else(|| "docs/formats/policy.md has every key".to_owned())
            }
            Self::Root { .. } => "get the index's root on a way that you trust; its path is relative to the policy".to_owned(),
            Self::Repository { .. } => "check the permissions of the state folder, or make room".to_owned(),
            Self::Credentials { variable } => format!("export {variable}='user:password'"),
            Self::Fetch(_) => "check proxy and certificate settings of this shell".to_owned(),
            Self::State(error) => error.hint().to_owned(),
            Self::Cache { .. } => "make room or set AFFINEUR_HOME to another folder".to_owned(),
            Self::Upstream { .. } => "such as --upstream https://index.example/simple/".to_owned(),
            Self::NoSource => "name one with --upstream URL, or give a policy with `sources`".to_owned(),
            Self::ChangedSinceTrusted { file } => format!("affineur policy trust {} makes it yours again", file.display()),
            Self::Gone { .. } => "put it back, or restart to go on without it".to_owned(),
            Self::UpstreamWithPolicy => "leave --upstream out, or add the index to the policy's sources".to_owned(),
        }
    }

    /// Whether another attempt may work without a change of the call: exit status 3 instead of 2.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::State(error) => error.class() == crate::state::StateClass::Undecided,
            Self::Cache { .. } | Self::Repository { .. } => true,
            _ => false,
        }
    }
}

impl Home {
    /// `AFFINEUR_HOME`, else the platform's folders.
    ///
    /// # Errors
    /// [`SetupError::NoHome`].
    pub fn find(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SetupError> {
        use etcetera::BaseStrategy as _;
        if let Some(home) = lookup("AFFINEUR_HOME").filter(|home| !home.is_empty()).map(PathBuf::from) {
            return Ok(Self { policy: home.join(POLICY_FILE), state: home });
        }
        let strategy = etcetera::choose_base_strategy().map_err(|_| SetupError::NoHome)?;
        let state = strategy.state_dir().unwrap_or_else(|| strategy.data_dir()).join("affineur");
        Ok(Self { state, policy: strategy.config_dir().join("affineur").join(POLICY_FILE) })
    }
}

impl Home {
    /// Where the local copies of repositories are.
    fn copies(&self) -> PathBuf {
        self.state.join("tuf")
    }
}

/// Puts a gateway together as the environment and the caller say.
///
/// # Errors
/// See [`SetupError`].
pub fn gateway(wanted: Wanted, lookup: impl Fn(&str) -> Option<String> + Copy) -> Result<Ready, SetupError> {
    let mut messages = Vec::new();
    let (home, temporary) = usable(Home::find(lookup)?, wanted.keeps, &mut messages)?;
    let state = match &wanted.state {
        Some(file) => State::open_file(file)?,
        None => State::open(&home.state)?,
    };
    let (state, temporary) = match wanted.purpose {
        Purpose::Use => (state, temporary),
        Purpose::Trial => {
            let folder = tempfile::tempdir().map_err(|problem| unusable(&std::env::temp_dir(), &problem))?;
            (state.copied_to(folder.path())?, Some(folder))
        }
    };
    // Like the local copies of repositories it is this machine's, wherever the pins are.
    let memory = match (&wanted.state, wanted.purpose) {
        (Some(_), Purpose::Use) => State::open(&home.state)?,
        _ => state.clone(),
    };
    let local = (wanted.purpose == Purpose::Use).then(|| wanted.folder.join(POLICY_FILE));
    let places = Places { named: wanted.policy.clone(), own: home.policy.clone(), local };
    let files = Files::read(&places, &state)?;
    let made = rules::make(&files, &wanted, &home, lookup)?;
    messages.extend(made.messages);
    let folder = home.state.join("cache");
    let cache = Cache::open(&folder, limits::CACHE_BYTES).map_err(|problem| unusable(&folder, &problem))?;
    let fetch = match &wanted.fetch {
        Some(fetch) => fetch.clone(),
        None => FetchSettings {
            extra_roots: FetchSettings::roots_from_environment(lookup),
            proxies: ParentProxies::from_environment(lookup)?,
            ..FetchSettings::default()
        },
    };
    let policy = made.rules.policy.clone();
    let gateway = Gateway::new(GatewaySettings {
        rules: made.rules,
        state,
        cache,
        pages: Some(home.state.join("pages")),
        memory,
        copies: home.copies(),
        fetcher: Fetcher::new(fetch)?,
        keeps: wanted.keeps,
    })?;
    let read = Read { places, files, wanted };
    Ok(Ready { gateway, home, policy, index: made.index, messages, read, _temporary: temporary })
}

/// A place for one command where the user's own cannot be written to, such as in a sealed container: nothing of it lasts, and
/// the user is told. A service is never run like that.
fn usable(home: Home, keeps: Keeps, messages: &mut Vec<String>) -> Result<(Home, Option<tempfile::TempDir>), SetupError> {
    let writable = std::fs::create_dir_all(&home.state).and_then(|()| tempfile::tempfile_in(&home.state));
    let Err(problem) = writable else { return Ok((home, None)) };
    if keeps == Keeps::Counters {
        return Err(unusable(&home.state, &problem));
    }
    let temporary = tempfile::tempdir().map_err(|problem| unusable(&home.state, &problem))?;
    messages.push(format!(
        "nothing of this will be remembered: {} cannot be written to ({problem}); set AFFINEUR_HOME, or use --state FILE for pins",
        home.state.display()
    ));
    Ok((Home { state: temporary.path().to_owned(), policy: home.policy }, Some(temporary)))
}

fn unusable(folder: &Path, problem: &std::io::Error) -> SetupError {
    SetupError::Cache { folder: folder.to_owned(), problem: problem.to_string() }
}

/// The digest of a text.
#[must_use]
pub fn digest(text: &str) -> Sha256 {
    crate::digest::sha256(text.as_bytes())
}

/// Reads a policy file, up to its limit.
///
/// # Errors
/// [`SetupError::Unreadable`].
pub fn read(file: &Path) -> Result<String, SetupError> {
    read_text(file).map_err(|problem| SetupError::Unreadable { file: file.to_owned(), problem })
}

fn read_text(file: &Path) -> Result<String, String> {
    let mut text = String::new();
    let most = affineur_trust::limits::POLICY_BYTES as u64;
    let opened = std::fs::File::open(file).map_err(|problem| problem.to_string())?;
    opened.take(most + 1).read_to_string(&mut text).map_err(|problem| problem.to_string())?;
    if text.len() as u64 > most { Err(format!("it has more than {most} bytes")) } else { Ok(text) }
}
