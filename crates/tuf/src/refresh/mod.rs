//! The update of the top-level roles (§5.3 to §5.6) as a chain of stages. Each takes bytes and consumes itself; an error ends
//! the update and leaves what was remembered as it was.
//!
//! ```text
//! Roots::start(trusted root) ─accept(N+1)…─▶ finish ─▶ Timestamps ─accept─▶ Snapshots ─accept│keep─▶ TopTargets ─accept│keep─▶ View
//!                                                     remember(local)      remember(local)          remember(local)
//! ```
//!
//! What the local copy has is *remembered*: expired or not, it forbids going back; if it is still what is listed, it is
//! kept and nothing is fetched.

mod online;
mod roots;
#[cfg(test)]
mod tests;

use crate::error::{Error, Fault, RoleLabel};
use crate::hashes::Mismatch;
use crate::limits;
use crate::metadata::{Listed, Role, Root, TopRole, Version};
use crate::name::metadata_path;
use crate::seal::Seal;
use crate::time::ReferenceTime;
use crate::verify::{Authentic, Authority, Current, Unverified};

pub use online::{Snapshots, Timestamps, TopTargets};
pub use roots::Roots;

/// A file to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Whose metadata.
    pub role: RoleLabel,
    /// Where, below the metadata URL, percent-encoded.
    pub path: String,
    /// How many bytes at most.
    pub at_most: u64,
    /// How many bytes it must have, where whoever lists it says so.
    pub listed: Option<u64>,
}

impl Wanted {
    /// What it means that more than `at_most` bytes came: other bytes than the listed ones, if the listed length is that.
    #[must_use]
    pub fn too_long(&self) -> Option<Error> {
        let length = self.listed.filter(|length| *length == self.at_most)?;
        let mismatch = Mismatch::Length { expected: length, found: length, more: true };
        Some(Fault::Mismatch(mismatch).of(self.role.clone()))
    }
}

/// What became of a remembered file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Floor {
    /// It forbids what is older.
    Holds(Version),
    /// Root gave timestamp or snapshot other keys since: it is forgotten, so that a repository can recover from a
    /// fast-forward attack (§5.3.11).
    Rotated,
}

/// What all stages after the roots stand on.
#[derive(Debug)]
pub(crate) struct Base {
    pub(crate) root: Current<Root>,
    pub(crate) now: ReferenceTime,
    /// The timestamp's and snapshot's keys now, and when this update began.
    online_keys: [u8; 32],
    online_keys_before: [u8; 32],
}

impl Base {
    pub(crate) fn authority<R: Role>(&self) -> Result<Authority<R>, Error> {
        authority_of(self.root.body(), R::KIND).map_err(|fault| fault.of(TopRole::Root))
    }

    pub(crate) fn seal<R: Role>(&self, role: &Authentic<R>) -> Seal {
        role.seal(self.online_keys)
    }

    /// Whether a local timestamp or snapshot was made under other keys than these roles have now. Without a seal of it, keys
    /// that changed in this update count; a seal of another file says nothing.
    fn was_rotated(&self, local: &[u8], seal: Option<&Seal>) -> bool {
        let seal = seal.filter(|seal| seal.is_about(local));
        seal.map_or(&self.online_keys_before, Seal::online_keys) != &self.online_keys
    }

    pub(crate) fn wanted(&self, role: RoleLabel, listed: &Listed) -> Wanted {
        let version = self.root.body().consistent_snapshot().then(|| listed.version());
        let most = match role {
            RoleLabel::Top(TopRole::Snapshot) => limits::SNAPSHOT_BYTES,
            _ => limits::TARGETS_BYTES,
        };
        let at_most = listed.length().map_or(most, |length| length.min(most));
        Wanted { path: metadata_path(role.as_str(), version), role, at_most, listed: listed.length() }
    }
}

/// Who may sign a top-level role.
fn authority_of<R: Role>(root: &Root, role: TopRole) -> Result<Authority<R>, Fault> {
    let keys = root.role(role).ok_or_else(|| Fault::Format(format!("the role {role} is not among its roles")))?;
    Authority::new(role.into(), keys.keyids(), root.keys(), keys.threshold())
}

/// The one way from fetched bytes to usable metadata for every role that another one lists (§5.5, §5.6): as listed, signed, of
/// the listed version, not expired.
pub(crate) fn admit<R: Role>(
    bytes: &[u8],
    listed: &Listed,
    by: &Authority<R>,
    now: ReferenceTime,
) -> Result<Current<R>, Fault> {
    listed.admits(bytes)?;
    Unverified::parse(bytes)?.verify(by)?.current(Some(listed.version()), now)
}

/// The same for bytes of the local copy: a seal that holds stands for the signatures.
pub(crate) fn recall<R: Role>(
    bytes: &[u8],
    seal: Option<&Seal>,
    listed: &Listed,
    by: &Authority<R>,
    now: ReferenceTime,
) -> Result<Current<R>, Fault> {
    listed.admits(bytes)?;
    authentic(bytes, seal, by)?.current(Some(listed.version()), now)
}

/// Finds local bytes authentic, by their seal or by their signatures.
fn authentic<R: Role>(bytes: &[u8], seal: Option<&Seal>, by: &Authority<R>) -> Result<Authentic<R>, Fault> {
    match seal.and_then(|seal| Authentic::sealed(bytes, seal, by)) {
        Some(read) => read,
        None => Unverified::parse(bytes)?.verify(by),
    }
}
