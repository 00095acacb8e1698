//! The first ceremony of an index (PEP 458, "Managing offline keys"): root, targets and bins are signed offline; the index gets
//! files, and the public part of nothing but these keys.

mod initial;
#[cfg(test)]
mod tests;

pub use initial::{Bins, CeremonyError, Initial, NewKey, Settings, SignedFile, Step, initial};
