//! Dates as people type them.

use std::str::FromStr;

use jiff::civil::{Date, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Until when something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// A moment.
    Time(Timestamp),
    /// So many days from now.
    Days(u16),
}

impl Until {
    /// The moment, to the second.
    pub(crate) fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Time(time) => time,
            Self::Days(days) => now.checked_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MAX),
        }
    }
}

impl FromStr for Until {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected a date such as 2027-06-30 (until the end of that day, UTC) or days such as 90d";
        if let Some(days) = text.strip_suffix('d') {
            return days.parse().map(Self::Days).map_err(|_| EXPECTED);
        }
        if let Ok(time) = text.parse() {
            return Ok(Self::Time(time));
        }
        let date: Date = text.parse().map_err(|_| EXPECTED)?;
        let last = date.to_datetime(time(23, 59, 59, 0)).to_zoned(TimeZone::UTC).map_err(|_| EXPECTED)?;
        Ok(Self::Time(last.timestamp()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_people_mean_them() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2027-06-30", "2027-06-30T23:59:59Z"),
            ("2027-06-30T08:00:00Z", "2027-06-30T08:00:00Z"),
            ("2d", "2026-11-23T12:00:00Z"),
        ] {
            assert_eq!(text.parse::<Until>().unwrap().from(now).to_string(), expected);
        }
        for bad in ["", "d", "-1d", "tomorrow", "2027-02-30", "2027", "1.5d", "99999d"] {
            assert!(bad.parse::<Until>().is_err(), "{bad}");
        }
    }
}
