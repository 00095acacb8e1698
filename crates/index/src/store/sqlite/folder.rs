//! The folder beside the database: uploads on their way in, blobs by digest, the publisher's lock.
//!
//! ```text
//! index.db            the database, with its -wal and -shm
//! publisher.lock      locked by the publisher, says who it is
//! staging/<any>/      uploads on their way in, one folder for each process, which holds its lock
//! blobs/<ab>/<sha256> bytes by digest; <ab> are its first two digits
//! ```
//! One level of 256 folders, all made at the start, so that a blob costs two `fsync`s: its own and its folder's.
//!
//! Must never give a blob its name before its bytes are durable.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use affineur_packaging::Sha256;
use bytes::Bytes;
use tempfile::TempDir;

use crate::limits;
use crate::store::disk::{Disk, Made};
use crate::store::{Blob, LeaseError, Stage, StageError, Staged, StoreError};

/// The folder.
pub(super) struct Folder {
    path: PathBuf,
    disk: Arc<dyn Disk>,
    /// This process's own; removed with everything in it at the end.
    staging: TempDir,
    /// Says that somebody uses `staging`.
    _lock: File,
}

/// The publisher's lock, until this is dropped or the process ends.
#[derive(Debug)]
pub(super) struct Locked {
    _file: File,
}

impl Folder {
    /// Makes what is missing, and removes what processes that ended left in `staging`.
    pub(super) fn open(path: PathBuf, disk: Arc<dyn Disk>) -> Result<Self, StoreError> {
        let failed = |place: &Path| {
            let place = place.to_owned();
            move |error: io::Error| StoreError::io(&place, &error)
        };
        let (blobs, staging) = (path.join("blobs"), path.join("staging"));
        let mut made = disk.create_folder(&blobs).map_err(failed(&blobs))?;
        for first in 0..=u8::MAX {
            let folder = blobs.join(format!("{first:02x}"));
            if disk.create_folder(&folder).map_err(failed(&folder))? == Made::New {
                made = Made::New;
            }
        }
        if made == Made::New {
            disk.sync_folder(&blobs).map_err(failed(&blobs))?;
        }
        disk.create_folder(&staging).map_err(failed(&staging))?;
        disk.sync_folder(&path).map_err(failed(&path))?;
        let (staging, lock) = own_staging(&staging).map_err(failed(&staging))?;
        Ok(Self { path, disk, staging, _lock: lock })
    }

    pub(super) fn stage(&self, limit: u64) -> Result<Stage, StoreError> {
        Stage::begin(self.disk.as_ref(), self.staging.path(), limit)
    }

    /// Stages bytes that are in memory.
    pub(super) fn stage_bytes(&self, bytes: &Bytes) -> Result<Staged, StoreError> {
        let mut stage = self.stage(u64::MAX)?;
        let staged = stage.write(bytes).and_then(|()| stage.finish());
        staged.map_err(|error| match error {
            StageError::Store(error) => error,
            StageError::TooLarge { .. } => StoreError::Closed,
        })
    }

    /// Makes bytes durable under their digest. The same bytes may be there already; they are replaced, which heals them.
    pub(super) fn keep(&self, bytes: Staged) -> Result<(), StoreError> {
        let path = self.blob_path(&bytes.sha256());
        bytes.persist(&path)?;
        let folder = path.parent().unwrap_or(&path);
        self.disk.sync_folder(folder).map_err(|error| StoreError::io(folder, &error))
    }

    pub(super) fn blob(&self, sha256: &Sha256) -> Result<Option<Blob>, StoreError> {
        let path = self.blob_path(sha256);
        let opened = File::open(&path).and_then(|file| Ok(Blob { size: file.metadata()?.len(), file }));
        match opened {
            Ok(blob) => Ok(Some(blob)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io(&path, &error)),
        }
    }

    /// All bytes of a small blob.
    pub(super) fn read(&self, sha256: &Sha256) -> Result<Option<Bytes>, StoreError> {
        let Some(mut blob) = self.blob(sha256)? else { return Ok(None) };
        let mut bytes = Vec::new();
        blob.file.read_to_end(&mut bytes).map_err(|error| StoreError::io(&self.blob_path(sha256), &error))?;
        Ok(Some(bytes.into()))
    }

    pub(super) fn blob_path(&self, sha256: &Sha256) -> PathBuf {
        let [first, ..] = sha256.as_bytes();
        self.path.join(format!("blobs/{first:02x}/{sha256}"))
    }

    /// The names in one of the 256 folders.
    pub(super) fn blobs(&self, first: u8) -> Result<Vec<String>, StoreError> {
        let folder = self.path.join(format!("blobs/{first:02x}"));
        let names = fs::read_dir(&folder).and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned())).collect()
        });
        names.map_err(|error| StoreError::io(&folder, &error))
    }

    /// Becomes the publisher: locks the file and writes into it who that is.
    pub(super) fn lease(&self) -> Result<Locked, LeaseError> {
        let path = self.path.join("publisher.lock");
        let failed = |error: io::Error| LeaseError::Store(StoreError::io(&path, &error));
        let mut file = private_file().open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(LeaseError::Held { by: holder(&mut file) }),
            Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
        }
        let who = format!("process {}\n", std::process::id());
        file.set_len(0).and_then(|()| file.write_all(who.as_bytes())).map_err(failed)?;
        Ok(Locked { _file: file })
    }
}

impl std::fmt::Debug for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.path.fmt(f)
    }
}

/// Who wrote that they hold the lock.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.take(limits::LEASE_BYTES).read_to_string(&mut text);
    match (read, text.trim()) {
        (Ok(_), who) if !who.is_empty() && !who.contains(char::is_control) => who.to_owned(),
        _ => "it has not said who it is".to_owned(),
    }
}

/// A folder in `staging` for this process alone. Removes those of processes that have ended. Only one process at a time does
/// this, so that no folder is seen between being made and being locked.
fn own_staging(staging: &Path) -> io::Result<(TempDir, File)> {
    let turn = private_file().open(staging.join("lock"))?;
    turn.lock()?;
    for entry in fs::read_dir(staging)? {
        let folder = entry?.path();
        if folder.is_dir() && private_file().open(folder.join("lock"))?.try_lock().is_ok() {
            fs::remove_dir_all(&folder)?;
        }
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix("");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let own = builder.tempdir_in(staging)?;
    let lock = private_file().open(own.path().join("lock"))?;
    lock.lock()?;
    Ok((own, lock))
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
