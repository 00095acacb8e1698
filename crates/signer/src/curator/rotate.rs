//! Keys that come and go: after a loss or a theft, or with the people who have them.

use affineur_trust::curator::Shelf;
use affineur_tuf::edit::{Draft, NamedKey};
use affineur_tuf::key::{KeyId, Signer as _};
use affineur_tuf::{PathPattern, Paths, Root, Threshold, TopRole};
use jiff::Timestamp;

use super::demand::{Signatories, reopen};
use super::initial::random_pair;
use super::settings::expiry;
use super::{Curator, CuratorError, CuratorRole};

impl Curator {
    /// Drafts other keys of a role: these go, those come, and so many must sign. The role itself is drafted anew too, since what the
    /// old keys signed may no longer be accepted.
    ///
    /// # Errors
    /// [`CuratorError::NotThere`] for a key that the role does not have, [`CuratorError::Threshold`], [`CuratorError::SharedKey`], and see
    /// [`CuratorError`].
    pub fn change_keys(
        &mut self,
        role: CuratorRole,
        remove: &[KeyId],
        add: &[(String, NamedKey)],
        threshold: Option<u32>,
        now: Timestamp,
    ) -> Result<(), CuratorError> {
        let signatories = self.changed(role, remove, add, threshold)?;
        for (name, (id, _)) in add {
            self.settings.keys.insert(id.clone(), name.clone());
        }
        self.files.write_settings(&self.settings)?;
        match role {
            CuratorRole::Root => self.set_root_keys(TopRole::Root, &signatories, now),
            CuratorRole::Targets => {
                self.set_root_keys(TopRole::Targets, &signatories, now)?;
                self.edit(CuratorRole::Targets, now, |_| Ok(()))
            }
            other => {
                self.set_delegated_keys(other, &signatories, now)?;
                self.edit(other, now, |_| Ok(()))
            }
        }
    }

    /// Makes another renewal key, which a new root will name for snapshot and timestamp.
    ///
    /// # Errors
    /// See [`CuratorError`].
    pub fn replace_renewal_key(&mut self, now: Timestamp) -> Result<KeyId, CuratorError> {
        let pair = random_pair()?;
        self.files.write_renewal_key(&pair)?;
        let signatories = Signatories { keys: vec![(pair.key_id().clone(), pair.key().clone())], threshold: 1 };
        self.set_root_keys(TopRole::Snapshot, &signatories, now)?;
        self.set_root_keys(TopRole::Timestamp, &signatories, now)?;
        Ok(pair.key_id().clone())
    }

    /// The key of a role with this name, or whose identifier begins so.
    ///
    /// # Errors
    /// [`CuratorError::NotThere`].
    pub fn key_of(&self, role: CuratorRole, name: &str) -> Result<KeyId, CuratorError> {
        let signatories = self.signatories(role)?;
        let is_meant = |id: &&KeyId| self.settings.key_name(id) == name || (name.len() >= 8 && id.as_str().starts_with(name));
        let found = signatories.keys.iter().map(|(id, _)| id).find(is_meant).cloned();
        found.ok_or_else(|| CuratorError::NotThere { what: format!("a key {name:?} of {role}") })
    }

    fn changed(
        &self,
        role: CuratorRole,
        remove: &[KeyId],
        add: &[(String, NamedKey)],
        threshold: Option<u32>,
    ) -> Result<Signatories, CuratorError> {
        let Signatories { mut keys, threshold: before } = self.signatories(role)?;
        for gone in remove {
            let number = keys.len();
            keys.retain(|(id, _)| id != gone);
            if keys.len() == number {
                return Err(CuratorError::NotThere { what: format!("a key {gone} of {role}") });
            }
        }
        keys.extend(
            add.iter()
                .map(|(_, key)| key.clone())
                .filter(|(id, _)| !keys.iter().any(|(known, _)| known == id))
                .collect::<Vec<_>>(),
        );
        let threshold = threshold.unwrap_or(before);
        if threshold == 0 || usize::try_from(threshold).unwrap_or(usize::MAX) > keys.len() {
            return Err(CuratorError::Threshold { role, threshold, keys: keys.len() });
        }
        self.objections_keep_their_own(role, &keys)?;
        Ok(Signatories { keys, threshold })
    }

    fn objections_keep_their_own(&self, role: CuratorRole, keys: &[NamedKey]) -> Result<(), CuratorError> {
        let others: &[CuratorRole] = match role {
            CuratorRole::Root | CuratorRole::Targets => &[],
            CuratorRole::Objections => &[CuratorRole::TrustedAuthor, CuratorRole::Voted, CuratorRole::Audited],
            _ => &[CuratorRole::Objections],
        };
        for other in others {
            let theirs = self.signatories(*other)?.keys;
            if let Some((key, _)) = keys.iter().find(|(id, _)| theirs.iter().any(|(known, _)| known == id)) {
                let role = if role == CuratorRole::Objections { *other } else { role };
                return Err(CuratorError::SharedKey { key: key.clone(), role });
            }
        }
        Ok(())
    }

    fn set_root_keys(&mut self, role: TopRole, signatories: &Signatories, now: Timestamp) -> Result<(), CuratorError> {
        self.must_follow(CuratorRole::Root)?;
        let mut draft = self.next_root()?;
        draft.set_role(role, signatories.keys.iter().cloned(), threshold(signatories.threshold));
        draft.set_expires(expiry(now, self.settings.days.of(CuratorRole::Root)));
        self.put(CuratorRole::Root, &draft)
    }

    fn set_delegated_keys(&mut self, role: CuratorRole, signatories: &Signatories, now: Timestamp) -> Result<(), CuratorError> {
        let unknown = || CuratorError::Shape { role: CuratorRole::Targets, problem: format!("it does not delegate to {role}") };
        let (_, pattern) = Shelf::patterns().into_iter().find(|(name, _)| *name == role.as_str()).ok_or_else(unknown)?;
        let name = role.as_str().parse().map_err(|_| unknown())?;
        self.edit(CuratorRole::Targets, now, |draft| {
            let paths = Paths::Patterns(vec![PathPattern::new(pattern)]);
            draft.delegate(name, signatories.keys.iter().cloned(), threshold(signatories.threshold), paths);
            Ok(())
        })
    }

    /// The next root as it stands: its draft, or what would be drafted.
    pub(super) fn next_root(&self) -> Result<Draft<Root>, CuratorError> {
        let role = CuratorRole::Root;
        match (self.drafts.get(&role), self.served.role(role)) {
            (Some(draft), _) => reopen(role, draft),
            (None, Some(served)) => reopen::<Root>(role, served)?.next().map_err(|fault| CuratorError::Sign(fault.into())),
            (None, None) => Err(CuratorError::Unpublished(role)),
        }
    }
}

fn threshold(number: u32) -> Threshold {
    Threshold::new(number).unwrap_or(Threshold::ONE)
}
