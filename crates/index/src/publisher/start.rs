//! The first publication of an index, and the start of a publisher on an index that has one.

use std::sync::Arc;

use affineur_trust::listing::BINS;
use affineur_tuf::edit::{Draft, SharedSigner, Text, expiry_of};
use affineur_tuf::{Listed, Root, Snapshot, Targets, Timestamp as TimestampRole, TopRole, Version, metadata_path};
use bytes::Bytes;
use jiff::Timestamp;

use super::{Granularity, Publisher, PublisherError, State, StoredProblem, Tree, Validity, expiry, file, stored, unreadable};
use crate::status::newest_root;
use crate::store::{Publication, Store};

/// What a ceremony made: the first versions of the roles whose keys never come here.
pub struct Offline {
    /// Root.
    pub root: Bytes,
    /// Top-level targets.
    pub targets: Bytes,
    /// The role `bins`.
    pub bins: Bytes,
}

/// How the online key signs and for how long.
pub struct Online {
    /// The key.
    pub signer: SharedSigner,
    /// What becomes a target.
    pub granularity: Granularity,
    /// How long what it signs is valid.
    pub validity: Validity,
}

impl<S: Store> Publisher<S> {
    /// Publishes for the first time: what was made offline, empty bins, snapshot, timestamp.
    ///
    /// # Errors
    /// [`PublisherError::AlreadyInitialised`], [`PublisherError::Offline`]; see [`PublisherError`].
    pub async fn initialise(store: S, offline: Offline, online: Online, now: Timestamp) -> Result<Self, PublisherError> {
        let lease = store.publisher_lease().await?;
        if store.timestamp().await?.is_some() {
            return Err(PublisherError::AlreadyInitialised);
        }
        let unusable = |what: &str, problem: String| PublisherError::Offline(format!("{what}: {problem}"));
        let root = Draft::<Root>::reopen(&offline.root).map_err(|fault| unusable("root", fault.to_string()))?;
        let targets = Draft::<Targets>::reopen(&offline.targets).map_err(|fault| unusable("targets", fault.to_string()))?;
        let bins = Draft::<Targets>::reopen(&offline.bins).map_err(|fault| unusable("bins", fault.to_string()))?;
        let tree = Tree::of(&bins).map_err(|problem| unusable("bins", problem))?;
        names_the_online_key(&root, &online)?;
        let bins_expire = expiry(now, online.validity.bin)?;
        let mut snapshot = Draft::<Snapshot>::new(expiry(now, online.validity.snapshot)?);
        snapshot.list(TopRole::Targets.as_str(), Listed::with_digest(targets.version(), &offline.targets));
        snapshot.list(BINS, Listed::with_digest(bins.version(), &offline.bins));
        let mut metadata = vec![
            (metadata_path(TopRole::Root.as_str(), Some(root.version())), offline.root),
            (metadata_path(TopRole::Targets.as_str(), Some(targets.version())), offline.targets),
            (Tree::bins_path(bins.version()), offline.bins),
        ];
        for bin in 0..tree.bins() {
            let signed = Draft::<Targets>::new(bins_expire).sign([&*online.signer])?;
            snapshot.list(&tree.name(bin), signed.listed_by_version());
            metadata.push((tree.path(bin, signed.version()), signed.into_bytes().into()));
        }
        let signed = snapshot.sign([&*online.signer])?;
        let timestamp = Draft::<TimestampRole>::new(expiry(now, online.validity.timestamp)?, signed.listed());
        metadata.push((metadata_path(TopRole::Snapshot.as_str(), Some(signed.version())), signed.into_bytes().into()));
        let publication = Publication {
            after: None,
            version: timestamp.version(),
            timestamp: timestamp.sign([&*online.signer])?.into_bytes().into(),
            metadata,
            targets: Vec::new(),
            done: Vec::new(),
            at: now,
        };
        store.publish(publication).await?;
        let bins = Arc::new(vec![bins_expire; usize::try_from(tree.bins()).unwrap_or_default()]);
        let state = State { timestamp, snapshot: Text::of(&snapshot)?, bins };
        Ok(Self::new(store, lease, online, (tree, state)))
    }

    /// Becomes the publisher of an index that has been initialised.
    ///
    /// # Errors
    /// [`PublisherError::NotInitialised`]; see [`PublisherError`].
    pub async fn start(store: S, online: Online) -> Result<Self, PublisherError> {
        let lease = store.publisher_lease().await?;
        let (tree, state) = load(&store).await?;
        Ok(Self::new(store, lease, online, (tree, state)))
    }

    fn new(store: S, lease: S::Lease, online: Online, (tree, state): (Tree, State)) -> Self {
        let Online { signer: online, granularity, validity } = online;
        let (collected, warned, incoming) = (None, None, None);
        Self { store, _lease: lease, online, tree, granularity, validity, state, collected, warned, incoming }
    }

    /// Begins anew from what is stored.
    pub(super) async fn reload(&mut self) -> Result<(), PublisherError> {
        (self.tree, self.state) = load(&self.store).await?;
        if let Some(folder) = &self.incoming {
            let (_, root) = newest_root(&self.store).await?;
            if let Some(named) = folder.signer_named_by(&root)? {
                self.online = named;
            }
        }
        Ok(())
    }
}

/// What was published last.
async fn load<S: Store>(store: &S) -> Result<(Tree, State), PublisherError> {
    let published = store.timestamp().await?.ok_or(PublisherError::NotInitialised)?;
    let timestamp = Draft::<TimestampRole>::reopen(&published.bytes).map_err(|fault| unreadable("timestamp.json", fault))?;
    let version = timestamp.body().snapshot().version();
    let snapshot: Draft<Snapshot> = stored(store, &metadata_path(TopRole::Snapshot.as_str(), Some(version))).await?;
    let snapshot = Text::of(&snapshot)?;
    let bins: Draft<Targets> = stored(store, &Tree::bins_path(listed(&snapshot, BINS)?)).await?;
    let tree = Tree::of(&bins).map_err(PublisherError::Offline)?;
    let expiries = expiries(store, &tree, &snapshot).await?;
    Ok((tree, State { timestamp, snapshot, bins: Arc::new(expiries) }))
}

/// When each bin expires. Reads all of them, once in the life of a process.
async fn expiries<S: Store>(
    store: &S,
    tree: &Tree,
    snapshot: &Text<Snapshot>,
) -> Result<Vec<affineur_tuf::Expiry>, PublisherError> {
    let mut expiries = Vec::new();
    for bin in 0..tree.bins() {
        let path = tree.path(bin, listed(snapshot, &tree.name(bin))?);
        expiries.push(expiry_of(&file(store, &path).await?).map_err(|fault| unreadable(path, fault))?);
    }
    Ok(expiries)
}

/// The version of a role that the snapshot lists.
pub(super) fn listed(snapshot: &Text<Snapshot>, role: &str) -> Result<Version, PublisherError> {
    let listed = snapshot.role(role).map(|listed| listed.version());
    listed.ok_or_else(|| PublisherError::Stored { path: format!("{role}.json"), problem: StoredProblem::Missing })
}

/// Without this the first client would find out.
fn names_the_online_key(root: &Draft<Root>, online: &Online) -> Result<(), PublisherError> {
    for role in [TopRole::Timestamp, TopRole::Snapshot] {
        let named = root.body().role(role).is_some_and(|keys| keys.keyids().contains(online.signer.key_id()));
        if !named {
            return Err(PublisherError::Offline(format!("root does not give the online key to {role}")));
        }
    }
    Ok(())
}
