use affineur_tuf::edit::NamedKey;
use affineur_tuf::key::{KeyId, KeyPair, Signer as _};
use affineur_tuf::{Expiry, Lookup, PathPattern, Paths, Role, Threshold};
use jiff::ToSpan as _;

use super::super::tests::{BITS, World, named, now, project, signer};
use super::*;
use crate::folder::Config;
use affineur_trust::listing::{bin_prefix, listing_path};

/// An index whose folder has the key 9, which its first root names.
struct Index {
    world: World,
    outer: tempfile::TempDir,
    folder: Folder,
    publisher: Publisher<crate::store::SqliteStore>,
}

impl Index {
    async fn new() -> Self {
        let (world, outer) = (World::new(), tempfile::tempdir().unwrap());
        let folder = Folder::create(&outer.path().join("ix")).unwrap();
        let config = Config { url: "http://127.0.0.1/".parse().unwrap(), files_as_targets: false, sigstore_trusted_root: None };
        folder.write_online_key(&KeyPair::from_seed([9; 32]).unwrap()).unwrap();
        folder.write_config(&config).unwrap();
        let publisher = world.publisher().await.taking_in(folder.clone());
        folder.write_client(&world.fetch("1.root.json").await, &config).unwrap();
        Self { world, outer, folder, publisher }
    }

    fn hand_in(&self, files: &[(&str, Bytes)]) {
        let files = files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.clone())).collect();
        self.folder.write_incoming(&Waiting { files }).unwrap();
    }

    async fn draft<R: Role>(&self, path: &str) -> Draft<R> {
        let mut draft = Draft::<R>::reopen(&self.world.fetch(path).await).unwrap().next().unwrap();
        draft.set_expires(Expiry::at(now() + 20_000.hours()));
        draft
    }

    async fn targets(&self) -> Bytes {
        self.draft::<Targets>("1.targets.json").await.sign([&*signer(2)]).unwrap().into_bytes().into()
    }

    /// Root and bins that name the key of this seed.
    async fn rekeyed(&self, root: u8, bins: u8) -> [(&'static str, Bytes); 2] {
        let (old, new) = (named(9).0, |seed| named(seed));
        let mut next: Draft<Root> = self.draft("1.root.json").await;
        next.replace_key(TopRole::Timestamp, &old, new(root)).replace_key(TopRole::Snapshot, &old, new(root));
        let mut role: Draft<Targets> = self.draft("1.bins.json").await;
        role.replace_key(&old, new(bins));
        [
            ("2.root.json", next.sign([&*signer(1)]).unwrap().into_bytes().into()),
            ("2.bins.json", role.sign([&*signer(3)]).unwrap().into_bytes().into()),
        ]
    }

    fn next_key(&self, seed: u8) -> KeyId {
        let pair = KeyPair::from_seed([seed; 32]).unwrap();
        self.folder.write_next_online_key(&pair).unwrap();
        pair.key_id().clone()
    }
}

#[tokio::test]
async fn renewed_targets_are_listed_with_their_digest_and_clients_take_them() {
    let mut index = Index::new().await;
    index.world.upload("cheese-1.0.tar.gz", b"brie").await;
    index.publisher.publish_pending(now()).await.unwrap();
    let targets = index.targets().await;
    index.hand_in(&[("2.targets.json", targets.clone())]);
    index.publisher.take_in(now()).await.unwrap().unwrap();
    assert!(!index.folder.has_incoming() && index.folder.refused().is_none());
    let view = index.world.client(now()).await.unwrap();
    assert_eq!(view.snapshot().role("targets"), Some(&Listed::with_digest(version(2), &targets)));
    assert_eq!(index.publisher.take_in(now()).await.unwrap(), None);
}

fn version(number: u64) -> Version {
    (1..number).try_fold(Version::FIRST, |version, _| version.next()).unwrap()
}

#[tokio::test]
async fn with_another_online_key_everything_is_signed_again_in_one_step() {
    let mut index = Index::new().await;
    index.world.upload("cheese-1.0.tar.gz", b"brie").await;
    index.publisher.publish_pending(now()).await.unwrap();
    let before = index.publisher.version();
    let id = index.next_key(8);
    index.hand_in(&index.rekeyed(8, 8).await);
    let after = index.publisher.take_in(now()).await.unwrap().unwrap();
    assert_eq!(before.next(), Some(after), "in one step");
    let mut view = index.world.client(now()).await.unwrap();
    assert!(view.root().role(TopRole::Timestamp).unwrap().keyids().contains(&id));
    let newer = view.snapshot().roles().filter(|(_, listed)| listed.version() > Version::FIRST).count();
    assert_eq!(newer, (1 << BITS) + 1, "each bin, and the role bins");
    let listing = listing_path(&project("cheese")).unwrap();
    assert!(matches!(index.world.find(&mut view, listing, now()).await, Lookup::Found(_)));
    assert_eq!(*index.folder.online(&index.world.fetch("2.root.json").await).unwrap().signer.key_id(), id);
    let keys = std::fs::read_dir(index.folder.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".key"));
    assert_eq!(keys.count(), 1, "the stolen key is gone");
    let handed_out = std::fs::read(index.folder.path().join("client/root.json")).unwrap();
    assert_eq!(Bytes::from(handed_out), index.world.fetch("2.root.json").await);
    // And it goes on.
    index.world.upload("cheese-2.0.tar.gz", b"brie de meaux").await;
    index.publisher.publish_pending(now()).await.unwrap();
    index.world.client(now()).await.unwrap();
}

/// What must be refused, and with which words.
async fn refused(index: &Index) -> Vec<(Vec<(&'static str, Bytes)>, &'static str)> {
    let sign = |draft: &Draft<Targets>, seed| -> Bytes { draft.sign([&*signer(seed)]).unwrap().into_bytes().into() };
    let targets: Draft<Targets> = index.draft("1.targets.json").await;
    let later = targets.clone().next().unwrap();
    let mut expired = targets.clone();
    expired.set_expires(Expiry::at(now() - 1.hour()));
    let mut elsewhere = targets.clone();
    elsewhere.delegate(BINS.parse().unwrap(), [named(7)], Threshold::ONE, Paths::Patterns(vec![PathPattern::new("*/*/*/*")]));
    let mut more: Draft<Targets> = index.draft("1.bins.json").await;
    let online: [NamedKey; 1] = [named(9)];
    more.delegate_to_bins(BITS + 1, &bin_prefix(BITS + 1), online, Threshold::ONE);
    let [root, bins] = index.rekeyed(8, 8).await;
    let unknown = index.rekeyed(6, 6).await;
    let torn = index.rekeyed(8, 9).await;
    let forged = index.draft::<Root>("1.root.json").await.sign([&*signer(4)]).unwrap().into_bytes();
    vec![
        (vec![("2.targets.json", sign(&targets, 7))], "signed by 0 of the 1 keys"),
        (vec![("3.targets.json", sign(&later, 2))], "it is not the next version"),
        (vec![("2.bins.json", sign(&targets, 2))], "2.bins.json"),
        (vec![("2.targets.json", sign(&expired, 2))], "expired"),
        (vec![("2.targets.json", sign(&elsewhere, 2))], "bins"),
        (vec![("2.bins.json", sign(&more, 3))], "another number of bins"),
        (vec![root], "signed by 0 of the 1 keys"),
        (vec![bins], "signed by 0 of the 1 keys"),
        (unknown.to_vec(), "the online key that it names is not in this folder"),
        (torn.to_vec(), "signed by 0 of the 1 keys"),
        (vec![("2.root.json", forged.into())], "signed by 0 of the 1 keys"),
        (vec![("2.timestamp.json", Bytes::from_static(b"{}"))], "2.timestamp.json"),
    ]
}

#[tokio::test]
async fn what_clients_would_refuse_is_refused_and_changes_nothing() {
    let mut index = Index::new().await;
    index.next_key(8);
    let before = index.world.store.timestamp().await.unwrap();
    for (files, words) in refused(&index).await {
        index.hand_in(&files);
        assert_eq!(index.publisher.take_in(now()).await.unwrap(), None, "{words}");
        let reason = index.folder.refused().unwrap_or_else(|| panic!("not refused: {words}"));
        assert!(reason.contains(words), "{reason}: expected {words}");
        assert!(!index.folder.has_incoming());
        assert_eq!(index.world.store.timestamp().await.unwrap(), before, "{words}");
    }
    index.world.upload("cheese-1.0.tar.gz", b"brie").await;
    index.publisher.publish_pending(now()).await.unwrap();
    index.world.client(now()).await.unwrap();
    assert_eq!(index.world.store.metadata("2.root.json").await.unwrap(), None);
}

#[tokio::test]
async fn after_a_crash_between_the_commit_and_the_cleaning_up_the_rest_is_done() {
    let mut index = Index::new().await;
    index.next_key(8);
    let files = index.rekeyed(8, 8).await;
    index.hand_in(&files);
    let published = index.publisher.take_in(now()).await.unwrap();
    // As it was before the publisher cleaned up.
    index.folder.write_online_key(&KeyPair::from_seed([9; 32]).unwrap()).unwrap();
    let id = index.next_key(8);
    index.hand_in(&files);
    std::fs::write(index.folder.path().join("client/root.json"), index.world.fetch("1.root.json").await).unwrap();
    drop(index.publisher);
    let root = index.world.fetch("2.root.json").await;
    let online = index.folder.online(&root).unwrap();
    assert_eq!(*online.signer.key_id(), id, "the right one of both");
    let mut publisher = Publisher::start(index.world.store.clone(), online).await.unwrap().taking_in(index.folder.clone());
    assert_eq!(publisher.take_in(now()).await.unwrap(), None, "nothing is published twice");
    assert_eq!(Some(publisher.version()), published);
    assert!(!index.folder.has_incoming());
    assert_eq!(Bytes::from(std::fs::read(index.folder.path().join("client/root.json")).unwrap()), root);
    assert!(index.outer.path().join("ix/online.key").exists());
}

#[tokio::test]
async fn a_publisher_that_runs_takes_in_what_comes() {
    let index = Index::new().await;
    let targets = index.targets().await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(index.publisher.run(now, async move {
        let _ = stopped.await;
    }));
    let files = std::collections::BTreeMap::from([("2.targets.json".to_owned(), targets)]);
    index.folder.write_incoming(&Waiting { files }).unwrap();
    let taken = async {
        while index.folder.has_incoming() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), taken).await.unwrap();
    stop.send(()).unwrap();
    running.await.unwrap();
    let view = index.world.client(now()).await.unwrap();
    assert_eq!(view.snapshot().role("targets").unwrap().version(), version(2));
}

#[tokio::test]
async fn two_ceremonies_do_not_wait_at_once() {
    let index = Index::new().await;
    index.hand_in(&[("2.targets.json", index.targets().await)]);
    let other = Waiting { files: index.rekeyed(8, 8).await.map(|(path, bytes)| (path.to_owned(), bytes)).into() };
    assert!(matches!(index.folder.write_incoming(&other), Err(FolderError::Waits(_))));
}
