//! SHA-256 of bytes at hand.

use affineur_packaging::Sha256;
use aws_lc_rs::digest::{SHA256, digest};

/// The digest of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> Sha256 {
    let mut output = [0; 32];
    output.copy_from_slice(digest(&SHA256, bytes).as_ref());
    Sha256::from_bytes(output)
}
