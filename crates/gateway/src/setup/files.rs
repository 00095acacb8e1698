//! The policy files and the roots that they name, as they were read: nothing is read a second time between the look at a file
//! and its use, and two looks can be compared.

use std::path::{Path, PathBuf};

use affineur_packaging::Sha256;
use affineur_trust::{AddedPolicy, Policy, PolicyError};

use super::repositories::{self, RootFile, TrustedRoot};
use super::{POLICY_FILE, SetupError, digest, read_text};
use crate::state::{State, StateError};

/// Where policies may be.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// `--policy`.
    pub(super) named: Option<PathBuf>,
    /// The user's own.
    pub(super) own: PathBuf,
    /// The one of the working directory, where it is looked at.
    pub(super) local: Option<PathBuf>,
}

/// What there is at these places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Files {
    own: Option<PolicyFile>,
    local: Option<PolicyFile>,
    /// Whether the user trusts the one of the working directory, as it is.
    trusted: bool,
}

/// One policy file, with the roots that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PolicyFile {
    pub(super) file: PathBuf,
    text: Result<String, String>,
    roots: Vec<RootFile>,
}

impl Files {
    pub(super) fn read(places: &Places, state: &State) -> Result<Self, StateError> {
        let local = places.local.as_deref().and_then(PolicyFile::read_if_there);
        let own = match &places.named {
            Some(file) => Some(PolicyFile::read(file)),
            None => PolicyFile::read_if_there(&places.own),
        };
        let trusted = match local.as_ref().map(PolicyFile::trusted_digest) {
            Some(Ok(digest)) => state.policy_trusted(digest)?,
            _ => false,
        };
        Ok(Self { own, local, trusted })
    }

    /// The policy that is the user's: the one that they named or have at its place, else the one of the working directory, if they
    /// trust it. With none, the built-in rules hold.
    pub(super) fn main(&self) -> Option<&PolicyFile> {
        self.own.as_ref().or_else(|| self.local.as_ref().filter(|_| self.trusted))
    }

    /// The policy of the working directory, where it is not the user's.
    pub(super) fn added(&self) -> Result<Option<AddedPolicy>, SetupError> {
        let other = |local: &&PolicyFile| {
            self.main()
                .is_none_or(|main| !same_file(&main.file, &local.file) && (main.text != local.text || main.text.is_err()))
        };
        let Some(local) = self.local.as_ref().filter(other) else { return Ok(None) };
        let parsed = AddedPolicy::parse(local.text()?);
        parsed.map(Some).map_err(|error| SetupError::Policy { file: local.file.clone(), error: explained(error) })
    }

    /// Whether these may hold after those without a restart: a policy that is the user's gives way to another one of theirs, and
    /// never to the built-in rules.
    pub(super) fn may_follow(&self, before: &Self) -> Result<(), SetupError> {
        match (before.main(), self.main()) {
            (Some(before), None) => {
                let file = before.file.clone();
                let there = self.local.as_ref().is_some_and(|local| local.file == file);
                Err(if there { SetupError::ChangedSinceTrusted { file } } else { SetupError::Gone { file } })
            }
            _ => Ok(()),
        }
    }
}

impl PolicyFile {
    pub(super) fn read(file: &Path) -> Self {
        let text = read_text(file);
        let policy = text.as_ref().ok().and_then(|text| Policy::parse(text).ok());
        let roots = policy.map(|policy| repositories::read_roots(&policy, repositories::folder_of(file)));
        Self { file: file.to_owned(), text, roots: roots.unwrap_or_default() }
    }

    fn read_if_there(file: &Path) -> Option<Self> {
        file.is_file().then(|| Self::read(file))
    }

    fn text(&self) -> Result<&str, SetupError> {
        let unreadable = |problem: &String| SetupError::Unreadable { file: self.file.clone(), problem: problem.clone() };
        self.text.as_deref().map_err(unreadable)
    }

    /// The policy, with the digests of its roots noted, and these roots.
    pub(super) fn policy(&self) -> Result<(Policy, Vec<TrustedRoot>), SetupError> {
        let parsed = Policy::parse(self.text()?);
        let mut policy = parsed.map_err(|error| SetupError::Policy { file: self.file.clone(), error })?;
        let roots = self.roots.iter().map(RootFile::trusted).collect::<Result<Vec<_>, _>>()?;
        roots.iter().for_each(|root| policy.note_root(&root.party, root.sha256()));
        Ok((policy, roots))
    }

    /// The digest by which it is trusted: of its text and, where it names repositories, of their roots. Whoever can change one of
    /// them would decide what is verified.
    pub(super) fn trusted_digest(&self) -> Result<Sha256, SetupError> {
        let (_, roots) = self.policy()?;
        let text = self.text()?.to_owned();
        let with_roots = roots.iter().fold(text, |text, root| format!("{text}\nroot of {}: {}", root.party, root.sha256()));
        Ok(digest(&with_roots))
    }
}

/// The digest by which a policy file is trusted, with the roots that it names.
///
/// # Errors
/// It or a root cannot be read, or the policy is wrong.
pub fn trusted_digest(file: &Path) -> Result<Sha256, SetupError> {
    PolicyFile::read(file).trusted_digest()
}

/// A policy in the working directory that wants more than it may is told how to become the user's own.
fn explained(mut error: PolicyError) -> PolicyError {
    let trust = format!("`affineur policy trust ./{POLICY_FILE}` or `--policy ./{POLICY_FILE}` makes it yours");
    error.hint = Some(match error.hint {
        Some(hint) if hint.contains("policy trust") => hint,
        Some(hint) => format!("{hint}; {trust}"),
        None => trust,
    });
    error
}

fn same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
