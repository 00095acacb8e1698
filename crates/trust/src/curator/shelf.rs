//! Where a curator's statements stand, and from which role each is accepted.

use affineur_packaging::{FileName, ProjectName};
use affineur_tuf::{Chain, ParseTargetPathError, RoleLabel, TargetPath, TopRole};

use crate::listing::Misplaced;

/// The role of those authors who are trusted.
pub const TRUSTED_AUTHOR: &str = "trusted-author";
/// The role that publishes ballots.
pub const VOTED: &str = "voted";
/// The role that publishes audits.
pub const AUDITED: &str = "audited";
/// The role that publishes objections and withdrawals. It has a key of its own: who holds the others cannot hide what is in it.
pub const OBJECTIONS: &str = "objections";

/// A place for statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf<'a> {
    /// Who votes and who audits.
    People,
    /// Which other curators are passed on.
    Curators,
    /// Whose signatures are trusted for a project.
    Authors(&'a ProjectName),
    /// Ballots about a file.
    Voted(&'a FileName),
    /// Audits of a file.
    Audited(&'a FileName),
    /// Objections to a project or something of it.
    Objections(&'a ProjectName),
    /// Objections to authors.
    ObjectionsToAuthors,
}

impl Shelf<'_> {
    /// The path of its target.
    ///
    /// # Errors
    /// None in practice: names of projects and files are plain segments of bounded length.
    pub fn path(self) -> Result<TargetPath, ParseTargetPathError> {
        match self {
            Self::People => "people.json".parse(),
            Self::Curators => "curators.json".parse(),
            Self::Authors(project) => format!("authors/{project}").parse(),
            Self::Voted(file) => format!("voted/{}/{file}", file.project()).parse(),
            Self::Audited(file) => format!("audited/{}/{file}", file.project()).parse(),
            Self::Objections(project) => format!("objections/{project}").parse(),
            // No project's name begins so.
            Self::ObjectionsToAuthors => "objections/_authors".parse(),
        }
    }

    /// The role that signs it; `None`: the top-level targets role itself.
    #[must_use]
    pub const fn role(self) -> Option<&'static str> {
        match self {
            Self::People | Self::Curators => None,
            Self::Authors(_) => Some(TRUSTED_AUTHOR),
            Self::Voted(_) => Some(VOTED),
            Self::Audited(_) => Some(AUDITED),
            Self::Objections(_) | Self::ObjectionsToAuthors => Some(OBJECTIONS),
        }
    }

    /// Which paths each role signs, and no other.
    #[must_use]
    pub const fn patterns() -> [(&'static str, &'static str); 4] {
        [(TRUSTED_AUTHOR, "authors/*"), (VOTED, "voted/*/*"), (AUDITED, "audited/*/*"), (OBJECTIONS, "objections/*")]
    }

    /// The one function that says whether something may stand here that came through this chain of roles.
    ///
    /// # Errors
    /// [`Misplaced`].
    pub fn accepts(self, chain: &Chain) -> Result<(), Misplaced> {
        let roles: Vec<&RoleLabel> = chain.steps().iter().map(|step| &step.role).collect();
        let accepted = match (self.role(), roles.as_slice()) {
            (None, [RoleLabel::Top(TopRole::Targets)]) => true,
            (Some(expected), [RoleLabel::Top(TopRole::Targets), RoleLabel::Delegated(role)]) => role.as_str() == expected,
            _ => false,
        };
        let last = roles.last().map_or(RoleLabel::Top(TopRole::Targets), |role| (*role).clone());
        if accepted { Ok(()) } else { Err(Misplaced { role: last }) }
    }
}
