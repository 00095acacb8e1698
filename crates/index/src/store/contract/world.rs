//! A small world for tests of stores: files, and a publisher whose metadata has the shape of TUF's, unsigned.

use std::collections::BTreeMap;

use affineur_packaging::{FileName, ProjectName, Sha256};
use affineur_tuf::{TargetPath, Version};
use aws_lc_rs::digest;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;

use crate::limits;
use crate::store::{AcceptError, Accepted, NewFile, Outcome, Publication, PublishError, StageError, Store, Ticket};

pub(in crate::store) fn name(text: &str) -> ProjectName {
    text.parse().unwrap()
}

pub(in crate::store) fn file_name(text: &str) -> FileName {
    text.parse().unwrap()
}

pub(in crate::store) fn second(number: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + number).unwrap()
}

pub(in crate::store) fn version(number: u64) -> Version {
    Version::new(number).unwrap()
}

pub(in crate::store) fn sha256(bytes: &[u8]) -> Sha256 {
    let mut array = [0; 32];
    array.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    Sha256::from_bytes(array)
}

/// The facts of an upload. Its core metadata says its name.
pub(in crate::store) fn new_file(file: &str) -> NewFile {
    let file = file_name(file);
    NewFile {
        display_name: file.project().as_str().to_uppercase(),
        requires_python: Some(">=3.9".to_owned()),
        core_metadata: Some(Bytes::from(format!("Metadata of {file}"))),
        attestations: None,
        uploaded: second(0),
        uploader: "token 1".to_owned(),
        file,
    }
}

pub(in crate::store) async fn accept<S: Store>(store: &S, file: NewFile, bytes: &[u8]) -> Result<Accepted, AcceptError> {
    let mut stage = store.stage(limits::DISTRIBUTION_BYTES)?;
    let halves = bytes.split_at(bytes.len() / 2);
    let staged = stage.write(halves.0).and_then(|()| stage.write(halves.1)).and_then(|()| stage.finish());
    let staged = staged.map_err(|error| match error {
        StageError::Store(error) => AcceptError::Store(error),
        StageError::TooLarge { .. } => AcceptError::TooLarge,
    })?;
    store.accept(file, staged).await
}

/// Accepts a file whose bytes are its name.
pub(in crate::store) async fn add<S: Store>(store: &S, file: &str) -> Ticket {
    let accepted = accept(store, new_file(file), file.as_bytes()).await.unwrap();
    assert!(matches!(accepted, Accepted::New(_)), "{file}: {accepted:?}");
    accepted.ticket()
}

/// Somebody who publishes: at each version a snapshot and the bins that changed.
#[derive(Clone, Default)]
pub(in crate::store) struct Publisher {
    pub(in crate::store) version: u64,
    bins: BTreeMap<u16, u64>,
}

impl Publisher {
    /// Goes on after what is published.
    pub(in crate::store) async fn resume<S: Store>(store: &S) -> Self {
        let Some(newest) = store.timestamp().await.unwrap() else { return Self::default() };
        let version = newest.version.number();
        let snapshot = store.metadata(&format!("{version}.snapshot.json")).await.unwrap().unwrap();
        let snapshot: serde_json::Value = serde_json::from_slice(&snapshot).unwrap();
        let bin = |name: &str| u16::from_str_radix(name.strip_prefix("bin.14-")?.strip_suffix(".json")?, 16).ok();
        let bins = snapshot["signed"]["meta"].as_object().unwrap().iter();
        let bins = bins.map(|(name, meta)| (bin(name).unwrap(), meta["version"].as_u64().unwrap())).collect();
        Self { version, bins }
    }

    /// The next publication, with one new version of each of these bins.
    pub(in crate::store) fn next(&mut self, bins: &[u16], padding: usize) -> Publication {
        let after = Version::new(self.version);
        self.version += 1;
        let mut metadata = Vec::new();
        for bin in bins {
            let number = self.bins.entry(*bin).or_default();
            *number += 1;
            let body =
                json!({ "signed": { "_type": "targets", "bin": bin, "version": *number, "padding": "x".repeat(padding) } });
            metadata.push((format!("{number}.bin.14-{bin:04x}.json"), Bytes::from(body.to_string())));
        }
        if after.is_none() {
            metadata.push(("1.root.json".to_owned(), Bytes::from_static(b"root 1")));
        }
        let meta: BTreeMap<_, _> =
            self.bins.iter().map(|(bin, number)| (format!("bin.14-{bin:04x}.json"), json!({ "version": number }))).collect();
        let snapshot = json!({ "signed": { "_type": "snapshot", "version": self.version, "meta": meta } });
        metadata.push((format!("{}.snapshot.json", self.version), Bytes::from(snapshot.to_string())));
        let timestamp = json!({ "signed": { "_type": "timestamp", "meta": { "snapshot.json": { "version": self.version } } } });
        Publication {
            after,
            version: version(self.version),
            timestamp: Bytes::from(timestamp.to_string()),
            metadata,
            targets: Vec::new(),
            done: Vec::new(),
            at: second(i64::try_from(self.version).unwrap()),
        }
    }

    /// Publishes these tickets with a new version of one bin.
    pub(in crate::store) async fn publish<S: Store>(&mut self, store: &S, tickets: &[Ticket]) -> Result<(), PublishError> {
        let mut publication = self.next(&[1], 10);
        publication.done = tickets.iter().map(|ticket| (*ticket, Outcome::Published)).collect();
        store.publish(publication).await
    }
}

/// A signed document's path, digest and bytes.
pub(in crate::store) fn target(path: &str, text: &str) -> (TargetPath, Sha256, Bytes) {
    (path.parse().unwrap(), sha256(text.as_bytes()), Bytes::copy_from_slice(text.as_bytes()))
}

/// A small generator of a fixed sequence, so that a failure comes again.
pub(in crate::store) struct Random(pub(in crate::store) u64);

impl Random {
    pub(in crate::store) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}
