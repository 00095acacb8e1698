//! The command line of `affineur tuf`.

use std::path::PathBuf;

use affineur_tuf::TargetPath;
use clap::{Args, Subcommand};
use url::Url;

#[derive(Debug, Subcommand)]
#[command(after_help = "\
A local copy is a folder with a root that you trust and the metadata that were verified with it. \
Begin one with `init`.

Examples:
  affineur tuf init ./copy --root 1.root.json --url https://repository.example/metadata/
  affineur tuf refresh ./copy
  affineur tuf download ./copy releases/tool-1.2.tar.gz --to ./downloads
  affineur tuf inspect ./copy")]
pub(crate) enum TufCommand {
    /// Begins a local copy of a repository with a root that you trust. Asks nobody
    Init(InitOptions),
    /// Brings a local copy up to date, and says what changed and when it expires
    Refresh(RefreshOptions),
    /// Downloads files that the repository vouches for, and says who vouches
    Download(DownloadOptions),
    /// Shows a local copy, which roles a path would be looked up in, or a single metadata file. Asks nobody
    Inspect(InspectOptions),
}

/// Where the repository is.
#[derive(Debug, Clone, Args)]
pub(crate) struct Places {
    /// Where the metadata files are
    #[arg(long, value_name = "METADATA_URL")]
    pub(crate) url: Option<Url>,
    /// Where the target files are; without it `targets/` beside a metadata URL that ends with `metadata/`, else `targets/` below it
    #[arg(long, value_name = "URL", requires = "url")]
    pub(crate) targets_url: Option<Url>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Whoever gives you the root file decides what you will trust. Compare its SHA-256 over another way than the one that the \
file came. The URLs are kept in FOLDER/repository.toml; one with a user name or password is refused there, and can be given \
to each command.

Examples:
  affineur tuf init ./copy --root 1.root.json --url https://repository.example/metadata/
  affineur tuf init ./copy --root r.json --url https://a.example/m/ --targets-url https://b.example/")]
pub(crate) struct InitOptions {
    /// The folder of the local copy; it is made
    pub(crate) folder: PathBuf,
    /// The root file that you trust
    #[arg(long, value_name = "ROOT.json")]
    pub(crate) root: PathBuf,
    #[command(flatten)]
    pub(crate) places: Places,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Exit status 0: up to date; 1: what the repository serves is hostile; 3: cannot tell now, because it is not there or has \
expired. What was verified before a failure is kept.

Examples:
  affineur tuf refresh ./copy
  affineur tuf refresh ./copy --url https://mirror.example/metadata/")]
pub(crate) struct RefreshOptions {
    /// The folder of the local copy
    pub(crate) folder: PathBuf,
    #[command(flatten)]
    pub(crate) places: Places,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Refreshes first. A file gets its name when its length and digests are right, and not before. One that is there already and \
is the right one is not fetched again. Nothing is written through a symbolic link below the folder.

Exit status 0: all are there; 1: one is listed by no role, or what came is hostile; 3: cannot tell now.

Examples:
  affineur tuf download ./copy releases/tool-1.2.tar.gz
  affineur tuf download ./copy a.txt b/c.txt --to ./downloads --json")]
pub(crate) struct DownloadOptions {
    /// The folder of the local copy
    pub(crate) folder: PathBuf,
    /// Paths of targets, as the repository's metadata have them
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<TargetPath>,
    /// Put the files below this folder, each at its own path
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(crate) to: PathBuf,
    #[command(flatten)]
    pub(crate) places: Places,
    /// Print a JSON line for each path
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
A local copy is verified as it is shown, except that what has expired is shown too. Of a single file nothing is verified. \
Exit status 3: the copy has not all that a path would be looked up in.

Examples:
  affineur tuf inspect ./copy
  affineur tuf inspect ./copy releases/tool-1.2.tar.gz
  affineur tuf inspect 1.root.json")]
pub(crate) struct InspectOptions {
    /// The folder of a local copy, or a metadata file
    #[arg(value_name = "FOLDER|FILE")]
    pub(crate) what: PathBuf,
    /// Show which roles this path is looked up in
    pub(crate) path: Option<TargetPath>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
