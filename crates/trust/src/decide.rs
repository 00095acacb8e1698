//! The decision (DESIGN §4.5): total, pure, explained.
//!
//! In this order: the source contradicts, or what it signs is not acceptable → hostile; the source could not be heard → undecided; the source is not one of the
//! project's, does not list the file or (a repository) does not vouch for it → refused; no digest → undecided; then age. Another party's contradiction changes
//! nothing and is told as an alarm.
//!
//! The policy's `mode` is not applied here: the gateway does, and it withholds what is hostile in every mode.

use jiff::{SignedDuration, Timestamp};

use crate::age::{Age, Clock, age};
use crate::policy::{Exception, Origin};
use crate::{Allowed, Claim, Class, Decision, Evidence, FileFact, NotVouched, Pin, Policy, Reason, ReferenceTime, Withheld};

/// What one policy says, before others' alarms are added.
enum Judgement {
    /// It passes; until when, if not for ever.
    Pass { reason: Reason, valid_until: Option<Timestamp> },
    /// It does not; from when on it will by waiting alone.
    Stop { reason: Reason, until: Option<Timestamp> },
}

/// It does not pass, and waiting does not help.
const fn stop(reason: Reason) -> Judgement {
    Judgement::Stop { reason, until: None }
}

impl Policy {
    /// Decides about one file. Every file and all evidence has a decision; the same arguments always have the same one.
    ///
    /// For one file, another vouch never withholds and another contradiction never admits. [`Policy::mode`](Self::mode) is
    /// not applied: whoever applies it must withhold what is [hostile](crate::Class::Hostile) in every mode.
    #[must_use]
    pub fn decide(&self, file: &FileFact, about: &Evidence, now: ReferenceTime) -> Decision {
        let file = file.clone();
        match self.judge(&file, about, now) {
            Judgement::Pass { reason, valid_until } => {
                let reasons = with_others(reason, &file, about);
                Decision::Allow(Allowed { file, reasons, valid_until })
            }
            Judgement::Stop { reason, until } => {
                let class = reason.class().unwrap_or(Class::Undecided);
                let reasons = with_others(reason, &file, about);
                Decision::Withhold(Withheld { file, reasons, class, until })
            }
        }
    }

    fn judge(&self, file: &FileFact, about: &Evidence, now: ReferenceTime) -> Judgement {
        let source = about.source.clone();
        let claim = about.claims.get(&source).unwrap_or(&Claim::Silent);
        if let Claim::Contradicts(what) = claim {
            return stop(Reason::Contradicted { party: source, project: file.project.clone(), what: what.clone() });
        }
        if let Claim::NotVouched(why) = claim
            && why.class() == Class::Hostile
        {
            return stop(Reason::NotVouched { party: source, why: why.clone() });
        }
        let sources = self.sources_for(&file.project);
        // The built-in rules forbid no source: what installers are configured to use is learned.
        if self.origin == Origin::User && !sources.is_empty() && !sources.contains(&source) {
            return stop(Reason::NotItsSource { source, expected: sources.to_vec() });
        }
        let pin = match claim {
            // Of a repository only its vouch for this very file counts; nobody else's is one.
            Claim::Vouched(vouched) if self.upstream(&source).is_none() && vouched.is_about(file) => vouched.pin(),
            Claim::Pinned(pin) if self.repository(&source).is_none() => pin,
            Claim::Pinned(_) => return stop(Reason::NotVouched { party: source, why: Box::new(NotVouched::OnlyPinned) }),
            Claim::NotVouched(why) => return stop(Reason::NotVouched { party: source, why: why.clone() }),
            Claim::Unavailable(unavailable) => {
                return stop(Reason::Unavailable { source, problem: unavailable.problem.clone() });
            }
            Claim::Silent | Claim::Contradicts(_) | Claim::Vouched(_) => return stop(Reason::NotListed { source }),
        };
        if file.sha256.is_none() {
            return stop(Reason::NoDigest { source });
        }
        self.judge_age(file, about, pin, now)
    }

    /// The last step: has the file waited long enough, or is there an exception?
    fn judge_age(&self, file: &FileFact, about: &Evidence, pin: &Pin, now: ReferenceTime) -> Judgement {
        let minimum = self.minimum_age_for(&file.project);
        let age = age(pin, self.age_from_for(&file.project), now);
        if waited(&age, minimum, now) {
            let reason = match since(&age) {
                _ if minimum.is_zero() => Reason::NoWait { policy: self.origin },
                Some((time, clock)) => Reason::OldEnough { time, clock, age: elapsed(time, now), minimum, policy: self.origin },
                None => Reason::NoWait { policy: self.origin },
            };
            return Judgement::Pass { reason, valid_until: None };
        }
        let exceptions = || self.exceptions.iter().filter(|exception| exception.is_for(&file.project, file.name.version()));
        let active = exceptions().filter(|exception| exception.is_active(now));
        if let Some(exception) = active.min_by_key(|exception| (exception.minimum_age, std::cmp::Reverse(exception.until)))
            && waited(&age, exception.minimum_age, now)
        {
            return Judgement::Pass { reason: excepted(exception), valid_until: Some(exception.until) };
        }
        if matches!(age, Age::Unknown { .. }) && self.origin == Origin::BuiltIn {
            let source = about.source.clone();
            return Judgement::Pass { reason: Reason::AgeUnknownAllowed { source }, valid_until: None };
        }
        let until = exceptions().filter_map(|exception| eligible_by(exception, &age, now)).chain(eligible(&age, minimum)).min();
        let reason = match age {
            Age::NotAsked => Reason::AgeNotAsked { source: about.source.clone() },
            Age::Unknown { first_seen } => {
                Reason::AgeUnknown { source: about.source.clone(), first_seen, minimum, eligible: until, policy: self.origin }
            }
            Age::Since { time, stated, clock } => {
                Reason::TooYoung { time: stated, clock, age: elapsed(time, now), minimum, eligible: until, policy: self.origin }
            }
        };
        Judgement::Stop { reason, until }
    }
}

fn excepted(exception: &Exception) -> Reason {
    Reason::Exception {
        project: exception.project.clone(),
        minimum: exception.minimum_age,
        until: exception.until,
        reason: exception.reason.clone(),
    }
}

/// From which moment the wait is counted, where there is one. Of a file of unknown age it is sure that it has existed since
/// first sight.
const fn since(age: &Age) -> Option<(Timestamp, Clock)> {
    match age {
        Age::Since { stated, clock, .. } => Some((*stated, *clock)),
        Age::Unknown { first_seen } => Some((*first_seen, Clock::FirstSeen)),
        Age::NotAsked => None,
    }
}

fn elapsed(time: Timestamp, now: ReferenceTime) -> SignedDuration {
    now.duration_since(time).max(SignedDuration::ZERO)
}

fn waited(age: &Age, minimum: SignedDuration, now: ReferenceTime) -> bool {
    minimum.is_zero() || since(age).is_some_and(|(time, _)| elapsed(time, now) >= minimum)
}

/// When a wait is over.
fn eligible(age: &Age, minimum: SignedDuration) -> Option<Timestamp> {
    if minimum.is_zero() {
        return Some(Timestamp::MIN);
    }
    since(age).and_then(|(time, _)| time.checked_add(minimum).ok())
}

/// When an exception will let the file through, if it does before it ends.
fn eligible_by(exception: &Exception, age: &Age, now: ReferenceTime) -> Option<Timestamp> {
    let from = eligible(age, exception.minimum_age)?.max(exception.counts_from()).max(now);
    (from < exception.until).then_some(from)
}

/// The reason, and after it who vouches, and what others than the source say against the file.
fn with_others(reason: Reason, file: &FileFact, about: &Evidence) -> Vec<Reason> {
    let vouch = |(party, claim): (&crate::PartyName, &Claim)| match claim {
        Claim::Vouched(vouched) if vouched.is_about(file) => {
            Some(Reason::Vouched { party: party.clone(), tier: vouched.tier(), chain: vouched.chain().clone() })
        }
        _ => None,
    };
    let others = about.claims.iter().filter(|(party, _)| **party != about.source);
    let alarm = |(party, claim): (&crate::PartyName, &Claim)| match claim {
        Claim::Contradicts(what) => Some(Reason::OtherContradicts { party: party.clone(), what: what.clone() }),
        Claim::Vouched(_) | Claim::NotVouched(_) | Claim::Pinned(_) | Claim::Silent | Claim::Unavailable(_) => None,
    };
    let vouches = about.claims.get_key_value(&about.source).into_iter().filter_map(vouch);
    std::iter::once(reason).chain(vouches).chain(others.filter_map(alarm)).collect()
}

#[cfg(test)]
mod tests;
