//! The command line of `affineur index`.

use std::net::SocketAddr;
use std::path::PathBuf;

use affineur_index::limits;
use affineur_packaging::{FileName, ProjectName, Requirement};
use affineur_trust::provenance::PublisherName;
use clap::{Args, Subcommand, ValueEnum};
use url::Url;

use super::ceremony_arguments::{NewKeyOptions, RotateOptions, SignOptions};
use crate::arguments::LogFormat;

#[derive(Debug, Subcommand)]
#[command(after_help = "\
An index is a folder. Everything that it shows is signed as PEP 458 says; clients verify it with the root in DIR/client.

Examples:
  affineur index init ix --passphrase-file pw --url https://index.example/
  affineur index publish ix dist/*
  affineur index serve ix --listen 127.0.0.1:8765
  affineur index token new ix --project cheese")]
pub(crate) enum IndexCommand {
    /// Makes an index: keys, the first ceremony, empty signed metadata, and what to hand to users
    Init(InitOptions),
    /// Serves an index, takes uploads, signs and renews
    Serve(ServeOptions),
    /// Publishes files without HTTP, and waits until they are signed
    Publish(PublishOptions),
    /// Tokens to upload with
    #[command(subcommand)]
    Token(TokenCommand),
    /// Marks files as not to be installed any more, or takes that back
    Yank(YankOptions),
    /// Says of a whole project that nothing of it may be installed, or takes that back
    Quarantine(QuarantineOptions),
    /// Says of a whole project that it is archived or deprecated, or neither
    Mark(MarkOptions),
    /// Takes a file out of its project for good; its name stays taken
    Delete(DeleteOptions),
    /// What there is, what is signed, and what expires when
    Status(StatusOptions),
    /// Looks for what is missing, damaged or not as it is signed
    Fsck(FsckOptions),
    /// Removes old versions of metadata, and what uploads left that were cut short
    Gc(GcOptions),
    /// Signs root, targets and bins anew, or with other keys
    Rotate(RotateOptions),
    /// Signs what `rotate --prepare` drafted, on the machine of whoever has an offline key
    Sign(SignOptions),
    /// Makes an offline key, on the machine of whoever will have it
    NewKey(NewKeyOptions),
}

#[derive(Debug, Args)]
#[command(after_help = "\
The keys of root, targets and bins are written to DIR/offline, encrypted with the passphrase. Carry that folder away to media that \
are kept offline: the index never needs it to serve.

Examples:
  affineur index init ix --passphrase-file pw
  affineur index init ix --passphrase-file pw --url https://index.example/ --bins 1024")]
pub(crate) struct InitOptions {
    /// The folder of the index; it is made
    pub(crate) dir: PathBuf,
    /// The public address, below which simple/ and tuf/ will be
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8765/")]
    pub(crate) url: Url,
    /// The passphrase of the offline keys is the first line of this file; without it it is asked for
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// How many hash bins, a power of two: 16384 suit the largest public index, a few hundred a company's
    #[arg(long, value_name = "NUMBER", default_value_t = 16_384)]
    pub(crate) bins: u32,
    /// Delegate to each bin by its hash prefixes, for TUF clients without succinct hash bins (TAP 15)
    #[arg(long)]
    pub(crate) classic_bins: bool,
    /// Make every file a target, beside listings: for plain TUF clients
    #[arg(long)]
    pub(crate) files_as_targets: bool,
    /// For how many days root, targets and bins are valid
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    pub(crate) valid_days: u32,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  affineur index serve ix --listen 127.0.0.1:8765
  affineur index serve ix --listen [::]:443 --metrics-listen 127.0.0.1:9100 --log-format json")]
pub(crate) struct ServeOptions {
    /// The folder of the index
    pub(crate) dir: PathBuf,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8765")]
    pub(crate) listen: SocketAddr,
    /// Serve metrics at this address
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// How log lines look
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
    #[command(flatten)]
    pub(crate) limits: LimitOptions,
}

/// What an index takes at once, and how patiently.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitOptions {
    /// Most uploads at once; further ones wait
    #[arg(long, value_name = "NUMBER", default_value_t = limits::UPLOADS as u32, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) upload_limit: u32,
    /// Most uploads at once with one token
    #[arg(long, value_name = "NUMBER", default_value_t = limits::UPLOADS_OF_TOKEN as u32, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) token_upload_limit: u32,
    /// For how long an upload waits for its turn; then it is answered with 503
    #[arg(long, value_name = "SECONDS", default_value_t = limits::UPLOAD_WAIT.as_secs())]
    pub(crate) upload_wait: u64,
    /// For how long nothing may come of an upload; then it is answered with 408
    #[arg(long, value_name = "SECONDS", default_value_t = limits::UPLOAD_IDLE.as_secs())]
    pub(crate) upload_idle: u64,
    /// Room on the disk that uploads must leave; others are answered with 507
    #[arg(long, value_name = "MIB", default_value_t = limits::DISK_RESERVE >> 20)]
    pub(crate) disk_reserve: u64,
    /// Most connections at once; further ones wait
    #[arg(long, value_name = "NUMBER", default_value_t = limits::CONNECTIONS as u32, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) connections: u32,
    /// For how long the head of a request may take, and an idle connection is kept
    #[arg(long, value_name = "SECONDS", default_value_t = limits::HEAD_TIME.as_secs())]
    pub(crate) head_time: u64,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  affineur index publish ix dist/*.whl dist/*.tar.gz")]
pub(crate) struct PublishOptions {
    /// The folder of the index
    pub(crate) dir: PathBuf,
    /// Wheels and source distributions; FILE.publish.attestation beside one goes with it
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Makes a token and prints its secret, this once
    New(TokenOptions),
    /// Lists tokens
    List {
        /// The folder of the index
        dir: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revokes a token, for good
    Revoke {
        /// The folder of the index
        dir: PathBuf,
        /// Its number, as `list` shows it
        id: u64,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  affineur index token new ix --project cheese --name ci
  affineur index token new ix --project cheese --publisher github:org/cheese/release.yml
  TWINE_USERNAME=__token__ TWINE_PASSWORD=… twine upload --repository-url http://127.0.0.1:8765/legacy/ dist/*")]
pub(crate) struct TokenOptions {
    /// The folder of the index
    pub(crate) dir: PathBuf,
    /// Allow uploads to this project only; without it to every project
    #[arg(long)]
    pub(crate) project: Option<ProjectName>,
    /// Take only files that this publisher attests (PEP 740), as in github:psf/requests/release.yml
    #[arg(long)]
    pub(crate) publisher: Option<PublisherName>,
    /// What you call it
    #[arg(long, default_value = "unnamed")]
    pub(crate) name: String,
    /// For how many days it is good
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    pub(crate) days: u32,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  affineur index yank ix cheese==1.0 --reason 'it lost data'
  affineur index yank ix cheese==1.0 --undo")]
pub(crate) struct YankOptions {
    /// The folder of the index
    pub(crate) dir: PathBuf,
    /// A project and one version, as in cheese==1.0
    pub(crate) requirement: Requirement,
    /// Why; installers print it
    #[arg(long, default_value = "", conflicts_with = "undo")]
    pub(crate) reason: String,
    /// Take it back
    #[arg(long)]
    pub(crate) undo: bool,
    /// In whose name: the developers' yanks and the index's stand beside each other, and neither takes the other's back
    #[arg(long, value_enum, default_value_t = Party::Developers)]
    pub(crate) by: Party,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Party {
    /// Those of the project: it is in the listing
    Developers,
    /// The administrators of the index: it is in the overlay
    Index,
}

#[derive(Debug, Args)]
#[command(after_help = "\
pip, uv and poetry find no files of the project any more; behind affineur they print the reason.

Examples:
  affineur index quarantine ix cheese --reason 'it steals tokens'
  affineur index quarantine ix cheese --lift")]
pub(crate) struct QuarantineOptions {
    /// The folder of the index
    pub(crate) dir: PathBuf,
    /// The project
    pub(crate) project: ProjectName,
    /// Why; installers print it
    #[arg(long, required_unless_present = "lift", conflicts_with = "lift")]
    pub(crate) reason: Option<String>,
    /// Take it back
    #[arg(long)]
    pub(crate) lift: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Installers go on installing what is archived or deprecated (PEP 792); pages show the mark.

Examples:
  affineur index mark ix cheese deprecated --reason 'use brie'
  affineur index mark ix cheese active")]
pub(crate) struct MarkOptions {
    /// The folder of the index
    pub(crate) dir: PathBuf,
    /// The project
    pub(crate) project: ProjectName,
    /// What it is from now on
    #[arg(value_enum)]
    pub(crate) mark: Mark,
    /// Why, for people
    #[arg(long)]
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mark {
    /// Nothing more comes, and nobody looks after it
    Archived,
    /// Something else should be used
    Deprecated,
    /// Neither of them
    Active,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Whoever has the file keeps it. For a release that only should not be chosen any more, `affineur index yank` is enough.

Examples:
  affineur index delete ix cheese-1.0-py3-none-any.whl")]
pub(crate) struct DeleteOptions {
    /// The folder of the index
    pub(crate) dir: PathBuf,
    /// The name of a published file
    pub(crate) file: FileName,
}

#[derive(Debug, Args)]
pub(crate) struct StatusOptions {
    /// The folder of the index
    pub(crate) dir: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
It changes nothing, and works beside a running server. Exit status: 0 nothing found, 1 something found, 3 it could not be looked.

Examples:
  affineur index fsck ix
  affineur index fsck ix --rehash --json")]
pub(crate) struct FsckOptions {
    /// The folder of the index
    pub(crate) dir: PathBuf,
    /// Read every file and compare it with its digest
    #[arg(long)]
    pub(crate) rehash: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
`serve` does this by itself. Roots, what is current, and what was current within the last hour are never removed.

Examples:
  affineur index gc ix")]
pub(crate) struct GcOptions {
    /// The folder of the index
    pub(crate) dir: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
