//! What can be wrong with keys in a folder.

use std::path::PathBuf;

use super::{DocumentError, KeyName, NotGenerated, TokenError};
use crate::key_file::KeyFileError;

/// A key cannot be made, read or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// A key is never overwritten.
    #[error("there is a key {name} already, in {}", folder.display())]
    Exists {
        /// Its name.
        name: KeyName,
        /// Where it is.
        folder: PathBuf,
    },
    /// There is no such key.
    #[error("there is no key {name} in {}", folder.display())]
    Missing {
        /// The name.
        name: KeyName,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// The path is that of no key file.
    #[error("{} is not the path of a key file, which ends in .key", path.display())]
    Path {
        /// The path.
        path: PathBuf,
    },
    /// A folder with far more files than anybody has keys.
    #[error("{} has more than {} files: it is no folder of keys", folder.display(), crate::limits::KEYS_IN_FOLDER)]
    TooMany {
        /// The folder.
        folder: PathBuf,
    },
    /// The operating system said no.
    #[error("{}: {problem}", path.display())]
    Disk {
        /// Of which file or folder.
        path: PathBuf,
        /// What it said.
        problem: String,
    },
    /// Another program changes this folder.
    #[error("another program is changing the keys in {}", folder.display())]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// The file is not the one any more that was opened.
    #[error("{} was changed by another program meanwhile; it stays as that one left it", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The file is no key file, or damaged.
    #[error("{}: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: DocumentError,
    },
    /// The encrypted key could not be opened or made.
    #[error("{}: {problem}", path.display())]
    Sealed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: KeyFileError,
    },
    /// Somebody changed the public key in the file: it would have been published, or signed for, as the user's own.
    #[error("{}: the public key in this file is not that of the private key", path.display())]
    ForeignPublicKey {
        /// The file.
        path: PathBuf,
    },
    /// There is no passphrase that could be changed.
    #[error("the key {name} has no passphrase that can be changed: {why}")]
    NoPassphrase {
        /// The key.
        name: KeyName,
        /// Why.
        why: &'static str,
    },
    /// Keys are derived from generated passphrases only.
    #[error("the key {name}: {problem}")]
    NotGenerated {
        /// The key.
        name: KeyName,
        /// What is wrong.
        problem: NotGenerated,
    },
    /// The passphrase is a generated one, but of another key.
    #[error("{}: this passphrase makes another key", path.display())]
    OtherDerivedKey {
        /// The file.
        path: PathBuf,
    },
    /// The token said no.
    #[error("the key {name}: {problem}")]
    Token {
        /// The key.
        name: KeyName,
        /// What is wrong.
        problem: TokenError,
    },
    /// The public key is only inside of what is encrypted.
    #[error("{} does not say its public key", path.display())]
    NoPublicKey {
        /// The file.
        path: PathBuf,
    },
    /// The system has no randomness to give.
    #[error("the system gives no random bytes")]
    Randomness,
}
