//! What is remembered of curators: the highest serials of their voters, and since when their newest statement has been known.

use std::collections::BTreeMap;

use affineur_packaging::{ProjectName, Sha256};
use affineur_trust::curator::{CuratorId, Seen};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::contradiction::Time;
use super::error::Fault;

/// The highest serials of a curator's voters about the files of a project, by file.
pub(super) fn serials(
    database: &Connection,
    curator: CuratorId,
    project: &ProjectName,
) -> Result<BTreeMap<String, Seen>, Fault> {
    let mut select = database.prepare_cached("SELECT file, voter, serial FROM ballot WHERE curator = ?1 AND project = ?2")?;
    let mut rows = select.query((curator.as_bytes(), project.as_str()))?;
    let mut serials: BTreeMap<String, Seen> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let serial = row.get::<_, i64>(2)?.cast_unsigned();
        serials.entry(row.get(0)?).or_default().insert(row.get(1)?, serial);
    }
    Ok(serials)
}

/// Raises serials; none ever sinks.
pub(super) fn raise_serials(
    database: &Connection,
    curator: CuratorId,
    project: &ProjectName,
    raised: &BTreeMap<String, Seen>,
) -> Result<(), Fault> {
    let mut insert = database.prepare_cached(
        "INSERT INTO ballot (curator, project, file, voter, serial) VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT DO UPDATE SET serial = max(serial, excluded.serial)",
    )?;
    for (file, seen) in raised {
        for (voter, serial) in seen {
            let serial = i64::try_from(*serial).unwrap_or(i64::MAX);
            insert.execute((curator.as_bytes(), project.as_str(), file, voter, serial))?;
        }
    }
    Ok(())
}

/// Since when the newest statement of a repository has been known: from now on if this one is newer than all before.
pub(super) fn heard(database: &Connection, repository: Sha256, version: u64, now: Timestamp) -> Result<Timestamp, Fault> {
    let version = i64::try_from(version).unwrap_or(i64::MAX);
    let mut select = database.prepare_cached("SELECT version, since FROM heard WHERE repository = ?1")?;
    let known: Option<(i64, i64)> =
        select.query_row([repository.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let now = Time::from(now);
    match known {
        // A clock that went back must not make a statement younger than it is: nor can it be from the future.
        Some((before, since)) if version <= before && since <= now.0 => Time(since).timestamp(),
        _ => {
            database
                .prepare_cached("INSERT OR REPLACE INTO heard (repository, version, since) VALUES (?1, ?2, ?3)")?
                .execute((repository.as_bytes(), version, now.0))?;
            now.timestamp()
        }
    }
}
