//! Signed documents, kept by their digest beside the distributions: one that did not change is not fetched again, not by the
//! next run either.
//!
//! Which digest is wanted comes from verified metadata alone, and whoever reads the bytes compares them once more.

use affineur_packaging::Sha256;
use affineur_tuf::{Hashes, TargetFile};
use bytes::Bytes;
use tokio::task::spawn_blocking;

use crate::cache::{Cache, Scope};
use crate::limits;

/// Where documents of one repository are kept.
#[derive(Debug)]
pub(crate) struct Documents {
    cache: Cache,
    /// What was fetched with a credential is for that credential alone.
    scope: Scope,
}

impl Documents {
    pub(crate) const fn new(cache: Cache, scope: Scope) -> Self {
        Self { cache, scope }
    }

    /// The document that is listed so, if it is kept.
    pub(super) async fn kept(&self, listed: &TargetFile) -> Option<Bytes> {
        let (sha256, length) = (digest(listed.hashes())?, listed.length());
        let (cache, scope) = (self.cache.clone(), self.scope);
        let read = move || {
            let file = cache.lookup(scope, &sha256).filter(|file| file.size() == length)?;
            file.shared().read_at(0, usize::try_from(length.min(limits::DOCUMENT_BYTES)).ok()?).ok()
        };
        spawn_blocking(read).await.ok()?
    }

    /// Keeps a document, if it is the one that is listed. Where that fails it is fetched again another time.
    pub(super) async fn keep(&self, listed: &TargetFile, bytes: &Bytes) {
        if digest(listed.hashes()).is_none() || listed.hashes().check(bytes).is_err() {
            return;
        }
        let (cache, scope, bytes) = (self.cache.clone(), self.scope, bytes.clone());
        let write = move || {
            let mut partial = cache.begin()?;
            partial.write(&bytes)?;
            partial.finish().map(|finished| drop(finished.commit(scope)))
        };
        if let Ok(Err(problem)) = spawn_blocking(write).await {
            tracing::warn!(%problem, "a signed document is not kept");
        }
    }
}

fn digest(hashes: &Hashes) -> Option<Sha256> {
    hashes.digest("sha256")?.parse().ok()
}
