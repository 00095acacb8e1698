//! Digests for files of upstreams that state none: the bytes are fetched and hashed once, and pinned.
//!
//! A page does this for its newest few files; the others are marked as withheld and hashed when somebody asks for one.

use affineur_packaging::{ProjectName, Version};
use futures_util::StreamExt as _;
use futures_util::stream;
use http::HeaderValue;
use url::Url;

use super::source::Source;
use super::view::DecidedFile;
use super::{Gateway, clock};
use crate::limits;

impl Gateway {
    /// Hashes the newest files of a page that have no digest, and decides those again.
    pub(crate) async fn hash_undigested(
        &self,
        source: &Source,
        page: &Url,
        files: &mut [DecidedFile],
        authorization: Option<&HeaderValue>,
    ) {
        let mut undigested: Vec<(&Version, usize)> = files
            .iter()
            .enumerate()
            .filter(|(_, file)| file.entry.sha256.is_none() && file.pin.is_some())
            .map(|(at, file)| (file.entry.name.version(), at))
            .collect();
        undigested.sort_by(|one, other| other.cmp(one));
        let newest: Vec<(usize, DecidedFile)> = undigested
            .into_iter()
            .take(limits::HASHED_PER_PAGE)
            .filter_map(|(_, at)| files.get(at).map(|file| (at, file.clone())))
            .collect();
        let hashed: Vec<(usize, Option<DecidedFile>)> = stream::iter(newest)
            .map(|(at, file)| async move { (at, self.with_digest(source, page, &file, authorization).await) })
            .buffer_unordered(limits::HASHED_AT_ONCE)
            .collect()
            .await;
        for (at, file) in hashed {
            if let (Some(file), Some(slot)) = (file, files.get_mut(at)) {
                *slot = file;
            }
        }
    }

    /// The file with the digest of its bytes, pinned and decided again; `None` where the bytes cannot be had.
    pub(crate) async fn with_digest(
        &self,
        source: &Source,
        page: &Url,
        file: &DecidedFile,
        authorization: Option<&HeaderValue>,
    ) -> Option<DecidedFile> {
        let fetched = self.whole_file(page, &file.entry, authorization).await.ok()?;
        let observed = self.state.record_digest(&source.name, &file.entry.name, fetched.sha256(), clock::now()).await.ok()?;
        let mut entry = file.entry.clone();
        entry.sha256 = Some(fetched.sha256());
        entry.size = Some(fetched.size());
        let project: ProjectName = file.decision_project().clone();
        Some(self.decide_one(&mut self.panel(source, &project), entry, observed, None))
    }
}
