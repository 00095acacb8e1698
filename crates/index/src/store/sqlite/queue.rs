//! Into the queue and out of it.

use affineur_packaging::page::Yanked;
use affineur_packaging::{FileName, ProjectName, Sha256};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};

use super::fault::{Fault, Plain};
use super::rows::{self, file_columns, state};
use crate::limits;
use crate::store::{AcceptError, Accepted, Change, Request, RequestError, StoredFile, Ticket, TicketState, Which, YankedBy};

/// What a ticket is about, as stored.
mod kind {
    pub(super) const ADD: i64 = 0;
    pub(super) const YANK: i64 = 1;
    pub(super) const STATUS: i64 = 2;
    pub(super) const DELETE: i64 = 3;
}

/// Whether nothing needs to be done for an upload, since the same bytes wait or are published. Called twice: before the bytes
/// are made durable, to save that, and in the transaction that accepts them.
pub(super) fn already_there(
    database: &Connection,
    file: &FileName,
    sha256: Sha256,
) -> Result<Option<Accepted>, Fault<AcceptError>> {
    let mut find = database.prepare_cached(
        "SELECT f.sha256, f.state, f.ticket FROM file f JOIN project p ON p.id = f.project WHERE p.name = ?1 AND f.name = ?2",
    )?;
    let found = find.query_row(params![file.project().as_str(), file.as_str()], |row| {
        Ok((row.get::<_, [u8; 32]>(0)?, row.get(1)?, row.get::<_, i64>(2)?))
    });
    match found.optional()? {
        None => Ok(None),
        Some((before, ..)) if before != *sha256.as_bytes() => {
            Err(Fault::Refused(AcceptError::NameTaken { file: file.clone() }))
        }
        Some((_, state::DELETED, _)) => Err(Fault::Refused(AcceptError::Deleted { file: file.clone() })),
        // The same bytes may come again.
        Some((_, state::REFUSED, _)) => Ok(None),
        Some((_, _, ticket)) => Ok(Some(Accepted::AlreadyThere(Ticket(ticket.unsigned_abs())))),
    }
}

/// Writes a file's row and its ticket. Its bytes, of these sizes, are durable.
pub(super) fn accept(
    database: &Connection,
    file: &StoredFile,
    blobs: &[(Sha256, u64)],
) -> Result<Accepted, Fault<AcceptError>> {
    if let Some(there) = already_there(database, &file.file, file.sha256)? {
        return Ok(there);
    }
    if is_full(database)? {
        return Err(Fault::Refused(AcceptError::QueueFull));
    }
    for (sha256, size) in blobs {
        let mut insert = database.prepare_cached("INSERT OR IGNORE INTO blob (sha256, size) VALUES (?1, ?2)")?;
        insert.execute(params![sha256.as_bytes(), rows::stored(*size)])?;
    }
    let project = project_row(database, file)?;
    let id = put_file(database, project, file)?;
    database.prepare_cached("INSERT INTO ticket (kind, project, file) VALUES (?1, ?2, ?3)")?.execute([
        kind::ADD,
        project,
        id,
    ])?;
    let ticket = database.last_insert_rowid();
    database.prepare_cached("UPDATE file SET ticket = ?2 WHERE id = ?1")?.execute([id, ticket])?;
    Ok(Accepted::New(Ticket(ticket.unsigned_abs())))
}

fn project_row(database: &Connection, file: &StoredFile) -> rusqlite::Result<i64> {
    let name = file.file.project().as_str();
    let mut insert = database.prepare_cached("INSERT OR IGNORE INTO project (name, display_name) VALUES (?1, ?2)")?;
    insert.execute([name, &file.display_name])?;
    database.prepare_cached("SELECT id FROM project WHERE name = ?1")?.query_row([name], |row| row.get(0))
}

/// A file that was refused has its row already.
fn put_file(database: &Connection, project: i64, file: &StoredFile) -> rusqlite::Result<i64> {
    let mut insert = database.prepare_cached(
        "INSERT INTO file (project, name, state, ticket, display_name, size, sha256, requires_python, core_metadata, attestations, \
         uploaded, uploader) VALUES (:project, :name, :state, 0, :display_name, :size, :sha256, :requires_python, :core_metadata, \
         :attestations, :uploaded, :uploader) ON CONFLICT DO UPDATE SET state = :state, display_name = :display_name, \
         requires_python = :requires_python, core_metadata = :core_metadata, attestations = :attestations, uploaded = :uploaded, \
         uploader = :uploader, yanked = NULL, yanked_by_index = NULL RETURNING id",
    )?;
    let values = named_params! {
        ":project": project,
        ":name": file.file.as_str(),
        ":state": state::ACCEPTED,
        ":display_name": file.display_name,
        ":size": rows::stored(file.size),
        ":sha256": file.sha256.as_bytes(),
        ":requires_python": file.requires_python,
        ":core_metadata": file.core_metadata.as_ref().map(Sha256::as_bytes),
        ":attestations": file.attestations.as_ref().map(Sha256::as_bytes),
        ":uploaded": file.uploaded.as_microsecond(),
        ":uploader": file.uploader,
    };
    insert.query_row(values, |row| row.get(0))
}

/// Whether too many changes wait. Numbers given out since the oldest that waits: never fewer than those that wait.
fn is_full(database: &Connection) -> rusqlite::Result<bool> {
    let mut span = database.prepare_cached(
        "SELECT (SELECT max(id) FROM ticket) - \
         (SELECT id FROM ticket WHERE version IS NULL AND refused IS NULL ORDER BY id LIMIT 1) + 1",
    )?;
    let span: Option<i64> = span.query_row([], |row| row.get(0))?;
    Ok(span.is_some_and(|span| span >= rows::stored(limits::PENDING_TICKETS)))
}

pub(super) fn request(database: &Connection, request: &Request) -> Result<Ticket, Fault<RequestError>> {
    let name = request.project();
    let project: Option<i64> = database
        .prepare_cached("SELECT id FROM project WHERE name = ?1")?
        .query_row([name.as_str()], |row| row.get(0))
        .optional()?;
    let project = project.ok_or_else(|| Fault::Refused(RequestError::UnknownProject(name.clone())))?;
    if is_full(database)? {
        return Err(Fault::Refused(RequestError::QueueFull));
    }
    let known = |file: &FileName| file_row(database, project, file);
    match request {
        Request::Yank { which, yanked, by, .. } => {
            let (file, version) = match which {
                Which::File(file) => (Some(known(file)?), None),
                Which::Version(version) => (None, Some(version.to_string())),
            };
            let by = match by {
                YankedBy::Developers => 0,
                YankedBy::Index => 1,
            };
            let mut insert = database.prepare_cached(
                "INSERT INTO ticket (kind, project, file, release, yanked, by) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            insert.execute(params![kind::YANK, project, file, version, rows::reason(yanked), by])?;
        }
        Request::Status { status, .. } => {
            let mut insert =
                database.prepare_cached("INSERT INTO ticket (kind, project, marker, reason) VALUES (?1, ?2, ?3, ?4)")?;
            insert.execute(params![kind::STATUS, project, rows::marker(status.marker), status.reason])?;
        }
        Request::Delete { file } => {
            let mut insert = database.prepare_cached("INSERT INTO ticket (kind, project, file) VALUES (?1, ?2, ?3)")?;
            insert.execute([kind::DELETE, project, known(file)?])?;
        }
    }
    Ok(Ticket(database.last_insert_rowid().unsigned_abs()))
}

fn file_row(database: &Connection, project: i64, file: &FileName) -> Result<i64, Fault<RequestError>> {
    let mut find = database.prepare_cached("SELECT id FROM file WHERE project = ?1 AND name = ?2")?;
    let found = find.query_row(params![project, file.as_str()], |row| row.get(0)).optional()?;
    found.ok_or_else(|| Fault::Refused(RequestError::UnknownFile(file.clone())))
}

/// A ticket that waits, with the rows that it is about.
pub(super) struct Waiting {
    pub(super) ticket: Ticket,
    pub(super) change: Change,
    pub(super) project: i64,
    pub(super) file: Option<i64>,
}

/// The oldest tickets that wait.
pub(super) fn pending(database: &Connection, most: usize) -> Result<Vec<Waiting>, Plain> {
    let mut select = database.prepare_cached(concat!(
        "SELECT t.id, t.kind, t.project, t.file, p.name, t.release, t.yanked, t.by, t.marker, t.reason, ",
        file_columns!(),
        " FROM ticket t JOIN project p ON p.id = t.project LEFT JOIN file f ON f.id = t.file ",
        "WHERE t.version IS NULL AND t.refused IS NULL ORDER BY t.id LIMIT ?1"
    ))?;
    let mut found = select.query([i64::try_from(most).unwrap_or(i64::MAX)])?;
    let mut waiting = Vec::new();
    while let Some(row) = found.next()? {
        waiting.push(read(row)?);
    }
    Ok(waiting)
}

fn read(row: &Row<'_>) -> Result<Waiting, Plain> {
    let project = rows::project(&row.get::<_, String>(4)?)?;
    let change = match row.get::<_, i64>(1)? {
        kind::ADD => Change::Add(rows::file(row, 10, &project)?),
        kind::YANK => Change::Request(read_yank(row, project)?),
        kind::STATUS => Change::Request(Request::Status { status: rows::status(row.get(8)?, row.get(9)?)?, project }),
        kind::DELETE => Change::Request(Request::Delete { file: rows::file(row, 10, &project)?.file }),
        _ => return Err(Plain::Content("a change is of no kind")),
    };
    Ok(Waiting { ticket: Ticket(rows::number(row.get(0)?)?), change, project: row.get(2)?, file: row.get(3)? })
}

fn read_yank(row: &Row<'_>, project: ProjectName) -> Result<Request, Plain> {
    let which = match row.get::<_, Option<String>>(5)? {
        Some(version) => Which::Version(version.parse().map_err(|_| Plain::Content("a version is none"))?),
        None => Which::File(rows::file(row, 10, &project)?.file),
    };
    let yanked: Yanked = rows::yanked(row.get(6)?);
    let by = match row.get(7)? {
        0 => YankedBy::Developers,
        1 => YankedBy::Index,
        _ => return Err(Plain::Content("a yank is in nobody's name")),
    };
    Ok(Request::Yank { project, which, yanked, by })
}

pub(super) fn ticket(database: &Connection, ticket: Ticket) -> Result<TicketState, Plain> {
    let mut select = database.prepare_cached("SELECT version, refused FROM ticket WHERE id = ?1")?;
    let found = select.query_row([rows::stored(ticket.number())], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(match found {
        None => TicketState::Unknown,
        Some((None, None)) => TicketState::Pending,
        Some((Some(version), _)) => TicketState::Published(rows::version(version)?),
        Some((None, Some(why))) => TicketState::Refused(why),
    })
}

/// For callers that only wait.
pub(super) fn is_pending(database: &Connection) -> Result<bool, Plain> {
    let mut any = database.prepare_cached("SELECT EXISTS (SELECT 1 FROM ticket WHERE version IS NULL AND refused IS NULL)")?;
    Ok(any.query_row([], |row| row.get(0))?)
}
