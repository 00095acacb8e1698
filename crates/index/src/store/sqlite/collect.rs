//! Dropping old versions, some at a time.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::fault::Plain;
use crate::limits;
use crate::store::{Collected, Keep};

/// Old versions of metadata: replaced long enough ago, and not among the last few of their role. Roots are how clients that
/// were away for years come back (§5.3): never one of them.
const OLD_METADATA: &str = "SELECT id, document FROM (SELECT id, document, superseded_at, role, \
    row_number() OVER (PARTITION BY role ORDER BY superseded_at DESC, id DESC) AS place \
    FROM metadata WHERE superseded_at IS NOT NULL) WHERE superseded_at < ?1 AND place > ?2 AND role <> 'root' LIMIT ?3";

/// The same of targets.
const OLD_TARGETS: &str = "SELECT id, document FROM (SELECT id, document, superseded_at, \
    row_number() OVER (PARTITION BY path ORDER BY superseded_at DESC, id DESC) AS place \
    FROM target WHERE superseded_at IS NOT NULL) WHERE superseded_at < ?1 AND place > ?2 LIMIT ?3";

/// Drops as much as fits into one transaction. Nothing dropped: there is nothing left.
pub(super) fn some(database: &Connection, keep: Keep, now: Timestamp) -> Result<Collected, Plain> {
    let age = i64::try_from(keep.age.as_micros()).unwrap_or(i64::MAX);
    let before = now.as_microsecond().saturating_sub(age);
    let (metadata, bytes) = drop_rows(database, OLD_METADATA, "DELETE FROM metadata WHERE id = ?1", keep, before)?;
    let (targets, more) = drop_rows(database, OLD_TARGETS, "DELETE FROM target WHERE id = ?1", keep, before)?;
    Ok(Collected { metadata, targets, bytes: bytes + more })
}

fn drop_rows(database: &Connection, old: &str, delete: &str, keep: Keep, before: i64) -> Result<(u64, u64), Plain> {
    let most = i64::try_from(limits::COLLECT_ROWS).unwrap_or(i64::MAX);
    let old: Vec<(i64, i64)> = database
        .prepare_cached(old)?
        .query_map(params![before, keep.versions, most], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let (mut count, mut bytes) = (0, 0);
    for (row, document) in old {
        database.prepare_cached(delete)?.execute([row])?;
        let mut remove = database.prepare_cached("DELETE FROM document WHERE id = ?1 RETURNING length(bytes)")?;
        count += 1;
        bytes += remove.query_row([document], |row| row.get::<_, i64>(0))?.unsigned_abs();
    }
    Ok((count, bytes))
}

impl std::ops::AddAssign for Collected {
    fn add_assign(&mut self, more: Self) {
        self.metadata += more.metadata;
        self.targets += more.targets;
        self.bytes += more.bytes;
    }
}
