//! Keys in PKCS #11 tokens. The private key is made in the token and never leaves it.
//!
//! Nothing is believed of a token: each signature is verified here before it is given out, and when a key is opened it has to sign
//! something that nobody could have signed before.

#[cfg(feature = "pkcs11")]
mod encoding;
mod error;
#[cfg(feature = "pkcs11")]
mod pkcs11;

pub use error::TokenError;

#[cfg(feature = "pkcs11")]
pub(super) use pkcs11::{create, open};

#[cfg(not(feature = "pkcs11"))]
mod without {
    use std::path::Path;

    use affineur_tuf::edit::SharedSigner;
    use affineur_tuf::key::Key;

    use super::TokenError;
    use crate::keys::{KeyName, Pin, TokenReference};

    pub(in crate::keys) fn create(_: &Path, _: &str, _: &Pin, _: &KeyName) -> Result<(Key, TokenReference), TokenError> {
        Err(TokenError::NotBuilt)
    }

    pub(in crate::keys) fn open(_: &TokenReference, _: &Key, _: &Pin) -> Result<SharedSigner, TokenError> {
        Err(TokenError::NotBuilt)
    }
}

#[cfg(not(feature = "pkcs11"))]
pub(super) use without::{create, open};
