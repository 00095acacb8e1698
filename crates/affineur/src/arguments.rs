//! The command line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use affineur_gateway::serve::Installer;
use affineur_packaging::{ProjectName, Requirement};
use affineur_trust::PartyName;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};
use url::Url;

use crate::curator::arguments::CuratorCommand;
use crate::index::arguments::IndexCommand;
use crate::key::arguments::KeyCommand;
use crate::tuf::arguments::TufCommand;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Lets a Python package through only when the parties that you require have vouched for it.
#[derive(Debug, Parser)]
#[command(name = "affineur", version, styles = STYLES, max_term_width = 100, after_help = "\
Exit status: 0 done, 1 refused or hostile, 2 usage, 3 cannot tell now, 70 our bug; `run` keeps the command's own.

Examples:
  affineur run -- pip install rich
  affineur run -- uv sync --frozen
  affineur why 'requests==2.32.3'")]
pub(crate) struct Affineur {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a command (pip, uv, poetry, …) behind the gateway, and says what was let through, what was withheld, and why
    Run(RunOptions),
    /// Explains the decision about each file of a requirement, and what would change it
    Why(WhyOptions),
    /// The gateway as a service with index URLs of its own
    #[command(subcommand)]
    Gateway(GatewayCommand),
    /// Your policy
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// An index of your own: takes uploads, signs everything as PEP 458 says, serves it
    #[command(subcommand)]
    Index(IndexCommand),
    /// Your keys: in files under a passphrase, or in PKCS #11 tokens
    #[command(subcommand)]
    Key(KeyCommand),
    /// A curator of your own: says which authors, votes and audits stand behind packages, and to what it objects
    #[command(subcommand)]
    Curator(CuratorCommand),
    /// Any repository of The Update Framework (TUF): its metadata verified, its files downloaded
    #[command(subcommand)]
    Tuf(TufCommand),
    /// Prints a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Which rules hold, and where things are remembered.
#[derive(Debug, Clone, Args)]
pub(crate) struct Rules {
    /// Policy file; without it your own (in AFFINEUR_HOME or the configuration folder), else the built-in rules: three days
    /// of waiting, digests pinned
    #[arg(long, value_name = "FILE", env = "AFFINEUR_POLICY")]
    pub(crate) policy: Option<PathBuf>,
    /// Simple API of an index to use without a policy; may have credentials
    #[arg(long, value_name = "URL", env = "AFFINEUR_UPSTREAM", hide_env_values = true)]
    pub(crate) upstream: Option<Url>,
    /// Remember pins and first-seen times in this text file, which can be committed, instead of in your state folder
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Nothing to learn and nothing to change: no configuration of pip, uv or poetry, and no lock file, is touched. The exit status is the
command's own.

Examples:
  affineur run -- pip install --target ./site rich
  affineur run --upstream https://index.example/simple/ -- uv pip install flask
  affineur run --policy company.toml --strict --report decisions.jsonl -- uv sync --frozen")]
pub(crate) struct RunOptions {
    #[command(flatten)]
    pub(crate) rules: Rules,
    /// Turn success into 1 (hostile) or 3 (undecided), and refuse hosts that are no source
    #[arg(long)]
    pub(crate) strict: bool,
    /// Write everything that was decided to FILE, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Do not intercept connections to HOST, on any port: for programs that accept no other certificate
    #[arg(long, value_name = "HOST")]
    pub(crate) tunnel: Vec<String>,
    /// Print the closing table as JSON lines
    #[arg(long)]
    pub(crate) json: bool,
    /// Print no closing table unless something was withheld
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Exit status 0: at least one file would be let through; 1: none; 3: cannot tell now.

Examples:
  affineur why requests
  affineur why 'requests==2.32.3' --upstream https://index.example/simple/
  affineur why --json 'flask>=3' --policy company.toml")]
pub(crate) struct WhyOptions {
    /// What to explain: a project, with versions or without
    pub(crate) requirement: Requirement,
    #[command(flatten)]
    pub(crate) rules: Rules,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GatewayCommand {
    /// Serves the index at /simple/, explanations at /why/, health at /health/
    Serve(ServeOptions),
    /// Prints what to put where, so that an installer uses a gateway
    ClientConfig {
        /// Which installer
        installer: InstallerName,
        /// The gateway's address
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8765/")]
        url: Url,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  affineur gateway serve --listen 127.0.0.1:8765 --policy company.toml --metrics-listen 127.0.0.1:9765")]
pub(crate) struct ServeOptions {
    #[command(flatten)]
    pub(crate) rules: Rules,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8765")]
    pub(crate) listen: SocketAddr,
    /// Where to serve metrics (/metrics); nowhere without it
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// How log lines look
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Says what a policy really means: who together is enough, who can block, what forging takes, which intents do not hold
    #[command(after_help = "\
Exit status 0: everything that it asserts holds; 1: something does not; 2: the file is wrong.

Example:
  affineur policy check company.toml")]
    Check {
        /// The policy file
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Says what a changed policy would let through that the old one withholds, and the other way round
    Diff(DiffOptions),
    /// Turns a TAP 4 map file into a policy, and prints it
    ImportMap {
        /// The map file (map.json)
        file: PathBuf,
    },
    /// Makes a policy file of a working directory your own, as it is now: any change of it has to be trusted again
    Trust {
        /// The policy file
        file: PathBuf,
    },
    /// Lets a project come from another source than the one it was bound to
    Move {
        /// The project
        project: ProjectName,
        /// The source, as the policy names it
        #[arg(long, value_name = "SOURCE")]
        to: PartyName,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "\
Exit status 0: it can only withhold more; 1: it can let something through. With --lock 0: every file has the same outcome; 1: some
have another one; 3: cannot tell now.

Examples:
  affineur policy diff company.toml company-next.toml
  affineur policy diff company.toml company-next.toml --lock uv.lock")]
pub(crate) struct DiffOptions {
    /// The policy as it is
    pub(crate) old: PathBuf,
    /// The policy as it would be
    pub(crate) new: PathBuf,
    /// Say which files of this lock would have another outcome: uv.lock, pylock.toml, or requirements with pinned versions
    /// (.txt). Sources are asked as `why` does, and nothing that is learned is remembered
    #[arg(long, value_name = "FILE")]
    pub(crate) lock: Option<PathBuf>,
    /// Show files whose outcome stays the same, too
    #[arg(long, requires = "lock")]
    pub(crate) all: bool,
    /// Simple API to ask where a policy names no sources; without it the indexes that the lock names
    #[arg(long, value_name = "URL", requires = "lock", env = "AFFINEUR_UPSTREAM", hide_env_values = true)]
    pub(crate) upstream: Option<Url>,
    /// What is remembered is in this text file
    #[arg(long, value_name = "FILE", requires = "lock")]
    pub(crate) state: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InstallerName {
    Pip,
    Uv,
    Poetry,
}

impl From<InstallerName> for Installer {
    fn from(name: InstallerName) -> Self {
        match name {
            InstallerName::Pip => Self::Pip,
            InstallerName::Uv => Self::Uv,
            InstallerName::Poetry => Self::Poetry,
        }
    }
}

/// The help of a command and of all commands below it, on a terminal of 100 columns.
#[cfg(test)]
pub(crate) fn help_of(name: &str) -> String {
    let mut command = <Affineur as clap::CommandFactory>::command();
    command.build();
    let text = help_below(command.find_subcommand(name).unwrap(), "");
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
fn help_below(command: &clap::Command, path: &str) -> String {
    let own = command.clone().term_width(100).render_long_help().to_string();
    let children = command.get_subcommands().filter(|child| child.get_name() != "help").map(|child| {
        let path = format!("{path} {}", child.get_name());
        format!("\n===={path}\n{}", help_below(child, &path))
    });
    own + &children.collect::<String>()
}
