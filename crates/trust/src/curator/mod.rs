//! Curators (DESIGN §4.4): small TUF repositories whose statements say something about files of others.
//!
//! ```text
//! targets ─┬─ people.json                          who votes and who audits, and how many votes it takes
//!          ├─ curators.json                        other curators whose vouches are passed on
//!          ├─ trusted-author   authors/<project>          whose signatures are trusted, until when
//!          ├─ voted            voted/<project>/<file>     signed ballots; length and digest are the file's own
//!          ├─ audited          audited/<project>/<file>   signed audits; likewise
//!          └─ objections       objections/<project>       what is objected to; objections/_authors: to whom
//! ```
//!
//! Each target is looked up by itself and accepted from its own role alone ([`Shelf::accepts`]). A role that collects what people
//! signed can leave something out; it cannot vote or audit: ballots and audits are counted here, by the keys that the offline
//! role names.
//!
//! Nothing here fetches: what was found in verified metadata comes in, claims come out.

mod audit;
mod author;
mod ballot;
mod delegates;
mod objections;
mod people;
mod shelf;
mod statements;
#[cfg(test)]
mod tests;
mod ways;

pub use audit::{Audit, AuditProgress, AuditSearch, Base, Criteria};
pub use author::{AuthorStatement, AuthorStatements, TrustedAuthor, authors, vouch_of_author};
pub use ballot::{Ballot, Seen, Vote, count};
pub use delegates::{Delegate, DelegatesError};
pub use objections::{Objected, ObjectionStatement, ObjectionStatements, objections, withdrawn};
pub use people::{CuratorId, ParseCuratorIdError, People, PeopleError, Person, Roster};
pub use shelf::{AUDITED, OBJECTIONS, Shelf, TRUSTED_AUTHOR, VOTED};
pub use statements::{CuratorFault, SignedStatements};

use affineur_packaging::Sha256;

pub use crate::Author;
use crate::Vouches;

/// What one level of a curator says about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It vouches.
    Vouches(Vouches),
    /// It vouches for other bytes under this name.
    Contradicts {
        /// Their digest, where it is a SHA-256.
        sha256: Option<Sha256>,
    },
    /// Nothing that counts.
    Silent,
}
