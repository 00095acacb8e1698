//! The files of offline keys.

use std::io::Write as _;
use std::path::Path;

use affineur_signer::key_file::{self, KeyFileError, Passphrase};
use affineur_signer::limits;
use affineur_tuf::key::KeyPair;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Opens a key file.
pub(super) fn open_key(file: &Path, passphrase: &Passphrase) -> Result<KeyPair, Failure> {
    use std::io::Read as _;
    let named = |problem: String| format!("{}: {problem}", file.display());
    let mut bytes = Zeroizing::new(Vec::new());
    let most = u64::try_from(limits::KEY_FILE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    std::fs::File::open(file)
        .and_then(|open| open.take(most).read_to_end(&mut bytes))
        .map_err(|problem| Failure::usage(named(problem.to_string()), "name the file of an offline key"))?;
    key_file::open(&bytes, passphrase).map_err(|error| {
        let hint = match error {
            KeyFileError::WrongPassphrase => "nothing was signed; try again with the passphrase of this key",
            _ => "name the file of an offline key",
        };
        Failure::usage(named(error.to_string()), hint)
    })
}

/// Encrypts a key.
pub(super) fn sealed(pair: &KeyPair, passphrase: &Passphrase) -> Result<String, Failure> {
    key_file::seal(pair, passphrase).map_err(|error| Failure::bug(error.to_string()))
}

/// Writes a file that must not exist yet, durably and for this user alone.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|problem| Failure::usage(format!("{}: {problem}", path.display()), "name a file that does not exist yet"))
}
