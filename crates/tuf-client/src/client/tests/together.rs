//! Several clients of one copy on a real disk.

use std::path::Path;
use std::time::Duration;

use affineur_tuf::{Lookup, TargetFile};

use crate::client::{Client, ClientError};
use crate::local::{LocalCopy, LocalError};
use crate::testing::{Files, MemoryTransport, now, path, published, repository, signer};

const TARGET: &str = "a/cheese.whl";
const CLIENTS: usize = 8;

fn files() -> Files {
    let mut repository = repository();
    repository.delegate_to_bins(None, 0x2, "bin", &[signer(5)]);
    let bin = crate::testing::bin_of(&mut repository, TARGET);
    repository.role_mut(&bin).add_target(&path(TARGET), TargetFile::of(b"brie"));
    published(&mut repository)
}

fn client(folder: &Path, files: &Files) -> Client<MemoryTransport> {
    Client::new(LocalCopy::open(folder).unwrap(), MemoryTransport::of(files))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_succeed_and_only_one_fetches() {
    let (folder, files) = (tempfile::tempdir().unwrap(), files());
    LocalCopy::initialise(folder.path(), &files["1.root.json"]).unwrap();
    let server = MemoryTransport::of(&files);
    let look_up = |server: MemoryTransport| {
        let client = Client::new(LocalCopy::open(folder.path()).unwrap(), server);
        async move {
            let mut view = client.refresh(now()).await.unwrap();
            let found = client.find(&mut view, &path(TARGET), now()).await.unwrap();
            assert!(matches!(found, Lookup::Found(_)));
        }
    };
    let tasks: Vec<_> = (0..CLIENTS).map(|_| tokio::spawn(look_up(server.clone()))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    let asked = server.asked();
    let times = |path: &str| asked.iter().filter(|asked| *asked == path).count();
    assert_eq!((times("timestamp.json"), times("1.snapshot.json"), times("1.targets.json")), (CLIENTS, 1, 1));
}

#[tokio::test]
async fn who_waits_too_long_says_for_what_and_how_long() {
    let (folder, files) = (tempfile::tempdir().unwrap(), files());
    let other = LocalCopy::initialise(folder.path(), &files["1.root.json"]).unwrap();
    let held = other.lock(Duration::ZERO).unwrap();
    let waited = Duration::from_millis(20);
    let client = client(folder.path(), &files).with_lock_wait(waited);
    let error = client.refresh(now()).await.unwrap_err();
    let ClientError::Local(error) = error else { panic!("{error}") };
    assert_eq!(error, LocalError::Busy { folder: folder.path().to_owned(), waited });
    assert!(client.transport().asked().is_empty(), "nothing is fetched without the lock");
    drop(held);
    client.refresh(now()).await.unwrap();
}

#[tokio::test]
async fn a_refresh_that_is_dropped_while_it_waits_hinders_nobody() {
    let (folder, files) = (tempfile::tempdir().unwrap(), files());
    LocalCopy::initialise(folder.path(), &files["1.root.json"]).unwrap();
    let held = LocalCopy::open(folder.path()).unwrap();
    let held = held.lock(Duration::ZERO).unwrap();
    let first = client(folder.path(), &files);
    let waiting = tokio::time::timeout(Duration::from_millis(20), first.refresh(now())).await;
    assert!(waiting.is_err(), "it waits, and is dropped");
    drop(held);
    client(folder.path(), &files).with_lock_wait(Duration::ZERO).refresh(now()).await.unwrap();
}
