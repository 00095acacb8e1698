//! Tokens as rows.

use affineur_packaging::Sha256;
use jiff::{Timestamp, civil::Date};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::fault::{Fault, Plain};
use super::rows;
use crate::store::{NewToken, Scope, StoreError, Token, TokenError, TokenId};

const COLUMNS: &str = "SELECT id, name, project, created, expires, revoked, last_used, publisher FROM token";

pub(super) fn add(database: &Connection, token: &NewToken) -> Result<TokenId, Fault<TokenError>> {
    let project = match &token.scope {
        Scope::Index => None,
        Scope::Project(project) => Some(project.as_str()),
    };
    let mut insert = database.prepare_cached(
        "INSERT INTO token (sha256, name, project, created, expires, publisher) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
         ON CONFLICT DO NOTHING",
    )?;
    let expires = token.expires.map(Timestamp::as_microsecond);
    let publisher = token.publisher.as_ref().map(ToString::to_string);
    let values = params![token.sha256.as_bytes(), token.name, project, token.created.as_microsecond(), expires, publisher];
    match insert.execute(values)? {
        0 => Err(Fault::Refused(TokenError::SameSecret)),
        _ => Ok(TokenId::new(database.last_insert_rowid().unsigned_abs())),
    }
}

pub(super) fn all(database: &Connection) -> Result<Vec<Token>, Plain> {
    let mut select = database.prepare_cached(&format!("{COLUMNS} ORDER BY id"))?;
    let mut found = select.query([])?;
    let mut tokens = Vec::new();
    while let Some(row) = found.next()? {
        tokens.push(read(row)?);
    }
    Ok(tokens)
}

pub(super) fn by_hash(database: &Connection, sha256: Sha256) -> Result<Option<Token>, Plain> {
    let mut select = database.prepare_cached(&format!("{COLUMNS} WHERE sha256 = ?1"))?;
    let mut found = select.query([sha256.as_bytes()])?;
    found.next()?.map(read).transpose()
}

pub(super) fn revoke(database: &Connection, token: TokenId, now: Timestamp) -> Result<bool, Fault<StoreError>> {
    let mut revoke = database.prepare_cached("UPDATE token SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL")?;
    Ok(revoke.execute([rows::stored(token.number()), now.as_microsecond()])? > 0)
}

pub(super) fn used(database: &Connection, token: TokenId, day: Date) -> Result<(), Plain> {
    let mut set =
        database.prepare_cached("UPDATE token SET last_used = ?2 WHERE id = ?1 AND (last_used IS NULL OR last_used < ?2)")?;
    set.execute(params![rows::stored(token.number()), day.to_string()])?;
    Ok(())
}

/// Whether [`used`] would change anything.
pub(super) fn is_news(database: &Connection, token: TokenId, day: Date) -> Result<bool, Plain> {
    let mut select = database.prepare_cached("SELECT last_used FROM token WHERE id = ?1")?;
    let last: Option<Option<String>> = select.query_row([rows::stored(token.number())], |row| row.get(0)).optional()?;
    Ok(last.is_some_and(|last| last.is_none_or(|last| last < day.to_string())))
}

fn read(row: &Row<'_>) -> Result<Token, Plain> {
    let time = |column| row.get::<_, Option<i64>>(column)?.map(rows::time).transpose();
    let project: Option<String> = row.get(2)?;
    let day: Option<String> = row.get(6)?;
    let publisher: Option<String> = row.get(7)?;
    Ok(Token {
        id: TokenId::new(rows::number(row.get(0)?)?),
        name: row.get(1)?,
        scope: match project {
            Some(project) => Scope::Project(rows::project(&project)?),
            None => Scope::Index,
        },
        // One that cannot be read must not become one that is not asked for.
        publisher: publisher.map(|name| name.parse().map_err(|_| Plain::Content("a publisher is none"))).transpose()?,
        created: rows::time(row.get(3)?)?,
        expires: time(4)?,
        revoked: time(5)?,
        last_used: day.map(|day| day.parse().map_err(|_| Plain::Content("a day is none"))).transpose()?,
    })
}
