//! Why a demand is met, by whom in the end, or what would have to be added: data for `affineur why`.

mod account;

use std::fmt;
use std::sync::Arc;

pub use self::account::{Account, PartySays, Says, Statement};

use crate::demand::{CompiledDemand, Met, Parties, Places, Tally, bit, positions};
use crate::text::thousandths;
use crate::{Evidence, FileFact, PartyName, Policy, ReferenceTime, Worth, limits};

/// What makes a demand hold, or what would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Explanation {
    /// Nobody besides the source has to vouch.
    NothingAsked,
    /// It holds: without any one of these it would not.
    Met {
        /// Who, and what each adds.
        coalition: Vec<Counted>,
    },
    /// It does not hold, and would if all parties of one of these sets vouched too, or as strongly as they can.
    Missing {
        /// The smallest sets, smallest first. Empty if not even everybody's vouch would do.
        sets: Vec<Vec<PartyName>>,
        /// Whether there may be more of them.
        more: bool,
    },
}

/// What a party adds to a score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Who.
    pub party: PartyName,
    /// How much, in thousandths.
    pub weight: u64,
    /// As what it vouches, of its alternatives; `None` for a source that is pinned, and where origins only matter to a rule.
    pub worth: Option<Worth>,
}

/// A demand that is met, and by which vouches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetDemand {
    demand: Arc<CompiledDemand>,
    tally: Tally,
}

impl Policy {
    /// What makes the demand on a file hold, or the smallest sets of vouches that would. Vetoes, tracks and waits are not
    /// looked at: what is missing there, the reasons say.
    #[must_use]
    pub fn explain(&self, file: &FileFact, about: &Evidence, now: ReferenceTime) -> Explanation {
        let demand = Arc::new(self.compiled(self.scope_position(&file.project)));
        if !demand.asks_for_vouches() {
            return Explanation::NothingAsked;
        }
        let about = about.about();
        let tally = demand.tally(file, about, &Places::new(&demand, about), now);
        if demand.met(&tally) == Met::Yes {
            let met = MetDemand::new(demand, tally);
            return Explanation::Met { coalition: met.weighed_coalition() };
        }
        let (sets, more) = missing(&demand, &tally);
        let names = |set| demand.names(set).cloned().collect();
        Explanation::Missing { sets: sets.into_iter().map(names).collect(), more }
    }
}

impl MetDemand {
    pub(crate) const fn new(demand: Arc<CompiledDemand>, tally: Tally) -> Self {
        Self { demand, tally }
    }

    pub(crate) const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Those who make it hold: without any one of them it would not. The lightest are left out first.
    #[must_use]
    pub fn coalition(&self) -> Vec<PartyName> {
        self.demand.names(self.smallest()).cloned().collect()
    }

    /// The coalition with what each adds to a score.
    #[must_use]
    pub fn weighed_coalition(&self) -> Vec<Counted> {
        let smallest = self.smallest();
        let alone = self.tally.only(smallest);
        let score = alone.score();
        let counted = |at: usize| {
            let count = score.as_ref().and_then(|score| score.count(at)).unwrap_or_default();
            Some(Counted { party: self.demand.parties.get(at)?.name.clone(), weight: count.weight.into(), worth: count.worth })
        };
        positions(smallest).filter_map(counted).collect()
    }

    fn smallest(&self) -> Parties {
        let mut order: Vec<_> = positions(self.tally.scoring | self.tally.vouching).collect();
        order.sort_by_key(|at| self.tally.weight(*at));
        order.into_iter().fold(self.tally.scoring | self.tally.vouching, |coalition, at| {
            let without = coalition & !bit(at);
            if self.demand.met(&self.tally.only(without)) == Met::Yes { without } else { coalition }
        })
    }
}

/// `score 2.500 of 2.500: curator-1 2.000 (audited), index 0.500 (unclaimed)`, or without a score `vouched for by index, curator-1`.
impl fmt::Display for MetDemand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let coalition = self.weighed_coalition();
        let scored = self.demand.minimum.thousandths() > 0;
        if scored {
            let (score, minimum) =
                (self.tally.score().map_or(0, |score| score.sum), u64::from(self.demand.minimum.thousandths()));
            write!(f, "score {} of {}: ", thousandths(score), thousandths(minimum))?;
        } else {
            f.write_str("vouched for by ")?;
        }
        for (at, Counted { party, weight, worth }) in coalition.iter().take(limits::SHOWN_PARTIES).enumerate() {
            write!(f, "{}{party}", if at == 0 { "" } else { ", " })?;
            if scored {
                write!(f, " {}", thousandths(*weight))?;
                worth.map_or(Ok(()), |worth| write!(f, " ({worth})"))?;
            }
        }
        match coalition.len().checked_sub(limits::SHOWN_PARTIES) {
            Some(more) if more > 0 => write!(f, " and {more} more"),
            _ => Ok(()),
        }
    }
}

/// The smallest sets of parties whose vouches would be enough, smallest first, and whether there may be more.
fn missing(demand: &CompiledDemand, tally: &Tally) -> (Vec<Parties>, bool) {
    let absent = demand.counted & able(demand) & (!tally.vouching | tally.lighter(demand));
    let enough = |set: Parties| demand.met(&tally.raised(set, demand)) == Met::Yes;
    if !enough(absent) {
        return (Vec::new(), false);
    }
    let (mut found, mut steps): (Vec<Parties>, usize) = (Vec::new(), 0);
    for size in 1..=absent.count_ones() {
        for set in Subsets::new(absent, size) {
            steps += 1;
            if steps > limits::MISSING_STEPS || found.len() >= limits::MISSING_SETS {
                return if found.is_empty() { (vec![shrunk(absent, enough)], true) } else { (found, true) };
            }
            let contains_another = found.iter().any(|other| other & !set == 0);
            if !contains_another && enough(set) {
                found.push(set);
            }
        }
    }
    (found, false)
}

/// Those who can vouch at all: everybody who is no upstream.
fn able(demand: &CompiledDemand) -> Parties {
    (0..demand.parties.len()).filter(|at| demand.can_vouch(*at)).fold(0, |set, at| set | bit(at))
}

/// One set that is enough and smallest in that nothing can be left out.
fn shrunk(set: Parties, enough: impl Fn(Parties) -> bool) -> Parties {
    positions(set).fold(set, |set, at| if enough(set & !bit(at)) { set & !bit(at) } else { set })
}

/// All subsets of one size.
struct Subsets {
    members: Vec<usize>,
    chosen: Option<Vec<usize>>,
}

impl Subsets {
    fn new(of: Parties, size: u32) -> Self {
        Self { members: positions(of).collect(), chosen: Some((0..size as usize).collect()) }
    }
}

impl Iterator for Subsets {
    type Item = Parties;

    fn next(&mut self) -> Option<Parties> {
        let chosen = self.chosen.as_mut()?;
        let set = chosen.iter().filter_map(|at| self.members.get(*at)).fold(0, |set, at| set | bit(*at));
        // The next choice: the last index that can still move, moves; those after it follow closely.
        let (count, most) = (chosen.len(), self.members.len());
        match (0..count).rev().find(|at| chosen.get(*at).is_some_and(|index| *index < most + *at - count)) {
            Some(moving) => {
                let start = chosen.get(moving).map_or(0, |index| index + 1);
                chosen.iter_mut().skip(moving).enumerate().for_each(|(offset, index)| *index = start + offset);
            }
            None => self.chosen = None,
        }
        Some(set)
    }
}

#[cfg(test)]
mod tests;
