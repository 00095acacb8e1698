//! Which source a project belongs to, which sources are known, and where a file URL was seen.

use affineur_packaging::{ProjectName, Sha256};
use affineur_trust::PartyName;
use rusqlite::{Connection, OptionalExtension};
use url::Url;

use super::contradiction::Time;
use super::error::{Fault, StateError};
use super::evidence::bump_revocation_epoch;
use super::rows::{Known, file_name, find_page, find_source, party, project, source_id, stored_url, url, url_key};
use super::types::{LearnedSource, Located, RememberedFile, RememberedPage};

/// The last verified page of a project.
pub(super) fn remembered_page(
    database: &Connection,
    source: &PartyName,
    project: &ProjectName,
) -> Result<Option<RememberedPage>, Fault> {
    let Some(source) = find_source(database, source)? else { return Ok(None) };
    let Some((page, time)) = find_page(database, source, project)? else { return Ok(None) };
    let mut select = database.prepare_cached(Known::ALL)?;
    let mut rows = select.query([page])?;
    let mut files = Vec::new();
    while let Some(row) = rows.next()? {
        let known = Known::read(row)?;
        if known.listed {
            files.push(RememberedFile {
                name: file_name(&row.get::<_, String>(0)?, project)?,
                url: url(&known.url)?,
                sha256: known.sha256.map(Sha256::from_bytes),
                size: known.size,
                pin: known.pin()?,
            });
        }
    }
    Ok(Some(RememberedPage { time: Time(time).timestamp()?, files }))
}

/// To which source a project is bound.
pub(super) fn binding(database: &Connection, project: &ProjectName) -> Result<Option<PartyName>, Fault> {
    let mut select = database
        .prepare_cached("SELECT source.name FROM binding JOIN source ON source.id = binding.source WHERE project = ?1")?;
    let name: Option<String> = select.query_row([project.as_str()], |row| row.get(0)).optional()?;
    name.as_deref().map(party).transpose()
}

/// Binds a project that is not bound yet; answers the binding that holds now.
pub(super) fn bind(database: &Connection, project: &ProjectName, source: &PartyName) -> Result<PartyName, Fault> {
    let source_id = source_id(database, source)?;
    database
        .prepare_cached("INSERT OR IGNORE INTO binding (project, source) VALUES (?1, ?2)")?
        .execute((project.as_str(), source_id))?;
    binding(database, project)?.ok_or(Fault::Content("a binding vanished"))
}

/// Binds a project to another source.
pub(super) fn move_project(database: &Connection, project: &ProjectName, source: &PartyName) -> Result<(), Fault> {
    if binding(database, project)?.as_ref() == Some(source) {
        return Ok(());
    }
    let source = source_id(database, source)?;
    database
        .prepare_cached("INSERT OR REPLACE INTO binding (project, source) VALUES (?1, ?2)")?
        .execute((project.as_str(), source))?;
    bump_revocation_epoch(database)
}

/// Which pages listed a file URL.
pub(super) fn locate(database: &Connection, file_url: &Url) -> Result<Vec<Located>, Fault> {
    let text = stored_url(file_url);
    let mut select = database.prepare_cached(
        "SELECT source.name, page.project, file.name, file.sha256 FROM file JOIN page ON page.id = file.page \
         JOIN source ON source.id = page.source WHERE url_key = ?1 AND file.url = ?2 ORDER BY 1, 2, 3",
    )?;
    let mut rows = select.query((url_key(&text), &text))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let project = project(&row.get::<_, String>(1)?)?;
        found.push(Located {
            source: party(&row.get::<_, String>(0)?)?,
            file: file_name(&row.get::<_, String>(2)?, &project)?,
            project,
            sha256: row.get::<_, Option<[u8; 32]>>(3)?.map(Sha256::from_bytes),
        });
    }
    Ok(found)
}

/// On which learned sources' pages a host was named as file host.
pub(super) fn sources_naming_host(database: &Connection, host: &str) -> Result<Vec<LearnedSource>, Fault> {
    let mut select = database.prepare_cached(
        "SELECT name, url FROM host JOIN source ON source.id = host.source WHERE host = ?1 AND url IS NOT NULL ORDER BY name",
    )?;
    read_sources(select.query([host])?)
}

/// All learned sources, by name.
pub(super) fn learned_sources(database: &Connection) -> Result<Vec<LearnedSource>, Fault> {
    let mut select = database.prepare_cached("SELECT name, url FROM source WHERE url IS NOT NULL ORDER BY name")?;
    read_sources(select.query([])?)
}

/// The projects of which a page was ever recorded, by name.
pub(super) fn projects(database: &Connection) -> Result<Vec<ProjectName>, Fault> {
    let mut select = database.prepare_cached("SELECT DISTINCT project FROM page ORDER BY project LIMIT ?1")?;
    let mut rows = select.query([i64::try_from(crate::limits::LISTED_PROJECTS).unwrap_or(i64::MAX)])?;
    let mut projects = Vec::new();
    while let Some(row) = rows.next()? {
        projects.push(project(&row.get::<_, String>(0)?)?);
    }
    Ok(projects)
}

fn read_sources(mut rows: rusqlite::Rows<'_>) -> Result<Vec<LearnedSource>, Fault> {
    let mut sources = Vec::new();
    while let Some(row) = rows.next()? {
        sources.push(LearnedSource { name: party(&row.get::<_, String>(0)?)?, url: url(&row.get::<_, String>(1)?)? });
    }
    Ok(sources)
}

/// Remembers under which URL a source is known.
pub(super) fn learn_source(database: &Connection, name: &PartyName, url: &Url) -> Result<(), Fault> {
    let id = source_id(database, name)?;
    let url = stored_url(url);
    database.prepare_cached("UPDATE source SET url = ?2 WHERE id = ?1 AND url IS NULL")?.execute((id, &url))?;
    let known: String = database.prepare_cached("SELECT url FROM source WHERE id = ?1")?.query_row([id], |row| row.get(0))?;
    if known == url { Ok(()) } else { Err(StateError::OtherUrl { name: name.clone() }.into()) }
}

/// Remembers that a policy is the user's.
pub(super) fn trust_policy(database: &Connection, digest: Sha256, path: &str) -> Result<(), Fault> {
    database
        .prepare_cached("INSERT OR REPLACE INTO trusted_policy (sha256, path) VALUES (?1, ?2)")?
        .execute((digest.as_bytes(), path))?;
    Ok(())
}

/// Whether a policy is the user's.
pub(super) fn policy_trusted(database: &Connection, digest: Sha256) -> Result<bool, Fault> {
    Ok(database.prepare_cached("SELECT 1 FROM trusted_policy WHERE sha256 = ?1")?.exists([digest.as_bytes()])?)
}
