//! Tests of what is remembered.

use affineur_packaging::{FileName, ProjectName, Sha256};
use affineur_trust::{Contradiction, LastModified, PartyName};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::{Evidence, Observed, PageSeen, SeenFile, State, StateClass, StateError};

mod crash;
mod database;
mod pins;
mod sources;
mod text;

fn party(name: &str) -> PartyName {
    name.parse().unwrap()
}

fn project(name: &str) -> ProjectName {
    name.parse().unwrap()
}

fn wheel(project: &str, version: u32) -> FileName {
    format!("{project}-{version}-py3-none-any.whl").parse().unwrap()
}

fn digest(number: u64) -> Sha256 {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Sha256::from_bytes(bytes)
}

/// So many minutes after a moment that means nothing.
fn minute(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap() + SignedDuration::from_mins(minutes)
}

fn seen(name: &FileName, sha256: Option<u64>) -> SeenFile {
    SeenFile {
        name: name.clone(),
        url: format!("https://files.example/{name}").parse().unwrap(),
        sha256: sha256.map(digest),
        size: Some(1_000),
        upload_time: None,
    }
}

/// A page of project `a` of source `index`, with these versions and digests.
fn page(now: Timestamp, files: &[(u32, Option<u64>)]) -> PageSeen {
    let files = files.iter().map(|&(version, sha256)| seen(&wheel("a", version), sha256)).collect();
    PageSeen { source: party("index"), project: project("a"), now, files }
}

async fn observe(state: &State, now: Timestamp, files: &[(u32, Option<u64>)]) -> Vec<Observed> {
    state.observe_page(page(now, files)).await.unwrap()
}

/// A state in which there is one of everything.
async fn everything(state: &State) {
    let index = party("index");
    observe(state, minute(0), &[(1, Some(1)), (2, None), (3, Some(3)), (4, Some(4))]).await;
    observe(state, minute(5), &[(1, Some(9)), (2, None), (3, Some(3)), (5, Some(5))]).await;
    let mut other = page(minute(6), &[]);
    other.source = party("other");
    other.project = project("b");
    other.files = vec![SeenFile {
        url: "https://user:secret@elsewhere.example/b-1.tar.gz?x=1#y".parse().unwrap(),
        upload_time: Some(minute(-9)),
        size: None,
        ..seen(&"b-1.tar.gz".parse().unwrap(), None)
    }];
    state.observe_page(other).await.unwrap();
    let dates = vec![(wheel("a", 3), Some(digest(3)), Some(minute(-7))), (wheel("a", 1), None, None)];
    state.record_last_modified(&index, dates).await.unwrap();
    state.bind(&project("a"), &index).await.unwrap();
    state.learn_source(&index, &"https://index.example/simple/".parse().unwrap()).await.unwrap();
    state.mark_hostile(&index, &wheel("a", 3), None, &Contradiction::Metadata).await.unwrap();
    let bytes = Contradiction::Bytes { expected: digest(5), got: digest(6) };
    state.mark_hostile(&index, &wheel("a", 5), Some(digest(5)), &bytes).await.unwrap();
    let evidence = Evidence {
        time: minute(8),
        source: index,
        project: project("a"),
        file: None,
        contradiction: Contradiction::Vanished,
        left: Bytes::from_static(b"\x1b[31m\xff"),
        right: Bytes::from(vec![b'x'; crate::limits::EVIDENCE_SIDE_BYTES + 1]),
    };
    state.keep_evidence(evidence).await.unwrap();
}
