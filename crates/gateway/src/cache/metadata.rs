//! `METADATA` files beside the wheels that they belong to, with where they came from.
//!
//! What was served as `.metadata` before the wheel was here must be compared with the wheel when that passes, so its
//! provenance is kept with it. The first line is ours: `affineur-metadata-1 <provenance> <sha256 of the rest>`; the digest
//! finds holes after a power loss and damage, not somebody who can write to this folder: the wheel itself does that.

use std::io::{self, Write as _};

use affineur_packaging::Sha256;
use affineur_packaging::limits::METADATA_BYTES;
use bytes::Bytes;

use super::index::{Key, Kind};
use super::platform;
use super::{Cache, Scope, partial};
use crate::digest::sha256;

const FORMAT: &str = "affineur-metadata-1";
/// Longest first line.
const HEADER_BYTES: usize = 256;

/// Where a `METADATA` came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// Out of the wheel, whose digest had been verified.
    FromWheel,
    /// Out of the wheel by range requests: the upstream's word until the wheel passes.
    ByRanges,
    /// From the upstream's `.metadata` file with this digest: the upstream's word until the wheel passes.
    FromUpstream {
        /// The digest that the page named, which the bytes agree with.
        sha256: Sha256,
    },
}

/// A `METADATA` and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptMetadata {
    /// The file.
    pub bytes: Bytes,
    /// Where it came from.
    pub provenance: Provenance,
}

impl Cache {
    /// The `METADATA` that is kept under this key, if any. The key stands for one wheel as one source lists it; the caller makes it. Blocks.
    #[must_use]
    pub fn metadata(&self, scope: Scope, key: &Sha256) -> Option<KeptMetadata> {
        let key = Key { scope, kind: Kind::Metadata, sha256: *key };
        let path = self.path(&key);
        let file = platform::open(&path).ok()?;
        let most = METADATA_BYTES as usize + HEADER_BYTES;
        let found = platform::read_at(&file, 0, file.metadata().ok()?.len().min(most as u64) as usize).ok()?;
        let kept = parse(&found);
        if kept.is_some() {
            self.index(Kind::Metadata).used(key, found.len() as u64);
        } else {
            self.remove(&key);
        }
        kept
    }

    /// Keeps a wheel's `METADATA`, instead of what was kept before. Blocks.
    ///
    /// # Errors
    /// It is longer than [`METADATA_BYTES`], or the disk cannot take it.
    pub fn keep_metadata(&self, scope: Scope, key: &Sha256, kept: &KeptMetadata) -> io::Result<()> {
        if kept.bytes.len() as u64 > METADATA_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let key = Key { scope, kind: Kind::Metadata, sha256: *key };
        let (mut file, path) = partial::locked_file(&self.0.folder.join(partial::FOLDER))?;
        let header = header(kept);
        file.write_all(header.as_bytes())?;
        file.write_all(&kept.bytes)?;
        let identity = partial::place(self, &key, path, &file)?;
        self.placed(key, (header.len() + kept.bytes.len()) as u64, identity);
        Ok(())
    }
}

fn header(kept: &KeptMetadata) -> String {
    let provenance = match kept.provenance {
        Provenance::FromWheel => "wheel".to_owned(),
        Provenance::ByRanges => "ranges".to_owned(),
        Provenance::FromUpstream { sha256 } => format!("upstream:{sha256}"),
    };
    format!("{FORMAT} {provenance} {}\n", sha256(&kept.bytes))
}

fn parse(found: &Bytes) -> Option<KeptMetadata> {
    let end = found.iter().take(HEADER_BYTES).position(|byte| *byte == b'\n')?;
    let mut words = std::str::from_utf8(found.get(..end)?).ok()?.split(' ');
    let (FORMAT, provenance, digest, None) = (words.next()?, words.next()?, words.next()?, words.next()) else { return None };
    let provenance = match provenance.split_once(':') {
        None if provenance == "wheel" => Provenance::FromWheel,
        None if provenance == "ranges" => Provenance::ByRanges,
        Some(("upstream", sha256)) => Provenance::FromUpstream { sha256: sha256.parse().ok()? },
        _ => return None,
    };
    let bytes = found.slice(end + 1..);
    (sha256(&bytes) == digest.parse().ok()?).then_some(KeptMetadata { bytes, provenance })
}
