//! The command line of `affineur curator suggest`.

use std::path::PathBuf;

use clap::Args;

use super::statement_arguments::CriteriaName;

#[derive(Debug, Args)]
#[command(after_help = "\
A file costs as many lines as an auditor has to read: all of it, or what is different from a file
that this curator's auditors have audited. Long lines count as several, and what is no text as the
lines of its hex dump. Files are read from --dists, where audited ones must lie too to be compared
with; nothing is fetched.

Examples:
  affineur run -- pip download -r requirements.txt -d dists
  affineur curator suggest acme -r requirements.txt --dists dists
  affineur curator suggest acme -r uv.lock --dists dists --criteria safe-to-run --json")]
pub(crate) struct SuggestOptions {
    /// The folder of the curator
    pub(crate) dir: PathBuf,
    /// The lock: uv.lock, pylock.toml, or requirements with pinned versions (.txt)
    #[arg(long, short, value_name = "FILE")]
    pub(crate) requirements: PathBuf,
    /// The folder with the distributions
    #[arg(long, value_name = "DIR")]
    pub(crate) dists: PathBuf,
    /// What the files are to be audited for
    #[arg(long, value_enum, default_value = "safe-to-deploy")]
    pub(crate) criteria: CriteriaName,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
