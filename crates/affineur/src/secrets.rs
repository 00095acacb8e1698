//! Passphrases and PINs: from a file, or asked for at the terminal without showing them.

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};

use affineur_signer::key_file::Passphrase;
use affineur_signer::keys::{GeneratedPassphrase, KeyName, Pin, Secrets, TokenReference};
use anstream::eprint;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// The most that is read of a file with a passphrase or PIN, in bytes.
const FIRST_LINE_BYTES: u64 = 4096;

/// Whoever runs the program, or the files that they name.
pub(crate) struct User<'a> {
    /// The first line is the passphrase.
    pub(crate) passphrase_file: Option<&'a PathBuf>,
    /// The first line is the PIN.
    pub(crate) pin_file: Option<&'a PathBuf>,
}

impl Secrets for User<'_> {
    type Error = Failure;

    fn passphrase(&self, key: &KeyName) -> Result<Passphrase, Failure> {
        of_old_keys(self.passphrase_file.map(PathBuf::as_path), &format!("the key {key}"))
    }

    fn pin(&self, _key: &KeyName, token: &TokenReference) -> Result<Pin, Failure> {
        pin(self.pin_file.map(PathBuf::as_path), &token.label, &token.module)
    }
}

/// Asks for the passphrase of keys that are there, unless a file has it.
pub(crate) fn of_old_keys(file: Option<&Path>, what: &str) -> Result<Passphrase, Failure> {
    match file {
        Some(file) => accepted(&first_line(file)?, &file.display().to_string()),
        None => accepted(&asked(&format!("passphrase of {what}: "), Secret::Passphrase)?, "the terminal"),
    }
}

/// Asks for a new passphrase, twice, unless a file has it.
pub(crate) fn of_new_keys(file: Option<&Path>, what: &str) -> Result<Passphrase, Failure> {
    let Some(file) = file else {
        let first = asked(&format!("passphrase for {what}: "), Secret::Passphrase)?;
        let passphrase = accepted(&first, "the terminal")?;
        if *asked("the same once more: ", Secret::Passphrase)? != *first {
            return Err(Failure::usage("the two passphrases differ", "nothing was made; try again"));
        }
        return Ok(passphrase);
    };
    of_old_keys(Some(file), what)
}

/// Asks for a passphrase that was generated before, or generates one, shows it and lets it be typed back; unless a file has it.
pub(crate) fn generated(file: Option<&Path>, what: &str) -> Result<Passphrase, Failure> {
    if let Some(file) = file {
        return of_old_keys(Some(file), what);
    }
    let question = format!("passphrase that {what} was derived from before (leave it empty for a new key): ");
    let before = asked(&question, Secret::Passphrase)?;
    if !before.is_empty() {
        return accepted(&before, "the terminal");
    }
    let made = GeneratedPassphrase::random()
        .ok_or_else(|| Failure::cannot_tell("the system gives no random bytes", "try again on a machine that does"))?;
    anstream::eprintln!("write this passphrase down, it is shown once: {}", *made.reveal());
    let typed = accepted(&asked("type it to show that you have it: ", Secret::Passphrase)?, "the terminal")?;
    if GeneratedPassphrase::parse(&typed).as_ref() != Ok(&made) {
        return Err(Failure::usage("this is not the passphrase that was shown", "nothing was made; try again"));
    }
    Ok(typed)
}

/// Asks for the PIN of a token, unless a file has it. The module is a library that is about to be loaded.
pub(crate) fn pin(file: Option<&Path>, label: &str, module: &Path) -> Result<Pin, Failure> {
    match file {
        Some(file) => Ok(Pin::new(&first_line(file)?)),
        None => {
            let question = format!("PIN of the token {label:?} (through {:?}): ", module.display().to_string());
            Ok(Pin::new(&asked(&question, Secret::Pin)?))
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy)]
enum Secret {
    Passphrase,
    Pin,
}

impl Secret {
    const fn name(self) -> &'static str {
        match self {
            Self::Passphrase => "passphrase",
            Self::Pin => "PIN",
        }
    }

    /// What names a file with it.
    const fn option(self) -> &'static str {
        match self {
            Self::Passphrase => "--passphrase-file",
            Self::Pin => "--pin-file",
        }
    }
}

fn first_line(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let unreadable = |problem: io::Error| {
        Failure::usage(format!("{}: {problem}", file.display()), "write the secret into a file that only you can read")
    };
    let mut text = Zeroizing::new(String::new());
    let read = std::fs::File::open(file).and_then(|open| open.take(FIRST_LINE_BYTES).read_to_string(&mut text));
    read.map_err(unreadable)?;
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

fn accepted(text: &str, place: &str) -> Result<Passphrase, Failure> {
    Passphrase::new(text).map_err(|error| Failure::usage(format!("{place}: {error}"), "use a passphrase of several words"))
}

/// Asks at the terminal.
fn asked(question: &str, secret: Secret) -> Result<Zeroizing<String>, Failure> {
    let hint = format!("name a file with {}", secret.option());
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(format!("there is no terminal to ask for the {}", secret.name()), hint));
    }
    let mut line = Zeroizing::new(String::new());
    let read = without_echo(|| {
        eprint!("{question}");
        let _ = io::stderr().flush(); // the question is seen a little later at worst
        io::stdin().read_line(&mut line)
    });
    read.map_err(|problem| Failure::cannot_tell(format!("the terminal: {problem}"), hint))?;
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
