//! The snapshot process (PEP 458): takes accepted changes from the queue, signs what they touch, and publishes it, strictly one
//! after the other.
//!
//! One publication: the changes of many tickets are applied to their projects; each project's listing and overlay get their place
//! in a hash bin; the touched bins, the snapshot and the timestamp are signed by the online key; all of it is stored at once, with
//! the timestamp as the commit point. Whatever fails before leaves the queue as it was, and the next attempt begins with what is
//! stored.
//!
//! It must never hold a key of root, targets or bins, and never sign what the store has not accepted.

mod documents;
mod gauges;
mod group;
mod offline;
mod renew;
mod run;
mod start;
#[cfg(test)]
pub(crate) mod tests;
mod tree;

use std::sync::Arc;
use std::time::Duration;

use affineur_tuf::edit::{Draft, SharedSigner, SignError, Text};
use affineur_tuf::{Expiry, Fault, Snapshot, Timestamp as TimestampRole, Version};
use bytes::Bytes;
use jiff::Timestamp;

use crate::folder::Folder;
use crate::limits;
use crate::store::{LeaseError, PublishError, Store, StoreError};

pub use documents::Granularity;
pub use start::{Offline, Online};
pub use tree::Tree;

/// How long what the online key signs is valid. PEP 458 says a day for all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The timestamp.
    pub timestamp: Duration,
    /// The snapshot.
    pub snapshot: Duration,
    /// Each bin.
    pub bin: Duration,
}

impl Default for Validity {
    fn default() -> Self {
        Self { timestamp: limits::ONLINE_VALIDITY, snapshot: limits::ONLINE_VALIDITY, bin: limits::ONLINE_VALIDITY }
    }
}

/// The one publisher of a store.
pub struct Publisher<S: Store> {
    store: S,
    /// Held as long as this lives.
    _lease: S::Lease,
    online: SharedSigner,
    tree: Tree,
    granularity: Granularity,
    validity: Validity,
    state: State,
    /// When old versions were dropped last.
    collected: Option<Timestamp>,
    /// When it was last said that an offline role nears its end.
    warned: Option<Timestamp>,
    /// Where things wait that were signed offline.
    incoming: Option<Folder>,
}

/// What was published last.
#[derive(Clone)]
struct State {
    timestamp: Draft<TimestampRole>,
    /// As text: a publication costs what changes, not 16 384 entries.
    snapshot: Text<Snapshot>,
    /// When each bin expires, by number.
    bins: Arc<Vec<Expiry>>,
}

/// A publisher that cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum PublisherError {
    /// Another process is the publisher.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store refuses what was published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The online key fails.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// What the store has is no metadata, or misses what it refers to.
    #[error("{path}: stored metadata is {problem}")]
    Stored {
        /// Its path.
        path: String,
        /// What is wrong.
        problem: StoredProblem,
    },
    /// Nothing was ever published here.
    #[error("this index was never initialised")]
    NotInitialised,
    /// Something was published here already.
    #[error("this index is initialised already")]
    AlreadyInitialised,
    /// What was made offline is not of the shape that an index needs.
    #[error("the offline metadata cannot be used: {0}")]
    Offline(String),
    /// The index's folder cannot be read or written.
    #[error("{0}")]
    Folder(String),
    /// A part of the work was lost, which is a bug.
    #[error("a part of the work was lost: {0}")]
    Lost(String),
    /// The time is beyond what can be written.
    #[error("the clock is beyond what can be written")]
    Clock,
}

/// What is wrong with stored metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoredProblem {
    /// It is not there.
    #[error("missing")]
    Missing,
    /// It cannot be read.
    #[error("unreadable: {0}")]
    Unreadable(Fault),
}

impl<S: Store> Publisher<S> {
    /// The version of the timestamp that was published last.
    #[must_use]
    pub fn version(&self) -> Version {
        self.state.timestamp.version()
    }

    /// The role tree.
    #[must_use]
    pub const fn tree(&self) -> &Tree {
        &self.tree
    }
}

/// The expiry of what is signed now.
fn expiry(now: Timestamp, validity: Duration) -> Result<Expiry, PublisherError> {
    let at = now.checked_add(validity).map_err(|_| PublisherError::Clock)?;
    Ok(Expiry::at(at))
}

/// Reads metadata that is stored.
async fn stored<S: Store, R: affineur_tuf::Role>(store: &S, path: &str) -> Result<Draft<R>, PublisherError> {
    Draft::reopen(&file(store, path).await?).map_err(|fault| unreadable(path, fault))
}

/// Metadata that is stored, as it is.
async fn file<S: Store>(store: &S, path: &str) -> Result<Bytes, PublisherError> {
    let missing = || PublisherError::Stored { path: path.to_owned(), problem: StoredProblem::Missing };
    store.metadata(path).await?.ok_or_else(missing)
}

fn unreadable(path: impl Into<String>, fault: Fault) -> PublisherError {
    PublisherError::Stored { path: path.into(), problem: StoredProblem::Unreadable(fault) }
}
