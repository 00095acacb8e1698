//! The local trusted copy of one repository: metadata that were verified, byte for byte as they came (specification, 5.1 and
//! the steps "persist").
//!
//! ```text
//! folder/
//!   root.json timestamp.json snapshot.json targets.json     durable: fsync, rename, fsync of the folder
//!   <encoded role name>.json                                a cache: renamed into place, never synced
//!   seals/<same name>.seal                                  what the bytes of that role were verified by
//!   refused/                                                what was refused as hostile: evidence, for people
//!   tmp/                                                    files that have no name yet
//!   lock                                                    held by the process that writes
//! ```
//!
//! Whatever moment the process or the power dies at, each durable file is one that was written, none is older than one whose
//! write was acknowledged, and its seal is there. It must never take a seal for bytes that it was not made for, let a role's
//! name lead out of the folder, or refuse to work because of anything but the root.
//!
//! The folder belongs to the user, and whoever can write there can replace the root: seals guard against accidents, not
//! against other programs of the user.

mod disk;
mod error;
mod name;
mod prune;
mod refused;
mod seal;

use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use affineur_tuf::Seal;
use bytes::Bytes;

use self::disk::{Disk, RealDisk};
use self::name::Stem;
use self::seal::Seals;
use crate::limits;

pub use self::error::{Action, LocalError};
pub(crate) use self::seal::HEADER;

/// The local copy of one repository in one folder. Reading needs no lock; for writing see [`LocalCopy::lock`].
///
/// Everything blocks: the caller decides on which thread.
#[derive(Clone)]
pub struct LocalCopy {
    folder: PathBuf,
    disk: Arc<dyn Disk>,
}

/// A top-level role that is kept with a seal. The root has none: it is trusted because it is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TopRole {
    /// The timestamp role.
    Timestamp,
    /// The snapshot role.
    Snapshot,
    /// The top-level targets role.
    Targets,
}

/// A role's bytes as they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The file, byte for byte as it was written; or what a crash has made of it if there is no seal.
    pub bytes: Bytes,
    /// Made for exactly these bytes. `None`: they have to be verified like bytes from anywhere.
    pub seal: Option<Seal>,
}

/// Whether a file must survive a loss of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durability {
    Durable,
    Cache,
}

impl LocalCopy {
    /// Begins a local copy with a root that the user trusts, making the folder if there is none (specification, 5.2).
    ///
    /// # Errors
    /// [`LocalError::AlreadyInitialised`] if another root is there: a copy never goes back to an earlier root. The same bytes are
    /// fine. [`LocalError::Failed`] if the folder or the root cannot be made or read.
    pub fn initialise(folder: &Path, root: &[u8]) -> Result<Self, LocalError> {
        Self::initialise_on(Arc::new(RealDisk), folder, root)
    }

    /// Opens the copy in a folder.
    ///
    /// # Errors
    /// [`LocalError::NotInitialised`] if there is no root in it.
    pub fn open(folder: &Path) -> Result<Self, LocalError> {
        Self::open_on(Arc::new(RealDisk), folder)
    }

    fn initialise_on(disk: Arc<dyn Disk>, folder: &Path, root: &[u8]) -> Result<Self, LocalError> {
        let copy = Self { folder: folder.to_owned(), disk };
        copy.make_folder(folder)?;
        copy.make_subfolders()?;
        let locked = copy.lock(limits::LOCK_WAIT)?;
        match locked.root(limits::length(root)) {
            Err(LocalError::NotInitialised { .. }) => {}
            Ok(kept) if kept == root => {}
            Ok(_) | Err(LocalError::TooLong { .. }) => {
                return Err(LocalError::AlreadyInitialised { folder: folder.to_owned() });
            }
            Err(error) => return Err(error),
        }
        locked.write_root(root)?;
        drop(locked);
        Ok(copy)
    }

    fn open_on(disk: Arc<dyn Disk>, folder: &Path) -> Result<Self, LocalError> {
        let copy = Self { folder: folder.to_owned(), disk };
        let root = copy.file(&Stem::ROOT);
        if !copy.disk.holds(&root).map_err(LocalError::of(Action::Read, &root))? {
            return Err(copy.not_initialised());
        }
        // A loss of power may have taken them.
        copy.make_subfolders()?;
        Ok(copy)
    }

    /// The folder of this copy.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The trusted root. It may be any of those that were written, never one older than one whose write was acknowledged.
    ///
    /// # Errors
    /// [`LocalError::NotInitialised`] if there is none, [`LocalError::TooLong`] if it has more than `at_most` bytes,
    /// [`LocalError::Failed`] if it cannot be read: without it nothing can be trusted.
    pub fn root(&self, at_most: u64) -> Result<Bytes, LocalError> {
        let path = self.file(&Stem::ROOT);
        match self.disk.read(&path, at_most.saturating_add(1)) {
            Ok(None) => Err(self.not_initialised()),
            Ok(Some(bytes)) if limits::length(&bytes) > at_most => Err(LocalError::TooLong { path, at_most }),
            Ok(Some(bytes)) => Ok(bytes.into()),
            Err(error) => Err(LocalError::of(Action::Read, &path)(error)),
        }
    }

    /// The kept timestamp, snapshot or top-level targets. `None` if there is none of at most `at_most` bytes that can be read.
    #[must_use]
    pub fn top(&self, role: TopRole, at_most: u64) -> Option<Kept> {
        self.kept(&Stem::from(role), at_most)
    }

    /// The kept metadata of a delegated role. `None` if there are none of at most `at_most` bytes that can be read.
    #[must_use]
    pub fn delegated(&self, name: &str, at_most: u64) -> Option<Kept> {
        let stem = Stem::delegated(name);
        let kept = self.kept(&stem, at_most)?;
        // Only a hint to pruning: which roles were of use lately.
        let _ = self.disk.touch(&self.file(&stem), limits::TOUCH_AFTER);
        Some(kept)
    }

    /// Keeps a delegated role's metadata. Safe beside any other reader and writer, with and without lock: what they see is one
    /// version or the other, or no seal. `seal` should be made for `bytes`; one that is not will never be found.
    ///
    /// # Errors
    /// [`LocalError::Failed`]; the earlier version may then be kept, or the new one.
    pub fn write_delegated(&self, name: &str, bytes: &[u8], seal: &Seal) -> Result<(), LocalError> {
        self.write(&Stem::delegated(name), bytes, seal, Durability::Cache)
    }

    /// Waits for the right to write, which one process (more exactly, one [`Locked`]) has at a time. It ends with the value, and
    /// with the process however that ends.
    ///
    /// # Errors
    /// [`LocalError::Busy`] if another one still has it after `wait`.
    pub fn lock(&self, wait: Duration) -> Result<Locked<'_>, LocalError> {
        let path = self.folder.join("lock");
        let began = Instant::now();
        loop {
            if let Some(held) = self.disk.try_lock(&path).map_err(LocalError::of(Action::Lock, &path))? {
                return Ok(Locked { copy: self, _held: held });
            }
            let Some(rest) = wait.checked_sub(began.elapsed()).filter(|rest| !rest.is_zero()) else {
                return Err(LocalError::Busy { folder: self.folder.clone(), waited: wait });
            };
            std::thread::sleep(rest.min(limits::LOCK_POLL));
        }
    }

    fn kept(&self, stem: &Stem, at_most: u64) -> Option<Kept> {
        let path = self.file(stem);
        let bytes = match self.disk.read(&path, at_most.saturating_add(1)) {
            Ok(read) => read?,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "kept metadata cannot be read: as if there were none");
                return None;
            }
        };
        if limits::length(&bytes) > at_most {
            tracing::warn!(path = %path.display(), at_most, "kept metadata are too long: as if there were none");
            return None;
        }
        let seal = self.seals(stem).made_for(&bytes);
        Some(Kept { bytes: bytes.into(), seal })
    }

    /// The seals of a role; none where they cannot be read or understood.
    fn seals(&self, stem: &Stem) -> Seals {
        let read = self.disk.read(&self.seal_file(stem), limits::SEAL_FILE_BYTES + 1);
        read.ok().flatten().map(|bytes| Seals::parse(&bytes)).unwrap_or_default()
    }

    /// First the seals of what is kept and of what comes, then the bytes: one of the seals fits at every moment.
    fn write(&self, stem: &Stem, bytes: &[u8], seal: &Seal, durability: Durability) -> Result<(), LocalError> {
        let path = self.file(stem);
        let at_most = limits::KEPT_FILE_BYTES.max(limits::length(bytes)).saturating_add(1);
        let old = self.disk.read(&path, at_most).map_err(LocalError::of(Action::Read, &path))?;
        let old_seal = old.as_deref().and_then(|old| self.seals(stem).made_for(old));
        let seals = Seals::new(*seal, old_seal);
        self.replace(&self.seal_file(stem), &seals.to_bytes(), durability)?;
        self.replace_if_other(&path, old.as_deref(), bytes, durability)
    }

    fn replace_if_other(&self, path: &Path, old: Option<&[u8]>, new: &[u8], durability: Durability) -> Result<(), LocalError> {
        if old != Some(new) {
            return self.replace(path, new, durability);
        }
        // Whoever wrote it may have died before the name was durable.
        self.sync_name(path, durability)
    }

    fn replace(&self, path: &Path, bytes: &[u8], durability: Durability) -> Result<(), LocalError> {
        let failed = || LocalError::of(Action::Write, path);
        let mut file = self.disk.create_temporary(&self.folder.join("tmp")).map_err(failed())?;
        file.write(bytes).map_err(failed())?;
        if durability == Durability::Durable {
            file.sync().map_err(failed())?;
        }
        file.rename(path).map_err(failed())?;
        self.sync_name(path, durability)
    }

    fn sync_name(&self, path: &Path, durability: Durability) -> Result<(), LocalError> {
        match (durability, path.parent()) {
            (Durability::Durable, Some(folder)) => self.disk.sync_folder(folder).map_err(LocalError::of(Action::Write, path)),
            _ => Ok(()),
        }
    }

    /// Makes a folder and those above it, durably.
    fn make_folder(&self, folder: &Path) -> Result<(), LocalError> {
        let above = folder.parent().map(|above| if above.as_os_str().is_empty() { Path::new(".") } else { above });
        let mut made = self.disk.create_folder(folder);
        if let (Err(error), Some(above)) = (&made, above)
            && error.kind() == std::io::ErrorKind::NotFound
        {
            self.make_folder(above)?;
            made = self.disk.create_folder(folder);
        }
        made.map_err(LocalError::of(Action::Write, folder))?;
        match above {
            Some(above) => self.disk.sync_folder(above).map_err(LocalError::of(Action::Write, above)),
            None => Ok(()),
        }
    }

    fn make_subfolders(&self) -> Result<(), LocalError> {
        for folder in [self.folder.join("seals"), self.folder.join("tmp")] {
            self.disk.create_folder(&folder).map_err(LocalError::of(Action::Write, &folder))?;
        }
        Ok(())
    }

    fn not_initialised(&self) -> LocalError {
        LocalError::NotInitialised { folder: self.folder.clone() }
    }

    fn file(&self, stem: &Stem) -> PathBuf {
        self.folder.join(stem.metadata_file())
    }

    fn seal_file(&self, stem: &Stem) -> PathBuf {
        self.folder.join("seals").join(stem.seal_file())
    }
}

impl fmt::Debug for LocalCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalCopy").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// The right to write into a local copy. It reads like the [`LocalCopy`] itself.
pub struct Locked<'a> {
    copy: &'a LocalCopy,
    _held: Box<dyn disk::Lock>,
}

impl Locked<'_> {
    /// Replaces the trusted root, durably. That it is the successor of the one that is kept is the caller's business
    /// (specification, 5.3).
    ///
    /// # Errors
    /// [`LocalError::Failed`]; either root may then be kept.
    pub fn write_root(&self, bytes: &[u8]) -> Result<(), LocalError> {
        let path = self.file(&Stem::ROOT);
        let old = self.disk.read(&path, limits::length(bytes) + 1).map_err(LocalError::of(Action::Read, &path))?;
        self.replace_if_other(&path, old.as_deref(), bytes, Durability::Durable)
    }

    /// Replaces a top-level role's metadata, durably. `seal` should be made for `bytes`; one that is not will never be found.
    /// For bytes that are kept already it renews the seal only.
    ///
    /// # Errors
    /// [`LocalError::Failed`]; either version may then be kept, with its own seal.
    pub fn write_top(&self, role: TopRole, bytes: &[u8], seal: &Seal) -> Result<(), LocalError> {
        self.write(&Stem::from(role), bytes, seal, Durability::Durable)
    }

    /// Forgets a top-level role's metadata, durably: the recovery from a fast-forward attack (specification, 5.3.11).
    ///
    /// # Errors
    /// [`LocalError::Failed`]; they may then still be kept.
    pub fn remove_top(&self, role: TopRole) -> Result<(), LocalError> {
        let stem = Stem::from(role);
        let path = self.file(&stem);
        self.disk.remove(&path).map_err(LocalError::of(Action::Remove, &path))?;
        self.sync_name(&path, Durability::Durable)?;
        let seals = self.seal_file(&stem);
        self.disk.remove(&seals).map_err(LocalError::of(Action::Remove, &seals))
    }
}

impl Deref for Locked<'_> {
    type Target = LocalCopy;

    fn deref(&self) -> &LocalCopy {
        self.copy
    }
}

impl fmt::Debug for Locked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locked").field("copy", self.copy).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests;
