//! Changes of what a curator says. Each goes into the draft of the role's next version; nothing is signed here.

use affineur_packaging::{FileName, ProjectName, Sha256};
use affineur_trust::Author;
use affineur_trust::curator::{
    AuthorStatement, AuthorStatements, Delegate, Objected, ObjectionStatement, ObjectionStatements, Shelf, SignedStatements,
};
use affineur_trust::limits::{AUTHORS, LISTING_TEXT_BYTES, OBJECTIONS};
use affineur_tuf::edit::{Draft, SignError};
use affineur_tuf::{Hashes, Role, TargetFile, TargetPath, Targets};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::demand::reopen;
use super::settings::expiry;
use super::shelves::shelf_of;
use super::statement::period_of;
use super::{Curator, CuratorError, CuratorRole};

/// What is to be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Withdrawal {
    /// The audits of a file.
    Audits(FileName),
    /// All ballots about a file.
    Ballots(FileName),
    /// An objection to something of a project, or to an author where there is no project.
    Objection(Option<ProjectName>, Objected),
}

/// What was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Withdrawn {
    /// Audits or ballots; until this time an objection to the file says so, which the same key cannot hide.
    Vouches(Timestamp),
    /// An objection.
    Objection,
}

impl Curator {
    /// Trusts an author of a project until a time.
    ///
    /// # Errors
    /// See [`CuratorError`].
    pub fn trust_author(
        &mut self,
        project: &ProjectName,
        author: &Author,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), CuratorError> {
        must_end_later(until, now)?;
        self.edit_list(CuratorRole::TrustedAuthor, Shelf::Authors(project), now, |list: &mut AuthorStatements| {
            list.authors.retain(|known| known.author != *author && now < known.until);
            list.authors.push(AuthorStatement { author: author.clone(), until });
            at_most(list.authors.len(), AUTHORS, "authors of a project")
        })
    }

    /// Trusts an author no longer.
    ///
    /// # Errors
    /// [`CuratorError::NotThere`], and see [`CuratorError`].
    pub fn distrust_author(&mut self, project: &ProjectName, author: &Author, now: Timestamp) -> Result<(), CuratorError> {
        self.edit_list(CuratorRole::TrustedAuthor, Shelf::Authors(project), now, |list: &mut AuthorStatements| {
            let before = list.authors.len();
            list.authors.retain(|known| known.author != *author);
            must_differ(before, list.authors.len(), || format!("a statement that trusts this author of {project}"))
        })
    }

    /// Objects to something of a project, or to an author where there is no project.
    ///
    /// # Errors
    /// See [`CuratorError`].
    pub fn object(
        &mut self,
        project: Option<&ProjectName>,
        objection: ObjectionStatement,
        now: Timestamp,
    ) -> Result<(), CuratorError> {
        must_end_later(objection.expires, now)?;
        let shelf = project.map_or(Shelf::ObjectionsToAuthors, Shelf::Objections);
        if objection.reason.trim().is_empty() || objection.against(shelf).is_none() {
            let problem = format!(
                "this objection means nothing there: a reason of 1 to {LISTING_TEXT_BYTES} bytes is needed, and a digest, versions or \
                 a publisher that can be read"
            );
            return Err(CuratorError::Statement { problem });
        }
        self.edit_list(CuratorRole::Objections, shelf, now, |list: &mut ObjectionStatements| {
            list.objections.retain(|known| known.against != objection.against && now < known.expires);
            list.objections.push(objection);
            at_most(list.objections.len(), OBJECTIONS, "objections at one place")
        })
    }

    /// Takes something back. Of audits and ballots that were published, an objection to the file says so until the last of them would
    /// have ended: whoever has the key of that role could publish them again.
    ///
    /// # Errors
    /// [`CuratorError::NotThere`], and see [`CuratorError`].
    pub fn withdraw(&mut self, what: &Withdrawal, reason: &str, now: Timestamp) -> Result<Withdrawn, CuratorError> {
        match what {
            Withdrawal::Audits(file) => self.withdraw_vouches(CuratorRole::Audited, Shelf::Audited(file), file, reason, now),
            Withdrawal::Ballots(file) => self.withdraw_vouches(CuratorRole::Voted, Shelf::Voted(file), file, reason, now),
            Withdrawal::Objection(project, against) => {
                let shelf = project.as_ref().map_or(Shelf::ObjectionsToAuthors, Shelf::Objections);
                self.edit_list(CuratorRole::Objections, shelf, now, |list: &mut ObjectionStatements| {
                    let before = list.objections.len();
                    list.objections.retain(|known| known.against != *against);
                    must_differ(before, list.objections.len(), || "such an objection".to_owned())
                })?;
                Ok(Withdrawn::Objection)
            }
        }
    }

    fn withdraw_vouches(
        &mut self,
        role: CuratorRole,
        shelf: Shelf<'_>,
        file: &FileName,
        reason: &str,
        now: Timestamp,
    ) -> Result<Withdrawn, CuratorError> {
        let path = path_of(shelf)?;
        let absent = || CuratorError::NotThere { what: path.to_string() };
        let target = self.next(role)?.body().target(&path).cloned().ok_or_else(absent)?;
        let last = last_expiry(&target).filter(|last| now < *last);
        self.edit(role, now, |draft| {
            draft.remove_target(&path);
            Ok(())
        })?;
        let sha256: Option<Sha256> = target.hashes().digest("sha256").and_then(|digest| digest.parse().ok());
        let (Some(expires), Some(sha256)) = (last, sha256) else { return Ok(Withdrawn::Vouches(now)) };
        let reason = format!("withdrawn by the curator: {reason}");
        let objection = ObjectionStatement { against: Objected::File(sha256.to_string()), reason, expires };
        self.object(Some(file.project()), objection, now)?;
        Ok(Withdrawn::Vouches(expires))
    }

    /// Lets another curator speak for this one. Replaces what was said of one of that name.
    ///
    /// # Errors
    /// See [`CuratorError`].
    pub fn delegate(&mut self, delegate: Delegate, now: Timestamp) -> Result<(), CuratorError> {
        let mut delegates = self.delegates()?;
        delegates.retain(|known| known.name != delegate.name);
        delegates.push(delegate);
        self.set_document(Shelf::Curators, &Delegate::to_bytes(&delegates), now)
    }

    /// No longer lets it.
    ///
    /// # Errors
    /// [`CuratorError::NotThere`], and see [`CuratorError`].
    pub fn undelegate(&mut self, name: &str, now: Timestamp) -> Result<(), CuratorError> {
        let mut delegates = self.delegates()?;
        let before = delegates.len();
        delegates.retain(|known| known.name != name);
        must_differ(before, delegates.len(), || format!("a curator {name:?}"))?;
        self.set_document(Shelf::Curators, &Delegate::to_bytes(&delegates), now)
    }

    /// The other curators who speak for this one, as they will be.
    ///
    /// # Errors
    /// See [`CuratorError`].
    pub fn delegates(&self) -> Result<Vec<Delegate>, CuratorError> {
        self.document(Shelf::Curators)?.map_or(Ok(Vec::new()), |bytes| Ok(Delegate::parse(&bytes)?))
    }

    // What the above is made of

    /// A role's next version as it stands: its draft, or what would be drafted.
    pub(super) fn next(&self, role: CuratorRole) -> Result<Draft<Targets>, CuratorError> {
        match (self.drafts.get(&role), self.served.targets(role)?) {
            (Some(draft), _) => reopen(role, draft),
            (None, Some(served)) => served.next().map_err(|fault| CuratorError::Sign(fault.into())),
            (None, None) => Err(CuratorError::Unpublished(role)),
        }
    }

    /// Changes the draft of a role. Whoever signed it before has to sign it again.
    pub(super) fn edit<T>(
        &mut self,
        role: CuratorRole,
        now: Timestamp,
        change: impl FnOnce(&mut Draft<Targets>) -> Result<T, CuratorError>,
    ) -> Result<T, CuratorError> {
        self.must_follow(role)?;
        let mut draft = self.next(role)?;
        let changed = change(&mut draft)?;
        draft.set_expires(expiry(now, self.settings.days.of(role)));
        self.put(role, &draft)?;
        Ok(changed)
    }

    /// Makes this the draft of a role, signed by nobody.
    pub(super) fn put<R: Role>(&mut self, role: CuratorRole, draft: &Draft<R>) -> Result<(), CuratorError> {
        let bytes = draft.sign([]).map_err(|error: SignError| CuratorError::from(error))?.into_bytes();
        self.files.write_draft(role, &bytes)?;
        self.drafts.insert(role, bytes);
        Ok(())
    }

    fn edit_list<T: Serialize + DeserializeOwned + Default + PartialEq>(
        &mut self,
        role: CuratorRole,
        shelf: Shelf<'_>,
        now: Timestamp,
        change: impl FnOnce(&mut T) -> Result<(), CuratorError>,
    ) -> Result<(), CuratorError> {
        let path = path_of(shelf)?;
        self.edit(role, now, |draft| {
            let mut list: T = list_at(draft, &path)?;
            change(&mut list)?;
            put_list(draft, &path, TargetFile::of(b""), &list)
        })
    }

    /// A document that targets lists, as it will be.
    pub(super) fn document(&self, shelf: Shelf<'_>) -> Result<Option<Vec<u8>>, CuratorError> {
        let path = path_of(shelf)?;
        let next = self.next(CuratorRole::Targets)?;
        let Some(target) = next.body().target(&path) else { return Ok(None) };
        self.document_of(&path, target).map(Some)
    }

    /// The bytes that a target describes: waiting, or served.
    pub(super) fn document_of(&self, path: &TargetPath, target: &TargetFile) -> Result<Vec<u8>, CuratorError> {
        let served = target.hashes().digest("sha256").map(|digest| self.files.target(&format!("{digest}.{path}")));
        let candidates = [self.files.document(path.as_str())?, served.transpose()?.flatten()];
        let meant = candidates.into_iter().flatten().find(|bytes| target.hashes().check(bytes).is_ok());
        meant.ok_or_else(|| CuratorError::Damaged {
            path: self.path().join("work/documents").join(path.as_str()),
            problem: "it is not what targets lists".to_owned(),
        })
    }

    /// Changes a document that targets lists. It is there before the draft that lists it.
    pub(super) fn set_document(&mut self, shelf: Shelf<'_>, bytes: &[u8], now: Timestamp) -> Result<(), CuratorError> {
        match shelf {
            Shelf::People => drop(affineur_trust::curator::People::parse(bytes)?),
            _ => drop(Delegate::parse(bytes)?),
        }
        let path = path_of(shelf)?;
        self.files.write_document(path.as_str(), bytes)?;
        self.edit(CuratorRole::Targets, now, |draft| {
            draft.add_target(&path, TargetFile::of(bytes));
            Ok(())
        })
    }
}

/// The list that stands at a path; an empty one where nothing does.
pub(super) fn list_at<T: DeserializeOwned + Default>(draft: &Draft<Targets>, path: &TargetPath) -> Result<T, CuratorError> {
    let Some(target) = draft.body().target(path) else { return Ok(T::default()) };
    list_of(path.as_str(), target)
}

/// The list in a target.
pub(super) fn list_of<T: DeserializeOwned>(path: &str, target: &TargetFile) -> Result<T, CuratorError> {
    let wrong =
        |problem: String| CuratorError::Statement { problem: format!("what stands at {path} cannot be read: {problem}") };
    let custom = target.custom().ok_or_else(|| wrong("it says nothing".to_owned()))?;
    T::deserialize(custom).map_err(|error| wrong(error.to_string()))
}

/// Puts a list at a path; an empty one takes its place away.
pub(super) fn put_list<T: Serialize + Default + PartialEq>(
    draft: &mut Draft<Targets>,
    path: &TargetPath,
    target: TargetFile,
    list: &T,
) -> Result<(), CuratorError> {
    if *list == T::default() {
        draft.remove_target(path);
        return Ok(());
    }
    let custom = serde_json::to_value(list).map_err(|error| CuratorError::Sign(error.into()))?;
    draft.add_target(path, target.with_custom(custom));
    Ok(())
}

/// A target that describes a file by length and digest.
pub(super) fn described(length: u64, sha256: &str) -> TargetFile {
    TargetFile::new(length, Hashes::default().with("sha256", sha256))
}

pub(super) fn path_of(shelf: Shelf<'_>) -> Result<TargetPath, CuratorError> {
    shelf.path().map_err(|error| CuratorError::Statement { problem: error.to_string() })
}

/// When the last of the statements in a target ends, whoever signed them.
fn last_expiry(target: &TargetFile) -> Option<Timestamp> {
    let SignedStatements { statements } = list_of("", target).ok()?;
    statements.iter().filter_map(period_of).map(|(_, expires)| expires).max()
}

fn must_end_later(until: Timestamp, now: Timestamp) -> Result<(), CuratorError> {
    let past = || CuratorError::Statement { problem: format!("it would have ended already, at {until}") };
    if now < until { Ok(()) } else { Err(past()) }
}

fn at_most(number: usize, most: usize, what: &str) -> Result<(), CuratorError> {
    let problem = || CuratorError::Statement { problem: format!("there would be {number} {what}, at most {most} are read") };
    if number <= most { Ok(()) } else { Err(problem()) }
}

fn must_differ(before: usize, after: usize, what: impl FnOnce() -> String) -> Result<(), CuratorError> {
    if before == after { Err(CuratorError::NotThere { what: what() }) } else { Ok(()) }
}

/// Paths of a role that are no place of a curator's.
pub(super) fn is_place_of(role: CuratorRole, path: &str) -> bool {
    let name = shelf_of(path).map(|shelf| shelf.shelf().role().unwrap_or(CuratorRole::Targets.as_str()));
    name == Some(role.as_str())
}
