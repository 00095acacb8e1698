//! The last step: has the file waited long enough, is it urgent, is there an exception?

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Case, Judgement};
use crate::age::{Age, Clock, age};
use crate::demand::{Met, Tally};
use crate::{Exception, MetDemand, PartyName, Pin, Reason, ReferenceTime, WrittenBy};

impl Case<'_> {
    pub(super) fn judge_age(&self, counted: Option<&Arc<MetDemand>>, pin: &Pin, now: ReferenceTime) -> Judgement {
        let minimum = self.terms.minimum_age();
        let tally = counted.map(|counted| counted.tally());
        let age = self.age(tally, pin, now);
        let pass = |reason, valid_until: Option<Timestamp>| {
            // Behind it stands who vouches for the file in the source's name.
            let mut reasons = Vec::with_capacity(3);
            reasons.push(reason);
            let met = counted.filter(|_| self.terms.demand.asks_for_vouches());
            reasons.extend(met.map(|met| Reason::DemandMet(Arc::clone(met))));
            let valid_until = valid_until.into_iter().chain(tally.and_then(|tally| tally.until)).min();
            Judgement::Pass { reasons, valid_until }
        };
        if waited(&age, minimum, now) {
            return pass(old_enough(&age, minimum, self.terms.policy.written_by, now), None);
        }
        let active = self.exceptions().filter(|exception| exception.is_active(now));
        if let Some(exception) = active.min_by_key(|exception| (exception.minimum_age, std::cmp::Reverse(exception.until)))
            && waited(&age, exception.minimum_age, now)
        {
            return pass(excepted(exception), Some(exception.until));
        }
        let urgent = tally.zip(self.terms.demand.urgent.as_ref());
        if let Some((tally, urgent)) = urgent
            && urgent.met(tally.vouching, tally.shared.as_ref()) == Met::Yes
        {
            let by = self.terms.demand.names(tally.vouching).cloned().collect();
            return pass(Reason::Urgent { by, minimum }, None);
        }
        if matches!(age, Age::Unknown { .. }) && self.terms.policy.written_by == WrittenBy::BuiltIn {
            return pass(Reason::AgeUnknownAllowed { source: self.about.source.clone() }, None);
        }
        let moments: Vec<_> = self.age_moments(&age, minimum, now).collect();
        let reason = self.too_young(&age, minimum, moments.iter().min().copied(), now);
        Judgement::Stop { reasons: vec![reason], moments }
    }

    fn age(&self, tally: Option<&Tally>, pin: &Pin, now: ReferenceTime) -> Age {
        age(pin, self.terms.age_from(), tally.and_then(|tally| tally.attested), now)
    }

    fn exceptions(&self) -> impl Iterator<Item = &Exception> {
        self.terms.policy.exceptions.iter().filter(|exception| exception.is_for(&self.file.project, self.file.name.version()))
    }

    /// When a wait is over: the policy's, or an exception's that counts then.
    fn age_moments(&self, age: &Age, minimum: SignedDuration, now: ReferenceTime) -> impl Iterator<Item = Timestamp> {
        let excepted = self.exceptions().filter_map(move |exception| eligible_by(exception, age, now));
        excepted.chain(eligible(age, minimum))
    }

    /// Every moment at which time alone may change the outcome: waits that are over, objections that end.
    pub(super) fn moments(&self, tally: &Tally, now: ReferenceTime) -> Vec<Timestamp> {
        let objections = self.about.objections.iter().map(|objection| objection.expires);
        let Ok(pin) = self.source_pin() else { return Vec::new() };
        let age = self.age(Some(tally), pin, now);
        let minimum = self.terms.minimum_age();
        objections.chain(self.age_moments(&age, minimum, now)).collect()
    }

    fn too_young(&self, age: &Age, minimum: SignedDuration, eligible: Option<Timestamp>, now: ReferenceTime) -> Reason {
        let (source, policy) = (self.about.source.clone(), self.terms.policy.written_by);
        match *age {
            Age::NotAsked => Reason::AgeNotAsked { source },
            Age::NotAttested => Reason::NotAttested { source, could: self.could_attest() },
            Age::Unknown { first_seen } => Reason::AgeUnknown { source, first_seen, minimum, eligible, policy },
            Age::Since { time, stated, clock } => {
                Reason::TooYoung { time: stated, clock, age: elapsed(time, now), minimum, eligible, policy }
            }
        }
    }

    fn could_attest(&self) -> Vec<PartyName> {
        let policy = self.terms.policy;
        let names = self.terms.demand.names(self.terms.demand.counted);
        names.filter(|name| policy.repository(name).is_some() && !policy.is_curator(name)).cloned().collect()
    }
}

fn old_enough(age: &Age, minimum: SignedDuration, policy: WrittenBy, now: ReferenceTime) -> Reason {
    match since(age) {
        _ if minimum.is_zero() => Reason::NoWait { policy },
        Some((time, clock)) => Reason::OldEnough { time, clock, age: elapsed(time, now), minimum, policy },
        None => Reason::NoWait { policy },
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
        Age::NotAsked | Age::NotAttested => None,
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
