//! What the program says when it cannot do what it was asked for: cause, one hint, an exit status (DESIGN §5).

use std::process::ExitCode;

use affineur_gateway::setup::SetupError;

/// A failure, as a person sees it.
#[derive(Debug)]
pub(crate) struct Failure {
    status: u8,
    cause: String,
    hint: String,
}

impl Failure {
    /// Refused or hostile.
    pub(crate) const REFUSED: u8 = 1;
    /// The caller's mistake.
    pub(crate) const USAGE: u8 = 2;
    /// Cannot tell now.
    pub(crate) const CANNOT_TELL: u8 = 3;
    /// Our bug.
    pub(crate) const BUG: u8 = 70;

    pub(crate) fn usage(cause: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { status: Self::USAGE, cause: cause.into(), hint: hint.into() }
    }

    pub(crate) fn cannot_tell(cause: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { status: Self::CANNOT_TELL, cause: cause.into(), hint: hint.into() }
    }

    pub(crate) fn refused(cause: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { status: Self::REFUSED, cause: cause.into(), hint: hint.into() }
    }

    pub(crate) fn bug(cause: impl Into<String>) -> Self {
        Self { status: Self::BUG, cause: cause.into(), hint: "this is a bug: please report it".to_owned() }
    }

    pub(crate) const fn status(&self) -> u8 {
        self.status
    }

    pub(crate) fn cause(&self) -> &str {
        &self.cause
    }

    /// Another exit status for the same words.
    pub(crate) fn with_status(mut self, status: u8) -> Self {
        self.status = status;
        self
    }

    /// Prints itself; the exit status to end with.
    pub(crate) fn print(&self) -> ExitCode {
        use anstream::eprintln;
        eprintln!("\u{1b}[1;31maffineur:\u{1b}[0m {}", self.cause);
        eprintln!("\u{1b}[1mhint:\u{1b}[0m {}", self.hint);
        ExitCode::from(self.status)
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        let status = if error.may_pass() { Self::CANNOT_TELL } else { Self::USAGE };
        Self { status, cause: error.to_string(), hint: error.hint() }
    }
}
