//! Root after root (§5.3).

use super::{Base, Timestamps, Wanted, authority_of};
use crate::error::{Error, Fault};
use crate::hashes::sha256;
use crate::limits;
use crate::metadata::{Root, Snapshot, Targets, Timestamp, TopRole};
use crate::name::metadata_path;
use crate::time::ReferenceTime;
use crate::verify::{Authentic, Authority, Unverified};

/// The trusted root, on its way to the newest one.
#[derive(Debug)]
pub struct Roots {
    root: Authentic<Root>,
    now: ReferenceTime,
    online_keys_before: [u8; 32],
    rotations: u32,
}

impl Roots {
    /// Begins with the root that is trusted already (§5.2), which must be signed by its own keys; its expiry does not matter
    /// yet. `now` is the fixed time of this update (§5.1).
    ///
    /// # Errors
    /// What is wrong with the root.
    pub fn start(trusted: &[u8], now: ReferenceTime) -> Result<Self, Error> {
        let start = || {
            let root = self_signed(Unverified::parse(trusted)?)?;
            let online_keys_before = online_keys(root.floor())?;
            Ok(Self { root, now, online_keys_before, rotations: 0 })
        };
        start().map_err(|fault: Fault| fault.of(TopRole::Root))
    }

    /// The version that is trusted now.
    #[must_use]
    pub fn version(&self) -> crate::metadata::Version {
        self.root.version()
    }

    /// The root to fetch next (§5.3.3). If it is not there, or `None` because this update took as many as
    /// [`limits::ROOT_ROTATIONS`], the roots are finished; the next update goes on from there.
    #[must_use]
    pub fn wanted(&self) -> Option<Wanted> {
        let version = self.root.version().next().filter(|_| self.rotations < limits::ROOT_ROTATIONS)?;
        let path = metadata_path(TopRole::Root.as_str(), Some(version));
        Some(Wanted { role: TopRole::Root.into(), path, at_most: limits::ROOT_BYTES, listed: None })
    }

    /// Takes the next root: signed as the trusted one and as it itself demands (§5.3.4), and exactly one version newer
    /// (§5.3.5). From then on it is the trusted one, to be kept at once (§5.3.8).
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn accept(self, bytes: &[u8]) -> Result<Self, Error> {
        let accept = || {
            let new: Unverified<Root> = Unverified::parse(bytes)?;
            new.is_signed_by(&authority_of(self.root.floor(), TopRole::Root)?)?;
            let trusted = self.root.version();
            let expected = trusted.next().ok_or(Fault::LastVersion(trusted))?;
            let found = new.claimed().version();
            if found != expected {
                return Err(Fault::Version { expected, found });
            }
            let root = self_signed(new)?;
            online_keys(root.floor())?;
            Ok(root)
        };
        let root = accept().map_err(|fault| fault.of(TopRole::Root))?;
        Ok(Self { root, rotations: self.rotations + 1, ..self })
    }

    /// There is no newer root: this one must not have expired (§5.3.10).
    ///
    /// # Errors
    /// [`Fault::Expired`].
    pub fn finish(self) -> Result<Timestamps, Error> {
        let finish = || {
            let online_keys = online_keys(self.root.floor())?;
            let root = self.root.current(None, self.now)?;
            Ok(Base { root, now: self.now, online_keys, online_keys_before: self.online_keys_before })
        };
        finish().map(Timestamps::new).map_err(|fault: Fault| fault.of(TopRole::Root))
    }
}

/// A root that its own keys signed, in whose roles no key counts twice.
fn self_signed(root: Unverified<Root>) -> Result<Authentic<Root>, Fault> {
    let own: Authority<Root> = authority_of(root.claimed(), TopRole::Root)?;
    authority_of::<Targets>(root.claimed(), TopRole::Targets)?;
    root.verify(&own)
}

/// A digest of the keys that timestamp and snapshot have.
fn online_keys(root: &Root) -> Result<[u8; 32], Fault> {
    let timestamp = authority_of::<Timestamp>(root, TopRole::Timestamp)?.keys_digest();
    let snapshot = authority_of::<Snapshot>(root, TopRole::Snapshot)?.keys_digest();
    Ok(sha256(&[&timestamp, &snapshot]))
}
