//! Tokens to upload with: random, shown once, stored as a digest.

use affineur_packaging::Sha256;
use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;

use crate::store::{NewToken, Scope};

/// How a token begins, so that scanners for leaked secrets know it.
const PREFIX: &str = "affineur-";
/// Random bytes of a token: nobody guesses 256 bits, so that one plain digest protects them.
const SECRET_BYTES: usize = 32;

/// The secret of a token.
pub struct Secret(String);

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; SECRET_BYTES];
        getrandom::fill(&mut bytes)?;
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self(format!("{PREFIX}{digits}")))
    }

    /// The secret itself, to be shown to its owner once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    #[must_use]
    pub fn token(&self, name: String, scope: Scope, created: Timestamp, expires: Option<Timestamp>) -> NewToken {
        NewToken { sha256: digest_of(&self.0), name, scope, publisher: None, created, expires }
    }
}

/// The digest under which a token is stored.
#[must_use]
pub fn digest_of(secret: &str) -> Sha256 {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
    Sha256::from_bytes(bytes)
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(***)")
    }
}
