//! The one thread that writes, and how many writes share one transaction.
//!
//! Each durable write costs an `fsync`. While one transaction is being committed others queue up; the writer takes all of them
//! into the next one (group commit), so that many pages at once cost little more than one. A write that fails is undone
//! alone. Nobody gets an answer before the transaction is on the disk.
//!
//! Must never tell success before `COMMIT` has returned.

use std::path::PathBuf;
use std::sync::mpsc::Receiver;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::error::{Fault, StateError};
use super::exact::ExactTimes;
use super::text_file::TextFile;
use crate::limits;

/// What the writer works with.
pub(super) struct Desk {
    /// The only connection of this process that writes.
    pub(super) connection: Connection,
    /// Exact times of pages, where the recorded ones lag behind.
    pub(super) exact: ExactTimes,
    /// For errors.
    pub(super) file: PathBuf,
    /// The text form, where the state has one.
    pub(super) text: Option<TextFile>,
}

/// What can be asked of the writer.
pub(super) enum Job {
    /// Becomes part of a transaction.
    Write(Box<dyn Write>),
    /// Outside of any transaction: reading where there is only one connection, and saving.
    Alone(Box<dyn FnOnce(&mut Desk) + Send>),
}

/// One write and whom to answer.
pub(super) trait Write: Send {
    /// Writes within the current transaction.
    fn work(&mut self, desk: &mut Desk) -> Result<(), Fault>;
    /// Answers, once it is known whether the write lasts.
    fn answer(self: Box<Self>, outcome: Result<(), StateError>);
}

/// The [`Write`] that does `work`, once.
pub(super) struct Request<T, F> {
    work: Option<F>,
    done: Option<T>,
    asker: oneshot::Sender<Result<T, StateError>>,
}

impl<T, F> Request<T, F> {
    pub(super) const fn new(work: F, asker: oneshot::Sender<Result<T, StateError>>) -> Self {
        Self { work: Some(work), done: None, asker }
    }
}

impl<T: Send, F: FnOnce(&mut Desk) -> Result<T, Fault> + Send> Write for Request<T, F> {
    fn work(&mut self, desk: &mut Desk) -> Result<(), Fault> {
        self.done = self.work.take().map(|work| work(desk)).transpose()?;
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), StateError>) {
        // Whoever asked may have stopped waiting: what was written lasts all the same.
        let Self { done, asker, .. } = *self;
        let _ = asker.send(outcome.and_then(|()| done.ok_or(StateError::Closed)));
    }
}

impl Desk {
    /// Works until nobody can ask any more.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let mut writes = Vec::new();
            let mut alone = None;
            for job in std::iter::once(first).chain(jobs.try_iter()) {
                match job {
                    Job::Write(write) => writes.push(write),
                    Job::Alone(job) => alone = Some(job),
                }
                // What is asked alone sees all that was written before it and nothing later.
                if alone.is_some() || writes.len() >= limits::GROUP_WRITES {
                    break;
                }
            }
            if !writes.is_empty() {
                self.transact(writes);
            }
            if let Some(job) = alone {
                job(&mut self);
            }
        }
        if self.text.is_none() {
            self.try_to_write_exact_times();
        }
    }

    /// Does all writes in one transaction and answers them.
    fn transact(&mut self, mut writes: Vec<Box<dyn Write>>) {
        if self.exact.is_full() {
            self.try_to_write_exact_times();
        }
        self.exact.begin();
        let mut faults = Vec::with_capacity(writes.len());
        let outcome = self.work(&mut writes, &mut faults).map_err(|fault| fault.at(&self.file));
        if outcome.is_err() {
            // There may be nothing to roll back: SQLite does it by itself when the disk is full.
            let _ = self.connection.execute_batch("ROLLBACK");
            self.exact.undo();
        }
        faults.resize(writes.len(), None);
        for (write, fault) in writes.into_iter().zip(faults) {
            write.answer(fault.map_or_else(|| outcome.clone(), Err));
        }
    }

    /// Fills in the fault of each write that failed by itself; an error means that none of them lasts.
    fn work(&mut self, writes: &mut [Box<dyn Write>], faults: &mut Vec<Option<StateError>>) -> Result<(), Fault> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        for write in writes {
            self.connection.execute_batch("SAVEPOINT one")?;
            let fault = write.work(self).err();
            if self.connection.is_autocommit() {
                // The whole transaction is gone.
                return Err(fault.unwrap_or(Fault::Content("a transaction ended by itself")));
            }
            let end = if fault.is_some() { "ROLLBACK TO one; RELEASE one" } else { "RELEASE one" };
            self.connection.execute_batch(end)?;
            faults.push(fault.map(|fault| fault.at(&self.file)));
        }
        Ok(self.connection.execute_batch("COMMIT")?)
    }

    fn try_to_write_exact_times(&mut self) {
        if let Err(error) = self.write_exact_times() {
            tracing::warn!(%error, "the times of the last pages could not be written");
        }
    }

    /// Writes all exact times that are only in memory.
    pub(super) fn write_exact_times(&mut self) -> Result<(), StateError> {
        self.exact.write_all(&mut self.connection).map_err(|error| Fault::from(error).at(&self.file))
    }
}
