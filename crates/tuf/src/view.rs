//! One consistent view of a repository: its top-level roles, and the delegated ones that were asked for.

use std::collections::HashMap;

use crate::error::{Error, Fault, RoleLabel};
use crate::metadata::Role as _;
use crate::metadata::{Delegations, Listed, Root, Snapshot, Targets, Timestamp, TopRole};
use crate::name::{RoleName, TargetPath};
use crate::refresh::{Base, Wanted, admit, recall};
use crate::seal::Seal;
use crate::time::{Expiry, ReferenceTime};
use crate::verify::{Authority, Current};

/// Verified metadata that belongs together. To be used it must be [`live`](Self::live).
#[derive(Debug)]
pub struct View {
    base: Base,
    timestamp: Current<Timestamp>,
    snapshot: Current<Snapshot>,
    targets: Current<Targets>,
    roles: HashMap<EdgeKey, Current<Targets>>,
}

/// A role together with who may sign it: the same name delegated with other keys is another role.
pub(crate) type EdgeKey = (RoleName, [u8; 32]);

/// A delegation on the way of a search: a role, and who may sign it according to its delegator.
#[derive(Debug, Clone)]
pub struct Edge {
    key: EdgeKey,
    authority: Authority<Targets>,
}

impl Edge {
    /// The role that is delegated to.
    #[must_use]
    pub const fn role(&self) -> &RoleName {
        &self.key.0
    }

    /// Who may sign it.
    #[must_use]
    pub const fn authority(&self) -> &Authority<Targets> {
        &self.authority
    }

    pub(crate) const fn key(&self) -> &EdgeKey {
        &self.key
    }

    /// Follows one of the delegations.
    pub(crate) fn new(
        delegations: &Delegations,
        role: RoleName,
        by: (&[crate::key::KeyId], crate::Threshold),
    ) -> Result<Self, Error> {
        let label = RoleLabel::Delegated(role.clone());
        let authority = Authority::new(label.clone(), by.0, delegations.keys(), by.1).map_err(|fault| fault.of(label))?;
        Ok(Self { key: (role, authority.digest()), authority })
    }
}

impl View {
    pub(crate) fn new(
        base: Base,
        timestamp: Current<Timestamp>,
        snapshot: Current<Snapshot>,
        targets: Current<Targets>,
    ) -> Self {
        Self { base, timestamp, snapshot, targets, roles: HashMap::new() }
    }

    /// Root.
    #[must_use]
    pub const fn root(&self) -> &Root {
        self.base.root.body()
    }

    /// Timestamp.
    #[must_use]
    pub const fn timestamp(&self) -> &Timestamp {
        self.timestamp.body()
    }

    /// Snapshot.
    #[must_use]
    pub const fn snapshot(&self) -> &Snapshot {
        self.snapshot.body()
    }

    /// The reference time of the update that made it.
    #[must_use]
    pub const fn updated(&self) -> ReferenceTime {
        self.base.now
    }

    /// The only door to what the targets roles say: none of the top-level roles has expired at this time.
    ///
    /// # Errors
    /// [`Fault::Expired`], of the first role that has.
    pub fn live(&self, now: ReferenceTime) -> Result<LiveView<'_>, Error> {
        self.base.root.live(now).map_err(|fault| fault.of(TopRole::Root))?;
        self.timestamp.live(now).map_err(|fault| fault.of(TopRole::Timestamp))?;
        self.snapshot.live(now).map_err(|fault| fault.of(TopRole::Snapshot))?;
        self.targets.live(now).map_err(|fault| fault.of(TopRole::Targets))?;
        Ok(LiveView { view: self, now })
    }

    fn listed(&self, edge: &Edge) -> Result<&Listed, Error> {
        let name = edge.role();
        self.snapshot.body().role(name.as_str()).ok_or_else(|| Fault::NotListed.of(name.clone()))
    }

    /// The file of a delegated role that a search needs.
    ///
    /// # Errors
    /// [`Fault::NotListed`].
    pub fn wanted(&self, edge: &Edge) -> Result<Wanted, Error> {
        Ok(self.base.wanted(edge.role().clone().into(), self.listed(edge)?))
    }

    /// Takes the fetched file of a delegated role (§5.6.7), and gives the seal to keep it with.
    ///
    /// # Errors
    /// What is wrong with it; the search is over then.
    pub fn accept(&mut self, edge: &Edge, bytes: &[u8], now: ReferenceTime) -> Result<Seal, Error> {
        let role = admit(bytes, self.listed(edge)?, &edge.authority, now).map_err(|fault| fault.of(edge.role().clone()))?;
        Ok(self.insert(edge, role))
    }

    /// Takes the local file of a delegated role if it is still the listed one, and gives its seal.
    ///
    /// # Errors
    /// Why it is of no use: it must be fetched.
    pub fn recall(&mut self, edge: &Edge, local: &[u8], seal: Option<&Seal>, now: ReferenceTime) -> Result<Seal, Error> {
        let role =
            recall(local, seal, self.listed(edge)?, &edge.authority, now).map_err(|fault| fault.of(edge.role().clone()))?;
        Ok(self.insert(edge, role))
    }

    fn insert(&mut self, edge: &Edge, role: Current<Targets>) -> Seal {
        let seal = self.base.seal(role.authentic());
        self.roles.insert(edge.key.clone(), role);
        seal
    }

    /// How many delegated roles are in memory.
    #[must_use]
    pub fn roles_in_memory(&self) -> usize {
        self.roles.len()
    }

    /// Drops the delegated roles from memory; whoever needs one again gives it again.
    pub fn forget_roles(&mut self) {
        self.roles.clear();
    }
}

/// A view none of whose top-level roles has expired.
#[derive(Debug, Clone, Copy)]
pub struct LiveView<'a> {
    view: &'a View,
    now: ReferenceTime,
}

impl<'a> LiveView<'a> {
    /// The top-level targets.
    #[must_use]
    pub const fn targets(&self) -> &'a Targets {
        self.view.targets.body()
    }

    /// Root.
    #[must_use]
    pub const fn root(&self) -> &'a Root {
        self.view.root()
    }

    /// When the first of the top-level roles expires.
    #[must_use]
    pub fn expires(&self) -> Expiry {
        let View { timestamp, snapshot, targets, .. } = self.view;
        let others = [timestamp.body().expires(), snapshot.body().expires(), targets.body().expires()];
        others.into_iter().fold(self.root().expires(), Ord::min)
    }

    /// Where a target lies below the targets URL (§5.7.3): with a digest before its name under consistent snapshots.
    #[must_use]
    pub fn target_path(&self, path: &TargetPath, target: &crate::TargetFile) -> String {
        let digest = self.view.root().consistent_snapshot().then(|| target.hashes().preferred()).flatten();
        path.url_path(digest)
    }

    /// Which view this is: the files that decide what a search can meet.
    pub(crate) fn files(&self) -> [[u8; 32]; 3] {
        let View { base, snapshot, targets, .. } = self.view;
        [*base.root.authentic().content(), *snapshot.authentic().content(), *targets.authentic().content()]
    }

    /// All delegations of the top-level targets or of a delegated role that is in memory, one by one: for whoever checks a whole
    /// repository. A client searches instead.
    ///
    /// # Errors
    /// A delegation is invalid, or the role has expired.
    pub fn delegations(&self, of: Option<&Edge>) -> Result<Box<dyn Iterator<Item = Result<Edge, Error>> + 'a>, Error> {
        let role = match of {
            None => Some(self.targets()),
            Some(edge) => self.role(edge).transpose()?,
        };
        let Some(delegations) = role.and_then(Targets::delegations) else { return Ok(Box::new(std::iter::empty())) };
        if let Some(bins) = delegations.succinct() {
            return Ok(Box::new((0..bins.bins()).map(move |bin| {
                let name = bins.name_of(bin).parse::<RoleName>();
                let name = name.map_err(|error| Fault::Format(error.to_string()).of(TopRole::Targets))?;
                Edge::new(delegations, name, (bins.keyids(), bins.threshold()))
            })));
        }
        Ok(Box::new(
            delegations
                .roles()
                .iter()
                .map(move |role| Edge::new(delegations, role.name().clone(), (role.keyids(), role.threshold()))),
        ))
    }

    /// What a delegated role says that is in memory, and has not expired.
    ///
    /// # Errors
    /// [`Fault::Expired`].
    pub fn says(&self, edge: &Edge) -> Result<Option<&'a Targets>, Error> {
        self.role(edge).transpose()
    }

    /// A delegated role, if it is in memory.
    pub(crate) fn role(&self, edge: &Edge) -> Option<Result<&'a Targets, Error>> {
        let role = self.view.roles.get(edge.key())?;
        Some(role.live(self.now).map(|()| role.body()).map_err(|fault| fault.of(edge.role().clone())))
    }
}
