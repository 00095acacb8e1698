//! The one place where the gateway asks the time.

use jiff::Timestamp;

/// The moment for which decisions are made.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
