//! Every effect that folders of keys and of curators have on files. Small, so that tests can let each of them fail, and the power go
//! away between any two.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

#[cfg(test)]
pub(crate) mod memory;

/// Who may read what is made, where the system knows such a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// The user alone.
    User,
    /// Everybody whom the user's own settings let: what a web server of another user is to serve.
    Everybody,
}

/// Effects on files.
pub(crate) trait Disk {
    /// The first `at_most` bytes of a file; `None` if there is no such file.
    fn read(&self, path: &Path, at_most: usize) -> io::Result<Option<Vec<u8>>>;
    /// The names in a folder, at most so many.
    fn list(&self, folder: &Path, at_most: usize) -> io::Result<Vec<String>>;
    /// Makes one folder; that it is there is fine.
    fn create_folder(&self, folder: &Path, readers: Readers) -> io::Result<()>;
    /// A new file that nobody else uses.
    fn create_temporary(&self, folder: &Path, readers: Readers) -> io::Result<Box<dyn Temporary>>;
    /// Removes a file; that there is none is fine.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Locks a file, making it if there is none; `None` while another one has the lock.
    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>>;
}

/// A file without a name of its own. Unless it gets one it goes away with the value.
pub(crate) trait Temporary {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes the contents durable.
    fn sync(&mut self) -> io::Result<()>;
    /// Gives it a name that nothing has yet.
    fn name_new(self: Box<Self>, path: &Path) -> io::Result<()>;
    /// Gives it a name, in place of what had it before.
    fn name_instead(self: Box<Self>, path: &Path) -> io::Result<()>;
}

/// A lock that ends with the value.
pub(crate) trait Lock {}

/// The operating system's.
pub(crate) struct RealDisk;

impl Disk for RealDisk {
    fn read(&self, path: &Path, at_most: usize) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.take(at_most.try_into().unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn list(&self, folder: &Path, at_most: usize) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        // A name that is no text is none of ours.
        let name = |entry: io::Result<fs::DirEntry>| entry.map(|entry| entry.file_name().into_string().ok()).transpose();
        entries.filter_map(name).take(at_most).collect()
    }

    fn create_folder(&self, folder: &Path, readers: Readers) -> io::Result<()> {
        match new_folder(readers).create(folder) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
            result => result,
        }
    }

    fn create_temporary(&self, folder: &Path, readers: Readers) -> io::Result<Box<dyn Temporary>> {
        Ok(Box::new(new_file(folder, readers)?))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            result => result,
        }
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

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        let mut options = fs::OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
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

    fn name_new(self: Box<Self>, path: &Path) -> io::Result<()> {
        self.persist_noclobber(path).map(drop).map_err(|failed| failed.error)
    }

    fn name_instead(self: Box<Self>, path: &Path) -> io::Result<()> {
        self.persist(path).map(drop).map_err(|failed| failed.error)
    }
}

impl Lock for File {}

/// Makes a folder, durably, and those above it that are not there.
pub(crate) fn make_folder(disk: &dyn Disk, folder: &Path, readers: Readers) -> io::Result<()> {
    match disk.create_folder(folder, readers) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make_folder(disk, folder.parent().ok_or(error)?, readers)?;
            disk.create_folder(folder, readers)?;
        }
        result => result?,
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    disk.sync_folder(above)
}

/// Writes a file whole and durably, in place of what had its name before.
pub(crate) fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = disk.create_temporary(folder, readers)?;
    file.write(bytes)?;
    file.sync()?;
    file.name_instead(path)?;
    disk.sync_folder(folder)
}

#[cfg(unix)]
fn new_folder(readers: Readers) -> fs::DirBuilder {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = fs::DirBuilder::new();
    builder.mode(match readers {
        Readers::User => 0o700,
        Readers::Everybody => 0o755,
    });
    builder
}

#[cfg(not(unix))]
fn new_folder(_readers: Readers) -> fs::DirBuilder {
    fs::DirBuilder::new()
}

#[cfg(unix)]
fn new_file(folder: &Path, readers: Readers) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = match readers {
        Readers::User => 0o600,
        Readers::Everybody => 0o644,
    };
    tempfile::Builder::new().permissions(fs::Permissions::from_mode(mode)).tempfile_in(folder)
}

#[cfg(not(unix))]
fn new_file(folder: &Path, _readers: Readers) -> io::Result<NamedTempFile> {
    NamedTempFile::new_in(folder)
}
