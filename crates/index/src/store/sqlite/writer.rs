//! The one thread that writes, and how many writes share one transaction.
//!
//! Each durable write costs an `fsync`. While one transaction is being committed others queue up; the writer takes all of them
//! into the next one (group commit). A write that fails is undone alone.
//!
//! Must never tell success before `COMMIT` has returned.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot};

use super::fault::{Fault, Plain};
use crate::limits;
use crate::store::StoreError;
use crate::store::disk::Disk;

/// Takes writes to the thread that does them.
pub(super) struct Writer {
    /// `None` only while this is dropped.
    queue: Option<Sender<Box<dyn Write>>>,
    places: Semaphore,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, file: &Path, disk: Arc<dyn Disk>) -> Result<Self, StoreError> {
        let (queue, writes) = mpsc::channel();
        let desk = Desk { connection, disk, file: file.to_owned() };
        let thread = thread::Builder::new().name("store".to_owned()).spawn(move || desk.run(&writes));
        let thread = Some(thread.map_err(|error| StoreError::io(file, &error))?);
        Ok(Self { queue: Some(queue), places: Semaphore::new(limits::WAITING_WRITES), thread })
    }

    /// Does `work` within a transaction; it is durable when this returns `Ok`, and undone when it returns an error that `work`
    /// made.
    pub(super) async fn write<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault<E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let _place = self.places.acquire().await.map_err(|_| StoreError::Closed)?;
        let (asker, answer) = oneshot::channel();
        let write = Asked { work: Some(work), done: None, asker };
        self.queue.as_ref().and_then(|queue| queue.send(Box::new(write)).ok()).ok_or(StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

impl Drop for Writer {
    /// Waits until what was asked for is written.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One write and whom to answer.
trait Write: Send {
    /// Writes within the current transaction.
    fn work(&mut self, desk: &Desk) -> Worked;
    /// Answers, once it is known whether the transaction lasts.
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// Whether what was written is to be kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Worked {
    Keep,
    Undo,
}

struct Asked<T, E, F> {
    work: Option<F>,
    done: Option<Result<T, E>>,
    asker: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Write for Asked<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: FnOnce(&Connection) -> Result<T, Fault<E>> + Send,
{
    fn work(&mut self, desk: &Desk) -> Worked {
        self.done = self.work.take().map(|work| work(&desk.connection).map_err(|fault| fault.at(&desk.file)));
        if matches!(self.done, Some(Ok(_))) { Worked::Keep } else { Worked::Undo }
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { done, asker, .. } = *self;
        let answer = match (done, outcome) {
            (Some(Err(own)), _) => Err(own),
            (Some(Ok(done)), Ok(())) => Ok(done),
            (_, Err(error)) => Err(error.into()),
            (None, Ok(())) => Err(StoreError::Closed.into()),
        };
        // Whoever asked may have stopped waiting: what was written lasts all the same.
        let _ = asker.send(answer);
    }
}

/// What the thread works with.
struct Desk {
    /// The only connection of this process that writes.
    connection: Connection,
    disk: Arc<dyn Disk>,
    /// For errors.
    file: PathBuf,
}

impl Desk {
    /// Works until nobody can ask any more.
    fn run(self, writes: &Receiver<Box<dyn Write>>) {
        while let Ok(first) = writes.recv() {
            let mut group: Vec<_> = std::iter::once(first).chain(writes.try_iter().take(limits::GROUP_WRITES - 1)).collect();
            let outcome = self.transact(&mut group).map_err(|fault| fault.at(&self.file));
            if outcome.is_err() {
                // There may be nothing to roll back: SQLite does it by itself when the disk is full.
                let _ = self.connection.execute_batch("ROLLBACK");
            }
            for write in group {
                write.answer(outcome.clone());
            }
        }
    }

    /// An error means that none of them lasts, unless only the word that it was committed got lost.
    fn transact(&self, group: &mut [Box<dyn Write>]) -> Result<(), Plain> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        for write in group {
            self.connection.execute_batch("SAVEPOINT one")?;
            let worked = write.work(self);
            if self.connection.is_autocommit() {
                return Err(Plain::Refused(StoreError::Full { place: self.file.clone() }));
            }
            let end = if worked == Worked::Undo { "ROLLBACK TO one; RELEASE one" } else { "RELEASE one" };
            self.connection.execute_batch(end)?;
        }
        Ok(self.disk.commit(&self.connection)?)
    }
}
