//! Which vouches are missing, in words; and who makes up what is there.

use super::{Case, Judgement};
use crate::demand::{CompiledDemand, Count, Met, Parties, Score, Tally, Tree, Voice, bit, positions, stale_from, voice};
use crate::{About, Claim, FileFact, MilliTrust, Missing, PartyName, Reason, ReferenceTime, Standing, Vouched};

impl Case<'_> {
    /// What is missing for the demand to be met. What no answer of those who could not be heard would change is refused; the rest is
    /// undecided.
    pub(super) fn missing(&self, tally: &Tally, now: ReferenceTime) -> Judgement {
        let hopeful = tally.with(tally.unavailable, self.terms.demand);
        let (definite, open): (Vec<_>, Vec<_>) = self.gaps(tally, &hopeful, now).into_iter().partition(|(reason, open)| {
            let _ = reason;
            !open
        });
        let gaps = if definite.is_empty() { open } else { definite };
        let moments = if self.about.objections.is_empty() { Vec::new() } else { self.moments(tally, now) };
        Judgement::Stop { reasons: gaps.into_iter().map(|(reason, _)| reason).collect(), moments }
    }

    /// Each part of the demand that is not met, and whether those who could not be heard could change that.
    fn gaps(&self, tally: &Tally, hopeful: &Tally, now: ReferenceTime) -> Vec<(Reason, bool)> {
        let demand = self.terms.demand;
        let mut gaps = Vec::new();
        for name in demand.names(demand.require & !tally.vouching) {
            let open = demand.names(tally.unavailable).any(|unheard| unheard == name);
            let standing = self.standing(name, now);
            gaps.push((Reason::RequiredMissing { party: name.clone(), standing, undecided: open }, open));
        }
        if demand.rule_met(tally) != Met::Yes
            && let Some(rule) = self.terms.rule()
        {
            let open = demand.rule_met(hopeful) != Met::No;
            let named = demand.rule.as_ref().map_or(0, Tree::parties);
            let mut absent = self.absent(named & !tally.vouching, now);
            absent.extend(self.sharing(named & tally.vouching, tally));
            gaps.push((Reason::RuleMissing { rule: rule.to_string(), missing: Missing { absent, undecided: open } }, open));
        }
        if demand.score_met(tally) != Met::Yes {
            let open = demand.score_met(hopeful) != Met::No;
            let score = tally.score();
            let missing =
                Missing { absent: score.iter().flat_map(|score| self.short(score, tally, now)).collect(), undecided: open };
            let score = score.map_or(0, |score| score.sum);
            gaps.push((Reason::ScoreMissing { score, minimum: demand.minimum, missing }, open));
        }
        gaps
    }

    /// Why each of these does not count.
    fn absent(&self, set: Parties, now: ReferenceTime) -> Vec<(PartyName, Standing)> {
        self.terms.demand.names(set).map(|name| (name.clone(), self.standing(name, now))).collect()
    }

    /// Who of these vouches on an origin on which another one does too, and so does not count beside it in a `K of`.
    fn sharing(&self, set: Parties, tally: &Tally) -> Vec<(PartyName, Standing)> {
        let demand = self.terms.demand;
        let shared = tally.shared.as_ref().map_or(0, |shared| shared.parties) & set;
        let name = |at: usize| demand.parties.get(at).map(|party| &party.name);
        let score = tally.score();
        let rival = |at: usize| {
            let counted = score.as_ref().is_some_and(|score| score.count(at).is_some());
            let (_, with) = score.as_ref().filter(|_| !counted)?.in_the_way(at)?;
            Some((name(at)?.clone(), Standing::SameOrigin { with: name(with)?.clone() }))
        };
        positions(shared).filter_map(rival).collect()
    }

    /// Who adds less to a score than it could, and why.
    fn short(&self, score: &Score<'_>, tally: &Tally, now: ReferenceTime) -> Vec<(PartyName, Standing)> {
        let demand = self.terms.demand;
        let short = |at: usize| {
            let (name, heaviest) = (&demand.parties.get(at)?.name, demand.heaviest(at));
            let count = score.count(at);
            if count.map_or(0, |count| count.weight) >= heaviest.thousandths() {
                return None;
            }
            let in_the_way = score.in_the_way(at).and_then(|(other, with)| Some((other, &demand.parties.get(with)?.name)));
            let standing = match (count, in_the_way) {
                (None, Some((_, with))) => Standing::SameOrigin { with: with.clone() },
                (Some(Count { weight, worth: Some(worth) }), instead) if tally.vouching & bit(at) != 0 => {
                    let instead = instead.and_then(|(other, with)| Some((other.worth?, with.clone())));
                    Standing::Lighter { worth, weight: MilliTrust::from_sum(weight.into()), heaviest, instead }
                }
                _ => self.standing(name, now),
            };
            Some((name.clone(), standing))
        };
        positions(demand.counted).filter_map(short).collect()
    }
}

/// Why a party does not vouch.
pub(crate) fn standing(
    demand: &CompiledDemand,
    name: &PartyName,
    file: &FileFact,
    about: About<'_>,
    now: ReferenceTime,
) -> Standing {
    let Some(party) = demand.parties.iter().find(|party| party.name == *name) else { return Standing::Silent };
    let claim = about.claims.get(name);
    match (voice(party, stale_from(party, about.heard), claim, file, now), claim) {
        (Voice::Stale, _) => Standing::Stale { heard: about.heard.get(name).copied() },
        (_, Some(Claim::Unavailable(unavailable))) => Standing::Unavailable { problem: unavailable.problem.clone() },
        (_, Some(Claim::NotVouched(why))) => Standing::NotVouched { why: why.clone() },
        (_, Some(Claim::Contradicts(_))) => Standing::Contradicts,
        (Voice::Vouches(_), _) => Standing::VoidAuthor,
        (_, Some(Claim::Vouched(vouches))) => match vouches.about(file).filter_map(Vouched::until).max() {
            Some(at) => Standing::Expired { at },
            None => Standing::Silent,
        },
        (Voice::Pinned | Voice::Silent | Voice::Unavailable | Voice::Contradicts, _) => Standing::Silent,
    }
}
