//! The driver: it asks the core what to fetch, fetches it, gives it back, and keeps what the core accepted (§5).
//!
//! What is kept is written in the order in which it was accepted, each file durable before the next is fetched: wherever the
//! process dies, the next update begins with floors that are at least as high. Refreshing waits for the disk (a few
//! milliseconds for each file that changed).

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use affineur_tuf::{
    Edge, Error, Found, Lookup, Progress, ReferenceTime, RoleLabel, Roots, Seal, Search, Snapshots, TargetPath, TopTargets,
    View, Wanted,
};
use bytes::Bytes;

use crate::limits;
use crate::local::{Kept, LocalCopy, LocalError, Locked, TopRole};
use crate::transport::{FetchError, Fetched, Problem, Transport};

/// A client of one repository.
#[derive(Debug)]
pub struct Client<T> {
    local: LocalCopy,
    transport: T,
    lock_wait: Duration,
}

/// An update or a lookup that failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The repository's metadata are not acceptable.
    #[error(transparent)]
    Metadata(#[from] Error),
    /// The repository does not have a file that it lists, or its timestamp.
    #[error("{role}: the repository does not have {path}")]
    Missing {
        /// Whose metadata.
        role: RoleLabel,
        /// Where they should be, below the metadata URL.
        path: String,
    },
    /// A file could not be fetched.
    #[error("{role}: cannot fetch {path}")]
    Fetch {
        /// Whose metadata.
        role: RoleLabel,
        /// Where they are, below the metadata URL.
        path: String,
        /// Why not.
        source: FetchError,
    },
    /// The local copy cannot be read or written.
    #[error(transparent)]
    Local(#[from] LocalError),
}

impl ClientError {
    /// Whether the repository, or whoever stands between, served what contradicts the keys, what was listed or what was seen
    /// before ([`affineur_tuf::Fault::is_hostile`]). Otherwise nothing is known: it could not be had or read, or has expired.
    #[must_use]
    pub const fn is_hostile(&self) -> bool {
        matches!(self, Self::Metadata(error) if error.fault.is_hostile())
    }
}

impl<T: Transport> Client<T> {
    /// Puts a client together.
    pub const fn new(local: LocalCopy, transport: T) -> Self {
        Self { local, transport, lock_wait: limits::REFRESH_LOCK_WAIT }
    }

    /// Waits so long for another process that refreshes the same local copy.
    #[must_use]
    pub fn with_lock_wait(self, lock_wait: Duration) -> Self {
        Self { lock_wait, ..self }
    }

    /// The local trusted copy.
    pub const fn local(&self) -> &LocalCopy {
        &self.local
    }

    /// What it fetches through.
    pub const fn transport(&self) -> &T {
        &self.transport
    }

    /// Updates root, timestamp, snapshot and top-level targets as of `now` (§5.1 to §5.6.6), and keeps what is new.
    ///
    /// # Errors
    /// See [`ClientError`]. What was accepted before the error is kept.
    pub async fn refresh(&self, now: ReferenceTime) -> Result<View, ClientError> {
        let locked = self.lock().await?;
        let mut roots = Roots::start(&locked.root(affineur_tuf::limits::ROOT_BYTES)?, now)?;
        while let Some(wanted) = roots.wanted() {
            let Some(bytes) = self.fetch(&wanted).await? else { break };
            roots = roots.accept(&bytes).map_err(|error| self.refused(error, &bytes))?;
            locked.write_root(&bytes)?;
        }
        let mut timestamps = roots.finish()?;
        if let Some(kept) = locked.top(TopRole::Timestamp, affineur_tuf::limits::TIMESTAMP_BYTES) {
            noted(affineur_tuf::TopRole::Timestamp, &timestamps.remember(&kept.bytes, kept.seal.as_ref()));
            seal_anew(&locked, TopRole::Timestamp, &kept, timestamps.local_seal());
        }
        let bytes = self.fetch_listed(&timestamps.wanted()).await?;
        let snapshots = timestamps.accept(&bytes).map_err(|error| self.refused(error, &bytes))?;
        if let Some(seal) = snapshots.timestamp_to_keep() {
            locked.write_top(TopRole::Timestamp, &bytes, &seal)?;
        }
        let targets = self.snapshot(&locked, snapshots).await?;
        self.targets(&locked, targets).await
    }

    /// The view that the local copy has, without asking anybody: as current as the last refresh left it. `None` where that was
    /// never completed.
    ///
    /// # Errors
    /// See [`ClientError`]: what is kept has expired, or cannot be read.
    pub async fn recall(&self, now: ReferenceTime) -> Result<Option<View>, ClientError> {
        let locked = self.lock().await?;
        let timestamps = Roots::start(&locked.root(affineur_tuf::limits::ROOT_BYTES)?, now)?.finish()?;
        let Some(kept) = locked.top(TopRole::Timestamp, affineur_tuf::limits::TIMESTAMP_BYTES) else { return Ok(None) };
        let mut snapshots = timestamps.accept(&kept.bytes)?;
        let Some(kept) = locked.top(TopRole::Snapshot, affineur_tuf::limits::SNAPSHOT_BYTES) else { return Ok(None) };
        noted(affineur_tuf::TopRole::Snapshot, &snapshots.remember(&kept.bytes, kept.seal.as_ref()));
        let Ok(mut targets) = snapshots.keep() else { return Ok(None) };
        let Some(kept) = locked.top(TopRole::Targets, affineur_tuf::limits::TARGETS_BYTES) else { return Ok(None) };
        noted(affineur_tuf::TopRole::Targets, &targets.remember(&kept.bytes, kept.seal.as_ref()));
        Ok(targets.keep().ok())
    }

    async fn snapshot(&self, locked: &Locked<'_>, mut snapshots: Snapshots) -> Result<TopTargets, ClientError> {
        if let Some(kept) = locked.top(TopRole::Snapshot, affineur_tuf::limits::SNAPSHOT_BYTES) {
            noted(affineur_tuf::TopRole::Snapshot, &snapshots.remember(&kept.bytes, kept.seal.as_ref()));
            seal_anew(locked, TopRole::Snapshot, &kept, snapshots.local_seal());
        }
        let snapshots = match snapshots.keep() {
            Ok(targets) => return Ok(targets),
            Err(snapshots) => snapshots,
        };
        let bytes = self.fetch_listed(&snapshots.wanted()).await?;
        let targets = snapshots.accept(&bytes).map_err(|error| self.refused(error, &bytes))?;
        if let Some(seal) = targets.snapshot_to_keep() {
            locked.write_top(TopRole::Snapshot, &bytes, &seal)?;
            prune(locked);
        }
        Ok(targets)
    }

    async fn targets(&self, locked: &Locked<'_>, mut targets: TopTargets) -> Result<View, ClientError> {
        if let Some(kept) = locked.top(TopRole::Targets, affineur_tuf::limits::TARGETS_BYTES) {
            noted(affineur_tuf::TopRole::Targets, &targets.remember(&kept.bytes, kept.seal.as_ref()));
            seal_anew(locked, TopRole::Targets, &kept, targets.local_seal());
        }
        let targets = match targets.keep() {
            Ok(view) => return Ok(view),
            Err(targets) => targets,
        };
        let bytes = self.fetch_listed(&targets.wanted()?).await?;
        let (view, seal) = targets.accept(&bytes).map_err(|error| self.refused(error, &bytes))?;
        locked.write_top(TopRole::Targets, &bytes, &seal)?;
        Ok(view)
    }

    /// Looks a target up (§5.6.7), fetching the delegated roles that are not in the view or in the local copy.
    ///
    /// # Errors
    /// See [`ClientError`]: a role on the way could not be had or verified, which is never the same as [`Lookup::Absent`].
    pub async fn find(&self, view: &mut View, path: &TargetPath, now: ReferenceTime) -> Result<Lookup<Found>, ClientError> {
        self.search(Alone(view), path, now).await
    }

    /// The same in a view that others search at the same time: it is not locked while a role is fetched.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub async fn find_shared(
        &self,
        view: &Mutex<View>,
        path: &TargetPath,
        now: ReferenceTime,
    ) -> Result<Lookup<Found>, ClientError> {
        self.search(Shared(view), path, now).await
    }

    async fn search(&self, mut view: impl Lend, path: &TargetPath, now: ReferenceTime) -> Result<Lookup<Found>, ClientError> {
        let mut search = Search::new(path.clone());
        loop {
            match view.lend(|view| search.advance(&view.live(now)?))? {
                Progress::Ended(lookup) => return Ok(lookup),
                Progress::Needs(edge) => self.load(&mut view, &edge, now).await?,
            }
        }
    }

    /// Brings a delegated role into the view: from the local copy if the snapshot still lists it so, else from the repository.
    async fn load(&self, view: &mut impl Lend, edge: &Edge, now: ReferenceTime) -> Result<(), ClientError> {
        let wanted = view.lend(|view| view.wanted(edge))?;
        let name = edge.role().as_str();
        if let Some(kept) = self.local.delegated(name, wanted.at_most) {
            match view.lend(|view| view.recall(edge, &kept.bytes, kept.seal.as_ref(), now)) {
                Ok(seal) if kept.seal == Some(seal) => return Ok(()),
                Ok(seal) => {
                    self.cache(name, &kept.bytes, &seal);
                    return Ok(());
                }
                Err(reason) => tracing::debug!(role = name, %reason, "the local copy is of no use"),
            }
        }
        let bytes = self.fetch_listed(&wanted).await?;
        let seal = view.lend(|view| view.accept(edge, &bytes, now)).map_err(|error| self.refused(error, &bytes))?;
        self.cache(name, &bytes, &seal);
        Ok(())
    }

    /// Keeps a delegated role. No floor depends on it: a disk that is full makes the next lookup fetch again, nothing else.
    fn cache(&self, role: &str, bytes: &[u8], seal: &Seal) {
        if let Err(problem) = self.local.write_delegated(role, bytes, seal) {
            tracing::warn!(role, %problem, "a delegated role is not kept");
        }
    }

    /// Keeps what was refused as hostile, for whoever looks into it. Nothing depends on it.
    fn refused(&self, error: Error, bytes: &[u8]) -> Error {
        if error.fault.is_hostile() {
            match self.local.keep_refused(&error.role, bytes) {
                Ok(Some(path)) => tracing::warn!(%error, path = %path.display(), "what was refused is kept"),
                Ok(None) => tracing::warn!(%error, "refused; as much as is kept was refused before"),
                Err(problem) => tracing::warn!(%error, %problem, "what was refused could not be kept"),
            }
        }
        error
    }

    async fn fetch(&self, wanted: &Wanted) -> Result<Option<Bytes>, ClientError> {
        match self.transport.metadata(&wanted.path, wanted.at_most).await {
            Ok(Fetched::Bytes(bytes)) => Ok(Some(bytes)),
            Ok(Fetched::Missing) => Ok(None),
            Err(FetchError { problem: Problem::TooLong { .. }, .. }) if let Some(error) = wanted.too_long() => {
                Err(error.into())
            }
            Err(source) => Err(ClientError::Fetch { role: wanted.role.clone(), path: wanted.path.clone(), source }),
        }
    }

    async fn fetch_listed(&self, wanted: &Wanted) -> Result<Bytes, ClientError> {
        let missing = || ClientError::Missing { role: wanted.role.clone(), path: wanted.path.clone() };
        self.fetch(wanted).await?.ok_or_else(missing)
    }

    /// Waits for other processes that refresh the same copy.
    async fn lock(&self) -> Result<Locked<'_>, ClientError> {
        let began = Instant::now();
        loop {
            match self.local.lock(Duration::ZERO) {
                Err(LocalError::Busy { .. }) if began.elapsed() < self.lock_wait => tokio::time::sleep(limits::LOCK_POLL).await,
                Err(LocalError::Busy { folder, .. }) => return Err(LocalError::Busy { folder, waited: self.lock_wait }.into()),
                locked => return Ok(locked?),
            }
        }
    }
}

/// A view for a moment: never across a wait.
trait Lend: Send {
    fn lend<R>(&mut self, with: impl FnOnce(&mut View) -> R) -> R;
}

struct Alone<'a>(&'a mut View);
struct Shared<'a>(&'a Mutex<View>);

impl Lend for Alone<'_> {
    fn lend<R>(&mut self, with: impl FnOnce(&mut View) -> R) -> R {
        with(self.0)
    }
}

impl Lend for Shared<'_> {
    fn lend<R>(&mut self, with: impl FnOnce(&mut View) -> R) -> R {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A local file that is ignored is no error: a crash, a rotation, another program may be the cause.
fn noted<R: std::fmt::Debug>(role: affineur_tuf::TopRole, remembered: &Result<R, Error>) {
    match remembered {
        Ok(floor) => tracing::debug!(%role, ?floor, "remembered"),
        Err(reason) => tracing::debug!(%role, %reason, "the local copy is ignored"),
    }
}

/// Gives remembered bytes the seal that is due to them now: theirs was lost, or root demands something else of them since.
/// Without it the next start verifies them again, nothing else.
fn seal_anew(locked: &Locked<'_>, role: TopRole, kept: &Kept, due: Option<Seal>) {
    if let Some(due) = due.filter(|due| kept.seal != Some(*due))
        && let Err(problem) = locked.write_top(role, &kept.bytes, &due)
    {
        tracing::warn!(?role, %problem, "kept metadata are not sealed anew");
    }
}

/// A new snapshot makes kept roles useless: a good time to look what they take. That it fails hinders nobody.
fn prune(locked: &Locked<'_>) {
    if let Err(problem) = locked.prune([]) {
        tracing::warn!(%problem, "the kept roles are not pruned");
    }
}

#[cfg(test)]
mod tests;
