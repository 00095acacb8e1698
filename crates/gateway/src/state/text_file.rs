//! The state as a file in text form (`--state FILE`): read at the start, written at the end.
//!
//! Must never leave half a file, nor overwrite what somebody else wrote meanwhile.

use std::fs::{self, Permissions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::NamedTempFile;

use super::error::{Fault, StateError};
use super::schema;
use super::text::{self, Problem};
use super::transfer;
use super::writer::Desk;
use crate::limits;

/// What [`State::save`](super::State::save) did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// The text form was written.
    Written,
    /// The text form was already as it should be, or there is none.
    Unchanged,
}

/// What a file is replaced with: each step by itself, so that tests can break each.
pub(super) trait Disk: Send {
    fn create(&mut self, folder: &Path, permissions: Option<Permissions>) -> io::Result<NamedTempFile> {
        let temporary = tempfile::Builder::new().prefix(".affineur-state-").tempfile_in(folder)?;
        permissions.map_or(Ok(()), |permissions| temporary.as_file().set_permissions(permissions))?;
        Ok(temporary)
    }

    fn write(&mut self, temporary: &mut NamedTempFile, bytes: &[u8]) -> io::Result<()> {
        temporary.write_all(bytes)
    }

    fn sync(&mut self, temporary: &NamedTempFile) -> io::Result<()> {
        temporary.as_file().sync_all()
    }

    fn replace(&mut self, temporary: NamedTempFile, file: &Path) -> io::Result<()> {
        temporary.persist(file).map(drop).map_err(|error| error.error)
    }

    fn sync_folder(&mut self, folder: &Path) -> io::Result<()> {
        schema::sync_folder(folder)
    }
}

/// The disk of this machine.
struct ThisDisk;

impl Disk for ThisDisk {}

/// A state file in text form.
pub(super) struct TextFile {
    /// Without symbolic links, so that it is the file that is replaced and not the link.
    file: PathBuf,
    /// What may be there without anybody else having written: what was read (`None`: there was no file) or put there since.
    ours: Vec<Option<String>>,
    /// What is known to be on the disk, or what would be if it were written.
    lasting: String,
    disk: Box<dyn Disk>,
}

impl TextFile {
    /// Reads a file into a database in memory.
    pub(super) fn open(file: &Path) -> Result<(Self, Connection), StateError> {
        Self::open_on(Box::new(ThisDisk), file)
    }

    pub(super) fn open_on(disk: Box<dyn Disk>, file: &Path) -> Result<(Self, Connection), StateError> {
        let present = read(file)?;
        let real = match &present {
            Some(_) => fs::canonicalize(file).map_err(|error| schema::unavailable(file, &error))?,
            None => file.to_owned(),
        };
        let (connection, lasting) = import(present.as_deref(), file)?;
        Ok((Self { file: real, ours: vec![present], lasting, disk }, connection))
    }

    fn save(&mut self, connection: &Connection) -> Result<Saved, StateError> {
        let text = export(connection).map_err(|fault| fault.at(&self.file))?;
        if text == self.lasting {
            return Ok(Saved::Unchanged);
        }
        if !self.ours.contains(&read(&self.file)?) {
            return Err(StateError::ChangedMeanwhile { file: self.file.clone() });
        }
        self.replace(text).map_err(|error| schema::unavailable(&self.file, &error))?;
        Ok(Saved::Written)
    }

    fn replace(&mut self, text: String) -> io::Result<()> {
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut temporary = self.disk.create(folder, permissions(&self.file)?)?;
        self.disk.write(&mut temporary, text.as_bytes())?;
        self.disk.sync(&temporary)?;
        // A replacement that is reported as failed may have happened all the same.
        self.ours.push(Some(text.clone()));
        self.disk.replace(temporary, &self.file)?;
        self.disk.sync_folder(folder)?;
        self.ours = vec![Some(text.clone())];
        self.lasting = text;
        Ok(())
    }
}

/// A database in memory with what a text says, and the text that it gives, which is the same one. `file` is for errors.
pub(crate) fn import(text: Option<&str>, file: &Path) -> Result<(Connection, String), StateError> {
    let mut connection = schema::open_memory(file)?;
    if let Some(text) = text {
        fill(&mut connection, text, file)?;
    }
    let printed = export(&connection).map_err(|fault| fault.at(file))?;
    if let Some(line) = text.and_then(|text| first_difference(text, &printed)) {
        let problem = "a line is missing here, or there is one too many".to_owned();
        return Err(StateError::Line { file: file.to_owned(), line, problem });
    }
    Ok((connection, printed))
}

/// The permissions of a file that is there.
fn permissions(file: &Path) -> io::Result<Option<Permissions>> {
    match fs::metadata(file) {
        Ok(data) => Ok(Some(data.permissions())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl Desk {
    /// Writes what is only in memory.
    pub(super) fn save(&mut self) -> Result<Saved, StateError> {
        if let Some(text) = &mut self.text {
            return text.save(&self.connection);
        }
        self.write_exact_times()?;
        Ok(Saved::Unchanged)
    }
}

/// The first line, counted from 1, in which two texts differ.
fn first_difference(one: &str, other: &str) -> Option<usize> {
    let same = one.lines().zip(other.lines()).take_while(|(one, other)| one == other).count();
    (one != other).then_some(same + 1)
}

fn read(file: &Path) -> Result<Option<String>, StateError> {
    let wrong = |problem: &str| StateError::Damaged { file: file.to_owned(), problem: problem.to_owned() };
    let mut bytes = Vec::new();
    let reading = fs::File::open(file).and_then(|file| file.take(limits::STATE_TEXT_BYTES + 1).read_to_end(&mut bytes));
    match reading {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(schema::unavailable(file, &error)),
        Ok(_) if bytes.len() as u64 > limits::STATE_TEXT_BYTES => return Err(wrong("it is too large")),
        Ok(_) => {}
    }
    String::from_utf8(bytes).map(Some).map_err(|_| wrong("it is not text in UTF-8"))
}

fn fill(connection: &mut Connection, text: &str, file: &Path) -> Result<(), StateError> {
    let line = |line, problem| StateError::Line { file: file.to_owned(), line, problem };
    let records = text::parse(text).map_err(|problem| match problem {
        Problem::Newer(found) => StateError::Newer { file: file.to_owned(), found, known: text::VERSION },
        Problem::Line(number, problem) => line(number, problem),
    })?;
    let transaction = connection.transaction().map_err(|error| Fault::from(error).at(file))?;
    transfer::import(&transaction, &records).map_err(|(number, fault)| line(number, fault.to_string()))?;
    transaction.commit().map_err(|error| Fault::from(error).at(file))
}

fn export(connection: &Connection) -> Result<String, Fault> {
    text::print(&transfer::export(connection)?).map_err(|_| Fault::Content("a time is out of range"))
}

#[cfg(test)]
impl TextFile {
    /// The same text, as a file that is not there yet.
    pub(super) fn moved_to(self, file: PathBuf) -> Self {
        Self { file, ours: vec![None], lasting: String::new(), disk: self.disk }
    }
}
