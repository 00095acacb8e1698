//! Seals: records that certain bytes were verified, by what. The next start may then skip verifying them.
//!
//! A role's seal file has at most two of them, newest first:
//!
//! ```text
//! "affineur seals 1\n"  (content authority online_keys){1,2}  SHA-256 of all before
//! ```
//!
//! The digest at the end is for files that a loss of power tore: a seal is whole, or it is none.

use affineur_tuf::Seal;
use aws_lc_rs::digest::{SHA256, digest};

/// The bytes of a SHA-256.
const DIGEST_BYTES: usize = 32;
/// The first line of a seal file.
pub(crate) const HEADER: &[u8] = b"affineur seals 1\n";

/// What a seal file says: two, so that during a replacement both the old bytes and the new ones have theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Seals {
    newest: Option<Seal>,
    previous: Option<Seal>,
}

impl Seals {
    /// `previous` is left out if it is for the same bytes: what verified them last counts.
    pub(super) fn new(newest: Seal, previous: Option<Seal>) -> Self {
        let previous = previous.filter(|previous| previous.content() != newest.content());
        Self { newest: Some(newest), previous }
    }

    /// The seal for these very bytes.
    pub(super) fn made_for(&self, bytes: &[u8]) -> Option<Seal> {
        let newest = self.newest?;
        let content = sha256(bytes);
        [Some(newest), self.previous].into_iter().flatten().find(|seal| *seal.content() == content)
    }

    /// Anything but a whole file that we wrote says nothing.
    pub(super) fn parse(file: &[u8]) -> Self {
        Self::parse_whole(file).unwrap_or_default()
    }

    fn parse_whole(file: &[u8]) -> Option<Self> {
        let (covered, digest) = file.split_last_chunk::<DIGEST_BYTES>()?;
        let (newest, rest) = covered.strip_prefix(HEADER)?.split_first_chunk::<{ Seal::BYTES }>()?;
        let previous = match rest.is_empty() {
            true => None,
            false => Some(Seal::from_bytes(rest.try_into().ok()?)),
        };
        (sha256(covered) == *digest).then_some(Self { newest: Some(Seal::from_bytes(newest)), previous })
    }

    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut file = HEADER.to_vec();
        for seal in [self.newest, self.previous].into_iter().flatten() {
            file.extend(seal.to_bytes());
        }
        file.extend(sha256(&file));
        file
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
        let mut seal = [authority; Seal::BYTES];
        seal[..32].copy_from_slice(&sha256(bytes));
        Seal::from_bytes(&seal)
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
