//! The publisher at work: changes as soon as they are there, renewals in time, old versions away.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{Publisher, PublisherError, offline};
use crate::limits;
use crate::store::{Keep, Store};

/// What is to be done next.
pub(super) enum Next {
    /// Something was published; more may wait.
    GoOn,
    /// Nothing waits.
    Rest,
}

/// How often is published: at once while little is, and at a steady pace under load, with more changes each time. Every publication
/// stores a list of all bins.
struct Pace {
    /// When the pace would be kept exactly.
    due: Instant,
}

impl<S: Store> Publisher<S> {
    /// Publishes until `stopped` ends: changes as soon as they are there, many at once where many wait; renewals in time. What
    /// fails is tried again from what is stored, after [`limits::PUBLISHER_PAUSE`]; what was accepted waits meanwhile. What waits
    /// when it is stopped is published still.
    pub async fn run(mut self, now: impl Fn() -> Timestamp, stopped: impl Future<Output = ()>) {
        let mut stopped = std::pin::pin!(stopped);
        let mut pace = Pace { due: Instant::now() };
        loop {
            let (pause, rests) = match self.work(&now).await {
                Ok(Next::GoOn) => (pace.after(Instant::now()), false),
                Ok(Next::Rest) => (limits::RENEWAL_INTERVAL, true),
                Err(error) => {
                    tracing::error!(%error, "nothing can be published now; it is tried again");
                    (limits::PUBLISHER_PAUSE, false)
                }
            };
            self.tell(now()).await;
            tokio::select! {
                () = &mut stopped => break,
                Ok(()) = self.store.wait_for_pending(), if rests => {}
                () = offline::arrived(self.incoming.as_ref()), if rests => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        while matches!(self.publish_pending(now()).await, Ok(Some(_))) {}
    }

    /// Does what is to be done now, all of it even where changes never cease. After an error it may have been done all the same: what
    /// is stored decides.
    pub(super) async fn work(&mut self, now: &impl Fn() -> Timestamp) -> Result<Next, PublisherError> {
        let outcome = async {
            self.take_in(now()).await?;
            let published = self.publish_pending(now()).await?;
            self.renew(now()).await?;
            self.collect(now()).await?;
            Ok(if published.is_some() { Next::GoOn } else { Next::Rest })
        }
        .await;
        if outcome.is_err() {
            self.reload().await?;
        }
        outcome
    }

    /// Drops what was replaced and is old enough that no client can be asking for it, every [`limits::COLLECTION_INTERVAL`].
    async fn collect(&mut self, now: Timestamp) -> Result<(), PublisherError> {
        let due = self.collected.is_none_or(|last| now.duration_since(last).unsigned_abs() >= limits::COLLECTION_INTERVAL);
        if due {
            let dropped = self.store.collect(Keep::default(), now).await?;
            tracing::debug!(?dropped, "old versions were dropped");
            self.collected = Some(now);
        }
        Ok(())
    }
}

impl Pace {
    /// How long to wait after a publication.
    fn after(&mut self, now: Instant) -> Duration {
        self.due = self.due.max(now) + limits::PUBLICATION_INTERVAL;
        let ahead = limits::PUBLICATION_INTERVAL * limits::PUBLICATIONS_AT_ONCE;
        self.due.duration_since(now).saturating_sub(ahead)
    }
}

#[cfg(test)]
mod tests {
    use affineur_packaging::page::Yanked;
    use futures_util::future::join_all;

    use super::*;
    use crate::publisher::tests::{World, now, project};
    use crate::store::{Request, Which, YankedBy};

    #[test]
    fn a_few_publications_wait_for_nothing_and_many_keep_the_pace() {
        let began = Instant::now();
        let mut pace = Pace { due: began };
        let mut now = began;
        for number in 1..=200 {
            let pause = pace.after(now);
            assert_eq!(pause.is_zero(), number <= limits::PUBLICATIONS_AT_ONCE, "{number}");
            now += pause;
        }
        let steady = limits::PUBLICATION_INTERVAL * (200 - limits::PUBLICATIONS_AT_ONCE);
        assert_eq!(now - began, steady);
        // After a rest it is as at first.
        assert!(pace.after(now + limits::PUBLICATION_INTERVAL * limits::PUBLICATIONS_AT_ONCE).is_zero());
    }

    #[tokio::test]
    async fn bins_are_renewed_although_changes_never_cease() {
        let world = World::new();
        let mut publisher = world.publisher().await;
        let request = |number: usize| Request::Yank {
            project: project("cheese"),
            which: Which::Version("1.0".parse().unwrap()),
            yanked: Yanked::Yes(number.to_string()),
            by: YankedBy::Developers,
        };
        world.upload("cheese-1.0.tar.gz", b"cheese").await;
        publisher.publish_pending(now()).await.unwrap();
        let asked = join_all((0..=limits::GROUP_TICKETS).map(|number| world.store.request(request(number)))).await;
        assert!(asked.iter().all(Result::is_ok));
        let later = now() + jiff::Span::new().hours(13);
        assert!(matches!(publisher.work(&|| later).await, Ok(Next::GoOn)));
        assert_eq!(world.store.pending(10).await.unwrap().len(), 1, "more waits");
        let soonest = publisher.state.bins.iter().min().unwrap();
        assert!(!soonest.has_passed(later + jiff::Span::new().hours(20)), "all of the few bins were renewed");
    }
}
