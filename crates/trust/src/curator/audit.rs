//! Audits: of a whole file, or of what is different from another file that was audited.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use affineur_packaging::FileName;
use affineur_tuf::{Chain, Found, Statement};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::people::whose;
use super::statements::{CuratorFault, is_about, signed};
use super::ways::{Place, Step, ways};
use super::{People, Person, Said, Shelf};
use crate::{FileFact, Level, Origins, ReferenceTime, Vouched, Vouches, Worth, limits};

/// What an auditor found a file fit for. Each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Criteria {
    /// It does no harm where it is developed and tested.
    SafeToRun,
    /// It does no harm in production.
    SafeToDeploy,
}

/// What an auditor signs. It names no curator: whoever passes it on passes on the same evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    #[serde(rename = "_type")]
    kind: AuditKind,
    /// What the file is fit for.
    pub criteria: Criteria,
    /// Of which project.
    pub project: String,
    /// Of which file.
    pub file: String,
    /// Its digest.
    pub sha256: String,
    /// Its length in bytes.
    pub length: u64,
    /// Only what is different from this file was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Base>,
    /// What the auditor wants to say.
    pub notes: String,
    /// When it was signed.
    pub issued: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}

/// The file that an audit of differences begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// Its name.
    pub file: String,
    /// Its digest.
    pub sha256: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum AuditKind {
    #[serde(rename = "audit")]
    Audit,
}

/// Looks for the ways from whole audits to a file, over audits of differences. It asks for the audits of one file after the other.
#[derive(Debug)]
pub struct AuditSearch<'a> {
    people: &'a People,
    file: FileFact,
    criteria: Criteria,
    now: ReferenceTime,
    /// Files whose audits are to be looked at, those with the fewest steps to the file first.
    pending: VecDeque<Place>,
    /// All files that are or were pending.
    known: BTreeSet<Place>,
    asked: usize,
    steps: Vec<Step>,
    chain: Option<Arc<Chain>>,
}

/// What an audit begins with and nobody could ask for.
struct NoPlace;

/// How far the search has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditProgress {
    /// It needs what stands at [`Shelf::Audited`] for this file.
    Needs(FileName),
    /// It is over.
    Ended(Said),
}

impl Audit {
    /// An audit of a file whose bytes are known; `None` if they are not.
    #[must_use]
    pub fn new(
        file: &FileFact,
        criteria: Criteria,
        from: Option<Base>,
        notes: String,
        (issued, expires): (Timestamp, Timestamp),
    ) -> Option<Self> {
        let (project, name) = (file.project.to_string(), file.name.to_string());
        let (sha256, length) = (file.sha256?.to_string(), file.size?);
        Some(Self { kind: AuditKind::Audit, criteria, project, file: name, sha256, length, from, notes, issued, expires })
    }
}

impl<'a> AuditSearch<'a> {
    /// Begins a search; `None` where the file's digest is not known, of which nothing can be said.
    #[must_use]
    pub fn new(people: &'a People, file: &FileFact, criteria: Criteria, now: ReferenceTime) -> Option<Self> {
        let first = Place { file: file.name.clone(), sha256: file.sha256? };
        let (known, pending) = (BTreeSet::from([first.clone()]), VecDeque::from([first]));
        Some(Self { people, file: file.clone(), criteria, now, pending, known, asked: 0, steps: Vec::new(), chain: None })
    }

    /// What it needs next, or how it ended.
    pub fn advance(&mut self) -> AuditProgress {
        match self.pending.front() {
            Some(place) if self.asked < limits::AUDIT_STEPS => AuditProgress::Needs(place.file.clone()),
            _ => AuditProgress::Ended(self.ended()),
        }
    }

    /// Takes what was found for the file that it needs; `None` for a signed absence. The answer, if this ends it.
    ///
    /// # Errors
    /// See [`CuratorFault`]. Only what is said of the file itself can be at fault: another one on the way leads nowhere then.
    pub fn accept(&mut self, found: Option<&Found>) -> Result<Option<Said>, CuratorFault> {
        let Some(place) = self.pending.pop_front() else { return Ok(None) };
        let first = self.asked == 0;
        self.asked += 1;
        let Some(found) = found else { return Ok(None) };
        let audits = match signed(Shelf::Audited(&place.file), found, "audits") {
            Err(fault) if first => return Err(fault),
            audits => audits.unwrap_or_default(),
        };
        let about = FileFact { name: place.file.clone(), sha256: Some(place.sha256), size: None, ..self.file.clone() };
        let about = if first { &self.file } else { &about };
        if let Err(sha256) = is_about(found, about) {
            // Only of the file itself it is a contradiction; another file on the way leads nowhere.
            return Ok(first.then_some(Said::Contradicts { sha256 }));
        }
        if first {
            self.chain = Some(Arc::new(found.chain.clone()));
        }
        for step in self.steps_from(&place, found.target.length(), &audits) {
            if let Some(from) = step.from.as_ref().filter(|from| self.known.insert((*from).clone())) {
                self.pending.push_back(from.clone());
            }
            self.steps.push(step);
        }
        Ok(None)
    }

    /// What is audited of a file: each auditor's audits that count, from the same file once.
    fn steps_from(&self, place: &Place, length: u64, audits: &[Statement]) -> Vec<Step> {
        let mut steps: BTreeMap<(Option<Place>, usize), Timestamp> = BTreeMap::new();
        for statement in audits {
            let auditors = self.people.auditors();
            let Some((auditor, audit)) = whose::<Audit>(auditors, statement) else { continue };
            let Some(auditor) = auditors.iter().position(|other| other.name() == auditor.name()) else { continue };
            if !self.counts(&audit, place) || audit.length != length {
                continue;
            }
            let Ok(from) = audit.from.as_ref().map(|from| self.base(from)).transpose() else { continue };
            let until = steps.entry((from, auditor)).or_insert(audit.expires);
            *until = audit.expires.max(*until);
        }
        let steps = steps.into_iter().take(limits::AUDITS_OF_A_FILE);
        steps.map(|((from, auditor), until)| Step { to: place.clone(), from, auditor, until }).collect()
    }

    fn counts(&self, audit: &Audit, place: &Place) -> bool {
        audit.project == self.file.project.as_str()
            && audit.file == place.file.as_str()
            && audit.sha256 == place.sha256.to_string()
            && audit.criteria >= self.criteria
            && audit.issued <= self.now
            && self.now < audit.expires
    }

    fn base(&self, from: &Base) -> Result<Place, NoPlace> {
        let file = FileName::of_project(&from.file, &self.file.project).map_err(|_| NoPlace)?;
        Ok(Place { file, sha256: from.sha256.parse().map_err(|_| NoPlace)? })
    }

    /// Every way is an alternative, on the origins of all of its auditors.
    fn ended(&self) -> Said {
        let (Some(chain), Some(sha256)) = (&self.chain, self.file.sha256) else { return Said::Silent };
        let place = Place { file: self.file.name.clone(), sha256 };
        let file = Arc::new(self.file.clone());
        let mut vouched = ways(&self.steps, &place).into_iter().filter_map(|way| {
            let auditors = way.auditors.iter().filter_map(|at| self.people.auditors().get(*at));
            let mut origins = auditors.flat_map(Person::origins);
            Some(Vouched {
                file: Arc::clone(&file),
                worth: Worth::Curator(Level::Audited),
                origins: Origins::new(origins.next()?, origins),
                chain: Arc::clone(chain),
                pin: None,
                attested: None,
                until: Some(way.until),
            })
        });
        match vouched.next() {
            Some(first) => Said::Vouches(Vouches::new(first, vouched)),
            None => Said::Silent,
        }
    }
}
