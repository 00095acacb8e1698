//! What goes wrong with a repository, as a person sees it.

use std::error::Error as StdError;

use affineur_tuf::{Error, Fault};
use affineur_tuf_client::inspect::InspectError;
use affineur_tuf_client::local::LocalError;
use affineur_tuf_client::transport::FetchError;
use affineur_tuf_client::{AddressesError, ClientError, DownloadError, PlaceError};

use super::words::{harmless, minute, roughly};
use crate::failure::Failure;

const HOSTILE: &str = "use nothing of it; ask who runs the repository, over another way than this one";
const AGAIN: &str = "try again later, and check the URL";
const EXPIRED: &str = "check this machine's clock; else the repository was not renewed, or something keeps newer files from you: ask \
                       who runs it";
/// Most unusable keys that are named.
const KEYS: usize = 3;

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Metadata(error) => metadata(&error),
            ClientError::Local(error) => error.into(),
            ClientError::Missing { .. } | ClientError::Fetch { .. } => Self::cannot_tell(chain(&error), AGAIN),
        }
    }
}

impl From<DownloadError> for Failure {
    fn from(error: DownloadError) -> Self {
        match &error {
            DownloadError::Metadata(error) => metadata(error),
            _ if error.is_hostile() => Self::refused(chain(&error), HOSTILE),
            DownloadError::Write { .. } => Self::cannot_tell(chain(&error), "make room, or choose another folder with --to"),
            DownloadError::Fetch { .. } | DownloadError::Mismatch { .. } => Self::cannot_tell(chain(&error), AGAIN),
        }
    }
}

impl From<LocalError> for Failure {
    fn from(error: LocalError) -> Self {
        let cause = error.to_string();
        match error {
            LocalError::NotInitialised { .. } => Self::usage(cause, "begin with `affineur tuf init FOLDER --root ROOT.json`"),
            LocalError::AlreadyInitialised { .. } => {
                Self::usage(cause, "it is never replaced: choose another folder, or remove this one if you mean to begin anew")
            }
            LocalError::TooLong { .. } => Self::usage(cause, "this is no root: begin anew in another folder"),
            LocalError::Busy { .. } => Self::cannot_tell(cause, "let the other one finish, and try again"),
            LocalError::Failed { .. } => Self::cannot_tell(cause, "check the folder's permissions and the room on the disk"),
        }
    }
}

impl From<InspectError> for Failure {
    fn from(error: InspectError) -> Self {
        match error {
            InspectError::Local(error) => error.into(),
            InspectError::Root(_) => Self::usage(
                harmless(&error.to_string()),
                "somebody or something changed the file root.json in the folder: begin anew in another folder, with a root that you trust",
            ),
        }
    }
}

impl From<AddressesError> for Failure {
    fn from(error: AddressesError) -> Self {
        let cause = harmless(&error.to_string());
        match error {
            AddressesError::Secret(_) => Self::usage(cause, "leave --url out here, and give it to each command"),
            AddressesError::Malformed { .. } => {
                Self::usage(cause, "correct the file, or remove it and give --url to each command")
            }
            AddressesError::Failed { .. } => {
                Self::cannot_tell(cause, "check the folder's permissions and the room on the disk")
            }
        }
    }
}

impl From<PlaceError> for Failure {
    fn from(error: PlaceError) -> Self {
        Self::usage(harmless(&error.to_string()), "choose another folder with --to")
    }
}

impl From<FetchError> for Failure {
    /// Nothing was asked yet: the URL cannot be used.
    fn from(error: FetchError) -> Self {
        Self::usage(harmless(&error.to_string()), "give an http or https URL without query")
    }
}

/// Metadata that are not acceptable.
pub(super) fn metadata(error: &Error) -> Failure {
    let cause = cause(error);
    match error.fault {
        Fault::Expired { .. } => Failure::cannot_tell(cause, EXPIRED),
        _ if error.fault.is_hostile() => Failure::refused(cause, HOSTILE),
        _ => Failure::cannot_tell(cause, AGAIN),
    }
}

/// What is wrong with metadata, and with keys that should have signed it.
pub(super) fn cause(error: &Error) -> String {
    let mut cause = match &error.fault {
        Fault::Expired { expires, now } => {
            format!(
                "{}: expired at {}, {} ago",
                error.role,
                minute(expires.time()),
                roughly(now.duration_since(expires.time()))
            )
        }
        _ => error.to_string(),
    };
    if let Fault::Threshold { unusable, .. } = &error.fault {
        let unusable = unusable.iter().take(KEYS).map(|(id, reason)| format!("; the key {id} cannot be used: {reason}"));
        cause.extend(unusable);
    }
    harmless(&cause)
}

/// An error and what caused it, on one line.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let causes: Vec<String> =
        std::iter::successors(Some(error), |error| StdError::source(*error)).map(ToString::to_string).collect();
    harmless(&causes.join(": "))
}
