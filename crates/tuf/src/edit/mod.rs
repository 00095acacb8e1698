//! Writing metadata: drafts of single roles, their signatures, and a whole repository in memory.
//!
//! A [`Draft`] is edited freely and then signed into a [`Signed`] file, to which further keys may add signatures later, as in a
//! ceremony. What an edit costs depends on the role that is edited; for large ones of which little changes there is [`Text`].
//!
//! ```
//! use affineur_tuf::edit::{Repository, Signers};
//! use affineur_tuf::key::KeyPair;
//! use affineur_tuf::{Lookup, TargetFile};
//! use std::sync::Arc;
//!
//! let key = |seed| -> affineur_tuf::edit::SharedSigner { Arc::new(KeyPair::from_seed([seed; 32]).unwrap()) };
//! let expires = "2030-01-01T00:00:00Z".parse().unwrap();
//! let mut repository = Repository::new(Signers::of(vec![key(1)], vec![key(2)], vec![key(3)], vec![key(4)]), expires);
//! repository.targets_mut().add_target(&"a/cheese.whl".parse().unwrap(), TargetFile::of(b"brie"));
//! repository.publish().unwrap();
//! assert!(repository.files().contains_key("timestamp.json"));
//! ```

mod draft;
mod repository;
mod roles;
mod signed;
#[cfg(test)]
mod tests;
mod text;

pub use draft::{Draft, expiry_of};
pub use repository::{Repository, SharedSigner, Signers};
pub use roles::NamedKey;
pub use signed::{SignError, Signed, sign_json, signers};
pub use text::{Edits, Entries, Text};
