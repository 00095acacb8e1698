//! The command line of `affineur key`.

use std::path::PathBuf;

use affineur_signer::keys::{Comment, Identity, KeyName};
use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
#[command(after_help = "\
A key is a file in your folder of keys: keys/ below AFFINEUR_HOME or your state folder, or what --keys names. Its private part is
encrypted with a passphrase, or is in a PKCS #11 token that never gives it out.

Examples:
  affineur key new laptop --comment 'for releases'
  affineur key list
  affineur key export laptop > laptop.json
  affineur key change-passphrase laptop")]
pub(crate) enum KeyCommand {
    /// Makes a key
    New(NewOptions),
    /// Shows the keys that there are, without opening them
    List(ListOptions),
    /// Prints the public part of a key
    Export(ExportOptions),
    /// Encrypts a key with another passphrase
    ChangePassphrase(ChangeOptions),
}

#[derive(Debug, Args)]
pub(crate) struct KeyPlace {
    /// The folder of the keys; without it keys/ below AFFINEUR_HOME or your state folder
    #[arg(long, value_name = "DIR")]
    pub(crate) keys: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The key is Ed25519; a token that has no Ed25519 gets one of ECDSA on P-256. The passphrase is asked for twice. With --derive it is
generated, shown once, and has to be typed back. A key that is there is never overwritten.

Examples:
  affineur key new laptop
  affineur key new laptop --passphrase-file pw --comment 'for releases'
  affineur key new alice --derive alice@example.org
  affineur key new card --pkcs11 /usr/lib/softhsm/libsofthsm2.so --token releases")]
pub(crate) struct NewOptions {
    /// What to call it: a to z, 0 to 9, - and _
    pub(crate) name: KeyName,
    #[command(flatten)]
    pub(crate) place: KeyPlace,
    /// The passphrase is the first line of this file; asked for at the terminal without it
    #[arg(long, value_name = "FILE", conflicts_with = "pkcs11")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Derive it from a generated passphrase, for this identity, such as your address: nothing secret is stored, and the
    /// same passphrase and identity make the same key anywhere
    #[arg(long, value_name = "IDENTITY", conflicts_with = "pkcs11")]
    pub(crate) derive: Option<Identity>,
    /// A line about the key, for yourself
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<Comment>,
    /// Make it in a token, through this PKCS #11 module (a shared library)
    #[arg(long, value_name = "MODULE", requires = "token")]
    pub(crate) pkcs11: Option<PathBuf>,
    /// The label of the token
    #[arg(long, value_name = "LABEL", requires = "pkcs11")]
    pub(crate) token: Option<String>,
    /// The token's PIN is the first line of this file; asked for at the terminal without it
    #[arg(long, value_name = "FILE", requires = "pkcs11")]
    pub(crate) pin_file: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Each line is what the key's file says. Whether its public part is that of the private one is known when the key is opened.

Examples:
  affineur key list
  affineur key list --keys ix/offline --json")]
pub(crate) struct ListOptions {
    #[command(flatten)]
    pub(crate) place: KeyPlace,
    /// Print JSON, a line for each key
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  affineur key export laptop
  affineur key export laptop --format pem
  affineur key export laptop --check --passphrase-file pw")]
pub(crate) struct ExportOptions {
    /// Which key
    pub(crate) name: KeyName,
    #[command(flatten)]
    pub(crate) place: KeyPlace,
    /// In which form
    #[arg(long, value_enum, default_value_t = PublicForm::Tuf)]
    pub(crate) format: PublicForm,
    /// Open the key first, and print nothing unless the public part is its own
    #[arg(long)]
    pub(crate) check: bool,
    /// For --check: the passphrase is the first line of this file
    #[arg(long, value_name = "FILE", requires = "check")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// For --check: the token's PIN is the first line of this file
    #[arg(long, value_name = "FILE", requires = "check")]
    pub(crate) pin_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PublicForm {
    /// JSON, as in TUF metadata
    Tuf,
    /// SubjectPublicKeyInfo in PEM
    Pem,
    /// A line for OpenSSH
    Openssh,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The file is replaced in one step: should anything go wrong, the key is there with the old passphrase or with the new one. Copies of
the old file still open with the old passphrase.

Examples:
  affineur key change-passphrase laptop
  affineur key change-passphrase root-1 --keys ix/offline")]
pub(crate) struct ChangeOptions {
    /// Which key
    pub(crate) name: KeyName,
    #[command(flatten)]
    pub(crate) place: KeyPlace,
    /// The present passphrase is the first line of this file; asked for at the terminal without it
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// The new passphrase is the first line of this file; asked for at the terminal without it
    #[arg(long, value_name = "FILE")]
    pub(crate) new_passphrase_file: Option<PathBuf>,
}
