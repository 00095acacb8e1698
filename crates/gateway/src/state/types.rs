//! What is told to the state and what it answers.

use affineur_packaging::{FileName, ProjectName, Sha256};
use affineur_trust::{Contradiction, PartyName, Pin};
use bytes::Bytes;
use jiff::Timestamp;
use url::Url;

/// A verified page, as it is told to [`State::observe_page`](super::State::observe_page).
#[derive(Debug, Clone)]
pub struct PageSeen {
    /// Whose page.
    pub source: PartyName,
    /// Which project's.
    pub project: ProjectName,
    /// When it came.
    pub now: Timestamp,
    /// All files on it.
    pub files: Vec<SeenFile>,
}

/// One file on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenFile {
    /// Its name.
    pub name: FileName,
    /// Where its bytes are. Credentials and fragment are not remembered.
    pub url: Url,
    /// Its digest, where the page says one.
    pub sha256: Option<Sha256>,
    /// Its size in bytes, where the page says it.
    pub size: Option<u64>,
    /// When it was uploaded, as the page claims.
    pub upload_time: Option<Timestamp>,
}

/// What is remembered of a file, after a page that lists it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The file.
    pub name: FileName,
    /// What was recorded at first sight. Times are kept to the microsecond.
    pub pin: Pin,
    /// The digest that is binding, whatever the page says now. `None` while nobody has said or computed one.
    pub pinned_sha256: Option<Sha256>,
    /// What contradicts the pin now, or was found to be hostile before.
    pub contradiction: Option<Contradiction>,
}

/// The last verified page of a project, for when a page cannot be verified now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RememberedPage {
    /// When it came.
    pub time: Timestamp,
    /// Its files, by name.
    pub files: Vec<RememberedFile>,
}

/// One file of a [`RememberedPage`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RememberedFile {
    /// Its name.
    pub name: FileName,
    /// Where its bytes were, when it was last listed.
    pub url: Url,
    /// Its pinned digest.
    pub sha256: Option<Sha256>,
    /// Its size in bytes, as it was at first sight.
    pub size: Option<u64>,
    /// What was recorded at first sight.
    pub pin: Pin,
}

/// Which page listed a file URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Whose page.
    pub source: PartyName,
    /// Which project's.
    pub project: ProjectName,
    /// The file.
    pub file: FileName,
    /// Its pinned digest.
    pub sha256: Option<Sha256>,
}

/// A source with the URL under which it was learned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearnedSource {
    /// Its name.
    pub name: PartyName,
    /// Its Simple API, without credentials.
    pub url: Url,
}

/// What shows that something is hostile: both sides, for people who look into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// When it was noticed.
    pub time: Timestamp,
    /// Whose page or file.
    pub source: PartyName,
    /// Which project.
    pub project: ProjectName,
    /// Which file, where it is about one.
    pub file: Option<FileName>,
    /// What contradicts what.
    pub contradiction: Contradiction,
    /// What was pinned: the earlier page's entry as JSON, or the earlier bytes.
    pub left: Bytes,
    /// What came now.
    pub right: Bytes,
}

/// A kept [`Evidence`]. Sides longer than [`EVIDENCE_SIDE_BYTES`](crate::limits::EVIDENCE_SIDE_BYTES) are cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceRow {
    /// Stays the same in every form of the state.
    pub id: EvidenceId,
    /// The evidence, with its sides as they were kept.
    pub evidence: Evidence,
    /// How long the left side was, in bytes.
    pub left_size: u64,
    /// How long the right side was, in bytes.
    pub right_size: u64,
}

/// Names a piece of evidence: the SHA-256 of what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EvidenceId(pub(super) Sha256);

impl std::fmt::Display for EvidenceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
