//! Why a decision is what it is: data that prints itself in words. Upstream text never gets into a reason.

mod report;
mod words;

use std::sync::Arc;

use affineur_packaging::ProjectName;
use affineur_tuf::Chain;
use jiff::{SignedDuration, Timestamp};

use crate::policy::{Glob, WrittenBy};
use crate::text::{minute, minute_after};
use crate::{Clock, Contradiction, MetDemand, MilliTrust, NotVouched, PartyName, Standing, Worth};

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

/// One reason. The variants are data; [`Display`](std::fmt::Display) gives one line of printable ASCII without a final period.
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
        policy: WrittenBy,
    },
    /// Passes: the policy asks for no wait.
    NoWait {
        /// Which policy.
        policy: WrittenBy,
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
        policy: WrittenBy,
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
        policy: WrittenBy,
    },
    /// Passes before its wait is over: the policy's `urgent` holds.
    Urgent {
        /// Who vouches.
        by: Vec<PartyName>,
        /// The wait that is shortened.
        minimum: SignedDuration,
    },
    /// Passes: enough parties vouch.
    DemandMet(Arc<MetDemand>),
    /// Withheld: nobody who may attests a time for it.
    NotAttested {
        /// From where it comes.
        source: PartyName,
        /// Who could.
        could: Vec<PartyName>,
    },
    /// Withheld: a party in `require` does not vouch.
    RequiredMissing {
        /// Who.
        party: PartyName,
        /// Why it does not count.
        standing: Standing,
        /// Whether an answer could change that.
        undecided: bool,
    },
    /// Withheld: the policy's rule does not hold.
    RuleMissing {
        /// The rule.
        rule: String,
        /// Who does not vouch, of those whom it names.
        missing: Missing,
    },
    /// Withheld: the score is too low.
    ScoreMissing {
        /// The score, in thousandths.
        score: u64,
        /// The score that the policy asks for.
        minimum: MilliTrust,
        /// Who adds nothing, of those who could.
        missing: Missing,
    },
    /// Withheld: a party in `veto` objects.
    Vetoed {
        /// Who.
        party: PartyName,
        /// Why, in its own words.
        reason: String,
        /// When its objection ends.
        expires: Timestamp,
    },
    /// Withheld: it cannot be told whether a party in `veto` objects.
    VetoUnheard {
        /// Who.
        party: PartyName,
        /// Why it was not heard.
        standing: Standing,
    },
    /// Withheld: the policy wants what is stable, and this is newer.
    NotStable {
        /// Whose stable list does not have it.
        source: PartyName,
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
        /// What it is worth.
        worth: Worth,
        /// The roles that sign for it.
        chain: Arc<Chain>,
    },
    /// Alarm that changes nothing: somebody who is not the source contradicts.
    OtherContradicts {
        /// Who.
        party: PartyName,
        /// What contradicts what.
        what: Contradiction,
    },
    /// Alarm that changes nothing: what the repository of somebody who is not the source signs is not acceptable.
    OtherNotVouched {
        /// Who.
        party: PartyName,
        /// Why.
        why: Box<NotVouched>,
    },
    /// Changes nothing: somebody without a veto objects.
    OtherObjects {
        /// Who.
        party: PartyName,
        /// Why, in its own words.
        reason: String,
    },
}

/// Who does not count, and whether that can change by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Each with the reason.
    pub absent: Vec<(PartyName, Standing)>,
    /// Whether answers of those who could not be heard could be enough.
    pub undecided: bool,
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
            Self::OtherNotVouched { .. } => "other-party-not-acceptable",
            Self::OtherObjects { .. } => "other-party-objects",
            Self::Urgent { .. } => "urgent",
            Self::DemandMet(_) => "demand-met",
            Self::NotAttested { .. } => "not-attested",
            Self::RequiredMissing { .. } => "required-missing",
            Self::RuleMissing { .. } => "rule-missing",
            Self::ScoreMissing { .. } => "score-missing",
            Self::Vetoed { .. } => "vetoed",
            Self::VetoUnheard { .. } => "veto-unheard",
            Self::NotStable { .. } => "not-stable",
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
            | Self::Urgent { .. }
            | Self::DemandMet(_)
            | Self::Vouched { .. }
            | Self::OtherContradicts { .. }
            | Self::OtherNotVouched { .. }
            | Self::OtherObjects { .. } => None,
            Self::RequiredMissing { undecided, .. } => Some(undecided_or_refused(*undecided)),
            Self::RuleMissing { missing, .. } | Self::ScoreMissing { missing, .. } => {
                Some(undecided_or_refused(missing.undecided))
            }
            Self::NotVouched { why, .. } => Some(why.class()),
            Self::TooYoung { .. }
            | Self::NotListed { .. }
            | Self::NotItsSource { .. }
            | Self::NotAttested { .. }
            | Self::Vetoed { .. }
            | Self::NotStable { .. } => Some(Class::Refused),
            Self::AgeNotAsked { .. }
            | Self::AgeUnknown { .. }
            | Self::NoDigest { .. }
            | Self::Unavailable { .. }
            | Self::VetoUnheard { .. } => Some(Class::Undecided),
            Self::Contradicted { .. } => Some(Class::Hostile),
        }
    }

    /// Whether a person must be told, whatever the decision is.
    #[must_use]
    pub fn is_alarm(&self) -> bool {
        let hostile = matches!(self, Self::NotVouched { why, .. } if why.class() == Class::Hostile);
        hostile || matches!(self, Self::Contradicted { .. } | Self::OtherContradicts { .. } | Self::OtherNotVouched { .. })
    }

    /// Whether this must be said even of a file that passes.
    #[must_use]
    pub fn is_loud(&self) -> bool {
        self.is_alarm() || matches!(self, Self::AgeUnknownAllowed { .. } | Self::OtherObjects { .. } | Self::Urgent { .. })
    }

    /// What would change it, cheapest first: one line of printable ASCII. `None` where nothing needs to change.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::OldEnough { .. }
            | Self::NoWait { .. }
            | Self::Exception { .. }
            | Self::Urgent { .. }
            | Self::DemandMet(_)
            | Self::Vouched { .. } => None,
            Self::NotAttested { .. } => Some("wait until one of them attests a time, or add an [[exception]]".to_owned()),
            Self::RequiredMissing { party, standing, .. } => Some(hear(party, standing)),
            Self::RuleMissing { missing, .. } | Self::ScoreMissing { missing, .. } => Some(missing.remedy()),
            Self::Vetoed { party, expires, .. } => {
                Some(format!("ask {party}; its objection ends {} unless it is renewed", minute(*expires)))
            }
            Self::VetoUnheard { party, standing } => Some(hear(party, standing)),
            Self::NotStable { source } => Some(format!(
                "use a release that is stable at {source}, or state `track = latest` for this project in a [[scope]]"
            )),
            Self::OtherNotVouched { party, why } => Some(why.remedy(party)),
            Self::OtherObjects { party, .. } => Some(format!("read why; to let it withhold, name {party} in `veto`")),
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

const fn undecided_or_refused(undecided: bool) -> Class {
    if undecided { Class::Undecided } else { Class::Refused }
}

impl Missing {
    /// Whom to turn to: those who could not be heard first, since their answer may be there already.
    fn remedy(&self) -> String {
        let heard = |(_, standing): &&(PartyName, Standing)| standing.class() != Class::Refused;
        match self.absent.iter().find(heard).or_else(|| self.absent.first()) {
            Some((party, standing)) => hear(party, standing),
            None => "ask the parties that the policy names to vouch for it".to_owned(),
        }
    }
}

fn hear(party: &PartyName, standing: &Standing) -> String {
    match standing {
        Standing::Unavailable { .. } | Standing::Stale { .. } => format!("try again when {party} answers"),
        Standing::NotVouched { why } => why.remedy(party),
        Standing::Silent | Standing::Expired { .. } => format!("ask {party} to vouch for it, or take another version"),
        Standing::Lighter { .. } => format!("ask {party} to look at it more closely, or take another version"),
        Standing::SameOrigin { .. } | Standing::VoidAuthor => {
            format!("ask {party} to vouch for it on evidence of its own, or take another version")
        }
        Standing::Contradicts => format!("do not use this file; ask who runs {party} why, and keep the evidence"),
    }
}

fn wait_or_except(eligible: Option<Timestamp>, policy: WrittenBy) -> String {
    let wait = eligible.map(|time| format!("wait until {}, or ", minute_after(time))).unwrap_or_default();
    match policy {
        WrittenBy::BuiltIn => format!("{wait}write a policy with an [[exception]] for this release"),
        WrittenBy::User => format!("{wait}add an [[exception]] for this release to the policy"),
        WrittenBy::WorkingDirectory => format!("{wait}change `minimum-age` in the policy of the working directory"),
    }
}

const fn contradiction_code(what: &Contradiction) -> &'static str {
    match what {
        Contradiction::Digest { .. } => "digest-changed",
        Contradiction::Metadata => "metadata-differs",
        Contradiction::Bytes { .. } => "bytes-differ",
        Contradiction::Vanished => "vanished",
        Contradiction::ListedTwice => "listed-twice",
        Contradiction::OtherBytes { .. } => "other-bytes",
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

#[cfg(test)]
mod tests;
