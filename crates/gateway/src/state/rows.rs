//! Rows of the database as values, and the keys by which they are found.

use std::borrow::Cow;

use affineur_packaging::ProjectName;
use affineur_trust::PartyName;
use aws_lc_rs::digest;
use rusqlite::{Connection, OptionalExtension, Row};
use url::Url;

use super::error::Fault;

/// What is recorded of one file. Times are microseconds.
pub(super) struct Known {
    pub(super) sha256: Option<[u8; 32]>,
    pub(super) size: Option<u64>,
    pub(super) url: String,
    pub(super) listed: bool,
    pub(super) first_seen: i64,
    pub(super) absent_until: Option<i64>,
    pub(super) upload_time: Option<i64>,
    pub(super) last_modified_asked: bool,
    pub(super) last_modified: Option<i64>,
    /// Whether it is on the page that is being recorded; not stored.
    pub(super) on_page: bool,
}

/// Files with the columns that [`Known::read`] wants, followed by those of their page.
macro_rules! select_files {
    ($rest:literal) => {
        concat!(
            "SELECT file.name, sha256, size, file.url, listed, first_seen, absent_until, upload_time, last_modified_asked, ",
            "last_modified",
            $rest
        )
    };
}

impl Known {
    /// All files of a page, in the order of their names.
    pub(super) const ALL: &str = select_files!(" FROM file WHERE page = ?1 ORDER BY name");
    /// One file of a page.
    pub(super) const ONE: &str = select_files!(" FROM file WHERE page = ?1 AND name = ?2");

    /// All files of all pages, with source and project.
    pub(super) const EVERYWHERE: &str = select_files!(
        ", source.name, page.project FROM file JOIN page ON page.id = file.page JOIN source ON source.id = page.source"
    );

    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            sha256: row.get(1)?,
            size: row.get::<_, Option<i64>>(2)?.map(i64::cast_unsigned),
            url: row.get(3)?,
            listed: row.get(4)?,
            first_seen: row.get(5)?,
            absent_until: row.get(6)?,
            upload_time: row.get(7)?,
            last_modified_asked: row.get(8)?,
            last_modified: row.get(9)?,
            on_page: false,
        })
    }

    pub(super) fn insert(&self, database: &Connection, page: i64, name: &str) -> Result<(), Fault> {
        database
            .prepare_cached(
                "INSERT INTO file (page, name, sha256, size, url, url_key, listed, first_seen, absent_until, upload_time, \
                 last_modified_asked, last_modified) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute((
                page,
                name,
                self.sha256,
                self.size.map(u64::cast_signed),
                &self.url,
                url_key(&self.url),
                self.listed,
                self.first_seen,
                self.absent_until,
                self.upload_time,
                self.last_modified_asked,
                self.last_modified,
            ))?;
        Ok(())
    }
}

/// The row of a source, made where there is none.
pub(super) fn source_id(database: &Connection, name: &PartyName) -> Result<i64, Fault> {
    if let Some(id) = find_source(database, name)? {
        return Ok(id);
    }
    Ok(database.prepare_cached("INSERT INTO source (name) VALUES (?1)")?.insert([name.as_str()])?)
}

/// The row of a source.
pub(super) fn find_source(database: &Connection, name: &PartyName) -> Result<Option<i64>, Fault> {
    let mut select = database.prepare_cached("SELECT id FROM source WHERE name = ?1")?;
    Ok(select.query_row([name.as_str()], |row| row.get(0)).optional()?)
}

/// The row of a project's page, and its recorded time.
pub(super) fn find_page(database: &Connection, source: i64, project: &ProjectName) -> Result<Option<(i64, i64)>, Fault> {
    let mut select = database.prepare_cached("SELECT id, time FROM page WHERE source = ?1 AND project = ?2")?;
    Ok(select.query_row((source, project.as_str()), |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

/// A stored name of a source.
pub(super) fn party(text: &str) -> Result<PartyName, Fault> {
    text.parse().map_err(|_| Fault::Content("the name of a source cannot be read"))
}

/// A stored name of a project.
pub(super) fn project(text: &str) -> Result<ProjectName, Fault> {
    text.parse().map_err(|_| Fault::Content("the name of a project cannot be read"))
}

/// A stored name of a file.
pub(super) fn file_name(text: &str, project: &ProjectName) -> Result<affineur_packaging::FileName, Fault> {
    affineur_packaging::FileName::of_project(text, project).map_err(|_| Fault::Content("the name of a file cannot be read"))
}

/// The server that a URL is on: its host, and its port where that is not the scheme's own.
pub(crate) fn server(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// Whether a text is a server as [`server`] writes it.
pub(super) fn is_server(text: &str) -> bool {
    let of = |scheme: &str| Url::parse(&format!("{scheme}://{text}/")).ok().as_ref().and_then(server);
    of("https").as_deref() == Some(text) || of("http").as_deref() == Some(text)
}

/// A stored URL.
pub(super) fn url(text: &str) -> Result<Url, Fault> {
    text.parse().map_err(|_| Fault::Content("a URL cannot be read"))
}

/// A URL as it is stored: without credentials, which must not lie about, and without fragment.
pub(super) fn stored_url(url: &Url) -> Cow<'_, str> {
    if url.username().is_empty() && url.password().is_none() && url.fragment().is_none() {
        return Cow::Borrowed(url.as_str());
    }
    let mut bare = url.clone();
    bare.set_fragment(None);
    // These fail for URLs that cannot have credentials, and so have none.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    Cow::Owned(bare.into())
}

/// By what a URL is indexed: shorter than the URL. Rows with the same key are compared in full.
pub(super) fn url_key(url: &str) -> i64 {
    let digest = digest::digest(&digest::SHA256, url.as_bytes());
    digest.as_ref().first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes))
}
