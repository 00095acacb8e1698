//! How many uploads come in at once, in all and with one token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::Limits;
use crate::store::TokenId;

/// Gives out places for uploads, in the order in which they were asked for.
pub(super) struct Admission {
    uploads: Arc<Semaphore>,
    /// One for each token that was ever used: operators make them.
    of_tokens: Mutex<HashMap<TokenId, Arc<Semaphore>>>,
    most: usize,
    most_of_token: usize,
    wait: Duration,
}

/// An upload's place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _of_token: OwnedSemaphorePermit,
    _upload: OwnedSemaphorePermit,
}

/// No place became free in time. In words for whoever uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Busy {
    #[error("the most uploads with one token at once ({most}) are coming in already; try again later")]
    Token { most: usize },
    #[error("the most uploads that this index takes at once ({most}) are coming in already; try again later")]
    Index { most: usize },
}

impl Admission {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            uploads: Arc::new(Semaphore::new(limits.uploads)),
            of_tokens: Mutex::default(),
            most: limits.uploads,
            most_of_token: limits.uploads_of_token,
            wait: limits.upload_wait,
        }
    }

    /// Waits for a place. Who waits for one of its token takes none of all.
    pub(super) async fn place(&self, token: TokenId) -> Result<Place, Busy> {
        let deadline = Instant::now() + self.wait;
        let within = |places: Arc<Semaphore>, busy| async move {
            match timeout_at(deadline, places.acquire_owned()).await {
                Ok(Ok(place)) => Ok(place),
                _ => Err(busy),
            }
        };
        let of_token = within(self.of_token(token), Busy::Token { most: self.most_of_token }).await?;
        let upload = within(Arc::clone(&self.uploads), Busy::Index { most: self.most }).await?;
        Ok(Place { _of_token: of_token, _upload: upload })
    }

    fn of_token(&self, token: TokenId) -> Arc<Semaphore> {
        let mut tokens = self.of_tokens.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tokens.entry(token).or_insert_with(|| Arc::new(Semaphore::new(self.most_of_token))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(30);

    fn admission(uploads: usize, uploads_of_token: usize) -> Admission {
        Admission::new(&Limits { uploads, uploads_of_token, upload_wait: WAIT, ..Limits::default() })
    }

    const A: TokenId = TokenId::new(1);
    const B: TokenId = TokenId::new(2);

    #[tokio::test(start_paused = true)]
    async fn a_token_cannot_take_all_places() {
        let admission = admission(3, 2);
        let began = Instant::now();
        let _places = [admission.place(A).await.unwrap(), admission.place(A).await.unwrap()];
        assert_eq!(admission.place(A).await.unwrap_err(), Busy::Token { most: 2 });
        assert_eq!(began.elapsed(), WAIT);
        let _place = admission.place(B).await.unwrap();
        assert_eq!(admission.place(B).await.unwrap_err(), Busy::Index { most: 3 });
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_becomes_free_goes_to_who_waited_longest() {
        let admission = admission(1, 2);
        let first = admission.place(A).await.unwrap();
        let (waited, late, ()) = tokio::join!(admission.place(B), admission.place(A), async {
            tokio::time::sleep(WAIT / 2).await;
            drop(first);
        });
        assert!(waited.is_ok());
        assert_eq!(late.unwrap_err(), Busy::Index { most: 1 }, "the first one keeps it");
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_one_of_its_token_takes_none_of_all() {
        let admission = admission(2, 1);
        let _first = admission.place(A).await.unwrap();
        let (waited, other) = tokio::join!(admission.place(A), admission.place(B));
        assert_eq!(waited.unwrap_err(), Busy::Token { most: 1 });
        assert!(other.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_gave_up_or_failed_leaves_its_place() {
        let admission = admission(1, 1);
        for _ in 0..5 {
            drop(admission.place(A).await.unwrap());
            assert!(tokio::time::timeout(Duration::ZERO, admission.place(B)).await.unwrap().is_ok());
        }
    }

    #[test]
    fn it_is_said_what_is_full() {
        let token = "the most uploads with one token at once (16) are coming in already; try again later";
        assert_eq!(Busy::Token { most: 16 }.to_string(), token);
    }
}
