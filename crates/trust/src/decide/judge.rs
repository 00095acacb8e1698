//! Deciding about many files of one project: what is the same for all of them is looked up once, and evidence that is the same as for
//! the file before is not counted again.

use std::sync::Arc;

use affineur_packaging::ProjectName;
use jiff::Timestamp;

use super::{Case, Terms};
use crate::demand::{CompiledDemand, Met, Places, Voice};
use crate::{
    About, Claim, Claims, Decision, Evidence, FileFact, Hearing, MetDemand, Origins, PartyName, PolicySet, ReferenceTime,
    Vouched, Worth,
};

/// Decides about one file of a project after the other. Each decision is the one that [`PolicySet::decide`] makes.
#[derive(Debug)]
pub struct Judge<'a> {
    set: &'a PolicySet,
    project: ProjectName,
    hearing: Hearing,
    now: ReferenceTime,
    /// Whose claims they were last, and which of them the source's is.
    parties: Arc<[PartyName]>,
    source: Option<usize>,
    policies: Vec<(Terms<'a>, Memory)>,
}

/// What was counted last, and of what.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    remembers: bool,
    parties: Option<(Arc<[PartyName]>, Places)>,
    words: Vec<Word>,
    counted: Option<(Arc<MetDemand>, Met)>,
}

/// All of an alternative on which counting depends.
#[derive(Debug, Clone)]
struct Statement {
    worth: Worth,
    origins: Origins,
    attested: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// All of a party's voice on which counting depends.
#[derive(Debug, Clone)]
enum Word {
    Vouches(Statement, Vec<Statement>),
    Pinned,
    Contradicts,
    Unheard,
    Silent,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(
        set: &'a PolicySet,
        policies: impl Iterator<Item = Terms<'a>>,
        project: &ProjectName,
        hearing: Hearing,
        now: ReferenceTime,
    ) -> Self {
        let policies = policies.map(|terms| (terms, Memory { remembers: true, ..Memory::default() })).collect();
        Self { set, project: project.clone(), hearing, now, parties: Arc::default(), source: None, policies }
    }

    /// Decides about one file of the project.
    #[must_use]
    pub fn decide(&mut self, file: impl Into<Arc<FileFact>>, claims: &Claims) -> Decision {
        let file = file.into();
        let Hearing { source, objections, heard } = &self.hearing;
        if file.project != self.project {
            return self.decide_afresh(file, claims);
        }
        if !Arc::ptr_eq(&self.parties, claims.parties()) {
            self.parties = Arc::clone(claims.parties());
            self.source = claims.position(source);
        }
        let source_claim = self.source.and_then(|at| claims.at(at)).unwrap_or(&Claim::Silent);
        let about = About { source, source_claim, claims, objections, heard };
        let now = self.now;
        let decisions = self.policies.iter_mut().map(|(terms, memory)| Case { terms, file: &file, about }.decide(memory, now));
        decisions.reduce(Decision::and).unwrap_or_else(|| self.decide_afresh(Arc::clone(&file), claims))
    }

    fn decide_afresh(&self, file: Arc<FileFact>, claims: &Claims) -> Decision {
        self.set.decide(file, &self.evidence(claims.clone()), self.now)
    }

    /// All evidence about a file of which these are the claims.
    #[must_use]
    pub fn evidence(&self, claims: Claims) -> Evidence {
        let Hearing { source, objections, heard } = self.hearing.clone();
        Evidence { source, claims, objections, heard }
    }
}

impl Memory {
    /// What the evidence says, counted, and whether that is enough. Where all that counting depends on is as it was for the file
    /// before, so is this.
    pub(super) fn counted(&mut self, case: &Case<'_>, now: ReferenceTime) -> (Arc<MetDemand>, Met) {
        let (demand, about) = (case.terms.demand, case.about);
        if self.parties.as_ref().is_none_or(|(parties, _)| !Arc::ptr_eq(parties, about.claims.parties())) {
            self.parties = Some((Arc::clone(about.claims.parties()), Places::new(demand, about)));
            self.counted = None;
        }
        let Some((_, places)) = &self.parties else { return counted(case, &Places::new(demand, about), now) };
        if !self.remembers {
            return counted(case, places, now);
        }
        let mut is_same = true;
        for (at, voice) in places.voices(demand, about.claims, case.file, now).enumerate() {
            match self.words.get_mut(at) {
                Some(word) if word.is(&voice, case.file, now) => continue,
                Some(word) => *word = Word::of(&voice, case.file, now),
                None => self.words.push(Word::of(&voice, case.file, now)),
            }
            is_same = false;
        }
        match &self.counted {
            Some(counted) if is_same => counted.clone(),
            _ => self.counted.insert(counted(case, places, now)).clone(),
        }
    }
}

fn counted(case: &Case<'_>, places: &Places, now: ReferenceTime) -> (Arc<MetDemand>, Met) {
    let demand: &Arc<CompiledDemand> = case.terms.demand;
    let tally = demand.tally(case.file, case.about, places, now);
    let met = demand.met(&tally);
    (Arc::new(MetDemand::new(Arc::clone(demand), tally)), met)
}

impl Word {
    fn of(voice: &Voice<'_>, file: &FileFact, now: ReferenceTime) -> Self {
        match voice {
            Voice::Vouches(vouches) => {
                let mut holding = vouches.iter().filter(|vouched| vouched.holds(file, now)).map(Statement::of);
                holding.next().map_or(Self::Silent, |first| Self::Vouches(first, holding.collect()))
            }
            Voice::Pinned => Self::Pinned,
            Voice::Contradicts => Self::Contradicts,
            Voice::Unavailable | Voice::Stale => Self::Unheard,
            Voice::Silent => Self::Silent,
        }
    }

    fn is(&self, voice: &Voice<'_>, file: &FileFact, now: ReferenceTime) -> bool {
        match (self, voice) {
            (Self::Vouches(first, others), Voice::Vouches(vouches)) => {
                // It holds, or the party would not vouch.
                if let Some(only) = vouches.only() {
                    return others.is_empty() && first.is(only);
                }
                let mut holding = vouches.iter().filter(|vouched| vouched.holds(file, now));
                let mut all = std::iter::once(first).chain(others);
                all.all(|statement| holding.next().is_some_and(|vouched| statement.is(vouched))) && holding.next().is_none()
            }
            (Self::Pinned, Voice::Pinned)
            | (Self::Contradicts, Voice::Contradicts)
            | (Self::Unheard, Voice::Unavailable | Voice::Stale)
            | (Self::Silent, Voice::Silent) => true,
            _ => false,
        }
    }
}

impl Statement {
    fn of(vouched: &Vouched) -> Self {
        Self {
            worth: vouched.worth(),
            origins: vouched.origins().clone(),
            attested: vouched.attested(),
            until: vouched.until(),
        }
    }

    fn is(&self, vouched: &Vouched) -> bool {
        self.worth == vouched.worth()
            && self.attested == vouched.attested()
            && self.until == vouched.until()
            && self.origins.is(vouched.origins())
    }
}
