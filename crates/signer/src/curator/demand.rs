//! Who must sign a role, and who did.

use affineur_tuf::edit::{Draft, NamedKey, signers};
use affineur_tuf::key::KeyId;
use affineur_tuf::{Fault, Role, Root, Targets, TopRole};

use super::{CuratorError, CuratorRole, Settings};

/// Who must sign the next version of a role so that it can be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// Those whose signatures count.
    pub voices: Vec<Voice>,
    /// How many of them must sign.
    pub threshold: u32,
    /// Whether these are the keys that root had before: a new root is signed by enough of both.
    pub is_of_the_keys_before: bool,
}

/// A key whose signature counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voice {
    /// What people call it.
    pub name: String,
    /// The key.
    pub id: KeyId,
    /// Whether it signed.
    pub signed: bool,
}

impl Demand {
    /// Whether enough of them signed.
    #[must_use]
    pub fn is_met(&self) -> bool {
        u32::try_from(self.signed().count()).unwrap_or(u32::MAX) >= self.threshold
    }

    /// Who signed.
    pub fn signed(&self) -> impl Iterator<Item = &Voice> {
        self.voices.iter().filter(|voice| voice.signed)
    }

    /// Who did not.
    pub fn missing(&self) -> impl Iterator<Item = &Voice> {
        self.voices.iter().filter(|voice| !voice.signed)
    }
}

/// Keys that may sign something, and how many of them must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signatories {
    pub(super) keys: Vec<NamedKey>,
    pub(super) threshold: u32,
}

impl Signatories {
    /// Those whom a root names for a top-level role.
    pub(super) fn of_root(root: &[u8], role: TopRole) -> Result<Self, CuratorError> {
        let root = reopen::<Root>(CuratorRole::Root, root)?;
        let none = || CuratorError::Shape { role: CuratorRole::Root, problem: format!("it names no keys for {role}") };
        let found = root.body().role(role).ok_or_else(none)?;
        let key = |id: &KeyId| Some((id.clone(), root.body().keys().get(id)?.clone()));
        Ok(Self { keys: found.keyids().iter().filter_map(key).collect(), threshold: found.threshold().number() })
    }

    /// Those whom targets names for a role of statements.
    pub(super) fn of_targets(targets: &[u8], role: CuratorRole) -> Result<Self, CuratorError> {
        let targets = reopen::<Targets>(CuratorRole::Targets, targets)?;
        let none = || CuratorError::Shape { role: CuratorRole::Targets, problem: format!("it does not delegate to {role}") };
        let delegations = targets.body().delegations().ok_or_else(none)?;
        let found = delegations.roles().iter().find(|found| found.name().as_str() == role.as_str()).ok_or_else(none)?;
        let key = |id: &KeyId| Some((id.clone(), delegations.keys().get(id)?.clone()));
        Ok(Self { keys: found.keyids().iter().filter_map(key).collect(), threshold: found.threshold().number() })
    }

    /// Which of them signed a file.
    fn signed(&self, role: CuratorRole, file: &[u8]) -> Result<Vec<KeyId>, CuratorError> {
        let signed = match role {
            CuratorRole::Root => signers::<Root>(file, &self.keys),
            _ => signers::<Targets>(file, &self.keys),
        };
        signed.map_err(shape(role))
    }

    /// Whether enough of them signed a file.
    pub(super) fn accept(&self, role: CuratorRole, file: &[u8]) -> bool {
        let signed = self.signed(role, file).map_or(0, |signed| signed.len());
        u32::try_from(signed).unwrap_or(u32::MAX) >= self.threshold
    }

    /// The same in words.
    pub(super) fn demand(&self, role: CuratorRole, file: &[u8], settings: &Settings) -> Result<Demand, CuratorError> {
        let signed = self.signed(role, file)?;
        let voice = |(id, _): &NamedKey| Voice { name: settings.key_name(id), id: id.clone(), signed: signed.contains(id) };
        let voices = self.keys.iter().map(voice).collect();
        Ok(Demand { voices, threshold: self.threshold, is_of_the_keys_before: false })
    }
}

/// A file of one's own, to be edited.
pub(super) fn reopen<R: Role>(role: CuratorRole, file: &[u8]) -> Result<Draft<R>, CuratorError> {
    Draft::reopen(file).map_err(shape(role))
}

fn shape(role: CuratorRole) -> impl Fn(Fault) -> CuratorError {
    move |fault| CuratorError::Shape { role, problem: fault.to_string() }
}
