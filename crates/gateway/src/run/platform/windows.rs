//! Windows. Written against the documentation; not run yet (see README).

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, ctrl_break, ctrl_c, ctrl_close};

use crate::run::variables::Variables;

/// Console events. Windows sends them to every process of the console, so CMD gets them without us; while this lives they do
/// not end us.
pub(in crate::run) struct Signals {
    interrupt: CtrlC,
    terminate: CtrlBreak,
    close: CtrlClose,
}

impl Signals {
    /// Starts listening.
    pub(in crate::run) fn new() -> io::Result<Self> {
        Ok(Self { interrupt: ctrl_c()?, terminate: ctrl_break()?, close: ctrl_close()? })
    }

    /// Swallows events, for ever.
    pub(in crate::run) async fn pass_on(&mut self, _process: Option<u32>) -> Infallible {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
                _ = self.close.recv() => {}
            }
        }
    }
}

/// The exit status.
pub(in crate::run) fn exit_code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(1)
}

/// Makes a folder. In the user's profile, where the state folder is, others have no access to it.
pub(in crate::run) fn create_private_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Windows has no such limit.
pub(in crate::run) const fn raise_open_file_limit() {}

/// Where pip looks for its configuration: of the machine, then of the user; later ones win.
pub(in crate::run) fn pip_configuration_files(outer: &Variables) -> [Vec<PathBuf>; 2] {
    let machine = outer.path("PROGRAMDATA").map(|folder| folder.join("pip").join("pip.ini"));
    let legacy = outer.path("USERPROFILE").map(|home| home.join("pip").join("pip.ini"));
    let user = outer.path("APPDATA").map(|folder| folder.join("pip").join("pip.ini"));
    [machine.into_iter().collect(), legacy.into_iter().chain(user).collect()]
}

/// Where uv looks for `uv.toml` outside of projects.
pub(in crate::run) fn uv_configuration_files(outer: &Variables) -> Vec<PathBuf> {
    let folders = [outer.path("PROGRAMDATA"), outer.path("APPDATA")];
    folders.into_iter().flatten().map(|folder| folder.join("uv").join("uv.toml")).collect()
}

/// Poetry's configuration folder and its ordinary cache.
pub(in crate::run) fn poetry_folders(outer: &Variables) -> (Option<PathBuf>, Option<PathBuf>) {
    let configuration = outer.path("APPDATA").map(|folder| folder.join("pypoetry"));
    let cache = outer.path("LOCALAPPDATA").map(|folder| folder.join("pypoetry").join("Cache"));
    (configuration, cache)
}
