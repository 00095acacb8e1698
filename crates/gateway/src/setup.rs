//! From the user's environment to a gateway: where things are kept, which policies hold, how upstreams are reached.

mod repositories;

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use affineur_packaging::Sha256;
use affineur_trust::{AddedPolicy, Mode, PartyName, Policy, PolicyError, PolicySet, WrittenBy};
use affineur_tuf_client::local::LocalError;
use http::HeaderValue;
use url::Url;

pub use self::repositories::trusted_digest;

use self::repositories::TrustedRoot;
use crate::cache::Cache;
use crate::engine::{Gateway, GatewaySettings, Keeps, Strangers};
use crate::fetch::{Credentials, FetchError, FetchSettings, Fetcher, Netrc, ParentProxies};
use crate::limits;
use crate::state::{State, StateError};

/// The name of a policy file, wherever it is found.
pub const POLICY_FILE: &str = "affineur.toml";

/// What the caller asks for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
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
    /// The folder of a run that cannot keep anything; gone with this value.
    _temporary: Option<tempfile::TempDir>,
}

impl Ready {
    /// The folder for the caches of the programs behind the gateway: one for each set of rules, so that nothing that other
    /// rules let through, or that was revoked since, is taken from a cache. Folders that nobody used for long are removed.
    ///
    /// # Errors
    /// What is remembered cannot be read.
    pub fn client_caches(&self) -> Result<PathBuf, StateError> {
        let epoch = self.gateway.state().revocation_epoch()?;
        let rules = format!("{}\n{}\n{epoch}", self.policy.canonical(), self.policy.epoch(jiff::Timestamp::now()));
        let key = digest(&rules).to_string();
        let all = self.home.state.join("clients");
        let own = all.join(key.get(..16).unwrap_or(&key));
        remove_unused(&all, &own);
        Ok(own)
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
    let (policy, roots) = policies(&wanted, &home, &state, &mut messages)?;
    if let Some(file) = wanted.state.as_ref().filter(|_| !roots.is_empty()) {
        messages.push(format!(
            "{} keeps pins, but not how far each TUF repository had come: that is in {} and lost with it, and then an older state of a repository could be shown anew",
            file.display(),
            home.state.join("tuf").display()
        ));
    }
    let repositories = repositories::open(roots, &home.state)?;
    let strangers =
        if wanted.strict || (policy.main().written_by() != WrittenBy::BuiltIn && policy.main().mode == Mode::Enforce) {
            Strangers::Refuse
        } else {
            Strangers::Pass
        };
    let folder = home.state.join("cache");
    let cache = Cache::open(&folder, limits::CACHE_BYTES)
        .map_err(|problem| SetupError::Cache { folder, problem: problem.to_string() })?;
    let fetch = match wanted.fetch {
        Some(fetch) => fetch,
        None => FetchSettings {
            extra_roots: FetchSettings::roots_from_environment(lookup),
            proxies: ParentProxies::from_environment(lookup)?,
            ..FetchSettings::default()
        },
    };
    let mut upstreams = wanted.upstreams;
    if let Some(url) = upstreams.iter().find(|url| !matches!(url.scheme(), "http" | "https") || !url.has_host()) {
        return Err(SetupError::Upstream { scheme: url.scheme().to_owned() });
    }
    let given = credentials(&policy, &mut upstreams, lookup)?;
    let named = |url: &Url| policy.main().parties.keys().any(|name| policy.main().index_url(name).as_ref() == Some(url));
    if !policy.main().sources.is_empty() && !upstreams.iter().all(named) {
        return Err(SetupError::UpstreamWithPolicy);
    }
    let first = policy.main().sources.first().and_then(|name| policy.main().index_url(name));
    let index = upstreams.first().cloned().or(first);
    let gateway = Gateway::new(GatewaySettings {
        policy: policy.clone(),
        strangers,
        upstreams,
        hints: if policy.main().written_by() == WrittenBy::BuiltIn { wanted.hints } else { Vec::new() },
        state,
        cache,
        pages: Some(home.state.join("pages")),
        repositories,
        fetcher: Fetcher::new(fetch)?,
        credentials: given,
        keeps: wanted.keeps,
    })?;
    Ok(Ready { gateway, home, policy, index, messages, _temporary: temporary })
}

/// A place for one command where the user's own cannot be written to, such as in a sealed container: nothing of it lasts, and
/// the user is told. A service is never run like that.
fn usable(home: Home, keeps: Keeps, messages: &mut Vec<String>) -> Result<(Home, Option<tempfile::TempDir>), SetupError> {
    let writable = std::fs::create_dir_all(&home.state).and_then(|()| tempfile::tempfile_in(&home.state));
    let Err(problem) = writable else { return Ok((home, None)) };
    let cannot = |problem: std::io::Error| SetupError::Cache { folder: home.state.clone(), problem: problem.to_string() };
    if keeps == Keeps::Counters {
        return Err(cannot(problem));
    }
    let temporary = tempfile::tempdir().map_err(cannot)?;
    messages.push(format!(
        "nothing of this will be remembered: {} cannot be written to ({problem}); set AFFINEUR_HOME, or use --state FILE for pins",
        home.state.display()
    ));
    Ok((Home { state: temporary.path().to_owned(), policy: home.policy }, Some(temporary)))
}

/// The user's policy (named, or at its place), else the built-in rules; and the one of the working directory, which can only
/// demand more.
fn policies(
    wanted: &Wanted,
    home: &Home,
    state: &State,
    messages: &mut Vec<String>,
) -> Result<(PolicySet, Vec<TrustedRoot>), SetupError> {
    let local = PathBuf::from(POLICY_FILE);
    let local_text = if local.is_file() { Some(read(&local)?) } else { None };
    let trusted = match &local_text {
        Some(text) => state.policy_trusted(trusted_digest(text, &local).unwrap_or_else(|_| digest(text)))?,
        None => false,
    };
    let named = wanted.policy.clone().or_else(|| home.policy.is_file().then(|| home.policy.clone()));
    let (main, added) = match (named, local_text) {
        (Some(file), local_text) => {
            let added = local_text.filter(|_| !same_file(&file, &local));
            (Some((read(&file)?, file)), added)
        }
        (None, Some(text)) if trusted => (Some((text, local.clone())), None),
        (None, local_text) => (None, local_text),
    };
    let added = match added {
        Some(text) if main.as_ref().is_some_and(|(own, _)| *own == text) => None,
        Some(text) => Some(
            AddedPolicy::parse(&text).map_err(|error| SetupError::Policy { file: local.clone(), error: explained(error) })?,
        ),
        None => None,
    };
    if added.is_some() {
        messages.push(format!("{POLICY_FILE} in this folder is added: a file must pass it too"));
    }
    let Some((text, file)) = main else { return Ok((PolicySet::new(Policy::built_in(), added), Vec::new())) };
    let mut policy = Policy::parse(&text).map_err(|error| SetupError::Policy { file: file.clone(), error })?;
    messages.extend(policy.warnings(jiff::Timestamp::now()).iter().map(|warning| format!("{}: {warning}", file.display())));
    let roots = repositories::read_roots(&mut policy, repositories::folder_of(&file))?;
    Ok((PolicySet::new(policy, added), roots))
}

/// A policy in the working directory that wants more than it may is told how to become the user's own.
fn explained(mut error: PolicyError) -> PolicyError {
    let trust = format!("`affineur policy trust ./{POLICY_FILE}` or `--policy ./{POLICY_FILE}` makes it yours");
    error.hint = Some(match error.hint {
        Some(hint) if hint.contains("policy trust") => hint,
        Some(hint) => format!("{hint}; {trust}"),
        None => trust,
    });
    error
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
    let unreadable = |problem: String| SetupError::Unreadable { file: file.to_owned(), problem };
    let mut text = String::new();
    let most = affineur_trust::limits::POLICY_BYTES as u64;
    let opened = std::fs::File::open(file).map_err(|problem| unreadable(problem.to_string()))?;
    opened.take(most + 1).read_to_string(&mut text).map_err(|problem| unreadable(problem.to_string()))?;
    if text.len() as u64 > most { Err(unreadable(format!("it has more than {most} bytes"))) } else { Ok(text) }
}

fn same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Credentials for the sources: of each party's own variable, of `--upstream`'s URL, of the netrc file.
fn credentials(
    policy: &PolicySet,
    upstreams: &mut [Url],
    lookup: impl Fn(&str) -> Option<String> + Copy,
) -> Result<HashMap<PartyName, HeaderValue>, SetupError> {
    let netrc = Netrc::from_environment(lookup)?;
    let mut given = HashMap::new();
    for name in policy.main().parties.keys() {
        let variable = name.credentials_variable();
        let own = lookup(&variable).map(|text| match text.split_once(':') {
            Some((user, password)) => {
                Ok(Credentials { user: crate::fetch::Secret::new(user), password: crate::fetch::Secret::new(password) })
            }
            None => Err(SetupError::Credentials { variable }),
        });
        let url = policy.main().index_url(name);
        let host = url.as_ref().and_then(Url::host_str);
        if let Some(found) = own.transpose()?.or_else(|| host.and_then(|host| netrc.credentials_for(host)).cloned()) {
            given.insert(name.clone(), found.basic());
        }
    }
    for url in upstreams {
        let own = Credentials::take_from(url);
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        let of_host = || url.host_str().and_then(|host| netrc.credentials_for(host)).cloned();
        if let Some(found) = own.or_else(of_host) {
            let same = |name: &&PartyName| policy.main().index_url(name).as_ref() == Some(&*url);
            let name = policy.main().parties.keys().find(same).cloned();
            given.insert(name.unwrap_or_else(|| PartyName::learned(url)), found.basic());
        }
    }
    Ok(given)
}
