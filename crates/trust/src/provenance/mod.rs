//! Attestations of distributions (PEP 740), verified offline: which publisher signed this very file, and when a public log had it.
//!
//! ```text
//! bytes ── Attestations::parse ──▶ Attestation ── verify(root, file, digest) ──▶ Verified { publisher, predicate, logged_at }
//!                                                                                   │
//!                                          provenance_object(…): what an index serves ◀┘
//! ```
//!
//! The publisher is read from the certificate that the signature was verified against, never from what an uploader or an index
//! says beside it. What is stored or passed on is printed again from what was understood. Still, an attestation's bytes are
//! nobody's identity: its signatures can be written in several ways, so evidence is counted by [`Publisher::origin`].
//!
//! Signatures, certificates and log entries are checked by `sigstore-verify`, of which nothing is visible outside of `verify`. That
//! library asks the clock, the only exception in this crate, and for one thing: whether what a log signed is in the future.
//! What verified once therefore verifies for ever, with the same root.

mod attestation;
mod fault;
mod note;
mod object;
mod publisher;
mod statement;
#[cfg(test)]
mod tests;
mod verify;

pub use attestation::{Attestation, Attestations};
pub use fault::{ProvenanceFault, RootFault};
pub use object::provenance_object;
pub use publisher::Publisher;
pub use statement::Predicate;
pub use verify::{TrustedRoot, Verified};

pub use crate::publisher::{ParsePublisherError, PublisherName};
