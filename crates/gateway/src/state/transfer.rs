//! Between the database and the text form.

use affineur_packaging::Sha256;
use rusqlite::{Connection, ErrorCode, Row};

use super::contradiction::{Stored, Time};
use super::error::Fault;
use super::evidence::{mark_digest, revocation_epoch};
use super::rows::{Known, find_page, party, project, source_id, stored_url, url};
use super::text::{Binding, Evidence, File, Host, Hostile, Page, Record, Side, Source};

/// Everything in the database, except which policies the user trusts.
pub(super) fn export(database: &Connection) -> Result<Vec<Record>, Fault> {
    let mut records = vec![Record::RevocationEpoch(revocation_epoch(database)?)];
    let mut add = |sql: &str, read: fn(&Row<'_>) -> Result<Record, Fault>| -> Result<(), Fault> {
        let mut select = database.prepare(sql)?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            records.push(read(row)?);
        }
        Ok(())
    };
    add("SELECT name, url FROM source WHERE url IS NOT NULL", |row| {
        Ok(Record::Source(Source { name: party(&text(row, 0)?)?, url: url(&text(row, 1)?)? }))
    })?;
    add("SELECT source.name, project, time FROM page JOIN source ON source.id = page.source", |row| {
        Ok(Record::Page(Page { source: party(&text(row, 0)?)?, project: project(&text(row, 1)?)?, time: Time(row.get(2)?) }))
    })?;
    add("SELECT source.name, project FROM binding JOIN source ON source.id = binding.source", |row| {
        Ok(Record::Binding(Binding { source: party(&text(row, 0)?)?, project: project(&text(row, 1)?)? }))
    })?;
    add("SELECT source.name, host FROM host JOIN source ON source.id = host.source", |row| {
        Ok(Record::Host(Host { source: party(&text(row, 0)?)?, host: text(row, 1)? }))
    })?;
    add(Known::EVERYWHERE, file)?;
    add(
        "SELECT source.name, project, file, sha256, contradiction FROM hostile JOIN source ON source.id = hostile.source",
        hostile,
    )?;
    add(
        "SELECT source.name, project, file, time, evidence.id, contradiction, left, left_size, right, right_size FROM evidence \
         JOIN source ON source.id = evidence.source",
        evidence,
    )?;
    Ok(records)
}

fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    row.get(column)
}

fn file(row: &Row<'_>) -> Result<Record, Fault> {
    let known = Known::read(row)?;
    Ok(Record::File(Box::new(File {
        source: party(&text(row, 10)?)?,
        project: project(&text(row, 11)?)?,
        name: text(row, 0)?,
        sha256: known.sha256.map(Sha256::from_bytes),
        size: known.size,
        url: url(&known.url)?,
        first_seen: Time(known.first_seen),
        absent_until: known.absent_until.map(Time),
        upload_time: known.upload_time.map(Time),
        last_modified: known.last_modified_asked.then(|| known.last_modified.map(Time)),
        unlisted: !known.listed,
    })))
}

fn hostile(row: &Row<'_>) -> Result<Record, Fault> {
    Ok(Record::Hostile(Hostile {
        source: party(&text(row, 0)?)?,
        project: project(&text(row, 1)?)?,
        file: text(row, 2)?,
        sha256: mark_digest(row.get(3)?)?,
        contradiction: Stored::parse(&text(row, 4)?)?,
    }))
}

fn evidence(row: &Row<'_>) -> Result<Record, Fault> {
    let side = |column: usize| -> Result<Side, Fault> {
        Ok(Side::new(&row.get::<_, Vec<u8>>(column)?, row.get::<_, i64>(column + 1)?.cast_unsigned()))
    };
    Ok(Record::Evidence(Box::new(Evidence {
        source: party(&text(row, 0)?)?,
        project: project(&text(row, 1)?)?,
        file: row.get(2)?,
        time: Time(row.get(3)?),
        id: Sha256::from_bytes(row.get(4)?),
        contradiction: Stored::parse(&text(row, 5)?)?,
        left: side(6)?,
        right: side(8)?,
    })))
}

/// Fills an empty database. On an error: the line, and what is wrong with it.
pub(super) fn import(database: &Connection, records: &[(usize, Record)]) -> Result<(), (usize, Fault)> {
    let is_page = |record: &&(usize, Record)| matches!(record.1, Record::Page(_));
    // Files belong to pages, whose lines come later.
    let (pages, others): (Vec<_>, Vec<_>) = records.iter().partition(is_page);
    for (line, record) in pages.into_iter().chain(others) {
        insert(database, record).map_err(|fault| (*line, said_before(fault)))?;
    }
    Ok(())
}

fn said_before(fault: Fault) -> Fault {
    match fault {
        Fault::Sql(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Fault::Content("another line already says something else about the same")
        }
        fault => fault,
    }
}

fn insert(database: &Connection, record: &Record) -> Result<(), Fault> {
    match record {
        Record::RevocationEpoch(epoch) => {
            let epoch = i64::try_from(*epoch).map_err(|_| Fault::Content("the revocation epoch is too large"))?;
            let mut update = database.prepare_cached("UPDATE counter SET value = ?1 WHERE name = 'revocation_epoch'")?;
            update.execute([epoch])?;
        }
        Record::Source(source) => {
            let id = source_id(database, &source.name)?;
            let mut update = database.prepare_cached("UPDATE source SET url = ?2 WHERE id = ?1 AND url IS NULL")?;
            if update.execute((id, stored_url(&source.url)))? != 1 {
                return Err(Fault::Content("another line already says something else about the same"));
            }
        }
        Record::Page(page) => {
            let row = (source_id(database, &page.source)?, page.project.as_str(), page.time.0);
            database.prepare_cached("INSERT INTO page (source, project, time) VALUES (?1, ?2, ?3)")?.execute(row)?;
        }
        Record::Binding(binding) => {
            let row = (binding.project.as_str(), source_id(database, &binding.source)?);
            database.prepare_cached("INSERT INTO binding (project, source) VALUES (?1, ?2)")?.execute(row)?;
        }
        Record::Host(host) => {
            let row = (&host.host, source_id(database, &host.source)?);
            database.prepare_cached("INSERT INTO host (host, source) VALUES (?1, ?2)")?.execute(row)?;
        }
        Record::File(file) => insert_file(database, file)?,
        Record::Hostile(hostile) => insert_hostile(database, hostile)?,
        Record::Evidence(evidence) => insert_evidence(database, evidence)?,
    }
    Ok(())
}

fn insert_file(database: &Connection, file: &File) -> Result<(), Fault> {
    let source = source_id(database, &file.source)?;
    let page = find_page(database, source, &file.project)?;
    let (page, time) = page.ok_or(Fault::Content("there is no line for the page of this file"))?;
    if file.first_seen.0 > time {
        return Err(Fault::Content("first-seen is later than the last page of the project"));
    }
    let known = Known {
        sha256: file.sha256.map(|digest| *digest.as_bytes()),
        size: file.size,
        url: stored_url(&file.url).into_owned(),
        listed: !file.unlisted,
        first_seen: file.first_seen.0,
        absent_until: file.absent_until.map(|time| time.0),
        upload_time: file.upload_time.map(|time| time.0),
        last_modified_asked: file.last_modified.is_some(),
        last_modified: file.last_modified.flatten().map(|time| time.0),
        on_page: false,
    };
    known.insert(database, page, &file.name)
}

fn insert_hostile(database: &Connection, hostile: &Hostile) -> Result<(), Fault> {
    let digest: &[u8] = hostile.sha256.as_ref().map_or(&[], |digest| digest.as_bytes());
    let source = source_id(database, &hostile.source)?;
    database.prepare_cached("INSERT INTO hostile VALUES (?1, ?2, ?3, ?4, ?5)")?.execute((
        source,
        hostile.project.as_str(),
        &hostile.file,
        digest,
        hostile.contradiction.json()?,
    ))?;
    Ok(())
}

fn insert_evidence(database: &Connection, evidence: &Evidence) -> Result<(), Fault> {
    let unreadable = Fault::Content("a side of the evidence cannot be read");
    let Some((left, right)) = evidence.left.bytes().zip(evidence.right.bytes()) else { return Err(unreadable) };
    let source = source_id(database, &evidence.source)?;
    database.prepare_cached("INSERT INTO evidence VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?.execute((
        evidence.id.as_bytes(),
        evidence.time.0,
        source,
        evidence.project.as_str(),
        &evidence.file,
        evidence.contradiction.json()?,
        left.0,
        left.1.cast_signed(),
        right.0,
        right.1.cast_signed(),
    ))?;
    Ok(())
}
