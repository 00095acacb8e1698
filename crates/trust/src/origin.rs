//! Origins: whose key a vouch rests on in the end, however many parties passed it on (DESIGN §4.4).

use std::fmt;
use std::sync::Arc;

use affineur_packaging::Sha256;
use affineur_packaging::text::printable;
use affineur_tuf::Chain;
use aws_lc_rs::digest::{SHA256, digest};

use crate::limits;

/// What a vouch rests on in the end. Two vouches with a common origin are one piece of evidence.
///
/// A key is the same origin whatever it is used for: a project's key in an index, the same key as an author whom a curator
/// trusts, as a voter's or an auditor's.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// A key of a project, an author, a voter or an auditor: the digest of the key itself, never of an identifier.
    Key(Sha256),
    /// A publisher of PEP 740: who says who it is, and who it is. Never the certificate's own key.
    Publisher {
        /// The issuer of the identity.
        issuer: String,
        /// The identity.
        identity: String,
    },
    /// An index that signs by itself, for projects that nobody claimed.
    Index(Sha256),
}

/// All origins of one vouch: at least one, each once, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins {
    origins: Arc<[Origin]>,
    /// The first bytes of a digest of each: what comparing begins with.
    marks: Arc<[u64]>,
}

impl Origins {
    /// A set of origins, the first of which makes sure that there is one.
    #[must_use]
    pub fn new(first: Origin, others: impl IntoIterator<Item = Origin>) -> Self {
        let mut origins: Vec<_> = std::iter::once(first).chain(others).collect();
        origins.sort();
        origins.dedup();
        Self { marks: origins.iter().map(mark).collect(), origins: origins.into() }
    }

    /// The index behind a chain of roles: the keys of its top-level targets role, which are offline.
    pub(crate) fn of_index(chain: &Chain) -> Self {
        let mut keys: Vec<_> = chain.steps().first().map(|step| step.keyids.iter().collect()).unwrap_or_default();
        keys.sort();
        let text: Vec<_> = keys.iter().map(|key: &&affineur_tuf::key::KeyId| key.as_str()).collect();
        Self::new(Origin::Index(sha256(text.join("\n").as_bytes())), [])
    }

    /// In order.
    pub fn iter(&self) -> std::slice::Iter<'_, Origin> {
        self.origins.iter()
    }

    /// Whether it is one of them.
    #[must_use]
    pub fn contains(&self, origin: &Origin) -> bool {
        self.origins.binary_search(origin).is_ok()
    }

    /// Whether the two have an origin in common.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let (few, many) = if self.origins.len() <= other.origins.len() { (self, other) } else { (other, self) };
        few.iter().any(|origin| many.contains(origin))
    }

    /// For finding quickly that many have nothing in common. Equal origins have equal marks.
    pub(crate) fn marks(&self) -> &[u64] {
        &self.marks
    }
}

impl<'a> IntoIterator for &'a Origins {
    type Item = &'a Origin;
    type IntoIter = std::slice::Iter<'a, Origin>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

fn mark(origin: &Origin) -> u64 {
    let digest = match origin {
        Origin::Key(key) | Origin::Index(key) => *key,
        Origin::Publisher { issuer, identity } => sha256(format!("{issuer}\n{identity}").as_bytes()),
    };
    digest.as_bytes().iter().take(8).fold(0, |mark, byte| mark << 8 | u64::from(*byte))
}

pub(crate) fn sha256(bytes: &[u8]) -> Sha256 {
    let mut value = [0; 32];
    value.copy_from_slice(digest(&SHA256, bytes).as_ref());
    Sha256::from_bytes(value)
}

/// For one line of printable ASCII.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "key {}", crate::text::short(key)),
            Self::Index(key) => write!(f, "index {}", crate::text::short(key)),
            Self::Publisher { issuer, identity } => {
                let most = limits::QUOTED_CHARACTERS;
                write!(f, "publisher {} of {}", printable(identity, most), printable(issuer, most))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Origin {
        Origin::Key(Sha256::from_bytes([byte; 32]))
    }

    fn publisher(identity: &str) -> Origin {
        Origin::Publisher { issuer: "https://issuer.example".to_owned(), identity: identity.to_owned() }
    }

    #[test]
    fn origins_are_a_set() {
        let origins = Origins::new(key(2), [key(1), publisher("x"), key(2)]);
        assert_eq!(origins.iter().collect::<Vec<_>>(), [&key(1), &key(2), &publisher("x")]);
        assert_eq!(origins, Origins::new(publisher("x"), [key(1), key(2), key(1)]));
        assert_eq!(origins.marks().len(), 3);
    }

    #[test]
    fn only_a_common_origin_is_one_and_equal_origins_have_equal_marks() {
        let one = Origins::new(key(1), [publisher("x")]);
        assert!(one.meets(&Origins::new(publisher("x"), [key(9)])));
        assert!(one.meets(&Origins::new(key(1), [])));
        assert!(!one.meets(&Origins::new(key(2), [publisher("y")])));
        assert!(!one.meets(&Origins::new(Origin::Index(Sha256::from_bytes([1; 32])), [])), "an index is no key");
        assert_eq!(Origins::new(publisher("x"), []).marks(), Origins::new(publisher("x"), []).marks());
        assert_ne!(Origins::new(publisher("x"), []).marks(), Origins::new(publisher("y"), []).marks());
    }
}
