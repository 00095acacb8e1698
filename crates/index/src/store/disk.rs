//! Every effect that a store has on its folder, the commits of its database among them. Small, so that tests can let each of them fail, before and
//! after it took place.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use rusqlite::Connection;
use tempfile::NamedTempFile;

/// Effects on files. What is made is private to the user where the system knows such a thing.
pub(super) trait Disk: Send + Sync {
    /// A new file that nobody else uses.
    fn create_temporary(&self, folder: &Path) -> io::Result<Box<dyn Temporary>>;
    /// Makes one folder; that it is there is fine. Answers whether it is new.
    fn create_folder(&self, folder: &Path) -> io::Result<Made>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Takes a file away; that it is gone already is fine.
    fn remove(&self, file: &Path) -> io::Result<()>;
    /// Commits a transaction.
    fn commit(&self, database: &Connection) -> rusqlite::Result<()>;
}

/// Whether a folder had to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    New,
    WasThere,
}

/// A file without a lasting name. Unless it is renamed it goes away with the value.
pub(super) trait Temporary: Send {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// The file from its first byte, with a position of its own.
    fn reader(&self) -> io::Result<File>;
    /// Makes the contents durable.
    fn sync(&mut self) -> io::Result<()>;
    /// Gives it a name, in place of what had it before.
    fn rename(self: Box<Self>, to: &Path) -> io::Result<()>;
}

/// The operating system's.
pub(super) struct RealDisk;

impl Disk for RealDisk {
    fn create_temporary(&self, folder: &Path) -> io::Result<Box<dyn Temporary>> {
        Ok(Box::new(NamedTempFile::new_in(folder)?))
    }

    fn create_folder(&self, folder: &Path) -> io::Result<Made> {
        match private_folder().create(folder) {
            Ok(()) => Ok(Made::New),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(Made::WasThere),
            Err(error) => Err(error),
        }
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        // Where folders cannot be opened (Windows) the file system does it by itself.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        match fs::remove_file(file) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn commit(&self, database: &Connection) -> rusqlite::Result<()> {
        database.execute_batch("COMMIT")
    }
}

impl Temporary for NamedTempFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.as_file_mut().write_all(bytes)
    }

    fn reader(&self) -> io::Result<File> {
        self.reopen()
    }

    fn sync(&mut self) -> io::Result<()> {
        self.as_file().sync_all()
    }

    fn rename(self: Box<Self>, to: &Path) -> io::Result<()> {
        self.persist(to).map(drop).map_err(|failed| failed.error)
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
