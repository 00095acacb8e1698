//! How times, spans of time and digests are written in reasons and errors.

use affineur_packaging::Sha256;
use jiff::{SignedDuration, Timestamp};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// To the minute, rounded down: what happened.
pub(crate) fn minute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%MZ").to_string()
}

/// To the minute, rounded up: from when something will be so. Rounding down would promise it too early.
pub(crate) fn minute_after(time: Timestamp) -> String {
    let into_minute = time.as_second().rem_euclid(MINUTE);
    let missing = if into_minute == 0 && time.subsec_nanosecond() == 0 { 0 } else { MINUTE - into_minute };
    minute(time.checked_add(SignedDuration::from_secs(missing)).unwrap_or(Timestamp::MAX))
}

/// To the day.
pub(crate) fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

/// How long something has lasted, in the largest unit that fits, rounded down.
pub(crate) fn roughly(duration: SignedDuration) -> String {
    match duration.as_secs() {
        seconds if seconds < MINUTE => "less than a minute".to_owned(),
        seconds if seconds < HOUR => count(seconds / MINUTE, "minute"),
        seconds if seconds < DAY => count(seconds / HOUR, "hour"),
        seconds => count(seconds / DAY, "day"),
    }
}

/// A wait, exactly, in the largest unit that divides it.
pub(crate) fn exactly(wait: SignedDuration) -> String {
    let seconds = wait.as_secs();
    if seconds % DAY == 0 {
        count(seconds / DAY, "day")
    } else if seconds % HOUR == 0 {
        count(seconds / HOUR, "hour")
    } else {
        count(seconds / MINUTE, "minute")
    }
}

fn count(number: i64, unit: &str) -> String {
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

/// Enough of a digest to recognise it.
pub(crate) fn short(digest: &Sha256) -> String {
    let mut hex = digest.to_string();
    hex.truncate(12);
    format!("sha256:{hex}...")
}

/// An amount of trust with all three decimals, so that amounts on one line compare easily.
pub(crate) fn thousandths(amount: u64) -> String {
    format!("{}.{:03}", amount / 1_000, amount % 1_000)
}
