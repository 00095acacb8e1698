//! Who votes and who audits.

use affineur_trust::curator::{ObjectionStatements, People, Roster, Shelf, SignedStatements};
use affineur_tuf::edit::NamedKey;
use affineur_tuf::{Statement, TargetFile, TargetPath};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::num::NonZeroU16;

use super::edit::{described, list_of, put_list};
use super::{Curator, CuratorError, CuratorRole};

/// What somebody does for a curator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Votes.
    Voter,
    /// Audits.
    Auditor,
}

impl Kind {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Voter => "voter",
            Self::Auditor => "auditor",
        }
    }

    fn role(self) -> CuratorRole {
        match self {
            Self::Voter => CuratorRole::Voted,
            Self::Auditor => CuratorRole::Audited,
        }
    }

    fn of(self, roster: &mut Roster) -> &mut BTreeMap<String, BTreeMap<affineur_tuf::key::KeyId, affineur_tuf::key::Key>> {
        match self {
            Self::Voter => &mut roster.voters,
            Self::Auditor => &mut roster.auditors,
        }
    }
}

impl Curator {
    /// The people, as they will be.
    ///
    /// # Errors
    /// See [`CuratorError`].
    pub fn roster(&self) -> Result<Roster, CuratorError> {
        let absent = || CuratorError::NotThere { what: "people.json".to_owned() };
        Ok(Roster::parse(&self.document(Shelf::People)?.ok_or_else(absent)?)?)
    }

    /// The same, to ask who signed what.
    ///
    /// # Errors
    /// See [`CuratorError`].
    pub fn people(&self) -> Result<People, CuratorError> {
        Ok(People::parse(&self.roster()?.to_bytes())?)
    }

    /// Lets somebody vote or audit, with these keys in place of those that they had.
    ///
    /// # Errors
    /// See [`CuratorError`].
    pub fn add_person(&mut self, kind: Kind, name: &str, keys: &[NamedKey], now: Timestamp) -> Result<(), CuratorError> {
        let mut roster = self.roster()?;
        kind.of(&mut roster).insert(name.to_owned(), keys.iter().cloned().collect());
        self.set_roster(&roster, now)
    }

    /// Lets somebody no longer. What they signed goes too.
    ///
    /// # Errors
    /// [`CuratorError::NotThere`], and see [`CuratorError`].
    pub fn remove_person(&mut self, kind: Kind, name: &str, now: Timestamp) -> Result<(), CuratorError> {
        let mut roster = self.roster()?;
        let absent = || CuratorError::NotThere { what: format!("{} {name:?}", kind.as_str()) };
        kind.of(&mut roster).remove(name).ok_or_else(absent)?;
        self.set_roster(&roster, now)
    }

    /// How many voters must be for a file.
    ///
    /// # Errors
    /// See [`CuratorError`].
    pub fn set_votes(&mut self, votes: NonZeroU16, now: Timestamp) -> Result<(), CuratorError> {
        self.set_roster(&Roster { votes, ..self.roster()? }, now)
    }

    fn set_roster(&mut self, roster: &Roster, now: Timestamp) -> Result<(), CuratorError> {
        self.set_document(Shelf::People, &roster.to_bytes(), now)?;
        for kind in [Kind::Voter, Kind::Auditor] {
            self.drop_foreign_statements(kind, now)?;
        }
        self.drop_foreign_withdrawals(now)
    }

    /// The same for votes that were withdrawn.
    fn drop_foreign_withdrawals(&mut self, now: Timestamp) -> Result<(), CuratorError> {
        let people = self.people()?;
        let next = self.next(CuratorRole::Objections)?;
        let mut changed = Vec::new();
        for (path, target) in next.body().targets() {
            let mut list: ObjectionStatements = list_of(path, target)?;
            let before = list.withdrawals.len();
            list.withdrawals.retain(|value| {
                Statement::parse(value.to_string().as_bytes()).is_ok_and(|statement| people.ballot(&statement).is_some())
            });
            if list.withdrawals.len() < before {
                changed.push((parsed(path)?, list));
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        self.edit(CuratorRole::Objections, now, |draft| {
            changed.iter().try_for_each(|(path, list)| put_list(draft, path, TargetFile::of(b""), list))
        })
    }

    /// Takes out what nobody signed who is listed: it would count for nothing, and whoever signs the role should not have to wonder.
    fn drop_foreign_statements(&mut self, kind: Kind, now: Timestamp) -> Result<(), CuratorError> {
        let people = self.people()?;
        let is_ours = |statement: &Value| match (Statement::parse(statement.to_string().as_bytes()), kind) {
            (Ok(statement), Kind::Voter) => people.ballot(&statement).is_some(),
            (Ok(statement), Kind::Auditor) => people.audit(&statement).is_some(),
            (Err(_), _) => false,
        };
        let next = self.next(kind.role())?;
        let mut changed = Vec::new();
        for (path, target) in next.body().targets() {
            let mut list: SignedStatements = list_of(path, target)?;
            let before = list.statements.len();
            list.statements.retain(is_ours);
            if list.statements.len() < before {
                changed.push((parsed(path)?, same_file(target), list));
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        self.edit(kind.role(), now, |draft| {
            changed.iter().try_for_each(|(path, target, list)| put_list(draft, path, target.clone(), list))
        })
    }
}

fn parsed(path: &str) -> Result<TargetPath, CuratorError> {
    path.parse().map_err(|_| CuratorError::Statement { problem: format!("{path} is no path") })
}

/// A target with the same length and digest, that says nothing.
fn same_file(target: &TargetFile) -> TargetFile {
    described(target.length(), target.hashes().digest("sha256").unwrap_or_default())
}
