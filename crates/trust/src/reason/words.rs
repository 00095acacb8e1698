//! Reasons in words: one line of printable ASCII without a final period.

use std::fmt;

use affineur_packaging::text::printable;
use jiff::{SignedDuration, Timestamp};

use super::{Missing, Reason};
use crate::policy::WrittenBy;
use crate::text::{day, exactly, minute, minute_after, roughly, short, thousandths};
use crate::{Clock, Contradiction, PartyName, ShownChain, limits};

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OldEnough { time, clock, age, minimum, policy } => {
                write!(f, "{}, {}", appeared(*time, *clock, *age), waits(*policy, *minimum))
            }
            Self::NoWait { policy } => write!(f, "{} asks for no wait", who(*policy)),
            Self::Exception { project, minimum, until, reason } => {
                let wait = if minimum.is_zero() { String::new() } else { format!(" after {}", exactly(*minimum)) };
                let reason = quoted(reason, limits::EXCEPTION_REASON_CHARACTERS);
                write!(f, "an exception for {project} allows it{wait} until {}{reason}", minute(*until))
            }
            Self::AgeUnknownAllowed { source } => {
                write!(f, "nobody knows how old this file is: {source} says no time; let through because no policy forbids it")
            }
            Self::TooYoung { time, clock, age, minimum, eligible, policy } => {
                write!(f, "{}, {}{}", appeared(*time, *clock, *age), waits(*policy, *minimum), from(*eligible))
            }
            Self::AgeNotAsked { source } => write!(f, "its date has not been asked for yet at {source}"),
            Self::AgeUnknown { source, first_seen, minimum, eligible, policy } => {
                let (seen, waits) = (minute(*first_seen), waits(*policy, *minimum));
                write!(f, "{source} says no time for it and it was there at first sight ({seen}), {waits}{}", from(*eligible))
            }
            Self::NoDigest { source } => write!(f, "{source} says no sha256 for it and its bytes have not been seen"),
            Self::NotListed { source } => write!(f, "no source lists this file: {source} does not"),
            Self::NotItsSource { source, expected } => {
                let expected = expected.iter().map(PartyName::as_str).collect::<Vec<_>>().join(", ");
                write!(f, "{source} is no source for this project: it may only come from {expected}")
            }
            Self::Unavailable { source, problem } => {
                write!(f, "{source} has no answer{}", quoted(problem, limits::PROBLEM_CHARACTERS))
            }
            Self::NotVouched { party, why } => write!(f, "{party} does not vouch: {why}"),
            Self::Vouched { party, worth, chain } => write!(f, "{party} vouches ({worth}): {}", ShownChain(chain)),
            Self::Contradicted { party, what, .. } => write_contradiction(f, party, what),
            Self::OtherContradicts { party, what } => {
                write_contradiction(f, party, what)?;
                f.write_str(" (not this project's source: an alarm, no objection)")
            }
            Self::Urgent { by, minimum } => {
                write!(f, "urgent: {} let it pass before the wait of {} is over", shown(by, "and"), exactly(*minimum))
            }
            Self::DemandMet(met) => met.fmt(f),
            Self::NotAttested { source, could } => {
                write!(f, "nobody attests a time for it: {source} says one by itself, {} could", shown(could, "or"))
            }
            Self::RequiredMissing { party, standing, .. } => write!(f, "required: {party} {standing}"),
            Self::RuleMissing { rule, missing } => {
                write!(f, "rule {}: {missing}", printable(rule, limits::QUOTED_CHARACTERS))
            }
            Self::ScoreMissing { score, minimum, missing } => {
                write!(f, "score {} of {}: {missing}", thousandths(*score), thousandths(minimum.thousandths().into()))
            }
            Self::Vetoed { party, reason, expires } => {
                let reason = quoted(reason, limits::EXCEPTION_REASON_CHARACTERS);
                write!(f, "{party} objects until {}{reason}", minute(*expires))
            }
            Self::VetoUnheard { party, standing } => write!(f, "it cannot be told whether {party} objects: it {standing}"),
            Self::NotStable { source } => write!(f, "{source} does not list it as stable yet, and the policy wants stable"),
            Self::OtherNotVouched { party, why } => write!(f, "what {party} signs is not acceptable: {why} (an alarm)"),
            Self::OtherObjects { party, reason } => {
                let reason = quoted(reason, limits::EXCEPTION_REASON_CHARACTERS);
                write!(f, "{party} objects, without a veto{reason}")
            }
        }
    }
}

/// Names, as many as fit.
fn shown(names: &[PartyName], last: &str) -> String {
    match names {
        [] => "nobody".to_owned(),
        [one] => one.to_string(),
        [most @ .., end] if names.len() <= limits::SHOWN_PARTIES => {
            let most: Vec<_> = most.iter().map(PartyName::as_str).collect();
            format!("{} {last} {end}", most.join(", "))
        }
        _ => {
            let some: Vec<_> = names.iter().take(limits::SHOWN_PARTIES).map(PartyName::as_str).collect();
            format!("{} {last} {} more", some.join(", "), names.len() - limits::SHOWN_PARTIES)
        }
    }
}

/// As many as fit on a line.
impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut written = 0;
        for (at, (party, standing)) in self.absent.iter().enumerate() {
            let text = format!("{}{party} {standing}", if at == 0 { "" } else { ", " });
            if at > 0 && written + text.len() > limits::MISSING_CHARACTERS {
                return write!(f, " and {} more", self.absent.len() - at);
            }
            written += text.len();
            f.write_str(&text)?;
        }
        if self.absent.is_empty() { f.write_str("it has too many ways of sharing origins to be judged") } else { Ok(()) }
    }
}

fn write_contradiction(f: &mut fmt::Formatter<'_>, party: &PartyName, what: &Contradiction) -> fmt::Result {
    match what {
        Contradiction::Digest { pinned, got, since } => {
            let got = got.as_ref().map_or("none".to_owned(), short);
            write!(f, "digest changed: pinned {} since {}, now {got} at {party}", short(pinned), day(*since))
        }
        Contradiction::Metadata => write!(f, "the .metadata at {party} is not the METADATA inside the wheel"),
        Contradiction::Bytes { expected, got } => {
            write!(f, "wrong bytes: the page of {party} says {}, {} came", short(expected), short(got))
        }
        Contradiction::Vanished => write!(f, "{party} had this project before and now says that it has none"),
        Contradiction::ListedTwice => write!(f, "{party} lists this file twice with different contents"),
        Contradiction::OtherBytes { vouched: Some(vouched) } => {
            write!(f, "{party} vouches for other bytes under this name ({})", short(vouched))
        }
        Contradiction::OtherBytes { vouched: None } => write!(f, "{party} vouches for other bytes under this name"),
    }
}

/// A text that somebody wrote, at the end of a reason.
fn quoted(text: &str, limit: usize) -> String {
    match printable(text, limit).trim_end_matches(['.', ' ']) {
        "" => String::new(),
        text => format!(": {text}"),
    }
}

/// When the file appeared, by which clock.
fn appeared(time: Timestamp, clock: Clock, age: SignedDuration) -> String {
    let (what, clock) = match clock {
        Clock::FirstSeen => ("first seen", ""),
        Clock::UploadTime => ("released", "upload-time "),
        Clock::LastModified => ("released", "Last-Modified "),
        Clock::Signed => ("attested", "signed "),
        Clock::AbsentUntil => ("not listed yet", "page of "),
    };
    let ago = if age.is_zero() { "just now".to_owned() } else { format!("{} ago", roughly(age)) };
    format!("{what} {ago} ({clock}{})", minute(time))
}

const fn who(policy: WrittenBy) -> &'static str {
    match policy {
        WrittenBy::BuiltIn => "the built-in policy",
        WrittenBy::User => "the policy",
        WrittenBy::WorkingDirectory => "the policy in the working directory",
    }
}

fn waits(policy: WrittenBy, minimum: SignedDuration) -> String {
    format!("{} waits {}", who(policy), exactly(minimum))
}

fn from(eligible: Option<Timestamp>) -> String {
    eligible.map(|time| format!(": eligible {}", minute_after(time))).unwrap_or_default()
}
