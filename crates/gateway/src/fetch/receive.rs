//! Reading bodies: nothing endless, nothing too slow, no part taken for the whole.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use reqwest::Response;
use tokio::time::{Instant, timeout};

use super::expand::{Coding, expand};
use super::send::Answer;
use super::{FetchError, Phase, error, header};
use crate::limits::FetchLimits;

/// Reads the whole of a small answer, expanded.
pub(super) async fn whole(answer: Answer, at_most: usize, limits: &FetchLimits) -> Result<Bytes, FetchError> {
    let coding = Coding::of(answer.response.headers())?;
    let mut meter = Meter::new(answer, u64::try_from(at_most).unwrap_or(u64::MAX), limits)?;
    let read = async {
        let mut body = BytesMut::new();
        while let Some(bytes) = meter.next().await? {
            body.extend_from_slice(&bytes);
        }
        Ok(body.freeze())
    };
    let body = timeout(limits.whole, read).await.map_err(|_| FetchError::Timeout(Phase::Whole))??;
    if coding == Coding::Identity {
        return Ok(body);
    }
    let limits = limits.clone();
    let expanded = tokio::task::spawn_blocking(move || expand(coding, body, at_most, &limits)).await;
    // The task is never cancelled; that it panicked would be our bug, and then there is no answer.
    expanded.unwrap_or(Err(FetchError::BadEncoding))
}

/// The bytes of a large answer as they come, not expanded.
pub(super) fn pieces(
    answer: Answer,
    at_most: u64,
    limits: &FetchLimits,
) -> Result<BoxStream<'static, Result<Bytes, FetchError>>, FetchError> {
    let meter = Meter::new(answer, at_most, limits)?;
    let next = |meter: Option<Meter>| async {
        let mut meter = meter?;
        match meter.next().await {
            Ok(None) => None,
            Ok(Some(bytes)) => Some((Ok(bytes), Some(meter))),
            // Dropping the meter closes the connection: nothing more is wanted of it.
            Err(error) => Some((Err(error), None)),
        }
    };
    Ok(stream::unfold(Some(meter), next).boxed())
}

/// Counts and times what comes.
struct Meter {
    response: Response,
    expected: Option<u64>,
    got: u64,
    at_most: u64,
    idle: Duration,
    window: Duration,
    window_bytes: u64,
    /// Time spent waiting, and bytes, since the window began. What the reader does in between does not count.
    waited: Duration,
    counted: u64,
    _permit: tokio::sync::OwnedSemaphorePermit,
}

impl Meter {
    fn new(answer: Answer, at_most: u64, limits: &FetchLimits) -> Result<Self, FetchError> {
        let expected = header::content_length(answer.response.headers());
        if expected.is_some_and(|expected| expected > at_most) {
            return Err(FetchError::TooLarge { limit: at_most });
        }
        Ok(Self {
            response: answer.response,
            expected,
            got: 0,
            at_most,
            idle: limits.idle,
            window: limits.rate_window,
            window_bytes: limits.rate_window_bytes,
            waited: Duration::ZERO,
            counted: 0,
            _permit: answer.permit,
        })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, FetchError> {
        let began = Instant::now();
        let piece = timeout(self.idle, self.response.chunk()).await.map_err(|_| FetchError::Timeout(Phase::NextByte))?;
        let piece = piece.map_err(|error| error::of_body(&error, self.expected, self.got))?;
        let Some(bytes) = piece else {
            return match self.expected {
                Some(expected) if expected != self.got => {
                    Err(FetchError::Truncated { expected: Some(expected), got: self.got })
                }
                _ => Ok(None),
            };
        };
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.got = self.got.saturating_add(count);
        if self.got > self.at_most {
            return Err(FetchError::TooLarge { limit: self.at_most });
        }
        self.keep_pace(began.elapsed(), count)?;
        Ok(Some(bytes))
    }

    fn keep_pace(&mut self, waited: Duration, count: u64) -> Result<(), FetchError> {
        self.waited += waited;
        self.counted = self.counted.saturating_add(count);
        if self.waited < self.window {
            return Ok(());
        }
        if self.counted < self.window_bytes {
            return Err(FetchError::TooSlow);
        }
        self.waited = Duration::ZERO;
        self.counted = 0;
        Ok(())
    }
}
