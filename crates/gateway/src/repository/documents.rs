//! Signed documents, kept by their digest beside the distributions: one that did not change is not fetched again, not by the
//! next run either.
//!
//! Which digest is wanted comes from verified metadata alone, and whoever reads the bytes compares them once more.

use affineur_packaging::Sha256;
use affineur_trust::{DocumentFault, DocumentKind, NotVouched};
use affineur_tuf::{Found, Hashes, Mismatch, TargetFile};
use affineur_tuf_client::transport::{FetchError, Problem, Transport as _};
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use tokio::task::spawn_blocking;

use super::RepositoryTransport;
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

    /// A document's bytes, kept or as they come: whoever reads them checks them.
    ///
    /// # Errors
    /// It is larger than documents may be, or cannot be had.
    pub(crate) async fn fetched(
        &self,
        transport: &RepositoryTransport,
        (document, url_path): (DocumentKind, &str),
        found: &Found,
        last_heard: Option<Timestamp>,
    ) -> Result<Bytes, NotVouched> {
        let length = found.target.length();
        if length > limits::DOCUMENT_BYTES {
            return Err(NotVouched::Document { document, fault: DocumentFault::TooLarge { length } });
        }
        if let Some(kept) = self.kept(&found.target).await {
            return Ok(kept);
        }
        let bytes = async {
            let body = transport.target(url_path, length).await?;
            let joined = body.try_fold(BytesMut::new(), async |mut joined, piece| {
                joined.extend_from_slice(&piece);
                Ok(joined)
            });
            Ok(joined.await?.freeze())
        };
        let bytes = bytes.await.map_err(|error: FetchError| match error.problem {
            // More bytes came than are signed for: other bytes.
            Problem::TooLong { .. } => {
                let mismatch = Mismatch::Length { expected: length, found: length, more: true };
                NotVouched::Document { document, fault: DocumentFault::Differs(mismatch) }
            }
            problem => NotVouched::Unreachable { problem: format!("{}: {problem}", named(document)), last_heard },
        })?;
        self.keep(&found.target, &bytes).await;
        Ok(bytes)
    }

    /// The document that is listed so, if it is kept.
    async fn kept(&self, listed: &TargetFile) -> Option<Bytes> {
        let (sha256, length) = (digest(listed.hashes())?, listed.length());
        let (cache, scope) = (self.cache.clone(), self.scope);
        let read = move || {
            let file = cache.lookup(scope, &sha256).filter(|file| file.size() == length)?;
            file.shared().read_at(0, usize::try_from(length.min(limits::DOCUMENT_BYTES)).ok()?).ok()
        };
        spawn_blocking(read).await.ok()?
    }

    /// Keeps a document, if it is the one that is listed. Where that fails it is fetched again another time.
    async fn keep(&self, listed: &TargetFile, bytes: &Bytes) {
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

fn named(document: DocumentKind) -> String {
    match document {
        DocumentKind::Listing | DocumentKind::Overlay => format!("the {document} of this project"),
        DocumentKind::People | DocumentKind::Curators => format!("the {document}"),
    }
}

fn digest(hashes: &Hashes) -> Option<Sha256> {
    hashes.digest("sha256")?.parse().ok()
}
