//! The command line of ceremonies: `affineur index rotate`, `sign` and `new-key`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::rotate::Replacement;

#[derive(Debug, Args)]
#[command(after_help = "\
A key's name is its place: root-2 is the second of root's keys. What gets another key is also renewed. With all keys in one folder it \
is done in one go. Else: --prepare drafts, `affineur index sign` adds the signatures of each holder, --apply publishes.

Examples:
  affineur index rotate ix --renew all --keys /media/offline
  affineur index rotate ix --replace root-2 --replace bins-1 --keys /media/offline
  affineur index rotate ix --replace online --prepare ceremony.json
  affineur index rotate ix --replace root-2=anna.key.pub --prepare ceremony.json
  affineur index sign ceremony.json --key /media/root-1.key
  affineur index rotate ix --apply ceremony.json")]
pub(crate) struct RotateOptions {
    /// The folder of the index
    pub(crate) dir: PathBuf,
    /// Sign this role anew, with a later expiry
    #[arg(long, value_name = "ROLE", value_enum, conflicts_with = "apply")]
    pub(crate) renew: Vec<Renew>,
    /// Give the place of this key (root-1, targets-2, bins-1, …, or online) to a new one, or to the one whose public part is in a file
    #[arg(long, value_name = "KEY[=FILE]", conflicts_with = "apply")]
    pub(crate) replace: Vec<Replacement>,
    /// The folder with the offline keys [default: DIR/offline]
    #[arg(long, value_name = "FOLDER", conflicts_with = "apply")]
    pub(crate) keys: Option<PathBuf>,
    /// The passphrase of the offline keys is the first line of this file; without it it is asked for
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// For how many days what is signed is valid
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    pub(crate) valid_days: u32,
    /// Write a draft to be signed elsewhere, and publish nothing
    #[arg(long, value_name = "FILE", conflicts_with = "apply")]
    pub(crate) prepare: Option<PathBuf>,
    /// Publish a draft that enough keys signed
    #[arg(long, value_name = "FILE")]
    pub(crate) apply: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Renew {
    Root,
    Targets,
    Bins,
    All,
}

#[derive(Debug, Args)]
#[command(after_help = "\
It needs neither the index nor a network. Read what changes before you type the passphrase: compare the digest with the record of the \
last ceremony, and each new key with what its holder says.

Examples:
  affineur index sign ceremony.json --key root-1.key
  affineur index sign ceremony.json --key root-1.key --key targets-1.key --passphrase-file pw")]
pub(crate) struct SignOptions {
    /// The draft; the signatures are added to it
    pub(crate) file: PathBuf,
    /// An offline key to sign with
    #[arg(long = "key", value_name = "FILE", required = true)]
    pub(crate) keys: Vec<PathBuf>,
    /// The passphrase of the keys is the first line of this file; without it it is asked for
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  affineur index new-key anna.key
  affineur index rotate ix --replace root-2=anna.key.pub --prepare ceremony.json")]
pub(crate) struct NewKeyOptions {
    /// Where the encrypted key is written; its public part is written beside it, as FILE.pub
    pub(crate) file: PathBuf,
    /// The passphrase is the first line of this file; without it it is asked for
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}
