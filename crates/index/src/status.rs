//! What is signed, and what expires when.

use affineur_trust::listing::BINS;
use affineur_tuf::edit::Draft;
use affineur_tuf::{Expiry, Role, Root, Snapshot, Targets, Timestamp as TimestampRole, TopRole, Version, metadata_path};
use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;

use crate::limits;
use crate::publisher::{PublisherError, StoredProblem};
use crate::store::Store;

/// One role as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: Version,
    /// When it expires.
    pub expires: Expiry,
    /// Who renews it.
    pub keys: Keys,
}

/// Where a role's keys are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// In the index, which renews the role by itself.
    Online,
    /// Elsewhere: people must come together to renew it.
    Offline,
}

impl Signed {
    /// Whole days until it expires; 0 when it has.
    #[must_use]
    pub fn days_left(&self, now: Timestamp) -> u32 {
        let seconds = self.expires.time().as_second().saturating_sub(now.as_second());
        u32::try_from(seconds / limits::DAY_SECONDS).unwrap_or(if seconds < 0 { 0 } else { u32::MAX })
    }

    /// The nearest of [`limits::EXPIRY_WARNINGS`] that has been reached, in days; `None` while there is time, and for what the
    /// index renews by itself.
    #[must_use]
    pub fn warning(&self, now: Timestamp) -> Option<u32> {
        let reached = |days: &u32| self.expires.time().as_second() - now.as_second() < i64::from(*days) * limits::DAY_SECONDS;
        (self.keys == Keys::Offline).then(|| limits::EXPIRY_WARNINGS.into_iter().filter(reached).min()).flatten()
    }
}

/// The roles above the bins.
///
/// # Errors
/// See [`PublisherError`].
pub async fn status<S: Store>(store: &S) -> Result<Vec<Signed>, PublisherError> {
    let mut roles = Vec::new();
    let (version, bytes) = newest_root(store).await?;
    let path = metadata_path(TopRole::Root.as_str(), Some(version));
    let newest: Draft<Root> =
        Draft::reopen(&bytes).map_err(|fault| PublisherError::Stored { path, problem: StoredProblem::Unreadable(fault) })?;
    roles.push(signed(TopRole::Root.as_str(), &newest));
    let timestamp: Draft<TimestampRole> = read(store, TopRole::Timestamp.as_str(), None).await?;
    roles.push(signed(TopRole::Timestamp.as_str(), &timestamp));
    let version = timestamp.body().snapshot().version();
    let snapshot: Draft<Snapshot> = read(store, TopRole::Snapshot.as_str(), Some(version)).await?;
    roles.push(signed(TopRole::Snapshot.as_str(), &snapshot));
    for name in [TopRole::Targets.as_str(), BINS] {
        if let Some(listed) = snapshot.body().role(name) {
            let draft: Draft<Targets> = read(store, name, Some(listed.version())).await?;
            roles.push(signed(name, &draft));
        }
    }
    Ok(roles)
}

/// The newest root: roots are never dropped, so that they are counted from the first one.
///
/// # Errors
/// [`PublisherError::NotInitialised`] where there is none.
pub async fn newest_root<S: Store>(store: &S) -> Result<(Version, Bytes), PublisherError> {
    let mut newest = None;
    let mut next = Some(Version::FIRST);
    while let Some(version) = next {
        let Some(bytes) = store.metadata(&metadata_path(TopRole::Root.as_str(), Some(version))).await? else { break };
        newest = Some((version, bytes));
        next = version.next();
    }
    newest.ok_or(PublisherError::NotInitialised)
}

fn signed<R: Role>(name: &'static str, draft: &Draft<R>) -> Signed {
    let online = [TopRole::Timestamp, TopRole::Snapshot].into_iter().any(|role| role.as_str() == name);
    let keys = if online { Keys::Online } else { Keys::Offline };
    Signed { name, version: draft.version(), expires: draft.body().expires(), keys }
}

/// The bin that expires first, and when. Reads all of them.
///
/// # Errors
/// See [`PublisherError`].
pub async fn soonest_bin<S: Store>(store: &S) -> Result<Option<(String, Expiry)>, PublisherError> {
    let timestamp: Draft<TimestampRole> = read(store, TopRole::Timestamp.as_str(), None).await?;
    let version = timestamp.body().snapshot().version();
    let snapshot: Draft<Snapshot> = read(store, TopRole::Snapshot.as_str(), Some(version)).await?;
    let mut soonest: Option<(String, Expiry)> = None;
    for (role, listed) in snapshot.body().roles() {
        let role = role.strip_suffix(".json").unwrap_or(role);
        if [TopRole::Targets.as_str(), BINS].contains(&role) {
            continue;
        }
        let path = metadata_path(role, Some(listed.version()));
        let problem = |problem| PublisherError::Stored { path: path.clone(), problem };
        let bytes = store.metadata(&path).await?.ok_or_else(|| problem(StoredProblem::Missing))?;
        // Only this of it: a bin of a large index has thousands of targets.
        let bin: Bin = serde_json::from_slice(&bytes)
            .map_err(|error| problem(StoredProblem::Unreadable(affineur_tuf::Fault::Format(error.to_string()))))?;
        if soonest.as_ref().is_none_or(|(_, expires)| bin.signed.expires < *expires) {
            soonest = Some((role.to_owned(), bin.signed.expires));
        }
    }
    Ok(soonest)
}

#[derive(Deserialize)]
struct Bin {
    signed: Expiring,
}

#[derive(Deserialize)]
struct Expiring {
    expires: Expiry,
}

async fn read<S: Store, R: Role>(store: &S, role: &str, version: Option<Version>) -> Result<Draft<R>, PublisherError> {
    let path = metadata_path(role, version);
    let problem = |problem| PublisherError::Stored { path: path.clone(), problem };
    let bytes = store.metadata(&path).await?.ok_or_else(|| problem(StoredProblem::Missing))?;
    Draft::reopen(&bytes).map_err(|fault| problem(StoredProblem::Unreadable(fault)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(expires: &str) -> Signed {
        Signed { name: "root", version: Version::FIRST, expires: expires.parse().unwrap(), keys: Keys::Offline }
    }

    #[test]
    fn an_offline_role_warns_at_each_of_its_days_and_an_online_one_never() {
        let root = root("2027-01-01T00:00:00Z");
        let at = |time: &str| root.warning(time.parse().unwrap());
        assert_eq!(at("2026-10-03T00:00:00Z"), None, "90 days");
        assert_eq!(at("2026-10-03T00:00:01Z"), Some(90));
        assert_eq!(at("2026-12-03T00:00:00Z"), Some(30), "29 days");
        assert_eq!(at("2026-12-31T12:00:00Z"), Some(7));
        assert_eq!(at("2027-06-01T00:00:00Z"), Some(7), "it has expired");
        assert_eq!(Signed { keys: Keys::Online, ..root }.warning("2026-12-31T12:00:00Z".parse().unwrap()), None);
    }

    #[test]
    fn days_are_counted_whole_and_never_below_none() {
        let root = root("2027-01-01T00:00:00Z");
        let at = |time: &str| root.days_left(time.parse().unwrap());
        assert_eq!((at("2026-12-30T23:00:00Z"), at("2026-12-31T01:00:00Z"), at("2027-01-09T00:00:00Z")), (1, 0, 0));
    }
}
