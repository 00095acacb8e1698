//! Target files (§5.7): streamed into a file that gets its name only when length and digests agree.

use std::io;
use std::path::{Path, PathBuf};

use affineur_tuf::{Error, Mismatch, ReferenceTime, TargetFile, TargetPath, View};
use futures_util::StreamExt as _;
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::Client;
use crate::limits;
use crate::transport::{FetchError, Problem, Transport};

/// Whether a download had to fetch anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Downloaded {
    /// The file was fetched and verified.
    Fetched,
    /// The very same file was there already.
    AlreadyThere,
}

/// A download that failed. Nothing has been written under the name that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// A top-level role has expired in the meantime.
    #[error(transparent)]
    Metadata(#[from] Error),
    /// The file is not the one that the metadata describe, or they describe none that can be checked.
    #[error("{path}: not the file that its role vouches for: {mismatch}")]
    Mismatch {
        /// The target.
        path: TargetPath,
        /// What differs.
        mismatch: Mismatch,
    },
    /// The file could not be fetched.
    #[error("{path}: cannot be fetched")]
    Fetch {
        /// The target.
        path: TargetPath,
        /// Why not.
        source: FetchError,
    },
    /// The file could not be written here.
    #[error("{}: cannot be written", file.display())]
    Write {
        /// Where it should be.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl DownloadError {
    /// Whether bytes came that are not the ones that were vouched for, or metadata [contradict](affineur_tuf::Fault::is_hostile)
    /// others.
    #[must_use]
    pub const fn is_hostile(&self) -> bool {
        match self {
            Self::Mismatch { mismatch, .. } => mismatch.is_hostile(),
            Self::Metadata(error) => error.fault.is_hostile(),
            // More bytes than the metadata say.
            Self::Fetch { source, .. } => matches!(source.problem, Problem::TooLong { .. }),
            Self::Write { .. } => false,
        }
    }
}

impl<T: Transport> Client<T> {
    /// Downloads a target that [`find`](Self::find) found into `file`, replacing what is there only by the verified whole.
    /// A file that is the right one already is left alone, and nothing is fetched.
    ///
    /// # Errors
    /// See [`DownloadError`].
    pub async fn download(
        &self,
        view: &View,
        path: &TargetPath,
        target: &TargetFile,
        file: &Path,
        now: ReferenceTime,
    ) -> Result<Downloaded, DownloadError> {
        let url_path = view.live(now)?.target_path(path, target);
        if is_already_there(file, target).await {
            return Ok(Downloaded::AlreadyThere);
        }
        let mismatch = |mismatch| DownloadError::Mismatch { path: path.clone(), mismatch };
        let fetch = |source| DownloadError::Fetch { path: path.clone(), source };
        let write = |source| DownloadError::Write { file: file.to_owned(), source };
        let mut checker = target.hashes().checker(target.length()).map_err(mismatch)?;
        let mut body = self.transport().target(&url_path, target.length()).await.map_err(fetch)?;
        let temporary = temporary_beside(file).map_err(write)?;
        let mut writer = tokio::fs::File::from_std(temporary.reopen().map_err(write)?);
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(fetch)?;
            checker.update(&chunk).map_err(mismatch)?;
            writer.write_all(&chunk).await.map_err(write)?;
        }
        checker.finish().map_err(mismatch)?;
        // Only this says whether the last chunk was written.
        writer.flush().await.map_err(write)?;
        writer.sync_all().await.map_err(write)?;
        temporary.persist(file).map_err(|error| write(error.error))?;
        Ok(Downloaded::Fetched)
    }
}

/// A file of the permissions that the user's other programs give theirs. It goes away with the value.
fn temporary_beside(file: &Path) -> io::Result<NamedTempFile> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".affineur-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// Whether the file is there with this length and these digests. What cannot be read is not there.
async fn is_already_there(file: &Path, target: &TargetFile) -> bool {
    let about = tokio::fs::metadata(file).await;
    if !about.is_ok_and(|about| about.is_file() && about.len() == target.length()) {
        return false;
    }
    let Ok(mut checker) = target.hashes().checker(target.length()) else { return false };
    let Ok(mut reader) = tokio::fs::File::open(file).await else { return false };
    let mut chunk = vec![0; limits::READ_CHUNK_BYTES];
    loop {
        match reader.read(&mut chunk).await {
            Ok(0) => return checker.finish().is_ok(),
            Ok(read) if checker.update(chunk.get(..read).unwrap_or_default()).is_ok() => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests;
