//! Attestations of distributions (PEP 740): fetched from who lists the file, verified here, offline.
//!
//! Nobody's word is taken for them: what counts is what verifies for this very file, by name and digest. What does not verify is no
//! reason against the file. It counts nothing, and is told.

mod document;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use affineur_packaging::{FileName, Sha256};
use affineur_trust::PartyName;
use affineur_trust::provenance::{TrustedRoot, Verified};
use bytes::Bytes;
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use quick_cache::sync::Cache as MemoryCache;
use url::Url;

pub(crate) use self::document::Fault;

use crate::cache::{Cache, Scope};
use crate::engine::pages::{Head, KeptPage, Pages};
use crate::engine::{clock, later, scope};
use crate::fetch::Fetcher;
use crate::limits;

/// Fetches attestations, verifies them, and remembers for a while what came of it.
#[derive(Debug)]
pub(crate) struct Provenances {
    fetcher: Arc<Fetcher>,
    cache: Cache,
    pages: Pages,
    root: OnceLock<Option<Arc<TrustedRoot>>>,
    known: MemoryCache<Subject, Known>,
}

/// Whose attestations these are: a file as one source lists it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Subject {
    pub(crate) source: PartyName,
    pub(crate) file: FileName,
    pub(crate) sha256: Sha256,
}

/// Where they are.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) url: Url,
    /// The digest of the document, where the source signs one.
    pub(crate) sha256: Option<Sha256>,
    /// The page that names it: its origin decides where this may lead, and who may see the credentials.
    pub(crate) page: Url,
    pub(crate) authorization: Option<HeaderValue>,
}

/// What is known of a file's attestations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attested {
    /// Nobody has asked for them, or not lately.
    NotAsked,
    /// Those that hold for the file. There may be none.
    By(Arc<[Verified]>),
    /// They could not be had: what follows "its attestations", in our own words.
    Unheard(String),
}

#[derive(Debug, Clone)]
struct Known {
    attested: Attested,
    until: Timestamp,
}

impl Provenances {
    pub(crate) fn new(fetcher: Arc<Fetcher>, cache: Cache, pages: Pages) -> Self {
        let known = MemoryCache::new(limits::ATTESTED_FILES);
        Self { fetcher, cache, pages, root: OnceLock::new(), known }
    }

    /// What is known without asking anybody.
    pub(crate) fn known(&self, subject: &Subject, now: Timestamp) -> Attested {
        match self.known.get(subject) {
            Some(known) if now < known.until => known.attested,
            _ => Attested::NotAsked,
        }
    }

    /// Asks for a file's attestations and verifies them; what was wrong with them. One request asks, the others wait for it.
    pub(crate) async fn ask(&self, subject: &Subject, place: &Place) -> Vec<Fault> {
        if self.known(subject, clock::now()) == Attested::NotAsked {
            self.known.remove(subject);
        }
        let Err(guard) = self.known.get_value_or_guard_async(subject).await else { return Vec::new() };
        let (attested, seconds, faults) = match self.document(place).await {
            Err(Fault::Unavailable(problem)) => {
                (Attested::Unheard(format!("cannot be had: {problem}")), limits::UNHEARD_SECONDS, Vec::new())
            }
            Err(fault) => (nobody(), limits::ATTESTATIONS_SECONDS, vec![fault]),
            Ok(None) => (nobody(), limits::ATTESTATIONS_SECONDS, Vec::new()),
            Ok(Some(bytes)) => match self.verified(subject, bytes).await {
                Some((verified, faults)) => (Attested::By(verified.into()), limits::ATTESTATIONS_SECONDS, faults),
                None => (Attested::Unheard("cannot be verified: this is a bug".to_owned()), 0, Vec::new()),
            },
        };
        let until = later(clock::now(), SignedDuration::from_secs(seconds));
        let _replaced_meanwhile = guard.insert(Known { attested, until });
        faults
    }

    /// The bytes of a provenance document: kept, or as they come. `None` where there is none.
    async fn document(&self, place: &Place) -> Result<Option<Bytes>, Fault> {
        let scope = scope(place.authorization.as_ref());
        if let Some(kept) = self.kept(place, scope).await {
            return Ok(Some(kept));
        }
        let answer = self.fetcher.small(&place.url, &place.page, place.authorization.clone(), most()).await;
        let Some(bytes) = answer.map_err(|problem| Fault::Unavailable(problem.to_string()))? else { return Ok(None) };
        if place.sha256.is_some_and(|signed| signed != crate::digest::sha256(&bytes)) {
            return Err(Fault::NotTheSignedOne);
        }
        self.keep(place, scope, &bytes).await;
        Ok(Some(bytes))
    }

    /// By its digest, where one is signed; else as long as pages are kept, by its URL.
    async fn kept(&self, place: &Place, scope: Scope) -> Option<Bytes> {
        let Some(sha256) = place.sha256 else {
            let kept = self.pages.load(&place.url, credential(scope).as_ref()).await?;
            let now = clock::now();
            return (kept.head.confirmed <= now && now < kept.head.fresh_until).then_some(kept.body);
        };
        let cache = self.cache.clone();
        let read = move || {
            let file = cache.lookup(scope, &sha256)?;
            let length = usize::try_from(file.size()).ok().filter(|length| *length <= most())?;
            file.shared().read_at(0, length).ok()
        };
        tokio::task::spawn_blocking(read).await.ok()?
    }

    /// Where that fails it is fetched again another time.
    async fn keep(&self, place: &Place, scope: Scope, bytes: &Bytes) {
        if place.sha256.is_none() {
            let (url, confirmed) = (place.url.clone(), clock::now());
            let fresh_until = later(confirmed, SignedDuration::from_secs(limits::ATTESTATIONS_KEPT_SECONDS));
            let head = Head { url, json: true, etag: None, last_modified: None, confirmed, fresh_until };
            drop(self.pages.keep(&place.url, credential(scope).as_ref(), &KeptPage { head, body: bytes.clone() }));
            return;
        }
        let (cache, bytes) = (self.cache.clone(), bytes.clone());
        let write = move || {
            let mut partial = cache.begin()?;
            partial.write(&bytes)?;
            partial.finish().map(|finished| drop(finished.commit(scope)))
        };
        if let Ok(Err(problem)) = tokio::task::spawn_blocking(write).await {
            tracing::debug!(%problem, "a provenance document is not kept");
        }
    }

    /// Those that hold. Each takes about a millisecond of computing.
    async fn verified(&self, subject: &Subject, bytes: Bytes) -> Option<(Vec<Verified>, Vec<Fault>)> {
        let embedded = || TrustedRoot::embedded().ok().map(Arc::new);
        let (root, subject) = (Arc::clone(self.root.get_or_init(embedded).as_ref()?), subject.clone());
        tokio::task::spawn_blocking(move || document::verify(&root, &subject, &bytes)).await.ok()
    }
}

fn most() -> usize {
    affineur_trust::limits::ATTESTATIONS_BYTES
}

fn nobody() -> Attested {
    Attested::By([].into())
}

fn credential(scope: Scope) -> Option<Sha256> {
    match scope {
        Scope::Public => None,
        Scope::Credential(sha256) => Some(sha256),
    }
}
