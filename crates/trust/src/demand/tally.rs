//! What evidence says about one file, counted: who vouches, who cannot be heard, who contradicts, who objects.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::shared::{Alternative, Choice, Count};
use super::{CompiledDemand, Participant, Parties, Shared, bit, positions};
use crate::{
    About, Against, Author, Claim, Claims, Class, FileFact, Objection, PartyName, ReferenceTime, Vouched, Vouches, limits,
};

/// What evidence says about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Who vouches.
    pub(crate) vouching: Parties,
    /// Who adds to a score: whoever vouches, and a source that is pinned.
    pub(crate) scoring: Parties,
    /// What each adds at most: by its heaviest alternative.
    counts: Vec<Count>,
    /// Who could not be heard, or not lately enough.
    pub(crate) unavailable: Parties,
    /// Who contradicts.
    pub(crate) contradicting: Parties,
    /// Who shares an origin with whom, where anybody does.
    pub(crate) shared: Option<Shared>,
    /// The earliest attested time of the file.
    pub(crate) attested: Option<Timestamp>,
    /// Until when all this is so without new evidence.
    pub(crate) until: Option<Timestamp>,
}

/// Whose vouches make up the score, and how each counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Score<'a> {
    /// In thousandths.
    pub(crate) sum: u64,
    tally: &'a Tally,
    /// Of those who share origins.
    choice: Option<(&'a Shared, Choice)>,
}

/// Where the claims of a demand's parties stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Places {
    /// Of each party, behind the last claim where it has none; and from when on it has not been heard of for too long.
    parties: Vec<(usize, Option<Timestamp>)>,
    /// Which of the parties the source is.
    source: Option<usize>,
}

impl Places {
    pub(crate) fn new(demand: &CompiledDemand, about: About<'_>) -> Self {
        let mut rest = about.claims.parties().iter().enumerate().peekable();
        let place = |party: &Participant| {
            while rest.next_if(|(_, name)| **name < party.name).is_some() {}
            let claim = rest.next_if(|(_, name)| **name == party.name).map_or(usize::MAX, |(at, _)| at);
            (claim, stale_from(party, about.heard))
        };
        let source = demand.parties.iter().position(|party| party.name == *about.source);
        Self { parties: demand.parties.iter().map(place).collect(), source }
    }

    /// What each party says.
    pub(crate) fn voices<'a>(
        &'a self,
        demand: &'a CompiledDemand,
        claims: &'a Claims,
        file: &'a FileFact,
        now: ReferenceTime,
    ) -> impl Iterator<Item = Voice<'a>> {
        let parties = demand.parties.iter().zip(&self.parties);
        parties.map(move |(party, (claim, stale_from))| voice(party, *stale_from, claims.at(*claim), file, now))
    }

    /// What the party at a position claims.
    fn claim<'a>(&self, at: usize, claims: &'a Claims) -> Option<&'a Claim> {
        claims.at(self.parties.get(at)?.0)
    }

    fn stale_from(&self, at: usize) -> Option<Timestamp> {
        self.parties.get(at)?.1
    }
}

/// What one party says.
pub(crate) enum Voice<'a> {
    Vouches(&'a Vouches),
    Pinned,
    Contradicts,
    Unavailable,
    /// It has not been heard of for too long.
    Stale,
    Silent,
}

impl CompiledDemand {
    /// Counts evidence.
    pub(crate) fn tally(&self, file: &FileFact, about: About<'_>, places: &Places, now: ReferenceTime) -> Tally {
        let mut tally = Tally::nobody(self.parties.len());
        let void = self.void_authors(about, now);
        let mut alternatives: Vec<Alternative<'_>> = Vec::with_capacity(self.parties.len());
        for (at, party) in self.parties.iter().enumerate() {
            let is_source = places.source == Some(at);
            let stale_from = places.stale_from(at);
            match voice(party, stale_from, places.claim(at, about.claims), file, now) {
                Voice::Vouches(vouches) if self.counted & bit(at) != 0 => {
                    let from = alternatives.len();
                    for vouched in counting(vouches, file, &void, is_source, now) {
                        let Some(weight) = party.vouched(vouched.worth()) else { continue };
                        let count = Count { weight: weight.thousandths(), worth: Some(vouched.worth()) };
                        alternatives.push(Alternative { party: at, count, origins: vouched.origins() });
                        tally.attested = tally.attested.into_iter().chain(vouched.attested()).min();
                        tally.until = tally.until.into_iter().chain(vouched.until()).min();
                    }
                    keep_best(&mut alternatives, from);
                    if let Some(heaviest) = alternatives.get(from) {
                        tally.vouch(at, heaviest.count);
                    }
                }
                Voice::Pinned if self.counted & bit(at) != 0 && is_source => {
                    let Some(weight) = party.pinned() else { continue };
                    tally.weigh(at, Count { weight: weight.thousandths(), worth: None });
                }
                Voice::Vouches(_) | Voice::Pinned | Voice::Silent => {}
                Voice::Contradicts => tally.contradicting |= bit(at),
                Voice::Unavailable | Voice::Stale => tally.unavailable |= bit(at),
            }
            tally.until = tally.until.into_iter().chain(stale_from.filter(|from| now < *from)).min();
        }
        tally.shared = Shared::find(&alternatives);
        tally
    }

    /// Authors against whom somebody with a veto objects: what others vouch for on their word counts nothing.
    fn void_authors<'a>(&self, about: About<'a>, now: ReferenceTime) -> Vec<&'a Author> {
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
    /// Of so many parties none says anything.
    pub(crate) fn nobody(parties: usize) -> Self {
        Self {
            vouching: 0,
            scoring: 0,
            counts: vec![Count::default(); parties],
            unavailable: 0,
            contradicting: 0,
            shared: None,
            attested: None,
            until: None,
        }
    }

    fn vouch(&mut self, at: usize, count: Count) {
        self.vouching |= bit(at);
        self.weigh(at, count);
    }

    fn weigh(&mut self, at: usize, count: Count) {
        self.scoring |= bit(at);
        if let Some(own) = self.counts.get_mut(at) {
            *own = count;
        }
    }

    /// The largest sum over a choice of at most one alternative of each party, no two of which share an origin. `None` if that takes
    /// too long to find out.
    pub(crate) fn score(&self) -> Option<Score<'_>> {
        let (apart, choice) = match &self.shared {
            Some(shared) if shared.parties & self.scoring != 0 => {
                (self.scoring & !shared.parties, Some((shared, shared.heaviest(self.scoring)?)))
            }
            _ => (self.scoring, None),
        };
        let sum = positions(apart).map(|at| self.weight(at)).sum::<u64>() + choice.as_ref().map_or(0, |(_, choice)| choice.sum);
        Some(Score { sum, tally: self, choice })
    }

    /// Who adds less than all its weight.
    pub(crate) fn lighter(&self, demand: &CompiledDemand) -> Parties {
        let lighter = |at: &usize| self.weight(*at) < u64::from(demand.heaviest(*at).thousandths());
        (0..demand.parties.len()).filter(lighter).fold(0, |set, at| set | bit(at))
    }

    /// What a party adds at most.
    pub(crate) fn weight(&self, at: usize) -> u64 {
        self.counts.get(at).map_or(0, |count| u64::from(count.weight))
    }

    /// As if these vouched too, each with all its weight and on an origin of its own.
    pub(crate) fn with(&self, parties: Parties, demand: &CompiledDemand) -> Self {
        self.raised(parties & !self.vouching, demand)
    }

    /// As if these vouched too, or with all their weight. Of those who share an origin, what they vouch with stays what it is.
    pub(crate) fn raised(&self, parties: Parties, demand: &CompiledDemand) -> Self {
        let mut tally = self.clone();
        for at in positions(parties & demand.counted) {
            tally.vouch(at, Count { weight: demand.heaviest(at).thousandths(), worth: None });
        }
        tally
    }

    /// As if of those who count only these did.
    pub(crate) fn only(&self, parties: Parties) -> Self {
        Self { vouching: self.vouching & parties, scoring: self.scoring & parties, ..self.clone() }
    }
}

impl Score<'_> {
    /// What a party adds, if it does.
    pub(crate) fn count(&self, at: usize) -> Option<Count> {
        match &self.choice {
            _ if self.tally.scoring & bit(at) == 0 => None,
            Some((shared, choice)) if shared.parties & bit(at) != 0 => shared.count(choice, at),
            _ => self.tally.counts.get(at).copied(),
        }
    }

    /// As what a party could add more, if somebody with whom it shares an origin were not counted.
    pub(crate) fn in_the_way(&self, at: usize) -> Option<(Count, usize)> {
        let (shared, choice) = self.choice.as_ref()?;
        shared.in_the_way(choice, at, self.count(at))
    }
}

/// The alternatives that count for a file now: not ended, and not on the word of an author against whom somebody with a veto objects. If
/// that leaves nothing of what the source itself vouches with, the veto says so.
fn counting<'a>(
    vouches: &'a Vouches,
    file: &FileFact,
    void: &[&Author],
    is_source: bool,
    now: ReferenceTime,
) -> impl Iterator<Item = &'a Vouched> {
    let is_void = |vouched: &Vouched| void.iter().any(|author| vouched.origins().rest_on(author));
    let all = is_source && vouches.about(file).all(is_void);
    vouches.iter().filter(move |vouched| vouched.holds(file, now) && (all || !is_void(vouched)))
}

/// Of a party's alternatives, from a position on, those that no other one outdoes; the heaviest first, and no more than are looked at.
pub(super) fn keep_best(alternatives: &mut Vec<Alternative<'_>>, from: usize) {
    let Some(own) = alternatives.get_mut(from..).filter(|own| own.len() > 1) else { return };
    own.sort_by_key(|one| (std::cmp::Reverse(one.count.weight), one.origins.iter().count()));
    let mut kept: Vec<Alternative<'_>> = Vec::new();
    for one in own.iter() {
        // Those before it are as heavy at least.
        if kept.len() < limits::ALTERNATIVES && !kept.iter().any(|other| other.origins.are_within(one.origins)) {
            kept.push(*one);
        }
    }
    alternatives.truncate(from);
    alternatives.append(&mut kept);
}

/// What a party says about a file now.
pub(crate) fn voice<'a>(
    party: &Participant,
    stale_from: Option<Timestamp>,
    claim: Option<&'a Claim>,
    file: &FileFact,
    now: ReferenceTime,
) -> Voice<'a> {
    let stale = || party.max_stale.is_some() && stale_from.is_none_or(|from| from <= now);
    match claim {
        Some(Claim::Contradicts(_)) => Voice::Contradicts,
        Some(Claim::Unavailable(_)) => Voice::Unavailable,
        Some(Claim::NotVouched(why)) if why.class() != Class::Refused => Voice::Unavailable,
        _ if stale() => Voice::Stale,
        Some(Claim::Vouched(vouches)) if vouches.hold(file, now) => Voice::Vouches(vouches),
        Some(Claim::Pinned(_)) => Voice::Pinned,
        Some(Claim::Vouched(_) | Claim::NotVouched(_) | Claim::Silent) | None => Voice::Silent,
    }
}

/// From when on a party has not been heard of for too long.
pub(crate) fn stale_from(party: &Participant, heard: &BTreeMap<PartyName, Timestamp>) -> Option<Timestamp> {
    let max_stale = party.max_stale?;
    Some(heard.get(&party.name)?.checked_add(max_stale).unwrap_or(Timestamp::MAX))
}
