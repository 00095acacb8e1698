//! Places of statements, by their paths.

use affineur_packaging::{FileName, ProjectName};
use affineur_trust::curator::Shelf;

/// A [`Shelf`] that has its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OwnedShelf {
    People,
    Curators,
    Authors(ProjectName),
    Voted(FileName),
    Audited(FileName),
    Objections(ProjectName),
    ObjectionsToAuthors,
}

impl OwnedShelf {
    pub(super) fn shelf(&self) -> Shelf<'_> {
        match self {
            Self::People => Shelf::People,
            Self::Curators => Shelf::Curators,
            Self::Authors(project) => Shelf::Authors(project),
            Self::Voted(file) => Shelf::Voted(file),
            Self::Audited(file) => Shelf::Audited(file),
            Self::Objections(project) => Shelf::Objections(project),
            Self::ObjectionsToAuthors => Shelf::ObjectionsToAuthors,
        }
    }
}

/// The place that has this path; `None` if no place has it, in just this spelling.
pub(super) fn shelf_of(path: &str) -> Option<OwnedShelf> {
    let file = |place: &str| {
        let (project, name) = place.split_once('/')?;
        FileName::of_project(name, &project.parse().ok()?).ok()
    };
    let shelf = match path.split_once('/') {
        None if path == "people.json" => OwnedShelf::People,
        None if path == "curators.json" => OwnedShelf::Curators,
        Some(("authors", project)) => OwnedShelf::Authors(project.parse().ok()?),
        Some(("voted", place)) => OwnedShelf::Voted(file(place)?),
        Some(("audited", place)) => OwnedShelf::Audited(file(place)?),
        Some(("objections", "_authors")) => OwnedShelf::ObjectionsToAuthors,
        Some(("objections", project)) => OwnedShelf::Objections(project.parse().ok()?),
        _ => return None,
    };
    let path_of_it = shelf.shelf().path().ok()?;
    (path_of_it.as_str() == path).then_some(shelf)
}
