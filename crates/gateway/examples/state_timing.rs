//! How long the state takes: `cargo run --release -p affineur-gateway --example state_timing`.
//!
//! On a disk of this machine, in a folder that is removed afterwards (`TMPDIR` says where). Prints the best, the median and the worst of
//! several rounds in milliseconds, and the goal.

use std::error::Error;
use std::time::{Duration, Instant};

use affineur_gateway::state::{PageSeen, SeenFile, State};
use jiff::Timestamp;

const ROUNDS: usize = 15;

type Failure = Box<dyn Error + Send + Sync>;

fn page(source: &str, project: &str, files: usize, now: Timestamp) -> Result<PageSeen, Failure> {
    let file = |number: usize| -> Result<SeenFile, Failure> {
        let name = format!("{project}-{number}-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl");
        Ok(SeenFile {
            url: format!("https://files.example/packages/{number:02x}/{number:060x}/{name}").parse()?,
            sha256: Some(format!("{number:064x}").parse()?),
            size: Some(1_000_000),
            upload_time: Some(now),
            name: name.parse()?,
        })
    };
    let files = (0..files).map(file).collect::<Result<_, _>>()?;
    Ok(PageSeen { source: source.parse()?, project: project.parse()?, now, files })
}

fn report(what: &str, goal: u64, mut rounds: Vec<Duration>) {
    rounds.sort_unstable();
    let milliseconds = |at: usize| rounds.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1_000.0);
    println!(
        "{what:<44} {:8.2} {:8.2} {:8.2} ms, goal {goal} ms",
        milliseconds(0),
        milliseconds(ROUNDS / 2),
        milliseconds(ROUNDS - 1)
    );
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let state = State::open(folder.path())?;
    let now: Timestamp = "2026-01-01T00:00:00Z".parse()?;
    let (mut first, mut again, mut minute, mut many, mut remembered) = (vec![], vec![], vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        let source = format!("index-{round}");
        let seen = page(&source, "large", 2_000, now)?;
        let (mut unchanged, mut later) = (seen.clone(), seen.clone());
        unchanged.now = now + Duration::from_secs(10);
        later.now = now + Duration::from_secs(100);
        let start = Instant::now();
        state.observe_page(seen).await?;
        first.push(start.elapsed());
        let start = Instant::now();
        state.observe_page(unchanged).await?;
        again.push(start.elapsed());
        let start = Instant::now();
        state.observe_page(later).await?;
        minute.push(start.elapsed());
        let start = Instant::now();
        state.remembered_page(&source.parse()?, &"large".parse()?)?;
        remembered.push(start.elapsed());
        let small = (0..66).map(|number| page(&source, &format!("small{number}"), 10, now)).collect::<Result<Vec<_>, _>>()?;
        let start = Instant::now();
        futures_util::future::try_join_all(small.into_iter().map(|page| state.observe_page(page))).await?;
        many.push(start.elapsed());
    }
    report("2 000 files, first sight", 40, first);
    report("2 000 files, unchanged", 5, again);
    report("2 000 files, unchanged, a minute later", 5, minute);
    report("2 000 files, remembered page", 5, remembered);
    report("66 pages of 10 files at once, first sight", 100, many);
    let bytes = std::fs::metadata(folder.path().join("state.db"))?.len();
    println!("{} bytes for each file", bytes / (ROUNDS as u64 * (2_000 + 660)));
    Ok(())
}
