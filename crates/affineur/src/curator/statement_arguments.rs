//! The command line of what people sign for a curator, and of taking it in.

use std::path::PathBuf;

use affineur_packaging::ProjectName;
use affineur_trust::curator::{Criteria, CuratorId};
use clap::{Args, ValueEnum};

use super::arguments::Opening;
use super::until::Until;

#[derive(Debug, Args)]
#[command(after_help = "\
The ballot names the file by its bytes, and the curator by its identity, so it counts nowhere else. Send it to the curator, who takes it
in with `tally`. Your newest ballot about a file counts; --withdraw takes your vote back.

Examples:
  affineur curator vote cheese-2.1-py3-none-any.whl --as anna --curator 5f0c…e1
  affineur curator vote cheese-2.1-py3-none-any.whl --against --as anna --repository acme --out ballot.json")]
pub(crate) struct VoteOptions {
    /// The file, as it would be installed
    pub(crate) file: PathBuf,
    /// Vote against it
    #[arg(long, conflicts_with = "withdraw")]
    pub(crate) against: bool,
    /// Take your vote back
    #[arg(long)]
    pub(crate) withdraw: bool,
    /// Your key
    #[arg(long = "as", value_name = "KEY")]
    pub(crate) signer: String,
    #[command(flatten)]
    pub(crate) curator: WhichCurator,
    /// The project, where the file's name leaves open where it ends
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<ProjectName>,
    /// For how many days it counts, at most 90
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=90))]
    pub(crate) days: u16,
    /// Where to write it [default: FILE.KEY.ballot.json, in this folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) opening: Opening,
}

/// For which curator a ballot is.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct WhichCurator {
    /// The curator's identity, as `affineur curator status` prints it
    #[arg(long, value_name = "IDENTITY")]
    pub(crate) curator: Option<CuratorId>,
    /// The curator's folder, or a copy of it
    #[arg(long, value_name = "DIR")]
    pub(crate) repository: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The audit names the file by its bytes. With --from you looked only at what is different from that file, which must be audited too. Send it
to the curator, who takes it in with `tally`. safe-to-deploy includes safe-to-run.

Examples:
  affineur curator audit cheese-2.2-py3-none-any.whl --from cheese-2.1-py3-none-any.whl --diff
  affineur curator audit cheese-2.1-py3-none-any.whl --criteria safe-to-deploy --notes 'read all of it' --until 365d --as anna
  affineur curator audit cheese-2.2-py3-none-any.whl --from cheese-2.1-py3-none-any.whl --criteria safe-to-deploy \\
      --notes 'two bug fixes' --until 2027-06-30 --as anna --out audit.json")]
pub(crate) struct AuditOptions {
    /// The file, as it would be installed
    pub(crate) file: PathBuf,
    /// Only show what is different from --from, member by member and line by line, and sign nothing
    #[arg(long, requires = "from", conflicts_with_all = ["criteria", "notes", "until", "signer", "out"])]
    pub(crate) diff: bool,
    /// You looked at what is different from this file
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// What you found it fit for
    #[arg(long, value_enum, required_unless_present = "diff")]
    pub(crate) criteria: Option<CriteriaName>,
    /// What you have to say about it
    #[arg(long, value_name = "TEXT", required_unless_present = "diff")]
    pub(crate) notes: Option<String>,
    /// Until when it counts: 2027-06-30, or 365d from now
    #[arg(long, value_name = "DATE", required_unless_present = "diff")]
    pub(crate) until: Option<Until>,
    /// Your key
    #[arg(long = "as", value_name = "KEY", required_unless_present = "diff")]
    pub(crate) signer: Option<String>,
    /// The project, where the file's name leaves open where it ends
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<ProjectName>,
    /// Where to write it [default: FILE.KEY.audit.json, in this folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) opening: Opening,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CriteriaName {
    SafeToRun,
    SafeToDeploy,
}

impl From<CriteriaName> for Criteria {
    fn from(name: CriteriaName) -> Self {
        match name {
            CriteriaName::SafeToRun => Self::SafeToRun,
            CriteriaName::SafeToDeploy => Self::SafeToDeploy,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Each statement is judged by itself: who signed it, for which curator, about which bytes, when it ends, whether a later one is known. What is
taken in is published by `affineur curator publish`. Exit status 1: one at least was not taken in.

Examples:
  affineur curator tally acme anna.ballot.json ben.ballot.json
  affineur curator tally acme audits/*.json --json")]
pub(crate) struct TallyOptions {
    /// The folder of the curator
    pub(crate) dir: PathBuf,
    /// Ballots and audits
    #[arg(required = true, value_name = "STATEMENT")]
    pub(crate) statements: Vec<PathBuf>,
    /// Print JSON, a line for each
    #[arg(long)]
    pub(crate) json: bool,
}
