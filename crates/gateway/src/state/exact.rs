//! The exact times of last pages, where the recorded ones lag behind ([`limits::PAGE_TIME_LAG`]).

use std::collections::HashMap;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use crate::limits;

/// By page id, in microseconds.
pub(super) struct ExactTimes {
    times: HashMap<i64, i64>,
    /// Kept during the current transaction: forgotten when that is undone, since the page and its id may be undone with it.
    touched: Vec<i64>,
    /// How far the recorded time may lag behind, in microseconds.
    lag: i64,
}

/// Whether an exact time could be kept in memory.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kept {
    InMemory,
    MustBeWritten,
}

impl ExactTimes {
    pub(super) fn new(lag: Duration) -> Self {
        Self { times: HashMap::new(), touched: Vec::new(), lag: i64::try_from(lag.as_micros()).unwrap_or(i64::MAX) }
    }

    /// The later of the recorded and the exact time.
    pub(super) fn latest(&self, page: i64, recorded: i64) -> i64 {
        self.times.get(&page).map_or(recorded, |&exact| exact.max(recorded))
    }

    /// Keeps the exact time of an unchanged page, if the recorded one may lag behind it.
    pub(super) fn keep(&mut self, page: i64, recorded: i64, now: i64) -> Kept {
        if now.saturating_sub(recorded) >= self.lag || self.is_full() {
            return Kept::MustBeWritten;
        }
        self.times.insert(page, now);
        self.touched.push(page);
        Kept::InMemory
    }

    /// Whether there are so many that they should be written.
    pub(super) fn is_full(&self) -> bool {
        self.times.len() >= limits::EXACT_PAGE_TIMES
    }

    /// A transaction begins.
    pub(super) fn begin(&mut self) {
        self.touched.clear();
    }

    /// The transaction was undone.
    pub(super) fn undo(&mut self) {
        for page in self.touched.drain(..) {
            self.times.remove(&page);
        }
    }

    /// Writes all of them. A later time that another process wrote stays.
    pub(super) fn write_all(&mut self, connection: &mut Connection) -> rusqlite::Result<()> {
        if self.times.is_empty() {
            return Ok(());
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut update = transaction.prepare_cached("UPDATE page SET time = ?2 WHERE id = ?1 AND time < ?2")?;
            for (page, time) in &self.times {
                update.execute((page, time))?;
            }
        }
        transaction.commit()?;
        self.times.clear();
        Ok(())
    }
}
