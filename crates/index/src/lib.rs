//! The index: it takes uploads, signs what it has as PEP 458 says, and serves it.
//!
//! It holds the online key alone: root's, targets' and bins' keys never come near the process that serves.

pub mod check;
pub mod client;
pub mod folder;
pub mod limits;
pub mod publisher;
pub mod serve;
pub mod status;
pub mod store;
pub mod sweep;
pub mod token;
pub mod upload;
