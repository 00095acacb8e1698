//! Where a repository's files are, remembered beside the local copy. Nothing secret is ever written there.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::limits;

/// The file in a local copy's folder.
const FILE: &str = "repository.toml";

/// The two places of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Addresses {
    metadata: Url,
    targets: Url,
}

/// Why addresses cannot be remembered or read.
#[derive(Debug, thiserror::Error)]
pub enum AddressesError {
    /// A user name or password in a URL, which would stay there in clear text.
    #[error("{0} has a user name or password in it, which must not be remembered")]
    Secret(Url),
    /// What is there cannot be understood.
    #[error("{}: {problem}", .file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The operating system refused.
    #[error("{}: {problem}", .file.display())]
    Failed {
        /// The file.
        file: PathBuf,
        /// Its reason.
        problem: io::Error,
    },
}

impl Addresses {
    /// The places of a repository. Without a targets URL it is where repositories commonly have it: `targets/` beside a metadata
    /// URL that ends with `metadata/`, else `targets/` below the metadata URL.
    #[must_use]
    pub fn new(metadata: Url, targets: Option<Url>) -> Self {
        let metadata = with_slash(metadata);
        let targets = targets.map_or_else(|| common_targets(&metadata), with_slash);
        Self { metadata, targets }
    }

    /// The metadata URL; it ends with a slash.
    #[must_use]
    pub const fn metadata(&self) -> &Url {
        &self.metadata
    }

    /// The targets URL; it ends with a slash.
    #[must_use]
    pub const fn targets(&self) -> &Url {
        &self.targets
    }

    /// Those that are remembered in a local copy's folder, if any are.
    ///
    /// # Errors
    /// [`AddressesError::Malformed`], [`AddressesError::Failed`].
    pub fn read(folder: &Path) -> Result<Option<Self>, AddressesError> {
        let file = folder.join(FILE);
        let text = match read_at_most(&file, limits::ADDRESSES_BYTES) {
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|problem| AddressesError::Failed { file: file.clone(), problem })?,
        };
        match toml::from_str::<Self>(&text) {
            Ok(found) => Ok(Some(Self::new(found.metadata, Some(found.targets)))),
            Err(error) => Err(AddressesError::Malformed { file, problem: error.message().to_owned() }),
        }
    }

    /// Whether they may be written down.
    ///
    /// # Errors
    /// [`AddressesError::Secret`].
    pub fn check(&self) -> Result<(), AddressesError> {
        match [&self.metadata, &self.targets].into_iter().find(|url| has_secret(url)) {
            Some(url) => Err(AddressesError::Secret(without_secret(url))),
            None => Ok(()),
        }
    }

    /// Remembers them in a local copy's folder.
    ///
    /// # Errors
    /// [`AddressesError::Secret`], [`AddressesError::Failed`].
    pub fn remember(&self, folder: &Path) -> Result<(), AddressesError> {
        self.check()?;
        let file = folder.join(FILE);
        let write = || {
            let text = toml::to_string(self).map_err(io::Error::other)?;
            let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
            temporary.write_all(text.as_bytes())?;
            temporary.persist(&file)?;
            Ok(())
        };
        write().map_err(|problem| AddressesError::Failed { file: file.clone(), problem })
    }
}

fn common_targets(metadata: &Url) -> Url {
    let mut targets = metadata.clone();
    let path = metadata.path();
    let above = path.strip_suffix("metadata/").filter(|above| above.ends_with('/')).unwrap_or(path);
    targets.set_path(&format!("{above}targets/"));
    targets
}

fn with_slash(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    url
}

fn has_secret(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

fn without_secret(url: &Url) -> Url {
    let mut url = url.clone();
    // Neither fails for URLs that have a host, and others have no user.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

fn read_at_most(file: &Path, at_most: u64) -> io::Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::fs::File::open(file)?.take(at_most).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{Addresses, AddressesError, FILE};

    fn url(text: &str) -> url::Url {
        text.parse().unwrap()
    }

    #[test]
    fn targets_are_where_repositories_commonly_have_them() {
        for (metadata, targets) in [
            ("http://h/metadata", "http://h/targets/"),
            ("http://h/a/metadata/", "http://h/a/targets/"),
            ("http://h", "http://h/targets/"),
            ("http://h/tuf/", "http://h/tuf/targets/"),
            ("http://h/mymetadata/", "http://h/mymetadata/targets/"),
            ("http://u:p@h/metadata/", "http://u:p@h/targets/"),
        ] {
            assert_eq!(Addresses::new(url(metadata), None).targets().as_str(), targets, "{metadata}");
        }
        let named = Addresses::new(url("http://h/metadata"), Some(url("http://other/files")));
        assert_eq!((named.metadata().as_str(), named.targets().as_str()), ("http://h/metadata/", "http://other/files/"));
    }

    #[test]
    fn what_is_remembered_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Addresses::read(folder.path()).unwrap(), None);
        for metadata in ["http://h/metadata/", "https://other/tuf"] {
            let addresses = Addresses::new(url(metadata), None);
            addresses.remember(folder.path()).unwrap();
            assert_eq!(Addresses::read(folder.path()).unwrap(), Some(addresses));
        }
    }

    #[test]
    fn no_password_is_ever_written() {
        let folder = tempfile::tempdir().unwrap();
        for (metadata, targets) in [("http://u:secret@h/", "http://h/"), ("http://h/", "http://secret@h/")] {
            let error = Addresses::new(url(metadata), Some(url(targets))).remember(folder.path()).unwrap_err();
            assert!(matches!(error, AddressesError::Secret(_)) && !error.to_string().contains("secret"), "{error}");
            assert!(!folder.path().join(FILE).exists());
        }
    }

    #[test]
    fn a_file_that_is_not_understood_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "metadata = 1", "metadata = \"http://h/\"", "metadata = \"http://h\"\ntargets = \"http://h\"\nx = 1"] {
            std::fs::write(folder.path().join(FILE), text).unwrap();
            assert!(matches!(Addresses::read(folder.path()), Err(AddressesError::Malformed { .. })), "{text:?}");
        }
    }
}
