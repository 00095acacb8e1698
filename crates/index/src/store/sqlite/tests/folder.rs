//! The folder itself: restarts, permissions, other versions, what is missing or damaged.

use std::io::Write as _;
use std::process::{Command, Stdio};

use affineur_packaging::Sha256;
use jiff::Timestamp;

use super::*;
use crate::store::{NewToken, Scope};

const FOLDER: &str = "AFFINEUR_TEST_LEASE_FOLDER";

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let place = Place::new();
    let (ticket, waiting) = {
        let store = place.open();
        let ticket = add(&store, "a-1.0.tar.gz").await;
        let waiting = add(&store, "b-1.0.tar.gz").await;
        Publisher::default().publish(&store, &[ticket]).await.unwrap();
        (ticket, waiting)
    };
    let store = place.open();
    assert_eq!(store.timestamp().await.unwrap().unwrap().version, version(1));
    assert_eq!(store.ticket(ticket).await.unwrap(), TicketState::Published(version(1)));
    assert_eq!(store.pending(9).await.unwrap().iter().map(|(ticket, _)| *ticket).collect::<Vec<_>>(), [waiting]);
    for file in ["a-1.0.tar.gz", "b-1.0.tar.gz"] {
        let taken = Err(AcceptError::NameTaken { file: file_name(file) });
        assert_eq!(accept(&store, new_file(file), b"others").await, taken);
    }
    assert!(add(&store, "c-1.0.tar.gz").await > waiting);
}

#[tokio::test]
async fn a_dropped_stage_leaves_nothing_and_a_start_cleans_what_a_killed_process_left() {
    let place = Place::new();
    let store = place.open();
    let mut stage = store.stage(10).unwrap();
    stage.write(b"12345").unwrap();
    assert_eq!(place.files("staging").len(), 3);
    // Another process that starts leaves what belongs to a running one.
    let other = place.open();
    stage.write(b"67890").unwrap();
    store.accept(new_file("a-1.0.tar.gz"), stage.finish().unwrap()).await.unwrap();
    drop(other.stage(10).unwrap().finish().unwrap());
    drop((store, other));
    assert_eq!(place.files("staging").len(), 1, "only the lock that all share");

    let left = place.path().join("staging/killed");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("lock"), "").unwrap();
    fs::write(left.join(".tmpXYZ"), "half an upload").unwrap();
    let _store = place.open();
    assert!(!left.exists());
}

#[cfg(unix)]
#[tokio::test]
async fn all_of_it_is_for_the_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let store = place.open();
    let _lease = store.publisher_lease().await.unwrap();
    let _stage = store.stage(10).unwrap();
    add(&store, "a-1.0.tar.gz").await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let files = place.files("");
    assert!(files.len() > 6, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
        assert_eq!(mode(file.parent().unwrap()), 0o700, "{}", file.display());
    }
}

#[test]
fn a_newer_store_is_refused_and_left_as_it_is() {
    let place = Place::new();
    drop(place.open());
    let file = place.path().join("index.db");
    Connection::open(&file).unwrap().pragma_update(None, "user_version", 7).unwrap();
    let error = SqliteStore::open(&place.path()).unwrap_err();
    assert_eq!(error, StoreError::Newer { place: file, found: 7, known: 2 });
    assert!(error.hint().contains("a later one"));
}

#[tokio::test]
async fn a_store_of_before_publishers_is_brought_up_to_date_with_its_tokens() {
    let place = Place::new();
    let store = place.open();
    let new = NewToken {
        sha256: Sha256::from_bytes([1; 32]),
        name: "laptop".to_owned(),
        scope: Scope::Index,
        publisher: None,
        created: Timestamp::UNIX_EPOCH,
        expires: None,
    };
    store.token_add(new).await.unwrap();
    let tokens = store.tokens().await.unwrap();
    drop(store);
    let database = Connection::open(place.path().join("index.db")).unwrap();
    database.execute_batch("ALTER TABLE token DROP COLUMN publisher; PRAGMA user_version = 1").unwrap();
    drop(database);
    assert_eq!(place.open().tokens().await.unwrap(), tokens);
}

#[test]
fn what_was_there_is_never_begun_anew() {
    let damaged = |place: &Place| match SqliteStore::open(&place.path()).unwrap_err() {
        StoreError::Damaged { problem, .. } => problem,
        other => panic!("{other}"),
    };
    let place = Place::new();
    drop(place.open());
    let file = place.path().join("index.db");
    let good = fs::read(&file).unwrap();
    fs::write(&file, "").unwrap();
    assert_eq!(damaged(&place), "it is empty");
    fs::remove_file(&file).unwrap();
    assert_eq!(damaged(&place), "it is missing, but blobs is there");
    fs::write(&file, "something else").unwrap();
    damaged(&place);
    fs::remove_file(&file).unwrap();
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    assert_eq!(damaged(&place), "it is the database of another program");
    fs::write(&file, good).unwrap();
    place.open();
}

#[tokio::test]
async fn what_is_missing_or_damaged_is_found() {
    let place = Place::new();
    let store = place.open();
    let mut tickets = Vec::new();
    for file in ["a-1.tar.gz", "b-1.tar.gz", "c-1.tar.gz", "d-1.tar.gz"] {
        tickets.push((add(&store, file).await, Outcome::Published));
    }
    let mut publication = Publisher::default().next(&[1], 0);
    publication.done = tickets;
    publication.targets = vec![target("a/index.json", "listing")];
    store.publish(publication).await.unwrap();
    let path = |bytes: &str| store.inner.folder.blob_path(&sha256(bytes.as_bytes()));
    fs::remove_file(path("a-1.tar.gz")).unwrap();
    fs::write(path("b-1.tar.gz"), "longer than before").unwrap();
    fs::write(path("c-1.tar.gz"), "c-2.tar.gz").unwrap();
    fs::remove_file(path("Metadata of d-1.tar.gz")).unwrap();
    fs::write(path("nobody's"), "nobody's").unwrap();
    fs::write(place.path().join("blobs/00/notes"), "").unwrap();
    let connection = Connection::open(place.path().join("index.db")).unwrap();
    connection.execute_batch("DELETE FROM metadata WHERE path = '1.bin.14-0001.json'; UPDATE document SET bytes = x'00' WHERE bytes = CAST('listing' AS BLOB)").unwrap();

    let digest = |bytes: &str| sha256(bytes.as_bytes());
    let c = Finding::WrongDigest { file: file_name("c-1.tar.gz"), expected: digest("c-1.tar.gz"), found: digest("c-2.tar.gz") };
    let listing = Finding::WrongTarget { path: "a/index.json".parse().unwrap(), expected: digest("listing") };
    let expected = vec![
        Finding::MissingMetadata { path: "1.bin.14-0001.json".to_owned() },
        listing.clone(),
        Finding::MissingBlob { file: file_name("a-1.tar.gz"), sha256: digest("a-1.tar.gz") },
        Finding::WrongSize { file: file_name("b-1.tar.gz"), sha256: digest("b-1.tar.gz"), expected: 10, found: 18 },
        c.clone(),
        Finding::MissingBlob { file: file_name("d-1.tar.gz"), sha256: digest("Metadata of d-1.tar.gz") },
        Finding::StrangeFile { path: "blobs/00/notes".to_owned() },
        Finding::UnreferencedBlob { sha256: digest("nobody's") },
    ];
    assert_eq!(store.check(Rehash::Yes).await.unwrap(), expected);
    let quick: Vec<_> = expected.into_iter().filter(|finding| *finding != c && *finding != listing).collect();
    assert_eq!(store.check(Rehash::No).await.unwrap(), quick);
}

/// Not a test of its own: another process, which becomes the publisher and waits to be killed.
#[tokio::test]
async fn holds_the_lease_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let _lease = SqliteStore::open(Path::new(&folder)).unwrap().publisher_lease().await.unwrap();
    writeln!(std::io::stdout(), "\nheld").unwrap();
    let _ = std::io::read_to_string(std::io::stdin());
}

#[tokio::test]
async fn a_killed_publisher_makes_way_and_a_living_one_is_named() {
    use std::io::BufRead as _;
    let place = Place::new();
    let store = place.open();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::sqlite::tests::folder::holds_the_lease_until_it_is_killed", "--nocapture"])
        .env(FOLDER, place.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.into_iter().any(|line| line == "held"));
    let held = store.publisher_lease().await.map(drop).unwrap_err();
    assert_eq!(held, LeaseError::Held { by: format!("process {}", child.id()) });
    child.kill().unwrap();
    child.wait().unwrap();
    store.publisher_lease().await.map(drop).unwrap();
}

/// Nobody in this process says that something happened.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_does_is_noticed() {
    let place = Place::new();
    let (here, there) = (place.open(), place.open());
    let queued = tokio::spawn({
        let here = here.clone();
        async move { here.wait_for_pending().await }
    });
    let ticket = add(&there, "a-1.0.tar.gz").await;
    queued.await.unwrap().unwrap();
    let published = tokio::spawn(async move { here.wait(ticket).await });
    Publisher::default().publish(&there, &[ticket]).await.unwrap();
    assert_eq!(published.await.unwrap().unwrap(), TicketState::Published(version(1)));
}

/// Two processes accept and publish as fast as they can; whoever has a conflict begins again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_a_store_and_publish_each_ticket_once() {
    const EACH: u64 = 15;
    let place = Place::new();
    let work = |store: SqliteStore, first: u64| async move {
        let mut published = Vec::new();
        for number in first..first + EACH {
            add(&store, &format!("a-{number}.tar.gz")).await;
            let mut publisher = Publisher::resume(&store).await;
            let tickets: Vec<_> = store.pending(3).await.unwrap().into_iter().map(|(ticket, _)| ticket).collect();
            match publisher.publish(&store, &tickets).await {
                Ok(()) => published.extend(tickets),
                Err(PublishError::Conflict { .. } | PublishError::OutOfOrder { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        published
    };
    let (one, other) = tokio::join!(tokio::spawn(work(place.open(), 0)), tokio::spawn(work(place.open(), 100)));
    let mut published = [one.unwrap(), other.unwrap()].concat();
    published.sort_unstable();
    let store = place.open();
    let pending = store.pending(100).await.unwrap().into_iter().map(|(ticket, _)| ticket);
    published.extend(pending);
    assert_eq!(published, (1..=2 * EACH).map(Ticket).collect::<Vec<_>>());
    assert_eq!(wrong(&store).await, []);
}

#[tokio::test]
async fn a_queue_that_is_too_long_takes_no_more() {
    let place = Place::new();
    let store = place.open();
    add(&store, "a-1.0.tar.gz").await;
    let oldest = limits::PENDING_TICKETS;
    let database = Connection::open(place.path().join("index.db")).unwrap();
    database.execute("UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'ticket'", [oldest as i64 - 2]).unwrap();
    add(&store, "a-2.0.tar.gz").await;
    let last = add(&store, "a-3.0.tar.gz").await;
    assert_eq!(last.number(), oldest);
    assert_eq!(accept(&store, new_file("a-4.0.tar.gz"), b"").await, Err(AcceptError::QueueFull));
    let status = Request::Status { project: name("a"), status: Default::default() };
    assert_eq!(store.request(status.clone()).await, Err(RequestError::QueueFull));
    // The same bytes again need no place.
    assert_eq!(accept(&store, new_file("a-3.0.tar.gz"), b"a-3.0.tar.gz").await, Ok(Accepted::AlreadyThere(last)));
    Publisher::default().publish(&store, &[Ticket(1)]).await.unwrap();
    store.request(status).await.unwrap();
}
