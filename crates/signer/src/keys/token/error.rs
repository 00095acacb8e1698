//! What can be wrong with a token.

use std::path::PathBuf;

/// A token's key cannot be made or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// This program was built without the feature `pkcs11`.
    #[error("this program was built without support for PKCS #11 tokens")]
    NotBuilt,
    /// The path to the module is relative: what it means would depend on where a command is run.
    #[error("{} is not the absolute path of a PKCS #11 module", module.display())]
    RelativeModule {
        /// The path.
        module: PathBuf,
    },
    /// The shared library is not there, or none of PKCS #11.
    #[error("{} cannot be used as a PKCS #11 module: {problem}", module.display())]
    Module {
        /// Its path.
        module: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// No such token is plugged in.
    #[error("there is no token {label:?} {}", serial.as_ref().map_or_else(String::new, |serial| format!("with the serial number {serial:?}")))]
    NoToken {
        /// Its label.
        label: String,
        /// Its serial number, where one is known.
        serial: Option<String>,
    },
    /// Several tokens have this label.
    #[error("{number} tokens have the label {label:?}")]
    Ambiguous {
        /// The label.
        label: String,
        /// How many.
        number: usize,
    },
    /// The token refuses the PIN. Most tokens lock themselves after a few wrong ones.
    #[error("the PIN is not that of the token {label:?}")]
    WrongPin {
        /// The token.
        label: String,
    },
    /// There were too many wrong PINs.
    #[error("the token {label:?} has locked itself after too many wrong PINs")]
    PinLocked {
        /// The token.
        label: String,
    },
    /// The key is not in the token, or is there twice.
    #[error("the token {label:?} has {number} private keys of the identifier {object}, instead of one")]
    NotOneKey {
        /// The token.
        label: String,
        /// The identifier, in hexadecimal digits.
        object: String,
        /// How many there are.
        number: usize,
    },
    /// It can make neither kind of key.
    #[error("the token {label:?} can make neither Ed25519 keys nor ECDSA keys on P-256")]
    NoAlgorithm {
        /// The token.
        label: String,
    },
    /// The key in the token signs, but not for the public key that is in the file or that the token itself named.
    #[error("what the token {label:?} signs does not verify with the public key")]
    ForeignKey {
        /// The token.
        label: String,
    },
    /// Anything else that the module answered.
    #[error("the token {label:?} failed to {doing}: {problem}")]
    Failed {
        /// The token.
        label: String,
        /// What was asked of it.
        doing: &'static str,
        /// What its module answered.
        problem: String,
    },
    /// The reference cannot be one.
    #[error("the identifier of the key in the token is no hexadecimal number")]
    Object,
}
