//! The folder of a curator.
//!
//! ```text
//! DIR/public/metadata/  what is signed; to be served, as it is
//! DIR/public/targets/   people.json and curators.json, by digest; to be served too
//! DIR/client/           NAME.root.json and affineur.toml, to hand to users
//! DIR/work/             the next version of each role that changed, signed by nobody yet, or by some who must
//! DIR/curator.toml      the settings
//! DIR/renewal-*.key     signs snapshot and timestamp; for this user alone, and for a job that renews them
//! ```
//!
//! Everything but the renewal key may be carried around, in a git repository for example: a committee signs in turn.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use affineur_tuf::edit::SharedSigner;
use affineur_tuf::key::{KeyId, KeyPair, Signer as _};
use zeroize::Zeroizing;

use super::{CuratorError, CuratorRole, Settings};
use crate::disk::{Disk, Lock, Readers, RealDisk, make_folder, replace};
use crate::limits;

const SETTINGS: &str = "curator.toml";
const LOCK: &str = "work/.lock";
const IGNORED: &str = "# Never to be committed.\nrenewal-*.key\nwork/.lock\n";

/// The files of a curator.
pub(super) struct Files {
    path: PathBuf,
    disk: Box<dyn Disk>,
}

impl Files {
    pub(super) fn new(path: &Path) -> Self {
        Self::on(Box::new(RealDisk), path)
    }

    pub(super) fn on(disk: Box<dyn Disk>, path: &Path) -> Self {
        Self { path: path.to_owned(), disk }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folders. That there is a curator already is an error.
    pub(super) fn create(&self) -> Result<(), CuratorError> {
        if self.read(SETTINGS)?.is_some() {
            return Err(CuratorError::Exists { folder: self.path.clone() });
        }
        for folder in ["public/metadata", "public/targets", "client", "work/documents"] {
            self.make(folder)?;
        }
        self.write(".gitignore", IGNORED.as_bytes(), Readers::Everybody)
    }

    /// Nobody else changes the folder while the lock lives.
    pub(super) fn lock(&self) -> Result<Box<dyn Lock>, CuratorError> {
        // What is empty does not travel with every tool.
        self.make("work/documents")?;
        let path = self.path.join(LOCK);
        let held = self.disk.try_lock(&path).map_err(|error| failed(&path, &error))?;
        held.ok_or_else(|| CuratorError::Busy { folder: self.path.clone() })
    }

    // Settings

    pub(super) fn settings(&self) -> Result<Settings, CuratorError> {
        let bytes = self.read(SETTINGS)?.ok_or_else(|| CuratorError::Missing { folder: self.path.clone() })?;
        let wrong = |problem: String| CuratorError::Damaged { path: self.path.join(SETTINGS), problem };
        let text = String::from_utf8(bytes).map_err(|_| wrong("it is no text".to_owned()))?;
        let settings: Settings = toml::from_str(&text).map_err(|error| wrong(error.message().to_owned()))?;
        if settings.days.are_possible() { Ok(settings) } else { Err(CuratorError::Days) }
    }

    pub(super) fn write_settings(&self, settings: &Settings) -> Result<(), CuratorError> {
        let text = toml::to_string(settings)
            .map_err(|error| CuratorError::Damaged { path: self.path.join(SETTINGS), problem: error.to_string() })?;
        self.write(SETTINGS, text.as_bytes(), Readers::Everybody)
    }

    // What is served

    pub(super) fn metadata(&self, path: &str) -> Result<Option<Vec<u8>>, CuratorError> {
        self.read(&format!("public/metadata/{path}"))
    }

    pub(super) fn write_metadata(&self, path: &str, bytes: &[u8]) -> Result<(), CuratorError> {
        self.write(&format!("public/metadata/{path}"), bytes, Readers::Everybody)
    }

    pub(super) fn target(&self, path: &str) -> Result<Option<Vec<u8>>, CuratorError> {
        self.read(&format!("public/targets/{path}"))
    }

    pub(super) fn write_target(&self, path: &str, bytes: &[u8]) -> Result<(), CuratorError> {
        self.make("public/targets")?;
        self.write(&format!("public/targets/{path}"), bytes, Readers::Everybody)
    }

    pub(super) fn write_client(&self, root: &[u8], settings: &Settings) -> Result<(), CuratorError> {
        self.make("client")?;
        let root_file = format!("{}.root.json", settings.name);
        self.write("client/affineur.toml", settings.party(&root_file).as_bytes(), Readers::Everybody)?;
        self.write(&format!("client/{root_file}"), root, Readers::Everybody)
    }

    // Work in progress

    pub(super) fn draft(&self, role: CuratorRole) -> Result<Option<Vec<u8>>, CuratorError> {
        self.read(&format!("work/{role}.json"))
    }

    pub(super) fn write_draft(&self, role: CuratorRole, bytes: &[u8]) -> Result<(), CuratorError> {
        self.write(&format!("work/{role}.json"), bytes, Readers::Everybody)
    }

    pub(super) fn remove_draft(&self, role: CuratorRole) -> Result<(), CuratorError> {
        let path = self.path.join(format!("work/{role}.json"));
        self.disk.remove(&path).map_err(|error| failed(&path, &error))
    }

    /// A document that a draft of targets lists: `people.json`, `curators.json`.
    pub(super) fn document(&self, name: &str) -> Result<Option<Vec<u8>>, CuratorError> {
        self.read(&format!("work/documents/{name}"))
    }

    pub(super) fn write_document(&self, name: &str, bytes: &[u8]) -> Result<(), CuratorError> {
        self.write(&format!("work/documents/{name}"), bytes, Readers::Everybody)
    }

    // The renewal key

    /// All renewal keys that are here: while one gives way to another, both.
    pub(super) fn renewal_keys(&self) -> Result<Vec<SharedSigner>, CuratorError> {
        let names = self.disk.list(&self.path, limits::CURATOR_FILES).map_err(|error| failed(&self.path, &error))?;
        let mut keys = Vec::new();
        for name in names.iter().filter(|name| name.starts_with("renewal-") && name.ends_with(".key")) {
            let bytes = self.read(name)?.map(Zeroizing::new).unwrap_or_default();
            let wrong = |_| CuratorError::Damaged { path: self.path.join(name), problem: "it is no key".to_owned() };
            keys.push(Arc::new(KeyPair::from_pkcs8(&bytes).map_err(wrong)?) as SharedSigner);
        }
        Ok(keys)
    }

    /// Stores a renewal key: the first one, or one that is to follow it.
    pub(super) fn write_renewal_key(&self, pair: &KeyPair) -> Result<(), CuratorError> {
        let document = pair.to_pkcs8().map_err(|_| CuratorError::Randomness)?;
        self.write(&renewal_file(pair.key_id()), document.as_ref(), Readers::User)
    }

    /// Removes a renewal key that nobody accepts any more.
    pub(super) fn remove_renewal_key(&self, id: &KeyId) -> Result<(), CuratorError> {
        let path = self.path.join(renewal_file(id));
        self.disk.remove(&path).map_err(|error| failed(&path, &error))
    }

    fn make(&self, folder: &str) -> Result<(), CuratorError> {
        let path = self.path.join(folder);
        make_folder(self.disk.as_ref(), &path, Readers::Everybody).map_err(|error| failed(&path, &error))
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, CuratorError> {
        let path = self.path.join(name);
        let read = self.disk.read(&path, limits::CEREMONY_BYTES.saturating_add(1));
        match read.map_err(|error| failed(&path, &error))? {
            Some(bytes) if bytes.len() > limits::CEREMONY_BYTES => {
                let problem = format!("it has more than {} bytes", limits::CEREMONY_BYTES);
                Err(CuratorError::Damaged { path, problem })
            }
            bytes => Ok(bytes),
        }
    }

    fn write(&self, name: &str, bytes: &[u8], readers: Readers) -> Result<(), CuratorError> {
        let path = self.path.join(name);
        replace(self.disk.as_ref(), &path, bytes, readers).map_err(|error| failed(&path, &error))
    }
}

fn renewal_file(id: &KeyId) -> String {
    format!("renewal-{}.key", id.as_str().chars().take(16).collect::<String>())
}

fn failed(path: &Path, problem: &io::Error) -> CuratorError {
    CuratorError::Disk { path: path.to_owned(), problem: problem.to_string() }
}
