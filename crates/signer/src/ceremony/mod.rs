//! The ceremonies of an index (PEP 458, "Managing offline keys"): root, targets and bins are signed offline; the index gets
//! files, and the public part of nothing but these keys.
//!
//! The first one makes all keys. Later ones go from draft to signatures to files: a [`Ceremony`] is drafted from what is
//! published, carried to each who must sign, and handed to the index when enough did.

mod changes;
mod demand;
mod initial;
mod rotation;
mod seat;
#[cfg(test)]
mod tests;

pub(crate) use changes::differences;
pub use demand::{By, Demand, RotationError, Voice};
pub use initial::{Bins, CeremonyError, Initial, NewKey, Settings, SignedFile, Step, initial, new_key};
pub use rotation::{Ceremony, Plan, Published, Replaced};
pub use seat::{OfflineRole, ParseSeatError, Seat};
