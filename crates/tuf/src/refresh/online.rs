//! Timestamp (§5.4), snapshot (§5.5) and top-level targets (§5.6.1 to §5.6.6).

use super::{Base, Floor, Wanted, admit, authentic, recall};
use crate::error::{Error, Fault};
use crate::limits;
use crate::metadata::{Listed, Snapshot, Targets, Timestamp, TopRole};
use crate::name::metadata_path;
use crate::seal::Seal;
use crate::verify::{Authentic, Current, Unverified};
use crate::view::View;

/// Root is settled; the timestamp is next.
#[derive(Debug)]
pub struct Timestamps {
    base: Base,
    local: Option<Authentic<Timestamp>>,
}

impl Timestamps {
    pub(super) const fn new(base: Base) -> Self {
        Self { base, local: None }
    }

    /// Remembers the local timestamp: even expired it forbids going back (§5.4.3), and so does everything that is remembered
    /// before another one.
    ///
    /// # Errors
    /// Why it was ignored: it is not authentic under the present root, or older than what is remembered already.
    pub fn remember(&mut self, local: &[u8], seal: Option<&Seal>) -> Result<Floor, Error> {
        if self.base.was_rotated(local, seal) {
            return Ok(Floor::Rotated);
        }
        let by = self.base.authority()?;
        let remember = || {
            let local = authentic(local, seal, &by)?;
            self.local.as_ref().map_or(Ok(()), |before| not_older(before, &local))?;
            Ok(local)
        };
        let local = remember().map_err(|fault: Fault| fault.of(TopRole::Timestamp))?;
        let floor = Floor::Holds(local.version());
        self.local = Some(local);
        Ok(floor)
    }

    /// The seal that the remembered timestamp is to be kept with, so that the next start need not verify it.
    #[must_use]
    pub fn local_seal(&self) -> Option<Seal> {
        self.local.as_ref().map(|local| self.base.seal(local))
    }

    /// The timestamp to fetch: it alone has no version in its name (§5.4.1).
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        let role = TopRole::Timestamp;
        Wanted { role: role.into(), path: metadata_path(role.as_str(), None), at_most: limits::TIMESTAMP_BYTES, listed: None }
    }

    /// Takes the fetched timestamp. One of the same version as the local one changes nothing, whatever it says (§5.4.3.1).
    ///
    /// # Errors
    /// What is wrong with it, or that the local one of the same version has expired.
    pub fn accept(self, bytes: &[u8]) -> Result<Snapshots, Error> {
        let Self { base, local } = self;
        let by = base.authority()?;
        let accept = || {
            let new = Unverified::parse(bytes)?.verify(&by)?;
            let Some(old) = local else { return Ok((new.current(None, base.now)?, Renewed::Yes)) };
            if new.version() == old.version() {
                return Ok((old.current(None, base.now)?, Renewed::No));
            }
            not_older(&old, &new)?;
            Ok((new.current(None, base.now)?, Renewed::Yes))
        };
        let (timestamp, renewed) = accept().map_err(|fault: Fault| fault.of(TopRole::Timestamp))?;
        Ok(Snapshots { base, timestamp, renewed, local: None })
    }
}

/// Whether the fetched timestamp replaced the local one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Renewed {
    Yes,
    No,
}

/// §5.4.3: neither the timestamp nor the snapshot that it lists may go back.
fn not_older(old: &Authentic<Timestamp>, new: &Authentic<Timestamp>) -> Result<(), Fault> {
    if new.version() < old.version() {
        return Err(Fault::Rollback { floor: old.version(), found: new.version() });
    }
    let (floor, found) = (old.floor().snapshot().version(), new.floor().snapshot().version());
    if found < floor {
        return Err(Fault::ListedRollback { listed: TopRole::Snapshot.to_string(), floor, found });
    }
    Ok(())
}

/// The timestamp is settled; the snapshot is next.
#[derive(Debug)]
pub struct Snapshots {
    base: Base,
    timestamp: Current<Timestamp>,
    renewed: Renewed,
    local: Option<LocalSnapshot>,
}

#[derive(Debug)]
enum LocalSnapshot {
    /// Still the one that the timestamp lists.
    Listed(Current<Snapshot>),
    /// It only forbids going back.
    Floor(Authentic<Snapshot>),
}

impl LocalSnapshot {
    const fn floor(&self) -> &Authentic<Snapshot> {
        match self {
            Self::Listed(current) => current.authentic(),
            Self::Floor(authentic) => authentic,
        }
    }
}

impl Snapshots {
    /// The seal of the fetched timestamp, which is to be kept now (§5.4.5); `None` if the local one stays.
    #[must_use]
    pub fn timestamp_to_keep(&self) -> Option<Seal> {
        (self.renewed == Renewed::Yes).then(|| self.base.seal(self.timestamp.authentic()))
    }

    fn listed(&self) -> &Listed {
        self.timestamp.body().snapshot()
    }

    /// Remembers the local snapshot: even expired it forbids going back (§5.5.5), and if it is the listed one it need not be
    /// fetched. Everything that is remembered before another one forbids going back too.
    ///
    /// # Errors
    /// Why it was ignored: it is not authentic under the present root, or goes back behind what is remembered already.
    pub fn remember(&mut self, local: &[u8], seal: Option<&Seal>) -> Result<Floor, Error> {
        if self.base.was_rotated(local, seal) {
            return Ok(Floor::Rotated);
        }
        let by = self.base.authority()?;
        let remember = || {
            let local_is = authentic(local, seal, &by)?;
            self.local.as_ref().map_or(Ok(()), |before| nothing_went_back(before.floor().floor(), local_is.floor()))?;
            let floor = Floor::Holds(local_is.version());
            let is_listed = self.listed().admits(local).is_ok()
                && local_is.version() == self.listed().version()
                && !crate::metadata::Role::expires(local_is.floor()).has_passed(self.base.now);
            if !is_listed {
                return Ok((LocalSnapshot::Floor(local_is), floor));
            }
            let current = local_is.current(Some(self.listed().version()), self.base.now)?;
            Ok((LocalSnapshot::Listed(current), floor))
        };
        let (local, floor) = remember().map_err(|fault: Fault| fault.of(TopRole::Snapshot))?;
        self.local = Some(local);
        Ok(floor)
    }

    /// The seal that the remembered snapshot is to be kept with.
    #[must_use]
    pub fn local_seal(&self) -> Option<Seal> {
        self.local.as_ref().map(|local| self.base.seal(local.floor()))
    }

    /// The snapshot to fetch, unless the local one can be [kept](Self::keep).
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        self.base.wanted(TopRole::Snapshot.into(), self.listed())
    }

    /// Goes on with the local snapshot.
    ///
    /// # Errors
    /// Gives the stage back if there is no local snapshot that is listed.
    pub fn keep(self) -> Result<TopTargets, Box<Self>> {
        match self.local {
            Some(LocalSnapshot::Listed(snapshot)) => {
                Ok(TopTargets { base: self.base, timestamp: self.timestamp, snapshot, renewed: Renewed::No, local: None })
            }
            _ => Err(Box::new(self)),
        }
    }

    /// Takes the fetched snapshot (§5.5.2 to §5.5.6).
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn accept(self, bytes: &[u8]) -> Result<TopTargets, Error> {
        let by = self.base.authority()?;
        let accept = || {
            let snapshot = admit(bytes, self.listed(), &by, self.base.now)?;
            if let Some(local) = &self.local {
                nothing_went_back(local.floor().floor(), snapshot.body())?;
            }
            Ok(snapshot)
        };
        let snapshot = accept().map_err(|fault: Fault| fault.of(TopRole::Snapshot))?;
        Ok(TopTargets { base: self.base, timestamp: self.timestamp, snapshot, renewed: Renewed::Yes, local: None })
    }
}

/// §5.5.5: every role that was listed is still listed, at no older version; nor is the snapshot itself older.
fn nothing_went_back(old: &Snapshot, new: &Snapshot) -> Result<(), Fault> {
    if new.version() < old.version() {
        return Err(Fault::Rollback { floor: old.version(), found: new.version() });
    }
    let mut listed = new.roles();
    for (role, floor) in old.roles() {
        // Both are sorted by file name.
        let found = listed.find(|(name, _)| *name == role).map(|(_, found)| found.version());
        let found = found.ok_or_else(|| Fault::Unlisted(role.escape_debug().to_string()))?;
        if found < floor.version() {
            let listed = role.escape_debug().to_string();
            return Err(Fault::ListedRollback { listed, floor: floor.version(), found });
        }
    }
    Ok(())
}

/// The snapshot is settled; the top-level targets are next.
#[derive(Debug)]
pub struct TopTargets {
    base: Base,
    timestamp: Current<Timestamp>,
    snapshot: Current<Snapshot>,
    renewed: Renewed,
    local: Option<Current<Targets>>,
}

impl TopTargets {
    /// The seal of the fetched snapshot, which is to be kept now (§5.5.7); `None` if the local one stays.
    #[must_use]
    pub fn snapshot_to_keep(&self) -> Option<Seal> {
        (self.renewed == Renewed::Yes).then(|| self.base.seal(self.snapshot.authentic()))
    }

    fn listed(&self) -> Result<&Listed, Error> {
        self.snapshot.body().role(TopRole::Targets.as_str()).ok_or_else(|| Fault::NotListed.of(TopRole::Targets))
    }

    /// Remembers the local targets, which need not be fetched if they are the listed ones.
    ///
    /// # Errors
    /// Why they were ignored.
    pub fn remember(&mut self, local: &[u8], seal: Option<&Seal>) -> Result<(), Error> {
        let by = self.base.authority()?;
        let local = recall(local, seal, self.listed()?, &by, self.base.now).map_err(|fault| fault.of(TopRole::Targets))?;
        self.local = Some(local);
        Ok(())
    }

    /// The seal that the remembered targets are to be kept with.
    #[must_use]
    pub fn local_seal(&self) -> Option<Seal> {
        self.local.as_ref().map(|local| self.base.seal(local.authentic()))
    }

    /// The targets to fetch, unless the local ones can be [kept](Self::keep).
    ///
    /// # Errors
    /// [`Fault::NotListed`].
    pub fn wanted(&self) -> Result<Wanted, Error> {
        Ok(self.base.wanted(TopRole::Targets.into(), self.listed()?))
    }

    /// Goes on with the local targets.
    ///
    /// # Errors
    /// Gives the stage back if there are no local targets that are listed.
    pub fn keep(mut self) -> Result<View, Box<Self>> {
        match self.local.take() {
            Some(targets) => Ok(View::new(self.base, self.timestamp, self.snapshot, targets)),
            None => Err(Box::new(self)),
        }
    }

    /// Takes the fetched targets (§5.6.2 to §5.6.5), with the seal that they are to be kept with (§5.6.6).
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn accept(self, bytes: &[u8]) -> Result<(View, Seal), Error> {
        let by = self.base.authority()?;
        let targets = admit(bytes, self.listed()?, &by, self.base.now).map_err(|fault| fault.of(TopRole::Targets))?;
        let seal = self.base.seal(targets.authentic());
        Ok((View::new(self.base, self.timestamp, self.snapshot, targets), seal))
    }
}
