//! Seals: records that certain bytes were verified, by what. The next start may then skip verifying them.
//!
//! A role's seal file has at most two of them, newest first:
//!
//! ```text
//! "affineur seals 1\n"  (content authority online_keys){1,2}  SHA-256 of all before
//! ```
//!
//! The digest at the end is for files that a loss of power tore: a seal is whole, or it is none.

use aws_lc_rs::digest::{SHA256, digest};

/// The bytes of a SHA-256.
pub(crate) const DIGEST_BYTES: usize = 32;
/// The bytes of one seal.
pub(crate) const SEAL_BYTES: usize = 3 * DIGEST_BYTES;
/// The first line of a seal file.
pub(crate) const HEADER: &[u8] = b"affineur seals 1\n";

/// Says that bytes were verified, and by what. Plain data: whether it may be believed follows from where it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seal {
    /// SHA-256 of the bytes.
    pub content: [u8; DIGEST_BYTES],
    /// Digest of the keys and the threshold that verified them.
    pub authority: [u8; DIGEST_BYTES],
    /// Digest of the timestamp's and the snapshot's keys that were then in force.
    pub online_keys: [u8; DIGEST_BYTES],
}

/// What a seal file says: two, so that during a replacement both the old bytes and the new ones have theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Seals {
    newest: Option<Seal>,
    previous: Option<Seal>,
}

impl Seals {
    /// `previous` is left out if it is for the same bytes: what verified them last counts.
    pub(super) fn new(newest: Seal, previous: Option<Seal>) -> Self {
        let previous = previous.filter(|previous| previous.content != newest.content);
        Self { newest: Some(newest), previous }
    }

    /// The seal for these very bytes.
    pub(super) fn made_for(&self, bytes: &[u8]) -> Option<Seal> {
        let newest = self.newest?;
        let content = sha256(bytes);
        [Some(newest), self.previous].into_iter().flatten().find(|seal| seal.content == content)
    }

    /// Anything but a whole file that we wrote says nothing.
    pub(super) fn parse(file: &[u8]) -> Self {
        Self::parse_whole(file).unwrap_or_default()
    }

    fn parse_whole(file: &[u8]) -> Option<Self> {
        let (covered, digest) = file.split_last_chunk::<DIGEST_BYTES>()?;
        let (newest, rest) = covered.strip_prefix(HEADER)?.split_first_chunk::<SEAL_BYTES>()?;
        let previous = match rest.is_empty() {
            true => None,
            false => Some(Seal::parse(rest.try_into().ok()?)?),
        };
        (sha256(covered) == *digest).then_some(Self { newest: Some(Seal::parse(newest)?), previous })
    }

    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut file = HEADER.to_vec();
        for seal in [self.newest, self.previous].into_iter().flatten() {
            file.extend([seal.content, seal.authority, seal.online_keys].as_flattened());
        }
        file.extend(sha256(&file));
        file
    }
}

impl Seal {
    fn parse(bytes: &[u8; SEAL_BYTES]) -> Option<Self> {
        let ([content, authority, online_keys], []) = bytes.as_chunks::<DIGEST_BYTES>() else { return None };
        Some(Self { content: *content, authority: *authority, online_keys: *online_keys })
    }
}

fn sha256(bytes: &[u8]) -> [u8; DIGEST_BYTES] {
    let mut content = [0; DIGEST_BYTES];
    content.copy_from_slice(digest(&SHA256, bytes).as_ref());
    content
}

#[cfg(test)]
mod tests {
    use super::{Seal, Seals, sha256};
    use crate::limits;

    fn seal(bytes: &[u8], authority: u8) -> Seal {
        Seal { content: sha256(bytes), authority: [authority; 32], online_keys: [7; 32] }
    }

    #[test]
    fn both_seals_are_found_again() {
        let (old, new) = (seal(b"old", 1), seal(b"new", 2));
        let file = Seals::new(new, Some(old)).to_bytes();
        assert!(limits::length(&file) <= limits::SEAL_FILE_BYTES);
        let seals = Seals::parse(&file);
        assert_eq!(seals.made_for(b"new"), Some(new));
        assert_eq!(seals.made_for(b"old"), Some(old));
        assert_eq!(seals.made_for(b"other"), None);
        assert_eq!(Seals::parse(&Seals::new(new, None).to_bytes()).made_for(b"old"), None);
    }

    #[test]
    fn the_newer_authority_over_the_same_bytes_counts() {
        let seals = Seals::new(seal(b"same", 2), Some(seal(b"same", 1)));
        assert_eq!(Seals::parse(&seals.to_bytes()).made_for(b"same"), Some(seal(b"same", 2)));
    }

    #[test]
    fn a_damaged_file_has_no_seals() {
        for seals in [Seals::new(seal(b"new", 2), Some(seal(b"old", 1))), Seals::new(seal(b"new", 2), None)] {
            let file = seals.to_bytes();
            for length in 0..file.len() {
                assert_eq!(Seals::parse(&file[..length]), Seals::default(), "cut at {length}");
            }
            for at in 0..file.len() {
                let mut changed = file.clone();
                changed[at] ^= 1;
                assert_eq!(Seals::parse(&changed), Seals::default(), "changed at {at}");
            }
            assert_eq!(Seals::parse(&[&file[..], b"\n"].concat()), Seals::default());
            assert_eq!(Seals::parse(&vec![0; file.len()]), Seals::default());
        }
    }
}
