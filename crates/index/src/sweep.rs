//! Removing once a day what uploads left that were cut short.

use jiff::Timestamp;

use crate::limits;
use crate::store::Store;

/// Sweeps now and then once a day, until it is dropped. What fails is tried again a day later.
pub async fn daily<S: Store>(store: S) {
    loop {
        match store.sweep(limits::LEFT_OVER_AGE, Timestamp::now()).await {
            Ok(swept) if swept.blobs > 0 => {
                tracing::info!(files = swept.blobs, bytes = swept.bytes, "what uploads left that were cut short is removed");
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "what uploads left cannot be removed"),
        }
        tokio::time::sleep(limits::SWEEP_INTERVAL).await;
    }
}
