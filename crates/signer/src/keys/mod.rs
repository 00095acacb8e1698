//! The user's keys: made, listed, opened by name.
//!
//! A key is a file in a folder. The public key is in it in the clear; the private key is encrypted in it, or in a token to which
//! it refers. Whoever wants to sign opens a key by its name and gets something that signs, wherever the private key is:
//!
//! ```no_run
//! # use affineur_signer::keys::{KeyFolder, KeyName, KeysError, Pin, Secrets, TokenReference};
//! # use affineur_signer::key_file::Passphrase;
//! struct Fixed(Passphrase);
//!
//! impl Secrets for Fixed {
//!     type Error = KeysError;
//!     fn passphrase(&self, _key: &KeyName) -> Result<Passphrase, KeysError> {
//!         Ok(self.0.clone())
//!     }
//!     fn pin(&self, key: &KeyName, _token: &TokenReference) -> Result<Pin, KeysError> {
//!         Err(KeysError::NoPassphrase { name: key.clone(), why: "it is in a token" })
//!     }
//! }
//!
//! # fn example(secrets: Fixed) -> Result<(), Box<dyn std::error::Error>> {
//! let signer = KeyFolder::new("keys".into()).open(&"laptop".parse()?, &secrets)?;
//! let signature = signer.sign(b"what the key's owner vouches for")?;
//! # Ok(())
//! # }
//! ```

mod derived;
mod document;
mod error;
mod folder;
mod name;
mod pin;
mod public;
mod stored;
#[cfg(test)]
mod tests;
mod token;

pub use derived::{Derivation, GeneratedPassphrase, Identity, NotGenerated, ParseIdentityError};
pub use document::{Comment, DocumentError, ParseCommentError, Private, TokenReference};
pub use error::KeysError;
pub(crate) use folder::random_pair;
pub use folder::{KeyFolder, Listed};
pub use name::{KeyName, ParseKeyNameError};
pub use pin::Pin;
pub use public::PublicPart;
pub use stored::StoredKey;
pub use token::TokenError;

use crate::key_file::Passphrase;

/// Where passphrases and PINs come from: a terminal, a file, a test. Each is asked for when it is needed, and once.
pub trait Secrets {
    /// Why there is none, or why a key does not open.
    type Error: From<KeysError>;

    /// The passphrase of a key.
    ///
    /// # Errors
    /// When there is none to be had.
    fn passphrase(&self, key: &KeyName) -> Result<Passphrase, Self::Error>;

    /// The PIN of the token in which a key is. Asked for before the token's module, a shared library that the key's file names,
    /// is loaded: whoever is asked can still refuse.
    ///
    /// # Errors
    /// When there is none to be had.
    fn pin(&self, key: &KeyName, token: &TokenReference) -> Result<Pin, Self::Error>;
}
