//! How slowly a body may come.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::time::{Instant, timeout_at};

use crate::limits;

/// How slowly a body may come. The default is that of [`limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How long nothing may come.
    pub idle: Duration,
    /// Bytes per second on the average that it has to keep up with.
    pub rate: u64,
    /// How far it may fall behind.
    pub grace: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { idle: limits::UPLOAD_IDLE, rate: limits::UPLOAD_RATE, grace: limits::UPLOAD_GRACE }
    }
}

impl Pace {
    /// How much time so many bytes may take.
    fn allowed(&self, bytes: u64) -> Duration {
        let millis = bytes.saturating_mul(1_000).checked_div(self.rate).unwrap_or(u64::MAX);
        self.grace.saturating_add(Duration::from_millis(millis))
    }
}

/// Why nothing more of a body is waited for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PaceError<E> {
    /// It broke off.
    #[error("{0}")]
    Body(E),
    /// Nothing came.
    #[error("nothing of the upload came for {} s; upload again", .0.as_secs())]
    Idle(Duration),
    /// It comes too slowly.
    #[error("the upload comes more slowly than {0} bytes per second; upload again over a faster connection")]
    Slow(u64),
}

/// The body, as long as it keeps pace. Time begins now.
pub fn paced<E>(
    body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    pace: Pace,
) -> impl Stream<Item = Result<Bytes, PaceError<E>>> {
    let paced = Paced { body, pace, began: Instant::now(), received: 0 };
    stream::unfold(paced, |mut paced| async { paced.next().await.map(|item| (item, paced)) })
}

struct Paced<B> {
    body: B,
    pace: Pace,
    began: Instant,
    received: u64,
}

impl<B: Stream<Item = Result<Bytes, E>> + Unpin, E> Paced<B> {
    async fn next(&mut self) -> Option<Result<Bytes, PaceError<E>>> {
        let late = self.began + self.pace.allowed(self.received);
        let idle = Instant::now() + self.pace.idle;
        match timeout_at(late.min(idle), self.body.next()).await {
            Ok(item) => item.map(|item| item.map_err(PaceError::Body)).inspect(|item| {
                self.received += item.as_ref().map_or(0, |bytes| bytes.len() as u64);
            }),
            Err(_) if idle <= late => Some(Err(PaceError::Idle(self.pace.idle))),
            Err(_) => Some(Err(PaceError::Slow(self.pace.rate))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    const PACE: Pace = Pace { idle: Duration::from_secs(60), rate: 1_000, grace: Duration::from_secs(100) };

    /// Bytes that come one portion after the other, each after so many seconds; then nothing, for ever.
    fn portions(portions: Vec<(u64, usize)>) -> impl Stream<Item = Result<Bytes, Infallible>> + Unpin {
        let coming = stream::iter(portions).then(|(seconds, length)| async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Ok(Bytes::from(vec![0; length]))
        });
        Box::pin(coming.chain(stream::pending()))
    }

    /// How many bytes came, why it ended, and after how many seconds.
    async fn outcome(coming: Vec<(u64, usize)>) -> (usize, PaceError<Infallible>, u64) {
        let began = Instant::now();
        let mut body = Box::pin(paced(portions(coming), PACE));
        let mut received = 0;
        while let Some(item) = body.next().await {
            match item {
                Ok(bytes) => received += bytes.len(),
                Err(error) => return (received, error, began.elapsed().as_secs()),
            }
        }
        unreachable!("the body never ends");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_of_which_nothing_comes_is_given_up() {
        let idle = || PaceError::Idle(PACE.idle);
        assert_eq!(outcome(vec![]).await, (0, idle(), 60));
        assert_eq!(outcome(vec![(59, 5_000), (59, 5_000)]).await, (5_000, PaceError::Slow(1_000), 105), "which are allowed");
        assert_eq!(outcome(vec![(59, 50_000), (59, 50_000)]).await, (100_000, idle(), 59 + 59 + 60));
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_now_and_then_does_not_keep_a_body_open() {
        assert_eq!(outcome(vec![(10, 1); 1_000]).await, (10, PaceError::Slow(1_000), 100));
        assert_eq!(outcome(vec![(10, 0); 1_000]).await, (0, PaceError::Slow(1_000), 100), "nor do empty pieces");
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_upload_may_come_steadily_at_the_least_rate() {
        let (pieces, piece) = (limits::DISTRIBUTION_BYTES.div_ceil(50_000), 50_000);
        let (received, error, seconds) = outcome(vec![(50, piece); usize::try_from(pieces).unwrap()]).await;
        assert_eq!((received as u64, error), (pieces * 50_000, PaceError::Idle(PACE.idle)), "only behind its end");
        assert_eq!(seconds, pieces * 50 + 60);
    }

    #[tokio::test(start_paused = true)]
    async fn what_came_at_once_may_be_followed_by_a_slow_rest() {
        let slow_rest = [vec![(0, 300_000)], vec![(50, 1); 8]].concat();
        assert_eq!(outcome(slow_rest).await, (300_008, PaceError::Slow(1_000), 400));
    }

    #[test]
    fn no_length_overflows() {
        assert!(PACE.allowed(u64::MAX) > PACE.grace);
        assert!(Pace { rate: 0, ..PACE }.allowed(1) > Duration::from_secs(1 << 40), "no least rate");
    }

    #[test]
    fn it_is_said_what_was_waited_for() {
        let said = |error: PaceError<Infallible>| error.to_string();
        assert_eq!(said(PaceError::Idle(Duration::from_secs(60))), "nothing of the upload came for 60 s; upload again");
        let slow = "the upload comes more slowly than 8192 bytes per second; upload again over a faster connection";
        assert_eq!(said(PaceError::Slow(8_192)), slow);
    }
}
