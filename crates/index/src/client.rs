//! What is stored, seen as a client sees it that has only the first root: every signature counted, every version compared.
//!
//! Used before something unusual is published, and by a check of the whole index.

use std::collections::BTreeMap;

use affineur_tuf::{Edge, Error, ReferenceTime, Roots, View};
use bytes::Bytes;

use crate::store::{Store, StoreError};

/// What a client would say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A file that is listed is not there.
    #[error("{0} is not there")]
    Missing(String),
    /// It is not as it must be.
    #[error(transparent)]
    Tuf(#[from] Error),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A client without a local copy.
pub(crate) struct Client<'a, S> {
    /// What is published.
    pub(crate) store: &'a S,
    /// Files that take the place of stored ones: what is about to be published.
    pub(crate) instead: &'a BTreeMap<String, Bytes>,
    /// When it asks.
    pub(crate) now: ReferenceTime,
}

impl<S: Store> Client<'_, S> {
    /// Goes from the first root to the top-level targets.
    pub(crate) async fn view(&self) -> Result<View, Refusal> {
        let mut roots = Roots::start(&self.fetch("1.root.json").await?, self.now)?;
        while let Some(wanted) = roots.wanted() {
            let Some(next) = self.find(&wanted.path).await? else { break };
            roots = roots.accept(&next)?;
        }
        let timestamps = roots.finish()?;
        let snapshots = timestamps.accept(&self.fetch("timestamp.json").await?)?;
        let wanted = snapshots.wanted();
        let targets = snapshots.accept(&self.fetch(&wanted.path).await?)?;
        let wanted = targets.wanted()?;
        Ok(targets.accept(&self.fetch(&wanted.path).await?)?.0)
    }

    /// Everything at once: the first thing that a client would refuse. Only roles on the way down are kept in memory: bins are many.
    pub(crate) async fn accepts(&self) -> Result<(), Refusal> {
        let mut view = self.view().await?;
        for parent in self.delegations(&view, None)? {
            self.accept(&mut view, &parent).await?;
            for child in self.delegations(&view, Some(&parent))? {
                view.forget_roles();
                self.accept(&mut view, &child).await?;
            }
        }
        Ok(())
    }

    /// Whom the top-level targets or a role that was taken delegate to.
    pub(crate) fn delegations(&self, view: &View, of: Option<&Edge>) -> Result<Vec<Edge>, Refusal> {
        Ok(view.live(self.now)?.delegations(of)?.collect::<Result<_, _>>()?)
    }

    /// Takes a role.
    pub(crate) async fn accept(&self, view: &mut View, edge: &Edge) -> Result<(), Refusal> {
        let wanted = view.wanted(edge)?;
        let bytes = self.fetch(&wanted.path).await?;
        view.accept(edge, &bytes, self.now)?;
        Ok(())
    }

    async fn fetch(&self, path: &str) -> Result<Bytes, Refusal> {
        self.find(path).await?.ok_or_else(|| Refusal::Missing(path.to_owned()))
    }

    async fn find(&self, path: &str) -> Result<Option<Bytes>, Refusal> {
        if let Some(bytes) = self.instead.get(path) {
            return Ok(Some(bytes.clone()));
        }
        Ok(self.store.metadata(path).await?)
    }
}
