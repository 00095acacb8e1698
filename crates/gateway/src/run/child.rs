//! CMD itself: started with our terminal, given our signals, its exit status kept.

use std::ffi::OsString;
use std::io;

use tokio::process::Command;

use super::environment::EnvironmentChanges;
use super::platform::{self, Signals};

/// CMD could not be run.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// Nothing stands after `--`.
    #[error("no command to run: write it after --, as in `affineur run -- pip install rich`")]
    Empty,
    /// There is no such program.
    #[error("{program}: command not found")]
    NotFound {
        /// As it was given.
        program: String,
    },
    /// There is, but it cannot be started.
    #[error("{program}: cannot be started")]
    NotStarted {
        /// As it was given.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// It was started and then lost.
    #[error("cannot wait for the command, or listen for signals")]
    Lost(#[from] io::Error),
}

impl ChildError {
    /// The exit status that shells have for this.
    #[must_use]
    pub const fn exit_code(&self) -> i32 {
        match self {
            Self::Empty => 2,
            Self::NotFound { .. } => 127,
            Self::NotStarted { .. } => 126,
            Self::Lost(_) => 70,
        }
    }
}

/// Runs `command` to its end and returns its exit status; 128 and the signal's number when one ended it.
///
/// # Errors
/// See [`ChildError`].
pub async fn run(command: &[OsString], environment: &EnvironmentChanges) -> Result<i32, ChildError> {
    let (program, arguments) = command.split_first().ok_or(ChildError::Empty)?;
    let mut signals = Signals::new()?;
    let mut prepared = Command::new(program);
    prepared.args(arguments);
    environment.apply(&mut prepared);
    let mut child = prepared.spawn().map_err(|source| {
        let program = program.to_string_lossy().escape_debug().to_string();
        match source.kind() {
            io::ErrorKind::NotFound => ChildError::NotFound { program },
            _ => ChildError::NotStarted { program, source },
        }
    })?;
    // Only now: CMD keeps the limit that it had.
    platform::raise_open_file_limit();
    let process = child.id();
    let status = tokio::select! {
        status = child.wait() => status?,
        never = signals.pass_on(process) => match never {},
    };
    Ok(platform::exit_code(status))
}
