//! The whole account of a demand: who makes it hold or could, and what each party that has a say says.

use std::fmt;
use std::sync::Arc;

use affineur_packaging::text::printable;
use affineur_tuf::Chain;
use jiff::Timestamp;

use super::Explanation;
use crate::demand::{CompiledDemand, Places, Tally, bit};
use crate::text::{minute, thousandths};
use crate::{Claim, Evidence, FileFact, PartyName, Policy, ReferenceTime, Standing, Vouched, Worth, decide, limits};

/// Why a demand holds for a file or does not, and what each party that has a say says about the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Who makes it hold, or would.
    pub explanation: Explanation,
    /// Each party that has a say, by name.
    pub parties: Vec<PartySays>,
}

/// What one party says about a file, and what that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartySays {
    /// Who.
    pub party: PartyName,
    /// What.
    pub says: Says,
    /// What that adds to a score, in thousandths.
    pub weight: u64,
    /// What it could add at most, in thousandths.
    pub heaviest: u64,
    /// Who is counted in its place, where both rest on the same origin.
    pub same_origin_as: Option<PartyName>,
}

/// What a party says about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// It vouches, in one way or several.
    Vouches(Vec<Statement>),
    /// It is an upstream whose digest was pinned.
    Pinned,
    /// It does not count: why.
    Nothing(Standing),
}

/// One way in which a party vouches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// As what.
    pub worth: Worth,
    /// Through which roles.
    pub chain: Arc<Chain>,
    /// When it ends, if it does before its repository's metadata do.
    pub until: Option<Timestamp>,
}

impl Policy {
    /// The account of the demand on a file; `None` where nobody besides the source has to vouch.
    #[must_use]
    pub fn account(&self, file: &FileFact, about: &Evidence, now: ReferenceTime) -> Option<Account> {
        let demand = Arc::new(self.compiled(self.scope_position(&file.project)));
        if !demand.asks_for_vouches() {
            return None;
        }
        let tally = demand.tally(file, about.about(), &Places::new(&demand, about.about()), now);
        let score = tally.score();
        let counted = |at: usize| match &score {
            Some(score) => score.count(at).map_or(0, |count| u64::from(count.weight)),
            None => tally.weight(at),
        };
        let in_the_way = |at: usize| Some(score.as_ref()?.in_the_way(at)?.1);
        let says = |at: usize, party: &PartyName| PartySays {
            party: party.clone(),
            says: says(&demand, &tally, at, (party, file, about, now)),
            weight: counted(at),
            heaviest: demand.heaviest(at).thousandths().into(),
            same_origin_as: in_the_way(at).and_then(|other| Some(demand.parties.get(other)?.name.clone())),
        };
        let parties = demand.parties.iter().enumerate().map(|(at, party)| says(at, &party.name)).collect();
        Some(Account { explanation: self.explain(file, about, now), parties })
    }
}

fn says(
    demand: &CompiledDemand,
    tally: &Tally,
    at: usize,
    (party, file, about, now): (&PartyName, &FileFact, &Evidence, ReferenceTime),
) -> Says {
    match about.claims.get(party) {
        Some(Claim::Vouched(vouches)) if tally.vouching & bit(at) != 0 => {
            let statement = |vouched: &Vouched| Statement {
                worth: vouched.worth(),
                chain: Arc::clone(vouched.chain()),
                until: vouched.until(),
            };
            Says::Vouches(vouches.iter().filter(|vouched| vouched.holds(file, now)).map(statement).collect())
        }
        Some(Claim::Pinned(_)) if tally.scoring & bit(at) != 0 => Says::Pinned,
        _ => Says::Nothing(decide::standing(demand, party, file, about.about(), now)),
    }
}

impl Account {
    /// Whether the demand holds.
    #[must_use]
    pub const fn holds(&self) -> bool {
        matches!(self.explanation, Explanation::Met { .. } | Explanation::NothingAsked)
    }

    fn write_sets(&self, f: &mut fmt::Formatter<'_>, sets: &[Vec<PartyName>], more: bool) -> fmt::Result {
        if sets.is_empty() {
            return writeln!(f, "not enough, and if everybody vouched it would not be either");
        }
        writeln!(f, "not enough; it would be with the vouches of")?;
        for (at, set) in sets.iter().enumerate() {
            let members: Vec<String> = set.iter().map(|name| self.with_weight(name)).collect();
            writeln!(f, "  {}{}", if at == 0 { "" } else { "or " }, members.join(" and "))?;
        }
        if more { writeln!(f, "  or others") } else { Ok(()) }
    }

    fn with_weight(&self, name: &PartyName) -> String {
        match self.parties.iter().find(|says| says.party == *name).map(|says| says.heaviest) {
            Some(heaviest) if heaviest > 0 => format!("{name} (up to {})", thousandths(heaviest)),
            _ => name.to_string(),
        }
    }
}

/// Several lines of printable ASCII: who is needed, then what each party says, with the keys of those who vouch.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let needed: Vec<&PartyName> = match &self.explanation {
            Explanation::Met { coalition } => coalition.iter().map(|counted| &counted.party).collect(),
            Explanation::Missing { .. } | Explanation::NothingAsked => Vec::new(),
        };
        let (needed, others): (Vec<_>, Vec<_>) = self.parties.iter().partition(|says| needed.contains(&&says.party));
        match &self.explanation {
            Explanation::Missing { sets, more } => self.write_sets(f, sets, *more)?,
            Explanation::Met { .. } => writeln!(f, "enough together, and none of them could be left out:")?,
            Explanation::NothingAsked => {}
        }
        needed.iter().try_for_each(|says| write!(f, "{says}"))?;
        if !others.is_empty() {
            writeln!(f, "{}", if needed.is_empty() { "who says what:" } else { "the others:" })?;
        }
        others.iter().try_for_each(|says| write!(f, "{says}"))
    }
}

impl fmt::Display for PartySays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { party, says, weight, heaviest, same_origin_as } = self;
        match says {
            Says::Vouches(_) => write!(f, "  {party} vouches")?,
            Says::Pinned => write!(f, "  {party} is pinned")?,
            Says::Nothing(standing) => write!(f, "  {party} {standing}")?,
        }
        let (counts, most) = (thousandths(*weight), thousandths(*heaviest));
        match says {
            _ if *heaviest == 0 => {}
            Says::Nothing(_) => write!(f, ", could count {most}")?,
            _ if weight == heaviest => write!(f, ", counts {counts}")?,
            _ => write!(f, ", counts {counts} of at most {most}")?,
        }
        same_origin_as.as_ref().map_or(Ok(()), |with| write!(f, " (same origin as {with})"))?;
        writeln!(f)?;
        match says {
            Says::Vouches(statements) => statements.iter().try_for_each(|statement| statement.fmt(f)),
            Says::Pinned | Says::Nothing(_) => Ok(()),
        }
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "    {}", self.worth)?;
        self.until.map_or(Ok(()), |until| write!(f, " until {}", minute(until)))?;
        writeln!(f, ", signed by")?;
        self.chain.steps().iter().try_for_each(|step| {
            let shown = |text: &str| printable(text, limits::ROLE_CHARACTERS);
            let keys: Vec<String> = step.keyids.iter().map(|key| shown(key.as_str())).collect();
            let role = shown(step.role.as_str());
            writeln!(f, "      {role} v{}, {} of these keys: {}", step.version, step.threshold, keys.join(", "))
        })
    }
}
