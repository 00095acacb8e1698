//! Wheels over HTTP in an open loop: each is sent when its time has come, whatever became of those before it, and its time counts
//! from then. The index answers when the file is published; that it is seen then is looked at.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::Outcome;
use crate::http::Connection;
use crate::meter::{cpu_seconds, percentile};
use crate::published::{Published, Remote};
use crate::wheel::upload;

/// Connections: more than uploads that are under way at once, while a second is enough for each.
const CONNECTIONS: usize = 400;
/// Projects that the uploads belong to, in turn.
const PROJECTS: usize = 500;
/// After how many uploads one is looked for on its project's page, right after the answer.
const LOOK_AFTER: usize = 20;
/// How many are looked for in verified listings at the end.
const VERIFIED: usize = 256;

/// What is to be sent.
struct Plan {
    address: SocketAddr,
    /// Of so many people: an index takes only some uploads with one token at once.
    tokens: Vec<String>,
    run: i64,
    count: usize,
    every: Duration,
    began: Instant,
    next: AtomicUsize,
}

impl Plan {
    fn project(number: usize) -> String {
        format!("uploaded_{}", number % PROJECTS)
    }

    fn version(&self, number: usize) -> String {
        format!("{}.{}", self.run, number / PROJECTS)
    }

    fn file(&self, number: usize) -> String {
        format!("{}-{}-py3-none-any.whl", Self::project(number), self.version(number))
    }
}

pub(crate) async fn measure(address: SocketAddr, seconds: u64, rate: u32, tokens: Vec<String>) -> Outcome<Value> {
    let count = usize::try_from(seconds * u64::from(rate))?;
    let every = Duration::from_secs(1) / rate;
    let run = Timestamp::now().as_second();
    let began = Instant::now() + Duration::from_millis(200);
    let plan = Arc::new(Plan { address, tokens, run, count, every, began, next: AtomicUsize::new(0) });
    let cpu = cpu_seconds();
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let plan = Arc::clone(&plan);
        connections.spawn(async move { send(&plan).await });
    }
    let mut took = Vec::with_capacity(count);
    while let Some(sent) = connections.join_next().await {
        took.extend(sent??);
    }
    let (cpu, elapsed) = (cpu_seconds() - cpu, began.elapsed().as_secs_f64());
    took.sort_unstable();
    let checked = check(&plan).await?;
    Ok(json!({
        "uploads": took.len(), "seconds": elapsed, "per_second": took.len() as f64 / elapsed, "p50_ms": percentile(&took, 0.5),
        "p99_ms": percentile(&took, 0.99), "most_ms": percentile(&took, 1.0), "client_cpu_s": cpu, "checked": checked,
    }))
}

/// Sends what is next, until nothing is.
async fn send(plan: &Plan) -> Outcome<Vec<Duration>> {
    let mut connection = Connection::open(plan.address).await?;
    let mut took = Vec::new();
    loop {
        let number = plan.next.fetch_add(1, Ordering::Relaxed);
        if number >= plan.count {
            return Ok(took);
        }
        let due = plan.began + plan.every * u32::try_from(number)?;
        let token = plan.tokens.get(number % plan.tokens.len()).ok_or("no token")?;
        let request = upload(&Plan::project(number), &plan.version(number), token)?;
        tokio::time::sleep_until(due.into()).await;
        let answer = connection.send(&request).await?;
        let words = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status != 200 || !words.contains("is published") {
            return Err(format!("{}: {} {words}", plan.file(number), answer.status).into());
        }
        took.push(due.elapsed());
        if number.is_multiple_of(LOOK_AFTER) {
            let page = connection.get(&format!("/simple/uploaded-{}/", number % PROJECTS)).await?;
            if !String::from_utf8_lossy(&page.body).contains(&plan.file(number)) {
                return Err(format!("{} was answered as published, and is not on its page", plan.file(number)).into());
            }
        }
    }
}

/// Looks for uploads in verified listings: the last ones, and some of all.
async fn check(plan: &Plan) -> Outcome<usize> {
    let remote = Remote(Mutex::new(Connection::open(plan.address).await?));
    let mut published = Published::read(&remote).await?;
    let step = (plan.count / VERIFIED).max(1);
    let numbers: Vec<usize> = (0..plan.count).step_by(step).chain(plan.count.saturating_sub(8)..plan.count).collect();
    for number in &numbers {
        published.file(&remote, &plan.file(*number)).await?;
    }
    Ok(numbers.len())
}
