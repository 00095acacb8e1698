//! Which files a curator's auditors have audited: read as a gateway reads it, audits of differences included.

use std::collections::{BTreeMap, BTreeSet};

use affineur_packaging::{FileName, Sha256};
use affineur_trust::curator::{Audit, Criteria, SignedStatements};
use affineur_tuf::Statement;
use jiff::Timestamp;

use super::edit::list_of;
use super::shelves::{OwnedShelf, shelf_of};
use super::{Curator, CuratorError, CuratorRole};

/// A file by its name and bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditedFile {
    /// Its name, as text: names are compared as they are written.
    pub name: String,
    /// Its bytes.
    pub sha256: Sha256,
}

impl AuditedFile {
    fn of(name: &str, sha256: &str) -> Option<Self> {
        Some(Self { name: name.to_owned(), sha256: sha256.parse().ok()? })
    }
}

impl Curator {
    /// The files that are audited for this, as far as this curator's auditors go: wholly, or as a difference from one that is. What
    /// waits to be published counts.
    ///
    /// # Errors
    /// See [`CuratorError`].
    pub fn audited(&self, criteria: Criteria, now: Timestamp) -> Result<BTreeSet<AuditedFile>, CuratorError> {
        let mut audited = BTreeSet::new();
        // By the file that one must have audited: the files that are audited then.
        let mut waiting: BTreeMap<AuditedFile, BTreeSet<AuditedFile>> = BTreeMap::new();
        for (place, audit) in self.audits(criteria, now)? {
            let Some(file) = AuditedFile::of(place.as_str(), &audit.sha256) else { continue };
            match &audit.from {
                None => drop(audited.insert(file)),
                Some(from) => {
                    if let Some(base) = AuditedFile::of(&from.file, &from.sha256) {
                        waiting.entry(base).or_default().insert(file);
                    }
                }
            }
        }
        let mut latest: Vec<AuditedFile> = audited.iter().cloned().collect();
        for _ in 1..affineur_trust::limits::AUDIT_STEPS {
            let next: Vec<_> = latest.iter().filter_map(|file| waiting.get(file)).flatten().cloned().collect();
            latest = next.into_iter().filter(|file| audited.insert(file.clone())).collect();
        }
        Ok(audited)
    }

    /// All audits that count now, each with the file at whose place it stands.
    fn audits(&self, criteria: Criteria, now: Timestamp) -> Result<Vec<(FileName, Audit)>, CuratorError> {
        let (people, next) = (self.people()?, self.next(CuratorRole::Audited)?);
        let mut audits = Vec::new();
        for (path, target) in next.body().targets() {
            let Some(OwnedShelf::Audited(file)) = shelf_of(path) else { continue };
            for value in list_of::<SignedStatements>(path, target)?.statements {
                let statement = Statement::parse(value.to_string().as_bytes()).ok();
                let Some((_, audit)) = statement.as_ref().and_then(|statement| people.audit(statement)) else { continue };
                let counts = audit.file == file.as_str()
                    && audit.project == file.project().as_str()
                    && audit.criteria >= criteria
                    && (audit.issued..audit.expires).contains(&now)
                    && target.hashes().digest("sha256") == Some(audit.sha256.as_str());
                if counts {
                    audits.push((file.clone(), audit));
                }
            }
        }
        Ok(audits)
    }
}
