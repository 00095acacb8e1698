//! Votes: signed ballots, of which each voter's newest counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use affineur_packaging::Sha256;
use affineur_tuf::Found;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::people::whose;
use super::statements::{CuratorFault, is_about, signed};
use super::{CuratorId, People, Person, Said, Shelf};
use crate::{FileFact, Level, Origins, ReferenceTime, Vouched, Vouches, Worth, limits};

/// What a voter thinks of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vote {
    /// Let it through.
    For,
    /// Do not.
    Against,
    /// No opinion any more.
    Withdrawn,
}

/// What a voter signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ballot {
    #[serde(rename = "_type")]
    kind: BallotKind,
    /// For which curator it is.
    pub curator: String,
    /// About which project.
    pub project: String,
    /// About which file.
    pub file: String,
    /// Its digest.
    pub sha256: String,
    /// Its length in bytes.
    pub length: u64,
    /// The vote.
    pub vote: Vote,
    /// Which of this voter's ballots about this file it is: the highest counts.
    pub serial: u64,
    /// When it was signed.
    pub issued: Timestamp,
    /// When it ends: at most [`limits::BALLOT_DAYS`] later.
    pub expires: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum BallotKind {
    #[serde(rename = "ballot")]
    Ballot,
}

/// The highest serial that was seen of each voter about a file: what whoever counts must remember, so that no withdrawn ballot comes
/// back.
pub type Seen = BTreeMap<String, u64>;

impl Ballot {
    /// A ballot about a file whose bytes are known; `None` if they are not.
    #[must_use]
    pub fn new(people: &People, file: &FileFact, vote: Vote, serial: u64, period: (Timestamp, Timestamp)) -> Option<Self> {
        Self::of(people.curator(), file, vote, serial, period)
    }

    /// The same, for a curator of whom no more is known than who it is.
    #[must_use]
    pub fn of(
        curator: CuratorId,
        file: &FileFact,
        vote: Vote,
        serial: u64,
        (issued, expires): (Timestamp, Timestamp),
    ) -> Option<Self> {
        Some(Self {
            kind: BallotKind::Ballot,
            curator: curator.to_string(),
            project: file.project.to_string(),
            file: file.name.to_string(),
            sha256: file.sha256?.to_string(),
            length: file.size?,
            vote,
            serial,
            issued,
            expires,
        })
    }

    fn is_about(&self, people: &People, found: &Found, file: &FileFact) -> bool {
        let digest = file.sha256.map(|sha256: Sha256| sha256.to_string());
        self.curator == people.curator().to_string()
            && self.project == file.project.as_str()
            && self.file == file.name.as_str()
            && Some(&self.sha256) == digest.as_ref()
            && self.length == found.target.length()
    }

    fn holds(&self, now: ReferenceTime) -> bool {
        let most = SignedDuration::from_hours(24 * limits::BALLOT_DAYS);
        self.issued <= now && now < self.expires && self.expires.duration_since(self.issued) <= most
    }
}

/// Counts the votes for a file: each voter once, by the ballot with their highest serial, whatever it says and whether or not it has
/// expired. `seen` is what earlier counts saw; it is brought up to date.
///
/// Each set of voters that is just enough is an alternative, where there are at most [`limits::ELECTORATES`] of them; else sets that
/// have no voter in common as far as possible, the voters whose ballots last longest first.
///
/// Two different ballots with one serial cancel each other: somebody has a voter's key, or the voter plays.
///
/// # Errors
/// See [`CuratorFault`].
pub fn count(
    people: &People,
    found: &Found,
    file: &FileFact,
    seen: &mut Seen,
    now: ReferenceTime,
) -> Result<Said, CuratorFault> {
    let ballots = signed(Shelf::Voted(&file.name), found, "ballots")?;
    if let Err(sha256) = is_about(found, file) {
        return Ok(Said::Contradicts { sha256 });
    }
    let mut newest: BTreeMap<&str, (&Person, Vec<Ballot>)> = BTreeMap::new();
    for ballot in &ballots {
        let Some((voter, ballot)) = whose::<Ballot>(people.voters(), ballot) else { continue };
        if !ballot.is_about(people, found, file) {
            continue;
        }
        let (_, kept) = newest.entry(voter.name()).or_insert((voter, Vec::new()));
        match kept.first().map(|first| first.serial.cmp(&ballot.serial)) {
            None | Some(std::cmp::Ordering::Less) => *kept = vec![ballot],
            Some(std::cmp::Ordering::Equal) if !kept.contains(&ballot) => kept.push(ballot),
            Some(_) => {}
        }
    }
    let mut voters = Vec::new();
    for (name, (voter, kept)) in newest {
        let Some(first) = kept.first() else { continue };
        let floor = seen.entry(name.to_owned()).or_default();
        let current = first.serial >= *floor;
        *floor = first.serial.max(*floor);
        if let [ballot] = kept.as_slice()
            && current
            && ballot.vote == Vote::For
            && ballot.holds(now)
        {
            voters.push((voter, ballot.expires));
        }
    }
    Ok(vouch(&electorates(usize::from(people.votes().get()), voters), found, file))
}

/// A voter, and until when their ballot counts.
type Voter<'a> = (&'a Person, Timestamp);

/// Sets of voters that are just enough. Empty if even all are not.
fn electorates(needed: usize, mut voters: Vec<Voter<'_>>) -> Vec<Vec<Voter<'_>>> {
    voters.sort_by_key(|(_, expires)| std::cmp::Reverse(*expires));
    if voters.len() <= needed {
        return (voters.len() == needed).then_some(voters).into_iter().collect();
    }
    if voters.len() <= limits::ELECTORATES {
        let is_enough = |set: &u32| set.count_ones() as usize == needed;
        let sets: Vec<u32> = (0..1 << voters.len()).filter(is_enough).take(limits::ELECTORATES + 1).collect();
        if sets.len() <= limits::ELECTORATES {
            let members =
                |set: u32| voters.iter().enumerate().filter(move |(at, _)| set >> at & 1 == 1).map(|(_, voter)| *voter);
            return sets.into_iter().map(|set| members(set).collect()).collect();
        }
    }
    // Neighbours in a circle: those that begin `needed` apart have no voter in common.
    let begin = (0..needed).flat_map(|from| (from..voters.len()).step_by(needed)).take(limits::ELECTORATES);
    begin.map(|from| voters.iter().cycle().skip(from).take(needed).copied().collect()).collect()
}

fn vouch(electorates: &[Vec<Voter<'_>>], found: &Found, file: &FileFact) -> Said {
    let (file, chain) = (Arc::new(file.clone()), Arc::new(found.chain.clone()));
    let mut all = electorates.iter().filter_map(|voters| {
        let mut origins = voters.iter().flat_map(|(voter, _)| voter.origins());
        Some(Vouched {
            file: Arc::clone(&file),
            worth: Worth::Curator(Level::Voted),
            origins: Origins::new(origins.next()?, origins),
            chain: Arc::clone(&chain),
            pin: None,
            attested: None,
            until: voters.iter().map(|(_, expires)| *expires).min(),
        })
    });
    match all.next() {
        Some(first) => Said::Vouches(Vouches::new(first, all)),
        None => Said::Silent,
    }
}
