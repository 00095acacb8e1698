//! A store in one folder: SQLite and files. Several processes may use it at once.

mod check;
mod collect;
mod fault;
mod folder;
mod newest;
mod publish;
mod queue;
mod read;
mod readers;
mod rows;
mod schema;
mod sweep;
#[cfg(test)]
mod tests;
mod tokens;
mod writer;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use affineur_packaging::page::Yanked;
use affineur_packaging::{FileName, ProjectName, Sha256};
use affineur_tuf::{TargetPath, Version};
use bytes::Bytes;
use jiff::{Timestamp, civil::Date};
use rusqlite::Connection;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::disk::{Disk, RealDisk};
use super::{
    AcceptError, Accepted, Blob, Change, Collected, Counts, Finding, Keep, LeaseError, NewFile, NewToken, Project, Publication,
    PublishError, PublishedTimestamp, Rehash, Request, RequestError, Stage, Staged, Store, StoreError, StoredFile, Swept,
    Ticket, TicketState, Token, TokenError, TokenId,
};
use crate::limits;
use check::Check;
use fault::{Fault, Plain};
use folder::Folder;
pub use newest::Lease;
use newest::Newest;
use readers::Readers;
use writer::Writer;

/// The [`Store`] in one folder. It is closed when the last clone is dropped, which waits until what was asked for is written.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    // The writer is dropped first: what waits in it needs nothing of the rest.
    writer: Writer,
    readers: Readers,
    folder: Folder,
    disk: Arc<dyn Disk>,
    /// The last ticket given out, and the last one that is done, by this process. Wakes those who wait.
    queued: watch::Sender<u64>,
    done: watch::Sender<u64>,
    newest: Arc<Newest>,
}

impl SqliteStore {
    /// Opens the store in a folder, and makes both where they do not exist yet, for the user alone. Blocks.
    ///
    /// # Errors
    /// See [`StoreError`]. What cannot be read is never replaced.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_on(folder, Arc::new(RealDisk))
    }

    fn open_on(path: &Path, disk: Arc<dyn Disk>) -> Result<Self, StoreError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(|error| StoreError::io(path, &error))?;
        let file = path.join("index.db");
        let connection = schema::open_or_create(&file)?;
        let folder = Folder::open(path.to_owned(), Arc::clone(&disk))?;
        let writer = Writer::start(connection, &file, Arc::clone(&disk))?;
        let (queued, done) = (watch::Sender::new(0), watch::Sender::new(0));
        let (readers, newest) = (Readers::new(file), Arc::default());
        Ok(Self { inner: Arc::new(Inner { writer, readers, folder, disk, queued, done, newest }) })
    }

    /// Reads on a thread that may block.
    async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Plain> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.block(|inner| inner.readers.read(question)).await
    }

    async fn block<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let inner = Arc::clone(&self.inner);
        spawn_blocking(move || work(&inner)).await.map_err(|_| E::from(StoreError::Closed))?
    }

    /// See [`Writer::write`].
    async fn write<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault<E>> + Send + 'static,
    ) -> Result<T, E> {
        self.inner.writer.write(work).await
    }

    fn queued(&self, ticket: Ticket) {
        self.inner.queued.send_if_modified(|last| raise(last, ticket));
    }
}

fn raise(last: &mut u64, ticket: Ticket) -> bool {
    let higher = ticket.number() > *last;
    *last = ticket.number().max(*last);
    higher
}

impl Inner {
    /// Makes everything of an upload durable, unless it is there already.
    fn keep(&self, new: NewFile, bytes: Staged) -> Result<Kept, AcceptError> {
        let sides = [&new.core_metadata, &new.attestations];
        if sides.into_iter().flatten().any(|side| side.len() > limits::SIDE_BYTES) {
            return Err(AcceptError::TooLarge);
        }
        let sha256 = bytes.sha256();
        let there = self.readers.read(|database| Ok(queue::already_there(database, &new.file, sha256)))?;
        let place = self.folder.blob_path(&sha256);
        if let Some(accepted) = there.map_err(|fault| fault.at(&place))? {
            return Ok(Kept::AlreadyThere(accepted));
        }
        let mut blobs = vec![(sha256, bytes.size())];
        let mut side = |side: &Option<Bytes>| -> Result<Option<Sha256>, StoreError> {
            let Some(side) = side else { return Ok(None) };
            let staged = self.folder.stage_bytes(side)?;
            let sha256 = staged.sha256();
            blobs.push((sha256, staged.size()));
            self.folder.keep(staged)?;
            Ok(Some(sha256))
        };
        let (core_metadata, attestations) = (side(&new.core_metadata)?, side(&new.attestations)?);
        let file = StoredFile {
            file: new.file,
            display_name: new.display_name,
            size: bytes.size(),
            sha256,
            requires_python: new.requires_python,
            core_metadata,
            attestations,
            uploaded: new.uploaded,
            uploader: new.uploader,
            yanked: Yanked::No,
            yanked_by_index: Yanked::No,
        };
        self.folder.keep(bytes)?;
        Ok(Kept::Durable { file: Box::new(file), blobs })
    }
}

/// What became of an upload's bytes.
enum Kept {
    AlreadyThere(Accepted),
    Durable { file: Box<StoredFile>, blobs: Vec<(Sha256, u64)> },
}

impl Store for SqliteStore {
    type Lease = Lease;

    fn stage(&self, limit: u64) -> Result<Stage, StoreError> {
        self.inner.folder.stage(limit)
    }

    async fn accept(&self, file: NewFile, bytes: Staged) -> Result<Accepted, AcceptError> {
        let (file, blobs) = match self.block(|inner| inner.keep(file, bytes)).await? {
            Kept::AlreadyThere(accepted) => return Ok(accepted),
            Kept::Durable { file, blobs } => (file, blobs),
        };
        // Dying before this commit leaves blobs that belong to nothing. After it, the upload is never lost.
        let places: Vec<_> = blobs.iter().map(|(sha256, _)| self.inner.folder.blob_path(sha256)).collect();
        let accept = move |database: &Connection| {
            sweep::are_there(&places).map_err(|error| Fault::Refused(error.into()))?;
            queue::accept(database, &file, &blobs)
        };
        let accepted = self.write(accept).await?;
        self.queued(accepted.ticket());
        Ok(accepted)
    }

    async fn request(&self, request: Request) -> Result<Ticket, RequestError> {
        let ticket = self.write(move |database| queue::request(database, &request)).await?;
        self.queued(ticket);
        Ok(ticket)
    }

    async fn pending(&self, most: usize) -> Result<Vec<(Ticket, Change)>, StoreError> {
        let waiting = self.read(move |database| queue::pending(database, most)).await?;
        Ok(waiting.into_iter().map(|waiting| (waiting.ticket, waiting.change)).collect())
    }

    async fn wait_for_pending(&self) -> Result<(), StoreError> {
        let mut queued = self.inner.queued.subscribe();
        while !self.read(queue::is_pending).await? {
            // Neither an end of the channel nor of the time is news: look again.
            let _ = timeout(limits::POLL, queued.changed()).await;
        }
        Ok(())
    }

    async fn publish(&self, publication: Publication) -> Result<(), PublishError> {
        let last = publication.done.last().map(|(ticket, _)| *ticket);
        let version = publication.version;
        self.inner.newest.will_change();
        self.write(move |database| publish::publish(database, &publication)).await?;
        self.inner.newest.changed(version);
        if let Some(last) = last {
            self.inner.done.send_if_modified(|done| raise(done, last));
        }
        Ok(())
    }

    async fn ticket(&self, ticket: Ticket) -> Result<TicketState, StoreError> {
        self.read(move |database| queue::ticket(database, ticket)).await
    }

    async fn wait(&self, ticket: Ticket) -> Result<TicketState, StoreError> {
        let mut done = self.inner.done.subscribe();
        loop {
            let state = self.ticket(ticket).await?;
            if state != TicketState::Pending {
                return Ok(state);
            }
            let _ = timeout(limits::POLL, done.wait_for(|done| *done >= ticket.number())).await;
        }
    }

    async fn timestamp(&self) -> Result<Option<PublishedTimestamp>, StoreError> {
        self.read(read::timestamp).await
    }

    async fn published(&self) -> Result<Option<Version>, StoreError> {
        match self.inner.newest.known() {
            Some(version) => Ok(version),
            None => self.read(read::published).await,
        }
    }

    async fn metadata(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        if path == "timestamp.json" {
            return Ok(self.timestamp().await?.map(|timestamp| timestamp.bytes));
        }
        let path = path.to_owned();
        self.read(move |database| read::metadata(database, &path)).await
    }

    async fn target(&self, path: &TargetPath, sha256: Option<Sha256>) -> Result<Option<Bytes>, StoreError> {
        let path = path.clone();
        self.read(move |database| read::target(database, path.as_str(), sha256)).await
    }

    async fn project(&self, project: &ProjectName) -> Result<Option<Project>, StoreError> {
        let project = project.clone();
        self.read(move |database| read::project(database, &project)).await
    }

    async fn serial(&self, project: &ProjectName) -> Result<Option<u64>, StoreError> {
        let project = project.clone();
        self.read(move |database| read::serial(database, &project)).await
    }

    async fn projects(&self, after: Option<&ProjectName>, most: usize) -> Result<Vec<(ProjectName, u64)>, StoreError> {
        let after = after.cloned();
        self.read(move |database| read::projects(database, after.as_ref(), most)).await
    }

    async fn file(&self, name: &FileName) -> Result<Option<StoredFile>, StoreError> {
        let name = name.clone();
        self.read(move |database| read::file(database, &name)).await
    }

    async fn core_metadata(&self, name: &FileName) -> Result<Option<Bytes>, StoreError> {
        let name = name.clone();
        self.block(move |inner| {
            let file = inner.readers.read(|database| read::file(database, &name))?;
            file.and_then(|file| file.core_metadata).map_or(Ok(None), |sha256| inner.folder.read(&sha256))
        })
        .await
    }

    async fn blob(&self, sha256: &Sha256) -> Result<Option<Blob>, StoreError> {
        let sha256 = *sha256;
        self.block(move |inner| inner.folder.blob(&sha256)).await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.read(read::counts).await
    }

    async fn collect(&self, keep: Keep, now: Timestamp) -> Result<Collected, StoreError> {
        let mut all = Collected::default();
        loop {
            let some = self.write(move |database| collect::some(database, keep, now)).await?;
            if some == Collected::default() {
                return Ok(all);
            }
            all += some;
        }
    }

    async fn sweep(&self, age: Duration, now: Timestamp) -> Result<Swept, StoreError> {
        let found = self.block(move |inner| sweep::candidates(&inner.folder, &inner.readers, age, now)).await?;
        let (mut all, mut found) = (Swept::default(), found.into_iter().peekable());
        while found.peek().is_some() {
            let some: Vec<_> = found.by_ref().take(limits::COLLECT_ROWS).collect();
            let disk = Arc::clone(&self.inner.disk);
            all += self.write(move |database| sweep::remove(database, disk.as_ref(), &some, age, now)).await?;
        }
        Ok(all)
    }

    async fn check(&self, rehash: Rehash) -> Result<Vec<Finding>, StoreError> {
        self.block(move |inner| Check { readers: &inner.readers, folder: &inner.folder, rehash }.run()).await
    }

    async fn publisher_lease(&self) -> Result<Lease, LeaseError> {
        self.block(|inner| {
            let locked = inner.folder.lease()?;
            let version = inner.readers.read(read::published)?;
            Ok(Lease::new(locked, &inner.newest, version))
        })
        .await
    }

    async fn token_add(&self, token: NewToken) -> Result<TokenId, TokenError> {
        self.write(move |database| tokens::add(database, &token)).await
    }

    async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.read(tokens::all).await
    }

    async fn token_revoke(&self, token: TokenId, now: Timestamp) -> Result<bool, StoreError> {
        self.write(move |database| tokens::revoke(database, token, now)).await
    }

    async fn token_by_hash(&self, sha256: &Sha256) -> Result<Option<Token>, StoreError> {
        let sha256 = *sha256;
        self.read(move |database| tokens::by_hash(database, sha256)).await
    }

    async fn token_used(&self, token: TokenId, day: Date) -> Result<(), StoreError> {
        if self.read(move |database| tokens::is_news(database, token, day)).await? {
            self.write(move |database| tokens::used(database, token, day)).await?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("folder", &self.inner.folder).finish_non_exhaustive()
    }
}
