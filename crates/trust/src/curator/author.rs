//! Trusted authors: a statement about a project once, and each release that the author signs is covered.

use std::collections::BTreeMap;
use std::sync::Arc;

use affineur_packaging::{ProjectName, Sha256};
use affineur_tuf::{Chain, Found};
use jiff::Timestamp;
use serde::Deserialize;

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paper {
    authors: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    publisher: Option<String>,
    until: Timestamp,
}

/// Reads whom a curator trusts for a project.
///
/// # Errors
/// See [`CuratorFault`].
pub fn authors(found: &Found, project: &ProjectName) -> Result<Vec<TrustedAuthor>, CuratorFault> {
    const NAME: &str = "trusted authors";
    let Paper { authors } = said(Shelf::Authors(project), found, NAME)?;
    if authors.len() > limits::AUTHORS {
        return Err(CuratorFault::TooMany { shelf: NAME, most: limits::AUTHORS });
    }
    let chain = Arc::new(found.chain.clone());
    let read = |entry: Entry| {
        let author = match (entry.key, entry.publisher) {
            (Some(key), None) => Author::Key(key.parse().ok()?),
            (None, Some(publisher)) => Author::Publisher(publisher.parse().ok()?),
            _ => return None,
        };
        Some(TrustedAuthor { author, until: entry.until, chain: Arc::clone(&chain) })
    };
    authors.into_iter().map(read).collect::<Option<_>>().ok_or(CuratorFault::Form { shelf: NAME })
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
