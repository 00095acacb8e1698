//! What developers, curators and administrators do with offline keys: key files under a passphrase, and ceremonies.
//!
//! The process that serves an index never calls this crate: what root, targets and bins sign is made here and handed over as
//! files. It must never open a connection.

pub mod ceremony;
pub mod curator;
mod disk;
pub mod key_file;
pub mod keys;
pub mod limits;
