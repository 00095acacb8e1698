//! `.metadata` for every wheel: kept from before, out of the cached wheel, from the upstream, by ranges, or out of the whole
//! wheel. Whatever was served is compared with what is inside the wheel when that passes; a difference is hostile.

use std::sync::Arc;

use affineur_packaging::limits::METADATA_BYTES;
use affineur_packaging::page::CoreMetadata;
use affineur_packaging::{DistributionKind, FileName, Sha256};
use affineur_trust::{Class, Contradiction};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use super::file::Listed;
use super::refusal::Refusal;
use super::{Gateway, scope};
use crate::body::{Body, empty, full};
use crate::cache::{Cache, CachedFile, KeptMetadata, Provenance, Scope};
use crate::limits;
use crate::wheel;

impl Gateway {
    /// Sends the metadata of a file that passed.
    pub(crate) async fn send_metadata(
        self: &Arc<Self>,
        listed: &Listed,
        authorization: Option<HeaderValue>,
        method: &Method,
        _: &HeaderMap,
    ) -> Response<Body> {
        if listed.file.entry.name.kind() != DistributionKind::Wheel {
            return super::page::status(StatusCode::NOT_FOUND, "source distributions have no metadata here\n".to_owned());
        }
        match self.metadata(listed, authorization).await {
            Ok(bytes) => {
                let length = HeaderValue::from(bytes.len());
                let mut response = Response::new(if method == Method::HEAD { empty() } else { full(bytes) });
                let headers = response.headers_mut();
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
                headers.insert(CONTENT_LENGTH, length);
                response
            }
            Err(refusal) => refusal.response(),
        }
    }

    async fn metadata(self: &Arc<Self>, listed: &Listed, authorization: Option<HeaderValue>) -> Result<Bytes, Refusal> {
        let scope = scope(authorization.as_ref());
        let Some(digest) = listed.file.entry.sha256 else {
            return Err(Refusal::file(Class::Undecided, "the file has no digest yet"));
        };
        let said = Said::of(listed, scope, digest);
        let (cache, asked) = (self.cache.clone(), said.clone());
        let at_hand = tokio::task::spawn_blocking(move || asked.at_hand(&cache)).await.ok().flatten();
        // What was kept under another kind of source, or before the index signed another digest, does not count.
        if let Some(kept) = at_hand
            && is_signed_for(listed, &kept)
        {
            return Ok(kept.bytes);
        }
        let kept = self.ask_metadata(listed, authorization).await?;
        if !is_signed_for(listed, &kept) {
            self.distrust(listed, Contradiction::Metadata);
            let why = format!("{}: the metadata does not have the digest that the listing says", listed.source.name);
            return Err(Refusal::file(Class::Hostile, why));
        }
        let bytes = kept.bytes.clone();
        let cache = self.cache.clone();
        let stored = tokio::task::spawn_blocking(move || cache.keep_metadata(scope, &said.key, &kept)).await;
        // What was served and not kept could not be compared with the wheel.
        match stored {
            Ok(Ok(())) => Ok(bytes),
            _ => Err(Refusal::file(Class::Undecided, "the metadata cannot be stored on this machine")),
        }
    }

    async fn ask_metadata(
        self: &Arc<Self>,
        listed: &Listed,
        authorization: Option<HeaderValue>,
    ) -> Result<KeptMetadata, Refusal> {
        let entry = &listed.file.entry;
        if listed.file.entry.core_metadata != CoreMetadata::Absent
            && let Some(kept) = self.upstream_metadata(listed, authorization.clone()).await?
        {
            return Ok(kept);
        }
        let upstream = self.upstream(
            &listed.page,
            authorization.clone(),
            entry.size.unwrap_or(limits::FILE_BYTES).min(limits::FILE_BYTES),
        );
        let unsigned = listed.source.signs() && !matches!(entry.core_metadata, CoreMetadata::Digest(_));
        if !unsigned && let Ok(read) = wheel::metadata_by_ranges(&upstream, &entry.url, &entry.name).await {
            return Ok(KeptMetadata { bytes: read.bytes, provenance: Provenance::ByRanges });
        }
        let undecided = |problem: &dyn std::fmt::Display| {
            Refusal::file(Class::Undecided, format!("{}: its metadata cannot be read: {problem}", listed.source.name))
        };
        let file = match self.whole_file(&listed.page, entry, authorization.as_ref()).await {
            Ok(file) => file,
            Err(problem) => {
                self.transferred(listed, Err(&problem));
                return Err(undecided(&problem));
            }
        };
        let name = entry.name.clone();
        let read = tokio::task::spawn_blocking(move || wheel::metadata(file.reader(), &name)).await;
        match read {
            Ok(Ok(bytes)) => Ok(KeptMetadata { bytes, provenance: Provenance::FromWheel }),
            Ok(Err(problem)) => Err(undecided(&problem)),
            Err(_) => Err(undecided(&"the reader broke")),
        }
    }

    /// The upstream's own `.metadata`, with the digest that its page names; `None` where there is none after all.
    async fn upstream_metadata(
        self: &Arc<Self>,
        listed: &Listed,
        authorization: Option<HeaderValue>,
    ) -> Result<Option<KeptMetadata>, Refusal> {
        let entry = &listed.file.entry;
        let mut url = entry.url.clone();
        url.set_path(&format!("{}.metadata", entry.url.path()));
        let Ok(Some(bytes)) = self.fetcher.small(&url, &listed.page, authorization, METADATA_BYTES as usize).await else {
            return Ok(None);
        };
        let sha256 = crate::digest::sha256(&bytes);
        match entry.core_metadata {
            CoreMetadata::Digest(expected) if expected != sha256 => {
                self.distrust(listed, Contradiction::Metadata);
                Err(Refusal::file(
                    Class::Hostile,
                    format!("{}: the metadata does not have the digest that the page says", listed.source.name),
                ))
            }
            _ => Ok(Some(KeptMetadata { bytes, provenance: Provenance::FromUpstream { sha256 } })),
        }
    }
}

/// Whether metadata may be served: of a source that signs, only what has the listed digest or, where none is listed, what is
/// inside the verified wheel.
fn is_signed_for(listed: &Listed, kept: &KeptMetadata) -> bool {
    match listed.file.entry.core_metadata {
        _ if !listed.source.signs() => true,
        CoreMetadata::Digest(expected) => crate::digest::sha256(&kept.bytes) == expected,
        CoreMetadata::Absent | CoreMetadata::Offered => kept.provenance == Provenance::FromWheel,
    }
}

/// What one source says of one file of its: whose metadata it is, and under which key it is kept. The digest alone is no key:
/// anybody can list a file with the digest of somebody else's wheel, and lie about what is inside.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    scope: Scope,
    key: Sha256,
    wheel: Sha256,
    name: FileName,
}

impl Said {
    pub(crate) fn of(listed: &Listed, scope: Scope, wheel: Sha256) -> Self {
        let name = listed.file.entry.name.clone();
        let key = crate::digest::sha256(format!("{}\n{name}\n{wheel}", listed.source.name).as_bytes());
        Self { scope, key, wheel, name }
    }

    /// Metadata that needs no question to anybody. Blocks.
    fn at_hand(&self, cache: &Cache) -> Option<KeptMetadata> {
        if let Some(kept) = cache.metadata(self.scope, &self.key) {
            return Some(kept);
        }
        let wheel = cache.lookup(self.scope, &self.wheel)?;
        let bytes = wheel::metadata(wheel.reader(), &self.name).ok()?;
        let kept = KeptMetadata { bytes, provenance: Provenance::FromWheel };
        cache.keep_metadata(self.scope, &self.key, &kept).ok()?;
        Some(kept)
    }

    /// Whether the metadata that was served for a wheel is what is inside it. Blocks; runs before the wheel's end is sent.
    pub(crate) fn agrees(&self, cache: &Cache, wheel: &CachedFile) -> Result<(), String> {
        let served = cache.metadata(self.scope, &self.key);
        if served.as_ref().is_some_and(|served| served.provenance == Provenance::FromWheel) {
            return Ok(());
        }
        match (served, wheel::metadata(wheel.reader(), &self.name)) {
            (Some(served), Ok(inside)) if served.bytes != inside => Err(DIFFERS.to_owned()),
            (Some(_), Err(_)) => Err(DIFFERS.to_owned()),
            (_, Ok(inside)) => {
                let kept = KeptMetadata { bytes: inside, provenance: Provenance::FromWheel };
                let _ = cache.keep_metadata(self.scope, &self.key, &kept);
                Ok(())
            }
            (None, Err(_)) => Ok(()), // nothing was said about it; the installer finds out by itself
        }
    }

    /// The same for a wheel that the cache may have from elsewhere, where no transfer runs that would compare. Blocks.
    pub(crate) fn agrees_with_cached(&self, cache: &Cache) -> Result<(), String> {
        let unproven = cache.metadata(self.scope, &self.key).is_some_and(|said| said.provenance != Provenance::FromWheel);
        match unproven.then(|| cache.lookup(self.scope, &self.wheel)).flatten() {
            Some(wheel) => self.agrees(cache, &wheel),
            None => Ok(()),
        }
    }
}

const DIFFERS: &str = "the metadata that was served is not what is inside the wheel";
