//! A disk that writes down what is asked of it and fails where it is told to.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;

use super::*;
use crate::store::disk::{Made, Temporary};

/// When an effect fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// It does not take place.
    Before,
    /// It takes place, but the word of it gets lost.
    After,
    /// It does not take place, and none after it does: the power is gone.
    Forever,
}

/// Which effect fails, how, and what was asked so far.
struct Plan {
    at: Option<usize>,
    moment: Moment,
    error: fn() -> io::Error,
    asked: Vec<String>,
}

#[derive(Clone)]
pub(super) struct TestDisk(Arc<Mutex<Plan>>);

impl TestDisk {
    /// The effect of this number, counted from [`arm`](Self::arm), fails.
    pub(super) fn new(moment: Moment, error: fn() -> io::Error) -> Self {
        Self(Arc::new(Mutex::new(Plan { at: None, moment, error, asked: Vec::new() })))
    }

    pub(super) fn arm(&self, at: usize) {
        let mut plan = self.0.lock().unwrap();
        plan.at = Some(at);
        plan.asked.clear();
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().asked.clone()
    }

    fn effect<T>(&self, what: String, real: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let mut plan = self.0.lock().unwrap();
        let (number, moment) = (plan.asked.len(), plan.moment);
        plan.asked.push(what);
        let error = plan.error;
        let fails = plan.at.is_some_and(|at| number == at || (number > at && moment == Moment::Forever));
        drop(plan);
        match (fails, moment) {
            (false, _) => real(),
            (true, Moment::After) => real().and_then(|_| Err(error())),
            (true, Moment::Before | Moment::Forever) => Err(error()),
        }
    }
}

fn last(path: &Path) -> String {
    let name = path.file_name().unwrap().to_string_lossy();
    // Digests are long, and say nothing here.
    if name.len() == 64 {
        "blob".to_owned()
    } else if name.len() == 2 {
        "<ab>".to_owned()
    } else {
        name.into_owned()
    }
}

impl Disk for TestDisk {
    fn create_temporary(&self, folder: &Path) -> io::Result<Box<dyn Temporary>> {
        let file = self.effect("create".to_owned(), || RealDisk.create_temporary(folder))?;
        Ok(Box::new(TestTemporary { file, disk: self.clone() }))
    }

    fn create_folder(&self, folder: &Path) -> io::Result<Made> {
        self.effect(format!("folder {}", last(folder)), || RealDisk.create_folder(folder))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.effect(format!("sync folder {}", last(folder)), || RealDisk.sync_folder(folder))
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        self.effect(format!("remove {}", last(file)), || RealDisk.remove(file))
    }

    fn commit(&self, database: &Connection) -> rusqlite::Result<()> {
        let failed = |_| {
            // As SQLite says it when a disk fails under it.
            rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC), None)
        };
        let mut own = None;
        let outcome = self.effect("commit".to_owned(), || {
            RealDisk.commit(database).map_err(|error| {
                own = Some(error);
                io::Error::other("see above")
            })
        });
        own.map_or_else(|| outcome.map_err(failed), Err)
    }
}

struct TestTemporary {
    file: Box<dyn Temporary>,
    disk: TestDisk,
}

impl Temporary for TestTemporary {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.disk.effect("write".to_owned(), || self.file.write(bytes))
    }

    fn reader(&self) -> io::Result<File> {
        self.file.reader()
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.effect("sync".to_owned(), || self.file.sync())
    }

    fn rename(self: Box<Self>, to: &Path) -> io::Result<()> {
        let Self { file, disk } = *self;
        disk.effect(format!("rename to {}", last(to)), || file.rename(to))
    }
}
