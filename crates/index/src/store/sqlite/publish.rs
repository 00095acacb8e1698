//! The publish transaction. It ends with the new timestamp, which is the commit point: all that is above it in this file is
//! seen by nobody before the one `COMMIT` that follows.

use affineur_packaging::page::Yanked;
use affineur_tuf::Version;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::fault::{Fault, Plain};
use super::queue::{self, Waiting};
use super::rows::{self, file_columns, state};
use crate::store::{Change, Outcome, Publication, PublishError, Request, Ticket, Which, YankedBy};

pub(super) fn publish(database: &Connection, publication: &Publication) -> Result<(), Fault<PublishError>> {
    compare(database, publication)?;
    let at = publication.at.as_microsecond();
    for (path, bytes) in &publication.metadata {
        put_metadata(database, path, bytes, at)?;
    }
    for (path, sha256, bytes) in &publication.targets {
        put_target(database, path.as_str(), sha256.as_bytes(), bytes, at)?;
    }
    let changed = finish(database, publication)?;
    let mut swap = database.prepare_cached(
        "INSERT INTO head (one, version, timestamp, projects, files, file_bytes) VALUES (1, ?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT DO UPDATE SET version = ?1, timestamp = ?2, projects = projects + ?3, files = files + ?4, \
         file_bytes = file_bytes + ?5",
    )?;
    let version = rows::stored(publication.version.number());
    swap.execute(params![version, publication.timestamp.as_ref(), changed.projects, changed.files, changed.bytes])?;
    Ok(())
}

/// The compare of the compare-and-swap. The transaction has the database's write lock: nothing comes in between.
fn compare(database: &Connection, publication: &Publication) -> Result<(), Fault<PublishError>> {
    let found: Option<i64> = database.prepare_cached("SELECT version FROM head")?.query_row([], |row| row.get(0)).optional()?;
    let found: Option<Version> = found.map(rows::version).transpose().map_err(Plain::or_refused)?;
    let after = publication.after;
    if found != after {
        return Err(Fault::Refused(PublishError::Conflict { after, found }));
    }
    match after {
        Some(after) if publication.version <= after => {
            Err(Fault::Refused(PublishError::NotAbove { version: publication.version, after }))
        }
        _ => Ok(()),
    }
}

/// Makes this version the newest of its role.
fn put_metadata(database: &Connection, path: &str, bytes: &[u8], at: i64) -> Result<(), Fault<PublishError>> {
    let role = role(path).ok_or_else(|| Fault::Refused(PublishError::Path { path: path.to_owned() }))?;
    let mut find = database
        .prepare_cached("SELECT m.id, d.bytes = ?2 FROM metadata m JOIN document d ON d.id = m.document WHERE m.path = ?1")?;
    let found = find.query_row(params![path, bytes], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?))).optional()?;
    let same = match found {
        Some((_, false)) => return Err(Fault::Refused(PublishError::Rewritten { path: path.to_owned() })),
        Some((id, true)) => Some(id),
        None => None,
    };
    let mut replace =
        database.prepare_cached("UPDATE metadata SET superseded_at = ?2 WHERE role = ?1 AND superseded_at IS NULL")?;
    replace.execute(params![role, at])?;
    if let Some(same) = same {
        database.prepare_cached("UPDATE metadata SET superseded_at = NULL WHERE id = ?1")?.execute([same])?;
        return Ok(());
    }
    let document = put_document(database, bytes)?;
    let mut insert = database.prepare_cached("INSERT INTO metadata (path, role, document) VALUES (?1, ?2, ?3)")?;
    insert.execute(params![path, role, document])?;
    Ok(())
}

/// Makes this document the newest at its path. The same one may have been there before.
fn put_target(database: &Connection, path: &str, sha256: &[u8; 32], bytes: &[u8], at: i64) -> rusqlite::Result<()> {
    let mut replace =
        database.prepare_cached("UPDATE target SET superseded_at = ?2 WHERE path = ?1 AND superseded_at IS NULL")?;
    replace.execute(params![path, at])?;
    let mut again = database.prepare_cached("UPDATE target SET superseded_at = NULL WHERE path = ?1 AND sha256 = ?2")?;
    if again.execute(params![path, sha256])? == 0 {
        let document = put_document(database, bytes)?;
        let mut insert = database.prepare_cached("INSERT INTO target (path, sha256, document) VALUES (?1, ?2, ?3)")?;
        insert.execute(params![path, sha256, document])?;
    }
    Ok(())
}

fn put_document(database: &Connection, bytes: &[u8]) -> rusqlite::Result<i64> {
    database.prepare_cached("INSERT INTO document (bytes) VALUES (?1)")?.execute([bytes])?;
    Ok(database.last_insert_rowid())
}

/// The role in `VERSION.ROLE.json`.
fn role(path: &str) -> Option<&str> {
    let (version, role) = path.strip_suffix(".json")?.split_once('.')?;
    let number: u64 = version.parse().ok()?;
    let plain = number > 0 && number.to_string() == version && !role.is_empty() && !role.contains(['/', '\\', '%']);
    plain.then_some(role)
}

/// How the counts change.
#[derive(Default)]
struct Changed {
    projects: i64,
    files: i64,
    bytes: i64,
}

/// Takes the tickets from the queue, each in its turn, and changes their projects.
fn finish(database: &Connection, publication: &Publication) -> Result<Changed, Fault<PublishError>> {
    let mut waiting = queue::pending(database, publication.done.len()).map_err(Plain::or_refused)?.into_iter();
    let mut changed = Changed::default();
    for (ticket, outcome) in &publication.done {
        let next = waiting.next();
        let expected = next.as_ref().map(|next| next.ticket);
        let Some(next) = next.filter(|next| next.ticket == *ticket) else {
            return Err(Fault::Refused(PublishError::OutOfOrder { expected, found: *ticket }));
        };
        match outcome {
            Outcome::Published => {
                let mut end = database.prepare_cached("UPDATE ticket SET version = ?2 WHERE id = ?1")?;
                end.execute([rows::stored(ticket.number()), rows::stored(publication.version.number())])?;
                apply(database, &next, &mut changed).map_err(Plain::or_refused)?;
            }
            Outcome::Refused(why) => refuse(database, &next, why)?,
        }
    }
    Ok(changed)
}

fn refuse(database: &Connection, waiting: &Waiting, why: &str) -> rusqlite::Result<()> {
    let mut end = database.prepare_cached("UPDATE ticket SET refused = ?2 WHERE id = ?1")?;
    end.execute(params![rows::stored(waiting.ticket.number()), why])?;
    if matches!(waiting.change, Change::Add(_)) {
        set_state(database, waiting.file, state::REFUSED)?;
    }
    Ok(())
}

/// What [`Project::apply`](crate::store::Project::apply) says, as rows.
fn apply(database: &Connection, waiting: &Waiting, changed: &mut Changed) -> Result<(), Plain> {
    let Waiting { ticket, change, project, file } = waiting;
    match change {
        Change::Add(added) => {
            set_state(database, *file, state::PUBLISHED)?;
            let mut name = database.prepare_cached("UPDATE project SET display_name = ?2 WHERE id = ?1")?;
            name.execute(params![project, added.display_name])?;
            changed.files += 1;
            changed.bytes += rows::stored(added.size);
        }
        Change::Request(Request::Yank { which, yanked, by, .. }) => {
            for file in meant(database, *project, change, which)? {
                yank(database, file, yanked, *by)?;
            }
        }
        Change::Request(Request::Status { status, .. }) => {
            let mut set = database.prepare_cached("UPDATE project SET marker = ?2, reason = ?3 WHERE id = ?1")?;
            set.execute(params![project, rows::marker(status.marker), status.reason])?;
        }
        Change::Request(Request::Delete { .. }) => {
            let mut size = database.prepare_cached("SELECT size FROM file WHERE id = ?1 AND state = ?2")?;
            let size: Option<i64> = size.query_row(params![file, state::PUBLISHED], |row| row.get(0)).optional()?;
            if let Some(size) = size {
                set_state(database, *file, state::DELETED)?;
                changed.files -= 1;
                changed.bytes -= size;
            }
        }
    }
    changed.projects += touch(database, *project, *ticket)?;
    Ok(())
}

/// The published files that a yank is about.
fn meant(database: &Connection, project: i64, change: &Change, which: &Which) -> Result<Vec<i64>, Plain> {
    let mut select = database.prepare_cached(concat!(
        "SELECT f.id, ",
        file_columns!(),
        " FROM file f WHERE f.project = ?1 AND f.state = ?2 AND (?3 IS NULL OR f.name = ?3)"
    ))?;
    let name = match which {
        Which::File(file) => Some(file.as_str()),
        Which::Version(_) => None,
    };
    let mut found = select.query(params![project, state::PUBLISHED, name])?;
    let mut files = Vec::new();
    while let Some(row) = found.next()? {
        if which.means(&rows::file(row, 1, change.project())?.file) {
            files.push(row.get(0)?);
        }
    }
    Ok(files)
}

fn yank(database: &Connection, file: i64, yanked: &Yanked, by: YankedBy) -> rusqlite::Result<()> {
    let mut set = database.prepare_cached(match by {
        YankedBy::Developers => "UPDATE file SET yanked = ?2 WHERE id = ?1",
        YankedBy::Index => "UPDATE file SET yanked_by_index = ?2 WHERE id = ?1",
    })?;
    set.execute(params![file, rows::reason(yanked)])?;
    Ok(())
}

fn set_state(database: &Connection, file: Option<i64>, state: i64) -> rusqlite::Result<()> {
    database.prepare_cached("UPDATE file SET state = ?2 WHERE id = ?1")?.execute(params![file, state])?;
    Ok(())
}

/// A project that something changed is a published one. Answers how many more of these there are.
fn touch(database: &Connection, project: i64, ticket: Ticket) -> rusqlite::Result<i64> {
    let mut set = database.prepare_cached("UPDATE project SET serial = ?2 WHERE id = ?1 AND (serial = 0) = ?3")?;
    let serial = rows::stored(ticket.number());
    if set.execute(params![project, serial, true])? == 1 {
        return Ok(1);
    }
    set.execute(params![project, serial, false])?;
    Ok(0)
}
