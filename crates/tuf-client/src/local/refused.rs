//! Evidence: metadata that were refused because they contradict keys, lists or what was seen before.
//!
//! For people who look into an attack. Nothing here is ever read back.

use std::path::PathBuf;

use affineur_tuf::{Hashes, RoleLabel};

use super::name::Stem;
use super::{Action, Durability, LocalCopy, LocalError};
use crate::limits;

impl LocalCopy {
    /// Keeps bytes that were refused, durably, once each: `refused/<role>.<digits of its SHA-256>.json`. `None` if there is as much as is kept
    /// ([`limits::REFUSED_FILES`], [`limits::REFUSED_BYTES`]): the first that came tells most, and no later one drives it out.
    ///
    /// # Errors
    /// [`LocalError::Failed`].
    pub fn keep_refused(&self, role: &RoleLabel, bytes: &[u8]) -> Result<Option<PathBuf>, LocalError> {
        let folder = self.folder.join("refused");
        self.disk.create_folder(&folder).map_err(LocalError::of(Action::Write, &folder))?;
        let kept = self.disk.list(&folder).map_err(LocalError::of(Action::Read, &folder))?;
        let digest = Hashes::sha256_of(bytes);
        let name = Stem::labelled(role).refused_file(digest.digest("sha256").unwrap_or_default());
        let path = folder.join(&name);
        if kept.iter().any(|entry| entry.name == name) {
            return Ok(Some(path));
        }
        let room = limits::REFUSED_BYTES.saturating_sub(kept.iter().map(|entry| entry.bytes).sum());
        if kept.len() >= limits::REFUSED_FILES || limits::length(bytes) > room {
            return Ok(None);
        }
        self.replace(&path, bytes, Durability::Durable)?;
        Ok(Some(path))
    }
}
