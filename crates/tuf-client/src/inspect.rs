//! Looking without asking anybody: what a file says, what a local copy holds, and which roles a lookup would visit.
//!
//! The core judges a local copy here as of the beginning of time, so that what has expired is shown as well. Therefore nothing
//! that is found here may be *used*; whoever wants to use it refreshes.

mod document;
mod route;
#[cfg(test)]
mod tests;

use affineur_tuf::{
    Error, ReferenceTime, Role, Root, Roots, Snapshot, Snapshots, Targets, Timestamp, Timestamps, View, limits,
};

use self::document::body;
use crate::local::{Kept, LocalCopy, LocalError, TopRole};

pub use self::document::{Body, Document};
pub use self::route::{Route, RouteEnd};

/// Before everything that could expire.
const BEGINNING: ReferenceTime = ReferenceTime::MIN;

/// What a local copy holds.
#[derive(Debug)]
pub struct Inspection {
    /// The trusted root.
    pub root: Root,
    /// The timestamp.
    pub timestamp: State<Timestamp>,
    /// The snapshot.
    pub snapshot: State<Snapshot>,
    /// The top-level targets.
    pub targets: State<Targets>,
    view: Option<View>,
}

/// What a local copy holds of one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State<R> {
    /// Nothing.
    Absent,
    /// This; signed as it must be, and the one that belongs there. It may have expired.
    Verified(R),
    /// Something that is of no use: a refresh replaces it.
    Unusable(Error),
    /// Something that cannot be checked, since a role before it is absent or of no use.
    Unchecked,
}

impl<R> State<R> {
    /// The metadata, if they were verified.
    pub const fn verified(&self) -> Option<&R> {
        match self {
            Self::Verified(body) => Some(body),
            Self::Absent | Self::Unusable(_) | Self::Unchecked => None,
        }
    }
}

/// A local copy without a usable root: nothing in it can be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// The root cannot be read.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// The root is not what was trusted once: its file was changed, or damaged.
    #[error("the trusted root is damaged: {0}")]
    Root(Error),
}

impl Inspection {
    /// Reads and verifies what a local copy holds. Nothing is written or fetched, and the lock is not needed.
    ///
    /// # Errors
    /// [`InspectError`], for the root alone.
    pub fn of(local: &LocalCopy) -> Result<Self, InspectError> {
        let bytes = local.root(limits::ROOT_BYTES)?;
        let stage = Roots::start(&bytes, BEGINNING).map_err(InspectError::Root)?.finish().map_err(InspectError::Root)?;
        let root = body::<Root>(&bytes)
            .map_err(|fault| InspectError::Root(Error { role: affineur_tuf::TopRole::Root.into(), fault }))?;
        let kept = local.top(TopRole::Timestamp, limits::TIMESTAMP_BYTES);
        let (timestamp, stage) = examine(kept, Some(stage), Timestamps::accept);
        let kept = local.top(TopRole::Snapshot, limits::SNAPSHOT_BYTES);
        let (snapshot, stage) = examine(kept, stage, Snapshots::accept);
        let kept = local.top(TopRole::Targets, limits::TARGETS_BYTES);
        let (targets, view) = examine(kept, stage, |stage, bytes| stage.accept(bytes).map(|(view, _)| view));
        Ok(Self { root, timestamp, snapshot, targets, view })
    }
}

/// Gives a kept file to the stage that wants it.
fn examine<R: Role, Stage, Next>(
    kept: Option<Kept>,
    stage: Option<Stage>,
    accept: impl FnOnce(Stage, &[u8]) -> Result<Next, Error>,
) -> (State<R>, Option<Next>) {
    let Some(Kept { bytes, .. }) = kept else { return (State::Absent, None) };
    let Some(stage) = stage else { return (State::Unchecked, None) };
    let examined = accept(stage, &bytes).and_then(|next| {
        let body = body(&bytes).map_err(|fault| Error { role: R::KIND.into(), fault })?;
        Ok((State::Verified(body), Some(next)))
    });
    examined.unwrap_or_else(|error| (State::Unusable(error), None))
}
