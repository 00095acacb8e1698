//! What all curators say about one project: each party's claim about each file, objections, and since when each was heard.

use std::collections::BTreeMap;
use std::sync::Arc;

use affineur_packaging::{ProjectName, Sha256};
use affineur_trust::curator::{TrustedAuthor, vouch_of_author};
use affineur_trust::provenance::Verified;
use affineur_trust::{
    Author, Claim, Class, Contradiction, FileFact, Hearing, Level, NotVouched, Objection, PartyName, Vouches,
};
use jiff::Timestamp;

use super::reach::Reached;
use super::reread;
use super::says::{Says, unavailable};
use crate::engine::later;
use crate::state::State;

/// What all curators say about one project.
#[derive(Debug)]
pub(crate) struct Voices {
    parties: BTreeMap<PartyName, Voice>,
    objections: Vec<Objection>,
    heard: BTreeMap<PartyName, Timestamp>,
    /// Whose newest metadata were refused as hostile, and why.
    alarms: Vec<(PartyName, NotVouched)>,
    generation: u64,
    from: Timestamp,
    until: Timestamp,
}

/// What a party says, itself and through others.
#[derive(Debug, Default)]
struct Voice {
    said: Vec<Spoken>,
    /// What it says about files of which nothing is said: why nothing can be told, if something could not be heard.
    otherwise: Option<Claim>,
}

/// What one curator says for a party.
#[derive(Debug)]
struct Spoken {
    says: Arc<Says>,
    levels: Vec<Level>,
    /// When its metadata end.
    ends: Timestamp,
}

/// What is known about a file besides its digest: who signed it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SignedBy<'a> {
    /// The keys by which the project's own role is signed.
    pub(crate) keys: &'a [Sha256],
    /// Attestations that were verified for this very file.
    pub(crate) attestations: &'a [Verified],
    /// Why its attestations, which may say something, are not known: what follows "its attestations".
    pub(crate) unheard: Option<&'a str>,
}

impl Voices {
    /// Nobody's voices yet.
    pub(super) fn new(now: Timestamp, generation: u64) -> Self {
        let (parties, objections, heard) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        Self { parties, objections, heard, alarms: Vec::new(), generation, from: now, until: later(now, reread()) }
    }

    /// Parties that nobody has asked.
    pub(super) fn unheard<'a>(parties: impl Iterator<Item = &'a PartyName>) -> Self {
        let voice = || Voice { said: Vec::new(), otherwise: Some(unavailable(&"it was not asked about this project")) };
        let mut voices = Self::new(Timestamp::MIN, 0);
        voices.parties = parties.map(|party| (party.clone(), voice())).collect();
        voices
    }

    /// Adds what a party says, by itself and through those whom it reaches.
    pub(super) async fn add(&mut self, party: &PartyName, reached: Vec<Reached>, state: &State, project: &ProjectName) {
        let mut voice = Voice::default();
        for Reached { curator, levels, itself, .. } in reached {
            let heard = curator.heard();
            if let Some(why) = heard.problem.as_ref().filter(|why| why.class() == Class::Hostile) {
                self.alarms.push((party.clone(), why.clone()));
            }
            let spoken = match heard.statements {
                None => Err(never_heard(heard.problem)),
                Some(statements) => match statements.expires(self.from) {
                    Err(why) => Err(Claim::NotVouched(Box::new(why))),
                    Ok(ends) => {
                        if itself {
                            self.heard.insert(party.clone(), statements.since);
                            if let Err(fault) = &statements.delegates {
                                voice.otherwise = Some(unavailable(fault));
                            }
                        }
                        Says::read(statements, state, project, self.from).await.map(|says| Spoken { says, levels, ends })
                    }
                },
            };
            match spoken {
                Ok(spoken) => {
                    self.until = self.until.min(spoken.ends).min(spoken.says.until());
                    if itself {
                        self.objections.extend(spoken.says.objections_of(party));
                    }
                    let problem = spoken.says.problems().find(|(level, _)| spoken.levels.contains(level));
                    voice.otherwise = voice.otherwise.take().or_else(|| problem.map(|(_, claim)| claim.clone()));
                    voice.said.push(spoken);
                }
                // Without itself a party says nothing: nobody knows whom it names now, nor what it objects to.
                Err(claim) if itself => {
                    self.parties.insert(party.clone(), Voice { said: Vec::new(), otherwise: Some(claim) });
                    return;
                }
                Err(claim) => voice.otherwise = voice.otherwise.take().or(Some(claim)),
            }
        }
        self.parties.insert(party.clone(), voice);
    }

    /// Whether this is still what they say.
    pub(super) fn holds_at(&self, now: Timestamp, generation: u64) -> bool {
        self.generation == generation && self.from <= now && now < self.until
    }

    /// When somebody has to be heard again.
    pub(crate) fn until(&self) -> Option<Timestamp> {
        (!self.parties.is_empty()).then_some(self.until)
    }

    /// Since when the newest statement of each party has been known.
    pub(crate) const fn heard(&self) -> &BTreeMap<PartyName, Timestamp> {
        &self.heard
    }

    /// Under which generation of statements this was heard.
    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

    /// Whose newest metadata were refused as hostile, and why.
    pub(crate) fn alarms(&self) -> &[(PartyName, NotVouched)] {
        &self.alarms
    }

    /// Whether somebody trusts a publisher for the project, so that attestations are of use.
    pub(crate) fn trusts_publishers(&self) -> bool {
        self.parties.values().flat_map(|voice| &voice.said).any(Spoken::trusts_publishers)
    }

    /// Who speaks, in order.
    pub(crate) fn parties(&self) -> impl Iterator<Item = &PartyName> {
        self.parties.keys()
    }

    /// What each says about a file, in the same order.
    pub(crate) fn claims(&self, file: &Arc<FileFact>, signed: SignedBy<'_>) -> impl Iterator<Item = Claim> {
        self.parties.values().map(move |voice| voice.claim(file, signed, self.from))
    }

    /// What is known of the whole project, whatever the file.
    pub(crate) fn hearing(&self, source: PartyName) -> Hearing {
        Hearing { source, objections: self.objections.clone(), heard: self.heard.clone() }
    }
}

impl Voice {
    fn claim(&self, file: &Arc<FileFact>, signed: SignedBy<'_>, now: Timestamp) -> Claim {
        let mut vouches: Vec<Vouches> = Vec::new();
        let mut problem = None;
        if file.sha256.is_none() {
            return self.otherwise.clone().unwrap_or(Claim::Silent); // nobody knows yet of which bytes this is
        }
        for spoken in &self.said {
            for entry in spoken.says.of(&file.name).iter().filter(|entry| spoken.levels.contains(&entry.level)) {
                if entry.sha256 != file.sha256 {
                    return Claim::Contradicts(Contradiction::OtherBytes { vouched: entry.sha256 });
                }
                match &entry.said {
                    Ok(said) => vouches.extend(said.iter().map(|vouches| vouches.clone().ending(spoken.ends))),
                    Err(fault) => problem = Some(unavailable(fault)),
                }
            }
            let authors: Vec<TrustedAuthor> = spoken.authors().cloned().collect();
            let of_author = vouch_of_author(&authors, file, signed.keys, signed.attestations, now);
            vouches.extend(of_author.map(|vouches| vouches.ending(spoken.ends)));
            if let Some(why) = signed.unheard.filter(|_| spoken.trusts_publishers()) {
                problem = problem.or_else(|| Some(unavailable(&format_args!("the file's attestations {why}"))));
            }
        }
        match Vouches::of(vouches) {
            Some(vouches) => Claim::Vouched(vouches),
            None => problem.or_else(|| self.otherwise.clone()).unwrap_or(Claim::Silent),
        }
    }
}

impl Spoken {
    fn trusts_publishers(&self) -> bool {
        self.authors().any(|trusted| matches!(trusted.author, Author::Publisher(_)))
    }

    fn authors(&self) -> impl Iterator<Item = &TrustedAuthor> {
        self.says.authors.iter().filter(|_| self.levels.contains(&Level::TrustedAuthor))
    }
}

fn never_heard(problem: Option<NotVouched>) -> Claim {
    match problem {
        Some(why) => Claim::NotVouched(Box::new(why)),
        None => unavailable(&"it has not answered yet"),
    }
}
