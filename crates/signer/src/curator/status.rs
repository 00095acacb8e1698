//! What a curator says, what is signed until when, what waits for whom.

use affineur_trust::curator::{AuthorStatements, Delegate, ObjectionStatements, SignedStatements};
use affineur_tuf::edit::expiry_of;
use affineur_tuf::{Expiry, Role as _, Root, Targets};
use jiff::Timestamp;

use super::demand::reopen;
use super::edit::list_of;
use super::publish::is_near;
use super::shelves::{OwnedShelf, shelf_of};
use super::statement::period_of;
use super::{Curator, CuratorError, CuratorRole, Waiting};
use crate::limits;

/// A curator's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Each role that is served.
    pub roles: Vec<RoleStatus>,
    /// What waits, and for whom.
    pub waiting: Vec<Waiting>,
    /// Trusted authors, of all projects.
    pub authors: usize,
    /// Ballots that count now.
    pub ballots: usize,
    /// Audits that count now.
    pub audits: usize,
    /// Objections that hold now.
    pub objections: usize,
    /// Further curators.
    pub delegates: Vec<Delegate>,
    /// What ends within [`limits::ENDING_DAYS`], the first first: where it stands, and when.
    pub ending: Vec<(String, Timestamp)>,
}

/// A role that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleStatus {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u64,
    /// When it expires.
    pub expires: Expiry,
    /// Whether little of its validity is left.
    pub is_due: bool,
}

impl Curator {
    /// Looks at what is served and what waits.
    ///
    /// # Errors
    /// See [`CuratorError`].
    pub fn status(&self, now: Timestamp) -> Result<Status, CuratorError> {
        let mut status = Status {
            roles: self.roles(now)?,
            waiting: self.waiting()?,
            authors: 0,
            ballots: 0,
            audits: 0,
            objections: 0,
            delegates: if self.served.roles.is_empty() { Vec::new() } else { self.delegates()? },
            ending: Vec::new(),
        };
        for role in CuratorRole::STATEMENTS {
            let Some(served) = self.served.targets(role)? else { continue };
            for (path, target) in served.body().targets() {
                let ends: Vec<Timestamp> = match shelf_of(path) {
                    Some(OwnedShelf::Authors(_)) => {
                        list_of::<AuthorStatements>(path, target)?.authors.iter().map(|author| author.until).collect()
                    }
                    Some(OwnedShelf::Objections(_) | OwnedShelf::ObjectionsToAuthors) => {
                        list_of::<ObjectionStatements>(path, target)?.objections.iter().map(|one| one.expires).collect()
                    }
                    _ => {
                        let statements = list_of::<SignedStatements>(path, target)?.statements;
                        statements.iter().filter_map(period_of).map(|(_, expires)| expires).collect()
                    }
                };
                let current: Vec<Timestamp> = ends.into_iter().filter(|end| now < *end).collect();
                let count = match role {
                    CuratorRole::TrustedAuthor => &mut status.authors,
                    CuratorRole::Voted => &mut status.ballots,
                    CuratorRole::Audited => &mut status.audits,
                    _ => &mut status.objections,
                };
                *count += current.len();
                let ends_soon = |end: &Timestamp| end.duration_since(now).as_hours() < 24 * limits::ENDING_DAYS;
                status.ending.extend(current.into_iter().filter(ends_soon).map(|end| (path.to_owned(), end)));
            }
        }
        status.ending.sort_by_key(|(_, end)| *end);
        Ok(status)
    }

    fn roles(&self, now: Timestamp) -> Result<Vec<RoleStatus>, CuratorError> {
        let mut roles = Vec::new();
        for (role, file) in &self.served.roles {
            let version = match role {
                CuratorRole::Root => reopen::<Root>(*role, file)?.version(),
                _ => reopen::<Targets>(*role, file)?.version(),
            };
            let expires = expiry_of(file).map_err(|fault| CuratorError::Shape { role: *role, problem: fault.to_string() })?;
            roles.push(role_status(role.as_str(), version.number(), expires, self.settings.days.of(*role), now));
        }
        let days = self.settings.days;
        if let (Some(snapshot), Some(timestamp)) = (&self.served.snapshot, &self.served.timestamp) {
            let (version, expires) = (snapshot.version().number(), snapshot.body().expires());
            roles.push(role_status("snapshot", version, expires, days.snapshot, now));
            let (version, expires) = (timestamp.version().number(), timestamp.body().expires());
            roles.push(role_status("timestamp", version, expires, days.timestamp, now));
        }
        Ok(roles)
    }
}

fn role_status(name: &str, version: u64, expires: Expiry, days: u32, now: Timestamp) -> RoleStatus {
    RoleStatus { name: name.to_owned(), version, expires, is_due: is_near(expires.time(), days, now) }
}
