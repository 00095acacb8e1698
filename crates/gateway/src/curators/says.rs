//! What one curator says about one project, read out of its verified statements: ballots counted, audits followed, once for
//! all requests.

use std::collections::BTreeMap;
use std::sync::Arc;

use affineur_packaging::{FileName, ProjectName, Sha256};
use affineur_trust::curator::{
    AUDITED, AuditProgress, AuditSearch, Criteria, CuratorFault, People, Said, Seen, Shelf, TrustedAuthor, VOTED, authors,
    count, objections, withdrawn,
};
use affineur_trust::{Claim, FileFact, Level, NotVouched, Objection, PartyName, Unavailable, Vouched, Vouches};
use affineur_tuf::Found;
use jiff::{SignedDuration, Timestamp};
use tokio::task::spawn_blocking;

use super::statements::{OfFiles, Statements};
use crate::engine::later;
use crate::limits;
use crate::state::State;

/// What a curator says about one project.
#[derive(Debug)]
pub(crate) struct Says {
    files: OfFiles<Vec<Entry>>,
    /// Whose signatures are trusted.
    pub(super) authors: Vec<TrustedAuthor>,
    /// What it objects to, in nobody's name yet.
    objections: Vec<Objection>,
    /// Levels at which nothing can be told, and why.
    problems: Vec<(Level, Claim)>,
    /// From when to when this need not be read again: time alone changes it outside.
    from: Timestamp,
    until: Timestamp,
}

/// What one level says of a file.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) level: Level,
    /// Of which bytes it speaks; `None` where they are not told by a SHA-256.
    pub(super) sha256: Option<Sha256>,
    pub(super) said: Result<Option<Vouches>, CuratorFault>,
}

impl Says {
    /// Reads what is said about a project, and remembers the serials of its ballots before anybody hears of them.
    ///
    /// # Errors
    /// Nothing can be told at all: what it objects to is not known, or what is remembered cannot be read or written.
    pub(super) async fn read(
        statements: Arc<Statements>,
        state: &State,
        project: &ProjectName,
        now: Timestamp,
    ) -> Result<Arc<Self>, Claim> {
        if let Some(known) = statements.known(project, now) {
            return Ok(known);
        }
        let curator = statements.people.as_ref().ok().and_then(Option::as_ref).map(People::curator);
        let seen = curator.map(|curator| state.serials(curator, project)).transpose();
        let before = seen.map_err(|problem| unavailable(&problem))?.unwrap_or_default();
        let (of, mut seen) = (project.clone(), before.clone());
        let reading = spawn_blocking(move || {
            let read =
                Reading { statements: &statements, project: &of, now, until: reread(now), withdrawn: None }.read(&mut seen);
            read.map(|says| (says, seen, statements))
        });
        let (says, seen, statements) =
            reading.await.map_err(|_| unavailable(&"its statements cannot be read: this is a bug"))??;
        let says = Arc::new(says);
        if let Some(curator) = curator.filter(|_| seen != before) {
            state.raise_serials(curator, project, seen).await.map_err(|problem| unavailable(&problem))?;
        }
        statements.keep(project, &says);
        Ok(says)
    }

    pub(super) fn holds_at(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }

    /// When it has to be read again.
    pub(super) const fn until(&self) -> Timestamp {
        self.until
    }

    /// What each level says of a file.
    pub(super) fn of(&self, file: &FileName) -> &[Entry] {
        self.files.get(file).map_or(&[], Vec::as_slice)
    }

    /// Why nothing can be told at a level, where that is so.
    pub(super) fn problems(&self) -> impl Iterator<Item = (Level, &Claim)> {
        self.problems.iter().map(|(level, claim)| (*level, claim))
    }

    /// What it objects to, in the name of a party.
    pub(super) fn objections_of<'a>(&'a self, party: &'a PartyName) -> impl Iterator<Item = Objection> + 'a {
        self.objections.iter().map(move |objection| Objection { party: party.clone(), ..objection.clone() })
    }
}

/// One reading.
struct Reading<'a> {
    statements: &'a Statements,
    project: &'a ProjectName,
    now: Timestamp,
    until: Timestamp,
    /// What stands beside the objections to the project: withdrawn votes.
    withdrawn: Option<Found>,
}

impl Reading<'_> {
    fn read(mut self, seen: &mut BTreeMap<String, Seen>) -> Result<Says, Claim> {
        let (mut files, mut problems) = (OfFiles::new(), Vec::new());
        let objections = self.objections()?;
        let authors = self.authors().unwrap_or_else(|claim| {
            problems.push((Level::TrustedAuthor, claim));
            Vec::new()
        });
        for (level, role) in [(Level::Voted, VOTED), (Level::Audited, AUDITED)] {
            if let Err(claim) = self.level(level, role, &mut files, seen) {
                problems.push((level, claim));
            }
        }
        Ok(Says { files, authors, objections, problems, from: self.now, until: self.until })
    }

    fn objections(&mut self) -> Result<Vec<Objection>, Claim> {
        // Nobody's name: it is put in when a party is asked.
        let nobody: PartyName = "curator".parse().map_err(|_| unavailable(&"its objections have no name: this is a bug"))?;
        let mut all = Vec::new();
        for shelf in [Shelf::Objections(self.project), Shelf::ObjectionsToAuthors] {
            if let Some(found) = self.find(shelf)? {
                all.extend(objections(&nobody, shelf, &found).map_err(|fault| unavailable(&fault))?);
                if matches!(shelf, Shelf::Objections(_)) {
                    self.withdrawn = Some(found);
                }
            }
        }
        Ok(all)
    }

    fn authors(&mut self) -> Result<Vec<TrustedAuthor>, Claim> {
        let Some(found) = self.find(Shelf::Authors(self.project))? else { return Ok(Vec::new()) };
        authors(&found, self.project).map_err(|fault| unavailable(&fault))
    }

    /// What a level says of the project's files.
    fn level(
        &mut self,
        level: Level,
        role: &str,
        files: &mut OfFiles<Vec<Entry>>,
        seen: &mut BTreeMap<String, Seen>,
    ) -> Result<(), Claim> {
        let (named, expires) = self.statements.files(role, self.project, self.now).map_err(not_vouched)?;
        if named.is_empty() {
            return Ok(());
        }
        self.until = self.until.min(expires);
        let people = match &self.statements.people {
            Ok(Some(people)) => people,
            Ok(None) => return Err(unavailable(&CuratorFault::NoPeople)),
            Err(fault) => return Err(unavailable(fault)),
        };
        for file in named {
            let shelf = if level == Level::Voted { Shelf::Voted(&file) } else { Shelf::Audited(&file) };
            let Some(found) = self.find(shelf)? else { continue };
            let sha256: Option<Sha256> = found.target.hashes().digest("sha256").and_then(|digest| digest.parse().ok());
            let fact =
                FileFact { project: self.project.clone(), name: file.clone(), size: Some(found.target.length()), sha256 };
            let said = match level {
                Level::Audited => self.audited(people, &fact, found),
                _ => self.voted(people, &fact, &found, seen.entry(file.to_string()).or_default()),
            };
            let said = said.map(|said| match said {
                Said::Vouches(vouches) => Some(vouches.ending(expires)),
                Said::Contradicts { .. } | Said::Silent => None,
            });
            let ends = said.iter().flatten().flatten().filter_map(Vouched::until);
            self.until = ends.fold(self.until, Ord::min);
            files.entry(file).or_default().push(Entry { level, sha256, said });
        }
        Ok(())
    }

    fn voted(&self, people: &People, fact: &FileFact, found: &Found, seen: &mut Seen) -> Result<Said, CuratorFault> {
        if let Some(withdrawals) = &self.withdrawn {
            withdrawn(people, withdrawals, fact, seen)?;
        }
        count(people, found, fact, seen, self.now)
    }

    fn audited(&self, people: &People, fact: &FileFact, found: Found) -> Result<Said, CuratorFault> {
        let Some(mut search) = AuditSearch::new(people, fact, Criteria::SafeToDeploy, self.now) else {
            return Ok(Said::Silent);
        };
        let mut first = Some(found);
        loop {
            let file = match search.advance() {
                AuditProgress::Ended(said) => return Ok(said),
                AuditProgress::Needs(file) => file,
            };
            // What cannot be found on the way leads nowhere; the file itself was found.
            let found = first.take().or_else(|| self.statements.find(Shelf::Audited(&file), self.now).ok().flatten());
            if let Some(said) = search.accept(found.as_ref())? {
                return Ok(said);
            }
        }
    }

    /// What stands at a place, and for how long.
    fn find(&self, shelf: Shelf<'_>) -> Result<Option<Found>, Claim> {
        self.statements.find(shelf, self.now).map_err(not_vouched)
    }
}

fn not_vouched(why: NotVouched) -> Claim {
    Claim::NotVouched(Box::new(why))
}

pub(super) fn unavailable(problem: &impl std::fmt::Display) -> Claim {
    Claim::Unavailable(Unavailable { problem: problem.to_string() })
}

/// When statements are read again at the latest: ballots may begin to count that were dated ahead.
fn reread(now: Timestamp) -> Timestamp {
    later(now, SignedDuration::from_secs(limits::CURATOR_REREAD_SECONDS))
}
