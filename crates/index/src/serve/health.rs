//! Whether the process lives, and whether it can serve.

use std::sync::Arc;

use affineur_tuf::edit::Draft;
use affineur_tuf::{Role as _, Timestamp as TimestampRole};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use super::{Shared, answer};
use crate::store::Store;

pub(super) async fn live() -> &'static str {
    "live\n"
}

/// Ready while there is a timestamp that has not expired: without one every client refuses.
pub(super) async fn ready<S: Store>(State(shared): State<Arc<Shared<S>>>) -> Response {
    let unready = |detail: &str| answer::problem(StatusCode::SERVICE_UNAVAILABLE, detail);
    match shared.store.timestamp().await {
        Err(error) => answer::broken(&error),
        Ok(None) => unready("this index was never initialised"),
        Ok(Some(published)) => match Draft::<TimestampRole>::reopen(&published.bytes) {
            Ok(timestamp) if !timestamp.body().expires().has_passed(jiff::Timestamp::now()) => "ready\n".into_response(),
            Ok(_) => unready("the timestamp has expired: the publisher does not run"),
            Err(_) => unready("the stored timestamp cannot be read"),
        },
    }
}
