//! The digests of a file, as it comes.

use affineur_packaging::Sha256;
use aws_lc_rs::digest;
use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest as _};

/// SHA-256, by which files are known, and BLAKE2b-256, which uploaders send too.
pub(super) struct Digests {
    sha256: digest::Context,
    blake2_256: Blake2b<U32>,
}

impl Default for Digests {
    fn default() -> Self {
        Self { sha256: digest::Context::new(&digest::SHA256), blake2_256: Blake2b::new() }
    }
}

impl Digests {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.blake2_256.update(bytes);
    }

    pub(super) fn finish(self) -> (Sha256, [u8; 32]) {
        let mut sha256 = [0; 32];
        // SHA-256 has 32 bytes, always.
        sha256.copy_from_slice(self.sha256.finish().as_ref());
        (Sha256::from_bytes(sha256), self.blake2_256.finalize().into())
    }
}
