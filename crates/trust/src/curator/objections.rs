//! What a curator objects to, and which ballots were withdrawn.

use affineur_packaging::VersionSpecifiers;
use affineur_tuf::{Found, Statement};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::statements::{CuratorFault, said, statements_of};
use super::{Ballot, People, Seen, Shelf, Vote};
use crate::{Against, Author, FileFact, Objection, PartyName, limits};

/// What stands at [`Shelf::Objections`] and [`Shelf::ObjectionsToAuthors`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectionStatements {
    /// What is objected to.
    pub objections: Vec<ObjectionStatement>,
    /// Ballots that withdraw a vote, as they were signed: whoever publishes ballots cannot hide them here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawals: Vec<Value>,
}

/// One objection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectionStatement {
    /// Against what.
    pub against: Objected,
    /// Why, at most [`limits::LISTING_TEXT_BYTES`].
    pub reason: String,
    /// When it ends.
    pub expires: Timestamp,
}

/// Against what an objection is, at its place: the first three at a project, the others at the authors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Objected {
    /// A file with this SHA-256.
    File(String),
    /// Versions of the project (PEP 440).
    Versions(String),
    /// All of the project.
    Project,
    /// What rests on the key with this SHA-256.
    Key(String),
    /// What rests on this publisher, as people write it.
    Publisher(String),
}

impl ObjectionStatement {
    /// Against what it is where it stands at this place; `None` where it means nothing there, or has too long a reason.
    #[must_use]
    pub fn against(&self, shelf: Shelf<'_>) -> Option<Against> {
        if self.reason.len() > limits::LISTING_TEXT_BYTES {
            return None;
        }
        Some(match (shelf, &self.against) {
            (Shelf::Objections(_), Objected::File(sha256)) => Against::File(sha256.parse().ok()?),
            (Shelf::Objections(project), Objected::Project) => Against::Project(project.clone()),
            (Shelf::Objections(project), Objected::Versions(versions)) => {
                let versions: VersionSpecifiers = versions.parse().ok()?;
                Against::Versions { project: project.clone(), versions }
            }
            (Shelf::ObjectionsToAuthors, Objected::Key(key)) => Against::Author(Author::Key(key.parse().ok()?)),
            (Shelf::ObjectionsToAuthors, Objected::Publisher(name)) => Against::Author(Author::Publisher(name.parse().ok()?)),
            _ => return None,
        })
    }
}

/// Reads what stands at [`Shelf::Objections`] or [`Shelf::ObjectionsToAuthors`]. One that cannot be understood is an error for all:
/// it may be the one that matters.
///
/// # Errors
/// See [`CuratorFault`].
pub fn objections(party: &PartyName, shelf: Shelf<'_>, found: &Found) -> Result<Vec<Objection>, CuratorFault> {
    let (objections, _) = read(shelf, found)?;
    let understood = |statement: ObjectionStatement| {
        let against = statement.against(shelf)?;
        Some(Objection { party: party.clone(), against, reason: statement.reason, expires: statement.expires })
    };
    objections.into_iter().map(understood).collect::<Option<_>>().ok_or(CuratorFault::Form { shelf: NAME })
}

/// Takes into account which votes for a file were withdrawn, from what was found at [`Shelf::Objections`]. No ballot of such a voter
/// counts but a newer one: whoever has the key of `voted` can leave a withdrawal out there, and not here. To be called before
/// [`count`](super::count), with what it remembers.
///
/// # Errors
/// See [`CuratorFault`].
pub fn withdrawn(people: &People, found: &Found, file: &FileFact, seen: &mut Seen) -> Result<(), CuratorFault> {
    let (_, statements) = read(Shelf::Objections(&file.project), found)?;
    for (voter, ballot) in statements.iter().filter_map(|statement| people.ballot(statement)) {
        if ballot.vote == Vote::Withdrawn && names(&ballot, people, file) {
            let floor = seen.entry(voter.name().to_owned()).or_default();
            *floor = (*floor).max(ballot.serial.saturating_add(1));
        }
    }
    Ok(())
}

const NAME: &str = "objections";

fn read(shelf: Shelf<'_>, found: &Found) -> Result<(Vec<ObjectionStatement>, Vec<Statement>), CuratorFault> {
    let ObjectionStatements { objections, withdrawals } = said(shelf, found, NAME)?;
    if objections.len() > limits::OBJECTIONS {
        return Err(CuratorFault::TooMany { shelf: NAME, most: limits::OBJECTIONS });
    }
    Ok((objections, statements_of(&withdrawals, NAME)?))
}

/// Whether a ballot is about this very file, and for this curator.
fn names(ballot: &Ballot, people: &People, file: &FileFact) -> bool {
    ballot.curator == people.curator().to_string()
        && ballot.project == file.project.as_str()
        && ballot.file == file.name.as_str()
        && file.sha256.is_some_and(|sha256| ballot.sha256 == sha256.to_string())
}
