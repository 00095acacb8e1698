//! A process that is killed (SIGKILL) at any moment: what it acknowledged lasts, nothing is there by half, and nobody who reads
//! meanwhile, from another process, sees a mixture.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

const FOLDER: &str = "AFFINEUR_TEST_CRASH_FOLDER";
const KILLS: u64 = 50;

fn say(what: &str) {
    writeln!(std::io::stdout(), "\n{what}").unwrap();
}

/// Not a test of its own: what the killed process does. Three tasks accept files, one publishes them; each says what was
/// acknowledged.
#[test]
fn accepts_and_publishes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let store = SqliteStore::open(Path::new(&folder)).unwrap();
    runtime.block_on(async {
        let first = store.counts().await.unwrap().last_ticket * 10;
        let accepting = (0..3).map(|task| tokio::spawn(accept_files(store.clone(), first + task)));
        let accepting: Vec<_> = accepting.collect();
        publish_all(&store).await;
        drop(accepting);
    });
}

async fn accept_files(store: SqliteStore, first: u64) {
    for number in (first..).step_by(3) {
        let file = format!("a-{number}.tar.gz");
        let accepted = accept(&store, new_file(&file), file.as_bytes()).await.unwrap();
        say(&format!("accepted {number} {}", accepted.ticket().number()));
    }
}

async fn publish_all(store: &SqliteStore) {
    let _lease = store.publisher_lease().await.unwrap();
    let mut publisher = Publisher::resume(store).await;
    loop {
        store.wait_for_pending().await.unwrap();
        let pending = store.pending(4).await.unwrap();
        let mut publication = publisher.next(&[publisher.version as u16 % 3, 7], 20_000);
        publication.done = pending.iter().map(|(ticket, _)| (*ticket, Outcome::Published)).collect();
        store.publish(publication).await.unwrap();
        for (ticket, _) in pending {
            say(&format!("published {} {}", ticket.number(), publisher.version));
        }
    }
}

/// What was acknowledged.
#[derive(Default)]
struct Acknowledged {
    /// Numbers of files, with their tickets.
    accepted: BTreeMap<u64, u64>,
    /// Tickets, with the versions in which they were published.
    published: BTreeMap<u64, u64>,
}

impl Acknowledged {
    fn read(&mut self, line: &str) -> Option<()> {
        let mut words = line.split(' ');
        let kind = match words.next()? {
            "accepted" => &mut self.accepted,
            "published" => &mut self.published,
            _ => return None,
        };
        let (key, value) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        assert_eq!(kind.insert(key, value), None, "said twice: {line}");
        Some(())
    }

    /// Starts the process, kills it after `enough` acknowledgements and `turns` more turns of a loop.
    fn run(&mut self, folder: &Path, enough: usize, turns: u64) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::sqlite::tests::crash::accepts_and_publishes_until_it_is_killed", "--nocapture"])
            .env(FOLDER, folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let said = lines.by_ref().filter(|line| self.read(line).is_some()).take(enough).count();
        (0..turns).for_each(|turn| {
            std::hint::black_box(turn);
        });
        child.kill().unwrap();
        child.wait().unwrap();
        lines.for_each(|line| {
            self.read(&line);
        });
        assert_eq!(said, enough, "the process ended by itself");
    }

    async fn is_kept(&self, store: &SqliteStore) {
        for (number, ticket) in &self.accepted {
            let state = store.ticket(Ticket(*ticket)).await.unwrap();
            let published = self.published.get(ticket).map(|number| TicketState::Published(version(*number)));
            match published {
                Some(published) => assert_eq!(state, published, "ticket {ticket}"),
                None => assert!(matches!(state, TicketState::Pending | TicketState::Published(_)), "ticket {ticket}"),
            }
            if state != TicketState::Pending {
                let file = store.file(&file_name(&format!("a-{number}.tar.gz"))).await.unwrap().unwrap();
                assert!(store.blob(&file.sha256).await.unwrap().is_some_and(|blob| blob.size == file.size));
            }
        }
    }
}

/// Reads what the newest timestamp refers to, which must be complete, until told to stop. Answers how often.
async fn read_views(store: SqliteStore, stop: Arc<AtomicBool>) -> u64 {
    let (mut views, mut last) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        let Some(newest) = store.timestamp().await.unwrap() else { continue };
        assert!(newest.version.number() >= last, "it went back");
        last = newest.version.number();
        let json = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap()["signed"].clone();
        assert_eq!(json(&newest.bytes)["meta"]["snapshot.json"]["version"], last);
        let snapshot = store.metadata(&format!("{last}.snapshot.json")).await.unwrap().expect("its snapshot");
        for (name, meta) in json(&snapshot)["meta"].as_object().unwrap() {
            let bin = store.metadata(&format!("{}.{name}", meta["version"])).await.unwrap().expect("its bins");
            assert_eq!(json(&bin)["version"], meta["version"]);
        }
        views += 1;
    }
    views
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_loses_and_repeats_nothing_and_nobody_sees_a_mixture() {
    let place = Place::new();
    let reader = place.open();
    let stop = Arc::new(AtomicBool::new(false));
    let reading = tokio::spawn(read_views(reader.clone(), Arc::clone(&stop)));
    let (mut random, mut acknowledged) = (Random(0x5eed), Acknowledged::default());
    for round in 0..KILLS {
        let (enough, turns) = (1 + random.below(8), random.below(400_000));
        let folder = place.path();
        acknowledged = tokio::task::spawn_blocking(move || {
            acknowledged.run(&folder, enough as usize, turns);
            acknowledged
        })
        .await
        .unwrap();
        let store = place.open();
        acknowledged.is_kept(&store).await;
        let findings = store.check(Rehash::No).await.unwrap();
        let harmless = |finding: &Finding| matches!(finding, Finding::UnreferencedBlob { .. });
        assert!(findings.iter().all(harmless), "round {round}: {findings:?}");
    }
    stop.store(true, Ordering::Relaxed);
    assert!(reading.await.unwrap() > KILLS);
    assert_eq!(wrong(&reader).await, []);
    assert!(acknowledged.published.len() as u64 > KILLS, "the test has done something");
    // Everything that was ever accepted is published in the end, each once.
    let store = place.open();
    let pending: Vec<_> = store.pending(1_000).await.unwrap().into_iter().map(|(ticket, _)| ticket).collect();
    Publisher::resume(&store).await.publish(&store, &pending).await.unwrap();
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.files, counts.pending), (counts.last_ticket, 0));
}
