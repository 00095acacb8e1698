//! Renewal: what nears its expiry is signed again by itself.

use std::time::Duration;

use affineur_tuf::edit::Edits;
use affineur_tuf::{Expiry, Role as _, Version};
use jiff::Timestamp;

use super::{Publisher, PublisherError, group::BinEdits};
use crate::limits;
use crate::store::Store;

impl<S: Store> Publisher<S> {
    /// Signs again what has less than half of its time left: at most [`limits::RENEWED_BINS`] bins at once, the most urgent first,
    /// and with them snapshot and timestamp. `None` if nothing was due.
    ///
    /// # Errors
    /// See [`PublisherError`].
    pub async fn renew(&mut self, now: Timestamp) -> Result<Option<Version>, PublisherError> {
        let mut due: Vec<(Expiry, u64)> = (0..).zip(self.state.bins.iter()).map(|(bin, expires)| (*expires, bin)).collect();
        due.retain(|(expires, _)| is_due(*expires, self.validity.bin, now));
        due.sort_unstable();
        due.truncate(limits::RENEWED_BINS);
        let online_is_due = is_due(self.state.timestamp.body().expires(), self.validity.timestamp, now)
            || is_due(self.state.snapshot.expires(), self.validity.snapshot, now);
        if due.is_empty() && !online_is_due {
            return Ok(None);
        }
        let edits: BinEdits = due.into_iter().map(|(_, bin)| (bin, Edits::default())).collect();
        self.publish_edits(edits, Vec::new(), Vec::new(), now).await.map(Some)
    }
}

/// Whether less than half of the time is left.
fn is_due(expires: Expiry, validity: Duration, now: Timestamp) -> bool {
    now.checked_add(validity / 2).is_ok_and(|half| expires.has_passed(half))
}
