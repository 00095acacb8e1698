//! Connections for reading: they never wait for the writer.

use std::path::PathBuf;
use std::sync::Mutex;

use rusqlite::Connection;

use super::fault::Plain;
use super::schema;
use crate::limits;
use crate::store::StoreError;

/// Idle connections; one more is opened whenever all are in use.
pub(super) struct Readers {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) const fn new(file: PathBuf) -> Self {
        Self { file, idle: Mutex::new(Vec::new()) }
    }

    /// Reads in one transaction, so that an answer is never from two moments.
    pub(super) fn read<T>(&self, question: impl FnOnce(&Connection) -> Result<T, Plain>) -> Result<T, StoreError> {
        let mut connection = match self.idle().pop() {
            Some(connection) => connection,
            None => schema::open(&self.file)?,
        };
        let answer = one_moment(&mut connection, question).map_err(|fault| fault.at(&self.file))?;
        let mut idle = self.idle();
        if idle.len() < limits::IDLE_READERS {
            idle.push(connection);
        }
        Ok(answer)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        // A thread that panicked while it held the list has not left half a connection in it.
        self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn one_moment<T>(connection: &mut Connection, question: impl FnOnce(&Connection) -> Result<T, Plain>) -> Result<T, Plain> {
    let transaction = connection.transaction()?;
    let answer = question(&transaction)?;
    transaction.finish()?;
    Ok(answer)
}
