//! What went wrong with a key: whose fault it is, and what to do.

use affineur_signer::key_file::KeyFileError;
use affineur_signer::keys::{KeysError, TokenError};

use crate::failure::Failure;

impl From<KeysError> for Failure {
    fn from(error: KeysError) -> Self {
        let hint = hint(&error);
        match &error {
            KeysError::ForeignPublicKey { .. } | KeysError::Token { problem: TokenError::ForeignKey { .. }, .. } => {
                Self::refused(error.to_string(), hint)
            }
            KeysError::Busy { .. }
            | KeysError::Changed { .. }
            | KeysError::Disk { .. }
            | KeysError::Randomness
            | KeysError::Token { problem: TokenError::NoToken { .. } | TokenError::Failed { .. }, .. } => {
                Self::cannot_tell(error.to_string(), hint)
            }
            _ => Self::usage(error.to_string(), hint),
        }
    }
}

fn hint(error: &KeysError) -> &'static str {
    match error {
        KeysError::Exists { .. } => "choose another name; a key is never overwritten",
        KeysError::Missing { .. } => "see `affineur key list`, or name the folder with --keys",
        KeysError::Path { .. } => "name a file such as keys/laptop.key",
        KeysError::TooMany { .. } => "name the folder of your keys with --keys",
        KeysError::Disk { .. } => "look at the folder, its permissions and its room, or name another one with --keys",
        KeysError::Busy { .. } => "try again when it is done",
        KeysError::Changed { .. } => "see which passphrase opens it, and try again",
        KeysError::Damaged { .. } => "take your copy of this key's file; docs/formats/keys.md has the format",
        KeysError::Sealed { problem: KeyFileError::WrongPassphrase, .. } => {
            "nothing was done; try again with the passphrase of this key"
        }
        KeysError::Sealed { .. } => "take your copy of this key's file",
        KeysError::ForeignPublicKey { .. } => "somebody changed this file: take your copy, and ask who else can write there",
        KeysError::NoPassphrase { .. } => {
            "the PIN of a token is changed with its own tools; make another key in place of a derived one"
        }
        KeysError::NotGenerated { .. } => "take the passphrase that was shown when the key was made; none can be chosen",
        KeysError::OtherDerivedKey { .. } => "take the passphrase of this key; should it be that, somebody changed this file",
        KeysError::NoPublicKey { .. } => "the file of a ceremony's key has none; root.json and the ceremony's record have them",
        KeysError::Randomness => "try again on a machine that does",
        KeysError::Token { problem, .. } => token_hint(problem),
    }
}

fn token_hint(error: &TokenError) -> &'static str {
    match error {
        TokenError::NotBuilt => "take a build with the feature pkcs11",
        TokenError::RelativeModule { .. } => "write the whole path, such as /usr/lib/softhsm/libsofthsm2.so",
        TokenError::Module { .. } => "name the shared library that came with the token",
        TokenError::NoToken { .. } => "plug the token in; its module's own tools list what there is",
        TokenError::Ambiguous { .. } => "leave one of them plugged in",
        TokenError::WrongPin { .. } => "most tokens lock themselves after a few wrong PINs",
        TokenError::PinLocked { .. } => "unlock it with the tools of the token",
        TokenError::NotOneKey { .. } | TokenError::Object => "the key was deleted, or this file is of another key",
        TokenError::NoAlgorithm { .. } => "take another token, or a key in a file",
        TokenError::ForeignKey { .. } => {
            "somebody changed this file or the token: take your copy, and ask who else can write there"
        }
        TokenError::Failed { .. } => "look at the token and its module",
    }
}
