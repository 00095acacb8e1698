//! The Update Framework: specification 1.0.34, with TAP 12 (opaque key identifiers) and TAP 15 (succinct hash bins).
//!
//! # States
//!
//! ```text
//! bytes ──parse──▶ Unverified<R> ──verify──▶ Authentic<R> ──listed, not below the floor, not expired──▶ Current<R>
//!                  body unreadable           version only, may                                       body readable,
//!                                            forbid going back                                       may delegate
//! ```
//!
//! * [`Unverified::verify`] is the only place that counts signatures, for every role.
//! * One private function makes an [`Authentic`] [`Current`], for every role.
//! * The update is a chain of stages that consume themselves, so that none can be skipped (§5.3 to §5.6):
//!   [`Roots`] → [`Timestamps`] → [`Snapshots`] → [`TopTargets`] → [`View`] → [`LiveView`].
//! * [`Search`] walks the delegations and asks for a role when it needs one. It ends with [`Lookup::Found`],
//!   [`Lookup::Absent`] or [`Lookup::GaveUp`]; a role that cannot be had or verified ends it with an error.
//!
//! # What is absent
//!
//! No input or output, clock, randomness, logging: verification is a function of its arguments. No switch turns a check off.
//! Nothing here knows Python. Signing is behind the feature `signing`.

#[cfg(feature = "signing")]
pub mod edit;
mod error;
mod hashes;
pub mod json;
pub mod key;
pub mod limits;
mod metadata;
mod name;
#[cfg(doctest)]
mod proofs;
mod refresh;
mod seal;
mod search;
mod statement;
#[cfg(test)]
mod testing;
mod time;
mod verify;
mod view;

pub use error::{Error, Fault, RoleLabel};
pub use hashes::{Checker, Hashes, Mismatch};
pub use metadata::{
    DelegatedRole, Delegations, Extra, Listed, Paths, Role, RoleKeys, Root, Snapshot, Succinct, TargetFile, Targets, Threshold,
    Timestamp, TopRole, Version,
};
pub use name::{ParseRoleNameError, ParseTargetPathError, PathPattern, RoleName, TargetPath, metadata_path};
pub use refresh::{Floor, Roots, Snapshots, Timestamps, TopTargets, Wanted};
pub use seal::Seal;
pub use search::{Chain, Found, Lookup, Progress, Search, Step};
pub use statement::Statement;
pub use time::{Expiry, ParseExpiryError, ReferenceTime};
pub use verify::{Authentic, Authority, Current, Unverified};
pub use view::{Edge, LiveView, View};
