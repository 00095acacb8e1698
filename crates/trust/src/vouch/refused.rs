//! Why a repository does not vouch: data that prints itself in our own words. What stands in metadata that could not be
//! verified never gets in here; names of roles and an index's own words are made printable and cut.

use std::fmt;

use affineur_packaging::text::printable;
use affineur_tuf::{Error, Fault, Mismatch, RoleLabel};
use jiff::Timestamp;

use crate::listing::{ListingError, Misplaced};
use crate::text::minute;
use crate::{Class, limits};

/// Why a repository that was asked does not vouch for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotVouched {
    /// A role's metadata are not acceptable.
    Metadata(Error),
    /// One of the two documents is not acceptable.
    Document {
        /// Which.
        document: DocumentKind,
        /// What is wrong with it.
        fault: DocumentFault,
    },
    /// It has one of the two documents and not the other one.
    OneMissing(DocumentKind),
    /// More roles would have had to be asked than a search may ask.
    GaveUp {
        /// How many were asked.
        visited: u32,
    },
    /// Something of it could not be had.
    Unreachable {
        /// What, and why not, in our own words.
        problem: String,
        /// When it last gave a current answer to this process.
        last_heard: Option<Timestamp>,
    },
    /// The index withholds the whole project.
    Quarantined {
        /// Why, in the words that the index signed.
        reason: Option<String>,
    },
    /// The file was seen on a page that nobody signed.
    OnlyPinned,
}

/// A document: of an index the two about a project, of a curator its lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// Which files it has.
    Listing,
    /// What the index says about it.
    Overlay,
    /// Who votes and who audits.
    People,
    /// Which other curators are passed on.
    Curators,
}

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentFault {
    /// Its bytes are not the ones that the role vouches for.
    Differs(Mismatch),
    /// It is signed by a role from which it is not accepted.
    Misplaced(Misplaced),
    /// It is signed and cannot be read.
    Unreadable(ListingError),
    /// It is larger than documents may be.
    TooLarge {
        /// Its length as it is signed.
        length: u64,
    },
}

impl From<Error> for NotVouched {
    fn from(error: Error) -> Self {
        Self::Metadata(error)
    }
}

impl NotVouched {
    /// A word for programs; never changes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Metadata(Error { fault, .. }) => metadata_code(fault),
            Self::Document { fault: DocumentFault::Differs(_), .. } => "document-differs",
            Self::Document { fault: DocumentFault::Misplaced(_), .. } => "document-misplaced",
            Self::Document { fault: DocumentFault::Unreadable(_), .. } => "document-unreadable",
            Self::Document { fault: DocumentFault::TooLarge { .. }, .. } => "document-too-large",
            Self::OneMissing(_) => "document-missing",
            Self::GaveUp { .. } => "search-gave-up",
            Self::Unreachable { .. } => "repository-unreachable",
            Self::Quarantined { .. } => "quarantined",
            Self::OnlyPinned => "only-pinned",
        }
    }

    /// How bad it is.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::Metadata(error) if error.fault.is_hostile() => Class::Hostile,
            Self::Document { fault: DocumentFault::TooLarge { .. }, .. } => Class::Undecided,
            Self::Document { .. } => Class::Hostile,
            Self::Metadata(_) | Self::OneMissing(_) | Self::GaveUp { .. } | Self::Unreachable { .. } => Class::Undecided,
            Self::Quarantined { .. } | Self::OnlyPinned => Class::Refused,
        }
    }

    /// What would change it, for one line of printable ASCII.
    #[must_use]
    pub fn remedy(&self, party: &impl fmt::Display) -> String {
        match self {
            _ if self.class() == Class::Hostile => {
                format!("do not use this project now; ask who runs {party} why, and keep the evidence")
            }
            Self::Metadata(Error { role, .. }) => format!("try again when {party} has an acceptable {}", named(role)),
            Self::Quarantined { .. } => format!("ask {party} why, or wait until it lifts the quarantine"),
            Self::OnlyPinned => format!("{party} has to vouch for it: pages that nobody signed do not count"),
            _ => format!("try again when {party} answers completely"),
        }
    }
}

const fn metadata_code(fault: &Fault) -> &'static str {
    match fault {
        Fault::Rollback { .. } | Fault::ListedRollback { .. } | Fault::Unlisted(_) => "metadata-rollback",
        Fault::Threshold { .. } | Fault::SignedTwice(_) | Fault::SameKey { .. } => "metadata-signatures",
        Fault::Mismatch(_) | Fault::Version { .. } | Fault::NotListed => "metadata-inconsistent",
        Fault::Json(_) | Fault::Format(_) | Fault::Kind { .. } => "metadata-unreadable",
        Fault::Expired { .. } | Fault::LastVersion(_) => "metadata-expired",
    }
}

/// A role's name, fit to be shown.
fn named(role: &RoleLabel) -> String {
    printable(role.as_str(), limits::ROLE_CHARACTERS)
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Listing => "listing",
            Self::Overlay => "overlay",
            Self::People => "list of people",
            Self::Curators => "list of curators",
        })
    }
}

impl fmt::Display for NotVouched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metadata(error) => write_metadata(f, error),
            Self::Document { document, fault } => match fault {
                DocumentFault::Differs(_) => write!(f, "the {document} that came is not the signed one"),
                DocumentFault::Misplaced(Misplaced { role }) => {
                    write!(f, "the {document} is signed by {}, from which none is accepted", named(role))
                }
                DocumentFault::Unreadable(_) => write!(f, "the {document} is signed and cannot be read"),
                DocumentFault::TooLarge { length } => write!(f, "the {document} has {length} bytes, too many"),
            },
            Self::OneMissing(DocumentKind::Listing) => write!(f, "it has an overlay of this project and no listing"),
            Self::OneMissing(DocumentKind::Overlay) => write!(f, "it has a listing of this project and no overlay"),
            Self::OneMissing(document) => write!(f, "it has no {document}"),
            Self::GaveUp { visited } => write!(f, "{visited} roles were asked, and more would have had to be"),
            Self::Unreachable { problem, last_heard } => {
                f.write_str(printable(problem, limits::PROBLEM_CHARACTERS).trim_end_matches(['.', ' ']))?;
                match last_heard {
                    Some(time) => write!(f, " (last current answer {})", minute(*time)),
                    None => Ok(()),
                }
            }
            Self::Quarantined { reason } => {
                f.write_str("it has quarantined this project")?;
                let reason = reason.as_deref().map(|reason| printable(reason, limits::PROBLEM_CHARACTERS));
                match reason.filter(|reason| !reason.is_empty()) {
                    Some(reason) => write!(f, " and says \"{}\"", reason.replace('"', "'")),
                    None => Ok(()),
                }
            }
            Self::OnlyPinned => f.write_str("the file was seen on a page that nobody signed"),
        }
    }
}

fn write_metadata(f: &mut fmt::Formatter<'_>, Error { role, fault }: &Error) -> fmt::Result {
    let role = named(role);
    match fault {
        Fault::Json(_) | Fault::Format(_) => write!(f, "{role} cannot be read as metadata"),
        Fault::Kind { expected, .. } => write!(f, "{role} is metadata of another kind than {expected}"),
        Fault::SignedTwice(_) | Fault::SameKey { .. } => write!(f, "in {role} one key would count twice"),
        Fault::Threshold { threshold, found, .. } => {
            write!(f, "{role} is signed by {found} of the {threshold} keys that must sign it")
        }
        Fault::Version { expected, found } => write!(f, "{role} is version {found}, and version {expected} is the listed one"),
        Fault::Rollback { floor, found } => {
            write!(f, "{role} is version {found}, and version {floor} was seen before: a rollback")
        }
        Fault::ListedRollback { listed, floor, found } => {
            let listed = printable(listed, limits::ROLE_CHARACTERS);
            write!(f, "{role} lists version {found} of {listed}, and version {floor} was seen before: a rollback")
        }
        Fault::Unlisted(_) => write!(f, "{role} no longer lists a role that it listed before: a rollback"),
        Fault::NotListed => write!(f, "{role} is not in the snapshot"),
        Fault::Mismatch(_) => write!(f, "{role} is not the file that is listed"),
        Fault::Expired { expires, .. } => write!(f, "{role} expired {}, and nothing newer came", minute(expires.time())),
        Fault::LastVersion(version) => write!(f, "{role} can have no version after {version}"),
    }
}
