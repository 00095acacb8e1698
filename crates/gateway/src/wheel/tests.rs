//! Wheels at an upstream.

#[path = "../../../packaging/src/archive/tests/build.rs"]
mod build;

use std::io::{Cursor, Write as _};
use std::sync::Mutex;

use futures_util::StreamExt as _;
use futures_util::stream;
use url::Url;

use self::build::{METADATA, PATH, archive, built, honest, replaced, stored};
use super::*;
use crate::download::Upstream;
use crate::fetch::{ByteRange, FetchError, FileAnswer, RangeAnswer};
use crate::limits;

/// How a server behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manners {
    Good,
    NoRanges,
    NoLongSuffix,
    OtherTotalLater,
    OtherStateLater,
    ShortLater,
    ElsewhereLater,
    FailsLater,
}

struct Remote {
    wheel: Vec<u8>,
    manners: Manners,
    asked: Mutex<Vec<ByteRange>>,
}

impl Upstream for Remote {
    async fn file(&self, _: &Url) -> Result<FileAnswer, FetchError> {
        let stream = stream::iter([Ok(Bytes::from(self.wheel.clone()))]).boxed();
        Ok(FileAnswer { stream, length: Some(self.wheel.len() as u64), last_modified: None, etag: None })
    }

    async fn range(&self, _: &Url, range: ByteRange) -> Result<RangeAnswer, FetchError> {
        self.asked.lock().unwrap().push(range);
        let total = self.wheel.len() as u64;
        let (first, end) = match range {
            _ if self.manners == Manners::NoRanges => return Err(FetchError::NoRanges),
            ByteRange::Suffix(length) if self.manners == Manners::NoLongSuffix && length > total => {
                return Err(FetchError::BadRange);
            }
            ByteRange::Suffix(length) => (total.saturating_sub(length), total),
            ByteRange::FromTo(first, last) => (first, total.min(last + 1)),
        };
        let bytes = Bytes::copy_from_slice(&self.wheel[first as usize..end as usize]);
        let mut answer = RangeAnswer { bytes, start: first, total, last_modified: None, etag: Some("\"1\"".to_owned()) };
        if matches!(range, ByteRange::FromTo(..)) {
            match self.manners {
                Manners::OtherTotalLater => answer.total += 1,
                Manners::OtherStateLater => answer.etag = Some("\"2\"".to_owned()),
                Manners::ShortLater => answer.bytes = answer.bytes.slice(1..),
                Manners::ElsewhereLater => answer.start += 1,
                Manners::FailsLater => return Err(FetchError::TooSlow),
                _ => {}
            }
        }
        Ok(answer)
    }
}

fn name() -> FileName {
    "demo_pkg-1.0-py3-none-any.whl".parse().unwrap()
}

fn read_from(wheel: impl AsRef<[u8]>) -> Result<Bytes, MetadataError> {
    metadata(Cursor::new(wheel.as_ref()), &name()).map_err(MetadataError::Wheel)
}

async fn ask(wheel: &[u8], manners: Manners) -> (Result<Bytes, MetadataError>, Vec<ByteRange>) {
    let remote = Remote { wheel: wheel.to_vec(), manners, asked: Mutex::default() };
    let url = "https://files.example/demo_pkg-1.0-py3-none-any.whl".parse().unwrap();
    let found = metadata_by_ranges(&remote, &url, &name()).await;
    let found = found.map(|found| {
        assert_eq!(found.wheel_bytes, wheel.len() as u64);
        found.bytes
    });
    (found, remote.asked.into_inner().unwrap())
}

fn noise(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

/// `METADATA` at the end, as build tools make wheels.
fn usual() -> Vec<u8> {
    archive(&[("demo_pkg/data", &noise(1 << 20)), (PATH, METADATA)])
}

/// `METADATA` at the start, and a table of contents larger than the first range.
fn unusual() -> Vec<u8> {
    built(|writer| {
        writer.start_file(PATH, stored()).unwrap();
        writer.write_all(METADATA).unwrap();
        for number in 0..10_000 {
            writer.start_file(format!("demo_pkg/{number:0>50}"), stored()).unwrap();
            writer.write_all(b"0123456789").unwrap();
        }
    })
}

#[tokio::test]
async fn a_usual_wheel_costs_one_request_and_an_unusual_one_three() {
    let (found, asked) = ask(&usual(), Manners::Good).await;
    assert_eq!((found.as_deref(), asked.len()), (Ok(METADATA), 1));
    let (found, asked) = ask(&unusual(), Manners::Good).await;
    assert_eq!((found.as_deref(), asked.len()), (Ok(METADATA), 3), "the end, the rest of the table, METADATA");
    let bytes: u64 = asked
        .iter()
        .map(|range| match range {
            ByteRange::Suffix(length) => *length,
            ByteRange::FromTo(first, last) => last - first + 1,
        })
        .sum();
    assert!(bytes < 1_500_000, "{bytes}");
}

#[tokio::test]
async fn a_small_wheel_needs_no_ranges_and_a_large_one_does() {
    for manners in [Manners::NoRanges, Manners::NoLongSuffix, Manners::Good] {
        assert_eq!(ask(&honest(), manners).await.0.as_deref(), Ok(METADATA), "{manners:?}");
    }
    assert_eq!(ask(&usual(), Manners::NoRanges).await.0, Err(MetadataError::NoRanges));
}

#[tokio::test]
async fn answers_that_contradict_each_other_are_refused() {
    let disagree = MetadataError::RangesDisagree;
    let cases = [
        (Manners::OtherTotalLater, disagree.clone()),
        (Manners::OtherStateLater, disagree.clone()),
        (Manners::ShortLater, disagree.clone()),
        (Manners::ElsewhereLater, disagree),
        (Manners::FailsLater, MetadataError::Upstream(FetchError::TooSlow)),
    ];
    for (manners, error) in cases {
        assert_eq!(ask(&unusual(), manners).await.0, Err(error), "{manners:?}");
    }
}

#[tokio::test]
async fn by_ranges_a_wheel_gives_what_the_whole_gives() {
    let large = |wheel: Vec<u8>| [vec![0; 1 << 20], wheel].concat();
    let big_metadata = [METADATA, &noise(700_000)].concat();
    let far = archive(&[(PATH, &big_metadata), ("demo_pkg/data", &noise(1 << 20))]);
    let duplicated =
        archive(&[("demo_pkg/data", &noise(1 << 20)), ("demo_pkg-1.0.dist-info/METADATB", METADATA), (PATH, METADATA)]);
    let duplicated = replaced(replaced(duplicated, b"METADATB", b"METADATA", 1), b"METADATB", b"METADATA", 0);
    for wheel in [usual(), unusual(), honest(), far, duplicated, large(honest()), noise(1 << 20), vec![], vec![0; 1 << 20]] {
        let (found, asked) = ask(&wheel, Manners::Good).await;
        assert_eq!(found, read_from(&wheel));
        assert!(asked.len() <= limits::WHEEL_RANGES as usize);
    }
}

#[test]
fn one_differing_byte_of_metadata_is_a_difference() {
    assert_eq!(same_metadata(METADATA, METADATA), Ok(()));
    assert_eq!(same_metadata(METADATA, &METADATA[1..]), Err(MetadataError::Differs));
    assert_eq!(same_metadata(b"Name: a\n", b"Name: a\r\n"), Err(MetadataError::Differs));
}
