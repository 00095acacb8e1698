//! Linux and macOS.

use std::convert::Infallible;
use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use rustix::process::{Pid, Resource, Rlimit, Signal, getpgrp, getrlimit, kill_process, setrlimit};
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

use crate::limits;
use crate::run::variables::Variables;

/// The signals that CMD is to get too. While this lives they do not end us.
pub(in crate::run) struct Signals {
    interrupt: Stream,
    quit: Stream,
    terminate: Stream,
    hangup: Stream,
}

impl Signals {
    /// Starts listening: before CMD is started, so that none is lost.
    pub(in crate::run) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Passes signals on to the process, for ever. Dropping the future between two signals loses none.
    pub(in crate::run) async fn pass_on(&mut self, process: Option<u32>) -> Infallible {
        loop {
            let signal = tokio::select! {
                _ = self.interrupt.recv() => Signal::INT,
                _ = self.quit.recv() => Signal::QUIT,
                _ = self.terminate.recv() => Signal::TERM,
                _ = self.hangup.recv() => Signal::HUP,
            };
            // Ctrl-C and Ctrl-\ at the terminal reach CMD as well as us; twice means "stop tidying up" to pip.
            if (signal == Signal::INT || signal == Signal::QUIT) && in_terminals_foreground() {
                continue;
            }
            if let Some(pid) = process.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)) {
                // It may have ended in between.
                let _ = kill_process(pid, signal);
            }
        }
    }
}

/// Whether keys at the terminal send their signals to our process group.
fn in_terminals_foreground() -> bool {
    use rustix::fs::{Mode, OFlags, open};
    let Ok(terminal) = open("/dev/tty", OFlags::RDONLY | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()) else { return false };
    rustix::termios::tcgetpgrp(terminal).is_ok_and(|group| group == getpgrp())
}

/// The exit status as a shell shows it.
pub(in crate::run) fn exit_code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1)
}

/// Makes a folder that only this user can enter, or makes an existing one so.
pub(in crate::run) fn create_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o700))
}

/// Lets us have as many open files as the system allows a process; CMD keeps the limit that it was started with.
pub(in crate::run) fn raise_open_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(limits::OPEN_FILES).min(limits::OPEN_FILES);
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::debug!(%error, "cannot raise the limit of open files");
        }
    }
}

/// Where pip looks for its configuration: of the machine, then of the user; later ones win.
pub(in crate::run) fn pip_configuration_files(outer: &Variables) -> [Vec<PathBuf>; 2] {
    let mut machine: Vec<_> = configuration_folders(outer).into_iter().map(|folder| folder.join("pip/pip.conf")).collect();
    machine.push("/Library/Application Support/pip/pip.conf".into());
    machine.push("/etc/pip.conf".into());
    let home = outer.path("HOME");
    let mut user: Vec<PathBuf> = home.iter().map(|home| home.join(".pip/pip.conf")).collect();
    user.extend(home.iter().map(|home| home.join("Library/Application Support/pip/pip.conf")));
    user.extend(own_folder(outer, "XDG_CONFIG_HOME", ".config").map(|folder| folder.join("pip/pip.conf")));
    [machine, user]
}

/// Where uv looks for `uv.toml` outside of projects.
pub(in crate::run) fn uv_configuration_files(outer: &Variables) -> Vec<PathBuf> {
    let machine = configuration_folders(outer).into_iter().chain([PathBuf::from("/etc")]);
    machine.chain(own_folder(outer, "XDG_CONFIG_HOME", ".config")).map(|folder| folder.join("uv/uv.toml")).collect()
}

/// Poetry's configuration folder and its ordinary cache.
pub(in crate::run) fn poetry_folders(outer: &Variables) -> (Option<PathBuf>, Option<PathBuf>) {
    if cfg!(target_os = "macos") {
        let library = outer.path("HOME").map(|home| home.join("Library"));
        let of = |folder: &str| library.as_ref().map(|library| library.join(folder).join("pypoetry"));
        return (of("Application Support"), of("Caches"));
    }
    let of = |variable, folder| own_folder(outer, variable, folder).map(|folder| folder.join("pypoetry"));
    (of("XDG_CONFIG_HOME", ".config"), of("XDG_CACHE_HOME", ".cache"))
}

fn configuration_folders(outer: &Variables) -> Vec<PathBuf> {
    let folders = outer.get("XDG_CONFIG_DIRS").filter(|text| !text.is_empty());
    folders.map_or_else(|| vec!["/etc/xdg".into()], |text| std::env::split_paths(text).collect())
}

fn own_folder(outer: &Variables, variable: &str, in_home: &str) -> Option<PathBuf> {
    outer.path(variable).or_else(|| Some(outer.path("HOME")?.join(in_home)))
}
