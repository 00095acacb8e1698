//! What keys accept and, more than that, what they refuse.

mod documents;
mod ed25519;
#[cfg(feature = "signing")]
mod signing;
mod vectors;
