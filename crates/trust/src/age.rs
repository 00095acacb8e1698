//! How old a file is, for the policy (DESIGN §4.5).
//!
//! Age = now minus the later of the chosen clock and the last verified page that did *not* have this file before this gateway
//! first saw it with this digest. A clock in the future counts as now. Later pages never change it: everything that is used
//! here was recorded at first sight.

use jiff::Timestamp;

use crate::{AgeFrom, LastModified, Pin, ReferenceTime};

/// The clock from which a file's age was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clock {
    /// This gateway's own first sight of the file.
    FirstSeen,
    /// The upstream's `upload-time`, as it was claimed at first sight.
    UploadTime,
    /// The file's `Last-Modified`, as it was at first sight.
    LastModified,
    /// A monitor or the role `stable`, which attests it.
    Signed,
    /// The last verified page without the file: later than what the chosen clock says.
    AbsentUntil,
}

/// A file's age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// Counted from a clock.
    Since {
        /// From when; never later than now.
        time: Timestamp,
        /// What the clock says. Later than `time` only where the clock is in the future: waiting ends this much later.
        stated: Timestamp,
        /// Which clock that is.
        clock: Clock,
    },
    /// The policy wants a time that a monitor or the role `stable` attests, and none does.
    NotAttested,
    /// `Last-Modified` has not been asked for yet and would be the clock.
    NotAsked,
    /// Nothing at all is known: first page of its project, no time claimed. All that is sure is that the file has existed since
    /// this gateway saw it.
    Unknown {
        /// When this gateway first saw it.
        first_seen: Timestamp,
    },
}

/// How old the file is whose pin this is, counted as `age_from` says.
///
/// * `first-seen`: first sight; on the project's first page, where first sight says nothing, `upload-time`, else
///   `Last-Modified`, else unknown.
/// * `upload-time`: `upload-time`, else `Last-Modified`, else first sight (unless that was the project's first page).
/// * `signed`: what a monitor or `stable` attests, else nothing.
#[must_use]
pub fn age(pin: &Pin, age_from: AgeFrom, attested: Option<Timestamp>, now: ReferenceTime) -> Age {
    let chosen = match (age_from, attested) {
        (AgeFrom::Signed, Some(time)) => Chosen::At(time, Clock::Signed),
        (AgeFrom::Signed, None) => return Age::NotAttested,
        (AgeFrom::FirstSeen | AgeFrom::UploadTime, _) => chosen_clock(pin, age_from),
    };
    let (stated, clock) = match chosen {
        Chosen::At(time, clock) => (time, clock),
        Chosen::NotAsked => return Age::NotAsked,
        Chosen::Unknown => return Age::Unknown { first_seen: pin.first_seen },
    };
    let (stated, clock) = match pin.absent_until {
        Some(absent) if absent > stated => (absent, Clock::AbsentUntil),
        _ => (stated, clock),
    };
    Age::Since { time: stated.min(now), stated, clock }
}

enum Chosen {
    At(Timestamp, Clock),
    NotAsked,
    Unknown,
}

fn chosen_clock(pin: &Pin, age_from: AgeFrom) -> Chosen {
    let first_page = pin.absent_until.is_none();
    if age_from == AgeFrom::FirstSeen && !first_page {
        return Chosen::At(pin.first_seen, Clock::FirstSeen);
    }
    // What is claimed to be later than our own first sight is not: the file was there.
    let claimed = |time, clock| {
        if time > pin.first_seen { Chosen::At(pin.first_seen, Clock::FirstSeen) } else { Chosen::At(time, clock) }
    };
    match (pin.upload_time, pin.last_modified) {
        (Some(time), _) => claimed(time, Clock::UploadTime),
        (None, LastModified::At(time)) => claimed(time, Clock::LastModified),
        (None, LastModified::NotAsked) => Chosen::NotAsked,
        (None, LastModified::Unknown) if first_page => Chosen::Unknown,
        (None, LastModified::Unknown) => Chosen::At(pin.first_seen, Clock::FirstSeen),
    }
}

#[cfg(test)]
mod tests;
