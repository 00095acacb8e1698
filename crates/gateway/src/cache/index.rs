//! Which files the cache has and in which order they were used: in memory, so that a commit costs what it changes.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use affineur_packaging::Sha256;

use super::platform::Identity;
use super::{Scope, Touch};
use crate::limits;

pub(super) const METADATA_FOLDER: &str = "metadata";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    File,
    Metadata,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) scope: Scope,
    pub(super) kind: Kind,
    pub(super) sha256: Sha256,
}

#[derive(Debug)]
struct Entry {
    size: u64,
    /// Its place in the order of use.
    turn: u64,
    /// The time of use that the file's own times say.
    touched: SystemTime,
    /// What it was when this process hashed it.
    verified: Option<Identity>,
}

#[derive(Debug, Default)]
pub(super) struct Index {
    entries: HashMap<Key, Entry>,
    /// Least recently used first.
    order: BTreeMap<u64, Key>,
    turns: u64,
    bytes: u64,
    committed_since_scan: u64,
}

impl Index {
    /// What is in the folder, by time of last use. What does not look like ours is left alone.
    pub(super) fn scan(folder: &Path, kind: Kind) -> io::Result<Self> {
        let mut found = Vec::new();
        for (path, name) in children(folder)? {
            let Some(scope) = Scope::from_folder(&name) else { continue };
            let path = if kind == Kind::Metadata { path.join(METADATA_FOLDER) } else { path };
            for (path, _) in children(&path)? {
                files(&path, scope, kind, &mut found)?; // for files the metadata folder has only folders
            }
        }
        found.sort_unstable_by_key(|(key, _, modified)| (*modified, *key));
        let mut index = Self::default();
        for (key, size, modified) in found {
            index.insert(key, size, modified);
        }
        Ok(index)
    }

    /// Takes in what a scan found: files of other processes are new here, files that are gone are forgotten.
    pub(super) fn merge(&mut self, found: &Self) {
        let gone: Vec<Key> = self.entries.keys().filter(|key| !found.entries.contains_key(key)).copied().collect();
        gone.iter().for_each(|key| self.forget(key));
        for key in found.order.values() {
            if let Some(entry) = found.entries.get(key).filter(|_| !self.entries.contains_key(key)) {
                self.insert(*key, entry.size, entry.touched);
            }
        }
        self.committed_since_scan = 0;
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn is_verified(&self, key: &Key, identity: &Identity) -> bool {
        self.entries.get(key).is_some_and(|entry| entry.verified.as_ref() == Some(identity))
    }

    /// This process hashed the file when it had this identity.
    pub(super) fn verified(&mut self, key: &Key, identity: Identity) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.verified = Some(identity);
        }
    }

    /// The file is the most recently used one now.
    pub(super) fn used(&mut self, key: Key, size: u64) -> Touch {
        let now = SystemTime::now();
        let touched = self.entries.get(&key).map_or(now, |entry| entry.touched);
        let verified = self.entries.get(&key).and_then(|entry| entry.verified);
        let due = now.duration_since(touched).is_ok_and(|age| age > limits::CACHE_TOUCH);
        self.forget(&key);
        self.insert(key, size, if due { now } else { touched });
        if let Some(identity) = verified {
            self.verified(&key, identity);
        }
        if due { Touch::Due } else { Touch::NotYet }
    }

    /// Counts committed bytes; says whether enough came together to pay for a scan.
    pub(super) fn rescan_due(&mut self, committed: u64, enough: u64) -> bool {
        self.committed_since_scan = self.committed_since_scan.saturating_add(committed);
        let due = self.committed_since_scan > enough;
        if due {
            self.committed_since_scan = 0; // others must not scan as well meanwhile
        }
        due
    }

    /// Takes out the least recently used files until at most `most` bytes are left.
    pub(super) fn take_surplus(&mut self, most: u64) -> Vec<Key> {
        let mut surplus = Vec::new();
        while self.bytes > most
            && let Some((_, key)) = self.order.pop_first()
        {
            self.bytes -= self.entries.remove(&key).map_or(0, |entry| entry.size);
            surplus.push(key);
        }
        surplus
    }

    pub(super) fn forget(&mut self, key: &Key) {
        if let Some(entry) = self.entries.remove(key) {
            self.order.remove(&entry.turn);
            self.bytes -= entry.size;
        }
    }

    fn insert(&mut self, key: Key, size: u64, touched: SystemTime) {
        self.turns += 1;
        self.order.insert(self.turns, key);
        self.entries.insert(key, Entry { size, turn: self.turns, touched, verified: None });
        self.bytes += size;
    }
}

fn files(folder: &Path, scope: Scope, kind: Kind, found: &mut Vec<(Key, u64, SystemTime)>) -> io::Result<()> {
    for (path, name) in children(folder)? {
        let Ok(sha256) = name.parse() else { continue };
        // Another process may have evicted it since the folder was read.
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        if !metadata.is_file() {
            continue;
        }
        let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        found.push((Key { scope, kind, sha256 }, metadata.len(), modified));
    }
    Ok(())
}

/// The entries of a folder; none if it is not there or is no folder.
fn children(folder: &Path) -> io::Result<Vec<(std::path::PathBuf, String)>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let named = |entry: fs::DirEntry| entry.file_name().into_string().ok().map(|name| (entry.path(), name));
    Ok(entries.filter_map(Result::ok).filter_map(named).collect())
}
