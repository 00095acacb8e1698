//! The database: how it is made, opened and brought to the current version. `docs/formats/state.md` says what it means.
//!
//! Must never begin anew where there was something: that would forget pins, which is what an attacker wants.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::error::{Fault, StateError};
use crate::limits;

/// Says in the file's header whose database it is: `affr`.
const APPLICATION_ID: i64 = 0x6166_6672;

/// How each version is made from the one before it; the version of a database is how many of them it has had.
const MIGRATIONS: &[&str] = &[include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// Opens `<folder>/state.db` for writing, and makes it where there is none.
pub(super) fn open_folder(folder: &Path) -> Result<(PathBuf, Connection), StateError> {
    let file = file_in(folder);
    make_folder(folder).map_err(|error| unavailable(folder, &error))?;
    if !exists(&file)? {
        if exists(&folder.join("state.db-wal"))? && !exists(&file)? {
            return Err(StateError::Damaged { file, problem: "it is missing, but its write-ahead log is there".to_owned() });
        }
        create(folder, &file)?;
    }
    let mut connection = open(&file)?;
    migrate(&mut connection, MIGRATIONS, &file)?;
    Ok((file, connection))
}

/// Where the database of a folder is.
pub(super) fn file_in(folder: &Path) -> PathBuf {
    folder.join("state.db")
}

/// Writes all of a database, as of one moment, to a file that is not there yet.
pub(super) fn copy(database: &Connection, file: &Path) -> Result<(), Fault> {
    let name = file.to_str().ok_or(Fault::Content("the path of its copy is not UTF-8"))?;
    Ok(database.execute("VACUUM INTO ?1", [name]).map(drop)?)
}

/// A database in memory.
pub(super) fn open_memory(name: &Path) -> Result<Connection, StateError> {
    let mut connection = Connection::open_in_memory().map_err(|error| Fault::from(error).at(name))?;
    migrate(&mut connection, MIGRATIONS, name)?;
    Ok(connection)
}

/// Opens an existing database. Each thread has a connection of its own.
pub(super) fn open(file: &Path) -> Result<Connection, StateError> {
    let length = fs::metadata(file).map_err(|error| unavailable(file, &error))?.len();
    if length == 0 {
        // SQLite takes an empty file for a new database. Ours is never empty: it is complete before it has its name.
        return Err(StateError::Damaged { file: file.to_owned(), problem: "it is empty".to_owned() });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let ours = || -> Result<Connection, Fault> {
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(limits::STATE_BUSY)?;
        // Before anything is set: what belongs to somebody else is left as it is.
        if connection.pragma_query_value(None, "application_id", |row| row.get::<_, i64>(0))? != APPLICATION_ID {
            return Err(Fault::Content("it is the database of another program"));
        }
        configure(&connection)?;
        Ok(connection)
    };
    ours().map_err(|fault| fault.at(file))
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(limits::STATE_BUSY)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // FULL: what was answered is on the disk. The default for WAL would lose the last commits in a power failure.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update(None, "cell_size_check", true)
}

/// Brings a database to the newest version, in one transaction. Two processes may try at once.
fn migrate(connection: &mut Connection, migrations: &[&str], file: &Path) -> Result<(), StateError> {
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    let run = |connection: &mut Connection| -> Result<(), Fault> {
        let version = |connection: &Connection| connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        if version(connection)? == known {
            return Ok(());
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = version(&transaction)?;
        if found > known {
            return Err(StateError::Newer { file: file.to_owned(), found, known }.into());
        }
        for step in migrations.iter().skip(usize::try_from(found).map_err(|_| Fault::Content("its version is negative"))?) {
            transaction.execute_batch(step)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", known)?;
        Ok(transaction.commit()?)
    };
    run(connection).map_err(|fault| fault.at(file))
}

/// Makes the database beside its place and moves it there when it is complete and on the disk. Another process may be faster.
fn create(folder: &Path, file: &Path) -> Result<(), StateError> {
    let failed = |error: io::Error| unavailable(file, &error);
    let temporary = tempfile::Builder::new().prefix(".state-").suffix(".tmp").tempfile_in(folder).map_err(failed)?;
    let mut connection = Connection::open(temporary.path()).map_err(|error| Fault::from(error).at(file))?;
    configure(&connection).map_err(|error| Fault::from(error).at(file))?;
    migrate(&mut connection, MIGRATIONS, file)?;
    connection.close().map_err(|(_, error)| Fault::from(error).at(file))?;
    temporary.as_file().sync_all().map_err(failed)?;
    match temporary.persist_noclobber(file) {
        Ok(_) => sync_folder(folder).map_err(failed),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(error.error)),
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes a change of names in a folder last. Where folders cannot be opened (Windows) the file system does so by itself.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

fn exists(file: &Path) -> Result<bool, StateError> {
    file.try_exists().map_err(|error| unavailable(file, &error))
}

pub(super) fn unavailable(file: &Path, error: &io::Error) -> StateError {
    StateError::Unavailable { file: file.to_owned(), problem: error.to_string() }
}
