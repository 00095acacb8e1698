//! What an index has: uploads, the queue of changes, signed metadata, projects, tokens. All of it behind one trait.
//!
//! # From upload to timestamp
//!
//! 1. Bytes are *staged* ([`Store::stage`]): hashed as they come, invisible, gone if anything fails.
//! 2. They are *accepted* ([`Store::accept`]): when that returns, bytes, facts and a place in the queue survive `kill -9` and a
//!    power failure. The file's name belongs to these bytes for ever.
//! 3. The publisher, of which there is one at a time ([`Store::publisher_lease`]), takes the oldest tickets
//!    ([`Store::pending`]), signs, and gives everything that changed to [`Store::publish`].
//! 4. The new timestamp is the **commit point**: a compare-and-swap on the version of the timestamp before it. After it every
//!    reader sees the new state, before it the old one, never a mixture.
//!
//! # What must never happen
//!
//! An acknowledged upload is lost · a file's name gets other bytes, even after the file was deleted · a version of metadata
//! changes its bytes · a ticket is published twice, or before an older one · a timestamp refers to metadata that is not there.
//!
//! Nothing here signs or verifies, and nothing here reads a clock: times come as arguments.

#[cfg(test)]
mod contract;
mod disk;
mod error;
mod project;
mod publication;
mod sqlite;
mod stage;
mod token;

use std::time::Duration;

use affineur_packaging::{FileName, ProjectName, Sha256};
use affineur_tuf::{TargetPath, Version};
use bytes::Bytes;
use jiff::{Timestamp, civil::Date};

pub use error::{AcceptError, LeaseError, PublishError, RequestError, StageError, StoreError, TokenError};
pub use project::{Change, NewFile, Project, Request, StoredFile, Which, YankedBy};
pub use publication::{Collected, Counts, Finding, Keep, Outcome, Publication, PublishedTimestamp, Rehash, Swept, TicketState};
pub use sqlite::{Lease, SqliteStore};
pub use stage::{Blob, Stage, Staged};
pub use token::{NewToken, Scope, Token, TokenId};

/// A place in the queue. Tickets are given out, listed and published in one strict order, whichever process gave them out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(crate) u64);

impl Ticket {
    /// Its number, which also is the serial of the projects that it changes.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// What [`Store::accept`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// The file is new and waits in the queue.
    New(Ticket),
    /// The same bytes were accepted under this name before: nothing changed. They may wait still, or be published.
    AlreadyThere(Ticket),
}

impl Accepted {
    /// Its place in the queue, now or then.
    #[must_use]
    pub const fn ticket(self) -> Ticket {
        match self {
            Self::New(ticket) | Self::AlreadyThere(ticket) => ticket,
        }
    }
}

/// Where an index keeps what it has. Cheap to clone; all clones are the same store.
///
/// **Consistency.** Each method is one act: it happens as a whole or not at all, and what was answered lasts. Acts have one order
/// that all processes agree on, and each reading method sees one moment of it. A future that is dropped may or may not have
/// done its act, but never half of it.
///
/// **Runtime.** The futures need a tokio runtime.
pub trait Store: Clone + Send + Sync + 'static {
    /// Being the publisher, until this is dropped or the process ends, however it ends.
    type Lease: Send + 'static;

    /// Begins an upload of at most `limit` bytes. Nobody sees it; dropped, it leaves nothing. Blocks as making a file does.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn stage(&self, limit: u64) -> Result<Stage, StoreError>;

    /// Accepts an upload. When this returns it is never lost.
    ///
    /// # Errors
    /// [`AcceptError::NameTaken`] for other bytes under a name that was ever accepted. See [`AcceptError`].
    fn accept(&self, file: NewFile, bytes: Staged) -> impl Future<Output = Result<Accepted, AcceptError>> + Send;

    /// Asks for a change that has no bytes. When this returns it is never lost.
    ///
    /// # Errors
    /// See [`RequestError`].
    fn request(&self, request: Request) -> impl Future<Output = Result<Ticket, RequestError>> + Send;

    /// The oldest changes that are neither published nor refused, in the order of their tickets.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn pending(&self, most: usize) -> impl Future<Output = Result<Vec<(Ticket, Change)>, StoreError>> + Send;

    /// Waits until something is pending.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn wait_for_pending(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Publishes everything that changed, at once. [`Publication::done`] are exactly the oldest pending tickets; those that are
    /// published change their projects as [`Project::apply`] says.
    ///
    /// # Errors
    /// [`PublishError::Conflict`] where the newest timestamp is not the one that this builds on. After any error the state is as
    /// before.
    fn publish(&self, publication: Publication) -> impl Future<Output = Result<(), PublishError>> + Send;

    /// What became of a change.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn ticket(&self, ticket: Ticket) -> impl Future<Output = Result<TicketState, StoreError>> + Send;

    /// Waits until a change is published or refused. A ticket that was never given out is [`TicketState::Unknown`] at once.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn wait(&self, ticket: Ticket) -> impl Future<Output = Result<TicketState, StoreError>> + Send;

    /// The newest timestamp; `None` before the first publication.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn timestamp(&self) -> impl Future<Output = Result<Option<PublishedTimestamp>, StoreError>> + Send;

    /// The version of the newest timestamp, for asking often. What was published before this was called is in it, or in a later one.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn published(&self) -> impl Future<Output = Result<Option<Version>, StoreError>> + Send;

    /// A metadata file by its path below the metadata URL (`17.bin.14-0a3f.json`, `timestamp.json`).
    ///
    /// # Errors
    /// See [`StoreError`].
    fn metadata(&self, path: &str) -> impl Future<Output = Result<Option<Bytes>, StoreError>> + Send;

    /// A signed document, with this digest or (`None`) the newest.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn target(
        &self,
        path: &TargetPath,
        sha256: Option<Sha256>,
    ) -> impl Future<Output = Result<Option<Bytes>, StoreError>> + Send;

    /// A project as it is published, with all its files; `None` where nothing of it ever was.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn project(&self, project: &ProjectName) -> impl Future<Output = Result<Option<Project>, StoreError>> + Send;

    /// The serial of a project as it is published; `None` where nothing of it ever was.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn serial(&self, project: &ProjectName) -> impl Future<Output = Result<Option<u64>, StoreError>> + Send;

    /// Published projects by name with their serials, those after `after`.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn projects(
        &self,
        after: Option<&ProjectName>,
        most: usize,
    ) -> impl Future<Output = Result<Vec<(ProjectName, u64)>, StoreError>> + Send;

    /// One published file.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn file(&self, name: &FileName) -> impl Future<Output = Result<Option<StoredFile>, StoreError>> + Send;

    /// The `METADATA` or `PKG-INFO` of a published file.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn core_metadata(&self, name: &FileName) -> impl Future<Output = Result<Option<Bytes>, StoreError>> + Send;

    /// Bytes by their digest, of distributions, core metadata and attestations, published or not. Not compared with the digest.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn blob(&self, sha256: &Sha256) -> impl Future<Output = Result<Option<Blob>, StoreError>> + Send;

    /// How much there is.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn counts(&self) -> impl Future<Output = Result<Counts, StoreError>> + Send;

    /// Drops old versions of metadata and targets. Never a root, never what is current, never what `keep` keeps.
    ///
    /// # Errors
    /// See [`StoreError`]. What was dropped before the error is dropped.
    fn collect(&self, keep: Keep, now: Timestamp) -> impl Future<Output = Result<Collected, StoreError>> + Send;

    /// Removes bytes that have belonged to nothing for so long. Never those of an upload that is being accepted: it is accepted with
    /// its bytes, or not at all.
    ///
    /// # Errors
    /// See [`StoreError`]. What was removed before the error is removed.
    fn sweep(&self, age: Duration, now: Timestamp) -> impl Future<Output = Result<Swept, StoreError>> + Send;

    /// Looks for what is missing, damaged or belongs to nothing. At most [`FINDINGS`](crate::limits::FINDINGS).
    ///
    /// # Errors
    /// See [`StoreError`]: that it could not be looked, not what was found.
    fn check(&self, rehash: Rehash) -> impl Future<Output = Result<Vec<Finding>, StoreError>> + Send;

    /// Becomes the publisher.
    ///
    /// # Errors
    /// [`LeaseError::Held`] says who is.
    fn publisher_lease(&self) -> impl Future<Output = Result<Self::Lease, LeaseError>> + Send;

    /// Adds a token. The store never sees its secret.
    ///
    /// # Errors
    /// See [`TokenError`].
    fn token_add(&self, token: NewToken) -> impl Future<Output = Result<TokenId, TokenError>> + Send;

    /// All tokens, the oldest first, revoked and expired ones too.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn tokens(&self) -> impl Future<Output = Result<Vec<Token>, StoreError>> + Send;

    /// Revokes a token for good; `false` where there is none or it was revoked before.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn token_revoke(&self, token: TokenId, now: Timestamp) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The token whose secret has this SHA-256, whether or not it is still good: see [`Token::is_good`].
    ///
    /// # Errors
    /// See [`StoreError`].
    fn token_by_hash(&self, sha256: &Sha256) -> impl Future<Output = Result<Option<Token>, StoreError>> + Send;

    /// Remembers the last day on which a token was used.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn token_used(&self, token: TokenId, day: Date) -> impl Future<Output = Result<(), StoreError>> + Send;
}
