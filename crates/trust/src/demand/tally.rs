//! What evidence says about one file, counted: who vouches, who cannot be heard, who contradicts, who objects.

use std::cmp::Ordering;
use std::collections::btree_map::Iter;
use std::iter::Peekable;

use jiff::Timestamp;

use super::{CompiledDemand, Conflicts, Participant, Parties, bit, positions};
use crate::{Against, Claim, Class, Evidence, FileFact, Objection, Origin, PartyName, ReferenceTime, Vouched};

/// What evidence says about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Who vouches.
    pub(crate) vouching: Parties,
    /// Who adds to a score: whoever vouches, and a source that is pinned.
    pub(crate) scoring: Parties,
    /// What each adds, in thousandths.
    pub(crate) weights: Vec<u32>,
    /// Who could not be heard, or not lately enough.
    pub(crate) unavailable: Parties,
    /// Who contradicts.
    pub(crate) contradicting: Parties,
    /// Who shares an origin with whom, where anybody does.
    pub(crate) conflicts: Option<Conflicts>,
    /// The earliest attested time of the file.
    pub(crate) attested: Option<Timestamp>,
    /// Until when all this is so without new evidence.
    pub(crate) until: Option<Timestamp>,
}

/// What one party says.
pub(crate) enum Voice<'a> {
    Vouches(&'a Vouched),
    Pinned,
    Contradicts,
    Unavailable,
    /// It has not been heard of for too long.
    Stale,
    Silent,
}

impl CompiledDemand {
    /// Counts evidence.
    pub(crate) fn tally(&self, file: &FileFact, about: &Evidence, now: ReferenceTime) -> Tally {
        let mut tally = Tally {
            vouching: 0,
            scoring: 0,
            weights: vec![0; self.parties.len()],
            unavailable: 0,
            contradicting: 0,
            conflicts: None,
            attested: None,
            until: None,
        };
        let void = self.void_authors(about, now);
        let mut marks: Vec<(u64, usize)> = Vec::with_capacity(self.parties.len());
        let mut claims = about.claims.iter().peekable();
        for (at, party) in self.parties.iter().enumerate() {
            let claim = claim_of(&party.name, &mut claims);
            match voice(party, claim, file, about, now) {
                Voice::Vouches(vouched) if self.counted & bit(at) != 0 => {
                    if party.name != about.source && void.iter().any(|author| vouched.origins().contains(author)) {
                        continue;
                    }
                    let Some(weight) = party.vouched(vouched.worth()) else { continue };
                    tally.vouch(at, weight.thousandths());
                    tally.attested = tally.attested.into_iter().chain(vouched.attested()).min();
                    tally.until = tally.until.into_iter().chain(vouched.until()).min();
                    marks.extend(vouched.origins().marks().iter().map(|mark| (*mark, at)));
                }
                Voice::Pinned if self.counted & bit(at) != 0 && party.name == about.source => {
                    let Some(weight) = party.pinned() else { continue };
                    tally.weigh(at, weight.thousandths());
                }
                Voice::Vouches(_) | Voice::Pinned | Voice::Silent => {}
                Voice::Contradicts => tally.contradicting |= bit(at),
                Voice::Unavailable | Voice::Stale => tally.unavailable |= bit(at),
            }
            tally.until = tally.until.into_iter().chain(stale_from(party, about).filter(|from| now < *from)).min();
        }
        tally.conflicts = conflicts(marks, self, about);
        tally
    }

    /// Authors against whom somebody with a veto objects: what others vouch for on their word counts nothing.
    fn void_authors<'a>(&self, about: &'a Evidence, now: ReferenceTime) -> Vec<&'a Origin> {
        let author = |objection: &'a Objection| match &objection.against {
            Against::Author(author) if objection.is_active(now) && self.has_veto(&objection.party) => Some(author),
            _ => None,
        };
        about.objections.iter().filter_map(author).collect()
    }

    pub(crate) fn has_veto(&self, name: &PartyName) -> bool {
        self.veto != 0 && self.names(self.veto).any(|party| party == name)
    }
}

impl Tally {
    fn vouch(&mut self, at: usize, weight: u32) {
        self.vouching |= bit(at);
        self.weigh(at, weight);
    }

    fn weigh(&mut self, at: usize, weight: u32) {
        self.scoring |= bit(at);
        if let Some(own) = self.weights.get_mut(at) {
            *own = weight;
        }
    }

    /// The largest sum of weights over vouches no two of which share an origin. `None` if that takes too long to find out.
    pub(crate) fn score(&self) -> Option<u64> {
        self.heaviest().map(|(score, _)| score)
    }

    /// The score, and whose vouches make it up.
    pub(crate) fn heaviest(&self) -> Option<(u64, Parties)> {
        match &self.conflicts {
            None => Some((self.weights.iter().map(|weight| u64::from(*weight)).sum(), self.scoring)),
            Some(conflicts) => conflicts.heaviest(self.scoring, &|at| self.weight(at)),
        }
    }

    /// Who adds less than all its weight.
    pub(crate) fn lighter(&self, demand: &CompiledDemand) -> Parties {
        let lighter = |at: &usize| self.weight(*at) < u64::from(demand.heaviest(*at).thousandths());
        (0..demand.parties.len()).filter(lighter).fold(0, |set, at| set | bit(at))
    }

    pub(crate) fn weight(&self, at: usize) -> u64 {
        self.weights.get(at).map_or(0, |weight| u64::from(*weight))
    }

    /// As if these vouched too, each with all its weight and on an origin of its own.
    pub(crate) fn with(&self, parties: Parties, demand: &CompiledDemand) -> Self {
        let mut tally = self.clone();
        for at in positions(parties & demand.counted & !self.vouching) {
            tally.vouch(at, demand.heaviest(at).thousandths());
        }
        tally
    }

    /// As if of those who count only these did.
    pub(crate) fn only(&self, parties: Parties) -> Self {
        let weights = self.weights.iter().enumerate().map(|(at, weight)| if parties & bit(at) == 0 { 0 } else { *weight });
        let weights = weights.collect();
        Self { vouching: self.vouching & parties, scoring: self.scoring & parties, weights, ..self.clone() }
    }
}

/// What a party says about a file now.
pub(crate) fn voice<'a>(
    party: &Participant,
    claim: Option<&'a Claim>,
    file: &FileFact,
    about: &Evidence,
    now: ReferenceTime,
) -> Voice<'a> {
    let stale = || party.max_stale.is_some() && stale_from(party, about).is_none_or(|from| from <= now);
    match claim {
        Some(Claim::Contradicts(_)) => Voice::Contradicts,
        Some(Claim::Unavailable(_)) => Voice::Unavailable,
        Some(Claim::NotVouched(why)) if why.class() != Class::Refused => Voice::Unavailable,
        _ if stale() => Voice::Stale,
        Some(Claim::Vouched(vouched)) if vouched.is_about(file) && vouched.until().is_none_or(|until| now < until) => {
            Voice::Vouches(vouched)
        }
        Some(Claim::Pinned(_)) => Voice::Pinned,
        Some(Claim::Vouched(_) | Claim::NotVouched(_) | Claim::Silent) | None => Voice::Silent,
    }
}

/// The next claim if it is this party's. Parties and claims are both in the order of names.
fn claim_of<'a>(name: &PartyName, claims: &mut Peekable<Iter<'a, PartyName, Claim>>) -> Option<&'a Claim> {
    loop {
        match claims.peek()?.0.compare(name) {
            Ordering::Less => claims.next(),
            Ordering::Equal => return claims.next().map(|(_, claim)| claim),
            Ordering::Greater => return None,
        };
    }
}

/// From when on a party has not been heard of for too long.
fn stale_from(party: &Participant, about: &Evidence) -> Option<Timestamp> {
    let max_stale = party.max_stale?;
    Some(about.heard.get(&party.name)?.checked_add(max_stale).unwrap_or(Timestamp::MAX))
}

/// Who shares an origin with whom, if anybody does.
fn conflicts(mut marks: Vec<(u64, usize)>, demand: &CompiledDemand, about: &Evidence) -> Option<Conflicts> {
    marks.sort_unstable();
    let shared = |(one, other): &(&(u64, usize), &(u64, usize))| one.0 == other.0 && one.1 != other.1;
    marks.iter().zip(marks.iter().skip(1)).find(shared)?;
    let origins = |at: usize| match about.claims.get(&demand.parties.get(at)?.name) {
        Some(Claim::Vouched(vouched)) => Some(vouched.origins()),
        _ => None,
    };
    let mut conflicts = Conflicts::none(demand.parties.len());
    for group in marks.chunk_by(|one, other| one.0 == other.0) {
        for (at, (_, one)) in group.iter().enumerate() {
            for (_, other) in group.iter().skip(at + 1) {
                let noted = conflicts.rivals(*one) & bit(*other) != 0;
                if !noted && origins(*one).zip(origins(*other)).is_some_and(|(one, other)| one.meets(other)) {
                    conflicts.add(*one, *other);
                }
            }
        }
    }
    Some(conflicts)
}
