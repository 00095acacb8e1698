//! A curator: a small TUF repository in a folder, of static files that any web server can serve (docs/formats/curator.md).
//!
//! ```text
//!  trust-author, object, voter, …  ─┐                        ┌─▶ public/   the new versions, timestamp last
//!  tally (ballots, audits)         ─┼─▶ work/ROLE.json ─▶ sign ─▶ publish
//!                                   │   a draft, unsigned    └─▶ what still waits, and for whom
//!  vote, audit: elsewhere, by people with keys of their own
//! ```
//!
//! Every change is a *draft* of the role's next version ([`Curator::edit`](edit)): nothing is signed by that. [`Curator::sign`] adds a
//! signature, on one machine or on several in turn. [`Curator::publish`] takes those drafts that enough keys signed, signs snapshot and
//! timestamp with the renewal key, looks at the whole as a client would, and writes the timestamp last.

mod audited;
mod client;
mod demand;
mod edit;
mod error;
mod folder;
mod initial;
mod people;
mod publish;
mod role;
mod rotate;
mod served;
mod settings;
mod shelves;
mod sign;
mod sound;
mod statement;
mod status;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;
use std::path::Path;

pub use audited::AuditedFile;
pub use client::Refusal;
pub use demand::{Demand, Voice};
pub use edit::{Withdrawal, Withdrawn};
pub use error::CuratorError;
pub use initial::{Initial, KeysOfRole};
pub use people::Kind;
pub use publish::{Published, Waiting};
pub use role::{CuratorRole, ParseCuratorRoleError};
pub use settings::{Days, Settings};
pub use statement::{Judged, NotTaken, Taken, length_and_digest, sign_statement};
pub use status::{RoleStatus, Status};

use self::folder::Files;
use self::served::Served;
use crate::disk::Lock;

/// A curator's folder, open and locked.
pub struct Curator {
    files: Files,
    settings: Settings,
    served: Served,
    drafts: BTreeMap<CuratorRole, Vec<u8>>,
    _lock: Box<dyn Lock>,
}

impl Curator {
    /// Opens the curator in a folder.
    ///
    /// # Errors
    /// See [`CuratorError`].
    pub fn open(path: &Path) -> Result<Self, CuratorError> {
        Self::on(Files::new(path))
    }

    fn on(files: Files) -> Result<Self, CuratorError> {
        let settings = files.settings()?;
        let lock = files.lock()?;
        let served = Served::read(&files)?;
        let mut drafts = BTreeMap::new();
        for role in CuratorRole::ALL {
            match files.draft(role)? {
                // Published before the process died that should have removed it.
                Some(draft) if served.role(role) == Some(draft.as_slice()) => files.remove_draft(role)?,
                Some(draft) => drop(drafts.insert(role, draft)),
                None => {}
            }
        }
        Ok(Self { files, settings, served, drafts, _lock: lock })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.files.path()
    }

    /// Its settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The first root, as users get it; `None` before the first publication.
    #[must_use]
    pub fn first_root(&self) -> Option<&[u8]> {
        self.served.files.get("1.root.json").map(Vec::as_slice)
    }

    /// The roles whose next version waits.
    pub fn drafted(&self) -> impl Iterator<Item = CuratorRole> {
        self.drafts.keys().copied()
    }
}
