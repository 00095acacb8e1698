//! What belongs to nothing goes away, and nothing else does, whoever uploads the same bytes meanwhile.

use std::time::{Duration, SystemTime};

use super::disk::{Moment, TestDisk};
use super::*;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn now() -> Timestamp {
    Timestamp::now()
}

/// Bytes that have been there for two days and have no row.
fn orphan(place: &Place, store: &SqliteStore, bytes: &[u8]) -> PathBuf {
    let mut stage = store.stage(1_000).unwrap();
    stage.write(bytes).unwrap();
    let staged = stage.finish().unwrap();
    let path = store.inner.folder.blob_path(&staged.sha256());
    store.inner.folder.keep(staged).unwrap();
    aged(&path);
    assert!(path.starts_with(place.path()));
    path
}

fn aged(path: &Path) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - 2 * DAY).unwrap();
}

#[tokio::test]
async fn only_what_is_old_and_belongs_to_nothing_goes() {
    let place = Place::new();
    let store = place.open();
    accept(&store, new_file("a-1.tar.gz"), b"kept").await.unwrap();
    place.files("blobs").iter().for_each(|path| aged(path));
    let kept = place.files("blobs").len();
    let left_over = orphan(&place, &store, b"cut short");
    let young = orphan(&place, &store, b"being accepted");
    fs::File::options().write(true).open(&young).unwrap().set_modified(SystemTime::now()).unwrap();
    let strange = place.path().join("blobs/00/README");
    fs::write(&strange, "mine").unwrap();
    aged(&strange);

    assert_eq!(store.sweep(DAY, now()).await.unwrap(), Swept { blobs: 1, bytes: 9 });
    assert!(!left_over.exists() && young.exists() && strange.exists());
    assert_eq!(place.files("blobs").len(), kept + 2);
    assert_eq!(store.sweep(DAY, now()).await.unwrap(), Swept::default());
    assert!(wrong(&store).await.iter().all(|finding| matches!(finding, Finding::StrangeFile { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_upload_is_accepted_with_its_bytes_or_not_at_all_however_much_is_swept() {
    let place = Place::new();
    let (store, other) = (place.open(), place.open());
    let sweeping = tokio::spawn(async move {
        let mut swept = 0;
        // Everything without a row is old enough here, what is being accepted too.
        for _ in 0..300 {
            swept += other.sweep(Duration::ZERO, now() + Duration::from_secs(5)).await.unwrap().blobs;
        }
        swept
    });
    let uploads = (0..4).map(|task| {
        let store = store.clone();
        tokio::spawn(async move {
            let (mut accepted, mut refused) = (0, 0);
            for number in 0..60 {
                let name = format!("a-{task}.{number}.tar.gz");
                match accept(&store, new_file(&name), name.as_bytes()).await {
                    Ok(_) => accepted += 1,
                    Err(AcceptError::Store(StoreError::Unavailable { .. })) => refused += 1,
                    Err(other) => panic!("{other}"),
                }
            }
            (accepted, refused)
        })
    });
    let mut all = (0, 0);
    for upload in uploads.collect::<Vec<_>>() {
        let (accepted, refused) = upload.await.unwrap();
        all = (all.0 + accepted, all.1 + refused);
    }
    let swept = sweeping.await.unwrap();
    assert_eq!(wrong(&store).await, [], "{all:?} accepted and refused, {swept} swept");
    assert_eq!(store.counts().await.unwrap().pending, all.0);
}

#[tokio::test]
async fn a_sweep_that_fails_anywhere_loses_nothing() {
    for moment in [Moment::Before, Moment::After, Moment::Forever] {
        for at in 0..4 {
            let place = Place::new();
            let disk = TestDisk::new(moment, || std::io::Error::other("broken"));
            let store = SqliteStore::open_on(&place.path(), Arc::new(disk.clone())).unwrap();
            accept(&store, new_file("a-1.tar.gz"), b"kept").await.unwrap();
            place.files("blobs").iter().for_each(|path| aged(path));
            let kept = place.files("blobs").len();
            for bytes in [b"one", b"two"] {
                orphan(&place, &store, bytes);
            }
            disk.arm(at);
            let outcome = store.sweep(DAY, now()).await;
            assert_eq!(disk.asked().first().map(String::as_str), Some("remove blob"));
            assert!(outcome.is_err() || at >= disk.asked().len(), "{moment:?} {at}");
            drop(store);
            let store = place.open();
            store.sweep(DAY, now()).await.unwrap();
            assert_eq!(wrong(&store).await, []);
            assert_eq!(place.files("blobs").len(), kept);
        }
    }
}
