//! Looking for what is missing, damaged or belongs to nothing.

use std::collections::BTreeMap;
use std::io::Read as _;

use affineur_packaging::Sha256;
use affineur_tuf::{Version, metadata_path};
use aws_lc_rs::digest;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Deserialize;

use super::fault::Plain;
use super::folder::Folder;
use super::read;
use super::readers::Readers;
use super::rows::{self, file_columns, state};
use crate::limits;
use crate::store::stage::sha256_of;
use crate::store::{Blob, Finding, Rehash, StoreError, StoredFile};

pub(super) struct Check<'a> {
    pub(super) readers: &'a Readers,
    pub(super) folder: &'a Folder,
    pub(super) rehash: Rehash,
}

/// The part of a timestamp or snapshot that says what else there must be.
#[derive(Deserialize)]
struct Document {
    signed: Signed,
}

#[derive(Deserialize)]
struct Signed {
    meta: BTreeMap<String, Meta>,
}

#[derive(Deserialize)]
struct Meta {
    version: Version,
}

impl Check<'_> {
    pub(super) fn run(&self) -> Result<Vec<Finding>, StoreError> {
        let mut findings = self.readers.read(|database| database_itself(database, self.rehash))?;
        findings.extend(self.readers.read(metadata)?);
        if self.rehash == Rehash::Yes {
            self.targets(&mut findings)?;
        }
        self.files(&mut findings)?;
        self.strangers(&mut findings)?;
        findings.truncate(limits::FINDINGS);
        Ok(findings)
    }

    fn targets(&self, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
        let mut after = 0;
        while findings.len() < limits::FINDINGS {
            let some = self.readers.read(|database| some_targets(database, after))?;
            let Some((last, ..)) = some.last() else { break };
            after = *last;
            findings.extend(some.into_iter().filter_map(|(_, finding)| finding));
        }
        Ok(())
    }

    /// Each file that is published or waits has its bytes.
    fn files(&self, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
        let mut after = 0;
        while findings.len() < limits::FINDINGS {
            let some = self.readers.read(|database| some_files(database, after))?;
            let Some((last, _)) = some.last() else { break };
            after = *last;
            for (_, file) in some {
                let sides = [file.core_metadata, file.attestations].into_iter().flatten();
                for sha256 in std::iter::once(file.sha256).chain(sides) {
                    findings.extend(self.blob(&file, sha256)?);
                }
            }
        }
        Ok(())
    }

    fn blob(&self, file: &StoredFile, sha256: Sha256) -> Result<Option<Finding>, StoreError> {
        let name = || file.file.clone();
        let Some(blob) = self.folder.blob(&sha256)? else {
            return Ok(Some(Finding::MissingBlob { file: name(), sha256 }));
        };
        let expected = self.readers.read(|database| size(database, sha256))?;
        let expected = if sha256 == file.sha256 { Some(file.size) } else { expected };
        if let Some(expected) = expected.filter(|expected| *expected != blob.size) {
            return Ok(Some(Finding::WrongSize { file: name(), sha256, expected, found: blob.size }));
        }
        if self.rehash == Rehash::Yes {
            let found = self.hash(blob, sha256)?;
            if found != sha256 {
                return Ok(Some(Finding::WrongDigest { file: name(), expected: sha256, found }));
            }
        }
        Ok(None)
    }

    fn hash(&self, mut blob: Blob, sha256: Sha256) -> Result<Sha256, StoreError> {
        let mut hash = digest::Context::new(&digest::SHA256);
        let mut buffer = vec![0; limits::HASH_BYTES];
        loop {
            let read = blob.file.read(&mut buffer).map_err(|error| StoreError::io(&self.folder.blob_path(&sha256), &error))?;
            match buffer.get(..read) {
                Some(bytes) if read > 0 => hash.update(bytes),
                _ => return Ok(sha256_of(hash)),
            }
        }
    }

    /// Files in the folder of blobs that belong to nothing.
    fn strangers(&self, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
        for first in 0..=u8::MAX {
            for name in self.folder.blobs(first)? {
                let right = name.parse::<Sha256>().ok().filter(|sha256| sha256.as_bytes().first() == Some(&first));
                let finding = match right.filter(|sha256| sha256.to_string() == name) {
                    None => Some(Finding::StrangeFile { path: format!("blobs/{first:02x}/{name}") }),
                    Some(sha256) if self.readers.read(|database| size(database, sha256))?.is_none() => {
                        Some(Finding::UnreferencedBlob { sha256 })
                    }
                    Some(_) => None,
                };
                findings.extend(finding);
                if findings.len() >= limits::FINDINGS {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

fn database_itself(database: &Connection, rehash: Rehash) -> Result<Vec<Finding>, Plain> {
    let pragma = match rehash {
        Rehash::No => "PRAGMA quick_check",
        Rehash::Yes => "PRAGMA integrity_check",
    };
    let texts: Vec<String> = database.prepare(pragma)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut findings: Vec<_> = texts.into_iter().filter(|text| text != "ok").map(Finding::Database).collect();
    let mut dangling = database.prepare("PRAGMA foreign_key_check")?;
    let mut dangling = dangling.query([])?;
    while let Some(row) = dangling.next()? {
        let (table, other): (String, String) = (row.get(0)?, row.get(2)?);
        findings.push(Finding::Database(format!("a row of {table} refers to a row of {other} that is not there")));
    }
    Ok(findings)
}

/// All that the newest timestamp refers to is there.
fn metadata(database: &Connection) -> Result<Vec<Finding>, Plain> {
    let Some(timestamp) = read::timestamp(database)? else { return Ok(Vec::new()) };
    let mut findings = Vec::new();
    let mut next = vec![("timestamp.json".to_owned(), timestamp.bytes)];
    while let Some((path, bytes)) = next.pop() {
        let Ok(document) = serde_json::from_slice::<Document>(&bytes) else {
            findings.push(Finding::UnreadableMetadata { path });
            continue;
        };
        for (name, meta) in document.signed.meta {
            let role = name.strip_suffix(".json").unwrap_or(&name);
            let path = metadata_path(role, Some(meta.version));
            if role == "snapshot" {
                match read::metadata(database, &path)? {
                    Some(bytes) => next.push((path, bytes)),
                    None => findings.push(Finding::MissingMetadata { path }),
                }
            } else if !has_metadata(database, &path)? {
                findings.push(Finding::MissingMetadata { path });
            }
        }
    }
    Ok(findings)
}

fn has_metadata(database: &Connection, path: &str) -> rusqlite::Result<bool> {
    let mut select = database
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM metadata m JOIN document d ON d.id = m.document WHERE m.path = ?1)")?;
    select.query_row([path], |row| row.get(0))
}

pub(super) fn size(database: &Connection, sha256: Sha256) -> Result<Option<u64>, Plain> {
    let mut select = database.prepare_cached("SELECT size FROM blob WHERE sha256 = ?1")?;
    select.query_row([sha256.as_bytes()], |row| row.get(0)).optional()?.map(rows::number).transpose()
}

fn some_files(database: &Connection, after: i64) -> Result<Vec<(i64, StoredFile)>, Plain> {
    let mut select = database.prepare_cached(concat!(
        "SELECT f.id, p.name, ",
        file_columns!(),
        " FROM file f JOIN project p ON p.id = f.project WHERE f.id > ?1 AND f.state IN (?2, ?3) ORDER BY f.id LIMIT ?4"
    ))?;
    let most = i64::try_from(limits::CHECK_ROWS).unwrap_or(i64::MAX);
    let mut found = select.query(params![after, state::ACCEPTED, state::PUBLISHED, most])?;
    let mut files = Vec::new();
    while let Some(row) = found.next()? {
        let project = rows::project(&row.get::<_, String>(1)?)?;
        files.push((row.get(0)?, rows::file(row, 2, &project)?));
    }
    Ok(files)
}

/// Signed documents, each with what is wrong with it.
fn some_targets(database: &Connection, after: i64) -> Result<Vec<(i64, Option<Finding>)>, Plain> {
    let mut select = database.prepare_cached(
        "SELECT t.id, t.path, t.sha256, d.bytes FROM target t LEFT JOIN document d ON d.id = t.document \
         WHERE t.id > ?1 ORDER BY t.id LIMIT ?2",
    )?;
    let mut found = select.query([after, i64::try_from(limits::CHECK_ROWS).unwrap_or(i64::MAX)])?;
    let mut targets = Vec::new();
    while let Some(row) = found.next()? {
        let expected = Sha256::from_bytes(row.get(2)?);
        let bytes: Option<Vec<u8>> = row.get(3)?;
        let digest = bytes.map(|bytes| digest::digest(&digest::SHA256, &bytes));
        let finding = if digest.is_some_and(|digest| digest.as_ref() == expected.as_bytes()) {
            None
        } else {
            let path: String = row.get(1)?;
            let path = path.parse().map_err(|_| Plain::Content("a target's path is none"))?;
            Some(Finding::WrongTarget { path, expected })
        };
        targets.push((row.get(0)?, finding));
    }
    Ok(targets)
}
