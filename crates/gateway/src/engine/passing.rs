//! What passes undecided is looked at: pip installs any archive, whatever its URL, content type or `Content-Disposition` say, since
//! it tells archives by their bytes.
//!
//! Two places tell: the first bytes (of every compressed and every tar file), and the end, where a zip file's table of contents is
//! however much stands before it. So what an installer asks for is passed on with its end held back until all of it was seen.

use std::io;

use bytes::{Bytes, BytesMut};
use futures_util::stream::try_unfold;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;

use crate::body::{Body, full};
use crate::limits;

/// What was seen of a body's beginning.
pub(crate) struct Looked {
    pub(crate) is_archive: bool,
    /// The body, whole; its end is held back until it was seen as well.
    pub(crate) body: Body,
}

/// Reads a body's beginning, or all of a small one. Where the end of a larger one turns out to be a zip file's, `at_end` says
/// whether that may pass.
///
/// # Errors
/// The body's own.
pub(crate) async fn look_at(mut body: Body, at_end: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<Looked> {
    let mut held = BytesMut::new();
    while held.len() < limits::LOOKED_AT_BYTES {
        match next(&mut body).await? {
            Some(bytes) => held.extend_from_slice(&bytes),
            None => {
                let is_archive = begins_as_archive(&held) || ends_as_zip(&held);
                return Ok(Looked { is_archive, body: full(held.freeze()) });
            }
        }
    }
    let is_archive = begins_as_archive(&held);
    let pieces = try_unfold(Some(Passing { body, held, at_end }), async |passing| match passing {
        Some(passing) => passing.next().await,
        None => Ok(None),
    });
    Ok(Looked { is_archive, body: StreamBody::new(pieces).boxed_unsync() })
}

struct Passing<F> {
    body: Body,
    held: BytesMut,
    at_end: F,
}

impl<F: FnOnce() -> io::Result<()>> Passing<F> {
    async fn next(mut self) -> io::Result<Option<(Frame<Bytes>, Option<Self>)>> {
        loop {
            let surplus = self.held.len().saturating_sub(limits::LOOKED_AT_BYTES);
            if surplus > 0 {
                let piece = self.held.split_to(surplus).freeze();
                return Ok(Some((Frame::data(piece), Some(self))));
            }
            match next(&mut self.body).await? {
                Some(bytes) => self.held.extend_from_slice(&bytes),
                None => {
                    if ends_as_zip(&self.held) {
                        (self.at_end)()?;
                    }
                    return Ok(Some((Frame::data(self.held.freeze()), None)));
                }
            }
        }
    }
}

async fn next(body: &mut Body) -> io::Result<Option<Bytes>> {
    while let Some(frame) = body.frame().await {
        if let Ok(bytes) = frame?.into_data() {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

/// zip, gzip, bzip2, xz, zstd, lzip, lzma or tar.
fn begins_as_archive(bytes: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 7] =
        [b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"LZIP"];
    BEGINNINGS.iter().any(|beginning| bytes.starts_with(beginning)) || begins_as_lzma(bytes) || begins_as_tar(bytes)
}

/// The old lzma format has no signature. liblzma takes properties below 225, a dictionary of 2^n or 2^n + 2^(n-1) bytes, and a size
/// below 256 GiB or unknown; no text looks like that.
fn begins_as_lzma(bytes: &[u8]) -> bool {
    let Some((&[properties, d0, d1, d2, d3], rest)) = bytes.split_first_chunk::<5>() else { return false };
    let Some((size, _)) = rest.split_first_chunk::<8>() else { return false };
    let (dictionary, size) = (u32::from_le_bytes([d0, d1, d2, d3]), u64::from_le_bytes(*size));
    let lowest = dictionary & dictionary.wrapping_neg();
    let rest = dictionary ^ lowest;
    let common = dictionary == u32::MAX || (dictionary != 0 && (rest == 0 || rest == lowest << 1));
    properties < 225 && common && (size == u64::MAX || size < 1 << 38)
}

/// A tar header says the sum of its own bytes, made with spaces in the place of the sum: in octal digits or, with the first bit
/// set, as a number of 8 bytes.
fn begins_as_tar(bytes: &[u8]) -> bool {
    let (Some(header), Some(field)) = (bytes.first_chunk::<512>(), bytes.get(148..).and_then(|rest| rest.first_chunk::<8>()))
    else {
        return false;
    };
    let [first, rest @ ..] = *field;
    let [b, c, d, e, f, g, h] = rest;
    let said = match first {
        0x80 => Some(i64::from_be_bytes([0, b, c, d, e, f, g, h])),
        0xff => Some(i64::from_be_bytes(*field)),
        _ => {
            let text = field.split(|byte| *byte == 0).next().unwrap_or_default();
            let digits: String = text.iter().filter(|byte| b"-01234567".contains(byte)).map(|byte| char::from(*byte)).collect();
            i64::from_str_radix(&digits, 8).ok()
        }
    };
    let sum = |value: fn(u8) -> i64| -> i64 {
        header.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { value(*byte) }).sum()
    };
    let signed = |byte: u8| i64::from(i8::from_ne_bytes([byte]));
    said.is_some_and(|said| said == sum(i64::from) || said == sum(signed))
}

/// The end-of-directory record of a zip file, wherever the longest comment leaves room for it.
fn ends_as_zip(bytes: &[u8]) -> bool {
    let end = bytes.get(bytes.len().saturating_sub(limits::LOOKED_AT_BYTES)..).unwrap_or(bytes);
    end.windows(22).any(|record| record.starts_with(b"PK\x05\x06"))
}

#[cfg(test)]
mod tests;
