//! A new curator: its settings, its identity, its renewal key, and a draft of every role.

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::path::Path;

use affineur_trust::curator::{CuratorId, Roster, Shelf};
use affineur_tuf::edit::{Draft, NamedKey};
use affineur_tuf::key::{KeyPair, Signer as _};
use affineur_tuf::{PathPattern, Paths, Root, TargetFile, Targets, Threshold, TopRole};
use jiff::Timestamp;

use super::edit::path_of;
use super::folder::Files;
use super::settings::expiry;
use super::{Curator, CuratorError, CuratorRole, Settings};

/// The keys of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysOfRole {
    /// The keys, each with what people call it.
    pub keys: Vec<(String, NamedKey)>,
    /// How many of them must sign.
    pub threshold: u32,
}

/// What a curator is made of.
#[derive(Debug, Clone)]
pub struct Initial {
    /// Its settings. The names of keys are added.
    pub settings: Settings,
    /// The keys of each role that people sign.
    pub keys: BTreeMap<CuratorRole, KeysOfRole>,
    /// How many voters must be for a file.
    pub votes: NonZeroU16,
}

impl Initial {
    /// Makes the folder and the drafts. Nothing is signed and nothing is served: the first [`Curator::publish`] does that, when enough
    /// keys signed.
    ///
    /// # Errors
    /// See [`CuratorError`].
    pub fn create(self, path: &Path, now: Timestamp) -> Result<Curator, CuratorError> {
        self.create_on(Files::new(path), now)
    }

    pub(super) fn create_on(mut self, files: Files, now: Timestamp) -> Result<Curator, CuratorError> {
        self.check()?;
        files.create()?;
        let renewal = random_pair()?;
        files.write_renewal_key(&renewal)?;
        let mut identity = [0; 32];
        getrandom::fill(&mut identity).map_err(|_| CuratorError::Randomness)?;
        let roster = Roster {
            curator: CuratorId::from_bytes(identity).to_string(),
            votes: self.votes,
            voters: BTreeMap::new(),
            auditors: BTreeMap::new(),
        };
        let people = roster.to_bytes();
        files.write_document(path_of(Shelf::People)?.as_str(), &people)?;
        let keys = self.keys.values().flat_map(|role| &role.keys);
        self.settings.keys.extend(keys.map(|(name, (id, _))| (id.clone(), name.clone())));
        let drafts = self.drafts(&renewal, &people, now)?;
        for (role, bytes) in &drafts {
            files.write_draft(*role, bytes)?;
        }
        // Last: without it there is no curator here.
        files.write_settings(&self.settings)?;
        Curator::on(files)
    }

    fn check(&self) -> Result<(), CuratorError> {
        if !self.settings.days.are_possible() {
            return Err(CuratorError::Days);
        }
        let has_keys = |role: &CuratorRole| self.keys.get(role).is_some_and(|of| !of.keys.is_empty());
        match CuratorRole::ALL.into_iter().find(|role| !has_keys(role)) {
            Some(role) => Err(CuratorError::Threshold { role, threshold: 1, keys: 0 }),
            None => Self::may_have(&self.keys),
        }
    }

    /// Whether roles may have these keys. One without any will get a new one.
    ///
    /// # Errors
    /// [`CuratorError::Threshold`], [`CuratorError::SharedKey`].
    pub fn may_have(keys: &BTreeMap<CuratorRole, KeysOfRole>) -> Result<(), CuratorError> {
        for (role, of) in keys {
            let (number, threshold) = (of.keys.len().max(1), of.threshold);
            if threshold == 0 || usize::try_from(threshold).unwrap_or(usize::MAX) > number {
                return Err(CuratorError::Threshold { role: *role, threshold, keys: number });
            }
        }
        let ids = |role: CuratorRole| keys.get(&role).into_iter().flat_map(|role| &role.keys).map(|(_, (id, _))| id);
        for role in CuratorRole::STATEMENTS.into_iter().filter(|role| *role != CuratorRole::Objections) {
            if let Some(shared) = ids(role).find(|id| ids(CuratorRole::Objections).any(|other| other == *id)) {
                return Err(CuratorError::SharedKey { key: shared.clone(), role });
            }
        }
        Ok(())
    }

    fn drafts(&self, renewal: &KeyPair, people: &[u8], now: Timestamp) -> Result<BTreeMap<CuratorRole, Vec<u8>>, CuratorError> {
        let until = |role| expiry(now, self.settings.days.of(role));
        let named = |role: CuratorRole| {
            let of = self.keys.get(&role);
            let keys: Vec<NamedKey> = of.into_iter().flat_map(|of| &of.keys).map(|(_, key)| key.clone()).collect();
            (keys, of.and_then(|of| Threshold::new(of.threshold)).unwrap_or(Threshold::ONE))
        };
        let mut root = Draft::<Root>::new(until(CuratorRole::Root));
        for (role, top) in [(CuratorRole::Root, TopRole::Root), (CuratorRole::Targets, TopRole::Targets)] {
            let (keys, threshold) = named(role);
            root.set_role(top, keys, threshold);
        }
        for top in [TopRole::Snapshot, TopRole::Timestamp] {
            root.set_role(top, [(renewal.key_id().clone(), renewal.key().clone())], Threshold::ONE);
        }
        let mut targets = Draft::<Targets>::new(until(CuratorRole::Targets));
        for (role, pattern) in Shelf::patterns() {
            let (keys, threshold) = named(role.parse().map_err(|_| CuratorError::Unpublished(CuratorRole::Targets))?);
            let name = role.parse().map_err(|_| CuratorError::Unpublished(CuratorRole::Targets))?;
            targets.delegate(name, keys, threshold, Paths::Patterns(vec![PathPattern::new(pattern)]));
        }
        targets.add_target(&path_of(Shelf::People)?, TargetFile::of(people));
        let mut drafts = BTreeMap::from([
            (CuratorRole::Root, root.sign([])?.into_bytes()),
            (CuratorRole::Targets, targets.sign([])?.into_bytes()),
        ]);
        for role in CuratorRole::STATEMENTS {
            drafts.insert(role, Draft::<Targets>::new(until(role)).sign([])?.into_bytes());
        }
        Ok(drafts)
    }
}

/// A new Ed25519 key.
pub(super) fn random_pair() -> Result<KeyPair, CuratorError> {
    crate::keys::random_pair().ok_or(CuratorError::Randomness)
}
