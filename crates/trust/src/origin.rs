//! Origins: whose key a vouch rests on in the end, however many parties passed it on (DESIGN §4.4).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use affineur_packaging::Sha256;
use affineur_packaging::text::printable;
use affineur_tuf::Chain;
use aws_lc_rs::digest::{SHA256, digest};

use crate::{Author, PublisherName, limits};

/// What a vouch rests on in the end. Two vouches with a common origin are one piece of evidence.
///
/// A key is the same origin whatever it is used for: a project's key in an index, the same key as an author whom a curator
/// trusts, as a voter's or an auditor's.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// A key of a project, an author, a voter or an auditor: the digest of the key itself, never of an identifier.
    Key(Sha256),
    /// A publisher of PEP 740. Never the certificate's own key.
    Publisher(PublisherOrigin),
    /// An index that signs by itself, for projects that nobody claimed.
    Index(Sha256),
}

/// A publisher: who says who it is, and who it is. Two of one identity are equal whatever their names: all workflows of one repository
/// are one origin. Objections go by the name.
#[derive(Debug, Clone)]
pub struct PublisherOrigin {
    name: PublisherName,
    issuer: String,
    identity: String,
}

/// All origins of one vouch: at least one, in order; each once, and a publisher once for each name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins {
    origins: Arc<[Origin]>,
    /// The first bytes of a digest of each: what comparing begins with.
    marks: Arc<[u64]>,
}

impl Origin {
    /// A publisher of this name, whose identity an issuer vouches for.
    #[must_use]
    pub const fn publisher(name: PublisherName, issuer: String, identity: String) -> Self {
        Self::Publisher(PublisherOrigin { name, issuer, identity })
    }

    /// By name too: a publisher's names all stay.
    fn compare(&self, other: &Self) -> Ordering {
        self.cmp(other).then_with(|| match (self, other) {
            (Self::Publisher(one), Self::Publisher(other)) => one.name.cmp(&other.name),
            _ => Ordering::Equal,
        })
    }

    /// Whether it is an author: the key, or a publisher whom the name means.
    fn is_of(&self, author: &Author) -> bool {
        match (self, author) {
            (Self::Key(key), Author::Key(of)) => key == of,
            (Self::Publisher(publisher), Author::Publisher(name)) => publisher.name.is(name),
            (Self::Key(_) | Self::Index(_) | Self::Publisher(_), _) => false,
        }
    }
}

impl PublisherOrigin {
    fn identity(&self) -> (&str, &str) {
        (&self.issuer, &self.identity)
    }
}

impl PartialEq for PublisherOrigin {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for PublisherOrigin {}

impl PartialOrd for PublisherOrigin {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PublisherOrigin {
    fn cmp(&self, other: &Self) -> Ordering {
        self.identity().cmp(&other.identity())
    }
}

impl Hash for PublisherOrigin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl Origins {
    /// A set of origins, the first of which makes sure that there is one.
    #[must_use]
    pub fn new(first: Origin, others: impl IntoIterator<Item = Origin>) -> Self {
        let mut origins: Vec<_> = std::iter::once(first).chain(others).collect();
        origins.sort_by(Origin::compare);
        origins.dedup_by(|one, other| one.compare(other).is_eq());
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

    /// Whether they are an author's: of one publisher among them, every name is looked at.
    #[must_use]
    pub fn rest_on(&self, author: &Author) -> bool {
        self.iter().any(|origin| origin.is_of(author))
    }

    /// Whether the two have an origin in common.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let (few, many) = if self.origins.len() <= other.origins.len() { (self, other) } else { (other, self) };
        few.iter().any(|origin| many.contains(origin))
    }

    /// Whether they are the same, and known by the same names.
    pub(crate) fn is(&self, other: &Self) -> bool {
        let same = |(one, other): (&Origin, &Origin)| one.compare(other).is_eq();
        Arc::ptr_eq(&self.origins, &other.origins)
            || self.origins.len() == other.origins.len() && self.iter().zip(other).all(same)
    }

    /// Whether all of them are among the others.
    pub(crate) fn are_within(&self, others: &Self) -> bool {
        self.origins.len() <= others.origins.len() && self.iter().all(|origin| others.contains(origin))
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
        Origin::Publisher(PublisherOrigin { issuer, identity, .. }) => sha256(format!("{issuer}\n{identity}").as_bytes()),
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
            Self::Publisher(publisher) => {
                write!(f, "publisher {}", printable(&publisher.name.to_string(), limits::QUOTED_CHARACTERS))
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

    fn named(name: &str, identity: &str) -> Origin {
        Origin::publisher(name.parse().unwrap(), "https://issuer.example".to_owned(), identity.to_owned())
    }

    fn publisher(identity: &str) -> Origin {
        named("github:psf/requests/release.yml@pypi", identity)
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

    #[test]
    fn a_publisher_is_one_origin_by_any_name_and_objections_go_by_each() {
        let by = |name: &str| named(name, "repository 1");
        let one = Origins::new(by("github:psf/requests/release.yml@pypi"), [by("github:PSF/Requests/ci.yml")]);
        assert!(one.meets(&Origins::new(by("github:elsewhere/renamed/release.yml"), [])));
        assert_eq!(one.iter().count(), 2);
        let rests = |name: &str| one.rest_on(&Author::Publisher(name.parse().unwrap()));
        for name in [
            "github:psf/requests/release.yml",
            "github:psf/requests/release.yml@pypi",
            "github:PSF/requests/release.yml",
            "github:psf/requests/ci.yml",
        ] {
            assert!(rests(name), "{name}");
        }
        for name in ["github:psf/requests/release.yml@test", "github:psf/other/release.yml", "google:a@b.example"] {
            assert!(!rests(name), "{name}");
        }
        assert!(!one.rest_on(&Author::Key(Sha256::from_bytes([1; 32]))));
        assert!(Origins::new(key(1), []).rest_on(&Author::Key(Sha256::from_bytes([1; 32]))));
    }

    #[test]
    fn an_objection_to_a_workflow_holds_for_every_environment_and_whatever_number_the_repository_has() {
        let author = Author::Publisher("github:psf/requests/release.yml".parse().unwrap());
        for environment in ["", "@pypi", "@test", "@a b"] {
            for identity in ["repository 1", "repository 2", "psf/requests"] {
                let origin = named(&format!("github:Psf/requests/release.yml{environment}"), identity);
                assert!(Origins::new(key(1), [origin]).rest_on(&author), "{environment} {identity}");
            }
        }
    }
}
