//! Passphrases of offline keys: from a file, or asked for at the terminal without showing them. And key files.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use affineur_signer::key_file::{self, KeyFileError, Passphrase};
use affineur_signer::limits;
use affineur_tuf::key::KeyPair;
use anstream::eprint;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Asks for the passphrase of keys that are there, unless a file has it.
pub(super) fn of_old_keys(file: Option<&Path>, what: &str) -> Result<Passphrase, Failure> {
    match file {
        Some(file) => from_file(file),
        None => accepted(&asked(&format!("passphrase of {what}: "))?, "the terminal"),
    }
}

/// Asks for the passphrase of new keys, twice.
pub(super) fn of_new_keys(file: Option<&Path>) -> Result<Passphrase, Failure> {
    let Some(file) = file else {
        let first = asked("passphrase for the new offline keys: ")?;
        if *asked("the same once more: ")? != *first {
            return Err(Failure::usage("the two passphrases differ", "nothing was made; try again"));
        }
        return accepted(&first, "the terminal");
    };
    from_file(file)
}

fn from_file(file: &Path) -> Result<Passphrase, Failure> {
    let unreadable = |problem: io::Error| {
        Failure::usage(format!("{}: {problem}", file.display()), "write the passphrase into a file that only you can read")
    };
    let text = Zeroizing::new(std::fs::read_to_string(file).map_err(unreadable)?);
    accepted(text.lines().next().unwrap_or_default(), &file.display().to_string())
}

fn accepted(text: &str, place: &str) -> Result<Passphrase, Failure> {
    Passphrase::new(text).map_err(|error| Failure::usage(format!("{place}: {error}"), "use a passphrase of several words"))
}

/// Asks at the terminal.
fn asked(question: &str) -> Result<Zeroizing<String>, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage("there is no terminal to ask for the passphrase", "name a file with --passphrase-file"));
    }
    eprint!("{question}");
    let _ = io::stderr().flush(); // the question is seen a little later at worst
    let mut line = Zeroizing::new(String::new());
    let read = without_echo(|| io::stdin().read_line(&mut line));
    read.map_err(|problem| Failure::cannot_tell(format!("the terminal: {problem}"), "name a file with --passphrase-file"))?;
    Ok(Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

#[cfg(unix)]
fn without_echo<T>(read: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let stdin = io::stdin();
    let before = tcgetattr(&stdin)?;
    let mut quiet = before.clone();
    quiet.local_modes.remove(LocalModes::ECHO);
    quiet.local_modes.insert(LocalModes::ECHONL);
    tcsetattr(&stdin, OptionalActions::Flush, &quiet)?;
    let read = read();
    tcsetattr(&stdin, OptionalActions::Now, &before)?;
    read
}

#[cfg(not(unix))]
fn without_echo<T>(_read: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "what is typed would be seen"))
}

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
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|problem| Failure::usage(format!("{}: {problem}", path.display()), "name a file that does not exist yet"))
}
