//! Every effect that the local copy has on files. Small, so that tests can let each of them fail, and the power go away between
//! any two.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

/// Effects on files. What is made is private to the user where the system knows such a thing.
pub(super) trait Disk: Send + Sync {
    /// The first `at_most` bytes of a file; `None` if there is no such file.
    fn read(&self, path: &Path, at_most: u64) -> io::Result<Option<Vec<u8>>>;
    /// Whether there is something of this name.
    fn holds(&self, path: &Path) -> io::Result<bool>;
    /// A new file that nobody else uses.
    fn create_temporary(&self, folder: &Path) -> io::Result<Box<dyn Temporary>>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Removes a file; that it is not there is fine.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes one folder; that it is there is fine.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;
    /// The files in a folder.
    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>>;
    /// Says that a file was used now, unless that was said less than `unless_within` ago.
    fn touch(&self, path: &Path, unless_within: Duration) -> io::Result<()>;
    /// Locks a file, making it if there is none; `None` while another one has the lock.
    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>>;
}

/// A file without a name of its own. Unless it is renamed it goes away with the value.
pub(super) trait Temporary {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes the contents durable.
    fn sync(&mut self) -> io::Result<()>;
    /// Gives it a name, in place of what had it before.
    fn rename(self: Box<Self>, to: &Path) -> io::Result<()>;
}

/// A lock that ends with the value.
pub(super) trait Lock: Send + Sync {}

/// A file in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) bytes: u64,
    /// How long ago it was written or touched.
    pub(super) unused_for: Duration,
}

/// The operating system's.
pub(super) struct RealDisk;

impl Disk for RealDisk {
    fn read(&self, path: &Path, at_most: u64) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let size = file.metadata()?.len().min(at_most);
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        file.take(at_most).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn holds(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn create_temporary(&self, folder: &Path) -> io::Result<Box<dyn Temporary>> {
        Ok(Box::new(NamedTempFile::new_in(folder)?))
    }

    #[cfg(unix)]
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        match File::open(folder).and_then(|folder| folder.sync_all()) {
            // Some file systems have no such thing; and a folder above ours may be closed to us.
            Err(error)
                if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported | ErrorKind::PermissionDenied) =>
            {
                Ok(())
            }
            result => result,
        }
    }

    #[cfg(not(unix))]
    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        absent_is_fine(fs::remove_file(path))
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        match private_folder().create(folder) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
            result => result,
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let now = SystemTime::now();
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            // One that another process just removed, or whose name is no text, is none of ours.
            let (Ok(about), Ok(name)) = (entry.metadata(), entry.file_name().into_string()) else { continue };
            if about.is_file() {
                let unused_for = now.duration_since(about.modified()?).unwrap_or_default();
                entries.push(Entry { name, bytes: about.len(), unused_for });
            }
        }
        Ok(entries)
    }

    fn touch(&self, path: &Path, unless_within: Duration) -> io::Result<()> {
        let now = SystemTime::now();
        let lately = |modified| now.duration_since(modified).is_ok_and(|since| since < unless_within);
        if lately(fs::metadata(path)?.modified()?) {
            return Ok(());
        }
        OpenOptions::new().append(true).open(path)?.set_modified(now)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        let file = private_file().open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Temporary for NamedTempFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.as_file_mut().write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.as_file().sync_all()
    }

    fn rename(self: Box<Self>, to: &Path) -> io::Result<()> {
        self.persist(to).map(drop).map_err(|failed| failed.error)
    }
}

impl Lock for File {}

pub(super) fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

#[cfg(unix)]
fn private_folder() -> fs::DirBuilder {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = fs::DirBuilder::new();
    builder.mode(0o700);
    builder
}

#[cfg(not(unix))]
fn private_folder() -> fs::DirBuilder {
    fs::DirBuilder::new()
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
