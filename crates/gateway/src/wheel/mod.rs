//! `METADATA` of a wheel: out of a file, or by a few range requests without having the file.
//!
//! How a wheel is read is `affineur_packaging::archive`'s business; here is where its bytes come from. All of it may come from
//! an attacker; see [`limits`] for what is allowed.
//!
//! Must never guess: what is not there is asked for, never filled in.

mod ranges;
#[cfg(test)]
mod tests;

use std::io::{Read, Seek};

use affineur_packaging::FileName;
use affineur_packaging::archive::{self, WheelError};
use bytes::Bytes;

pub use self::ranges::{ByRanges, metadata_by_ranges};
use crate::fetch::FetchError;
use crate::limits;

/// Why there is no `METADATA` to be had of a wheel. None of it contains text out of the wheel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// The wheel itself has none that all readers agree on.
    #[error(transparent)]
    Wheel(#[from] WheelError),
    /// The `METADATA` that was served and the one in the wheel differ: hostile.
    #[error("the METADATA in the wheel is not the one that the upstream served for it")]
    Differs,
    /// The upstream answers ranges with the whole file, which is large.
    #[error("the upstream does not answer range requests")]
    NoRanges,
    /// The upstream's ranges do not fit each other: another length, place or state of the file.
    #[error("the upstream's answers to range requests contradict each other")]
    RangesDisagree,
    /// More than [`limits::WHEEL_RANGES`] ranges would be needed.
    #[error("the wheel needs more than {} range requests", limits::WHEEL_RANGES)]
    TooManyRanges,
    /// The upstream gave no answer.
    #[error("upstream: {0}")]
    Upstream(#[from] FetchError),
}

/// The `METADATA` of a wheel that is here, checked to be the one of its project and version. Blocks.
///
/// # Errors
/// See [`WheelError`].
pub fn metadata(wheel: impl Read + Seek, name: &FileName) -> Result<Bytes, WheelError> {
    archive::metadata(wheel, name).map(Bytes::from)
}

/// Whether the `METADATA` that was served for a wheel is the one in it, byte for byte.
///
/// # Errors
/// [`MetadataError::Differs`].
pub fn same_metadata(served: &[u8], in_wheel: &[u8]) -> Result<(), MetadataError> {
    if served == in_wheel { Ok(()) } else { Err(MetadataError::Differs) }
}
