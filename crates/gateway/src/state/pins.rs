//! What is recorded of files at first sight, and what contradicts it later (DESIGN §4.5, §4.6).
//!
//! Must never change a pin once there is one, nor make a file older than it was.

use std::collections::{HashMap, HashSet};

use affineur_packaging::{FileName, Sha256};
use affineur_trust::{Contradiction, LastModified, PartyName, Pin};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::json;
use url::Url;

use super::contradiction::Time;
use super::error::{Fault, StateError};
use super::evidence::{self, Marks};
use super::exact::Kept;
use super::rows::{Known, find_page, server, source_id, stored_url, url_key};
use super::types::{Observed, PageSeen, SeenFile};
use super::writer::Desk;

/// Records a verified page and answers what is remembered of each of its files.
pub(super) fn observe_page(desk: &mut Desk, seen: &PageSeen) -> Result<Vec<Observed>, Fault> {
    let database = &desk.connection;
    let source = source_id(database, &seen.source)?;
    let page = find_page(database, source, &seen.project)?;
    let now = seen.now.as_microsecond();
    let last = page.map(|(id, recorded)| desk.exact.latest(id, recorded));
    let id = match page {
        Some((id, _)) => id,
        None => insert_page(database, source, seen, now)?,
    };
    let mut visit = Visit {
        database,
        seen,
        source,
        page: id,
        // This page came after the last one, whatever the machine's clock says.
        first_seen: last.map_or(now, |last| last.max(now)),
        absent_until: last,
        known: known_files(database, id)?,
        marks: evidence::marks(database, source, &seen.project)?,
        hosts: HashSet::new(),
        changed: page.is_none(),
    };
    let observed = seen.files.iter().map(|file| visit.file(file)).collect::<Result<_, _>>()?;
    if last.is_none_or(|last| now >= last) {
        visit.unlist_the_rest()?;
    }
    let (time, changed) = (visit.first_seen, visit.changed);
    if let Some((id, recorded)) = page
        && time > recorded
        && (changed || desk.exact.keep(id, recorded, time) == Kept::MustBeWritten)
    {
        desk.connection.prepare_cached("UPDATE page SET time = ?2 WHERE id = ?1")?.execute((id, time))?;
    }
    Ok(observed)
}

fn insert_page(database: &Connection, source: i64, seen: &PageSeen, now: i64) -> Result<i64, Fault> {
    let mut insert = database.prepare_cached("INSERT INTO page (source, project, time) VALUES (?1, ?2, ?3)")?;
    Ok(insert.insert((source, seen.project.as_str(), now))?)
}

fn known_files(database: &Connection, page: i64) -> Result<HashMap<String, Known>, Fault> {
    let mut select = database.prepare_cached(Known::ALL)?;
    let rows = select.query_map([page], |row: &Row<'_>| Ok((row.get(0)?, Known::read(row)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// One page on its way into the database.
struct Visit<'a> {
    database: &'a Connection,
    seen: &'a PageSeen,
    source: i64,
    page: i64,
    first_seen: i64,
    absent_until: Option<i64>,
    known: HashMap<String, Known>,
    marks: Marks,
    hosts: HashSet<String>,
    changed: bool,
}

impl Visit<'_> {
    fn file(&mut self, file: &SeenFile) -> Result<Observed, Fault> {
        if *file.name.project() != self.seen.project {
            return Err(StateError::OtherProject { project: self.seen.project.clone(), name: file.name.clone() }.into());
        }
        let known = match self.known.remove(file.name.as_str()) {
            None => self.first_sight(file)?,
            Some(known) => self.seen_again(file, known)?,
        };
        let contradiction = self.contradiction(file, &known)?;
        let observed = known.observed(&file.name, contradiction)?;
        self.known.insert(file.name.as_str().to_owned(), known);
        Ok(observed)
    }

    fn first_sight(&mut self, file: &SeenFile) -> Result<Known, Fault> {
        let known = Known {
            sha256: file.sha256.map(|digest| *digest.as_bytes()),
            size: file.size,
            url: stored_url(&file.url).into_owned(),
            listed: true,
            first_seen: self.first_seen,
            absent_until: self.absent_until,
            upload_time: file.upload_time.map(Timestamp::as_microsecond),
            last_modified_asked: false,
            last_modified: None,
            on_page: true,
        };
        known.insert(self.database, self.page, file.name.as_str())?;
        self.name_host(&file.url)?;
        self.changed = true;
        Ok(known)
    }

    /// What may change: where the bytes are, that it is listed again, and a digest where there was none.
    fn seen_again(&mut self, file: &SeenFile, mut known: Known) -> Result<Known, Fault> {
        known.on_page = true;
        let url = stored_url(&file.url);
        let digest = known.sha256.or_else(|| file.sha256.map(|digest| *digest.as_bytes()));
        if known.url == url && known.listed && known.sha256 == digest {
            return Ok(known);
        }
        if known.url != url {
            known.url = url.into_owned();
            self.name_host(&file.url)?;
        }
        known.listed = true;
        if known.sha256 != digest {
            known.pin_late(digest, self.first_seen, self.absent_until);
        }
        self.changed = true;
        self.database
            .prepare_cached(
                "UPDATE file SET sha256 = ?3, url = ?4, url_key = ?5, listed = 1, first_seen = ?6, absent_until = ?7 \
                 WHERE page = ?1 AND name = ?2",
            )?
            .execute((
                self.page,
                file.name.as_str(),
                known.sha256,
                &known.url,
                url_key(&known.url),
                known.first_seen,
                known.absent_until,
            ))?;
        Ok(known)
    }

    fn contradiction(&mut self, file: &SeenFile, known: &Known) -> Result<Option<Contradiction>, Fault> {
        let pinned = known.sha256.map(Sha256::from_bytes);
        let Some((pinned, got)) = pinned.zip(file.sha256).filter(|(pinned, got)| pinned != got) else {
            return self.marks.of(&file.name, pinned);
        };
        let contradiction = Contradiction::Digest { pinned, got: Some(got), since: Time(known.first_seen).timestamp()? };
        let right = json!({
            "url": stored_url(&file.url),
            "sha256": got,
            "size": file.size,
            "upload-time": file.upload_time,
        });
        let about = evidence::About {
            source: (self.source, &self.seen.source),
            project: &self.seen.project,
            file: Some(&file.name),
            contradiction: &contradiction,
        };
        evidence::keep_once(self.database, &about, self.seen.now, &known.json()?, &right)?;
        Ok(Some(contradiction))
    }

    /// Files that the page does not list any more are not part of the last page; what was recorded of them stays.
    fn unlist_the_rest(&mut self) -> Result<(), Fault> {
        let mut update = self.database.prepare_cached("UPDATE file SET listed = 0 WHERE page = ?1 AND name = ?2")?;
        for (name, _) in self.known.iter().filter(|(_, known)| known.listed && !known.on_page) {
            update.execute((self.page, name))?;
            self.changed = true;
        }
        Ok(())
    }

    fn name_host(&mut self, url: &Url) -> Result<(), Fault> {
        let Some(host) = server(url) else { return Ok(()) };
        if !self.hosts.contains(&host) {
            let mut insert = self.database.prepare_cached("INSERT OR IGNORE INTO host (host, source) VALUES (?1, ?2)")?;
            insert.execute((&host, self.source))?;
            self.hosts.insert(host);
        }
        Ok(())
    }
}

/// Pins the digest of a file for which the page says none, or finds that it is another one.
pub(super) fn record_digest(
    desk: &mut Desk,
    source: &PartyName,
    name: &FileName,
    digest: Sha256,
    now: Timestamp,
) -> Result<Observed, Fault> {
    let database = &desk.connection;
    let (source_id, (page, time), mut known) = recorded(database, source, name)?;
    if known.sha256.is_none() {
        let last = desk.exact.latest(page, time);
        if last > known.first_seen {
            known.pin_late(Some(*digest.as_bytes()), last.max(now.as_microsecond()), Some(last));
        }
        known.sha256 = Some(*digest.as_bytes());
        database
            .prepare_cached(
                "UPDATE file SET sha256 = ?3, first_seen = ?4, absent_until = ?5 WHERE page = ?1 AND name = ?2 AND sha256 IS NULL",
            )?
            .execute((page, name.as_str(), known.sha256, known.first_seen, known.absent_until))?;
    }
    let pinned = known.sha256.map_or(digest, Sha256::from_bytes);
    if pinned == digest {
        let mark = evidence::marks(database, source_id, name.project())?.of(name, Some(pinned))?;
        return known.observed(name, mark);
    }
    let contradiction = Contradiction::Digest { pinned, got: Some(digest), since: Time(known.first_seen).timestamp()? };
    let about = evidence::About {
        source: (source_id, source),
        project: name.project(),
        file: Some(name),
        contradiction: &contradiction,
    };
    evidence::keep_once(database, &about, now, &known.json()?, &json!({ "sha256": digest }))?;
    known.observed(name, Some(contradiction))
}

/// Records what `Last-Modified` said when it was first asked for.
pub(super) fn record_last_modified(
    desk: &mut Desk,
    source: &PartyName,
    dates: &[(FileName, Option<Sha256>, Option<Timestamp>)],
) -> Result<(), Fault> {
    let database = &desk.connection;
    for (name, digest, date) in dates {
        let (_, (page, _), known) = recorded(database, source, name)?;
        // The date of other bytes than the pinned ones says nothing about these.
        let other = known.sha256.zip(*digest).is_some_and(|(pinned, digest)| pinned != *digest.as_bytes());
        if known.last_modified_asked || other {
            continue;
        }
        database
            .prepare_cached("UPDATE file SET last_modified_asked = 1, last_modified = ?3 WHERE page = ?1 AND name = ?2")?
            .execute((page, name.as_str(), date.map(Timestamp::as_microsecond)))?;
    }
    Ok(())
}

/// The source, the page with its time, and the file.
fn recorded(database: &Connection, source: &PartyName, name: &FileName) -> Result<(i64, (i64, i64), Known), Fault> {
    let unknown = || StateError::UnknownFile { source_name: source.clone(), name: name.clone() };
    let source_id = source_id(database, source)?;
    let page = find_page(database, source_id, name.project())?.ok_or_else(unknown)?;
    let mut select = database.prepare_cached(Known::ONE)?;
    let known = select.query_row((page.0, name.as_str()), Known::read).optional()?.ok_or_else(unknown)?;
    Ok((source_id, page, known))
}

impl Known {
    /// Pins a digest that was not known at first sight. A file that came after the project's first page is as old as these bytes
    /// are known to be (DESIGN §4.5: first seen *with this digest*): nobody saw before what would be in it.
    fn pin_late(&mut self, sha256: Option<[u8; 32]>, seen: i64, absent_until: Option<i64>) {
        self.sha256 = sha256;
        if self.absent_until.is_some() {
            self.first_seen = self.first_seen.max(seen);
            self.absent_until = self.absent_until.max(absent_until);
        }
    }

    /// As it is told.
    pub(super) fn pin(&self) -> Result<Pin, Fault> {
        let time = |time: i64| Time(time).timestamp();
        Ok(Pin {
            first_seen: time(self.first_seen)?,
            absent_until: self.absent_until.map(time).transpose()?,
            upload_time: self.upload_time.map(time).transpose()?,
            last_modified: match self.last_modified {
                Some(date) => LastModified::At(time(date)?),
                None if self.last_modified_asked => LastModified::Unknown,
                None => LastModified::NotAsked,
            },
        })
    }

    fn observed(&self, name: &FileName, contradiction: Option<Contradiction>) -> Result<Observed, Fault> {
        let pinned_sha256 = self.sha256.map(Sha256::from_bytes);
        Ok(Observed { name: name.clone(), pin: self.pin()?, pinned_sha256, contradiction })
    }

    /// As one side of a piece of evidence.
    fn json(&self) -> Result<serde_json::Value, Fault> {
        let pin = self.pin()?;
        Ok(json!({
            "url": self.url,
            "sha256": self.sha256.map(Sha256::from_bytes),
            "size": self.size,
            "upload-time": pin.upload_time,
            "first-seen": pin.first_seen,
        }))
    }
}
