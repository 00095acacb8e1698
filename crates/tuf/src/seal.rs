//! What an earlier run of this program found authentic.

use crate::hashes::sha256;

/// Says of a file in the local trusted copy: these bytes were verified, under these keys. With it the next start does not
/// verify them again. It lies beside the file and is worth what the folder is worth, as the trusted root there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// SHA-256 of the file.
    content: [u8; 32],
    /// Digest of the role's name, keys and threshold.
    authority: [u8; 32],
    /// Digest of the keys that timestamp and snapshot had at that time: if either was rotated since, the local timestamp
    /// and snapshot are forgotten (§5.3.11).
    online_keys: [u8; 32],
}

impl Seal {
    /// Length of [`Self::to_bytes`].
    pub const BYTES: usize = 96;

    pub(crate) fn new(content: [u8; 32], authority: [u8; 32], online_keys: [u8; 32]) -> Self {
        Self { content, authority, online_keys }
    }

    /// For storing it.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        for (part, field) in bytes.chunks_exact_mut(32).zip([self.content, self.authority, self.online_keys]) {
            part.copy_from_slice(&field);
        }
        bytes
    }

    /// Reads a stored one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let mut fields = [[0; 32]; 3];
        for (field, part) in fields.iter_mut().zip(bytes.chunks_exact(32)) {
            field.copy_from_slice(part);
        }
        let [content, authority, online_keys] = fields;
        Self { content, authority, online_keys }
    }

    /// SHA-256 of the bytes that it is about.
    #[must_use]
    pub const fn content(&self) -> &[u8; 32] {
        &self.content
    }

    /// Whether it is about these bytes.
    #[must_use]
    pub fn is_about(&self, bytes: &[u8]) -> bool {
        self.content == sha256(&[bytes])
    }

    pub(crate) fn vouches_for(&self, bytes: &[u8], authority: &[u8; 32]) -> bool {
        self.authority == *authority && self.is_about(bytes)
    }

    pub(crate) const fn online_keys(&self) -> &[u8; 32] {
        &self.online_keys
    }
}
