//! A key as it lies in its file: what can be said about it unopened, and opening it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use affineur_tuf::edit::SharedSigner;
use affineur_tuf::key::{Key, KeyPair, Signer as _};
use jiff::Timestamp;

use super::document::Document;
use super::{Comment, Derivation, GeneratedPassphrase, KeyName, KeysError, Private, PublicPart, Secrets, token};
use crate::disk::{Disk, RealDisk};
use crate::key_file::{self, Passphrase};
use crate::limits;

/// How the files of keys end.
pub(super) const ENDING: &str = ".key";

/// A key that is there. What it says about itself is what its file says, until it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    pub(super) name: KeyName,
    pub(super) path: PathBuf,
    pub(super) document: Document,
}

impl StoredKey {
    /// The key in a file, which may be anywhere.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        let stem = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(ENDING));
        let name = stem.and_then(|stem| stem.parse().ok()).ok_or_else(|| KeysError::Path { path: path.to_owned() })?;
        let absent = || KeysError::Disk { path: path.to_owned(), problem: "there is no such file".to_owned() };
        Self::read_on(&RealDisk, name, path)?.ok_or_else(absent)
    }

    pub(super) fn read_on(disk: &dyn Disk, name: KeyName, path: &Path) -> Result<Option<Self>, KeysError> {
        let read = disk.read(path, limits::KEY_FILE_BYTES.saturating_add(1));
        let bytes = read.map_err(|problem| KeysError::Disk { path: path.to_owned(), problem: problem.to_string() })?;
        let Some(bytes) = bytes else { return Ok(None) };
        let damaged = |problem| KeysError::Damaged { path: path.to_owned(), problem };
        let document = Document::parse(&bytes).map_err(damaged)?;
        Ok(Some(Self { name, path: path.to_owned(), document }))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// Its file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The public key that the file names. A file of a ceremony names none.
    ///
    /// # Errors
    /// [`KeysError::NoPublicKey`].
    pub fn public(&self) -> Result<PublicPart, KeysError> {
        match &self.document {
            Document::Described(description) => PublicPart::new(description.key.clone())
                .map_err(|problem| KeysError::Damaged { path: self.path.clone(), problem: problem.into() }),
            Document::Bare(_) => Err(KeysError::NoPublicKey { path: self.path.clone() }),
        }
    }

    /// What its maker wrote about it.
    #[must_use]
    pub fn comment(&self) -> Option<&Comment> {
        match &self.document {
            Document::Described(description) => description.comment.as_ref(),
            Document::Bare(_) => None,
        }
    }

    /// When it was made, where the file says so.
    #[must_use]
    pub fn created(&self) -> Option<Timestamp> {
        match &self.document {
            Document::Described(description) => Some(description.created),
            Document::Bare(_) => None,
        }
    }

    /// Where the private key is.
    #[must_use]
    pub fn private(&self) -> Private {
        match &self.document {
            Document::Described(description) => description.private.clone(),
            Document::Bare(sealed) => Private::Sealed(sealed.clone()),
        }
    }

    /// Opens it, asking for what protects it, and makes sure that the private key is that of the public key in the file.
    ///
    /// # Errors
    /// What [`Secrets`] answers, and see [`KeysError`].
    pub fn open<S: Secrets>(&self, secrets: &S) -> Result<SharedSigner, S::Error> {
        match self.private() {
            Private::Sealed(_) => Ok(Arc::new(self.unseal(&secrets.passphrase(&self.name)?)?)),
            Private::Token(reference) => {
                let pin = secrets.pin(&self.name, &reference)?;
                let problem = |problem| KeysError::Token { name: self.name.clone(), problem };
                Ok(token::open(&reference, self.public()?.key(), &pin).map_err(problem)?)
            }
            Private::Derived(derivation) => {
                let pair = derive(&self.name, &derivation, &secrets.passphrase(&self.name)?)?;
                let other = |_| KeysError::OtherDerivedKey { path: self.path.clone() };
                self.must_name(pair.key()).map_err(other)?;
                Ok(Arc::new(pair))
            }
        }
    }

    /// The encrypted private key, in the age format.
    ///
    /// # Errors
    /// [`KeysError::NoPassphrase`] where there is none.
    pub fn sealed(&self) -> Result<String, KeysError> {
        let none = |why| KeysError::NoPassphrase { name: self.name.clone(), why };
        match self.private() {
            Private::Sealed(sealed) => Ok(sealed),
            Private::Token(_) => Err(none("it is in a token")),
            Private::Derived(_) => Err(none("another passphrase is another key")),
        }
    }

    /// The private key of a file that has it.
    pub(super) fn unseal(&self, passphrase: &Passphrase) -> Result<KeyPair, KeysError> {
        let sealed = self.sealed()?;
        let problem = |problem| KeysError::Sealed { path: self.path.clone(), problem };
        let pair = key_file::open(sealed.as_bytes(), passphrase).map_err(problem)?;
        self.must_name(pair.key())?;
        Ok(pair)
    }

    /// The public key of what was opened is the one that the file names, if it names one.
    fn must_name(&self, opened: &Key) -> Result<(), KeysError> {
        match &self.document {
            Document::Described(description) if description.key != *opened => {
                Err(KeysError::ForeignPublicKey { path: self.path.clone() })
            }
            _ => Ok(()),
        }
    }
}

/// The key that a generated passphrase makes.
pub(super) fn derive(name: &KeyName, derivation: &Derivation, passphrase: &Passphrase) -> Result<KeyPair, KeysError> {
    let generated =
        GeneratedPassphrase::parse(passphrase).map_err(|problem| KeysError::NotGenerated { name: name.clone(), problem })?;
    generated.key(derivation).ok_or(KeysError::Randomness)
}
