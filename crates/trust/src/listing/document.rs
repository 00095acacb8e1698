//! The listing: a project's page (PEP 691) as a target, in one form only.

use std::collections::BTreeMap;

use affineur_packaging::page::Yanked;
use affineur_packaging::{FileName, ProjectName, Sha256};
use serde::{Deserialize, Serialize};

use super::{Digests, digest, file_of, named};
use crate::limits;

/// What a project's signer says: which files it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The project.
    pub project: ProjectName,
    /// Its files by name.
    pub files: BTreeMap<String, ListedFile>,
}

/// One file of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// Its name.
    pub name: FileName,
    /// Its digest.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size: u64,
    /// Its `Requires-Python`, not interpreted.
    pub requires_python: Option<String>,
    /// The digest of its `METADATA` or `PKG-INFO`, which is served beside it (PEP 658).
    pub core_metadata: Option<Sha256>,
    /// Whether its developers yanked it (PEP 592).
    pub yanked: Yanked,
}

/// A signed document that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListingError {
    /// Not JSON of this shape.
    #[error("not a document of this format: {0}")]
    Format(String),
    /// Of another project than the one that it was asked for.
    #[error("it is about another project")]
    OtherProject,
    /// A file that is not this project's.
    #[error("{0} is no file of this project")]
    OtherFile(String),
    /// A file that stands twice.
    #[error("{0} stands twice")]
    Twice(String),
    /// A digest that is none.
    #[error("the digest of {0} is not 64 hexadecimal digits")]
    Digest(String),
    /// Too many files.
    #[error("more than {} files", affineur_packaging::limits::PAGE_FILES)]
    TooMany,
    /// A text that is too long.
    #[error("a text of {file} has more than {} bytes", limits::LISTING_TEXT_BYTES)]
    TooLong {
        /// The file's name.
        file: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Document {
    files: Vec<File>,
    meta: Meta,
    name: String,
    versions: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Meta {
    #[serde(rename = "api-version")]
    api_version: String,
}

#[derive(Serialize, Deserialize)]
struct File {
    #[serde(rename = "core-metadata", default, skip_serializing_if = "Option::is_none")]
    core_metadata: Option<Digests>,
    filename: String,
    hashes: Digests,
    #[serde(rename = "requires-python", default, skip_serializing_if = "Option::is_none")]
    requires_python: Option<String>,
    size: u64,
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    yanked: Option<String>,
}

impl Listing {
    /// A listing without files.
    #[must_use]
    pub const fn empty(project: ProjectName) -> Self {
        Self { project, files: BTreeMap::new() }
    }

    /// Adds a file, or replaces it.
    pub fn insert(&mut self, file: ListedFile) {
        self.files.insert(file.name.as_str().to_owned(), file);
    }

    /// Reads the listing of this project. Files of other projects and files that stand twice are errors: all of it is signed.
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
        let mut listing = Self::empty(project.clone());
        for file in document.files {
            let name = file.filename.clone();
            if listing.files.insert(name.clone(), read(project, file)?).is_some() {
                return Err(ListingError::Twice(named(&name)));
            }
        }
        Ok(listing)
    }

    /// The bytes that are signed: the same listing always has the same ones. They are a page of the Simple API, too.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut versions: Vec<_> = self.files.values().map(|file| file.name.version().clone()).collect();
        versions.sort();
        versions.dedup();
        let document = Document {
            files: self.files.values().map(|file| write(&self.project, file)).collect(),
            meta: Meta { api_version: "1.4".to_owned() },
            name: self.project.as_str().to_owned(),
            versions: versions.iter().map(ToString::to_string).collect(),
        };
        // Strings, numbers and lists always can be printed.
        serde_json::to_vec(&document).unwrap_or_default()
    }
}

fn read(project: &ProjectName, file: File) -> Result<ListedFile, ListingError> {
    let texts = [&file.requires_python, &file.yanked];
    if texts.into_iter().flatten().any(|text| text.len() > limits::LISTING_TEXT_BYTES) {
        return Err(ListingError::TooLong { file: named(&file.filename) });
    }
    Ok(ListedFile {
        name: file_of(project, &file.filename)?,
        sha256: digest(&file.hashes.sha256, &file.filename)?,
        size: file.size,
        requires_python: file.requires_python,
        core_metadata: file.core_metadata.map(|metadata| digest(&metadata.sha256, &file.filename)).transpose()?,
        yanked: file.yanked.map_or(Yanked::No, Yanked::Yes),
    })
}

fn write(project: &ProjectName, file: &ListedFile) -> File {
    File {
        core_metadata: file.core_metadata.map(|sha256| Digests { sha256: sha256.to_string() }),
        filename: file.name.to_string(),
        hashes: Digests { sha256: file.sha256.to_string() },
        requires_python: file.requires_python.clone(),
        size: file.size,
        url: format!("../../files/{project}/{}", file.name),
        yanked: match &file.yanked {
            Yanked::No => None,
            Yanked::Yes(reason) => Some(reason.clone()),
        },
    }
}
