//! What is particular to a store in one folder.

mod crash;
mod disk;
mod faults;
mod folder;
mod sweep;

use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::store::contract::*;
use crate::store::{Outcome, Publication};

/// A folder for a store; gone at the end.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("store")
    }

    fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.path()).unwrap()
    }

    /// All paths below the folder whose names begin so.
    fn files(&self, below: &str) -> Vec<PathBuf> {
        let mut folders = vec![self.path().join(below)];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        files
    }
}

/// What is wrong, but for bytes that belong to nothing.
async fn wrong(store: &SqliteStore) -> Vec<Finding> {
    let findings = store.check(Rehash::Yes).await.unwrap();
    findings.into_iter().filter(|finding| !matches!(finding, Finding::UnreferencedBlob { .. })).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_does_what_every_store_must_do() {
    let folder = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    check(|| {
        count.set(count.get() + 1);
        SqliteStore::open(&folder.path().join(count.get().to_string())).unwrap()
    })
    .await;
}
