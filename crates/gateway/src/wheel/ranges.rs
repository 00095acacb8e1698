//! `METADATA` by range requests: the end of the wheel, then what is missing.

use std::io::{self, Read, Seek, SeekFrom};

use affineur_packaging::FileName;
use affineur_packaging::archive::directory;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use jiff::Timestamp;
use url::Url;

use super::{MetadataError, metadata};
use crate::download::Upstream;
use crate::fetch::{ByteRange, FetchError, FileAnswer, RangeAnswer};
use crate::limits;

/// A `METADATA` that was read by ranges: the upstream's word, until the wheel passes and agrees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByRanges {
    /// The file.
    pub bytes: Bytes,
    /// The wheel's length, as the upstream says.
    pub wheel_bytes: u64,
    /// The wheel's `Last-Modified`, as the upstream says.
    pub last_modified: Option<Timestamp>,
}

/// Reads the `METADATA` of a wheel at an upstream without fetching the wheel: usually one request, at most
/// [`limits::WHEEL_RANGES`]. A wheel of at most [`limits::WHEEL_SMALL_BYTES`] may come whole.
///
/// # Errors
/// See [`MetadataError`]; after [`MetadataError::NoRanges`] the wheel has to be downloaded.
pub async fn metadata_by_ranges<U: Upstream>(upstream: &U, url: &Url, name: &FileName) -> Result<ByRanges, MetadataError> {
    let mut wheel = RemoteWheel::open(upstream, url).await?;
    let bytes = loop {
        let mut sparse = Sparse { wheel: &wheel.parts, total: wheel.total, position: 0, missing: None };
        let outcome = metadata(&mut sparse, name);
        match sparse.missing {
            None => break outcome?,
            Some(first) => wheel.fetch_missing(first).await?,
        }
    };
    Ok(ByRanges { bytes, wheel_bytes: wheel.total, last_modified: wheel.last_modified })
}

/// A wheel at an upstream, with the parts that are here.
struct RemoteWheel<'a, U> {
    upstream: &'a U,
    url: &'a Url,
    total: u64,
    /// Which state of the file the parts are of.
    etag: Option<String>,
    last_modified: Option<Timestamp>,
    /// Parts by their place; they do not overlap.
    parts: Vec<(u64, Bytes)>,
    ranges: u32,
}

impl<'a, U: Upstream> RemoteWheel<'a, U> {
    async fn open(upstream: &'a U, url: &'a Url) -> Result<Self, MetadataError> {
        let RangeAnswer { bytes, start, total, last_modified, etag } =
            match upstream.range(url, ByteRange::Suffix(limits::WHEEL_TAIL_BYTES)).await {
                // Some servers find the end of a file unsatisfiable when the whole is shorter.
                Err(FetchError::NoRanges | FetchError::BadRange) => whole(upstream.file(url).await?).await?,
                answer => answer?,
            };
        let expected = total.min(limits::WHEEL_TAIL_BYTES);
        if start.checked_add(bytes.len() as u64) != Some(total) || (bytes.len() as u64) < expected {
            return Err(MetadataError::RangesDisagree);
        }
        Ok(Self { upstream, url, total, etag, last_modified, parts: vec![(start, bytes)], ranges: 1 })
    }

    /// Fetches from the first missing byte: as much as a look at the table of contents says will be needed, else a little.
    async fn fetch_missing(&mut self, first: u64) -> Result<(), MetadataError> {
        if self.ranges >= limits::WHEEL_RANGES {
            return Err(MetadataError::TooManyRanges);
        }
        let next_part = self.parts.iter().map(|(start, _)| *start).filter(|start| *start > first).min().unwrap_or(self.total);
        let end = self.needed_end(first).max(first.saturating_add(limits::WHEEL_RANGE_BYTES)).min(next_part);
        let answer = self.upstream.range(self.url, ByteRange::FromTo(first, end.saturating_sub(1))).await?;
        let same_file = (answer.total, &answer.etag, answer.last_modified) == (self.total, &self.etag, self.last_modified);
        if !same_file || answer.start != first || answer.bytes.len() as u64 != end - first {
            return Err(MetadataError::RangesDisagree);
        }
        self.parts.push((first, answer.bytes));
        self.ranges += 1;
        Ok(())
    }

    /// Within the table of contents all of it is needed; elsewhere each request asks for twice as much as the one before.
    fn needed_end(&self, first: u64) -> u64 {
        let mut sparse = Sparse { wheel: &self.parts, total: self.total, position: 0, missing: None };
        match directory(&mut sparse) {
            Ok(directory) if directory.start <= first => directory.end,
            _ => first.saturating_add(limits::WHEEL_RANGE_BYTES << self.ranges.min(16)),
        }
    }
}

/// A small wheel as one range.
async fn whole(answer: FileAnswer) -> Result<RangeAnswer, MetadataError> {
    let FileAnswer { mut stream, length, last_modified, etag } = answer;
    let total = length.filter(|length| *length <= limits::WHEEL_SMALL_BYTES).ok_or(MetadataError::NoRanges)?;
    let mut bytes = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk?);
        if bytes.len() as u64 > total {
            return Err(MetadataError::RangesDisagree);
        }
    }
    Ok(RangeAnswer { bytes: bytes.freeze(), start: 0, total, last_modified, etag })
}

/// Reads the parts that are here as if they were the file, and notes the first byte that was wanted and is not.
struct Sparse<'a> {
    wheel: &'a [(u64, Bytes)],
    total: u64,
    position: u64,
    missing: Option<u64>,
}

impl Read for Sparse<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.total || buffer.is_empty() {
            return Ok(0);
        }
        let here = self.wheel.iter().find_map(|(start, bytes)| {
            let inside = usize::try_from(self.position.checked_sub(*start)?).ok()?;
            bytes.get(inside..).filter(|rest| !rest.is_empty())
        });
        let Some(mut rest) = here else {
            self.missing.get_or_insert(self.position);
            return Err(io::ErrorKind::WouldBlock.into());
        };
        let read = rest.read(buffer)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for Sparse<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(by) => self.total.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
