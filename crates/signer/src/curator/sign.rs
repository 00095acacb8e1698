//! Signatures on drafts, on one machine or on several in turn.

use std::collections::BTreeSet;

use affineur_tuf::edit::{Draft, Signed};
use affineur_tuf::key::{KeyId, Signer};
use affineur_tuf::{Role, Root, Targets, TopRole};

use super::client::Client;
use super::demand::{Signatories, reopen};
use super::{Curator, CuratorError, CuratorRole, Demand, Refusal};

impl Curator {
    /// Who must sign the next version of a role, and did.
    ///
    /// # Errors
    /// See [`CuratorError`].
    pub fn demands(&self, role: CuratorRole) -> Result<Vec<Demand>, CuratorError> {
        let file = self.newest(role)?;
        let mut demands = vec![self.signatories(role)?.demand(role, file, &self.settings)?];
        if role == CuratorRole::Root
            && let Some(served) = self.served.role(role)
        {
            let before = Signatories::of_root(served, TopRole::Root)?;
            if before != self.signatories(role)? {
                demands.push(Demand { is_of_the_keys_before: true, ..before.demand(role, file, &self.settings)? });
            }
        }
        Ok(demands)
    }

    /// Those who may sign a role from now on: as they stand in the drafts of root and targets, where there are some.
    pub(super) fn signatories(&self, role: CuratorRole) -> Result<Signatories, CuratorError> {
        match role {
            CuratorRole::Root => Signatories::of_root(self.newest(CuratorRole::Root)?, TopRole::Root),
            CuratorRole::Targets => Signatories::of_root(self.newest(CuratorRole::Root)?, TopRole::Targets),
            other => Signatories::of_targets(self.newest(CuratorRole::Targets)?, other),
        }
    }

    /// The draft of a role, or what is served.
    pub(super) fn newest(&self, role: CuratorRole) -> Result<&[u8], CuratorError> {
        let draft = self.drafts.get(&role).map(Vec::as_slice);
        draft.or_else(|| self.served.role(role)).ok_or(CuratorError::Unpublished(role))
    }

    /// The keys whose signatures some draft still needs.
    ///
    /// # Errors
    /// See [`CuratorError`].
    pub fn wanted(&self) -> Result<BTreeSet<KeyId>, CuratorError> {
        let mut wanted = BTreeSet::new();
        for role in self.drafted() {
            for demand in self.demands(role)?.iter().filter(|demand| !demand.is_met()) {
                wanted.extend(demand.missing().map(|voice| voice.id.clone()));
            }
        }
        Ok(wanted)
    }

    /// Signs all drafts that need this key. Each is looked through before; what it changes is said by [`Curator::changes`].
    ///
    /// # Errors
    /// [`CuratorError::NothingToSign`], [`CuratorError::Unsound`], and see [`CuratorError`].
    pub fn sign(&mut self, signer: &dyn Signer) -> Result<Vec<CuratorRole>, CuratorError> {
        let mut signed = Vec::new();
        for role in CuratorRole::ALL {
            let Some(draft) = self.drafts.get(&role) else { continue };
            let has_a_voice = |demand: &Demand| demand.missing().any(|voice| voice.id == *signer.key_id());
            if !self.demands(role)?.iter().any(has_a_voice) && !self.had_a_voice(role, signer.key_id())? {
                continue;
            }
            self.must_be_sound(role)?;
            let bytes = match role {
                CuratorRole::Root => signed_also::<Root>(draft, signer)?,
                _ => signed_also::<Targets>(draft, signer)?,
            };
            self.files.write_draft(role, &bytes)?;
            self.drafts.insert(role, bytes);
            signed.push(role);
        }
        if signed.is_empty() { Err(CuratorError::NothingToSign { key: signer.key_id().clone() }) } else { Ok(signed) }
    }

    /// Whether this key signed targets until now. A last signature of those who go lets clients accept what follows before they have the
    /// new root: then there is no moment in which they refuse what they find.
    fn had_a_voice(&self, role: CuratorRole, key: &KeyId) -> Result<bool, CuratorError> {
        match self.served.role(CuratorRole::Root) {
            Some(root) if role == CuratorRole::Targets => {
                Ok(Signatories::of_root(root, TopRole::Targets)?.keys.iter().any(|(id, _)| id == key))
            }
            _ => Ok(false),
        }
    }

    /// What is served is authentic, be it expired: what is signed now follows on it.
    ///
    /// # Errors
    /// [`CuratorError::Refused`].
    pub fn must_be_authentic(&self, now: jiff::Timestamp) -> Result<(), CuratorError> {
        let Some(first) = self.served.first_expiry() else { return Ok(()) };
        let before = first.time().checked_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(now);
        let client = Client { metadata: &self.served.files, party: self.settings.name.clone(), now: now.min(before) };
        let view = client.view()?;
        let newest = self.served.role(CuratorRole::Root).map(reopen_root).transpose()?;
        match newest {
            Some(root) if root.version() == view.root().version() => Ok(()),
            _ => Err(Refusal::Missing("the newest root".to_owned()).into()),
        }
    }

    /// A draft follows on what is served now, and not on something that was served before.
    pub(super) fn must_follow(&self, role: CuratorRole) -> Result<(), CuratorError> {
        let Some(draft) = self.drafts.get(&role) else { return Ok(()) };
        let (found, served) = match role {
            CuratorRole::Root => {
                (version::<Root>(role, draft)?, self.served.role(role).map(|file| version::<Root>(role, file)))
            }
            _ => (version::<Targets>(role, draft)?, self.served.role(role).map(|file| version::<Targets>(role, file))),
        };
        let expected = served.transpose()?.map_or(1, |served| served.saturating_add(1));
        if found == expected { Ok(()) } else { Err(CuratorError::Stale { role, found, expected }) }
    }

    /// Drops the draft of a role, signatures and all.
    ///
    /// # Errors
    /// [`CuratorError::NotThere`], and see [`CuratorError`].
    pub fn discard(&mut self, role: CuratorRole) -> Result<(), CuratorError> {
        if self.drafts.remove(&role).is_none() {
            return Err(CuratorError::NotThere { what: format!("a draft of {role}") });
        }
        self.files.remove_draft(role)
    }
}

fn reopen_root(file: &[u8]) -> Result<Draft<Root>, CuratorError> {
    reopen(CuratorRole::Root, file)
}

fn version<R: Role>(role: CuratorRole, file: &[u8]) -> Result<u64, CuratorError> {
    Ok(reopen::<R>(role, file)?.version().number())
}

fn signed_also<R: Role>(file: &[u8], signer: &dyn Signer) -> Result<Vec<u8>, CuratorError> {
    let signed = Signed::<R>::reopen(file).map_err(|fault| CuratorError::Sign(fault.into()))?;
    Ok(signed.also_signed_by([signer])?.into_bytes())
}
