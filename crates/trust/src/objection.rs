//! Objections: signed statements against something. A party's objection withholds where the policy has it in `veto`.

use affineur_packaging::{ProjectName, Sha256, VersionSpecifiers};
use jiff::Timestamp;

use crate::{Author, FileFact, PartyName, ReferenceTime, Vouches};

/// A statement against something, for a time and with a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// Who objects.
    pub party: PartyName,
    /// Against what.
    pub against: Against,
    /// Why, in the party's own words; shown as one line of printable ASCII.
    pub reason: String,
    /// When it ends.
    pub expires: Timestamp,
}

/// Against what somebody objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Against {
    /// A file with these bytes, whatever its name.
    File(Sha256),
    /// Some versions of a project.
    Versions {
        /// The project.
        project: ProjectName,
        /// Which versions.
        versions: VersionSpecifiers,
    },
    /// Everything of a project.
    Project(ProjectName),
    /// Everything that rests on this key or publisher.
    Author(Author),
}

impl Objection {
    /// Whether it has not ended.
    #[must_use]
    pub fn is_active(&self, now: ReferenceTime) -> bool {
        now < self.expires
    }

    /// Whether it is against this file, or against somebody on whose word its source vouches.
    #[must_use]
    pub fn is_against(&self, file: &FileFact, source: Option<&Vouches>) -> bool {
        match &self.against {
            Against::File(sha256) => file.sha256 == Some(*sha256),
            Against::Versions { project, versions } => *project == file.project && versions.contains(file.name.version()),
            Against::Project(project) => *project == file.project,
            Against::Author(author) => {
                source.is_some_and(|vouches| vouches.about(file).any(|vouched| vouched.origins().rest_on(author)))
            }
        }
    }
}
