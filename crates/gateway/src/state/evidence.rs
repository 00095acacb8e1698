//! What was found to be hostile: marks that last, evidence for people, and the epoch that makes caches obsolete.

use affineur_packaging::{FileName, ProjectName, Sha256};
use affineur_trust::{Contradiction, PartyName};
use aws_lc_rs::digest;
use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::contradiction::{Stored, Time};
use super::error::Fault;
use super::rows::{file_name, party, project, source_id};
use super::types::{Evidence, EvidenceId, EvidenceRow};
use super::writer::Desk;
use crate::limits;

/// What a piece of evidence is about.
pub(super) struct About<'a> {
    /// The source's row and its name.
    pub(super) source: (i64, &'a PartyName),
    pub(super) project: &'a ProjectName,
    pub(super) file: Option<&'a FileName>,
    pub(super) contradiction: &'a Contradiction,
}

/// Files of one project that were marked as hostile.
pub(super) struct Marks(Vec<(String, Option<Sha256>, Stored)>);

impl Marks {
    /// What was found about a file with this digest. A mark without a digest holds for all of them.
    pub(super) fn of(&self, name: &FileName, digest: Option<Sha256>) -> Result<Option<Contradiction>, Fault> {
        let holds = |marked: &Option<Sha256>| marked.is_none() || *marked == digest;
        let mark = self.0.iter().find(|(file, marked, _)| file == name.as_str() && holds(marked));
        mark.map(|(_, _, stored)| stored.contradiction()).transpose()
    }
}

/// The marks of one project.
pub(super) fn marks(database: &Connection, source: i64, project: &ProjectName) -> Result<Marks, Fault> {
    let mut select = database.prepare_cached(
        "SELECT file, sha256, contradiction FROM hostile WHERE source = ?1 AND project = ?2 ORDER BY 1, 2, 3",
    )?;
    let mut rows = select.query((source, project.as_str()))?;
    let mut marks = Vec::new();
    while let Some(row) = rows.next()? {
        let digest = mark_digest(row.get(1)?)?;
        marks.push((row.get(0)?, digest, Stored::parse(row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?)?));
    }
    Ok(Marks(marks))
}

/// In a mark an empty digest stands for all of them, since a primary key has no NULL.
pub(super) fn mark_digest(bytes: Vec<u8>) -> Result<Option<Sha256>, Fault> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let bytes = bytes.try_into().map_err(|_| Fault::Content("a digest does not have 32 bytes"))?;
    Ok(Some(Sha256::from_bytes(bytes)))
}

/// Marks a file for good.
pub(super) fn mark_hostile(
    desk: &mut Desk,
    source: &PartyName,
    name: &FileName,
    digest: Option<Sha256>,
    what: &Contradiction,
) -> Result<(), Fault> {
    let database = &desk.connection;
    let source = source_id(database, source)?;
    let digest: &[u8] = digest.as_ref().map_or(&[], |digest| digest.as_bytes());
    let mut insert = database.prepare_cached("INSERT OR IGNORE INTO hostile VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let new = insert.execute((source, name.project().as_str(), name.as_str(), digest, Stored::from(what).json()?))?;
    if new > 0 { bump_revocation_epoch(database) } else { Ok(()) }
}

/// Keeps evidence that was found on a page, once per contradiction, and revokes what was decided before.
pub(super) fn keep_once(
    database: &Connection,
    about: &About<'_>,
    time: Timestamp,
    left: &serde_json::Value,
    right: &serde_json::Value,
) -> Result<(), Fault> {
    // Not from the sides: the URL on the page may be another one each time.
    let id = identify(about, &[], &[])?;
    if insert(database, about, id, time, left.to_string().as_bytes(), right.to_string().as_bytes())? == Inserted::New {
        bump_revocation_epoch(database)?;
    }
    Ok(())
}

/// Keeps evidence that somebody else found. `None` where there is as much of it as is kept for one project.
pub(super) fn keep(desk: &mut Desk, evidence: &Evidence) -> Result<Option<EvidenceId>, Fault> {
    let about = About {
        source: (source_id(&desk.connection, &evidence.source)?, &evidence.source),
        project: &evidence.project,
        file: evidence.file.as_ref(),
        contradiction: &evidence.contradiction,
    };
    let id = identify(&about, &evidence.left, &evidence.right)?;
    let inserted = insert(&desk.connection, &about, id, evidence.time, &evidence.left, &evidence.right)?;
    Ok((inserted != Inserted::Full).then_some(id))
}

fn identify(about: &About<'_>, left: &[u8], right: &[u8]) -> Result<EvidenceId, Fault> {
    let mut context = digest::Context::new(&digest::SHA256);
    let contradiction = Stored::from(about.contradiction).json()?;
    let file = about.file.map_or("", FileName::as_str);
    let texts = [about.source.1.as_str(), about.project.as_str(), file, &contradiction].map(str::as_bytes);
    for part in texts.into_iter().chain([left, right]) {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    let bytes = context.finish().as_ref().try_into().map_err(|_| Fault::Content("a digest does not have 32 bytes"))?;
    Ok(EvidenceId(Sha256::from_bytes(bytes)))
}

#[derive(PartialEq, Eq)]
enum Inserted {
    New,
    Before,
    Full,
}

fn insert(
    database: &Connection,
    about: &About<'_>,
    id: EvidenceId,
    time: Timestamp,
    left: &[u8],
    right: &[u8],
) -> Result<Inserted, Fault> {
    let mut before = database.prepare_cached("SELECT 1 FROM evidence WHERE id = ?1")?;
    if before.exists([id.0.as_bytes()])? {
        return Ok(Inserted::Before);
    }
    let mut count = database.prepare_cached("SELECT count(*) FROM evidence WHERE source = ?1 AND project = ?2")?;
    let kept: u32 = count.query_row((about.source.0, about.project.as_str()), |row| row.get(0))?;
    if kept >= limits::EVIDENCE_PER_PROJECT {
        return Ok(Inserted::Full);
    }
    database.prepare_cached("INSERT INTO evidence VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?.execute((
        id.0.as_bytes(),
        time.as_microsecond(),
        about.source.0,
        about.project.as_str(),
        about.file.map(FileName::as_str),
        Stored::from(about.contradiction).json()?,
        cut(left),
        size(left),
        cut(right),
        size(right),
    ))?;
    Ok(Inserted::New)
}

fn cut(side: &[u8]) -> &[u8] {
    side.get(..limits::EVIDENCE_SIDE_BYTES).unwrap_or(side)
}

fn size(side: &[u8]) -> i64 {
    i64::try_from(side.len()).unwrap_or(i64::MAX)
}

/// All evidence, the earliest first.
pub(super) fn all(database: &Connection) -> Result<Vec<EvidenceRow>, Fault> {
    let mut select = database.prepare_cached(
        "SELECT evidence.id, time, source.name, project, file, contradiction, left, left_size, right, right_size \
         FROM evidence JOIN source ON source.id = evidence.source ORDER BY time, evidence.id",
    )?;
    let mut rows = select.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let project = project(&row.get::<_, String>(3)?)?;
        let evidence = Evidence {
            time: Time(row.get(1)?).timestamp()?,
            source: party(&row.get::<_, String>(2)?)?,
            file: row.get::<_, Option<String>>(4)?.map(|name| file_name(&name, &project)).transpose()?,
            project,
            contradiction: Stored::parse(&row.get::<_, String>(5)?)?.contradiction()?,
            left: Bytes::from(row.get::<_, Vec<u8>>(6)?),
            right: Bytes::from(row.get::<_, Vec<u8>>(8)?),
        };
        all.push(EvidenceRow {
            id: EvidenceId(Sha256::from_bytes(row.get(0)?)),
            evidence,
            left_size: row.get::<_, i64>(7)?.cast_unsigned(),
            right_size: row.get::<_, i64>(9)?.cast_unsigned(),
        });
    }
    Ok(all)
}

const EPOCH: &str = "SELECT value FROM counter WHERE name = 'revocation_epoch'";

/// The revocation epoch.
pub(super) fn revocation_epoch(database: &Connection) -> Result<u64, Fault> {
    let value: Option<i64> = database.prepare_cached(EPOCH)?.query_row([], |row| row.get(0)).optional()?;
    value.and_then(|value| u64::try_from(value).ok()).ok_or(Fault::Content("there is no revocation epoch"))
}

/// Everything that was let through before has to be asked for again.
pub(super) fn bump_revocation_epoch(database: &Connection) -> Result<(), Fault> {
    let mut update = database.prepare_cached("UPDATE counter SET value = value + 1 WHERE name = 'revocation_epoch'")?;
    if update.execute([])? == 1 { Ok(()) } else { Err(Fault::Content("there is no revocation epoch")) }
}
