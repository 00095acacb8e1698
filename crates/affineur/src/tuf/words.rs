//! How names, versions, times and keys are said. What comes from metadata passes through here before a terminal sees it.

use std::io::Write as _;

use affineur_tuf::{Expiry, ReferenceTime, RoleLabel, Step, Threshold, TopRole};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::colours::{PLAIN, RED, YELLOW};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Longest text from metadata that is shown, in characters.
const SHOWN: usize = 300;

/// Text from outside on one line: everything that is no plain printable character is escaped, and what is too long is cut.
pub(super) fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (at, character) in text.chars().enumerate() {
        if at == SHOWN {
            shown.push_str("...");
            break;
        }
        match character {
            '\\' | '\'' | '"' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
    }
    shown
}

/// Prints one JSON value on one line, in ASCII: its strings come from outside, and may be read on a terminal.
pub(crate) fn print_json(value: &Value) {
    let mut line = String::new();
    for character in value.to_string().chars() {
        if character.is_ascii() && !character.is_ascii_control() {
            line.push(character);
        } else {
            let mut units = [0; 2];
            line.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    let _ = writeln!(anstream::stdout(), "{line}"); // whoever closes the pipe has read enough
}

/// `expires in 20 hours (2026-11-22T09:00Z)`, in yellow where somebody should have renewed it, in red where it is too late.
pub(super) fn expiry(role: &RoleLabel, expires: Expiry, now: ReferenceTime) -> String {
    let left = expires.time().duration_since(now);
    let when = minute(expires.time());
    if expires.has_passed(now) {
        return format!("{RED}expired {} ago ({when}){PLAIN}", roughly(left.abs()));
    }
    let words = format!("expires in {} ({when})", roughly(left));
    if left < renewed_before(role) { format!("{YELLOW}{words}{PLAIN}") } else { words }
}

/// How long before their expiry well-kept repositories renew a role: by a ceremony of people, or by a machine.
fn renewed_before(role: &RoleLabel) -> SignedDuration {
    match role {
        RoleLabel::Top(TopRole::Root) => SignedDuration::from_secs(14 * DAY),
        RoleLabel::Top(TopRole::Timestamp) => SignedDuration::from_secs(HOUR),
        RoleLabel::Top(TopRole::Snapshot) => SignedDuration::from_secs(6 * HOUR),
        RoleLabel::Top(TopRole::Targets) | RoleLabel::Delegated(_) => SignedDuration::from_secs(3 * DAY),
    }
}

/// To the minute, rounded down: an expiry must not be promised too late.
pub(super) fn minute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%MZ").to_string()
}

/// In the largest unit that fits, rounded down.
pub(super) fn roughly(duration: SignedDuration) -> String {
    match duration.as_secs() {
        seconds if seconds < MINUTE => "less than a minute".to_owned(),
        seconds if seconds < HOUR => count(seconds / MINUTE, "minute"),
        seconds if seconds < DAY => count(seconds / HOUR, "hour"),
        seconds => count(seconds / DAY, "day"),
    }
}

/// `1 key`, `2 keys`.
pub(super) fn count(number: impl std::fmt::Display, unit: &str) -> String {
    let number = number.to_string();
    if number == "1" { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

/// `2 of 3 keys`.
pub(super) fn keys(threshold: Threshold, keys: usize) -> String {
    format!("{threshold} of {}", count(keys, "key"))
}

/// `targets 4 (2 of 3 keys)`.
pub(super) fn step(step: &Step) -> String {
    format!("{} {} ({})", harmless(&step.role.to_string()), step.version, keys(step.threshold, step.keyids.len()))
}

/// The same for programs.
pub(super) fn step_json(step: &Step) -> Value {
    let keys: Vec<&str> = step.keyids.iter().map(affineur_tuf::key::KeyId::as_str).collect();
    json!({
        "role": step.role.as_str(), "version": step.version.number(), "threshold": step.threshold.number(), "keys": keys,
    })
}

/// A number of bytes as people read it.
pub(super) fn size(bytes: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        0..1_000 => count(bytes, "byte"),
        1_000..1_000_000 => format!("{} kB", tenths(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::{RoleLabel, expiry, harmless, size};

    #[test]
    fn nothing_from_outside_moves_the_cursor() {
        for (text, shown) in [
            ("a/é/日本.txt", "a/é/日本.txt"),
            ("\u{1b}[31mred\r\n", "\\u{1b}[31mred\\r\\n"),
            ("\u{9b}x\u{202e}y\u{200b}", "\\u{9b}x\\u{202e}y\\u{200b}"),
            ("it's \\ \"so\"", "it's \\ \"so\""),
        ] {
            assert_eq!(harmless(text), shown);
        }
        assert_eq!(harmless(&"x".repeat(1000)).len(), 303);
    }

    #[test]
    fn expiries_in_words() {
        let role = RoleLabel::Top(affineur_tuf::TopRole::Timestamp);
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        for (expires, words) in [
            ("2026-11-21T12:00:00Z", "\u{1b}[1;31mexpired less than a minute ago (2026-11-21T12:00Z)\u{1b}[0m"),
            ("2026-11-20T11:00:00Z", "\u{1b}[1;31mexpired 1 day ago (2026-11-20T11:00Z)\u{1b}[0m"),
            ("2026-11-21T12:30:00Z", "\u{1b}[33mexpires in 30 minutes (2026-11-21T12:30Z)\u{1b}[0m"),
            ("2026-11-21T14:00:59Z", "expires in 2 hours (2026-11-21T14:00Z)"),
            ("2027-11-21T12:00:00Z", "expires in 365 days (2027-11-21T12:00Z)"),
        ] {
            assert_eq!(expiry(&role, expires.parse().unwrap(), now), words);
        }
    }

    #[test]
    fn sizes_for_people() {
        for (bytes, words) in
            [(1, "1 byte"), (999, "999 bytes"), (1_250, "1.2 kB"), (5_000_000, "5.0 MB"), (u64::MAX, "18446744073.7 GB")]
        {
            assert_eq!(size(bytes), words);
        }
    }
}
