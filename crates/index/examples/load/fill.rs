//! Made-up targets: each bin gets its own, in publications of some hundred bins, through the store as any other.

use affineur_index::publisher::{Publisher, Tree};
use affineur_index::store::{Publication, Store as _};
use affineur_tuf::edit::{Draft, Edits, Text};
use affineur_tuf::{
    Expiry, Hashes, Snapshot, TargetFile, TargetPath, Timestamp as TimestampRole, TopRole, Version, metadata_path,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::meter::cpu_seconds;
use crate::{Index, Outcome};

/// Bins in one publication.
const BINS_AT_ONCE: usize = 512;
/// Files of a made-up project.
const FILES: u64 = 48;

pub(crate) async fn fill(index: &Index, targets: u64) -> Outcome<Value> {
    let began = cpu_seconds();
    // It publishes nothing here: it knows the bins, and while it lives nobody else publishes.
    let publisher = Publisher::start(index.store.clone(), index.online().await?).await?;
    let mut state = State::read(index, publisher.tree().clone()).await?;
    let mut numbers = (0..targets)
        .map(|number| Ok((state.tree.bin_of(&made_up(number)?.0), number)))
        .collect::<Outcome<Vec<(u64, u64)>>>()?;
    numbers.sort_unstable();
    let bins: Vec<&[(u64, u64)]> = numbers.chunk_by(|one, other| one.0 == other.0).collect();
    for group in bins.chunks(BINS_AT_ONCE) {
        state.publish(index, group).await?;
    }
    Ok(json!({ "targets": targets, "bins": bins.len(), "cpu_s": cpu_seconds() - began }))
}

/// What was published last.
struct State {
    timestamp: Draft<TimestampRole>,
    snapshot: Text<Snapshot>,
    tree: Tree,
    expires: Expiry,
}

impl State {
    async fn read(index: &Index, tree: Tree) -> Outcome<Self> {
        let timestamp = Draft::<TimestampRole>::reopen(&metadata(index, "timestamp", None).await?)?;
        let version = timestamp.body().snapshot().version();
        let snapshot = Text::of(&Draft::reopen(&metadata(index, "snapshot", Some(version)).await?)?)?;
        let expires = Expiry::at(Timestamp::now().checked_add(affineur_index::limits::ONLINE_VALIDITY)?);
        Ok(Self { timestamp, snapshot, tree, expires })
    }

    /// Signs these bins with their targets, snapshot and timestamp.
    async fn publish(&mut self, index: &Index, bins: &[&[(u64, u64)]]) -> Outcome<()> {
        let signer = index.online().await?.signer;
        let after = self.timestamp.version();
        let (mut files, mut listed) = (Vec::new(), Edits::default());
        for numbers in bins {
            let name = self.tree.name(numbers.first().ok_or("a bin has no number")?.0);
            let version = self.snapshot.role(&name).ok_or("a bin is not listed")?.version();
            let mut edits = Edits::default();
            for (_, number) in *numbers {
                let (path, target) = made_up(*number)?;
                edits.add_target(&path, target);
            }
            let bin = Text::reopen(&metadata(index, &name, Some(version)).await?)?;
            let signed = bin.edited(&edits)?.next()?.set_expires(self.expires).sign([&*signer])?;
            listed.list(&name, signed.listed_by_version());
            files.push((metadata_path(&name, Some(signed.version())), signed.into_bytes().into()));
        }
        self.snapshot = self.snapshot.edited(&listed)?.next()?;
        let signed = self.snapshot.set_expires(self.expires).sign([&*signer])?;
        self.timestamp = self.timestamp.clone().next()?;
        self.timestamp.set_expires(self.expires).set_snapshot(signed.listed());
        files.push((metadata_path(TopRole::Snapshot.as_str(), Some(signed.version())), signed.into_bytes().into()));
        let publication = Publication {
            after: Some(after),
            version: self.timestamp.version(),
            timestamp: self.timestamp.sign([&*signer])?.into_bytes().into(),
            metadata: files,
            targets: Vec::new(),
            done: Vec::new(),
            at: Timestamp::now(),
        };
        Ok(index.store.publish(publication).await?)
    }
}

async fn metadata(index: &Index, role: &str, version: Option<Version>) -> Outcome<bytes::Bytes> {
    let path = metadata_path(role, version);
    Ok(index.store.metadata(&path).await?.ok_or_else(|| format!("{path} is missing"))?)
}

/// A wheel, as the index lists files: its digest is that of its project and number, of which there is no file.
fn made_up(number: u64) -> Outcome<(TargetPath, TargetFile)> {
    let project = format!("made-up-{}", number / FILES);
    let shard = Hashes::sha256_of(project.as_bytes());
    let shard = shard.digest("sha256").unwrap_or_default();
    let (ab, cd) = (shard.get(..2).unwrap_or_default(), shard.get(2..4).unwrap_or_default());
    let path = format!("{ab}/{cd}/{project}/{}-1.{}.0-py3-none-any.whl", project.replace('-', "_"), number % FILES);
    Ok((path.parse()?, TargetFile::new(20_000 + number % 1_000_000, Hashes::sha256_of(path.as_bytes()))))
}
