//! What a curator objects to.

use affineur_packaging::VersionSpecifiers;
use affineur_tuf::Found;
use jiff::Timestamp;
use serde::Deserialize;

use super::Shelf;
use super::statements::{CuratorFault, said};
use crate::{Against, Author, Objection, PartyName, limits};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paper {
    objections: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    against: Target,
    reason: String,
    expires: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Target {
    File(String),
    Versions(String),
    Project,
    Key(String),
    Publisher(String),
}

/// Reads what stands at [`Shelf::Objections`] or [`Shelf::ObjectionsToAuthors`]. One that cannot be understood is an error for all:
/// it may be the one that matters.
///
/// # Errors
/// See [`CuratorFault`].
pub fn objections(party: &PartyName, shelf: Shelf<'_>, found: &Found) -> Result<Vec<Objection>, CuratorFault> {
    const NAME: &str = "objections";
    let Paper { objections } = said(shelf, found, NAME)?;
    if objections.len() > limits::OBJECTIONS {
        return Err(CuratorFault::TooMany { shelf: NAME, most: limits::OBJECTIONS });
    }
    let read = |entry: Entry| {
        let against = match (shelf, entry.against) {
            (Shelf::Objections(_), Target::File(sha256)) => Against::File(sha256.parse().ok()?),
            (Shelf::Objections(project), Target::Project) => Against::Project(project.clone()),
            (Shelf::Objections(project), Target::Versions(versions)) => {
                let versions: VersionSpecifiers = versions.parse().ok()?;
                Against::Versions { project: project.clone(), versions }
            }
            (Shelf::ObjectionsToAuthors, Target::Key(key)) => Against::Author(Author::Key(key.parse().ok()?)),
            (Shelf::ObjectionsToAuthors, Target::Publisher(name)) => Against::Author(Author::Publisher(name.parse().ok()?)),
            _ => return None,
        };
        let short = entry.reason.len() <= limits::LISTING_TEXT_BYTES;
        short.then(|| Objection { party: party.clone(), against, reason: entry.reason, expires: entry.expires })
    };
    objections.into_iter().map(read).collect::<Option<_>>().ok_or(CuratorFault::Form { shelf: NAME })
}
