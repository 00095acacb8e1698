//! Keeping the cache of delegated roles bounded.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::disk::Entry;
use super::name::Stem;
use super::{Action, LocalError, Locked, TopRole};
use crate::limits;

impl Locked<'_> {
    /// Removes kept delegated roles until they take at most [`limits::CACHE_BYTES`], least recently used first, but none that is
    /// `wanted`; and what processes left behind that died. It lists the folder: for after a refresh, not for each lookup.
    ///
    /// # Errors
    /// [`LocalError::Failed`]; what was removed until then is removed.
    pub fn prune<'n>(&self, wanted: impl IntoIterator<Item = &'n str>) -> Result<(), LocalError> {
        let wanted = wanted.into_iter().map(|name| Stem::delegated(name).metadata_file()).collect();
        self.prune_to(limits::CACHE_BYTES, &wanted)
    }

    pub(super) fn prune_to(&self, at_most: u64, wanted: &HashSet<String>) -> Result<(), LocalError> {
        let mut kept: Vec<Entry> = self.list("")?.into_iter().filter(is_delegated).collect();
        kept.sort_by_key(|entry| Reverse(entry.unused_for));
        let mut total: u64 = kept.iter().map(on_disk).sum();
        for entry in kept {
            if total <= at_most {
                break;
            }
            if !wanted.contains(&entry.name) {
                self.remove("", &entry.name)?;
                total -= on_disk(&entry);
            }
        }
        self.remove_left_overs()
    }

    /// Temporary files of processes that died, and seals whose bytes are gone. Somebody who writes a delegated role right now
    /// without lock can lose a seal by that, which is safe.
    fn remove_left_overs(&self) -> Result<(), LocalError> {
        for entry in self.list("tmp")? {
            if entry.unused_for > limits::TEMPORARY_FOR {
                self.remove("tmp", &entry.name)?;
            }
        }
        let kept: HashSet<String> = self.list("")?.into_iter().map(|entry| entry.name).collect();
        for entry in self.list("seals")? {
            let bytes = entry.name.strip_suffix(".seal").map(|stem| format!("{stem}.json"));
            if !bytes.is_some_and(|bytes| kept.contains(&bytes)) {
                self.remove("seals", &entry.name)?;
            }
        }
        Ok(())
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, LocalError> {
        let folder = self.folder.join(folder);
        self.disk.list(&folder).map_err(LocalError::of(Action::Read, &folder))
    }

    fn remove(&self, folder: &str, name: &str) -> Result<(), LocalError> {
        let path = self.folder.join(folder).join(name);
        self.disk.remove(&path).map_err(LocalError::of(Action::Remove, &path))
    }
}

fn is_delegated(entry: &Entry) -> bool {
    let top = [Stem::ROOT, TopRole::Timestamp.into(), TopRole::Snapshot.into(), TopRole::Targets.into()];
    entry.name.ends_with(".json") && top.iter().all(|stem| stem.metadata_file() != entry.name)
}

/// Whole blocks, and one for the seal: this bounds the number of files as well.
fn on_disk(entry: &Entry) -> u64 {
    entry.bytes.next_multiple_of(limits::BLOCK_BYTES).saturating_add(limits::BLOCK_BYTES)
}
