//! The command line of changes of what a curator says.

use std::path::PathBuf;

use affineur_packaging::{ProjectName, VersionSpecifiers};
use affineur_trust::PublisherName;
use affineur_trust::{Glob, Level};
use clap::{Args, ValueEnum};
use url::Url;

use super::arguments::About;
use super::until::Until;
use crate::key::arguments::KeyPlace;

#[derive(Debug, Args)]
#[command(after_help = "\
A key is the name of one of yours, a file with its public part, or the SHA-256 of it that `affineur key list` shows as fingerprint.

Examples:
  affineur curator trust-author acme --project requests --publisher github:psf/requests/release.yml --until 2027-06-30
  affineur curator trust-author acme --project cheese --key anna.json --until 180d")]
pub(crate) struct TrustOptions {
    /// The folder of the curator
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) about: About,
    #[command(flatten)]
    pub(crate) author: AuthorOptions,
    /// Until when: 2027-06-30, or 180d from now
    #[arg(long, value_name = "DATE")]
    pub(crate) until: Until,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Whoever has the key of trusted-author could say it again: if that is to be feared, `affineur curator object` to the author too.

Example:
  affineur curator distrust-author acme --project requests --publisher github:psf/requests/release.yml")]
pub(crate) struct DistrustOptions {
    /// The folder of the curator
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) about: About,
    #[command(flatten)]
    pub(crate) author: AuthorOptions,
}

/// An author.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct AuthorOptions {
    /// Who holds this key
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Who publishes with attestations (PEP 740): github:OWNER/REPOSITORY/WORKFLOW.yml, …
    #[arg(long, value_name = "PUBLISHER")]
    pub(crate) publisher: Option<PublisherName>,
}

/// To what somebody objects.
#[derive(Debug, Args)]
pub(crate) struct Objectionable {
    /// The project: all of it, if nothing else is named
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<ProjectName>,
    /// This very file, by its bytes
    #[arg(long, value_name = "FILE", group = "against")]
    pub(crate) file: Option<PathBuf>,
    /// The file with this SHA-256
    #[arg(long, value_name = "DIGEST", group = "against", requires = "project")]
    pub(crate) sha256: Option<String>,
    /// These versions (PEP 440): '>=2,<2.3'
    #[arg(long, value_name = "VERSIONS", group = "against", requires = "project")]
    pub(crate) versions: Option<VersionSpecifiers>,
    /// Everything that rests on this key
    #[arg(long, value_name = "KEY", group = "against", conflicts_with = "project")]
    pub(crate) key: Option<String>,
    /// Everything that rests on this publisher
    #[arg(long, value_name = "PUBLISHER", group = "against", conflicts_with = "project")]
    pub(crate) publisher: Option<PublisherName>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Gateways whose policy names this curator in `veto` withhold what it objects to, with the reason.

Examples:
  affineur curator object acme --project cheese --versions '>=2,<2.3' --reason 'steals tokens' --until 90d
  affineur curator object acme --file cheese-2.1-py3-none-any.whl --reason 'steals tokens' --until 2027-06-30
  affineur curator object acme --project cheese --reason 'the account was taken over' --until 30d
  affineur curator object acme --key mallory.json --reason 'the key was stolen' --until 365d")]
pub(crate) struct ObjectOptions {
    /// The folder of the curator
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) against: Objectionable,
    /// Why: shown to whoever wants to install it
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Until when: 2027-06-30, or 90d from now
    #[arg(long, value_name = "DATE")]
    pub(crate) until: Until,
    #[command(flatten)]
    pub(crate) place: KeyPlace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WithdrawnKind {
    Audits,
    Ballots,
    Objection,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Of audits and ballots, an objection to the file says until the last of them would have ended that they were withdrawn: whoever steals the
key that published them cannot hide it. A voter alone takes back a vote with `affineur curator vote --withdraw`, an author is taken back
with `distrust-author`.

Examples:
  affineur curator withdraw acme audits --file cheese-2.1-py3-none-any.whl --reason 'overlooked the plugin'
  affineur curator withdraw acme objection --project cheese --versions '>=2,<2.3'")]
pub(crate) struct WithdrawOptions {
    /// The folder of the curator
    pub(crate) dir: PathBuf,
    /// What
    #[arg(value_enum)]
    pub(crate) kind: WithdrawnKind,
    #[command(flatten)]
    pub(crate) against: Objectionable,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "no reason given")]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) place: KeyPlace,
}

#[derive(Debug, Args)]
#[command(after_help = "\
What that curator vouches for at these levels counts as this curator's vouch, on the evidence on which it rests. Its objections stay its
own.

Example:
  affineur curator delegate acme auditors --repository https://auditors.example/ --root auditors.root.json \\
      --project 'acme-*' --level audited --depth 1")]
pub(crate) struct DelegateOptions {
    /// The folder of the curator
    pub(crate) dir: PathBuf,
    /// What to call the other curator
    pub(crate) name: String,
    /// Where its metadata are
    #[arg(long, value_name = "URL")]
    pub(crate) repository: Url,
    /// The first root of it that is trusted
    #[arg(long, value_name = "FILE")]
    pub(crate) root: PathBuf,
    /// About which projects it is heard; all without it
    #[arg(long = "project", value_name = "PATTERN")]
    pub(crate) projects: Vec<Glob>,
    /// At which levels it is heard
    #[arg(long = "level", value_name = "LEVEL", required = true, value_enum)]
    pub(crate) levels: Vec<LevelName>,
    /// How many curators a statement may pass through from there, that one included
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) depth: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelName {
    TrustedAuthor,
    Voted,
    Audited,
}

impl From<LevelName> for Level {
    fn from(name: LevelName) -> Self {
        match name {
            LevelName::TrustedAuthor => Self::TrustedAuthor,
            LevelName::Voted => Self::Voted,
            LevelName::Audited => Self::Audited,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  affineur curator undelegate acme auditors")]
pub(crate) struct UndelegateOptions {
    /// The folder of the curator
    pub(crate) dir: PathBuf,
    /// Which curator
    pub(crate) name: String,
}
