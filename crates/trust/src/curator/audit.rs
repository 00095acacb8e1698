//! Audits: of a whole file, or of what is different from another file that was audited.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use affineur_packaging::{FileName, Sha256};
use affineur_tuf::{Chain, Found};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::people::whose;
use super::statements::{CuratorFault, is_about, signed};
use super::{People, Said, Shelf};
use crate::{FileFact, Level, Levels, Origin, Origins, ReferenceTime, Vouched, Worth, limits};

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

/// Looks for a way from a whole audit to a file, over audits of differences. It asks for the audits of one file after the other.
#[derive(Debug)]
pub struct AuditSearch<'a> {
    people: &'a People,
    file: FileFact,
    criteria: Criteria,
    now: ReferenceTime,
    /// Files whose audits are to be looked at, those with the fewest steps to the file first.
    pending: VecDeque<Step>,
    asked: BTreeSet<(String, Sha256)>,
    chain: Option<Arc<Chain>>,
}

/// A file on the way, and what the rest of the way rests on.
#[derive(Debug, Clone)]
struct Step {
    file: FileName,
    sha256: Sha256,
    origins: Vec<Origin>,
    until: Timestamp,
}

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
        let first = Step { file: file.name.clone(), sha256: file.sha256?, origins: Vec::new(), until: Timestamp::MAX };
        let (pending, asked) = (VecDeque::from([first]), BTreeSet::new());
        Some(Self { people, file: file.clone(), criteria, now, pending, asked, chain: None })
    }

    /// What it needs next, or how it ended.
    pub fn advance(&mut self) -> AuditProgress {
        while let Some(step) = self.pending.front() {
            if self.asked.len() >= limits::AUDIT_STEPS {
                break;
            }
            if !self.asked.contains(&(step.file.to_string(), step.sha256)) {
                return AuditProgress::Needs(step.file.clone());
            }
            self.pending.pop_front();
        }
        AuditProgress::Ended(Said::Silent)
    }

    /// Takes what was found for the file that it needs; `None` for a signed absence. The answer, if this ends it.
    ///
    /// # Errors
    /// See [`CuratorFault`].
    pub fn accept(&mut self, found: Option<&Found>) -> Result<Option<Said>, CuratorFault> {
        let Some(step) = self.pending.pop_front() else { return Ok(None) };
        let first = self.asked.is_empty();
        self.asked.insert((step.file.to_string(), step.sha256));
        let Some(found) = found else { return Ok(None) };
        let audits = signed(Shelf::Audited(&step.file), found, "audits")?;
        let about = FileFact { name: step.file.clone(), sha256: Some(step.sha256), size: None, ..self.file.clone() };
        let about = if first { &self.file } else { &about };
        if let Err(sha256) = is_about(found, about) {
            // Only of the file itself it is a contradiction; another file on the way leads nowhere.
            return Ok(first.then_some(Said::Contradicts { sha256 }));
        }
        if first {
            self.chain = Some(Arc::new(found.chain.clone()));
        }
        for statement in &audits {
            let Some((auditor, audit)) = whose::<Audit>(self.people.auditors(), statement) else { continue };
            if !self.counts(&audit, &step) || audit.length != found.target.length() {
                continue;
            }
            let mut origins = step.origins.clone();
            origins.extend(auditor.origins());
            let until = step.until.min(audit.expires);
            match &audit.from {
                None => return Ok(Some(self.vouch(origins, until))),
                Some(from) => self.follow(from, origins, until),
            }
        }
        Ok(None)
    }

    fn counts(&self, audit: &Audit, step: &Step) -> bool {
        audit.project == self.file.project.as_str()
            && audit.file == step.file.as_str()
            && audit.sha256 == step.sha256.to_string()
            && audit.criteria >= self.criteria
            && audit.issued <= self.now
            && self.now < audit.expires
    }

    fn follow(&mut self, from: &Base, origins: Vec<Origin>, until: Timestamp) {
        let file = FileName::of_project(&from.file, &self.file.project);
        if let (Ok(file), Ok(sha256)) = (file, from.sha256.parse()) {
            self.pending.push_back(Step { file, sha256, origins, until });
        }
    }

    fn vouch(&self, origins: Vec<Origin>, until: Timestamp) -> Said {
        let mut origins = origins.into_iter();
        let (Some(first), Some(chain)) = (origins.next(), &self.chain) else { return Said::Silent };
        Said::Vouches(Box::new(Vouched {
            file: Arc::new(self.file.clone()),
            worth: Worth::Curator(Levels::new(Level::Audited, [])),
            origins: Origins::new(first, origins),
            chain: Arc::clone(chain),
            pin: None,
            attested: None,
            until: Some(until),
        }))
    }
}
