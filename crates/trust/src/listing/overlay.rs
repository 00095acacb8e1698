//! The overlay: what the index says about a project by itself. It may date and subtract.

use std::collections::BTreeMap;

use affineur_packaging::page::{ProjectStatus, StatusMarker};
use affineur_packaging::{ProjectName, Sha256};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Digests, ListingError, digest, file_of, named};
use crate::limits;

/// What the index says about a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlay {
    /// The project.
    pub project: ProjectName,
    /// About the project as a whole (PEP 792).
    pub status: ProjectStatus,
    /// About single files, by name.
    pub files: BTreeMap<String, OverlaidFile>,
}

/// What the index says about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverlaidFile {
    /// When the index first had it. A claim, never evidence.
    pub first_seen: Timestamp,
    /// Why an administrator yanked it, if one did.
    pub yanked: Option<String>,
    /// The digest of its provenance object (PEP 740), if it has one.
    pub provenance: Option<Sha256>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    files: BTreeMap<String, File>,
    name: String,
    status: Status,
}

#[derive(Serialize, Deserialize)]
struct Status {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    status: String,
}

#[derive(Serialize, Deserialize)]
struct File {
    #[serde(rename = "first-seen")]
    first_seen: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provenance: Option<Digests>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    yanked: Option<String>,
}

/// The words of PEP 792.
const MARKERS: [(StatusMarker, &str); 4] = [
    (StatusMarker::Active, "active"),
    (StatusMarker::Archived, "archived"),
    (StatusMarker::Quarantined, "quarantined"),
    (StatusMarker::Deprecated, "deprecated"),
];

impl Overlay {
    /// An active project of whose files nothing is said.
    #[must_use]
    pub fn empty(project: ProjectName) -> Self {
        Self { project, status: ProjectStatus::default(), files: BTreeMap::new() }
    }

    /// Reads the overlay of this project. Unlike on a page, a status that is no word of PEP 792 is an error: it is signed, and
    /// may mean to withhold.
    ///
    /// # Errors
    /// See [`ListingError`].
    pub fn parse(bytes: &[u8], project: &ProjectName) -> Result<Self, ListingError> {
        let document: Document = serde_json::from_slice(bytes).map_err(|error| ListingError::Format(error.to_string()))?;
        if document.name != project.as_str() {
            return Err(ListingError::OtherProject);
        }
        if document.files.len() > affineur_packaging::limits::PAGE_FILES {
            return Err(ListingError::TooMany);
        }
        let marker = MARKERS.into_iter().find(|(_, word)| *word == document.status.status).map(|(marker, _)| marker);
        let marker = marker.ok_or_else(|| ListingError::Format("its status is no word of PEP 792".to_owned()))?;
        let mut files = BTreeMap::new();
        for (name, file) in document.files {
            file_of(project, &name)?;
            if file.yanked.as_ref().is_some_and(|reason| reason.len() > limits::LISTING_TEXT_BYTES) {
                return Err(ListingError::TooLong { file: named(&name) });
            }
            let provenance = file.provenance.map(|object| digest(&object.sha256, &name)).transpose()?;
            files.insert(name, OverlaidFile { first_seen: file.first_seen, yanked: file.yanked, provenance });
        }
        Ok(Self { project: project.clone(), status: ProjectStatus { marker, reason: document.status.reason }, files })
    }

    /// The bytes that are signed: the same overlay always has the same ones.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let word = MARKERS.into_iter().find(|(marker, _)| *marker == self.status.marker).map_or("active", |(_, word)| word);
        let files = self.files.iter().map(|(name, file)| {
            let provenance = file.provenance.map(|sha256| Digests { sha256: sha256.to_string() });
            (name.clone(), File { first_seen: file.first_seen, provenance, yanked: file.yanked.clone() })
        });
        let document = Document {
            files: files.collect(),
            name: self.project.as_str().to_owned(),
            status: Status { reason: self.status.reason.clone(), status: word.to_owned() },
        };
        // Strings, numbers and lists always can be printed.
        serde_json::to_vec(&document).unwrap_or_default()
    }
}
