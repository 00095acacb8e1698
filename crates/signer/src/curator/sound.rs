//! What nobody should sign: drafts that say something else than a curator says, or pass on what none of its people signed.

use affineur_packaging::FileName;
use affineur_trust::curator::{
    Audit, AuthorStatements, Ballot, Delegate, ObjectionStatements, People, Shelf, SignedStatements, Vote,
};
use affineur_tuf::{DelegatedRole, Paths, Root, Statement, TargetFile, Targets};
use serde_json::Value;

use super::demand::reopen;
use super::edit::{is_place_of, list_of, path_of};
use super::shelves::{OwnedShelf, shelf_of};
use super::{Curator, CuratorError, CuratorRole};

impl Curator {
    /// Looks through the draft of a role before somebody signs it.
    pub(super) fn must_be_sound(&self, role: CuratorRole) -> Result<(), CuratorError> {
        self.must_follow(role)?;
        let Some(draft) = self.drafts.get(&role) else { return Ok(()) };
        let unsound = |problem: String| CuratorError::Unsound { role, problem };
        if role == CuratorRole::Root {
            let root = reopen::<Root>(role, draft)?;
            let consistent = root.body().consistent_snapshot();
            return if consistent { Ok(()) } else { Err(unsound("it has no consistent snapshots".to_owned())) };
        }
        let draft = reopen::<Targets>(role, draft)?;
        if role == CuratorRole::Targets {
            self.delegations_must_be_ours(draft.body()).map_err(unsound)?;
        } else if draft.body().delegations().is_some() {
            return Err(unsound("it delegates".to_owned()));
        }
        let people = match self.people() {
            Ok(people) => Some(people),
            Err(CuratorError::NotThere { .. }) => None,
            Err(error) => return Err(error),
        };
        for (path, target) in draft.body().targets() {
            let shelf = shelf_of(path).filter(|_| is_place_of(role, path));
            let shelf = shelf.ok_or_else(|| unsound(format!("{path:?} is no place of {role}")))?;
            self.must_read(&shelf, path, target, people.as_ref()).map_err(|problem| unsound(format!("{path}: {problem}")))?;
        }
        Ok(())
    }

    fn must_read(&self, shelf: &OwnedShelf, path: &str, target: &TargetFile, people: Option<&People>) -> Result<(), String> {
        let words = |error: CuratorError| error.to_string();
        match (shelf, people) {
            (OwnedShelf::People | OwnedShelf::Curators, _) => {
                let bytes = self.document_of(&path_of(shelf.shelf()).map_err(words)?, target).map_err(words)?;
                match shelf {
                    OwnedShelf::People => People::parse(&bytes).map(drop).map_err(|error| error.to_string()),
                    _ => Delegate::parse(&bytes).map(drop).map_err(|error| error.to_string()),
                }
            }
            (OwnedShelf::Authors(_), _) => list_of::<AuthorStatements>(path, target).map(drop).map_err(words),
            (OwnedShelf::Objections(_) | OwnedShelf::ObjectionsToAuthors, people) => {
                objections_are_ours(shelf.shelf(), &list_of(path, target).map_err(words)?, people)
            }
            (OwnedShelf::Voted(_) | OwnedShelf::Audited(_), None) => Err("there is no list of people".to_owned()),
            (OwnedShelf::Voted(file), Some(people)) => each(path, target, |statement| match people.ballot(statement) {
                Some((voter, ballot)) if !ballot_is_about(&ballot, people, file, target) => {
                    Err(format!("a ballot of {} is about something else", voter.name()))
                }
                Some(_) => Ok(()),
                None => Err("a ballot that no listed voter signed".to_owned()),
            }),
            (OwnedShelf::Audited(file), Some(people)) => each(path, target, |statement| match people.audit(statement) {
                Some((auditor, audit)) if !audit_is_about(&audit, file, target) => {
                    Err(format!("an audit by {} is about something else", auditor.name()))
                }
                Some(_) => Ok(()),
                None => Err("an audit that no listed auditor signed".to_owned()),
            }),
        }
    }

    /// Targets delegates to the roles of a curator, each for its own places, and objections has keys of its own.
    fn delegations_must_be_ours(&self, targets: &Targets) -> Result<(), String> {
        let delegations = targets.delegations().ok_or_else(|| "it delegates to nobody".to_owned())?;
        let roles: Vec<_> = delegations.roles().iter().map(|role| (role.name().to_string(), role.paths())).collect();
        let ours: Vec<_> = Shelf::patterns()
            .into_iter()
            .map(|(role, pattern)| (role.to_owned(), Paths::Patterns(vec![affineur_tuf::PathPattern::new(pattern)])))
            .collect();
        if roles != ours || delegations.succinct().is_some() {
            return Err("it does not delegate to the four roles of a curator as it should".to_owned());
        }
        match shared_with_objections(delegations.roles()) {
            Some((key, role)) => Err(format!("objections has a key of {role}: {key}")),
            None => Ok(()),
        }
    }
}

/// A key of objections that another role has too.
fn shared_with_objections(roles: &[DelegatedRole]) -> Option<(String, String)> {
    let objections = roles.iter().find(|role| role.name().as_str() == CuratorRole::Objections.as_str())?;
    let others = roles.iter().filter(|role| role.name() != objections.name());
    others
        .flat_map(|role| role.keyids().iter().map(move |id| (id, role)))
        .find_map(|(id, role)| objections.keyids().contains(id).then(|| (id.to_string(), role.name().to_string())))
}

fn each(path: &str, target: &TargetFile, check: impl Fn(&Statement) -> Result<(), String>) -> Result<(), String> {
    let SignedStatements { statements } = list_of(path, target).map_err(|error| error.to_string())?;
    statements.iter().try_for_each(|value| check(&parsed(value)?))
}

fn parsed(value: &Value) -> Result<Statement, String> {
    Statement::parse(value.to_string().as_bytes()).map_err(|fault| fault.to_string())
}

fn objections_are_ours(shelf: Shelf<'_>, list: &ObjectionStatements, people: Option<&People>) -> Result<(), String> {
    if list.objections.iter().any(|objection| objection.against(shelf).is_none()) {
        return Err("an objection that means nothing there".to_owned());
    }
    for value in &list.withdrawals {
        let statement = parsed(value)?;
        let ballot = people.and_then(|people| people.ballot(&statement));
        if ballot.is_none_or(|(_, ballot)| ballot.vote != Vote::Withdrawn) {
            return Err("a withdrawal that no listed voter signed".to_owned());
        }
    }
    Ok(())
}

/// Whether a ballot is about the file that a target describes, and for this curator.
pub(super) fn ballot_is_about(ballot: &Ballot, people: &People, file: &FileName, target: &TargetFile) -> bool {
    ballot.curator == people.curator().to_string()
        && ballot.project == file.project().as_str()
        && ballot.file == file.as_str()
        && target.hashes().digest("sha256") == Some(&ballot.sha256)
        && ballot.length == target.length()
}

/// Whether an audit is of the file that a target describes.
pub(super) fn audit_is_about(audit: &Audit, file: &FileName, target: &TargetFile) -> bool {
    audit.project == file.project().as_str()
        && audit.file == file.as_str()
        && target.hashes().digest("sha256") == Some(&audit.sha256)
}
