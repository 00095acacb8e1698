//! What is signed, and what expires when.

use affineur_trust::listing::BINS;
use affineur_tuf::edit::Draft;
use affineur_tuf::{Expiry, Role, Root, Snapshot, Targets, Timestamp as TimestampRole, TopRole, Version, metadata_path};

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
}

/// The roles above the bins.
///
/// # Errors
/// See [`PublisherError`].
pub async fn status<S: Store>(store: &S) -> Result<Vec<Signed>, PublisherError> {
    let mut roles = Vec::new();
    let mut root = Version::FIRST;
    let newest: Draft<Root> = loop {
        let draft = read(store, TopRole::Root.as_str(), Some(root)).await?;
        match root.next() {
            Some(next) if store.metadata(&metadata_path(TopRole::Root.as_str(), Some(next))).await?.is_some() => root = next,
            _ => break draft,
        }
    };
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

fn signed<R: Role>(name: &'static str, draft: &Draft<R>) -> Signed {
    Signed { name, version: draft.version(), expires: draft.body().expires() }
}

async fn read<S: Store, R: Role>(store: &S, role: &str, version: Option<Version>) -> Result<Draft<R>, PublisherError> {
    let path = metadata_path(role, version);
    let problem = |problem| PublisherError::Stored { path: path.clone(), problem };
    let bytes = store.metadata(&path).await?.ok_or_else(|| problem(StoredProblem::Missing))?;
    Draft::reopen(&bytes).map_err(|fault| problem(StoredProblem::Unreadable(fault)))
}
