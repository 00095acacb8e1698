//! The policy: which file may reach a user, and why.
//!
//! Everything here is pure: no I/O, no clock, no randomness. The decision is *total* (every file and every evidence has one),
//! *monotone* (for one file, a further vouch never withholds, a further objection never admits), *exact* (no floats) and
//! *explained* (each decision carries its reasons). Time comes in as an argument.
//!
//! This crate must never fetch, store or ask the time.

mod age;
#[cfg(test)]
mod arbitrary;
mod decide;
mod decision;
mod evidence;
pub mod limits;
pub mod listing;
mod policy;
#[cfg(feature = "provenance")]
pub mod provenance;
mod reason;
mod text;
mod vouch;

pub use age::{Age, Clock, age};
pub use decision::{Allowed, Decision, Withheld};
pub use evidence::{Claim, Contradiction, Evidence, FileFact, LastModified, Pin, Unavailable};
pub use policy::{
    AddedPolicy, AgeFrom, Exception, Glob, HostPattern, MilliTrust, Mode, Origin, ParseGlobError, ParseHostError,
    ParsePartyNameError, ParseTrustError, Party, PartyKind, PartyName, Policy, PolicyError, PolicySet, PolicyWarning,
    Repository, Scope, Upstream, UpstreamUrlError, VouchKind,
};
pub use reason::{Class, Reason};
pub use vouch::{Document, DocumentFault, DocumentKind, NotVouched, ShownChain, VerifiedListing, VerifiedProject, Vouched};

/// The moment for which a decision is made. Comes from the edge of the program, never from a clock in here.
pub type ReferenceTime = jiff::Timestamp;
