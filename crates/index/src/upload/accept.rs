//! Inspects a staged upload and accepts it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use affineur_packaging::archive::{ArchiveFault, Inspected, Limits, inspect};
use affineur_packaging::{FileName, FileNameError};
use bytes::Bytes;
use jiff::Timestamp;

use super::attestations::{AttestationError, AttestationVerifier, attestation_beside, read_list};
use crate::limits;
use crate::store::{AcceptError, Accepted, NewFile, StageError, Staged, Store, StoreError};

/// What is known of an upload besides its bytes.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Its name, which says its project and version.
    pub file: FileName,
    /// Its provenance object (PEP 740), of verified attestations.
    pub attestations: Option<Bytes>,
    /// Who uploads, for people and logs.
    pub uploader: String,
    /// When.
    pub now: Timestamp,
}

/// An upload that was not accepted. The words are for the uploader.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The file's name is no distribution's.
    #[error("{}: {problem}", file.display())]
    Name {
        /// The file.
        file: PathBuf,
        /// What is wrong with its name.
        problem: FileNameError,
    },
    /// The archive is not one that may be installed from here.
    #[error("{file}: {fault}")]
    Archive {
        /// Its name.
        file: FileName,
        /// What is wrong with it.
        fault: Box<ArchiveFault>,
    },
    /// The file cannot be read.
    #[error("{}: cannot be read", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its attestations are not taken.
    #[error(transparent)]
    Attestations(#[from] AttestationError),
    /// It could not be staged.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The store did not take it.
    #[error(transparent)]
    Accept(#[from] AcceptError),
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The task that inspects was lost.
    #[error("the upload could not be inspected")]
    Lost,
}

/// Inspects a staged upload and accepts it: when this returns it is never lost.
///
/// # Errors
/// See [`UploadError`]. Nothing is left behind then.
pub async fn accept<S: Store>(store: &S, staged: Staged, facts: Facts) -> Result<Accepted, UploadError> {
    let reader = staged.reader()?;
    let name = facts.file.clone();
    let inspected = tokio::task::spawn_blocking(move || inspect(reader, &name, &Limits::default())).await;
    let inspected = inspected.map_err(|_| UploadError::Lost)?;
    let Inspected { metadata, core_metadata, .. } =
        inspected.map_err(|fault| UploadError::Archive { file: facts.file.clone(), fault: Box::new(fault) })?;
    let file = NewFile {
        file: facts.file,
        display_name: metadata.name,
        requires_python: metadata.requires_python,
        core_metadata: core_metadata.map(Bytes::from),
        attestations: facts.attestations,
        uploaded: facts.now,
        uploader: facts.uploader,
    };
    Ok(store.accept(file, staged).await?)
}

/// Accepts a file from the disk, with the attestation that lies beside it, if one does: see [`attestation_beside`].
///
/// # Errors
/// See [`UploadError`].
pub async fn accept_file<S: Store>(
    store: &S,
    verifier: &AttestationVerifier,
    path: &Path,
    now: Timestamp,
) -> Result<Accepted, UploadError> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let file: FileName = name.parse().map_err(|problem| UploadError::Name { file: path.to_owned(), problem })?;
    let read = |source| UploadError::Read { file: path.to_owned(), source };
    let mut source = File::open(path).map_err(read)?;
    let mut stage = store.stage(limits::DISTRIBUTION_BYTES)?;
    let mut chunk = vec![0; limits::COPY_BYTES];
    loop {
        match source.read(&mut chunk).map_err(read)? {
            0 => break,
            length => stage.write(chunk.get(..length).unwrap_or_default())?,
        }
    }
    let list = attestation_beside(path).map(|beside| read_list(&beside)).transpose()?;
    let staged = stage.finish()?;
    let attestations = verifier.of_upload(store, list, &file, staged.sha256(), None).await?;
    let facts = Facts { file, attestations, uploader: "command line".to_owned(), now };
    accept(store, staged, facts).await
}
