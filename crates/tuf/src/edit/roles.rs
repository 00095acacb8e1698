//! What can be edited in each role.

use super::Draft;
use crate::key::{Key, KeyId, Signer};
use crate::metadata::{
    DelegatedRole, Delegations, Extra, Listed, Paths, RoleKeys, Root, Snapshot, Succinct, TargetFile, Targets, Threshold,
    Timestamp, TopRole, role_file,
};
use crate::name::{RoleName, TargetPath};
use crate::time::Expiry;

/// A public key and the identifier that it is to have.
pub type NamedKey = (KeyId, Key);

/// The public part of a signer.
pub(super) fn named_key(signer: &dyn Signer) -> NamedKey {
    (signer.key_id().clone(), signer.key().clone())
}

impl Draft<Root> {
    /// A first root, with consistent snapshots and without keys.
    #[must_use]
    pub fn new(expires: Expiry) -> Self {
        Self { body: Root::new(expires) }
    }

    /// Gives a role these keys and no others; keys that no role has any longer are dropped.
    pub fn set_role(&mut self, role: TopRole, keys: impl IntoIterator<Item = NamedKey>, threshold: Threshold) -> &mut Self {
        let mut keyids = Vec::new();
        for (id, key) in keys {
            self.body.keys.insert(id.clone(), key);
            keyids.push(id);
        }
        self.body.roles.insert(role.as_str().into(), RoleKeys { keyids, threshold, extra: Extra::new() });
        self.drop_unused_keys();
        self
    }

    /// Gives the place of a key in a role to another key, and changes nothing else; a key that no role has any longer is dropped.
    pub fn replace_key(&mut self, role: TopRole, old: &KeyId, (id, key): NamedKey) -> &mut Self {
        if let Some(role) = self.body.roles.get_mut(role.as_str()) {
            put_in_place(&mut role.keyids, old, &id);
        }
        self.body.keys.insert(id, key);
        self.drop_unused_keys();
        self
    }

    fn drop_unused_keys(&mut self) {
        let roles = &self.body.roles;
        self.body.keys.retain(|id, _| roles.values().any(|role| role.keyids.contains(id)));
    }

    /// Whether clients are to ask by version and digest (§6.2).
    pub fn set_consistent_snapshot(&mut self, consistent: bool) -> &mut Self {
        self.body.set_consistent_snapshot(consistent);
        self
    }
}

impl Draft<Timestamp> {
    /// A first timestamp.
    #[must_use]
    pub fn new(expires: Expiry, snapshot: Listed) -> Self {
        Self { body: Timestamp::new(expires, snapshot) }
    }

    /// Lists another snapshot.
    pub fn set_snapshot(&mut self, snapshot: Listed) -> &mut Self {
        self.body.set_snapshot(snapshot);
        self
    }
}

impl Draft<Snapshot> {
    /// A first snapshot, which lists nothing yet.
    #[must_use]
    pub fn new(expires: Expiry) -> Self {
        Self { body: Snapshot::new(expires) }
    }

    /// Lists a targets role, `targets` or a delegated one.
    pub fn list(&mut self, role: &str, listed: Listed) -> &mut Self {
        self.body.meta.insert(role_file(role).into(), listed);
        self
    }

    /// No longer lists a role. Clients that saw it refuse such a snapshot (§5.5.5), until timestamp's or snapshot's keys are
    /// rotated.
    pub fn unlist(&mut self, role: &str) -> &mut Self {
        self.body.meta.remove(role_file(role).as_str());
        self
    }
}

impl Draft<Targets> {
    /// First targets: nothing listed, nothing delegated.
    #[must_use]
    pub fn new(expires: Expiry) -> Self {
        Self { body: Targets::new(expires) }
    }

    /// Lists a target, or replaces it.
    pub fn add_target(&mut self, path: &TargetPath, target: TargetFile) -> &mut Self {
        self.body.targets.insert(path.as_str().into(), target);
        self
    }

    /// Lists a target no longer.
    pub fn remove_target(&mut self, path: &TargetPath) -> Option<TargetFile> {
        self.body.targets.remove(path.as_str())
    }

    /// Delegates paths to a role, after those that are there already; replaces one of the same name in its place.
    pub fn delegate(
        &mut self,
        role: RoleName,
        keys: impl IntoIterator<Item = NamedKey>,
        threshold: Threshold,
        paths: Paths,
    ) -> &mut Self {
        self.put(role, keys, threshold, paths, |_| {})
    }

    /// The same, terminating: no later role is asked about these paths.
    pub fn delegate_terminating(
        &mut self,
        role: RoleName,
        keys: impl IntoIterator<Item = NamedKey>,
        threshold: Threshold,
        paths: Paths,
    ) -> &mut Self {
        self.put(role, keys, threshold, paths, DelegatedRole::set_terminating)
    }

    /// Delegates to many roles at once, all with the same keys, after those that are there already: for hash bins with an entry
    /// each. Costs as much as there is, where one [`delegate`](Self::delegate) after the other would look through all before it.
    pub fn delegate_each(
        &mut self,
        keys: impl IntoIterator<Item = NamedKey>,
        threshold: Threshold,
        delegated: impl IntoIterator<Item = (RoleName, Paths)>,
    ) -> &mut Self {
        let delegations = self.delegations();
        delegations.succinct_roles = None;
        let keyids = delegations.take_keys(keys);
        let roles = delegations.roles.get_or_insert_default();
        let mut places: std::collections::BTreeMap<RoleName, usize> =
            roles.iter().map(|role| role.name.clone()).zip(0..).collect();
        for (name, paths) in delegated {
            let role = DelegatedRole::new(name.clone(), keyids.clone(), threshold, paths);
            let place = *places.entry(name).or_insert(roles.len());
            match roles.get_mut(place) {
                Some(there) => *there = role,
                None => roles.push(role),
            }
        }
        delegations.drop_unused_keys();
        self
    }

    fn put(
        &mut self,
        name: RoleName,
        keys: impl IntoIterator<Item = NamedKey>,
        threshold: Threshold,
        paths: Paths,
        finish: impl FnOnce(&mut DelegatedRole),
    ) -> &mut Self {
        let delegations = self.delegations();
        delegations.succinct_roles = None;
        let keyids = delegations.take_keys(keys);
        let mut role = DelegatedRole::new(name, keyids, threshold, paths);
        finish(&mut role);
        let roles = delegations.roles.get_or_insert_default();
        match roles.iter_mut().find(|there| there.name == role.name) {
            Some(there) => *there = role,
            None => roles.push(role),
        }
        delegations.drop_unused_keys();
        self
    }

    /// Delegates everything to two to the power of `bit_length` (1 to 32) hash bins (TAP 15), and nothing to anyone else.
    pub fn delegate_to_bins(
        &mut self,
        bit_length: u8,
        name_prefix: &str,
        keys: impl IntoIterator<Item = NamedKey>,
        threshold: Threshold,
    ) -> &mut Self {
        let delegations = self.delegations();
        delegations.roles = None;
        let keyids = delegations.take_keys(keys);
        delegations.succinct_roles = Some(Succinct::new(bit_length, name_prefix, keyids, threshold));
        delegations.drop_unused_keys();
        self
    }

    /// Gives the place of a key to another key in every delegation that names it, and changes nothing else.
    pub fn replace_key(&mut self, old: &KeyId, (id, key): NamedKey) -> &mut Self {
        if let Some(delegations) = &mut self.body.delegations {
            let roles = delegations.roles.iter_mut().flatten().map(|role| &mut role.keyids);
            for keyids in roles.chain(delegations.succinct_roles.iter_mut().map(|bins| &mut bins.keyids)) {
                put_in_place(keyids, old, &id);
            }
            delegations.keys.insert(id, key);
            delegations.drop_unused_keys();
        }
        self
    }

    /// Takes a delegation back.
    pub fn revoke(&mut self, role: &RoleName) -> &mut Self {
        if let Some(delegations) = &mut self.body.delegations {
            delegations.roles.get_or_insert_default().retain(|there| there.name != *role);
            delegations.drop_unused_keys();
        }
        self
    }

    fn delegations(&mut self) -> &mut Delegations {
        self.body.delegations.get_or_insert_with(|| Delegations {
            keys: std::collections::BTreeMap::new(),
            roles: None,
            succinct_roles: None,
            extra: Extra::new(),
        })
    }
}

fn put_in_place(keyids: &mut [KeyId], old: &KeyId, new: &KeyId) {
    for id in keyids.iter_mut().filter(|id| *id == old) {
        id.clone_from(new);
    }
}

impl Delegations {
    fn take_keys(&mut self, keys: impl IntoIterator<Item = NamedKey>) -> Vec<KeyId> {
        let mut keyids = Vec::new();
        for (id, key) in keys {
            self.keys.insert(id.clone(), key);
            keyids.push(id);
        }
        keyids
    }

    fn drop_unused_keys(&mut self) {
        let Self { keys, roles, succinct_roles, .. } = self;
        let roles = roles.iter().flatten().flat_map(|role| &role.keyids);
        let used: std::collections::BTreeSet<&KeyId> =
            roles.chain(succinct_roles.iter().flat_map(|bins| &bins.keyids)).collect();
        keys.retain(|id, _| used.contains(id));
    }
}
