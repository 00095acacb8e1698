//! Why a decision is what it is: data that prints itself in words. Upstream text never gets into a reason.

use std::fmt;

use affineur_packaging::ProjectName;
use affineur_packaging::text::printable;
use affineur_tuf::Chain;
use jiff::{SignedDuration, Timestamp};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::listing::Tier;
use crate::policy::{Glob, Origin};
use crate::text::{day, exactly, minute, minute_after, roughly, short};
use crate::{Clock, Contradiction, NotVouched, PartyName, ShownChain, limits};

/// Who or what is the cause of a withheld file; decides exit status and HTTP form (ARCHITECTURE: errors).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Evidence and policy say no.
    Refused,
    /// It cannot be told now.
    Undecided,
    /// Data contradict what was seen before.
    Hostile,
}

/// One reason. The variants are data; [`fmt::Display`] gives one line of printable ASCII without a final period.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Passes: it has waited long enough.
    OldEnough {
        /// From when the wait was counted.
        time: Timestamp,
        /// By which clock.
        clock: Clock,
        /// How long ago that was.
        age: SignedDuration,
        /// The wait that the policy asks for.
        minimum: SignedDuration,
        /// Which policy.
        policy: Origin,
    },
    /// Passes: the policy asks for no wait.
    NoWait {
        /// Which policy.
        policy: Origin,
    },
    /// Passes: the user's policy has an exception for it.
    Exception {
        /// The exception's pattern.
        project: Glob,
        /// The wait that it asks for.
        minimum: SignedDuration,
        /// When it ends.
        until: Timestamp,
        /// Why it was written, in the user's own words.
        reason: String,
    },
    /// Passes though nobody knows how old it is: the built-in rules let it, loudly.
    AgeUnknownAllowed {
        /// Who said nothing about time.
        source: PartyName,
    },
    /// Withheld: it has not waited long enough.
    TooYoung {
        /// From when the wait is counted.
        time: Timestamp,
        /// By which clock.
        clock: Clock,
        /// How long ago that was; zero for a clock in the future.
        age: SignedDuration,
        /// The wait that the policy asks for.
        minimum: SignedDuration,
        /// When the wait (the policy's or an exception's) is over.
        eligible: Option<Timestamp>,
        /// Which policy.
        policy: Origin,
    },
    /// Withheld: its date is not known yet, and can be asked for.
    AgeNotAsked {
        /// Whom to ask.
        source: PartyName,
    },
    /// Withheld: nobody knows how old it is.
    AgeUnknown {
        /// Who says nothing about time.
        source: PartyName,
        /// Since when it is sure to exist.
        first_seen: Timestamp,
        /// The wait that the policy asks for.
        minimum: SignedDuration,
        /// When it has been known for that long.
        eligible: Option<Timestamp>,
        /// Which policy.
        policy: Origin,
    },
    /// Withheld: there is no digest that could be pinned.
    NoDigest {
        /// Who says none.
        source: PartyName,
    },
    /// Withheld: no source lists this file.
    NotListed {
        /// Who was asked.
        source: PartyName,
    },
    /// Withheld: it comes from somebody who is no source of this project.
    NotItsSource {
        /// From whom it comes.
        source: PartyName,
        /// From whom it may come.
        expected: Vec<PartyName>,
    },
    /// Withheld: the source could not be heard.
    Unavailable {
        /// Who.
        source: PartyName,
        /// What went wrong, in our own words.
        problem: String,
    },
    /// Withheld, alarm: the source contradicts what it said before, or itself.
    Contradicted {
        /// Who.
        party: PartyName,
        /// The project.
        project: ProjectName,
        /// What contradicts what.
        what: Contradiction,
    },
    /// Withheld, and an alarm where it is hostile: the source is a repository and does not vouch.
    NotVouched {
        /// Who.
        party: PartyName,
        /// Why not.
        why: Box<NotVouched>,
    },
    /// Not a reason of its own: who vouches for the file.
    Vouched {
        /// Who.
        party: PartyName,
        /// How strongly the project is bound to its developers.
        tier: Tier,
        /// The roles that sign for it.
        chain: Chain,
    },
    /// Alarm that changes nothing: somebody who is not the source contradicts.
    OtherContradicts {
        /// Who.
        party: PartyName,
        /// What contradicts what.
        what: Contradiction,
    },
}

impl Reason {
    /// A word for programs; never changes.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::OldEnough { .. } => "old-enough",
            Self::NoWait { .. } => "no-wait",
            Self::Exception { .. } => "exception",
            Self::AgeUnknownAllowed { .. } => "age-unknown-allowed",
            Self::TooYoung { .. } => "too-young",
            Self::AgeNotAsked { .. } => "age-not-asked",
            Self::AgeUnknown { .. } => "age-unknown",
            Self::NoDigest { .. } => "no-digest",
            Self::NotListed { .. } => "not-listed",
            Self::NotItsSource { .. } => "not-its-source",
            Self::Unavailable { .. } => "unavailable",
            Self::Contradicted { what, .. } => contradiction_code(what),
            Self::NotVouched { why, .. } => why.code(),
            Self::Vouched { .. } => "vouched",
            Self::OtherContradicts { .. } => "other-party-contradicts",
        }
    }

    /// Why the file is withheld; `None` for a reason that lets it through or changes nothing.
    #[must_use]
    pub fn class(&self) -> Option<Class> {
        match self {
            Self::OldEnough { .. }
            | Self::NoWait { .. }
            | Self::Exception { .. }
            | Self::AgeUnknownAllowed { .. }
            | Self::Vouched { .. }
            | Self::OtherContradicts { .. } => None,
            Self::NotVouched { why, .. } => Some(why.class()),
            Self::TooYoung { .. } | Self::NotListed { .. } | Self::NotItsSource { .. } => Some(Class::Refused),
            Self::AgeNotAsked { .. } | Self::AgeUnknown { .. } | Self::NoDigest { .. } | Self::Unavailable { .. } => {
                Some(Class::Undecided)
            }
            Self::Contradicted { .. } => Some(Class::Hostile),
        }
    }

    /// Whether a person must be told, whatever the decision is.
    #[must_use]
    pub fn is_alarm(&self) -> bool {
        let hostile = matches!(self, Self::NotVouched { why, .. } if why.class() == Class::Hostile);
        hostile || matches!(self, Self::Contradicted { .. } | Self::OtherContradicts { .. })
    }

    /// Whether this must be said even of a file that passes.
    #[must_use]
    pub fn is_loud(&self) -> bool {
        self.is_alarm() || matches!(self, Self::AgeUnknownAllowed { .. })
    }

    /// What would change it, cheapest first: one line of printable ASCII. `None` where nothing needs to change.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::OldEnough { .. } | Self::NoWait { .. } | Self::Exception { .. } | Self::Vouched { .. } => None,
            Self::NotVouched { party, why } => Some(why.remedy(party)),
            Self::AgeUnknownAllowed { .. } => Some("write a policy: with one, files of unknown age are withheld".to_owned()),
            Self::TooYoung { eligible, policy, .. } | Self::AgeUnknown { eligible, policy, .. } => {
                Some(wait_or_except(*eligible, *policy))
            }
            Self::AgeNotAsked { .. } => Some("ask for the file: its date is asked for first".to_owned()),
            Self::NoDigest { source } => {
                Some(format!("{source} has to say a sha256 for it, or its bytes have to be seen once"))
            }
            Self::NotListed { .. } => {
                Some("ask for a file that a source lists, or add the source that has it to the policy".to_owned())
            }
            Self::NotItsSource { source, .. } => {
                Some(format!("name {source} in `sources`, or in the `only` of this project's [[scope]]"))
            }
            Self::Unavailable { source, .. } => Some(format!("try again when {source} answers")),
            Self::Contradicted { what, party, project } => Some(contradiction_remedy(what, party, Some(project))),
            Self::OtherContradicts { what, party } => Some(contradiction_remedy(what, party, None)),
        }
    }
}

fn wait_or_except(eligible: Option<Timestamp>, policy: Origin) -> String {
    let wait = eligible.map(|time| format!("wait until {}, or ", minute_after(time))).unwrap_or_default();
    match policy {
        Origin::BuiltIn => format!("{wait}write a policy with an [[exception]] for this release"),
        Origin::User => format!("{wait}add an [[exception]] for this release to the policy"),
        Origin::WorkingDirectory => format!("{wait}change `minimum-age` in the policy of the working directory"),
    }
}

const fn contradiction_code(what: &Contradiction) -> &'static str {
    match what {
        Contradiction::Digest { .. } => "digest-changed",
        Contradiction::Metadata => "metadata-differs",
        Contradiction::Bytes { .. } => "bytes-differ",
        Contradiction::Vanished => "vanished",
        Contradiction::ListedTwice => "listed-twice",
    }
}

fn contradiction_remedy(what: &Contradiction, party: &PartyName, project: Option<&ProjectName>) -> String {
    match (what, project) {
        (Contradiction::Vanished, Some(project)) => {
            format!("ask {party} why; if it is meant, `affineur policy move {project} --to SOURCE`")
        }
        _ => format!("do not use this file; ask who runs {party} why, and keep the evidence"),
    }
}

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
            Self::Vouched { party, tier, chain } => write!(f, "{party} vouches ({tier}): {}", ShownChain(chain)),
            Self::Contradicted { party, what, .. } => write_contradiction(f, party, what),
            Self::OtherContradicts { party, what } => {
                write_contradiction(f, party, what)?;
                f.write_str(" (not this project's source: an alarm, no objection)")
            }
        }
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
        Clock::AbsentUntil => ("not listed yet", "page of "),
    };
    let ago = if age.is_zero() { "just now".to_owned() } else { format!("{} ago", roughly(age)) };
    format!("{what} {ago} ({clock}{})", minute(time))
}

const fn who(policy: Origin) -> &'static str {
    match policy {
        Origin::BuiltIn => "the built-in policy",
        Origin::User => "the policy",
        Origin::WorkingDirectory => "the policy in the working directory",
    }
}

fn waits(policy: Origin, minimum: SignedDuration) -> String {
    format!("{} waits {}", who(policy), exactly(minimum))
}

fn from(eligible: Option<Timestamp>) -> String {
    eligible.map(|time| format!(": eligible {}", minute_after(time))).unwrap_or_default()
}

/// For reports: `code`, `class`, `text`, and the reason's own fields. Durations are in seconds.
impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", self.code())?;
        map.serialize_entry("class", &self.class())?;
        match self {
            Self::OldEnough { time, clock, age, minimum, policy } => {
                wait_fields(&mut map, time, *clock, *age, *minimum, *policy)?;
            }
            Self::TooYoung { time, clock, age, minimum, eligible, policy } => {
                wait_fields(&mut map, time, *clock, *age, *minimum, *policy)?;
                map.serialize_entry("eligible", eligible)?;
            }
            Self::NoWait { policy } => map.serialize_entry("policy", policy)?,
            Self::Exception { project, minimum, until, reason } => {
                map.serialize_entry("project", project.as_str())?;
                map.serialize_entry("minimum_seconds", &minimum.as_secs())?;
                map.serialize_entry("until", until)?;
                map.serialize_entry("reason", &printable(reason, limits::EXCEPTION_REASON_CHARACTERS))?;
            }
            Self::AgeUnknown { source, first_seen, minimum, eligible, policy } => {
                map.serialize_entry("source", source)?;
                map.serialize_entry("first_seen", first_seen)?;
                map.serialize_entry("minimum_seconds", &minimum.as_secs())?;
                map.serialize_entry("eligible", eligible)?;
                map.serialize_entry("policy", policy)?;
            }
            Self::AgeUnknownAllowed { source }
            | Self::AgeNotAsked { source }
            | Self::NoDigest { source }
            | Self::NotListed { source } => map.serialize_entry("source", source)?,
            Self::NotItsSource { source, expected } => {
                map.serialize_entry("source", source)?;
                map.serialize_entry("expected", expected)?;
            }
            Self::Unavailable { source, problem } => {
                map.serialize_entry("source", source)?;
                map.serialize_entry("problem", &printable(problem, limits::PROBLEM_CHARACTERS))?;
            }
            Self::NotVouched { party, .. } => map.serialize_entry("party", party)?,
            Self::Vouched { party, tier, chain } => {
                map.serialize_entry("party", party)?;
                map.serialize_entry("tier", &tier.to_string())?;
                map.serialize_entry("chain", &Roles(chain))?;
            }
            Self::Contradicted { party, what, .. } | Self::OtherContradicts { party, what } => {
                map.serialize_entry("party", party)?;
                contradiction_fields(&mut map, what)?;
            }
        }
        map.serialize_entry("text", &self.to_string())?;
        map.end()
    }
}

/// The roles of a chain with their keys, for reports.
struct Roles<'a>(&'a Chain);

impl Serialize for Roles<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Role {
            role: String,
            version: u64,
            threshold: u32,
            keys: Vec<String>,
        }
        serializer.collect_seq(self.0.steps().iter().map(|step| Role {
            role: printable(step.role.as_str(), limits::ROLE_CHARACTERS),
            version: step.version.number(),
            threshold: step.threshold.number(),
            keys: step.keyids.iter().map(|key| printable(key.as_str(), limits::ROLE_CHARACTERS)).collect(),
        }))
    }
}

fn wait_fields<M: SerializeMap>(
    map: &mut M,
    time: &Timestamp,
    clock: Clock,
    age: SignedDuration,
    minimum: SignedDuration,
    policy: Origin,
) -> Result<(), M::Error> {
    map.serialize_entry("time", time)?;
    map.serialize_entry("clock", &clock)?;
    map.serialize_entry("age_seconds", &age.as_secs())?;
    map.serialize_entry("minimum_seconds", &minimum.as_secs())?;
    map.serialize_entry("policy", &policy)
}

fn contradiction_fields<M: SerializeMap>(map: &mut M, what: &Contradiction) -> Result<(), M::Error> {
    map.serialize_entry("contradiction", contradiction_code(what))?;
    match what {
        Contradiction::Digest { pinned, got, since } => {
            map.serialize_entry("expected", pinned)?;
            map.serialize_entry("got", got)?;
            map.serialize_entry("since", since)
        }
        Contradiction::Bytes { expected, got } => {
            map.serialize_entry("expected", expected)?;
            map.serialize_entry("got", got)
        }
        Contradiction::Metadata | Contradiction::Vanished | Contradiction::ListedTwice => Ok(()),
    }
}

#[cfg(test)]
mod tests;
