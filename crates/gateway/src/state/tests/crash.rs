//! A process that is killed at any moment: what it has acknowledged is there in full, nothing is there by half.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use super::*;

const FOLDER: &str = "AFFINEUR_TEST_CRASH_FOLDER";
const KILLS: u64 = 60;

/// Page `number`: as many files as its number says, under the name of a source of its own.
fn numbered(number: u64) -> PageSeen {
    let files: Vec<_> = (0..=u32::try_from(number % 40).unwrap()).map(|version| (version, Some(number))).collect();
    PageSeen { source: party(&format!("index-{number}")), ..page(minute(0), &files) }
}

/// Not a test of its own: what the killed process does. Observes pages, four at a time, and acknowledges each on standard output.
#[test]
fn observes_pages_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let state = State::open(Path::new(&folder)).unwrap();
    let first = state.revocation_epoch().unwrap() * 1_000;
    runtime.block_on(async {
        let workers = (0..4_u64).map(|worker| {
            let state = state.clone();
            tokio::spawn(async move {
                for number in (first + worker..).step_by(4) {
                    state.observe_page(numbered(number)).await.unwrap();
                    writeln!(std::io::stdout(), "\nacknowledged {number}").unwrap();
                }
            })
        });
        futures_util::future::join_all(workers).await;
    });
}

/// Starts a process that observes pages and kills it (SIGKILL) after `acknowledged` of them and `turns` more turns of a loop.
fn killed(folder: &Path, acknowledged: usize, turns: u64) -> Vec<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "state::tests::crash::observes_pages_until_it_is_killed", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut numbers = lines.filter_map(|line| line.strip_prefix("acknowledged ").and_then(|number| number.parse().ok()));
    let mut acknowledgements: Vec<u64> = numbers.by_ref().take(acknowledged).collect();
    (0..turns).for_each(|turn| {
        std::hint::black_box(turn);
    });
    child.kill().unwrap();
    child.wait().unwrap();
    acknowledgements.extend(numbers);
    assert!(acknowledgements.len() >= acknowledged, "the process ended by itself");
    acknowledgements
}

/// Which of these pages are there; panics where one is there by half.
fn present(state: &State, numbers: std::ops::Range<u64>) -> Vec<u64> {
    let whole = |number: &u64| {
        let expected = numbered(*number);
        let Some(page) = state.remembered_page(&expected.source, &expected.project).unwrap() else { return false };
        let mut names: Vec<_> = expected.files.iter().map(|file| file.name.as_str().to_owned()).collect();
        names.sort_unstable();
        let there: Vec<_> = page.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(there, names, "page {number}");
        assert!(page.files.iter().all(|file| file.sha256 == Some(digest(*number))));
        true
    };
    numbers.filter(whole).collect()
}

#[tokio::test]
async fn a_killed_process_has_recorded_what_it_acknowledged_and_nothing_by_half() {
    let folder = tempfile::tempdir().unwrap();
    // A fixed sequence of moments (a linear congruential generator), so that a failure comes again.
    let mut random = 0x5eed_u64;
    let mut next = |bound: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % bound
    };
    for kill in 0..KILLS {
        let acknowledged = killed(folder.path(), usize::try_from(next(8)).unwrap(), next(200_000));
        let state = State::open(folder.path()).unwrap();
        let first = kill * 1_000;
        // Beyond the last acknowledged page there are at most those under way.
        let there = present(&state, first..acknowledged.iter().max().map_or(first, |last| last + 1) + 50);
        for number in &acknowledged {
            assert!(there.contains(number), "kill {kill}: page {number} was acknowledged and is lost");
        }
        // The next process goes on elsewhere: the epoch says where.
        state.move_project(&project("a"), &party(&format!("index-{kill}"))).await.unwrap();
    }
}

#[tokio::test]
async fn a_write_ahead_log_that_ends_anywhere_leaves_whole_pages() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    for number in 0..20 {
        state.observe_page(numbered(number)).await.unwrap();
    }
    let log = std::fs::read(folder.path().join("state.db-wal")).unwrap();
    let mut previous = 0;
    for part in 0..=40 {
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(folder.path().join("state.db"), copy.path().join("state.db")).unwrap();
        std::fs::write(copy.path().join("state.db-wal"), &log[..log.len() * part / 40]).unwrap();
        let there = present(&State::open(copy.path()).unwrap(), 0..20);
        assert_eq!(there, (0..there.len() as u64).collect::<Vec<_>>(), "in the order in which they were acknowledged");
        assert!(there.len() >= previous);
        previous = there.len();
    }
    assert_eq!(previous, 20);
}
