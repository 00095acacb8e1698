//! What was signed offline, on its way in: new versions of root, targets and bins, perhaps with another online key.
//!
//! They wait as one file in the index's folder ([`Incoming`]). The publisher lists them in the next snapshot and publishes all
//! of it in one step; before, it looks at the whole as a client would that has only the first root. If the online key was
//! replaced, every bin, the snapshot and the timestamp are signed with the new one in the same step. Clients that see timestamp's
//! or snapshot's key change forget the versions that they had seen (§5.3.11), which is how they recover from versions that a thief
//! signed far ahead; versions simply continue.
//!
//! A crash anywhere leaves the file and the old state, or the new state: then the file is found to be done and goes away.

use std::collections::BTreeMap;

use affineur_trust::listing::BINS;
use affineur_tuf::edit::{Draft, Edits};
use affineur_tuf::{Expiry, Listed, Root, Targets, TopRole, Version, metadata_path};
use bytes::Bytes;
use jiff::Timestamp;

use super::group::{BinEdits, Offered};
use super::start::listed;
use super::{Publisher, PublisherError, Tree};
use crate::client::{Client, Refusal};
use crate::folder::{Folder, FolderError, Waiting};
use crate::limits;
use crate::status::newest_root;
use crate::store::Store;

impl<S: Store> Publisher<S> {
    /// Takes in what was signed offline from this folder, from now on.
    #[must_use]
    pub fn taking_in(mut self, folder: Folder) -> Self {
        self.incoming = Some(folder);
        self
    }

    /// Publishes what was signed offline, if something waits. What clients would refuse is refused here: the folder says why.
    ///
    /// # Errors
    /// See [`PublisherError`]. What waits still waits then.
    pub async fn take_in(&mut self, now: Timestamp) -> Result<Option<Version>, PublisherError> {
        let Some(folder) = self.incoming.clone() else { return Ok(None) };
        let Some(waiting) = folder.incoming()? else { return Ok(None) };
        let published = self.publish_offline(&folder, &waiting, now).await;
        let version = match published {
            Ok(version) => version,
            Err(PublisherError::Offline(reason)) => {
                self.reload().await?;
                tracing::error!(%reason, "what was signed offline is refused");
                folder.refuse_incoming(&reason)?;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let (_, root) = newest_root(&self.store).await?;
        folder.settle(&root)?;
        folder.incoming_is_done()?;
        if let Some(version) = version {
            let files: Vec<&str> = waiting.files.keys().map(String::as_str).collect();
            tracing::info!(%version, files = files.join(" "), "what was signed offline is published");
        }
        Ok(version)
    }

    /// `None` where it was published before.
    async fn publish_offline(
        &mut self,
        folder: &Folder,
        waiting: &Waiting,
        now: Timestamp,
    ) -> Result<Option<Version>, PublisherError> {
        if self.is_published(waiting).await? {
            return Ok(None);
        }
        let before = self.online.key_id().clone();
        for (path, bytes) in &waiting.files {
            self.list(folder, path, bytes).await?;
        }
        let rekeyed = *self.online.key_id() != before;
        // Those that expired, too: no client would take what is published now.
        let due = |(bin, expires): (u64, &Expiry)| (rekeyed || expires.has_passed(now)).then(|| (bin, Edits::default()));
        let edits: BinEdits = (0..).zip(self.state.bins.iter()).filter_map(due).collect();
        let metadata = waiting.files.iter().map(|(path, bytes)| (path.clone(), bytes.clone())).collect();
        let (publication, next) = self.signed(edits, Offered { metadata, ..Offered::default() }, now).await?;
        let mut instead: BTreeMap<String, Bytes> = publication.metadata.iter().cloned().collect();
        instead.insert(metadata_path(TopRole::Timestamp.as_str(), None), publication.timestamp.clone());
        Client { store: &self.store, instead: &instead, now }.accepts().await.map_err(|refusal| match refusal {
            Refusal::Store(error) => PublisherError::Store(error),
            other => PublisherError::Offline(other.to_string()),
        })?;
        self.commit(publication, next).await.map(Some)
    }

    async fn is_published(&self, waiting: &Waiting) -> Result<bool, PublisherError> {
        for (path, bytes) in &waiting.files {
            if self.store.metadata(path).await?.as_ref() != Some(bytes) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Puts one file in its place in the next snapshot, and signs with the key that a new root names.
    async fn list(&mut self, folder: &Folder, path: &str, bytes: &Bytes) -> Result<(), PublisherError> {
        let unusable = |problem: String| PublisherError::Offline(format!("{path}: {problem}"));
        let is = |role: &str, version: Version| metadata_path(role, Some(version)) == path;
        if let Ok(root) = Draft::<Root>::reopen(bytes) {
            let next = newest_root(&self.store).await?.0.next();
            if next != Some(root.version()) || !is(TopRole::Root.as_str(), root.version()) {
                return Err(unusable("it is not the next root".to_owned()));
            }
            let online = folder.signer_named_by(bytes)?;
            self.online = online.ok_or_else(|| unusable("the online key that it names is not in this folder".to_owned()))?;
            return Ok(());
        }
        let draft = Draft::<Targets>::reopen(bytes).map_err(|fault| unusable(fault.to_string()))?;
        let role = [TopRole::Targets.as_str(), BINS].into_iter().find(|role| is(role, draft.version()));
        let role = role.ok_or_else(|| unusable("an offline role is root, targets or bins".to_owned()))?;
        if listed(&self.state.snapshot, role)?.next() != Some(draft.version()) {
            return Err(unusable("it is not the next version".to_owned()));
        }
        if role == BINS {
            let tree = Tree::of(&draft).map_err(unusable)?;
            if tree.bins() != self.tree.bins() {
                return Err(unusable("it has another number of bins".to_owned()));
            }
            self.tree = tree;
        }
        let mut edits = Edits::default();
        edits.list(role, Listed::with_digest(draft.version(), bytes));
        self.state.snapshot = self.state.snapshot.edited(&edits)?;
        Ok(())
    }
}

/// Comes back when something waits that was signed offline.
pub(super) async fn arrived(folder: Option<&Folder>) {
    loop {
        tokio::time::sleep(limits::INCOMING_POLL).await;
        if folder.is_some_and(Folder::has_incoming) {
            return;
        }
    }
}

impl From<FolderError> for PublisherError {
    fn from(error: FolderError) -> Self {
        Self::Folder(error.to_string())
    }
}

#[cfg(test)]
mod tests;
