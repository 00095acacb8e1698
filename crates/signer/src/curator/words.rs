//! What a draft says otherwise than what is published, in words: everything, so that nobody signs what they did not read.

use std::collections::BTreeMap;

use affineur_packaging::text::printable;
use affineur_trust::curator::{AuthorStatements, ObjectionStatements, SignedStatements};
use affineur_tuf::{Role, Root, TargetFile, Targets};
use serde_json::Value;

use super::demand::reopen;
use super::edit::list_of;
use super::shelves::{OwnedShelf, shelf_of};
use super::{Curator, CuratorError, CuratorRole};
use crate::ceremony::differences;

/// Most characters of a text of others that are shown.
const TEXT: usize = 200;

impl Curator {
    /// What the draft of a role changes. Nothing where there is no draft.
    ///
    /// # Errors
    /// See [`CuratorError`].
    pub fn changes(&self, role: CuratorRole) -> Result<Vec<String>, CuratorError> {
        let Some(draft) = self.drafts.get(&role) else { return Ok(Vec::new()) };
        let Some(served) = self.served.role(role) else { return Ok(vec![format!("{role}: the first version")]) };
        if role == CuratorRole::Root {
            let (before, after) = (reopen::<Root>(role, served)?, reopen::<Root>(role, draft)?);
            let mut words = vec![renewed(role, before.body(), after.body())];
            let mut explained = before;
            explained.set_version(after.version()).set_expires(after.body().expires());
            words.extend(also(role, explained.body(), after.body()));
            return Ok(words);
        }
        let (before, after) = (reopen::<Targets>(role, served)?, reopen::<Targets>(role, draft)?);
        let mut words = vec![renewed(role, before.body(), after.body())];
        let of = |targets: &Targets| -> BTreeMap<String, TargetFile> {
            targets.targets().map(|(path, target)| (path.to_owned(), target.clone())).collect()
        };
        let (old, new) = (of(before.body()), of(after.body()));
        words.extend(old.keys().filter(|path| !new.contains_key(*path)).map(|path| format!("{role}: no longer {path}")));
        for (path, target) in new.iter().filter(|(path, target)| old.get(*path) != Some(*target)) {
            words.push(format!("{role}: {path}: {}", self.summary(path, target)));
        }
        let mut explained = before;
        explained.set_version(after.version()).set_expires(after.body().expires());
        for path in old.keys().chain(new.keys()) {
            let Ok(parsed) = path.parse() else { continue };
            explained.remove_target(&parsed);
            if let Some(target) = new.get(path) {
                explained.add_target(&parsed, target.clone());
            }
        }
        words.extend(also(role, explained.body(), after.body()));
        Ok(words)
    }

    /// What stands at a path, in a line.
    fn summary(&self, path: &str, target: &TargetFile) -> String {
        let unknown = "it cannot be read".to_owned();
        match shelf_of(path) {
            Some(OwnedShelf::Authors(_)) => list_of(path, target).map_or(unknown, |list| of_authors(&list)),
            Some(OwnedShelf::Voted(_) | OwnedShelf::Audited(_)) => {
                let digest = target.hashes().digest("sha256").unwrap_or("none").to_owned();
                let said = list_of(path, target).map_or(unknown, |list| self.of_statements(&list));
                format!("sha256 {digest}; {said}")
            }
            Some(OwnedShelf::Objections(_) | OwnedShelf::ObjectionsToAuthors) => {
                list_of(path, target).map_or(unknown, |list| of_objections(&list))
            }
            Some(OwnedShelf::People) => match self.roster() {
                Ok(people) => format!(
                    "{} of these voters: {}; auditors: {}",
                    people.votes,
                    people.voters.keys().cloned().collect::<Vec<_>>().join(", "),
                    people.auditors.keys().cloned().collect::<Vec<_>>().join(", ")
                ),
                Err(_) => unknown,
            },
            Some(OwnedShelf::Curators) => match self.delegates() {
                Ok(known) => {
                    known.iter().map(|one| format!("{} at {}", one.name, one.repository)).collect::<Vec<_>>().join(", ")
                }
                Err(_) => unknown,
            },
            None => "this is no place of a curator".to_owned(),
        }
    }

    fn of_statements(&self, list: &SignedStatements) -> String {
        let Ok(people) = self.people() else { return "there is no list of people".to_owned() };
        let one = |value: &Value| {
            let Ok(statement) = affineur_tuf::Statement::parse(value.to_string().as_bytes()) else {
                return "a statement that cannot be read".to_owned();
            };
            if let Some((voter, ballot)) = people.ballot(&statement) {
                return format!("{} {:?} until {}", voter.name(), ballot.vote, ballot.expires).to_lowercase();
            }
            match people.audit(&statement) {
                Some((auditor, audit)) => format!("{} audited it, until {}", auditor.name(), audit.expires),
                None => "a statement that nobody on the list signed".to_owned(),
            }
        };
        list.statements.iter().map(one).collect::<Vec<_>>().join("; ")
    }
}

fn of_authors(list: &AuthorStatements) -> String {
    let one = |statement: &affineur_trust::curator::AuthorStatement| match &statement.author {
        affineur_trust::Author::Key(key) => format!("the key {key} until {}", statement.until),
        affineur_trust::Author::Publisher(name) => {
            format!("{} until {}", printable(&name.to_string(), TEXT), statement.until)
        }
    };
    list.authors.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn of_objections(list: &ObjectionStatements) -> String {
    let one = |objection: &affineur_trust::curator::ObjectionStatement| {
        let against = serde_json::to_string(&objection.against).unwrap_or_default();
        format!("{} until {}: {}", printable(&against, TEXT), objection.expires, printable(&objection.reason, TEXT))
    };
    let objections = list.objections.iter().map(one);
    let withdrawals = (!list.withdrawals.is_empty()).then(|| format!("{} votes withdrawn", list.withdrawals.len()));
    objections.chain(withdrawals).collect::<Vec<_>>().join("; ")
}

fn renewed<R: Role>(role: CuratorRole, before: &R, after: &R) -> String {
    let (old, new) = (before.version(), after.version());
    format!("{role}: version {new} follows {old}; valid until {} instead of {}", after.expires(), before.expires())
}

fn also<B: serde::Serialize>(role: CuratorRole, expected: &B, found: &B) -> Vec<String> {
    differences(expected, found).into_iter().map(|difference| format!("{role}: ALSO: {difference}")).collect()
}
