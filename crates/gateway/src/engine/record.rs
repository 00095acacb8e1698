//! What happened, for the closing table, `--report` and metrics.
//!
//! A run keeps everything (bounded); a service keeps counters only. The record never decides anything.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use affineur_packaging::{FileName, ProjectName, Sha256, Version};
use affineur_trust::{Class, PartyName};
use jiff::Timestamp;
use serde::Serialize;

use crate::limits;

/// What became of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Its bytes went to the installer.
    LetThrough,
    /// It was on a page and would have been let through.
    Offered,
    /// The policy's mode let through what it would have withheld.
    Observed,
    /// It was withheld.
    Withheld,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::LetThrough => "let through",
            Self::Offered => "would be let through",
            Self::Observed => "let through by the mode",
            Self::Withheld => "withheld",
        })
    }
}

/// One file that was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileRecord {
    /// The project.
    pub project: ProjectName,
    /// The version, as its file name says.
    #[serde(serialize_with = "print")]
    pub version: Version,
    /// The file.
    #[serde(serialize_with = "print")]
    pub file: FileName,
    /// Its digest, where it is known.
    pub sha256: Option<Sha256>,
    /// The source that listed it.
    pub source: Option<PartyName>,
    /// What became of it.
    pub outcome: Outcome,
    /// How bad it is, where it was withheld.
    pub class: Option<Class>,
    /// Stable words for the reasons.
    pub codes: Vec<&'static str>,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// When waiting alone lets it through.
    pub until: Option<Timestamp>,
    /// Whether the installer asked for this very file.
    pub requested: bool,
    /// Until when it passes without anything new, if not for ever: whoever keeps it may do so no longer.
    #[serde(skip)]
    pub valid_until: Option<Timestamp>,
}

/// Something that was not decided, or that a person should see.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "note")]
pub enum Note {
    /// A host that is neither a source nor a file host; it passed.
    Passed {
        /// The host.
        host: String,
    },
    /// A host, a page or a distribution of no source; it was refused.
    Refused {
        /// The URL without query, or the host.
        what: String,
        /// Why.
        why: String,
    },
    /// A distribution that no source lists; it passed because no policy forbids it.
    Undecided {
        /// The URL without query.
        what: String,
    },
    /// A file or folder of this machine that went around the gateway.
    Local {
        /// The path, as it was given.
        path: String,
        /// What was said about it.
        verdict: String,
    },
    /// A setting or an argument by which the command goes around the gateway.
    Detour {
        /// Which.
        what: String,
    },
    /// A raw tunnel, on request.
    Tunnel {
        /// The host.
        host: String,
    },
    /// A client did not accept our certificate.
    RejectedCertificate {
        /// The host.
        host: String,
    },
    /// An index wants credentials, or other ones; the installer was told.
    Unauthorized {
        /// What was asked for.
        what: String,
        /// 401 or 403.
        status: u16,
    },
    /// A page could not be verified or a source not be heard.
    Unavailable {
        /// The source.
        source: String,
        /// The project.
        project: ProjectName,
        /// Why, in our own words.
        why: String,
    },
    /// An attestation counts nothing: it cannot be read, or not be verified by this program.
    Unattested {
        /// The source.
        source: String,
        /// The project.
        project: ProjectName,
        /// Of which file, and why.
        what: String,
    },
    /// Something contradicts what was seen before. A person must look at it.
    Alarm {
        /// The source.
        source: String,
        /// The project.
        project: ProjectName,
        /// What.
        what: String,
    },
    /// Nothing new came from a curator for half of the time after which it no longer counts.
    Quiet {
        /// The party.
        party: String,
        /// Since when its newest statement has been known.
        #[serde(serialize_with = "print")]
        since: Timestamp,
        /// From when on it no longer counts.
        #[serde(serialize_with = "print")]
        stale: Timestamp,
    },
    /// A file was let through though nothing at all is known about its age.
    NothingKnown {
        /// The project.
        project: ProjectName,
    },
}

/// Everything that happened since the gateway started.
#[derive(Debug, Default)]
pub struct Record {
    keeps: Keeps,
    inner: Mutex<Inner>,
}

/// How much a record keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keeps {
    /// Everything, up to [`limits::RECORD_FILES`]: a run.
    #[default]
    Everything,
    /// Counters only: a service.
    Counters,
}

#[derive(Debug, Default)]
struct Inner {
    valid_until: Option<Timestamp>,
    files: BTreeMap<(ProjectName, String), FileRecord>,
    notes: BTreeMap<Note, u64>,
    pages: u64,
    dropped: u64,
}

impl Inner {
    /// Installers first ask without credentials: a demand for them that was met afterwards is no news.
    fn was_answered(&self, note: &Note) -> bool {
        matches!(note, Note::Unauthorized { what, .. } if self.files.keys().any(|(project, _)| project.as_str() == what))
    }
}

impl Record {
    /// An empty record.
    #[must_use]
    pub fn new(keeps: Keeps) -> Self {
        Self { keeps, inner: Mutex::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page was decided.
    pub(crate) fn page(&self) {
        metrics::counter!("affineur_pages_decided_total").increment(1);
        self.inner().pages += 1;
    }

    /// A file was decided. What an installer asked for is never overwritten by what was merely on a page.
    pub(crate) fn file(&self, file: FileRecord) {
        if file.requested {
            let outcome = match file.outcome {
                Outcome::LetThrough | Outcome::Offered => "let-through",
                Outcome::Observed => "observed",
                Outcome::Withheld => "withheld",
            };
            metrics::counter!("affineur_files_decided_total", "outcome" => outcome).increment(1);
            let (project, name, reasons) = (&file.project, &file.file, file.codes.join(" "));
            tracing::info!(%project, file = %name, outcome, reasons, "decided");
        }
        if self.keeps == Keeps::Counters {
            return;
        }
        let mut inner = self.inner();
        let key = (file.project.clone(), file.file.as_str().to_owned());
        match inner.files.get(&key) {
            Some(before) if before.requested && !file.requested => return,
            None if inner.files.len() >= limits::RECORD_FILES => {
                inner.dropped += 1;
                return;
            }
            _ => {}
        }
        if file.requested && file.outcome == Outcome::LetThrough {
            inner.valid_until = inner.valid_until.into_iter().chain(file.valid_until).min();
        }
        inner.files.insert(key, file);
    }

    /// Until when everything passes that was let through, if not for ever.
    #[must_use]
    pub fn valid_until(&self) -> Option<Timestamp> {
        self.inner().valid_until
    }

    /// Something to name.
    pub(crate) fn note(&self, note: Note) {
        if let Note::Alarm { source, project, what } = &note {
            metrics::counter!("affineur_alarms_total").increment(1);
            tracing::error!(%source, %project, %what, "hostile data");
        }
        if self.keeps == Keeps::Everything {
            let mut inner = self.inner();
            if inner.notes.len() < limits::RECORD_NOTES || inner.notes.contains_key(&note) {
                *inner.notes.entry(note).or_default() += 1;
            } else {
                inner.dropped += 1;
            }
        }
    }

    /// What was recorded so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let inner = self.inner();
        Summary {
            files: inner.files.values().cloned().collect(),
            notes: inner.notes.keys().filter(|note| !inner.was_answered(note)).cloned().collect(),
            pages: inner.pages,
            dropped: inner.dropped,
        }
    }
}

/// What happened, as values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The files, by project and name.
    pub files: Vec<FileRecord>,
    /// What else is to be said.
    pub notes: Vec<Note>,
    /// How many pages were decided.
    pub pages: u64,
    /// How many entries were not kept because of the limits.
    pub dropped: u64,
}

impl Summary {
    /// Whether anything passed through the gateway and was decided.
    #[must_use]
    pub fn decided_anything(&self) -> bool {
        self.pages > 0 || !self.files.is_empty()
    }

    /// The worst thing that happened, for `--strict`: hostile before undecided. What was refused by a rule is no such thing.
    #[must_use]
    pub fn worst(&self) -> Option<Class> {
        let of_files =
            self.files.iter().filter(|file| file.requested || file.class == Some(Class::Hostile)).filter_map(|file| file.class);
        let of_notes = self.notes.iter().filter_map(|note| match note {
            Note::Alarm { .. } => Some(Class::Hostile),
            Note::Unavailable { .. } | Note::Undecided { .. } | Note::Unauthorized { .. } | Note::Detour { .. } => {
                Some(Class::Undecided)
            }
            _ => None,
        });
        of_files.chain(of_notes).filter(|class| *class != Class::Refused).max()
    }
}

pub(crate) fn print<T: std::fmt::Display, S: serde::Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
