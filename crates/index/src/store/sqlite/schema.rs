//! The database: how it is made, opened and brought to the current version.
//!
//! Must never begin anew where there was something: that would free names and forget what was acknowledged.

use std::fs;
use std::io;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::fault::Plain;
use crate::limits;
use crate::store::StoreError;

/// Says in the file's header whose database it is: `affx`.
const APPLICATION_ID: i64 = 0x6166_6678;

/// How each version is made from the one before it; the version of a database is how many of them it has had.
const MIGRATIONS: &[&str] = &[include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// Opens the database for writing, and makes it where there is none.
pub(super) fn open_or_create(file: &Path) -> Result<Connection, StoreError> {
    if !file.try_exists().map_err(|error| StoreError::io(file, &error))? {
        create(file)?;
    }
    let mut connection = open(file)?;
    migrate(&mut connection, MIGRATIONS, file)?;
    Ok(connection)
}

/// Opens an existing database. Each thread has a connection of its own.
pub(super) fn open(file: &Path) -> Result<Connection, StoreError> {
    let length = fs::metadata(file).map_err(|error| StoreError::io(file, &error))?.len();
    if length == 0 {
        // SQLite takes an empty file for a new database. Ours is never empty: it is complete before it has its name.
        return Err(StoreError::Damaged { place: file.to_owned(), problem: "it is empty".to_owned() });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let ours = || -> Result<Connection, Plain> {
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(limits::BUSY)?;
        // Before anything is set: what belongs to somebody else is left as it is.
        if connection.pragma_query_value(None, "application_id", |row| row.get::<_, i64>(0))? != APPLICATION_ID {
            return Err(Plain::Content("it is the database of another program"));
        }
        configure(&connection)?;
        Ok(connection)
    };
    ours().map_err(|fault| fault.at(file))
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(limits::BUSY)?;
    connection.set_prepared_statement_cache_capacity(limits::STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // FULL: what was answered is on the disk. The default for WAL would lose the last commits in a power failure.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", limits::CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", limits::LOG_BYTES)?;
    connection.pragma_update(None, "cell_size_check", true)
}

/// Brings a database to the newest version, in one transaction. Two processes may try at once.
fn migrate(connection: &mut Connection, migrations: &[&str], file: &Path) -> Result<(), StoreError> {
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    let run = |connection: &mut Connection| -> Result<(), Plain> {
        let version = |connection: &Connection| connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        if version(connection)? == known {
            return Ok(());
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = version(&transaction)?;
        if found > known {
            return Err(Plain::Refused(StoreError::Newer { place: file.to_owned(), found, known }));
        }
        for step in migrations.iter().skip(usize::try_from(found).map_err(|_| Plain::Content("its version is negative"))?) {
            transaction.execute_batch(step)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", known)?;
        Ok(transaction.commit()?)
    };
    run(connection).map_err(|fault| fault.at(file))
}

/// Makes the database beside its place and moves it there when it is complete and on the disk. Another process may be faster.
fn create(file: &Path) -> Result<(), StoreError> {
    let failed = |error: io::Error| StoreError::io(file, &error);
    let folder = file.parent().unwrap_or(Path::new("."));
    for remains in ["index.db-wal", "blobs"] {
        if folder.join(remains).try_exists().map_err(failed)? && !file.try_exists().map_err(failed)? {
            return Err(StoreError::Damaged {
                place: file.to_owned(),
                problem: format!("it is missing, but {remains} is there"),
            });
        }
    }
    let temporary = tempfile::Builder::new().prefix(".index-").suffix(".tmp").tempfile_in(folder).map_err(failed)?;
    let mut connection = Connection::open(temporary.path()).map_err(|error| Plain::from(error).at(file))?;
    // Only as long as there is nothing in it, and before it has a write-ahead log.
    connection.pragma_update(None, "page_size", limits::PAGE_BYTES).map_err(|error| Plain::from(error).at(file))?;
    configure(&connection).map_err(|error| Plain::from(error).at(file))?;
    migrate(&mut connection, MIGRATIONS, file)?;
    connection.close().map_err(|(_, error)| Plain::from(error).at(file))?;
    temporary.as_file().sync_all().map_err(failed)?;
    match temporary.persist_noclobber(file) {
        Ok(_) => sync_folder(folder).map_err(failed),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(error.error)),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}
