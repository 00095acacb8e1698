//! Releases without bodies: many tasks ask for yanks and wait until each is published, while one publisher publishes in groups.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use affineur_index::publisher::Publisher;
use affineur_index::store::{Request, SqliteStore, Store as _, TicketState, Which, YankedBy};
use affineur_packaging::ProjectName;
use affineur_packaging::page::Yanked;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::meter::{cpu_seconds, percentile};
use crate::projects::project;
use crate::published::Published;
use crate::{Index, Outcome};

/// Tasks that ask: twice as many as are to be published in a second.
const TASKS: u64 = 2_000;
/// Projects that are looked for in one view.
const PROJECTS_AT_ONCE: usize = 256;

/// What one task asked for.
#[derive(Default)]
struct Asked {
    took: Vec<Duration>,
    /// The last reason for which each project was yanked.
    reasons: BTreeMap<ProjectName, String>,
}

pub(crate) async fn measure(index: &Index, seconds: u64, projects: u64) -> Outcome<Value> {
    let publisher = Publisher::start(index.store.clone(), index.online().await?).await?;
    let before = publisher.version();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let publishing = tokio::spawn(publisher.run(Timestamp::now, async { drop(stopped.await) }));
    let (cpu, clock) = (cpu_seconds(), Instant::now());
    let end = clock + Duration::from_secs(seconds);
    let mut tasks = JoinSet::new();
    for task in 0..TASKS.min(projects) {
        let own: Vec<ProjectName> = (task..projects).step_by(TASKS as usize).map(project).collect::<Outcome<_>>()?;
        let store = index.store.clone();
        tasks.spawn(async move { ask(&store, &own, end).await });
    }
    let mut all = Asked::default();
    while let Some(asked) = tasks.join_next().await {
        let asked = asked??;
        all.took.extend(asked.took);
        all.reasons.extend(asked.reasons);
    }
    let (cpu, took) = (cpu_seconds() - cpu, clock.elapsed().as_secs_f64());
    drop(stop);
    publishing.await?;
    let last = check(&index.store, &all.reasons).await?;
    all.took.sort_unstable();
    let releases = all.took.len();
    Ok(json!({
        "releases": releases, "seconds": took, "per_second": releases as f64 / took, "p50_ms": percentile(&all.took, 0.5),
        "p99_ms": percentile(&all.took, 0.99), "cpu_s": cpu, "publications": last - before.number(),
        "checked": all.reasons.len(),
    }))
}

/// Yanks one project after the other, each for a new reason, until the end.
async fn ask(store: &SqliteStore, own: &[ProjectName], end: Instant) -> Outcome<Asked> {
    let mut asked = Asked::default();
    for (number, project) in own.iter().cycle().enumerate() {
        let began = Instant::now();
        if began >= end {
            break;
        }
        let reason = format!("reason {number}");
        let yanked = Yanked::Yes(reason.clone());
        let which = Which::Version("1.0.0".parse()?);
        let ticket = store.request(Request::Yank { project: project.clone(), which, yanked, by: YankedBy::Developers }).await?;
        match store.wait(ticket).await? {
            TicketState::Published(_) => {}
            state => return Err(format!("a release became {state:?}").into()),
        }
        asked.took.push(began.elapsed());
        asked.reasons.insert(project.clone(), reason);
    }
    Ok(asked)
}

/// Looks for every project's last yank in what is published now, whose timestamp's version it answers.
async fn check(store: &SqliteStore, reasons: &BTreeMap<ProjectName, String>) -> Outcome<u64> {
    let reasons: Vec<_> = reasons.iter().map(|(project, reason)| (project.clone(), reason.clone())).collect();
    let reasons = Arc::new(reasons);
    let mut last = 0;
    for some in reasons.chunks(PROJECTS_AT_ONCE) {
        let mut published = Published::read(store).await?;
        last = published.timestamp_version().number();
        for (project, reason) in some {
            let listing = published.listing(store, project).await?;
            if !listing.files.values().any(|file| file.yanked == Yanked::Yes(reason.clone())) {
                return Err(format!("the last release of {project} was acknowledged and is not published").into());
            }
        }
    }
    Ok(last)
}
