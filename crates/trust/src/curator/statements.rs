//! What stands in the `custom` field of a curator's target, and whether the target is about the file in question.

use affineur_packaging::Sha256;
use affineur_tuf::{Found, Statement};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{DelegatesError, PeopleError, Shelf};
use crate::listing::Misplaced;
use crate::{Document, FileFact, limits};

/// What a curator signed and cannot be used. It says nothing then, and is not silent either: somebody made a mistake, or hides.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CuratorFault {
    /// It is signed by a role from which it is not accepted.
    #[error(transparent)]
    Misplaced(#[from] Misplaced),
    /// It has no `custom` field of the form that belongs here.
    #[error("its {shelf} are not of the form that they must have")]
    Form {
        /// What is there.
        shelf: &'static str,
    },
    /// There is more than any curator has.
    #[error("its {shelf} are more than {most}")]
    TooMany {
        /// What there is too much of.
        shelf: &'static str,
        /// What is allowed.
        most: usize,
    },
    /// Its list of people cannot be used.
    #[error("its list of people cannot be used: {0}")]
    People(#[from] PeopleError),
    /// Its list of curators cannot be used.
    #[error("its list of curators cannot be used: {0}")]
    Delegates(#[from] DelegatesError),
    /// It has statements that need people, and no list of them.
    #[error("it has no list of people")]
    NoPeople,
}

/// Reads what is said at a place, if it came from there.
pub(super) fn said<T: DeserializeOwned>(shelf: Shelf<'_>, found: &Found, name: &'static str) -> Result<T, CuratorFault> {
    shelf.accepts(&found.chain)?;
    let custom = found.target.custom().ok_or(CuratorFault::Form { shelf: name })?;
    T::deserialize(custom).map_err(|_| CuratorFault::Form { shelf: name })
}

/// What stands at [`Shelf::Voted`] and [`Shelf::Audited`]: what people signed, as they signed it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedStatements {
    /// Ballots, or audits.
    pub statements: Vec<Value>,
}

/// Reads what people signed at a place. Whose it is and what it says comes out with their keys.
pub(super) fn signed(shelf: Shelf<'_>, found: &Found, name: &'static str) -> Result<Vec<Statement>, CuratorFault> {
    let SignedStatements { statements } = said(shelf, found, name)?;
    statements_of(&statements, name)
}

/// Statements of a list that is not too long.
pub(super) fn statements_of(values: &[Value], name: &'static str) -> Result<Vec<Statement>, CuratorFault> {
    if values.len() > limits::STATEMENTS {
        return Err(CuratorFault::TooMany { shelf: name, most: limits::STATEMENTS });
    }
    let form = |_| CuratorFault::Form { shelf: name };
    values.iter().map(|value| Statement::parse(value.to_string().as_bytes()).map_err(form)).collect()
}

/// The bytes of a document, if it comes from where it belongs; `None` if they are not the ones that are signed.
pub(super) fn signed_bytes<'a>(shelf: Shelf<'_>, document: Document<'a>) -> Result<Option<&'a [u8]>, CuratorFault> {
    let Document { found, bytes } = document;
    shelf.accepts(&found.chain)?;
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let same = length == found.target.length() && found.target.hashes().check(bytes).is_ok();
    Ok(same.then_some(bytes))
}

/// Whether a target describes these very bytes.
pub(super) fn is_about(found: &Found, file: &FileFact) -> Result<(), Option<Sha256>> {
    let listed: Option<Sha256> = found.target.hashes().digest("sha256").and_then(|digest| digest.parse().ok());
    let same = listed.is_some() && listed == file.sha256 && file.size.is_none_or(|size| size == found.target.length());
    if same { Ok(()) } else { Err(listed) }
}
