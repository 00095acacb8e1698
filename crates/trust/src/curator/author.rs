//! Trusted authors: a statement about a project once, and each release that the author signs is covered.

use std::collections::BTreeMap;
use std::sync::Arc;

use affineur_packaging::{ProjectName, Sha256};
use affineur_tuf::{Chain, Found};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Shelf;
use super::statements::{CuratorFault, said};
use crate::provenance::{Publisher, Verified};
use crate::{Author, FileFact, Level, Origin, Origins, ReferenceTime, Vouched, Vouches, Worth, limits};

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

/// What an author signed with.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Signature<'a> {
    Key(&'a Sha256),
    Publisher(&'a Publisher),
}

impl Signature<'_> {
    fn origin(&self) -> Origin {
        match self {
            Self::Key(key) => Origin::Key(**key),
            Self::Publisher(publisher) => {
                Origin::publisher(publisher.name().clone(), publisher.issuer().to_owned(), publisher.origin())
            }
        }
    }
}

/// Vouches for a file that trusted authors signed: with keys by which the project's own role is signed, or attestations that were
/// verified for this very file. Each author is an alternative; of several statements about one, that which lasts longest counts.
#[must_use]
pub fn vouch_of_author(
    authors: &[TrustedAuthor],
    file: &Arc<FileFact>,
    keys: &[Sha256],
    attestations: &[Verified],
    now: ReferenceTime,
) -> Option<Vouches> {
    let publishers = || attestations.iter().map(Verified::publisher);
    let mut signed: BTreeMap<Signature<'_>, &TrustedAuthor> = BTreeMap::new();
    for trusted in authors.iter().filter(|author| now < author.until) {
        let by_key = keys.iter().filter(|key| trusted.author == Author::Key(**key)).map(Signature::Key);
        let is_trusted = |publisher: &&Publisher| matches!(&trusted.author, Author::Publisher(name) if publisher.is(name));
        for signature in by_key.chain(publishers().filter(is_trusted).map(Signature::Publisher)) {
            let longest = signed.entry(signature).or_insert(trusted);
            if trusted.until > longest.until {
                *longest = trusted;
            }
        }
    }
    let vouched = |(signature, trusted): (Signature<'_>, &TrustedAuthor)| Vouched {
        file: Arc::clone(file),
        worth: Worth::Curator(Level::TrustedAuthor),
        origins: Origins::new(signature.origin(), []),
        chain: Arc::clone(&trusted.chain),
        pin: None,
        attested: None,
        until: Some(trusted.until),
    };
    let mut vouched = signed.into_iter().map(vouched).take(limits::ALTERNATIVES);
    Some(Vouches::new(vouched.next()?, vouched))
}
