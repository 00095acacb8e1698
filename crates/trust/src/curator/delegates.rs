//! Curators of curators: whom a curator lets speak for itself, about what and how loudly. Signed offline, by the top-level targets role.

use std::collections::BTreeMap;

use affineur_packaging::ProjectName;
use affineur_tuf::Roots;
use serde::{Deserialize, Serialize};
use url::Url;

use super::Shelf;
use super::statements::{CuratorFault, signed_bytes};
use crate::{Document, Glob, Level, Repository, limits};

/// Another curator, whose vouches a curator passes on as its own. What they rest on stays what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegate {
    /// The name that the curator gave.
    pub name: String,
    /// Its repository, ending in `/`, without credentials.
    pub repository: Url,
    /// The first root of it that is trusted, as it was signed.
    pub root: Vec<u8>,
    /// About which projects it is heard; all if empty.
    pub projects: Vec<Glob>,
    /// At which levels.
    pub levels: Vec<Level>,
    /// How many curators a statement may pass through from there; one is the delegate itself.
    pub depth: u32,
}

/// A list of delegates that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DelegatesError {
    /// It is not of the form that it must have.
    #[error("it is not of the form that it must have")]
    Form,
    /// The bytes are not the ones that are signed.
    #[error("the bytes that came are not the signed ones")]
    Differs,
    /// There are more of them than any curator has.
    #[error("it has more than {} curators", limits::DELEGATES)]
    TooMany,
    /// One that cannot be used.
    #[error("the curator {0:?} in it cannot be used: its {1}")]
    Delegate(String, &'static str),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Paper {
    curators: BTreeMap<String, Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    repository: String,
    /// The bytes of the root, as text: signatures are over them.
    root: String,
    #[serde(default)]
    projects: Vec<String>,
    levels: Vec<Level>,
    depth: u32,
}

impl Delegate {
    /// Reads the list that was found at [`Shelf::Curators`].
    ///
    /// # Errors
    /// See [`CuratorFault`].
    pub fn read(document: Document<'_>) -> Result<Vec<Self>, CuratorFault> {
        let bytes = signed_bytes(Shelf::Curators, document)?.ok_or(DelegatesError::Differs)?;
        Ok(Self::parse(bytes)?)
    }

    /// Reads a list, wherever it comes from: for those who write one.
    ///
    /// # Errors
    /// See [`DelegatesError`].
    pub fn parse(bytes: &[u8]) -> Result<Vec<Self>, DelegatesError> {
        affineur_tuf::json::canonical(bytes).map_err(|_| DelegatesError::Form)?;
        let Paper { curators } = serde_json::from_slice(bytes).map_err(|_| DelegatesError::Form)?;
        if curators.len() > limits::DELEGATES {
            return Err(DelegatesError::TooMany);
        }
        let read = |(name, entry): (String, Entry)| {
            Self::of(&name, entry)
                .map_err(|wrong| DelegatesError::Delegate(affineur_packaging::text::printable(&name, 64), wrong))
        };
        curators.into_iter().map(read).collect()
    }

    fn of(name: &str, entry: Entry) -> Result<Self, &'static str> {
        if name.is_empty() || name.len() > limits::PERSON_BYTES || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("name");
        }
        let url: Url = entry.repository.parse().map_err(|_| "repository")?;
        let repository = Repository::at(url, String::new()).map_err(|_| "repository")?.url;
        if Roots::start(entry.root.as_bytes(), affineur_tuf::ReferenceTime::MIN).is_err() {
            return Err("root");
        }
        let projects =
            entry.projects.iter().map(|pattern| pattern.parse()).collect::<Result<_, _>>().map_err(|_| "projects")?;
        if entry.levels.is_empty() || entry.levels.len() > Level::ALL.len() {
            return Err("levels");
        }
        if entry.depth == 0 || i64::from(entry.depth) > limits::DEPTH {
            return Err("depth");
        }
        let Entry { root, levels, depth, .. } = entry;
        Ok(Self { name: name.to_owned(), repository, root: root.into_bytes(), projects, levels, depth })
    }

    /// The bytes that are signed: the same list always has the same ones.
    #[must_use]
    pub fn to_bytes(delegates: &[Self]) -> Vec<u8> {
        let entry = |delegate: &Self| {
            let entry = Entry {
                repository: delegate.repository.to_string(),
                root: String::from_utf8_lossy(&delegate.root).into_owned(),
                projects: delegate.projects.iter().map(|pattern| pattern.as_str().to_owned()).collect(),
                levels: delegate.levels.clone(),
                depth: delegate.depth,
            };
            (delegate.name.clone(), entry)
        };
        // Strings, numbers and maps always can be printed.
        serde_json::to_vec(&Paper { curators: delegates.iter().map(entry).collect() }).unwrap_or_default()
    }

    /// Whether it is heard about a project.
    #[must_use]
    pub fn speaks_of(&self, project: &ProjectName) -> bool {
        self.projects.is_empty() || self.projects.iter().any(|pattern| pattern.matches(project))
    }
}
