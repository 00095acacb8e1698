//! Private keys in files, encrypted with a passphrase in the age format (scrypt, ChaCha20-Poly1305), as text.
//!
//! Inside is the key as PKCS #8. Whoever has the `age` tool can decrypt it too: no format of our own stands between a person
//! and their key.

use affineur_tuf::key::{KeyPair, KeyPairError};
use age::secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::limits;

/// What protects key files. It is never printed.
#[derive(Clone)]
pub struct Passphrase(SecretString);

/// A passphrase that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PassphraseError {
    /// Too short to protect anything.
    #[error("a passphrase for offline keys has at least {} characters", limits::PASSPHRASE_CHARACTERS)]
    TooShort,
}

impl Passphrase {
    /// Takes a passphrase as it was typed or read from a file; line ends after it do not count.
    ///
    /// # Errors
    /// [`PassphraseError::TooShort`].
    pub fn new(text: &str) -> Result<Self, PassphraseError> {
        let text = text.trim_end_matches(['\r', '\n']);
        if text.chars().count() < limits::PASSPHRASE_CHARACTERS {
            return Err(PassphraseError::TooShort);
        }
        Ok(Self(SecretString::from(text.to_owned())))
    }
}

impl Passphrase {
    pub(crate) fn text(&self) -> &str {
        self.0.expose_secret()
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(***)")
    }
}

/// A key file cannot be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// Not a key file, or damaged.
    #[error("this is no key file, or it is damaged")]
    Damaged,
    /// It is larger than any key file.
    #[error("this has more than {} bytes and is no key file", limits::KEY_FILE_BYTES)]
    TooLong,
    /// Another passphrase.
    #[error("the passphrase does not open this key file")]
    WrongPassphrase,
    /// Opening it would take more work than any key file of ours.
    #[error("opening this key file would take more work than is allowed")]
    TooMuchWork,
    /// What is inside is no private key of a kind that we have.
    #[error("what is inside is no usable private key")]
    Key(#[from] KeyPairError),
    /// Encrypting failed.
    #[error("the key cannot be encrypted")]
    Encrypt,
}

/// Encrypts a private key.
///
/// # Errors
/// [`KeyFileError::Encrypt`], [`KeyFileError::Key`].
pub fn seal(pair: &KeyPair, passphrase: &Passphrase) -> Result<String, KeyFileError> {
    seal_with(pair, passphrase, limits::SCRYPT_LOG_N)
}

pub(crate) fn seal_with(pair: &KeyPair, passphrase: &Passphrase, log_n: u8) -> Result<String, KeyFileError> {
    let mut recipient = age::scrypt::Recipient::new(passphrase.0.clone());
    recipient.set_work_factor(log_n);
    let document = pair.to_pkcs8()?;
    age::encrypt_and_armor(&recipient, document.as_ref()).map_err(|_| KeyFileError::Encrypt)
}

/// Decrypts a private key.
///
/// # Errors
/// See [`KeyFileError`].
pub fn open(file: &[u8], passphrase: &Passphrase) -> Result<KeyPair, KeyFileError> {
    if file.len() > limits::KEY_FILE_BYTES {
        return Err(KeyFileError::TooLong);
    }
    let mut identity = age::scrypt::Identity::new(passphrase.0.clone());
    identity.set_max_work_factor(limits::SCRYPT_LOG_N_AT_MOST);
    let document = age::decrypt(&identity, file).map(Zeroizing::new).map_err(|error| match error {
        age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed => KeyFileError::WrongPassphrase,
        age::DecryptError::ExcessiveWork { .. } => KeyFileError::TooMuchWork,
        _ => KeyFileError::Damaged,
    })?;
    Ok(KeyPair::from_pkcs8(&document)?)
}

#[cfg(test)]
mod tests {
    use affineur_tuf::key::Signer as _;

    use super::*;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text).unwrap()
    }

    /// Little work, since every test would take a second otherwise.
    fn sealed(text: &str) -> String {
        seal_with(&KeyPair::from_seed([1; 32]).unwrap(), &passphrase(text), 2).unwrap()
    }

    #[test]
    fn a_key_comes_back_with_its_passphrase_and_with_no_other() {
        let file = sealed("correct horse");
        let pair = open(file.as_bytes(), &passphrase("correct horse\n")).unwrap();
        assert_eq!(pair.key(), KeyPair::from_seed([1; 32]).unwrap().key());
        assert!(matches!(open(file.as_bytes(), &passphrase("correct horsf")), Err(KeyFileError::WrongPassphrase)));
    }

    #[test]
    fn a_damaged_file_is_an_error_wherever_it_is_damaged() {
        let file = sealed("correct horse").into_bytes();
        for cut in (0..file.len()).step_by(7) {
            assert!(open(&file[..cut], &passphrase("correct horse")).is_err(), "cut at {cut}");
        }
        for at in (0..file.len()).step_by(5) {
            let mut changed = file.clone();
            changed[at] ^= 1;
            let opened = open(&changed, &passphrase("correct horse"));
            assert!(opened.is_err() || opened.is_ok_and(|pair| *pair.key() == *KeyPair::from_seed([1; 32]).unwrap().key()));
        }
        assert!(matches!(
            open(&vec![b'a'; limits::KEY_FILE_BYTES + 1], &passphrase("correct horse")),
            Err(KeyFileError::TooLong)
        ));
    }

    #[test]
    fn nothing_secret_is_printed() {
        assert_eq!(format!("{:?}", passphrase("correct horse")), "Passphrase(***)");
        assert!(Passphrase::new("short\n").is_err());
        assert!(!sealed("correct horse").contains("horse"));
    }
}
