//! What is about to be published, seen as a client sees it that has only the first root: every signature counted, every version
//! compared, every statement read.

use affineur_packaging::FileName;
use affineur_trust::curator::{AuditSearch, Criteria, CuratorFault, Delegate, People, Seen, Shelf, authors, count, objections};
use affineur_trust::{Document, FileFact, PartyName};
use affineur_tuf::{Edge, Error, Found, Lookup, Progress, ReferenceTime, Roots, Search, TargetPath, View};

use super::served::Metadata;
use super::shelves::{OwnedShelf, shelf_of};

/// What a client would say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A file that is listed is not there.
    #[error("{0} is not there")]
    Missing(String),
    /// It is not as it must be.
    #[error(transparent)]
    Tuf(#[from] Error),
    /// A statement is not as it must be.
    #[error("{path}: {fault}")]
    Statement {
        /// Where.
        path: String,
        /// What is wrong.
        fault: CuratorFault,
    },
    /// Something stands where nothing of a curator stands, or is not found from there.
    #[error("{0} is no place for a statement of that role")]
    Place(String),
}

/// A client without a local copy.
pub(super) struct Client<'a> {
    pub(super) metadata: &'a Metadata,
    /// What it calls this curator.
    pub(super) party: PartyName,
    pub(super) now: ReferenceTime,
}

impl Client<'_> {
    /// Goes from the first root to all roles.
    pub(super) fn view(&self) -> Result<View, Refusal> {
        let mut roots = Roots::start(self.fetch("1.root.json")?, self.now)?;
        while let Some(next) = roots.wanted().and_then(|wanted| self.metadata.get(&wanted.path)) {
            roots = roots.accept(next)?;
        }
        let snapshots = roots.finish()?.accept(self.fetch("timestamp.json")?)?;
        let wanted = snapshots.wanted();
        let targets = snapshots.accept(self.fetch(&wanted.path)?)?;
        let wanted = targets.wanted()?;
        let mut view = targets.accept(self.fetch(&wanted.path)?)?.0;
        let edges = view.live(self.now)?.delegations(None)?.collect::<Result<Vec<Edge>, _>>()?;
        for edge in edges {
            let wanted = view.wanted(&edge)?;
            view.accept(&edge, self.fetch(&wanted.path)?, self.now)?;
        }
        Ok(view)
    }

    fn fetch(&self, path: &str) -> Result<&[u8], Refusal> {
        self.metadata.get(path).map(Vec::as_slice).ok_or_else(|| Refusal::Missing(path.to_owned()))
    }

    /// Reads every statement.
    pub(super) fn reads(&self, view: &View, document: impl Fn(&str) -> Option<Vec<u8>>) -> Result<(), Refusal> {
        let live = view.live(self.now)?;
        let people = match find(view, &Shelf::People.path(), self.now)? {
            Some(found) => Some(self.people(&found, &document)?),
            None => None,
        };
        let mut paths: Vec<String> = live.targets().targets().map(|(path, _)| path.to_owned()).collect();
        for edge in live.delegations(None)? {
            let says = live.says(&edge?)?;
            paths.extend(says.iter().flat_map(|role| role.targets()).map(|(path, _)| path.to_owned()));
        }
        for path in paths {
            self.read(view, &path, people.as_ref(), &document)?;
        }
        Ok(())
    }

    fn people(&self, found: &Found, document: impl Fn(&str) -> Option<Vec<u8>>) -> Result<People, Refusal> {
        let bytes = document("people.json").ok_or_else(|| Refusal::Missing("people.json".to_owned()))?;
        People::read(Document { found, bytes: &bytes })
            .map_err(|fault| Refusal::Statement { path: "people.json".to_owned(), fault })
    }

    fn read(
        &self,
        view: &View,
        path: &str,
        people: Option<&People>,
        document: impl Fn(&str) -> Option<Vec<u8>>,
    ) -> Result<(), Refusal> {
        let misplaced = || Refusal::Place(path.to_owned());
        let shelf = shelf_of(path).ok_or_else(misplaced)?;
        let found = find(view, &path.parse(), self.now)?.ok_or_else(misplaced)?;
        let wrong = |fault| Refusal::Statement { path: path.to_owned(), fault };
        match (&shelf, people) {
            (OwnedShelf::People, _) => Ok(()),
            (OwnedShelf::Curators, _) => {
                let bytes = document(path).ok_or_else(|| Refusal::Missing(path.to_owned()))?;
                Delegate::read(Document { found: &found, bytes: &bytes }).map(drop).map_err(wrong)
            }
            (OwnedShelf::Authors(project), _) => authors(&found, project).map(drop).map_err(wrong),
            (OwnedShelf::Objections(_) | OwnedShelf::ObjectionsToAuthors, _) => {
                objections(&self.party, shelf.shelf(), &found).map(drop).map_err(wrong)
            }
            (OwnedShelf::Voted(_) | OwnedShelf::Audited(_), None) => Err(wrong(CuratorFault::NoPeople)),
            (OwnedShelf::Voted(file), Some(people)) => {
                count(people, &found, &fact(file, &found), &mut Seen::new(), self.now).map(drop).map_err(wrong)
            }
            (OwnedShelf::Audited(file), Some(people)) => {
                let search = AuditSearch::new(people, &fact(file, &found), Criteria::SafeToRun, self.now);
                let mut search = search.ok_or_else(misplaced)?;
                search.accept(Some(&found)).map(drop).map_err(wrong)
            }
        }
    }
}

/// The file that a target describes.
fn fact(file: &FileName, found: &Found) -> FileFact {
    let sha256 = found.target.hashes().digest("sha256").and_then(|digest| digest.parse().ok());
    FileFact { project: file.project().clone(), name: file.clone(), size: Some(found.target.length()), sha256 }
}

fn find<E>(view: &View, path: &Result<TargetPath, E>, now: ReferenceTime) -> Result<Option<Found>, Refusal> {
    let Ok(path) = path else { return Ok(None) };
    let mut search = Search::new(path.clone());
    match search.advance(&view.live(now)?)? {
        Progress::Ended(Lookup::Found(found)) => Ok(Some(found)),
        Progress::Ended(_) => Ok(None),
        // All roles are in the view.
        Progress::Needs(edge) => Err(Refusal::Missing(view.wanted(&edge)?.path)),
    }
}
