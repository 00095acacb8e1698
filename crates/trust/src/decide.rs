//! The decision (DESIGN §4.5): total, pure, explained.
//!
//! In this order: the source, or a party in `require`, `rule` or `veto`, contradicts, or what the source signs is not acceptable
//! → hostile; the source could not be heard → undecided; the source is not one of the project's, does not list the file or (a
//! repository) does not vouch for it → refused; no digest → undecided; an objection of a party in `veto` → refused; too few
//! vouches → refused, or undecided where a party that could not be heard could change that; the wrong track → refused; then age,
//! which `urgent` and exceptions may shorten. Another party's contradiction or objection changes nothing and is told.
//!
//! The policy's `mode` is not applied here: the gateway does, and it withholds what is hostile in every mode.

mod missing;
mod wait;

pub(crate) use self::missing::standing;

use std::sync::Arc;

use jiff::Timestamp;

use crate::demand::{CompiledDemand, Tally};
use crate::{
    Against, Allowed, Claim, Class, Decision, Evidence, FileFact, NotVouched, Objection, PartyName, Pin, Policy, Reason,
    ReferenceTime, Standing, Track, Vouched, Vouches, Withheld, Worth, WrittenBy,
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

/// What one decision is about.
#[derive(Clone, Copy)]
struct Case<'a> {
    policy: &'a Policy,
    demand: &'a Arc<CompiledDemand>,
    file: &'a FileFact,
    about: &'a Evidence,
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
        self.decide_with(&Arc::new(self.compiled(scope)), &Arc::new(file.clone()), about, now)
    }

    pub(crate) fn decide_with(
        &self,
        demand: &Arc<CompiledDemand>,
        file: &Arc<FileFact>,
        about: &Evidence,
        now: ReferenceTime,
    ) -> Decision {
        let case = Case { policy: self, demand, file, about };
        match case.judge(now) {
            Judgement::Pass { reasons, valid_until } => {
                let reasons = case.with_others(reasons, now);
                Decision::Allow(Allowed { file: Arc::clone(file), reasons, valid_until })
            }
            Judgement::Stop { reasons, moments } => {
                let class = reasons.iter().filter_map(Reason::class).max().unwrap_or(Class::Undecided);
                let until = case.first_pass(moments, now);
                Decision::Withhold(Withheld { file: Arc::clone(file), reasons: case.with_others(reasons, now), class, until })
            }
        }
    }
}

impl Case<'_> {
    fn judge(&self, now: ReferenceTime) -> Judgement {
        let Self { policy, demand, file, about } = self;
        let source = &about.source;
        let claim = about.claims.get(source).unwrap_or(&Claim::Silent);
        if let Some(reason) = self.hostile(source, claim) {
            return stop(reason);
        }
        let sources = policy.sources_for(&file.project);
        // The built-in rules forbid no source: what installers are configured to use is learned.
        if policy.written_by == WrittenBy::User && !sources.is_empty() && !sources.contains(source) {
            return stop(Reason::NotItsSource { source: source.clone(), expected: sources.to_vec() });
        }
        let pin = match self.source_pin(source, claim) {
            Ok(pin) => pin,
            Err(reason) => return stop(*reason),
        };
        if file.sha256.is_none() {
            return stop(Reason::NoDigest { source: source.clone() });
        }
        if demand.is_empty() && self.age_is_plain() {
            return self.judge_age(None, pin, now);
        }
        let tally = demand.tally(file, about, now);
        match self.vetoed(&tally, now).or_else(|| self.missing(&tally, now)).or_else(|| self.wrong_track(source, claim)) {
            Some(judgement) => judgement,
            None => self.judge_age(Some(&tally), pin, now),
        }
    }

    /// Whether the source, or somebody whom the demand names, contradicts, or the source's signatures do not hold.
    fn hostile(&self, source: &PartyName, claim: &Claim) -> Option<Reason> {
        if let Claim::NotVouched(why) = claim
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
        if let Some(reason) = contradicts(source, Some(claim)) {
            return Some(reason);
        }
        // Nearly always nobody does, and then names need not be compared.
        let any = self.demand.named != 0 && self.about.claims.values().any(|claim| matches!(claim, Claim::Contradicts(_)));
        let mut named = self.demand.names(if any { self.demand.named } else { 0 });
        named.find_map(|name| contradicts(name, self.about.claims.get(name)))
    }

    /// What is recorded of a file that its source vouches for or, an upstream, has pinned.
    fn source_pin(&self, source: &PartyName, claim: &'_ Claim) -> Result<&Pin, Box<Reason>> {
        // Of a repository only its vouch for this very file counts; nobody else's is one.
        match self.about.claims.get(source) {
            Some(Claim::Vouched(vouches)) if self.policy.upstream(source).is_none() => {
                vouches.pin(self.file).ok_or_else(|| Box::new(Reason::NotListed { source: source.clone() }))
            }
            Some(Claim::Pinned(pin)) if self.policy.repository(source).is_none() => Ok(pin),
            _ => Err(Box::new(match claim {
                Claim::Pinned(_) => Reason::NotVouched { party: source.clone(), why: Box::new(NotVouched::OnlyPinned) },
                Claim::NotVouched(why) => Reason::NotVouched { party: source.clone(), why: why.clone() },
                Claim::Unavailable(unavailable) => {
                    Reason::Unavailable { source: source.clone(), problem: unavailable.problem.clone() }
                }
                Claim::Silent | Claim::Contradicts(_) | Claim::Vouched(_) => Reason::NotListed { source: source.clone() },
            })),
        }
    }

    /// Whether somebody with a veto objects, or could not be asked.
    fn vetoed(&self, tally: &Tally, now: ReferenceTime) -> Option<Judgement> {
        if self.demand.veto == 0 {
            return None;
        }
        let source = self.source_vouches();
        let against = |objection: &&Objection| {
            objection.is_active(now) && self.demand.has_veto(&objection.party) && objection.is_against(self.file, source)
        };
        let mut objections: Vec<_> = self.about.objections.iter().filter(against).collect();
        if self.source_is_left(&objections) {
            objections.retain(|objection| !matches!(objection.against, Against::Author(_)));
        }
        let unheard = self.demand.names(self.demand.veto & tally.unavailable);
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
        match self.about.claims.get(&self.about.source) {
            Some(Claim::Vouched(vouches)) => Some(vouches),
            _ => None,
        }
    }

    fn wrong_track(&self, source: &PartyName, claim: &Claim) -> Option<Judgement> {
        let Claim::Vouched(vouches) = claim else { return None };
        let is_latest = |vouched: &Vouched| matches!(vouched.worth(), Worth::Index { track: Some(Track::Latest), .. });
        let latest = vouches.about(self.file).all(is_latest);
        (self.demand.track == Some(Track::Stable) && latest).then(|| stop(Reason::NotStable { source: source.clone() }))
    }

    /// The first of some moments at which the file passes.
    fn first_pass(&self, mut moments: Vec<Timestamp>, now: ReferenceTime) -> Option<Timestamp> {
        moments.retain(|moment| now < *moment);
        moments.sort();
        moments.dedup();
        moments.into_iter().find(|moment| matches!(self.judge(*moment), Judgement::Pass { .. }))
    }

    /// Why a party does not count, in the order in which that is looked at.
    fn standing(&self, name: &PartyName, now: ReferenceTime) -> Standing {
        missing::standing(self.demand, name, self.file, self.about, now)
    }

    /// The reasons, and after them who vouches, and what others than the source say against the file.
    fn with_others(&self, mut reasons: Vec<Reason>, now: ReferenceTime) -> Vec<Reason> {
        let Self { demand, file, about, .. } = self;
        if let Some(vouched) = self.source_vouches().and_then(|vouches| vouches.about(file).next()) {
            let (party, chain) = (about.source.clone(), Arc::clone(vouched.chain()));
            reasons.push(Reason::Vouched { party, worth: vouched.worth(), chain });
        }
        let told = match reasons.first() {
            Some(Reason::Contradicted { party, .. }) => Some(party.clone()),
            _ => None,
        };
        for (party, claim) in &about.claims {
            match claim {
                Claim::Contradicts(what) if *party != about.source && told.as_ref() != Some(party) => {
                    reasons.push(Reason::OtherContradicts { party: party.clone(), what: what.clone() });
                }
                Claim::NotVouched(why) if why.class() == Class::Hostile && *party != about.source => {
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
