//! What is published verifies, through the core that clients use.

use std::sync::Arc;

use affineur_packaging::page::Yanked;
use affineur_packaging::{FileName, ProjectName};
use affineur_trust::listing::{BINS, Listing, Overlay, Place, bin_prefix, listing_path, overlay_path};
use affineur_tuf::edit::{Draft, SharedSigner};
use affineur_tuf::key::{KeyPair, Signer as _};
use affineur_tuf::{
    Found, Lookup, PathPattern, Paths, Progress, Root, Roots, Search, TargetPath, Targets, Threshold, TopRole, View,
};
use bytes::Bytes;
use jiff::{Timestamp, ToSpan as _};

use super::*;
use crate::store::{NewFile, Request, SqliteStore, Staged, Ticket, TicketState, Which, YankedBy};

pub(super) const BITS: u8 = 4;

pub(super) fn signer(seed: u8) -> SharedSigner {
    Arc::new(KeyPair::from_seed([seed; 32]).unwrap())
}

pub(super) fn named(seed: u8) -> (affineur_tuf::key::KeyId, affineur_tuf::key::Key) {
    let pair = KeyPair::from_seed([seed; 32]).unwrap();
    (pair.key_id().clone(), pair.key().clone())
}

pub(crate) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// What a ceremony makes, with one key for each role.
pub(super) fn offline() -> Offline {
    let expires = Expiry::at(now() + (365 * 24).hours());
    let mut root = Draft::<Root>::new(expires);
    for (role, seed) in [(TopRole::Root, 1), (TopRole::Targets, 2), (TopRole::Timestamp, 9), (TopRole::Snapshot, 9)] {
        root.set_role(role, [named(seed)], Threshold::ONE);
    }
    let mut targets = Draft::<Targets>::new(expires);
    let everything = Paths::Patterns(["*/*/*/*", "_status/*"].map(PathPattern::new).to_vec());
    targets.delegate(BINS.parse().unwrap(), [named(3)], Threshold::ONE, everything);
    let mut bins = Draft::<Targets>::new(expires);
    bins.delegate_to_bins(BITS, &bin_prefix(BITS), [named(9)], Threshold::ONE);
    Offline {
        root: root.sign([&*signer(1)]).unwrap().into_bytes().into(),
        targets: targets.sign([&*signer(2)]).unwrap().into_bytes().into(),
        bins: bins.sign([&*signer(3)]).unwrap().into_bytes().into(),
    }
}

pub(super) fn online() -> Online {
    Online { signer: signer(9), granularity: Granularity::Listings, validity: Validity::default() }
}

/// An index in a folder that is removed at the end.
pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store: SqliteStore,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        Self { folder, store }
    }

    pub(crate) async fn publisher(&self) -> Publisher<SqliteStore> {
        Publisher::initialise(self.store.clone(), offline(), online(), now()).await.unwrap()
    }

    /// A publisher of what is there.
    pub(crate) async fn again(&self) -> Publisher<SqliteStore> {
        Publisher::start(self.store.clone(), online()).await.unwrap()
    }

    pub(crate) async fn upload(&self, name: &str, bytes: &[u8]) -> Ticket {
        let mut stage = self.store.stage(1 << 20).unwrap();
        stage.write(bytes).unwrap();
        let staged: Staged = stage.finish().unwrap();
        let file = NewFile {
            file: name.parse::<FileName>().unwrap(),
            display_name: "Cheese".to_owned(),
            requires_python: Some(">=3.9".to_owned()),
            core_metadata: Some(Bytes::from_static(b"Name: cheese\n")),
            attestations: None,
            uploaded: now(),
            uploader: "token 1".to_owned(),
        };
        self.store.accept(file, staged).await.unwrap().ticket()
    }

    /// A client without a local copy.
    pub(super) async fn client(&self, now: Timestamp) -> Result<View, affineur_tuf::Error> {
        let mut roots = Roots::start(&self.fetch("1.root.json").await, now)?;
        while let Some(bytes) = self.store.metadata(&roots.wanted().unwrap().path).await.unwrap() {
            roots = roots.accept(&bytes)?;
        }
        let snapshots = roots.finish()?.accept(&self.fetch("timestamp.json").await)?;
        let wanted = snapshots.wanted().path;
        let targets = snapshots.accept(&self.fetch(&wanted).await)?;
        let wanted = targets.wanted()?.path;
        Ok(targets.accept(&self.fetch(&wanted).await)?.0)
    }

    pub(super) async fn fetch(&self, path: &str) -> Bytes {
        self.store.metadata(path).await.unwrap().unwrap()
    }

    pub(super) async fn find(&self, view: &mut View, path: TargetPath, now: Timestamp) -> Lookup<Found> {
        let mut search = Search::new(path);
        loop {
            match search.advance(&view.live(now).unwrap()).unwrap() {
                Progress::Ended(lookup) => return lookup,
                Progress::Needs(edge) => {
                    let wanted = view.wanted(&edge).unwrap();
                    let bytes = self.fetch(&wanted.path).await;
                    view.accept(&edge, &bytes, now).unwrap();
                }
            }
        }
    }

    /// A document as a client gets it: found, in its place, with the digest that was signed.
    async fn document(&self, view: &mut View, path: TargetPath, place: Place) -> Bytes {
        let Lookup::Found(found) = self.find(view, path.clone(), now()).await else { panic!("{path} is not there") };
        place.accepts(&found.chain).unwrap();
        let sha256 = found.target.hashes().digest("sha256").unwrap().parse().unwrap();
        let bytes = self.store.target(&path, Some(sha256)).await.unwrap().unwrap();
        found.target.hashes().check(&bytes).unwrap();
        bytes
    }
}

pub(super) fn project(name: &str) -> ProjectName {
    name.parse().unwrap()
}

#[tokio::test]
async fn an_empty_index_verifies_and_says_that_a_project_is_absent() {
    let world = World::new();
    drop(world.publisher().await);
    let mut view = world.client(now()).await.unwrap();
    assert_eq!(world.find(&mut view, listing_path(&project("cheese")).unwrap(), now()).await, Lookup::Absent);
}

#[tokio::test]
async fn what_was_accepted_is_published_in_one_step_and_verifies() {
    let world = World::new();
    let mut publisher = world.publisher().await;
    let first = world.upload("cheese-1.0-py3-none-any.whl", b"brie").await;
    let second = world.upload("cheese-1.0.tar.gz", b"camembert").await;
    world.upload("wine-2.0.tar.gz", b"red").await;
    assert_eq!(world.store.ticket(first).await.unwrap(), TicketState::Pending);
    let version = publisher.publish_pending(now()).await.unwrap().unwrap();
    assert_eq!(world.store.ticket(second).await.unwrap(), TicketState::Published(version));
    assert_eq!(publisher.publish_pending(now()).await.unwrap(), None);

    let mut view = world.client(now()).await.unwrap();
    assert_eq!(affineur_tuf::Role::version(view.timestamp()), version);
    let cheese = project("cheese");
    let listing = world.document(&mut view, listing_path(&cheese).unwrap(), Place::Project).await;
    let listing = Listing::parse(&listing, &cheese).unwrap();
    assert_eq!(listing.files.keys().collect::<Vec<_>>(), ["cheese-1.0-py3-none-any.whl", "cheese-1.0.tar.gz"]);
    let overlay = world.document(&mut view, overlay_path(&cheese).unwrap(), Place::Overlay).await;
    assert_eq!(Overlay::parse(&overlay, &cheese).unwrap().files["cheese-1.0.tar.gz"].first_seen, now());
}

#[tokio::test]
async fn only_the_bins_that_are_touched_get_a_new_version() {
    let world = World::new();
    let mut publisher = world.publisher().await;
    world.upload("cheese-1.0.tar.gz", b"brie").await;
    publisher.publish_pending(now()).await.unwrap();
    let view = world.client(now()).await.unwrap();
    let newer = view.snapshot().roles().filter(|(_, listed)| listed.version() > Version::FIRST).count();
    assert!((1..=2).contains(&newer), "{newer} roles");
}

#[tokio::test]
async fn a_yank_is_in_the_listing_or_in_the_overlay_by_who_asked() {
    let world = World::new();
    let mut publisher = world.publisher().await;
    world.upload("cheese-1.0.tar.gz", b"brie").await;
    let cheese = project("cheese");
    for (by, reason) in [(YankedBy::Developers, "mouldy"), (YankedBy::Index, "stolen")] {
        let which = Which::Version("1.0".parse().unwrap());
        let yanked = Yanked::Yes(reason.to_owned());
        world.store.request(Request::Yank { project: cheese.clone(), which, yanked, by }).await.unwrap();
    }
    publisher.publish_pending(now()).await.unwrap();
    let mut view = world.client(now()).await.unwrap();
    let listing = world.document(&mut view, listing_path(&cheese).unwrap(), Place::Project).await;
    let listing = Listing::parse(&listing, &cheese).unwrap();
    assert_eq!(listing.files["cheese-1.0.tar.gz"].yanked, Yanked::Yes("mouldy".to_owned()));
    let overlay = world.document(&mut view, overlay_path(&cheese).unwrap(), Place::Overlay).await;
    assert_eq!(Overlay::parse(&overlay, &cheese).unwrap().files["cheese-1.0.tar.gz"].yanked.as_deref(), Some("stolen"));
}

#[tokio::test]
async fn a_publisher_that_starts_again_goes_on_where_the_last_one_ended() {
    let world = World::new();
    let mut publisher = world.publisher().await;
    world.upload("cheese-1.0.tar.gz", b"brie").await;
    publisher.publish_pending(now()).await.unwrap();
    drop(publisher);
    world.upload("cheese-2.0.tar.gz", b"brie de meaux").await;
    let mut publisher = world.again().await;
    publisher.publish_pending(now()).await.unwrap();
    let cheese = project("cheese");
    let mut view = world.client(now()).await.unwrap();
    let listing = world.document(&mut view, listing_path(&cheese).unwrap(), Place::Project).await;
    assert_eq!(Listing::parse(&listing, &cheese).unwrap().files.len(), 2);
    assert!(matches!(Publisher::start(world.store.clone(), online()).await, Err(PublisherError::Lease(_))));
    drop(publisher);
    let again = Publisher::initialise(world.store.clone(), offline(), online(), now()).await;
    assert!(matches!(again, Err(PublisherError::AlreadyInitialised)));
}

#[tokio::test]
async fn what_nears_its_expiry_is_renewed_and_nothing_else() {
    let world = World::new();
    let mut publisher = world.publisher().await;
    assert_eq!(publisher.renew(now() + 11.hours()).await.unwrap(), None);
    let later = now() + 13.hours();
    publisher.renew(later).await.unwrap().unwrap();
    assert_eq!(publisher.renew(later).await.unwrap(), None);
    // A day and a half after the first signing everything would have expired.
    let view = world.client(now() + 36.hours()).await.unwrap();
    assert!(view.live(now() + 36.hours()).is_ok());
    let renewed = view.snapshot().roles().filter(|(_, listed)| listed.version() > Version::FIRST).count();
    assert_eq!(renewed, 1 << BITS);
}

#[tokio::test]
async fn a_document_that_stays_the_same_is_not_signed_again() {
    let world = World::new();
    let mut publisher = world.publisher().await;
    world.upload("cheese-1.0.tar.gz", b"brie").await;
    publisher.publish_pending(now()).await.unwrap();
    let cheese = project("cheese");
    let [listing, overlay] = [listing_path(&cheese), overlay_path(&cheese)].map(|path| publisher.tree.bin_of(&path.unwrap()));
    assert_ne!(listing, overlay, "the names were chosen so");
    let yank = || Request::Yank {
        project: cheese.clone(),
        which: Which::Version("1.0".parse().unwrap()),
        yanked: Yanked::Yes("mouldy".to_owned()),
        by: YankedBy::Developers,
    };
    let versions = |publisher: &Publisher<SqliteStore>| {
        [listing, overlay].map(|bin| publisher.state.snapshot.role(&publisher.tree.name(bin)).unwrap().version().number())
    };
    let [before, of_overlay] = versions(&publisher);
    for _ in 0..2 {
        // The second time, nothing changes at all; the ticket is done even so.
        let ticket = world.store.request(yank()).await.unwrap();
        let version = publisher.publish_pending(now()).await.unwrap().unwrap();
        assert_eq!(world.store.ticket(ticket).await.unwrap(), TicketState::Published(version));
        assert_eq!(versions(&publisher), [before + 1, of_overlay]);
    }
    let mut view = world.client(now()).await.unwrap();
    let listing = world.document(&mut view, listing_path(&cheese).unwrap(), Place::Project).await;
    assert_eq!(Listing::parse(&listing, &cheese).unwrap().files["cheese-1.0.tar.gz"].yanked, Yanked::Yes("mouldy".to_owned()));
}

#[tokio::test]
async fn an_offline_root_without_the_online_key_is_refused() {
    let world = World::new();
    let other = Online { signer: signer(8), ..online() };
    let refused = Publisher::initialise(world.store.clone(), offline(), other, now()).await;
    assert!(matches!(refused, Err(PublisherError::Offline(_))));
    assert_eq!(world.store.timestamp().await.unwrap(), None);
}

#[tokio::test]
async fn a_publisher_that_runs_publishes_what_comes_and_stops_when_told() {
    let world = World::new();
    let publisher = world.publisher().await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(publisher.run(now, async move {
        let _ = stopped.await;
    }));
    let ticket = world.upload("cheese-1.0.tar.gz", b"brie").await;
    assert!(matches!(world.store.wait(ticket).await.unwrap(), TicketState::Published(_)));
    stop.send(()).unwrap();
    running.await.unwrap();
}

#[tokio::test]
async fn a_publisher_whose_state_is_not_the_stored_one_begins_anew_from_that() {
    let world = World::new();
    let mut publisher = world.publisher().await;
    world.upload("cheese-1.0.tar.gz", b"brie").await;
    let stale = publisher.state.clone();
    publisher.publish_pending(now()).await.unwrap();
    publisher.state = stale;
    world.upload("cheese-2.0.tar.gz", b"brie de meaux").await;
    assert!(publisher.work(&now).await.is_err());
    publisher.work(&now).await.unwrap();
    assert_eq!(world.store.project(&project("cheese")).await.unwrap().unwrap().files.len(), 2);
}

#[tokio::test]
async fn old_versions_are_dropped_and_the_newest_still_verify() {
    let world = World::new();
    let mut publisher = world.publisher().await;
    world.upload("cheese-1.0.tar.gz", b"brie").await;
    publisher.work(&now).await.unwrap();
    world.upload("cheese-2.0.tar.gz", b"brie de meaux").await;
    publisher.work(&now).await.unwrap();
    assert!(world.store.metadata("1.snapshot.json").await.unwrap().is_some(), "it was replaced a moment ago");
    let later = || now() + 2.hours();
    publisher.work(&later).await.unwrap();
    assert_eq!(world.store.metadata("1.snapshot.json").await.unwrap(), None);
    let mut view = world.client(later()).await.unwrap();
    let listing = world.document(&mut view, listing_path(&project("cheese")).unwrap(), Place::Project).await;
    assert_eq!(Listing::parse(&listing, &project("cheese")).unwrap().files.len(), 2);
}
