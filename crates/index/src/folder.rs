//! The folder of an index: what it was made with, its online key, what users get.
//!
//! ```text
//! DIR/index.toml       public address, what becomes a target
//! DIR/online.key       the key that signs timestamp, snapshot and bins; for this user alone
//! DIR/index.db, blobs/ the store
//! DIR/offline/         encrypted keys of root, targets and bins, to be carried away
//! DIR/client/          root.json and affineur.toml, to hand to users
//! DIR/incoming.json    what was signed offline and waits to be published; incoming.refused says why it never will be
//! DIR/online-*.key     a new online key that no root names yet
//! ```
//!
//! The folder is for its user alone (0700); what is in `client/` may be read by everybody, so that a copy of it can be handed out.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use affineur_trust::limits::TRUSTED_ROOT_BYTES;
use affineur_trust::provenance::TrustedRoot;
use affineur_tuf::edit::{Draft, SharedSigner};
use affineur_tuf::key::{KeyPair, KeyPairError, Signer as _};
use affineur_tuf::{Root, TopRole};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use crate::limits;
use crate::publisher::{Granularity, Online, Validity};
use crate::upload::AttestationVerifier;

/// What an index was made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Its public address, ending in `/`: pages are below `simple/`, metadata below `tuf/`.
    pub url: Url,
    /// Whether every file is a target of its own, beside listings and overlays.
    #[serde(rename = "files-as-targets")]
    pub files_as_targets: bool,
    /// A file with the root of another instance of Sigstore than the public one, from the index's folder.
    #[serde(rename = "sigstore-trusted-root", default, skip_serializing_if = "Option::is_none")]
    pub sigstore_trusted_root: Option<PathBuf>,
}

/// The key that the index signs with, and how the names of those begin that may follow it.
const ONLINE_KEY: &str = "online.key";
const NEXT_KEY: &str = "online-";
const INCOMING: &str = "incoming.json";
const INCOMING_REFUSED: &str = "incoming.refused";

/// Metadata that was signed offline and waits to be published, by path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// New versions of root, targets and bins, or of some of them.
    pub files: BTreeMap<String, Bytes>,
}

/// The folder of an index.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

/// Something in the folder cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// There is something in the folder already.
    #[error("{}: is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// There is no index in the folder.
    #[error("{}: there is no index", .0.display())]
    NoIndex(PathBuf),
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The configuration cannot be understood.
    #[error("{}: {problem}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The key that root names for timestamp and snapshot is not in the folder.
    #[error("{}: the online key that root names is not there", .0.display())]
    NoOnlineKey(PathBuf),
    /// Something else waits already.
    #[error("{}: something else that was signed offline waits to be published", .0.display())]
    Waits(PathBuf),
    /// The online key cannot be used.
    #[error("{}: {source}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        source: KeyPairError,
    },
}

impl Folder {
    /// Makes the folder for a new index; it must not exist, or be empty.
    ///
    /// # Errors
    /// See [`FolderError`].
    pub fn create(path: &Path) -> Result<Self, FolderError> {
        let failed = |source| FolderError::Io { path: path.to_owned(), source };
        fs::create_dir_all(path).map_err(failed)?;
        if fs::read_dir(path).map_err(failed)?.next().is_some() {
            return Err(FolderError::NotEmpty(path.to_owned()));
        }
        Readers::Owner.folder(path).map_err(failed)?;
        Ok(Self(path.to_owned()))
    }

    /// Opens the folder of an index.
    ///
    /// # Errors
    /// [`FolderError::NoIndex`].
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let folder = Self(path.to_owned());
        if folder.file("index.toml").is_file() { Ok(folder) } else { Err(FolderError::NoIndex(path.to_owned())) }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Reads what the index was made with.
    ///
    /// # Errors
    /// See [`FolderError`].
    pub fn config(&self) -> Result<Config, FolderError> {
        let path = self.file("index.toml");
        let text = fs::read_to_string(&path).map_err(|source| FolderError::Io { path: path.clone(), source })?;
        toml::from_str(&text).map_err(|error| FolderError::Config { path, problem: error.to_string() })
    }

    /// Writes what the index was made with: the last act of making one.
    ///
    /// # Errors
    /// See [`FolderError`].
    pub fn write_config(&self, config: &Config) -> Result<(), FolderError> {
        let path = self.file("index.toml");
        let text =
            toml::to_string(config).map_err(|error| FolderError::Config { path: path.clone(), problem: error.to_string() })?;
        self.write("index.toml", text.as_bytes())
    }

    /// Writes a file below the folder, durably and for this user alone.
    ///
    /// # Errors
    /// See [`FolderError`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FolderError> {
        self.write_for(Readers::Owner, name, bytes)
    }

    fn write_for(&self, readers: Readers, name: &str, bytes: &[u8]) -> Result<(), FolderError> {
        let path = self.file(name);
        let failed = |source| FolderError::Io { path: path.clone(), source };
        let folder = path.parent().unwrap_or(&self.0);
        readers.folder(folder).map_err(failed)?;
        let mut file = readers.temporary(folder).map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    /// What verifies attestations of uploads: with the root that the configuration names, or with the public one.
    ///
    /// # Errors
    /// See [`FolderError`].
    pub fn attestations(&self) -> Result<AttestationVerifier, FolderError> {
        let named = self.config()?.sigstore_trusted_root.map(|path| self.0.join(path));
        let root = match &named {
            None => TrustedRoot::embedded(),
            Some(path) => {
                let read = fs::File::open(path).and_then(|file| {
                    let mut bytes = Vec::new();
                    file.take(TRUSTED_ROOT_BYTES as u64 + 1).read_to_end(&mut bytes).map(|_| bytes)
                });
                TrustedRoot::parse(&read.map_err(|source| FolderError::Io { path: path.clone(), source })?)
            }
        };
        let path = named.unwrap_or_else(|| self.file("index.toml"));
        root.map(AttestationVerifier::new).map_err(|fault| FolderError::Config { path, problem: fault.to_string() })
    }

    /// Stores the online key.
    ///
    /// # Errors
    /// See [`FolderError`].
    pub fn write_online_key(&self, pair: &KeyPair) -> Result<(), FolderError> {
        let path = self.file(ONLINE_KEY);
        let document = pair.to_pkcs8().map_err(|source| FolderError::Key { path, source })?;
        self.write(ONLINE_KEY, document.as_ref())
    }

    /// Reads the online key that a root names, and how to sign with it.
    ///
    /// # Errors
    /// [`FolderError::NoOnlineKey`]; see [`FolderError`].
    pub fn online(&self, root: &[u8]) -> Result<Online, FolderError> {
        let (_, pair) = self.key_named_by(root)?.ok_or_else(|| FolderError::NoOnlineKey(self.0.clone()))?;
        let signer: SharedSigner = Arc::new(pair);
        let granularity = match self.config()?.files_as_targets {
            true => Granularity::ListingsAndFiles,
            false => Granularity::Listings,
        };
        Ok(Online { signer, granularity, validity: Validity::default() })
    }

    /// Writes what users need: the trusted root, and a policy that names this index.
    ///
    /// # Errors
    /// See [`FolderError`].
    pub fn write_client(&self, root: &[u8], config: &Config) -> Result<(), FolderError> {
        self.write_for(Readers::Everybody, "client/root.json", root)?;
        self.write_for(Readers::Everybody, "client/affineur.toml", client_policy(&config.url).as_bytes())
    }
}

/// Who may read what is made here, where the system knows such a thing.
#[derive(Clone, Copy)]
enum Readers {
    Owner,
    Everybody,
}

impl Readers {
    /// Makes a folder; that it is there is fine.
    fn folder(self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)?;
        if let Some(mode) = self.mode(0o700) { fs::set_permissions(path, mode) } else { Ok(()) }
    }

    fn temporary(self, folder: &Path) -> io::Result<tempfile::NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        if let Some(mode) = self.mode(0o600) {
            builder.permissions(mode);
        }
        builder.tempfile_in(folder)
    }

    #[cfg(unix)]
    #[expect(clippy::unnecessary_wraps, reason = "other systems have no modes")]
    fn mode(self, owner: u32) -> Option<fs::Permissions> {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = match self {
            Self::Owner => owner,
            // Others may do what the owner may, but for writing.
            Self::Everybody => owner | ((owner & 0o500) >> 3) | ((owner & 0o500) >> 6),
        };
        Some(fs::Permissions::from_mode(mode))
    }

    #[cfg(not(unix))]
    fn mode(self, _owner: u32) -> Option<fs::Permissions> {
        None
    }
}

impl Folder {
    /// Stores a new online key, which the index signs with once root names it.
    ///
    /// # Errors
    /// See [`FolderError`].
    pub fn write_next_online_key(&self, pair: &KeyPair) -> Result<(), FolderError> {
        let name = format!("{NEXT_KEY}{}.key", pair.key_id().as_str().get(..16).unwrap_or("next"));
        let path = self.file(&name);
        let document = pair.to_pkcs8().map_err(|source| FolderError::Key { path, source })?;
        self.write(&name, document.as_ref())
    }

    /// The online key, of those in the folder, that a root names.
    pub(crate) fn signer_named_by(&self, root: &[u8]) -> Result<Option<SharedSigner>, FolderError> {
        let named = self.key_named_by(root)?;
        Ok(named.map(|(_, pair)| Arc::new(pair) as SharedSigner))
    }

    fn key_named_by(&self, root: &[u8]) -> Result<Option<(PathBuf, KeyPair)>, FolderError> {
        let problem = |problem: String| FolderError::Config { path: self.file("index.db"), problem };
        let root = Draft::<Root>::reopen(root).map_err(|fault| problem(fault.to_string()))?;
        let keyids = root.body().role(TopRole::Timestamp).map(affineur_tuf::RoleKeys::keyids).unwrap_or_default();
        for path in self.online_keys()? {
            let pair = key(&path)?;
            if keyids.contains(pair.key_id()) {
                return Ok(Some((path, pair)));
            }
        }
        Ok(None)
    }

    /// `online.key`, and those that may follow it.
    fn online_keys(&self) -> Result<Vec<PathBuf>, FolderError> {
        let failed = |source| FolderError::Io { path: self.0.clone(), source };
        let mut paths = vec![self.file(ONLINE_KEY)];
        for entry in fs::read_dir(&self.0).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name.starts_with(NEXT_KEY) && name.ends_with(".key") {
                paths.push(path);
            }
        }
        paths.retain(|path| path.is_file());
        Ok(paths)
    }

    /// After a root was published: `online.key` is the key that it names, the other online keys are gone, and users get this root.
    ///
    /// # Errors
    /// See [`FolderError`].
    pub fn settle(&self, root: &[u8]) -> Result<(), FolderError> {
        let current = self.file(ONLINE_KEY);
        if let Some((path, _)) = self.key_named_by(root)?.filter(|(path, _)| *path != current) {
            fs::rename(&path, &current).map_err(|source| FolderError::Io { path, source })?;
            for other in self.online_keys()?.into_iter().filter(|other| *other != current) {
                fs::remove_file(&other).map_err(|source| FolderError::Io { path: other, source })?;
            }
            self.sync()?;
        }
        let handed_out = self.file("client/root.json");
        if fs::read(&handed_out).ok().as_deref() != Some(root) {
            self.write_for(Readers::Everybody, "client/root.json", root)?;
        }
        Ok(())
    }

    /// Hands in what was signed offline: it waits until the publisher takes it.
    ///
    /// # Errors
    /// [`FolderError::Waits`] if something else waits already.
    pub fn write_incoming(&self, waiting: &Waiting) -> Result<(), FolderError> {
        if self.incoming()?.is_some_and(|there| there != *waiting) {
            return Err(FolderError::Waits(self.file(INCOMING)));
        }
        self.remove(INCOMING_REFUSED)?;
        let path = self.file(INCOMING);
        let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).ok();
        let files: Option<BTreeMap<&String, String>> =
            waiting.files.iter().map(|(path, bytes)| Some((path, text(bytes)?))).collect();
        let bytes = files.and_then(|files| serde_json::to_vec(&files).ok());
        let bytes = bytes.ok_or_else(|| FolderError::Config { path, problem: "this is no metadata".to_owned() })?;
        self.write(INCOMING, &bytes)
    }

    /// Whether something waits that was signed offline.
    #[must_use]
    pub fn has_incoming(&self) -> bool {
        self.file(INCOMING).exists()
    }

    /// What was signed offline and waits.
    ///
    /// # Errors
    /// See [`FolderError`].
    pub fn incoming(&self) -> Result<Option<Waiting>, FolderError> {
        let path = self.file(INCOMING);
        let failed = |source| FolderError::Io { path: path.clone(), source };
        let file = match fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let mut bytes = Vec::new();
        file.take(limits::INCOMING_BYTES).read_to_end(&mut bytes).map_err(failed)?;
        let files: BTreeMap<String, String> = serde_json::from_slice(&bytes)
            .map_err(|error| FolderError::Config { path: path.clone(), problem: error.to_string() })?;
        Ok(Some(Waiting { files: files.into_iter().map(|(path, text)| (path, Bytes::from(text))).collect() }))
    }

    /// What waited is published.
    pub(crate) fn incoming_is_done(&self) -> Result<(), FolderError> {
        self.remove(INCOMING)
    }

    /// What waited never will be published, for this reason.
    pub(crate) fn refuse_incoming(&self, reason: &str) -> Result<(), FolderError> {
        self.write(INCOMING_REFUSED, reason.as_bytes())?;
        self.remove(INCOMING)
    }

    /// Why what was handed in last was refused.
    #[must_use]
    pub fn refused(&self) -> Option<String> {
        fs::read_to_string(self.file(INCOMING_REFUSED)).ok()
    }

    fn remove(&self, name: &str) -> Result<(), FolderError> {
        let path = self.file(name);
        match fs::remove_file(&path) {
            Ok(()) => self.sync(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(FolderError::Io { path, source }),
        }
    }

    /// Makes the names in the folder durable.
    fn sync(&self) -> Result<(), FolderError> {
        let synced = if cfg!(unix) { fs::File::open(&self.0).and_then(|folder| folder.sync_all()) } else { Ok(()) };
        synced.map_err(|source| FolderError::Io { path: self.0.clone(), source })
    }
}

fn key(path: &Path) -> Result<KeyPair, FolderError> {
    let bytes = Zeroizing::new(fs::read(path).map_err(|source| FolderError::Io { path: path.to_owned(), source })?);
    if bytes.len() > limits::KEY_BYTES {
        return Err(FolderError::Config { path: path.to_owned(), problem: "this is no key".to_owned() });
    }
    KeyPair::from_pkcs8(&bytes).map_err(|source| FolderError::Key { path: path.to_owned(), source })
}

/// A policy that takes packages from this index alone, verified.
fn client_policy(url: &Url) -> String {
    format!(
        "# Packages come from this index alone, and only what its TUF metadata vouches for.\n\
         # Use it with: affineur run --policy affineur.toml -- pip install …\n\
         # Compare the root that you got with what the index's administrators publish:\n\
         #   affineur tuf inspect root.json\n\
         \n\
         sources = [\"index\"]\n\
         # How long a file must have been there before it is let through. Raise it for an index that strangers upload to: \"3d\".\n\
         minimum-age = \"0\"\n\
         age-from = \"first-seen\"\n\
         \n\
         [party.index]\n\
         repository = \"{url}tuf/\"\n\
         root = \"root.json\"\n"
    )
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn everything_is_for_the_owner_alone_but_what_is_handed_out() {
        let outer = tempfile::tempdir().unwrap();
        let folder = Folder::create(&outer.path().join("ix")).unwrap();
        let config = Config { url: "http://127.0.0.1/".parse().unwrap(), files_as_targets: false, sigstore_trusted_root: None };
        folder.write("offline/root-1.key", b"secret").unwrap();
        folder.write_client(b"{}", &config).unwrap();
        folder.write_config(&config).unwrap();
        let mode = |name: &str| fs::metadata(folder.file(name)).unwrap().permissions().mode() & 0o777;
        let modes =
            ["", "offline", "offline/root-1.key", "index.toml", "client", "client/root.json", "client/affineur.toml"].map(mode);
        assert_eq!(modes, [0o700, 0o700, 0o600, 0o600, 0o755, 0o644, 0o644]);
    }
}
