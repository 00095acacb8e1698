//! Expanding compressed answers with a limit on what comes out.
//!
//! It must never hold more than the limit, and never take a part of a compressed answer for the whole.

use std::io::Read;

use bytes::Bytes;
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use super::FetchError;
use crate::limits::{self, FetchLimits};

/// How an answer is compressed (RFC 9110, 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
    Deflate,
    Zstd,
}

impl Coding {
    /// At most one coding: several on top of each other are used by nobody, except to hide expansion.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, FetchError> {
        let mut codings = headers.get_all(CONTENT_ENCODING).iter();
        let coding = codings.next().map(|value| value.to_str().unwrap_or("?").trim().to_ascii_lowercase());
        if codings.next().is_some() {
            return Err(FetchError::BadEncoding);
        }
        match coding.as_deref() {
            None | Some("" | "identity") => Ok(Self::Identity),
            Some("gzip" | "x-gzip") => Ok(Self::Gzip),
            Some("deflate") => Ok(Self::Deflate),
            Some("zstd") => Ok(Self::Zstd),
            Some(_) => Err(FetchError::BadEncoding),
        }
    }
}

/// Expands a whole answer to at most `at_most` bytes. It may take long: not for the threads that wait for the network.
pub(super) fn expand(coding: Coding, answer: Bytes, at_most: usize, limits: &FetchLimits) -> Result<Bytes, FetchError> {
    // Nothing at all is an empty answer in any coding: servers send `Content-Encoding` with empty bodies.
    if answer.is_empty() || coding == Coding::Identity {
        return Ok(answer);
    }
    let allowance = answer.len().saturating_mul(limits.expansion).max(limits.expansion_floor);
    let limit = at_most.min(allowance);
    let mut expanded = Vec::new();
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    decoder(coding, &answer)?.take(one_more).read_to_end(&mut expanded).map_err(|_| FetchError::BadEncoding)?;
    match expanded.len() > limit {
        false => Ok(expanded.into()),
        true if at_most <= allowance => Err(FetchError::TooLarge { limit: u64::try_from(at_most).unwrap_or(u64::MAX) }),
        true => Err(FetchError::TooMuchExpansion),
    }
}

/// Decoders that call an answer without its end an error.
fn decoder<'a>(coding: Coding, answer: &'a [u8]) -> Result<Box<dyn Read + 'a>, FetchError> {
    Ok(match coding {
        Coding::Identity => Box::new(answer),
        Coding::Gzip => Box::new(MultiGzDecoder::new(answer)),
        Coding::Deflate => Box::new(ZlibDecoder::new(answer)),
        Coding::Zstd => {
            let mut decoder = zstd::Decoder::with_buffer(answer).map_err(|_| FetchError::BadEncoding)?;
            decoder.window_log_max(limits::ZSTD_WINDOW_LOG).map_err(|_| FetchError::BadEncoding)?;
            Box::new(decoder)
        }
    })
}
