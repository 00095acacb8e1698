//! What the publisher tells about itself: gauges, and warnings while there is time.

use affineur_tuf::{Expiry, Role as _};
use jiff::Timestamp;

use super::{Publisher, PublisherError};
use crate::limits;
use crate::status::{Signed, status};
use crate::store::Store;

impl<S: Store> Publisher<S> {
    /// Tells until when everything is signed, and warns of what people must renew. That it cannot be told is for the log alone:
    /// publishing goes on.
    pub(super) async fn tell(&mut self, now: Timestamp) {
        if let Err(error) = self.try_to_tell(now).await {
            tracing::error!(%error, "what is signed cannot be read");
        }
    }

    async fn try_to_tell(&mut self, now: Timestamp) -> Result<(), PublisherError> {
        let roles = status(&self.store).await?;
        for role in &roles {
            expires(role.name, role.expires, now);
        }
        if let Some(soonest) = self.state.bins.iter().min() {
            expires("bin", *soonest, now);
        }
        let signed_at = self
            .state
            .timestamp
            .body()
            .expires()
            .time()
            .as_second()
            .saturating_sub(self.validity.timestamp.as_secs().cast_signed());
        gauge("affineur_index_published_version", self.version().number().cast_signed());
        gauge("affineur_index_published_unix_seconds", signed_at);
        gauge("affineur_index_pending_changes", self.store.counts().await?.pending.cast_signed());
        self.warn(&roles, now);
        Ok(())
    }

    /// Once a day for each role that is near its end.
    fn warn(&mut self, roles: &[Signed], now: Timestamp) {
        if self.warned.is_some_and(|last| now.duration_since(last).unsigned_abs() < limits::WARNING_INTERVAL) {
            return;
        }
        for role in roles.iter().filter(|role| role.warning(now).is_some()) {
            let (name, days, at) = (role.name, role.days_left(now), role.expires);
            tracing::warn!(role = name, days, expires = %at, "{name} expires in {days} days, and clients refuse everything then: \
                 sign it again with `affineur index rotate`");
            self.warned = Some(now);
        }
    }
}

fn expires(role: &'static str, expires: Expiry, now: Timestamp) {
    let left = expires.time().as_second().saturating_sub(now.as_second());
    #[expect(clippy::cast_precision_loss, reason = "gauges are floats, and exact for 285 million years")]
    metrics::gauge!("affineur_index_expires_seconds", "role" => role).set(left as f64);
}

#[expect(clippy::cast_precision_loss, reason = "gauges are floats, and exact up to 2 to the power of 53")]
fn gauge(name: &'static str, value: i64) {
    metrics::gauge!(name).set(value as f64);
}
