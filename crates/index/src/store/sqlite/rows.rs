//! Rows of the database as values.

use affineur_packaging::page::{ProjectStatus, StatusMarker, Yanked};
use affineur_packaging::{FileName, ProjectName, Sha256};
use affineur_tuf::Version;
use jiff::Timestamp;
use rusqlite::Row;

use super::fault::Plain;
use crate::store::StoredFile;

/// What became of a file, as stored.
pub(super) mod state {
    pub(in super::super) const ACCEPTED: i64 = 0;
    pub(in super::super) const PUBLISHED: i64 = 1;
    pub(in super::super) const REFUSED: i64 = 2;
    pub(in super::super) const DELETED: i64 = 3;
}

/// The columns that [`file`] wants, of the table `file` with its alias `f`.
macro_rules! file_columns {
    () => {
        "f.name, f.display_name, f.size, f.sha256, f.requires_python, f.core_metadata, f.attestations, f.uploaded, f.uploader, \
         f.yanked, f.yanked_by_index"
    };
}
pub(super) use file_columns;

/// Reads a file of this project from the columns that begin at `first`.
pub(super) fn file(row: &Row<'_>, first: usize, project: &ProjectName) -> Result<StoredFile, Plain> {
    let name: String = row.get(first)?;
    Ok(StoredFile {
        file: FileName::of_project(&name, project).map_err(|_| Plain::Content("a file's name is none of its project"))?,
        display_name: row.get(first + 1)?,
        size: number(row.get(first + 2)?)?,
        sha256: Sha256::from_bytes(row.get(first + 3)?),
        requires_python: row.get(first + 4)?,
        core_metadata: row.get::<_, Option<_>>(first + 5)?.map(Sha256::from_bytes),
        attestations: row.get::<_, Option<_>>(first + 6)?.map(Sha256::from_bytes),
        uploaded: time(row.get(first + 7)?)?,
        uploader: row.get(first + 8)?,
        yanked: yanked(row.get(first + 9)?),
        yanked_by_index: yanked(row.get(first + 10)?),
    })
}

pub(super) fn yanked(reason: Option<String>) -> Yanked {
    reason.map_or(Yanked::No, Yanked::Yes)
}

pub(super) fn reason(yanked: &Yanked) -> Option<&str> {
    match yanked {
        Yanked::No => None,
        Yanked::Yes(reason) => Some(reason),
    }
}

pub(super) fn project(name: &str) -> Result<ProjectName, Plain> {
    name.parse().map_err(|_| Plain::Content("a project's name is none"))
}

pub(super) fn status(marker: i64, reason: Option<String>) -> Result<ProjectStatus, Plain> {
    let marker = match marker {
        0 => StatusMarker::Active,
        1 => StatusMarker::Archived,
        2 => StatusMarker::Quarantined,
        3 => StatusMarker::Deprecated,
        _ => return Err(Plain::Content("a project's status is none")),
    };
    Ok(ProjectStatus { marker, reason })
}

pub(super) const fn marker(marker: StatusMarker) -> i64 {
    match marker {
        StatusMarker::Active => 0,
        StatusMarker::Archived => 1,
        StatusMarker::Quarantined => 2,
        StatusMarker::Deprecated => 3,
    }
}

pub(super) fn time(microseconds: i64) -> Result<Timestamp, Plain> {
    Timestamp::from_microsecond(microseconds).map_err(|_| Plain::Content("a time is out of range"))
}

pub(super) fn version(number: i64) -> Result<Version, Plain> {
    u64::try_from(number).ok().and_then(Version::new).ok_or(Plain::Content("a version is not positive"))
}

pub(super) fn number(number: i64) -> Result<u64, Plain> {
    u64::try_from(number).map_err(|_| Plain::Content("a number is negative"))
}

/// Numbers of ours are far below 2⁶³; one that is not is no row's.
pub(super) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
