//! What one publication costs: one new file, of which listing and overlay are signed, through publisher and store.

use affineur_index::publisher::Publisher;
use affineur_index::store::Store as _;
use affineur_tuf::{Hashes, TopRole, metadata_path};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::meter::cpu_seconds;
use crate::projects::accept;
use crate::published::Published;
use crate::{Index, Outcome};

pub(crate) async fn measure(index: &Index, count: u64) -> Outcome<Value> {
    let mut publisher = Publisher::start(index.store.clone(), index.online().await?).await?;
    let before = publisher.version().number();
    // Not two runs have the same file names.
    let run = Timestamp::now().as_second();
    let (mut accepting, mut publishing, mut wall) = (0.0, 0.0, 0.0);
    let mut names = Vec::new();
    for number in 0..count {
        let began = cpu_seconds();
        let name = format!("released_{number}-{run}-py3-none-any.whl");
        accept(&index.store, name.clone()).await?;
        let (accepted, clock) = (cpu_seconds(), std::time::Instant::now());
        publisher.publish_pending(Timestamp::now()).await?.ok_or("nothing waited")?;
        (accepting, publishing) = (accepting + accepted - began, publishing + cpu_seconds() - accepted);
        wall += clock.elapsed().as_secs_f64();
        names.push(name);
    }
    if publisher.version().number() != before + count {
        return Err("not every release was a publication".into());
    }
    let mut published = Published::read(&index.store).await?;
    for name in &names {
        published.file(&index.store, name).await?;
    }
    let each = 1e3 / count as f64;
    Ok(json!({
        "releases": count, "accept_cpu_ms": accepting * each, "publish_cpu_ms": publishing * each, "publish_wall_ms": wall * each,
        "hashing_cpu_ms": hashing(index).await?
    }))
}

/// What the newest snapshot costs to sign (Ed25519 hashes it twice) and to list by its digest, and nothing else.
async fn hashing(index: &Index) -> Outcome<f64> {
    const TIMES: u32 = 20;
    let published = Published::read(&index.store).await?;
    let path = metadata_path(TopRole::Snapshot.as_str(), Some(published.snapshot_version()));
    let snapshot = index.store.metadata(&path).await?.ok_or("the snapshot is gone")?;
    let signer = index.online().await?.signer;
    let began = cpu_seconds();
    for _ in 0..TIMES {
        std::hint::black_box((signer.sign(&snapshot)?, Hashes::sha256_of(&snapshot)));
    }
    Ok((cpu_seconds() - began) * 1e3 / f64::from(TIMES))
}
