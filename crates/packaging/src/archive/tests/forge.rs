//! Archives made wrong, byte by byte.

use super::build::{METADATA, PATH, archive, places};

pub(super) const LOCAL: &[u8] = b"PK\x03\x04";
pub(super) const CENTRAL: &[u8] = b"PK\x01\x02";
pub(super) const END: &[u8] = b"PK\x05\x06";

/// Overwrites bytes at an offset behind the n-th place of a signature.
pub(super) fn patched(mut archive: Vec<u8>, signature: &[u8], nth: usize, offset: usize, bytes: &[u8]) -> Vec<u8> {
    let at = places(&archive, signature)[nth] + offset;
    archive[at..at + bytes.len()].copy_from_slice(bytes);
    archive
}

/// A wheel with only `METADATA`, which has this extra field in the table of contents.
pub(super) fn with_extra_field(field: &[u8]) -> Vec<u8> {
    let mut wheel = archive(&[(PATH, METADATA)]);
    let central = places(&wheel, CENTRAL)[0];
    wheel[central + 30] = field.len() as u8;
    let after_name = central + 46 + PATH.len();
    wheel.splice(after_name..after_name, field.iter().copied());
    let end = places(&wheel, END)[0];
    wheel[end + 12] += field.len() as u8;
    wheel
}
