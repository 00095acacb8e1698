//! The policy: which file may reach a user, and why.
//!
//! Everything here is pure: no I/O, no clock, no randomness. The decision is *total* (every file and every evidence has one),
//! *monotone* (for one file, a further vouch never withholds, a further objection never admits), *exact* (no floats) and
//! *explained* (each decision carries its reasons). Time comes in as an argument.
//!
//! This crate must never fetch, store or ask the time.

mod age;
pub mod analysis;
#[cfg(test)]
mod arbitrary;
mod author;
mod claims;
#[cfg(feature = "provenance")]
pub mod curator;
mod decide;
mod decision;
mod demand;
mod evidence;
pub mod limits;
pub mod listing;
pub mod map;
mod objection;
mod origin;
mod policy;
#[cfg(feature = "provenance")]
pub mod provenance;
mod publisher;
mod reason;
mod standing;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod text;
mod vouch;
mod why;
mod worth;

pub use age::{Age, Clock, age};
pub use author::Author;
pub use claims::Claims;
pub use decide::Judge;
pub use decision::{Allowed, Decision, Withheld};
pub(crate) use evidence::About;
pub use evidence::{Claim, Contradiction, Evidence, FileFact, Hearing, LastModified, Pin, Unavailable};
pub use objection::{Against, Objection};
pub use origin::{Origin, Origins, PublisherOrigin};
pub use policy::{
    AddedPolicy, AgeFrom, Demand, Domain, Exception, Glob, HostPattern, Intent, MilliTrust, Mode, ParseDomainError,
    ParseGlobError, ParseHostError, ParseIntentError, ParsePartyNameError, ParseTrustError, Party, PartyKind, PartyName,
    Policy, PolicyError, PolicySet, PolicyWarning, Repository, Rule, Scope, Track, Upstream, UpstreamUrlError, VouchKind,
    WrittenBy,
};
pub use publisher::{ParsePublisherError, PublisherName};
pub use reason::{Class, Missing, Reason};
pub use standing::Standing;
pub use vouch::{
    Document, DocumentFault, DocumentKind, NotVouched, ShownChain, VerifiedListing, VerifiedProject, Vouched, Vouches,
};
pub use why::{Account, Counted, Explanation, MetDemand, PartySays, Says, Statement};
pub use worth::{Level, Worth};

/// The moment for which a decision is made. Comes from the edge of the program, never from a clock in here.
pub type ReferenceTime = jiff::Timestamp;
