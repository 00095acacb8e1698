//! What goes wrong inside, before it is known which file it is about.

use std::path::Path;

use rusqlite::ErrorCode as Code;

use crate::store::StoreError;

/// `E` is what the caller is told when what it asks for cannot be done.
#[derive(Debug)]
pub(super) enum Fault<E> {
    Sql(rusqlite::Error),
    /// A stored value that this program would never have written.
    Content(&'static str),
    Refused(E),
}

/// A fault of something that is never refused.
pub(super) type Plain = Fault<StoreError>;

impl<E> From<rusqlite::Error> for Fault<E> {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl Plain {
    /// The same fault of something that may be refused, too.
    pub(super) fn or_refused<E: From<StoreError>>(self) -> Fault<E> {
        match self {
            Self::Sql(error) => Fault::Sql(error),
            Self::Content(problem) => Fault::Content(problem),
            Self::Refused(error) => Fault::Refused(error.into()),
        }
    }
}

impl<E: From<StoreError>> Fault<E> {
    /// Says which file it is about.
    pub(super) fn at(self, file: &Path) -> E {
        match self {
            Self::Refused(error) => error,
            Self::Content(problem) => StoreError::Damaged { place: file.to_owned(), problem: problem.to_owned() }.into(),
            Self::Sql(error) => sql(file, &error).into(),
        }
    }
}

fn sql(file: &Path, error: &rusqlite::Error) -> StoreError {
    let place = file.to_owned();
    match error.sqlite_error_code() {
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => StoreError::Busy { place },
        Some(Code::DiskFull) => StoreError::Full { place },
        // What SQLite says when the operating system refuses; everything else means that the content is not ours.
        Some(
            Code::CannotOpen
            | Code::SystemIoFailure
            | Code::PermissionDenied
            | Code::ReadOnly
            | Code::OutOfMemory
            | Code::NoLargeFileSupport
            | Code::FileLockingProtocolFailed
            | Code::OperationInterrupted,
        ) => StoreError::Unavailable { place, problem: error.to_string() },
        _ => StoreError::Damaged { place, problem: error.to_string() },
    }
}
