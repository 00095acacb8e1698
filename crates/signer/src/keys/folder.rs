//! The keys in a folder, a file for each: `NAME.key`.
//!
//! A file is written beside, made durable, and then named: whatever moment the process or the power dies at, a name has no key
//! or a whole one, the old or the new.

use std::fmt::{self, Debug};
use std::io;
use std::path::{Path, PathBuf};

use affineur_tuf::edit::SharedSigner;
use affineur_tuf::key::{KeyPair, Signer as _};
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::document::{Description, Document};
use super::stored::{ENDING, derive};
use super::{Comment, Derivation, Identity, KeyName, KeysError, Pin, Private, Secrets, StoredKey, token};
use crate::disk::{Disk, Readers, RealDisk, Temporary, make_folder};
use crate::key_file::{self, Passphrase};
use crate::limits;

/// Locked by who replaces a file. No key can have this name.
const LOCK: &str = ".lock";

/// A folder of keys. It need not exist before the first key is made.
pub struct KeyFolder {
    path: PathBuf,
    disk: Box<dyn Disk>,
}

/// What lies under a key's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name.
    pub name: KeyName,
    /// The key, or what is wrong with its file.
    pub key: Result<StoredKey, KeysError>,
}

impl KeyFolder {
    /// The folder of this path; nothing is looked at yet.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self::on(Box::new(RealDisk), path)
    }

    pub(super) fn on(disk: Box<dyn Disk>, path: PathBuf) -> Self {
        Self { path, disk }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All keys by name. A folder that does not exist has none.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, KeysError> {
        let names = self.disk.list(&self.path, limits::KEYS_IN_FOLDER.saturating_add(1)).map_err(failed(&self.path))?;
        if names.len() > limits::KEYS_IN_FOLDER {
            return Err(KeysError::TooMany { folder: self.path.clone() });
        }
        let mut names: Vec<KeyName> = names.iter().filter_map(|name| name.strip_suffix(ENDING)?.parse().ok()).collect();
        names.sort();
        Ok(names.into_iter().map(|name| Listed { key: self.load(&name), name }).collect())
    }

    /// One key, not opened.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn load(&self, name: &KeyName) -> Result<StoredKey, KeysError> {
        let found = StoredKey::read_on(self.disk.as_ref(), name.clone(), &self.file(name))?;
        found.ok_or_else(|| KeysError::Missing { name: name.clone(), folder: self.path.clone() })
    }

    /// Opens a key by its name: [`StoredKey::open`].
    ///
    /// # Errors
    /// What [`Secrets`] answers, and see [`KeysError`].
    pub fn open<S: Secrets>(&self, name: &KeyName, secrets: &S) -> Result<SharedSigner, S::Error> {
        self.load(name)?.open(secrets)
    }

    /// Says early that a name is taken, before somebody thinks of a passphrase. What is made is checked again.
    ///
    /// # Errors
    /// [`KeysError::Exists`].
    pub fn must_be_free(&self, name: &KeyName) -> Result<(), KeysError> {
        match self.disk.read(&self.file(name), 0).map_err(failed(&self.file(name)))? {
            None => Ok(()),
            Some(_) => Err(KeysError::Exists { name: name.clone(), folder: self.path.clone() }),
        }
    }

    /// Makes an Ed25519 key in a file.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn create(
        &self,
        name: &KeyName,
        passphrase: &Passphrase,
        comment: Option<Comment>,
        now: Timestamp,
    ) -> Result<StoredKey, KeysError> {
        let sealing = |problem| KeysError::Sealed { path: self.file(name), problem };
        let pair = random_pair().ok_or(KeysError::Randomness)?;
        let sealed = key_file::seal(&pair, passphrase).map_err(sealing)?;
        let private = Private::Sealed(sealed);
        self.add(name, Document::described(Description::new(pair.key().clone(), private, now, comment)))
    }

    /// Makes a key in a token, and a file that refers to it. Where the file cannot be written, the key stays in the token and
    /// nothing refers to it.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn create_in_token(
        &self,
        name: &KeyName,
        (module, label): (&Path, &str),
        pin: &Pin,
        comment: Option<Comment>,
        now: Timestamp,
    ) -> Result<StoredKey, KeysError> {
        self.must_be_free(name)?;
        let problem = |problem| KeysError::Token { name: name.clone(), problem };
        let (key, reference) = token::create(module, label, pin, name).map_err(problem)?;
        self.add(name, Document::described(Description::new(key, Private::Token(reference), now, comment)))
    }

    /// Makes a file for a key that is derived from a generated passphrase: for a new one, or to have the key here again.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn create_derived(
        &self,
        name: &KeyName,
        identity: Identity,
        passphrase: &Passphrase,
        comment: Option<Comment>,
        now: Timestamp,
    ) -> Result<StoredKey, KeysError> {
        let derivation = Derivation { identity };
        let pair = derive(name, &derivation, passphrase)?;
        self.add(name, Document::described(Description::new(pair.key().clone(), Private::Derived(derivation), now, comment)))
    }

    /// Puts a key under another passphrase. The file that is there is replaced by one that was opened with the new passphrase
    /// before; nothing of the old one is kept. Copies elsewhere keep the old passphrase.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn change_passphrase(&self, name: &KeyName, old: &Passphrase, new: &Passphrase) -> Result<StoredKey, KeysError> {
        let before = self.load(name)?;
        let sealing = |problem| KeysError::Sealed { path: before.path.clone(), problem };
        let pair = before.unseal(old)?;
        let sealed = key_file::seal(&pair, new).map_err(sealing)?;
        let after = StoredKey { document: before.document.resealed(sealed), ..before.clone() };
        after.unseal(new)?;
        self.replace(&before, &after)?;
        Ok(after)
    }

    /// Stores a new key.
    pub(super) fn add(&self, name: &KeyName, document: Document) -> Result<StoredKey, KeysError> {
        make_folder(self.disk.as_ref(), &self.path, Readers::User).map_err(failed(&self.path))?;
        let path = self.file(name);
        let written = self.written(&document).map_err(failed(&path))?;
        written.name_new(&path).map_err(|problem| match problem.kind() {
            io::ErrorKind::AlreadyExists => KeysError::Exists { name: name.clone(), folder: self.path.clone() },
            _ => failed(&path)(problem),
        })?;
        self.disk.sync_folder(&self.path).map_err(failed(&path))?;
        Ok(StoredKey { name: name.clone(), path, document })
    }

    /// Stores a key in place of what was read of it before.
    pub(super) fn replace(&self, before: &StoredKey, after: &StoredKey) -> Result<(), KeysError> {
        let lock = self.path.join(LOCK);
        let held = self.disk.try_lock(&lock).map_err(failed(&lock))?;
        let _held = held.ok_or_else(|| KeysError::Busy { folder: self.path.clone() })?;
        if self.load(&before.name)? != *before {
            return Err(KeysError::Changed { path: before.path.clone() });
        }
        let written = self.written(&after.document).map_err(failed(&after.path))?;
        written.name_instead(&after.path).map_err(failed(&after.path))?;
        self.disk.sync_folder(&self.path).map_err(failed(&after.path))
    }

    /// A file without a name yet, with contents that last.
    fn written(&self, document: &Document) -> io::Result<Box<dyn Temporary>> {
        let mut file = self.disk.create_temporary(&self.path, Readers::User)?;
        file.write(document.to_text().as_bytes())?;
        file.sync()?;
        Ok(file)
    }

    fn file(&self, name: &KeyName) -> PathBuf {
        self.path.join(format!("{name}{ENDING}"))
    }
}

impl Debug for KeyFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyFolder({})", self.path.display())
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> KeysError + '_ {
    move |problem| KeysError::Disk { path: path.to_owned(), problem: problem.to_string() }
}

/// A new Ed25519 key; `None` when the system has no randomness.
pub(crate) fn random_pair() -> Option<KeyPair> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut()).ok()?;
    KeyPair::from_seed(*seed).ok()
}
