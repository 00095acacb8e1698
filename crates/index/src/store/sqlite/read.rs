//! What readers ask for. Published things only.

use std::collections::BTreeMap;

use affineur_packaging::{FileName, ProjectName, Sha256};
use affineur_tuf::Version;
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::fault::Plain;
use super::rows::{self, file_columns, state};
use crate::store::{Counts, Project, PublishedTimestamp, StoredFile};

pub(super) fn timestamp(database: &Connection) -> Result<Option<PublishedTimestamp>, Plain> {
    let mut select = database.prepare_cached("SELECT version, timestamp FROM head")?;
    let found = select.query_row([], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?))).optional()?;
    found.map(|(version, bytes)| Ok(PublishedTimestamp { version: rows::version(version)?, bytes: bytes.into() })).transpose()
}

pub(super) fn published(database: &Connection) -> Result<Option<Version>, Plain> {
    let mut select = database.prepare_cached("SELECT version FROM head")?;
    select.query_row([], |row| row.get(0)).optional()?.map(rows::version).transpose()
}

pub(super) fn serial(database: &Connection, name: &ProjectName) -> Result<Option<u64>, Plain> {
    let mut select = database.prepare_cached("SELECT serial FROM project WHERE name = ?1 AND serial > 0")?;
    select.query_row([name.as_str()], |row| row.get(0)).optional()?.map(rows::number).transpose()
}

pub(super) fn metadata(database: &Connection, path: &str) -> Result<Option<Bytes>, Plain> {
    let mut select =
        database.prepare_cached("SELECT d.bytes FROM metadata m JOIN document d ON d.id = m.document WHERE m.path = ?1")?;
    let found = select.query_row([path], |row| row.get::<_, Vec<u8>>(0)).optional()?;
    Ok(found.map(Bytes::from))
}

pub(super) fn target(database: &Connection, path: &str, sha256: Option<Sha256>) -> Result<Option<Bytes>, Plain> {
    let bytes = |row: &rusqlite::Row<'_>| row.get::<_, Vec<u8>>(0);
    let found = match sha256 {
        Some(sha256) => database
            .prepare_cached(
                "SELECT d.bytes FROM target t JOIN document d ON d.id = t.document WHERE t.path = ?1 AND t.sha256 = ?2",
            )?
            .query_row(params![path, sha256.as_bytes()], bytes),
        None => database
            .prepare_cached(
                "SELECT d.bytes FROM target t JOIN document d ON d.id = t.document \
                 WHERE t.path = ?1 AND t.superseded_at IS NULL",
            )?
            .query_row([path], bytes),
    };
    Ok(found.optional()?.map(Bytes::from))
}

pub(super) fn project(database: &Connection, name: &ProjectName) -> Result<Option<Project>, Plain> {
    let mut select = database
        .prepare_cached("SELECT id, display_name, marker, reason, serial FROM project WHERE name = ?1 AND serial > 0")?;
    let found = select
        .query_row([name.as_str()], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)));
    let Some((id, display_name, marker, reason, serial)) = found.optional()? else { return Ok(None) };
    let mut select =
        database.prepare_cached(concat!("SELECT ", file_columns!(), " FROM file f WHERE f.project = ?1 AND f.state = ?2"))?;
    let mut found = select.query([id, state::PUBLISHED])?;
    let mut files = BTreeMap::new();
    while let Some(row) = found.next()? {
        let file = rows::file(row, 0, name)?;
        files.insert(file.file.as_str().to_owned(), file);
    }
    let (status, serial) = (rows::status(marker, reason)?, rows::number(serial)?);
    Ok(Some(Project { project: name.clone(), display_name, status, files, serial }))
}

pub(super) fn projects(
    database: &Connection,
    after: Option<&ProjectName>,
    most: usize,
) -> Result<Vec<(ProjectName, u64)>, Plain> {
    // No name is empty.
    let after = after.map_or("", ProjectName::as_str);
    let mut select =
        database.prepare_cached("SELECT name, serial FROM project WHERE name > ?1 AND serial > 0 ORDER BY name LIMIT ?2")?;
    let mut found = select.query(params![after, i64::try_from(most).unwrap_or(i64::MAX)])?;
    let mut projects = Vec::new();
    while let Some(row) = found.next()? {
        projects.push((rows::project(&row.get::<_, String>(0)?)?, rows::number(row.get(1)?)?));
    }
    Ok(projects)
}

pub(super) fn file(database: &Connection, name: &FileName) -> Result<Option<StoredFile>, Plain> {
    let mut select = database.prepare_cached(concat!(
        "SELECT ",
        file_columns!(),
        " FROM file f JOIN project p ON p.id = f.project WHERE p.name = ?1 AND f.name = ?2 AND f.state = ?3"
    ))?;
    let mut found = select.query(params![name.project().as_str(), name.as_str(), state::PUBLISHED])?;
    found.next()?.map(|row| rows::file(row, 0, name.project())).transpose()
}

pub(super) fn counts(database: &Connection) -> Result<Counts, Plain> {
    let mut select = database.prepare_cached("SELECT projects, files, file_bytes FROM head")?;
    let head = select.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let (projects, files, file_bytes) = head.unwrap_or((0, 0, 0));
    let mut select = database.prepare_cached(
        "SELECT (SELECT count(*) FROM ticket WHERE version IS NULL AND refused IS NULL), (SELECT max(id) FROM ticket)",
    )?;
    let (pending, last): (i64, Option<i64>) = select.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Counts {
        projects: rows::number(projects)?,
        files: rows::number(files)?,
        file_bytes: rows::number(file_bytes)?,
        pending: rows::number(pending)?,
        last_ticket: rows::number(last.unwrap_or(0))?,
    })
}
