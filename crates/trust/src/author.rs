//! Authors: on whose word a vouch rests, and to whom somebody objects.

use affineur_packaging::Sha256;

use crate::PublisherName;

/// Whose signature is trusted, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// Who holds this key: the SHA-256 of the key itself.
    Key(Sha256),
    /// A publisher of PEP 740: a name without an environment means all environments.
    Publisher(PublisherName),
}
