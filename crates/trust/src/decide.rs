//! The decision (DESIGN §4.5): total, pure, explained.
//!
//! In this order: the source, or a party in `require`, `rule` or `veto`, contradicts, or what the source signs is not acceptable
//! → hostile; the source could not be heard → undecided; the source is not one of the project's, does not list the file or (a
//! repository) does not vouch for it → refused; no digest → undecided; an objection of a party in `veto` → refused; too few
//! vouches → refused, or undecided where a party that could not be heard could change that; the wrong track → refused; then age,
//! which `urgent` and exceptions may shorten. Another party's contradiction or objection changes nothing and is told.
//!
//! The policy's `mode` is not applied here: the gateway does, and it withholds what is hostile in every mode.

mod judge;
mod missing;
mod wait;

pub(crate) use self::missing::standing;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

pub use judge::Judge;

use self::judge::Memory;
use crate::demand::{CompiledDemand, Met, Tally};
use crate::{
    About, Against, AgeFrom, Allowed, Claim, Class, Decision, Evidence, FileFact, NotVouched, Objection, PartyName, Pin,
    Policy, Reason, ReferenceTime, Rule, Scope, Standing, Track, Vouched, Vouches, Withheld, Worth, WrittenBy,
};

/// What one policy says, before others' alarms are added.
enum Judgement {
    /// It passes; until when, if not for ever.
    Pass { reasons: Vec<Reason>, valid_until: Option<Timestamp> },
    /// It does not; from when on it may by waiting alone.
    Stop { reasons: Vec<Reason>, moments: Vec<Timestamp> },
}

/// It does not pass, and waiting does not help.
fn stop(reason: Reason) -> Judgement {
    Judgement::Stop { reasons: vec![reason], moments: Vec::new() }
}

/// What a policy says about a project, whatever the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms<'a> {
    policy: &'a Policy,
    scope: Option<&'a Scope>,
    demand: &'a Arc<CompiledDemand>,
}

/// What one decision is about.
#[derive(Clone, Copy)]
struct Case<'a> {
    terms: &'a Terms<'a>,
    file: &'a Arc<FileFact>,
    about: About<'a>,
}

impl Policy {
    /// Decides about one file. Every file and all evidence has a decision; the same arguments always have the same one.
    ///
    /// For one file, another vouch never withholds and another contradiction or objection never admits.
    /// [`Policy::mode`](Self::mode) is not applied: whoever applies it must withhold what is [hostile](Class::Hostile) in every
    /// mode. Whoever decides about many files takes a [`PolicySet`](crate::PolicySet), which makes its demands ready once.
    #[must_use]
    pub fn decide(&self, file: &FileFact, about: &Evidence, now: ReferenceTime) -> Decision {
        let scope = self.scope_position(&file.project);
        Terms::new(self, scope, &Arc::new(self.compiled(scope))).decide(&Arc::new(file.clone()), about, now)
    }
}

impl<'a> Terms<'a> {
    /// What a policy says in the scope at a position, or outside of scopes; with the demand that holds there.
    pub(crate) fn new(policy: &'a Policy, scope: Option<usize>, demand: &'a Arc<CompiledDemand>) -> Self {
        Self { policy, scope: scope.and_then(|at| policy.scopes.get(at)), demand }
    }

    pub(crate) fn decide(&self, file: &Arc<FileFact>, about: &Evidence, now: ReferenceTime) -> Decision {
        Case { terms: self, file, about: about.about() }.decide(&mut Memory::default(), now)
    }

    fn sources(&self) -> &'a [PartyName] {
        self.scope.and_then(|scope| scope.only.as_deref()).unwrap_or(&self.policy.sources)
    }

    fn rule(&self) -> Option<&'a Rule> {
        self.scope.map_or(&self.policy.demand, |scope| &scope.demand).rule.as_ref()
    }

    fn minimum_age(&self) -> SignedDuration {
        self.scope.and_then(|scope| scope.minimum_age).unwrap_or(self.policy.minimum_age)
    }

    fn age_from(&self) -> AgeFrom {
        self.scope.and_then(|scope| scope.age_from).unwrap_or(self.policy.age_from)
    }
}

impl Case<'_> {
    fn decide(&self, memory: &mut Memory, now: ReferenceTime) -> Decision {
        let file = Arc::clone(self.file);
        match self.judge(memory, now) {
            Judgement::Pass { reasons, valid_until } => {
                Decision::Allow(Allowed { file, reasons: self.with_others(reasons, now), valid_until })
            }
            Judgement::Stop { reasons, moments } => {
                let class = reasons.iter().filter_map(Reason::class).max().unwrap_or(Class::Undecided);
                let until = self.first_pass(moments, now);
                Decision::Withhold(Withheld { file, reasons: self.with_others(reasons, now), class, until })
            }
        }
    }

    fn judge(&self, memory: &mut Memory, now: ReferenceTime) -> Judgement {
        let Self { terms, file, about: About { source, .. } } = *self;
        if let Some(reason) = self.hostile() {
            return stop(reason);
        }
        let sources = terms.sources();
        // The built-in rules forbid no source: what installers are configured to use is learned.
        if terms.policy.written_by == WrittenBy::User && !sources.is_empty() && !sources.contains(source) {
            return stop(Reason::NotItsSource { source: source.clone(), expected: sources.to_vec() });
        }
        let pin = match self.source_pin() {
            Ok(pin) => pin,
            Err(reason) => return stop(*reason),
        };
        if file.sha256.is_none() {
            return stop(Reason::NoDigest { source: source.clone() });
        }
        if terms.demand.is_empty() && terms.age_from() != AgeFrom::Signed {
            return self.judge_age(None, pin, now);
        }
        let (counted, met) = memory.counted(self, now);
        let tally = counted.tally();
        let missing = || if met == Met::Yes { None } else { Some(self.missing(tally, now)) };
        match self.vetoed(tally, now).or_else(missing).or_else(|| self.wrong_track()) {
            Some(judgement) => judgement,
            None => self.judge_age(Some(&counted), pin, now),
        }
    }

    /// Whether the source, or somebody whom the demand names, contradicts, or the source's signatures do not hold.
    fn hostile(&self) -> Option<Reason> {
        let About { source, source_claim, claims, .. } = self.about;
        if let Claim::NotVouched(why) = source_claim
            && why.class() == Class::Hostile
        {
            return Some(Reason::NotVouched { party: source.clone(), why: why.clone() });
        }
        let contradicts = |party: &PartyName, claim: Option<&Claim>| match claim {
            Some(Claim::Contradicts(what)) => {
                Some(Reason::Contradicted { party: party.clone(), project: self.file.project.clone(), what: what.clone() })
            }
            _ => None,
        };
        if let Some(reason) = contradicts(source, Some(source_claim)) {
            return Some(reason);
        }
        // Nearly always nobody does, and then names need not be compared.
        let demand = self.terms.demand;
        let any = demand.named != 0 && claims.values().any(|claim| matches!(claim, Claim::Contradicts(_)));
        let mut named = demand.names(if any { demand.named } else { 0 });
        named.find_map(|name| contradicts(name, claims.get(name)))
    }

    /// What is recorded of a file that its source vouches for or, an upstream, has pinned.
    fn source_pin(&self) -> Result<&Pin, Box<Reason>> {
        let (policy, source) = (self.terms.policy, self.about.source);
        // Of a repository only its vouch for this very file counts; nobody else's is one.
        let reason = match self.about.source_claim {
            Claim::Vouched(vouches) if policy.upstream(source).is_none() => match vouches.pin(self.file) {
                Some(pin) => return Ok(pin),
                None => Reason::NotListed { source: source.clone() },
            },
            Claim::Pinned(pin) if policy.repository(source).is_none() => return Ok(pin),
            Claim::Pinned(_) => Reason::NotVouched { party: source.clone(), why: Box::new(NotVouched::OnlyPinned) },
            Claim::NotVouched(why) => Reason::NotVouched { party: source.clone(), why: why.clone() },
            Claim::Unavailable(unavailable) => {
                Reason::Unavailable { source: source.clone(), problem: unavailable.problem.clone() }
            }
            Claim::Silent | Claim::Contradicts(_) | Claim::Vouched(_) => Reason::NotListed { source: source.clone() },
        };
        Err(Box::new(reason))
    }

    /// Whether somebody with a veto objects, or could not be asked.
    fn vetoed(&self, tally: &Tally, now: ReferenceTime) -> Option<Judgement> {
        if self.terms.demand.veto == 0 {
            return None;
        }
        let source = self.source_vouches();
        let against = |objection: &&Objection| {
            objection.is_active(now) && self.terms.demand.has_veto(&objection.party) && objection.is_against(self.file, source)
        };
        let mut objections: Vec<_> = self.about.objections.iter().filter(against).collect();
        if self.source_is_left(&objections) {
            objections.retain(|objection| !matches!(objection.against, Against::Author(_)));
        }
        let unheard = self.terms.demand.names(self.terms.demand.veto & tally.unavailable);
        let unheard = unheard.map(|name| Reason::VetoUnheard { party: name.clone(), standing: self.standing(name, now) });
        if objections.is_empty() {
            let reasons: Vec<_> = unheard.collect();
            return (!reasons.is_empty()).then(|| Judgement::Stop { reasons, moments: Vec::new() });
        }
        let reasons = objections.iter().map(|objection| Reason::Vetoed {
            party: objection.party.clone(),
            reason: objection.reason.clone(),
            expires: objection.expires,
        });
        let moments = self.moments(tally, now);
        Some(Judgement::Stop { reasons: reasons.collect(), moments })
    }

    /// Whether the source vouches on the word of somebody else too than the authors to whom these object.
    fn source_is_left(&self, objections: &[&Objection]) -> bool {
        let void = |vouched: &Vouched| {
            objections
                .iter()
                .any(|objection| matches!(&objection.against, Against::Author(author) if vouched.origins().rest_on(author)))
        };
        self.source_vouches().is_some_and(|vouches| vouches.about(self.file).any(|vouched| !void(vouched)))
    }

    fn source_vouches(&self) -> Option<&Vouches> {
        match self.about.source_claim {
            Claim::Vouched(vouches) => Some(vouches),
            _ => None,
        }
    }

    fn wrong_track(&self) -> Option<Judgement> {
        if self.terms.demand.track != Some(Track::Stable) {
            return None;
        }
        let vouches = self.source_vouches()?;
        let is_latest = |vouched: &Vouched| matches!(vouched.worth(), Worth::Index { track: Some(Track::Latest), .. });
        let latest = vouches.about(self.file).all(is_latest);
        latest.then(|| stop(Reason::NotStable { source: self.about.source.clone() }))
    }

    /// The first of some moments at which the file passes.
    fn first_pass(&self, mut moments: Vec<Timestamp>, now: ReferenceTime) -> Option<Timestamp> {
        moments.retain(|moment| now < *moment);
        moments.sort();
        moments.dedup();
        moments.into_iter().find(|moment| matches!(self.judge(&mut Memory::default(), *moment), Judgement::Pass { .. }))
    }

    /// Why a party does not count, in the order in which that is looked at.
    fn standing(&self, name: &PartyName, now: ReferenceTime) -> Standing {
        missing::standing(self.terms.demand, name, self.file, self.about, now)
    }

    /// The reasons, and after them who vouches, and what others than the source say against the file.
    fn with_others(&self, mut reasons: Vec<Reason>, now: ReferenceTime) -> Vec<Reason> {
        let Self { terms: Terms { demand, .. }, file, about } = *self;
        if let Some(vouched) = self.source_vouches().and_then(|vouches| vouches.about(file).next()) {
            let (party, chain) = (about.source.clone(), Arc::clone(vouched.chain()));
            reasons.push(Reason::Vouched { party, worth: vouched.worth(), chain });
        }
        let against = |claim: &Claim| matches!(claim, Claim::Contradicts(_) | Claim::NotVouched(_));
        if about.objections.is_empty() && !about.claims.values().any(against) {
            return reasons;
        }
        let told = match reasons.first() {
            Some(Reason::Contradicted { party, .. }) => Some(party.clone()),
            _ => None,
        };
        for (party, claim) in about.claims.iter() {
            match claim {
                Claim::Contradicts(what) if party != about.source && told.as_ref() != Some(party) => {
                    reasons.push(Reason::OtherContradicts { party: party.clone(), what: what.clone() });
                }
                Claim::NotVouched(why) if why.class() == Class::Hostile && party != about.source => {
                    reasons.push(Reason::OtherNotVouched { party: party.clone(), why: why.clone() });
                }
                _ => {}
            }
        }
        for objection in about.objections.iter().filter(|objection| objection.is_active(now)) {
            if !demand.has_veto(&objection.party) && objection.is_against(file, self.source_vouches()) {
                reasons.push(Reason::OtherObjects { party: objection.party.clone(), reason: objection.reason.clone() });
            }
        }
        reasons
    }
}

#[cfg(test)]
mod tests;
