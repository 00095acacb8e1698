//! Everything that the gateway remembers: pins, first-seen times, which source a project belongs to, evidence.
//!
//! Kept in SQLite: in the state folder, in memory for a run without lasting state, or in memory between reading and writing a
//! text file that is committed (`--state FILE`). The rules are the same for all three, because the code is. The format is
//! described in `docs/formats/state.md`.
//!
//! This module must never forget or replace a pin, and never begin anew where a state cannot be read.

mod contradiction;
mod curators;
mod error;
mod evidence;
mod exact;
mod pins;
mod readers;
mod rows;
mod schema;
mod sources;
mod text;
pub(crate) mod text_file;
mod transfer;
mod types;
mod writer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use affineur_packaging::{FileName, ProjectName, Sha256};
use affineur_trust::curator::{CuratorId, Seen};
use affineur_trust::{Contradiction, PartyName};
use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot};
use url::Url;

pub use error::{StateClass, StateError};
pub use text_file::Saved;
pub use types::{
    Evidence, EvidenceId, EvidenceRow, LearnedSource, Located, Observed, PageSeen, RememberedFile, RememberedPage, SeenFile,
};

use crate::limits;
use error::Fault;
use exact::ExactTimes;
use readers::{Readers, blocking};
pub(crate) use rows::server;
use text_file::TextFile;
use writer::{Desk, Job, Request};

/// What the gateway remembers. Cheap to clone; all clones are the same state. It is closed when the last one is dropped, which
/// waits until what was asked for is written.
///
/// What is `async` writes, and has written when it returns. What is not reads, without waiting for those who write; on a
/// multi-threaded runtime it does not hold up other tasks.
#[derive(Clone)]
pub struct State {
    inner: Arc<Inner>,
}

struct Inner {
    file: PathBuf,
    kind: Kind,
    readers: Option<Readers>,
    places: Semaphore,
    /// `None` only while this is dropped.
    jobs: Option<Sender<Job>>,
    writer: Option<JoinHandle<()>>,
}

/// Where the state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    Text,
    Memory,
}

impl State {
    /// Opens the state in a folder, and makes both where they do not exist yet, for the user alone. Several processes may use
    /// one folder at once.
    ///
    /// # Errors
    /// See [`StateError`]. What cannot be read is never replaced.
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        let (file, connection) = blocking(|| schema::open_folder(folder))?;
        let desk = Desk { connection, exact: ExactTimes::new(limits::PAGE_TIME_LAG), file: file.clone(), text: None };
        Self::start(Kind::Folder, Some(Readers::new(file)), desk)
    }

    /// Opens a state in text form (`--state FILE`), which is read into memory and written by [`save`](Self::save). A file that
    /// does not exist yet is an empty state.
    ///
    /// # Errors
    /// See [`StateError`].
    pub fn open_file(file: &Path) -> Result<Self, StateError> {
        let (text, connection) = blocking(|| TextFile::open(file))?;
        let exact = ExactTimes::new(limits::PAGE_TIME_LAG_TEXT);
        Self::start(Kind::Text, None, Desk { connection, exact, file: file.to_owned(), text: Some(text) })
    }

    /// A state of its own in an empty folder, with everything that this one remembers now. Neither hears of the other again.
    ///
    /// # Errors
    /// See [`StateError`].
    pub fn copied_to(&self, folder: &Path) -> Result<Self, StateError> {
        let file = schema::file_in(folder);
        self.alone(move |desk| schema::copy(&desk.connection, &file).map_err(|fault| fault.at(&desk.file)))?;
        Self::open(folder)
    }

    /// A state for a run without lasting state.
    #[must_use]
    pub fn in_memory() -> Self {
        let file = PathBuf::from("state in memory");
        let state = schema::open_memory(&file).and_then(|connection| {
            let desk = Desk { connection, exact: ExactTimes::new(limits::PAGE_TIME_LAG), file: file.clone(), text: None };
            Self::start(Kind::Memory, None, desk)
        });
        // Without memory or threads: a closed state answers everything with an error.
        state.unwrap_or_else(|_| Self { inner: Arc::new(Inner::closed(file)) })
    }

    fn start(kind: Kind, readers: Option<Readers>, desk: Desk) -> Result<Self, StateError> {
        let file = desk.file.clone();
        let (jobs, queue) = mpsc::channel();
        let writer = thread::Builder::new()
            .name("state".to_owned())
            .spawn(move || desk.run(&queue))
            .map_err(|error| schema::unavailable(&file, &error))?;
        let places = Semaphore::new(limits::WAITING_WRITES);
        let inner = Inner { file, kind, readers, places, jobs: Some(jobs), writer: Some(writer) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Whether anything is remembered after this process, so that a run can say so.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        self.inner.kind != Kind::Memory
    }

    /// Records a verified page (DESIGN §4.5, §4.6) and answers what is remembered of each of its files, in their order.
    ///
    /// At first sight a file's digest and times are recorded and from then on never change. A digest that differs from the
    /// recorded one is a contradiction, kept as evidence, for as long as it is listed. Each call is recorded as a whole, and on
    /// the disk when this returns.
    ///
    /// # Errors
    /// See [`StateError`]; [`StateError::OtherProject`] for a file of another project.
    pub async fn observe_page(&self, seen: PageSeen) -> Result<Vec<Observed>, StateError> {
        self.write(move |desk| pins::observe_page(desk, &seen)).await
    }

    /// Records the `Last-Modified` of files, with the digest that their page says, if it says one. `None` as date: asked for, and
    /// the upstream does not say. Only the first answer for the pinned bytes counts.
    ///
    /// # Errors
    /// See [`StateError`]; [`StateError::UnknownFile`] where no page of the source has listed a file.
    pub async fn record_last_modified(
        &self,
        source: &PartyName,
        dates: Vec<(FileName, Option<Sha256>, Option<Timestamp>)>,
    ) -> Result<(), StateError> {
        let source = source.clone();
        self.write(move |desk| pins::record_last_modified(desk, &source, &dates)).await
    }

    /// Records the digest of a file's bytes, for files for which the page says none: pins it, or answers that another one is
    /// pinned.
    ///
    /// # Errors
    /// See [`StateError`]; [`StateError::UnknownFile`] where no page of the source has listed the file.
    pub async fn record_digest(
        &self,
        source: &PartyName,
        file: &FileName,
        sha256: Sha256,
        now: Timestamp,
    ) -> Result<Observed, StateError> {
        let (source, file) = (source.clone(), file.clone());
        self.write(move |desk| pins::record_digest(desk, &source, &file, sha256, now)).await
    }

    /// The last verified page of a project, for when a page cannot be verified now.
    ///
    /// # Errors
    /// See [`StateError`].
    pub fn remembered_page(&self, source: &PartyName, project: &ProjectName) -> Result<Option<RememberedPage>, StateError> {
        let (source, project) = (source.clone(), project.clone());
        self.read(move |database| sources::remembered_page(database, &source, &project))
    }

    /// From which source a project was ever had (DESIGN §4.5: it stays bound to it). An error is not the same as `None`.
    ///
    /// # Errors
    /// See [`StateError`].
    pub fn binding(&self, project: &ProjectName) -> Result<Option<PartyName>, StateError> {
        let project = project.clone();
        self.read(move |database| sources::binding(database, &project))
    }

    /// Binds a project to the source from which it was had, unless it is bound already. Answers the binding that holds now, which
    /// may be to another source.
    ///
    /// # Errors
    /// See [`StateError`].
    pub async fn bind(&self, project: &ProjectName, source: &PartyName) -> Result<PartyName, StateError> {
        let (project, source) = (project.clone(), source.clone());
        self.write(move |desk| sources::bind(&desk.connection, &project, &source)).await
    }

    /// Binds a project to another source, because the user says so (`affineur policy move`). Raises the revocation epoch: caches
    /// may have files of the former source.
    ///
    /// # Errors
    /// See [`StateError`].
    pub async fn move_project(&self, project: &ProjectName, source: &PartyName) -> Result<(), StateError> {
        let (project, source) = (project.clone(), source.clone());
        self.write(move |desk| sources::move_project(&desk.connection, &project, &source)).await
    }

    /// Which pages listed a file under this URL, by source. A file is remembered under the URL where it was last listed.
    ///
    /// # Errors
    /// See [`StateError`].
    pub fn locate(&self, url: &Url) -> Result<Vec<Located>, StateError> {
        let url = url.clone();
        self.read(move |database| sources::locate(database, &url))
    }

    /// On which learned sources' pages this URL's server was ever named as one of files. A source that was never given to
    /// [`learn_source`](Self::learn_source) is not among them.
    ///
    /// # Errors
    /// See [`StateError`].
    pub fn sources_naming_server(&self, url: &Url) -> Result<Vec<LearnedSource>, StateError> {
        let Some(host) = server(url) else { return Ok(Vec::new()) };
        self.read(move |database| sources::sources_naming_host(database, &host))
    }

    /// All learned sources, by name.
    ///
    /// # Errors
    /// See [`StateError`].
    pub fn learned_sources(&self) -> Result<Vec<LearnedSource>, StateError> {
        self.read(sources::learned_sources)
    }

    /// The projects of which a page was ever recorded, by name, at most [`LISTED_PROJECTS`](limits::LISTED_PROJECTS).
    ///
    /// # Errors
    /// See [`StateError`].
    pub fn projects(&self) -> Result<Vec<ProjectName>, StateError> {
        self.read(sources::projects)
    }

    /// Remembers under which URL a source is known. Credentials in the URL are not remembered.
    ///
    /// # Errors
    /// See [`StateError`]; [`StateError::OtherUrl`] where it is known under another one.
    pub async fn learn_source(&self, name: &PartyName, url: &Url) -> Result<(), StateError> {
        let (name, url) = (name.clone(), url.clone());
        self.write(move |desk| sources::learn_source(&desk.connection, &name, &url)).await
    }

    /// Marks a file as hostile for good, with these bytes or (`None`) with any: [`Observed::contradiction`] says so from now on.
    /// Raises the revocation epoch when it is new.
    ///
    /// # Errors
    /// See [`StateError`].
    pub async fn mark_hostile(
        &self,
        source: &PartyName,
        file: &FileName,
        sha256: Option<Sha256>,
        what: &Contradiction,
    ) -> Result<(), StateError> {
        let (source, file, what) = (source.clone(), file.clone(), what.clone());
        self.write(move |desk| evidence::mark_hostile(desk, &source, &file, sha256, &what)).await
    }

    /// Keeps evidence for people who look into it; the same evidence once. `None` where
    /// [`EVIDENCE_PER_PROJECT`](limits::EVIDENCE_PER_PROJECT) is reached.
    ///
    /// # Errors
    /// See [`StateError`].
    pub async fn keep_evidence(&self, evidence: Evidence) -> Result<Option<EvidenceId>, StateError> {
        self.write(move |desk| evidence::keep(desk, &evidence)).await
    }

    /// All evidence, the earliest first.
    ///
    /// # Errors
    /// See [`StateError`].
    pub fn evidence(&self) -> Result<Vec<EvidenceRow>, StateError> {
        self.read(evidence::all)
    }

    /// A number that grows whenever something that was let through must not be taken from a cache any more.
    ///
    /// # Errors
    /// See [`StateError`].
    pub fn revocation_epoch(&self) -> Result<u64, StateError> {
        self.read(evidence::revocation_epoch)
    }

    /// Makes a policy the user's own (`affineur policy trust`). The path is for people; the digest counts.
    ///
    /// # Errors
    /// See [`StateError`]; [`StateError::NotHere`] for a state in text form, which comes with the project and so must not say
    /// whom the user trusts.
    pub async fn trust_policy(&self, sha256: Sha256, path: &Path) -> Result<(), StateError> {
        if self.inner.kind == Kind::Text {
            return Err(StateError::NotHere { file: self.inner.file.clone() });
        }
        let path = path.to_string_lossy().into_owned();
        self.write(move |desk| sources::trust_policy(&desk.connection, sha256, &path)).await
    }

    /// Whether a policy is the user's own.
    ///
    /// # Errors
    /// See [`StateError`].
    pub fn policy_trusted(&self, sha256: Sha256) -> Result<bool, StateError> {
        self.read(move |database| sources::policy_trusted(database, sha256))
    }

    /// The highest serials of a curator's voters that were ever seen about the files of a project, by file.
    ///
    /// # Errors
    /// See [`StateError`].
    pub fn serials(&self, curator: CuratorId, project: &ProjectName) -> Result<BTreeMap<String, Seen>, StateError> {
        let project = project.clone();
        self.read(move |database| curators::serials(database, curator, &project))
    }

    /// Raises the serials of a curator's voters: no ballot with a lower one counts any more.
    ///
    /// # Errors
    /// See [`StateError`].
    pub async fn raise_serials(
        &self,
        curator: CuratorId,
        project: &ProjectName,
        raised: BTreeMap<String, Seen>,
    ) -> Result<(), StateError> {
        let project = project.clone();
        self.write(move |desk| curators::raise_serials(&desk.connection, curator, &project, &raised)).await
    }

    /// Since when the newest statement of a repository has been known: from `now` on, if this version of its timestamp is newer than
    /// all before.
    ///
    /// # Errors
    /// See [`StateError`].
    pub async fn heard(&self, repository: Sha256, version: u64, now: Timestamp) -> Result<Timestamp, StateError> {
        self.write(move |desk| curators::heard(&desk.connection, repository, version, now)).await
    }

    /// Writes what is only in memory: the text form, if that is where the state is and if it changed; otherwise the exact times
    /// of the last pages. To be called at the end of a run.
    ///
    /// # Errors
    /// See [`StateError`]; [`StateError::ChangedMeanwhile`] where somebody else wrote the text form since it was read. The file
    /// is then as they left it.
    pub async fn save(&self) -> Result<Saved, StateError> {
        let (asker, answer) = oneshot::channel();
        self.send(Job::Alone(Box::new(move |desk| {
            let _ = asker.send(desk.save());
        })))?;
        answer.await.map_err(|_| StateError::Closed)?
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StateError> {
        let _place = self.inner.places.acquire().await.map_err(|_| StateError::Closed)?;
        let (asker, answer) = oneshot::channel();
        self.send(Job::Write(Box::new(Request::new(work, asker))))?;
        answer.await.map_err(|_| StateError::Closed)?
    }

    fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StateError> {
        if let Some(readers) = &self.inner.readers {
            return blocking(|| readers.read(question));
        }
        // A database in memory has one connection, which is the writer's.
        self.alone(|desk| question(&desk.connection).map_err(|fault| fault.at(&desk.file)))
    }

    /// Does something where no transaction is open.
    fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk) -> Result<T, StateError> + Send + 'static,
    ) -> Result<T, StateError> {
        let (asker, answer) = mpsc::channel();
        self.send(Job::Alone(Box::new(move |desk| {
            let _ = asker.send(work(desk));
        })))?;
        blocking(|| answer.recv()).map_err(|_| StateError::Closed)?
    }

    fn send(&self, job: Job) -> Result<(), StateError> {
        self.inner.jobs.as_ref().and_then(|jobs| jobs.send(job).ok()).ok_or(StateError::Closed)
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("file", &self.inner.file).finish_non_exhaustive()
    }
}

impl Inner {
    fn closed(file: PathBuf) -> Self {
        let places = Semaphore::new(limits::WAITING_WRITES);
        Self { file, kind: Kind::Memory, readers: None, places, jobs: None, writer: None }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has told so, and has answered nobody.
            let _ = blocking(|| writer.join());
        }
    }
}

#[cfg(test)]
mod tests;
