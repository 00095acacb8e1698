//! One run's private folder: the list of authorities, and copies of local files that were allowed.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::platform;

/// The file in each folder that its run holds locked.
const LOCK: &str = "lock";

/// A folder that only this user can enter. It is removed when this is dropped; the folder of a run that was killed is removed
/// when the next one starts, as nobody holds its lock then.
#[derive(Debug)]
pub struct PrivateFolder {
    // Dropped, and so unlocked, after the folder is gone.
    folder: TempDir,
    _lock: File,
}

impl PrivateFolder {
    /// A new folder in `base`, which is made if it is not there. `base` must be this user's own (the state folder).
    ///
    /// # Errors
    /// When a folder or lock cannot be made.
    pub fn new(base: &Path) -> io::Result<Self> {
        platform::create_private_folder(base)?;
        // Held while folders appear and disappear, so that a folder without its lock is seen by nobody else.
        let all = File::options().create(true).write(true).truncate(false).open(base.join(LOCK))?;
        all.lock()?;
        remove_stale(base)?;
        let folder = tempfile::Builder::new().prefix("run-").tempdir_in(base)?;
        platform::create_private_folder(folder.path())?;
        let lock = File::create_new(folder.path().join(LOCK))?;
        lock.lock()?;
        Ok(Self { folder, _lock: lock })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A new folder inside.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn subfolder(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.path().join(name);
        platform::create_private_folder(&path)?;
        Ok(path)
    }
}

/// Removes the folders whose run is gone. Only real folders with our prefix are touched, never through a link.
fn remove_stale(base: &Path) -> io::Result<()> {
    for entry in fs::read_dir(base)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() || !entry.file_name().to_string_lossy().starts_with("run-") {
            continue;
        }
        let lock = File::options().write(true).open(entry.path().join(LOCK));
        let held = matches!(lock.map(|lock| lock.try_lock()), Ok(Err(TryLockError::WouldBlock)));
        if !held && let Err(error) = fs::remove_dir_all(entry.path()) {
            tracing::warn!(%error, folder = %entry.path().display(), "cannot remove what a run left behind");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_behind() {
        let base = tempfile::tempdir().unwrap();
        let folder = PrivateFolder::new(base.path()).unwrap();
        let path = folder.path().to_owned();
        fs::write(folder.subfolder("inside").unwrap().join("file"), "x").unwrap();
        assert!(path.exists());
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn a_killed_runs_folder_goes_at_the_next_start_and_a_living_ones_stays() {
        let base = tempfile::tempdir().unwrap();
        let living = PrivateFolder::new(base.path()).unwrap();
        for (stale, lock) in [("run-killed", true), ("run-killed-early", false)] {
            fs::create_dir(base.path().join(stale)).unwrap();
            if lock {
                fs::write(base.path().join(stale).join(LOCK), "").unwrap();
            }
        }
        fs::create_dir(base.path().join("other")).unwrap();
        let next = PrivateFolder::new(base.path()).unwrap();
        assert!(living.path().exists() && next.path().exists() && base.path().join("other").exists());
        assert!(!base.path().join("run-killed").exists() && !base.path().join("run-killed-early").exists());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_enter_and_links_are_not_followed() {
        use std::os::unix::fs::PermissionsExt as _;
        let base = tempfile::tempdir().unwrap();
        let target = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(target.path(), base.path().join("run-link")).unwrap();
        let folder = PrivateFolder::new(&base.path().join("runs")).unwrap();
        for path in [folder.path(), &base.path().join("runs"), &folder.subfolder("a").unwrap()] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o700, "{}", path.display());
        }
        let _folder = PrivateFolder::new(base.path()).unwrap();
        assert!(target.path().exists());
    }
}
