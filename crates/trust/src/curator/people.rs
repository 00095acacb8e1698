//! A curator's people: who votes and who audits. Signed offline, by the top-level targets role.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use affineur_packaging::Sha256;
use affineur_tuf::Statement;
use affineur_tuf::key::{Key, KeyId, PublicKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::statements::{CuratorFault, signed_bytes};
use super::{Audit, Ballot, Shelf};
use crate::origin::sha256;
use crate::{Document, Origin, limits};

/// Who a curator is: made at random once. Ballots name it, so that one that was cast here counts nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CuratorId([u8; 32]);

/// No identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a curator's identity has 64 hexadecimal digits")]
pub struct ParseCuratorIdError;

/// Somebody who votes or audits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    name: String,
    keys: Vec<(KeyId, PublicKey)>,
}

/// A curator's people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    curator: CuratorId,
    voters: Vec<Person>,
    votes: NonZeroU16,
    auditors: Vec<Person>,
}

/// A list of people that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeopleError {
    /// It is not of the form that it must have.
    #[error("it is not of the form that it must have")]
    Form,
    /// The bytes are not the ones that are signed.
    #[error("the bytes that came are not the signed ones")]
    Differs,
    /// There are more of them than any curator has.
    #[error("it has more than {} people", limits::PEOPLE)]
    TooMany,
    /// A name twice, or one that cannot be shown.
    #[error("a name in it stands twice, or cannot be shown")]
    Name,
    /// A person without a usable key, or with too many.
    #[error("a person has no key, more than {}, or one that cannot be used", limits::PERSON_KEYS)]
    Keys,
    /// One key for two people: who has it would count twice.
    #[error("two people have one key")]
    SharedKey,
    /// More votes are needed than there are voters.
    #[error("more votes are needed than there are voters")]
    Unreachable,
}

/// The list as it is written down, to be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    /// Whose people they are: a [`CuratorId`].
    pub curator: String,
    /// How many voters must vote for a file.
    pub votes: NonZeroU16,
    /// Who votes, and with which keys.
    pub voters: BTreeMap<String, BTreeMap<KeyId, Key>>,
    /// Who audits.
    pub auditors: BTreeMap<String, BTreeMap<KeyId, Key>>,
}

impl Roster {
    /// Reads a list. What it means, and whether it can be used, is said by [`People::parse`].
    ///
    /// # Errors
    /// [`PeopleError::Form`].
    pub fn parse(bytes: &[u8]) -> Result<Self, PeopleError> {
        affineur_tuf::json::canonical(bytes).map_err(|_| PeopleError::Form)?;
        serde_json::from_slice(bytes).map_err(|_| PeopleError::Form)
    }

    /// The bytes that are signed: the same list always has the same ones.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings, numbers and maps always can be printed.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl People {
    /// Reads the list that was found at [`Shelf::People`].
    ///
    /// # Errors
    /// See [`CuratorFault`].
    pub fn read(document: Document<'_>) -> Result<Self, CuratorFault> {
        let bytes = signed_bytes(Shelf::People, document)?.ok_or(PeopleError::Differs)?;
        Ok(Self::parse(bytes)?)
    }

    /// Reads a list, wherever it comes from: for those who write one.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, PeopleError> {
        let paper = Roster::parse(bytes)?;
        let curator = paper.curator.parse().map_err(|_| PeopleError::Form)?;
        if paper.voters.len() + paper.auditors.len() > limits::PEOPLE {
            return Err(PeopleError::TooMany);
        }
        if !paper.voters.is_empty() && usize::from(paper.votes.get()) > paper.voters.len() {
            return Err(PeopleError::Unreachable);
        }
        Ok(Self { curator, votes: paper.votes, voters: persons(paper.voters)?, auditors: persons(paper.auditors)? })
    }

    /// The bytes that are signed: the same list always has the same ones.
    #[must_use]
    pub fn to_bytes(
        curator: CuratorId,
        votes: NonZeroU16,
        voters: BTreeMap<String, BTreeMap<KeyId, Key>>,
        auditors: BTreeMap<String, BTreeMap<KeyId, Key>>,
    ) -> Vec<u8> {
        Roster { curator: curator.to_string(), votes, voters, auditors }.to_bytes()
    }

    /// Whose ballot it is, and what it says; `None` if no voter signed it, or it is no ballot.
    #[must_use]
    pub fn ballot(&self, statement: &Statement) -> Option<(&Person, Ballot)> {
        whose(&self.voters, statement)
    }

    /// Whose audit it is, and what it says; `None` if no auditor signed it, or it is no audit.
    #[must_use]
    pub fn audit(&self, statement: &Statement) -> Option<(&Person, Audit)> {
        whose(&self.auditors, statement)
    }

    /// Whose people they are.
    #[must_use]
    pub const fn curator(&self) -> CuratorId {
        self.curator
    }

    /// Who votes, by name.
    #[must_use]
    pub fn voters(&self) -> &[Person] {
        &self.voters
    }

    /// How many of them must vote for a file: all of a committee, some of it, or "at least so many users".
    #[must_use]
    pub const fn votes(&self) -> NonZeroU16 {
        self.votes
    }

    /// Who audits, by name.
    #[must_use]
    pub fn auditors(&self) -> &[Person] {
        &self.auditors
    }
}

fn persons(people: BTreeMap<String, BTreeMap<KeyId, Key>>) -> Result<Vec<Person>, PeopleError> {
    let mut materials = BTreeSet::new();
    let mut persons = Vec::with_capacity(people.len());
    for (name, keys) in people {
        if name.is_empty() || name.len() > limits::PERSON_BYTES || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(PeopleError::Name);
        }
        if keys.is_empty() || keys.len() > limits::PERSON_KEYS {
            return Err(PeopleError::Keys);
        }
        let keys = keys.into_iter().map(|(id, key)| Ok((id, key.public().map_err(|_| PeopleError::Keys)?)));
        let keys: Vec<(KeyId, PublicKey)> = keys.collect::<Result<_, PeopleError>>()?;
        if !keys.iter().all(|(_, key)| materials.insert(key.material().to_vec())) {
            return Err(PeopleError::SharedKey);
        }
        persons.push(Person { name, keys });
    }
    Ok(persons)
}

impl Person {
    /// The name that the curator gave.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The identifiers of their keys.
    pub fn key_ids(&self) -> impl Iterator<Item = &KeyId> {
        self.keys.iter().map(|(id, _)| id)
    }

    /// What evidence of this person is counted by: all of their keys, whichever they used.
    pub fn origins(&self) -> impl Iterator<Item = Origin> {
        self.keys.iter().map(|(_, key)| Origin::Key(sha256(key.material())))
    }

    /// What a statement says, if it is this person's. One of theirs that cannot be read says nothing.
    pub(super) fn says<T: DeserializeOwned>(&self, statement: &Statement) -> Option<T> {
        self.keys.iter().find_map(|(id, key)| statement.said_by(id, key).ok().flatten())
    }
}

/// Whose statement it is, and what it says.
pub(super) fn whose<'a, T: DeserializeOwned>(people: &'a [Person], statement: &Statement) -> Option<(&'a Person, T)> {
    people.iter().find_map(|person| Some((person, person.says(statement)?)))
}

impl CuratorId {
    /// From random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for CuratorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Sha256::from_bytes(self.0).fmt(f)
    }
}

impl FromStr for CuratorId {
    type Err = ParseCuratorIdError;

    fn from_str(text: &str) -> Result<Self, ParseCuratorIdError> {
        let digits: Sha256 = text.parse().map_err(|_| ParseCuratorIdError)?;
        // In one spelling only: ballots are compared with it.
        if digits.to_string() == text { Ok(Self(*digits.as_bytes())) } else { Err(ParseCuratorIdError) }
    }
}
