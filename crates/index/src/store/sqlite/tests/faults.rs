//! A disk that fails at any moment: what was acknowledged lasts, what was not is not there by half, and a second try succeeds.

use std::io;

use bytes::Bytes;

use super::disk::{Moment, TestDisk};
use super::*;

fn broken() -> io::Error {
    io::Error::other("the disk is broken")
}

fn full() -> io::Error {
    io::Error::from(io::ErrorKind::StorageFull)
}

fn upload() -> NewFile {
    NewFile { attestations: Some(Bytes::from_static(b"[]")), ..new_file("a-1.0.tar.gz") }
}

/// Accepts a file and publishes it; the first error ends it.
async fn accept_and_publish(store: &SqliteStore, acknowledged: &mut Vec<Ticket>) -> Result<(), String> {
    let accepted = accept(store, upload(), b"bytes").await.map_err(|error| error.to_string())?;
    acknowledged.push(accepted.ticket());
    let mut publisher = Publisher::default();
    let mut publication = publisher.next(&[1, 2], 1_000);
    publication.done = vec![(accepted.ticket(), Outcome::Published)];
    publication.targets = vec![target("a/index.json", "listing")];
    store.publish(publication).await.map_err(|error| error.to_string())
}

/// Either nothing of the first publication is there, or all of it.
async fn is_whole(store: &SqliteStore, ticket: Ticket) -> bool {
    let published = store.timestamp().await.unwrap().is_some();
    for path in ["1.bin.14-0001.json", "1.bin.14-0002.json", "1.snapshot.json", "1.root.json"] {
        assert_eq!(store.metadata(path).await.unwrap().is_some(), published, "{path}");
    }
    assert_eq!(store.target(&"a/index.json".parse().unwrap(), None).await.unwrap().is_some(), published);
    assert_eq!(store.project(&name("a")).await.unwrap().is_some(), published);
    let expected = if published { TicketState::Published(version(1)) } else { TicketState::Pending };
    assert_eq!(store.ticket(ticket).await.unwrap(), expected);
    published
}

/// Breaks each effect in turn; answers how many there are.
async fn break_each(moment: Moment) -> usize {
    for at in 0.. {
        let place = Place::new();
        let disk = TestDisk::new(moment, broken);
        let store = SqliteStore::open_on(&place.path(), Arc::new(disk.clone())).unwrap();
        disk.arm(at);
        let mut acknowledged = Vec::new();
        let outcome = accept_and_publish(&store, &mut acknowledged).await;
        if disk.asked().len() <= at {
            outcome.unwrap();
            return at;
        }
        let fault = format!("{moment:?} {at}: {}", disk.asked()[at]);
        assert!(outcome.is_err(), "{fault}: nobody noticed");
        assert_eq!(place.files("staging").len(), 2, "{fault}: there is more than the two locks");
        drop(store);

        let store = place.open();
        assert_eq!(wrong(&store).await, [], "{fault}");
        // An upload whose acknowledgement got lost is there already, with the same ticket.
        let again = accept(&store, upload(), b"bytes").await.unwrap();
        for ticket in acknowledged {
            assert_eq!(again, Accepted::AlreadyThere(ticket), "{fault}");
        }
        if !is_whole(&store, again.ticket()).await {
            accept_and_publish(&store, &mut Vec::new()).await.unwrap();
        }
        assert!(is_whole(&store, again.ticket()).await, "{fault}");
        assert_eq!(store.counts().await.unwrap().last_ticket, 1, "{fault}");
        assert_eq!(wrong(&store).await, [], "{fault}");
    }
    unreachable!()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effect_that_does_not_take_place_loses_nothing() {
    assert!(break_each(Moment::Before).await > 15);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effect_whose_word_gets_lost_loses_nothing() {
    assert!(break_each(Moment::After).await > 15);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_stays_broken_loses_nothing() {
    assert!(break_each(Moment::Forever).await > 15);
}

#[tokio::test]
async fn making_a_store_can_fail_anywhere_and_be_tried_again() {
    for moment in [Moment::Before, Moment::After] {
        // The first effects, and some among the 256 folders.
        for at in [0, 1, 2, 255, 256, 257, 258, 259] {
            let place = Place::new();
            let disk = TestDisk::new(moment, broken);
            disk.arm(at);
            let error = SqliteStore::open_on(&place.path(), Arc::new(disk)).unwrap_err();
            assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
            assert_eq!(wrong(&place.open()).await, []);
        }
    }
}

/// Against power failures: bytes, then their name, then the row that refers to it.
#[tokio::test]
async fn bytes_are_durable_before_their_name_and_their_name_before_the_row() {
    let place = Place::new();
    let disk = TestDisk::new(Moment::Before, broken);
    let store = SqliteStore::open_on(&place.path(), Arc::new(disk.clone())).unwrap();
    disk.arm(usize::MAX);
    accept(&store, upload(), b"bytes").await.unwrap();
    let asked = disk.asked();
    assert_eq!(asked.iter().filter(|effect| *effect == "commit").count(), 1);
    assert_eq!(asked.last().unwrap(), "commit");
    let place = |from: usize, what: &str| asked[from..].iter().position(|effect| effect == what).map(|at| from + at);
    let renames: Vec<_> = (0..asked.len()).filter(|at| asked[*at] == "rename to blob").collect();
    assert_eq!(renames.len(), 3, "the file, its core metadata, its attestations");
    for (number, at) in renames.iter().enumerate() {
        let syncs_before = asked[..*at].iter().filter(|effect| *effect == "sync").count();
        assert!(syncs_before > number, "{asked:?}");
        assert!(place(*at, "sync folder <ab>").is_some(), "{asked:?}");
    }
    let connection = schema::open(&place_of(&store)).unwrap();
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(pragma("journal_mode"), "wal");
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
    assert_eq!(synchronous, 2, "FULL");
}

fn place_of(store: &SqliteStore) -> PathBuf {
    store.inner.folder.blob_path(&sha256(b"")).ancestors().nth(3).unwrap().join("index.db")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_said_and_leaves_nothing_half_done() {
    // Whatever is written first, second, … finds no room.
    for at in 0..15 {
        let place = Place::new();
        let disk = TestDisk::new(Moment::Before, full);
        let store = SqliteStore::open_on(&place.path(), Arc::new(disk.clone())).unwrap();
        disk.arm(at);
        let failed = accept(&store, upload(), b"bytes").await;
        let what = disk.asked()[at.min(disk.asked().len() - 1)].clone();
        if what == "commit" {
            break;
        }
        let found = match &failed {
            Err(AcceptError::Store(error)) => error.clone(),
            other => panic!("{what}: {other:?}"),
        };
        assert!(matches!(found, StoreError::Full { .. }), "{what}: {found}");
        assert_eq!(store.counts().await.unwrap(), Counts::default());
        // The same process goes on as soon as there is room.
        assert!(matches!(accept(&store, upload(), b"bytes").await, Ok(Accepted::New(_))));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_room_is_said_and_leaves_nothing_half_done() {
    let place = Place::new();
    let store = place.open();
    let mut publisher = Publisher::default();
    let ticket = add(&store, "a-1.0.tar.gz").await;
    publisher.publish(&store, &[]).await.unwrap();
    let before = store.timestamp().await.unwrap();
    let room = |pages: i64| {
        let store = store.clone();
        async move {
            let set = move |database: &Connection| -> Result<(), Plain> {
                Ok(database.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?)
            };
            store.write(set).await.unwrap();
        }
    };
    room(1).await; // as many as there are
    let mut publication: Publication = publisher.clone().next(&[1, 2], 200_000);
    publication.done = vec![(ticket, Outcome::Published)];
    let failed = store.publish(publication.clone()).await.unwrap_err();
    assert!(matches!(failed, PublishError::Store(StoreError::Full { .. })), "{failed}");
    assert_eq!(store.timestamp().await.unwrap(), before);
    assert_eq!(store.ticket(ticket).await.unwrap(), TicketState::Pending);
    assert_eq!(store.metadata("2.bin.14-0001.json").await.unwrap(), None);
    assert_eq!(wrong(&store).await, []);
    room(1 << 30).await;
    store.publish(publication).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_is_undone_and_the_same_process_goes_on() {
    let place = Place::new();
    let disk = TestDisk::new(Moment::Before, broken);
    let store = SqliteStore::open_on(&place.path(), Arc::new(disk.clone())).unwrap();
    let ticket = add(&store, "a-1.0.tar.gz").await;
    let mut publisher = Publisher::default();
    disk.arm(0);
    let failed = publisher.clone().publish(&store, &[ticket]).await.unwrap_err();
    assert!(matches!(failed, PublishError::Store(StoreError::Unavailable { .. })), "{failed}");
    assert_eq!(disk.asked(), ["commit"]);
    disk.arm(0);
    let status = Request::Status { project: name("a"), status: Default::default() };
    assert!(store.request(status).await.is_err());
    assert_eq!(store.ticket(ticket).await.unwrap(), TicketState::Pending);
    assert_eq!(store.counts().await.unwrap().pending, 1);
    // What failed is not carried along by what succeeds.
    add(&store, "b-1.0.tar.gz").await;
    assert_eq!(store.timestamp().await.unwrap(), None);
    assert_eq!(store.counts().await.unwrap().pending, 2);
    publisher.publish(&store, &[ticket]).await.unwrap();
    assert_eq!(wrong(&store).await, []);
}

/// One write of a group that finds no room must not take the others' word with it: each is told the truth.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_undone_in_a_group_is_undone_alone() {
    let place = Place::new();
    let store = place.open();
    let ticket = add(&store, "a-1.0.tar.gz").await;
    let each = (0..20).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let file = if number % 2 == 0 { format!("b-{number}.tar.gz") } else { "a-1.0.tar.gz".to_owned() };
            accept(&store, new_file(&file), b"other bytes").await
        })
    });
    for (number, accepted) in each.collect::<Vec<_>>().into_iter().enumerate() {
        assert_eq!(accepted.await.unwrap().is_ok(), number % 2 == 0, "{number}");
    }
    assert_eq!(store.counts().await.unwrap().pending, 11);
    assert_eq!(store.pending(1).await.unwrap()[0].0, ticket);
}
