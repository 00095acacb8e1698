//! One command behind the proxy: `affineur run -- CMD…` (DESIGN §5).
//!
//! The outer environment says what was there before ([`existing`]), CMD's words say what it is about to do ([`command`],
//! [`local`], [`locks`], [`detours`]); from both follows CMD's environment ([`environment`]). [`run`] puts it together: a private
//! folder, the proxy, CMD, and its exit status.
//!
//! Nothing here decides about a package: an [`Engine`] does. A run must leave nothing behind but the state folder's caches, and
//! must never change a file of the user's.

pub mod authorities;
pub mod child;
pub mod command;
pub mod detours;
pub mod environment;
pub mod existing;
pub(crate) mod ini;
pub mod local;
pub mod locks;
mod platform;
pub mod private;
pub(crate) mod uv;
pub mod variables;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use affineur_packaging::{FileName, Sha256};
use url::Url;

use crate::proxy::{Authority, AuthorityError, Handler, Proxy, ProxyPassword, Tunnels, bind_loopback};
use child::ChildError;
use command::Command;
use detours::Detour;
use environment::{EnvironmentChanges, Led};
use existing::Existing;
use local::{Enforcement, LocalError, LocalVerdict, Settled};
use private::PrivateFolder;
use variables::Variables;

pub use ini::PipKey;
pub use uv::UvConfiguration;

/// What answers a run's requests and decides its local files.
pub trait Engine: Handler {
    /// Decides a local distribution.
    fn decide_local(&self, name: &FileName, digest: &Sha256) -> impl Future<Output = LocalVerdict> + Send;
}

/// What is run, and how.
pub struct RunSettings {
    /// CMD and its arguments, as they stand after `--`.
    pub command: Vec<OsString>,
    /// The working directory, absolute.
    pub folder: PathBuf,
    /// The outer environment.
    pub outer: Variables,
    /// What was read from it.
    pub existing: Existing,
    /// An index to point CMD at.
    pub upstream: Option<Url>,
    /// Hosts that are passed on untouched.
    pub tunnels: Tunnels,
    /// Whether local places and detours are refused or named.
    pub enforcement: Enforcement,
    /// The folder for private folders, in the state folder.
    pub runs: PathBuf,
    /// The folder for CMD's caches: of one policy and revocation epoch.
    pub caches: PathBuf,
}

/// How a run went.
#[derive(Debug)]
pub struct RunOutcome {
    /// CMD's exit status; `None` when CMD was not started because of what follows.
    pub exit_code: Option<i32>,
    /// Local places and what was decided about them.
    pub local: Settled,
    /// Ways around the proxy.
    pub detours: Vec<Detour>,
    /// The hosts that were passed on untouched.
    pub tunnels: Vec<String>,
}

/// A run that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// CMD.
    #[error(transparent)]
    Child(#[from] ChildError),
    /// The certificate authority.
    #[error("cannot make this run's certificate authority")]
    Authority(#[from] AuthorityError),
    /// The system has no randomness to give.
    #[error("the system gives no random bytes")]
    Randomness(#[from] getrandom::Error),
    /// Local places.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// The private folder or the listener.
    #[error("cannot prepare the run")]
    Io(#[from] io::Error),
}

/// Runs CMD behind the proxy, to its end. Under [`Enforcement::Enforced`] CMD is not started when something local is not allowed,
/// or when it would go around the proxy.
///
/// # Errors
/// See [`RunError`].
pub async fn run<E: Engine>(settings: RunSettings, engine: Arc<E>) -> Result<RunOutcome, RunError> {
    let command = Command::new(&settings.command);
    let private = PrivateFolder::new(&settings.runs)?;
    let tunnels = settings.tunnels.names().collect();
    let places = local::collect(&command, &settings.outer, &settings.existing, &settings.folder);
    let decide = async |name: &FileName, digest: &Sha256| engine.decide_local(name, digest).await;
    let sources = (&settings.existing, &settings.outer);
    let local = local::settle(places, settings.enforcement, sources, private.path(), decide).await?;
    let detours = detours::detours(&command, &settings.existing.uv);
    if settings.enforcement == Enforcement::Enforced && !(local.refusals.is_empty() && detours.is_empty()) {
        return Ok(RunOutcome { exit_code: None, local, detours, tunnels });
    }
    let authority = Authority::new()?;
    let authorities = private.path().join("authorities.pem");
    fs::write(&authorities, authorities::bundle(&authority.ca_pem(), &settings.existing))?;
    fs::create_dir_all(&settings.caches)?;
    let password = ProxyPassword::random()?;
    let listener = bind_loopback().await?;
    let led = Led {
        proxy: &password.url(listener.local_addr()?),
        authorities: &authorities,
        caches: &settings.caches,
        upstream: settings.upstream.as_ref(),
        poetry_environments: settings.existing.poetry_environments.as_deref(),
    };
    let mut changes = EnvironmentChanges::of(&settings.outer, led);
    changes.extend(&local.changes);
    let proxy = Proxy::start(listener, authority, password, engine, settings.tunnels)?;
    let exit_code = child::run(&settings.command, &changes).await;
    proxy.shutdown().await;
    Ok(RunOutcome { exit_code: Some(exit_code?), local, detours, tunnels })
}
