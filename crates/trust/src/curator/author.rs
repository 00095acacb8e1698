//! Trusted authors: a statement about a project once, and each release that the author signs is covered.

use std::sync::Arc;

use affineur_packaging::{ProjectName, Sha256};
use affineur_tuf::{Chain, Found};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Shelf;
use super::statements::{CuratorFault, said};
use crate::provenance::{PublisherName, Verified};
use crate::{FileFact, Level, Levels, Origin, Origins, ReferenceTime, Vouched, Worth, limits};

/// Whose signature is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// Who holds this key: the SHA-256 of the key itself.
    Key(Sha256),
    /// A publisher of PEP 740.
    Publisher(PublisherName),
}

/// An author whom a curator trusts for a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedAuthor {
    /// Who.
    pub author: Author,
    /// Until when.
    pub until: Timestamp,
    /// Through which roles the curator says so.
    pub chain: Arc<Chain>,
}

/// What a curator says of one author of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Entry", into = "Entry")]
pub struct AuthorStatement {
    /// Who is trusted.
    pub author: Author,
    /// Until when.
    pub until: Timestamp,
}

/// What stands at [`Shelf::Authors`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorStatements {
    /// Whom the curator trusts for the project.
    pub authors: Vec<AuthorStatement>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    publisher: Option<String>,
    until: Timestamp,
}

impl TryFrom<Entry> for AuthorStatement {
    type Error = &'static str;

    fn try_from(entry: Entry) -> Result<Self, Self::Error> {
        let author = match (entry.key, entry.publisher) {
            (Some(key), None) => Author::Key(key.parse().map_err(|_| "no digest of a key")?),
            (None, Some(publisher)) => Author::Publisher(publisher.parse().map_err(|_| "no publisher")?),
            _ => return Err("expected a key or a publisher"),
        };
        Ok(Self { author, until: entry.until })
    }
}

impl From<AuthorStatement> for Entry {
    fn from(AuthorStatement { author, until }: AuthorStatement) -> Self {
        match author {
            Author::Key(key) => Self { key: Some(key.to_string()), publisher: None, until },
            Author::Publisher(name) => Self { key: None, publisher: Some(name.to_string()), until },
        }
    }
}

/// Reads whom a curator trusts for a project.
///
/// # Errors
/// See [`CuratorFault`].
pub fn authors(found: &Found, project: &ProjectName) -> Result<Vec<TrustedAuthor>, CuratorFault> {
    const NAME: &str = "trusted authors";
    let AuthorStatements { authors } = said(Shelf::Authors(project), found, NAME)?;
    if authors.len() > limits::AUTHORS {
        return Err(CuratorFault::TooMany { shelf: NAME, most: limits::AUTHORS });
    }
    let chain = Arc::new(found.chain.clone());
    let trusted = |AuthorStatement { author, until }| TrustedAuthor { author, until, chain: Arc::clone(&chain) };
    Ok(authors.into_iter().map(trusted).collect())
}

/// Vouches for a file that a trusted author signed: keys by which the project's own role is signed, or attestations that were
/// verified for this very file. The statement that lasts longest counts.
#[must_use]
pub fn vouch_of_author(
    authors: &[TrustedAuthor],
    file: &Arc<FileFact>,
    keys: &[Sha256],
    attestations: &[Verified],
    now: ReferenceTime,
) -> Option<Vouched> {
    let origin = |author: &Author| match author {
        Author::Key(key) => keys.contains(key).then_some(Origin::Key(*key)),
        Author::Publisher(name) => {
            let signed = attestations.iter().map(Verified::publisher).find(|publisher| publisher.is(name))?;
            Some(Origin::Publisher { issuer: signed.issuer().to_owned(), identity: signed.origin() })
        }
    };
    let current = authors.iter().filter(|author| now < author.until);
    let signed = current.filter_map(|trusted| Some((trusted, origin(&trusted.author)?)));
    let (trusted, origin) = signed.max_by_key(|(trusted, _)| trusted.until)?;
    Some(Vouched {
        file: Arc::clone(file),
        worth: Worth::Curator(Levels::new(Level::TrustedAuthor, [])),
        origins: Origins::new(origin, []),
        chain: Arc::clone(&trusted.chain),
        pin: None,
        attested: None,
        until: Some(trusted.until),
    })
}
