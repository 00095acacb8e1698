//! The command line of `affineur curator`: the curator's own folder. What people sign elsewhere is in `statement_arguments`.

use std::num::NonZeroU16;
use std::path::PathBuf;

use affineur_packaging::ProjectName;
use affineur_signer::curator::CuratorRole;
use affineur_trust::PartyName;
use clap::{Args, Subcommand};
use url::Url;

use super::change_arguments::{
    DelegateOptions, DistrustOptions, ObjectOptions, TrustOptions, UndelegateOptions, WithdrawOptions,
};
use super::key_choice::{RoleKey, RoleNumber};
use super::statement_arguments::{AuditOptions, TallyOptions, VoteOptions};
use super::suggest_arguments::SuggestOptions;
use crate::key::arguments::KeyPlace;

#[derive(Debug, Subcommand)]
#[command(after_help = "\
A curator is a folder. DIR/public is what any web server, git host or bucket serves; gateways verify it with DIR/client. Changes wait in
DIR/work until they are published, signed by as many keys as the role wants.

Examples:
  affineur curator init acme --url https://curator.example/ --passphrase-file pw
  affineur curator trust-author acme --project requests --publisher github:psf/requests/release.yml --until 2027-06-30
  affineur curator publish acme --passphrase-file pw
  affineur curator status acme")]
pub(crate) enum CuratorCommand {
    /// Makes a curator: keys, identity, the first metadata, and what to hand to users
    Init(InitOptions),
    /// Trusts an author of a project: whatever they sign counts, until a date
    TrustAuthor(TrustOptions),
    /// Trusts an author no longer
    DistrustAuthor(DistrustOptions),
    /// Who votes
    #[command(subcommand)]
    Voter(PeopleCommand),
    /// Who audits
    #[command(subcommand)]
    Auditor(PeopleCommand),
    /// Makes a signed ballot about a file; for voters, who need nothing but their own key
    Vote(VoteOptions),
    /// Makes a signed audit of a file; for auditors, who need nothing but their own key
    Audit(AuditOptions),
    /// Takes in ballots and audits that people signed, or says why not
    Tally(TallyOptions),
    /// Objects to a file, to versions, to a project or to an author
    Object(ObjectOptions),
    /// Takes back audits, ballots or an objection
    Withdraw(WithdrawOptions),
    /// Lets another curator speak for this one
    Delegate(DelegateOptions),
    /// No longer lets another curator speak
    Undelegate(UndelegateOptions),
    /// Gives a role other keys: after a theft or a loss, or with the people who have them
    Rotate(RotateOptions),
    /// Shows what waits, and adds one's signature
    Sign(SignOptions),
    /// Drops what waits to be signed
    Discard(DiscardOptions),
    /// Signs what waits, publishes what enough keys signed, renews what expires
    Publish(PublishOptions),
    /// What there is, what expires when, and what waits for whom
    Status(StatusOptions),
    /// What to audit next, cheapest first
    Suggest(SuggestOptions),
}

/// What opens keys.
#[derive(Debug, Args)]
pub(crate) struct Opening {
    #[command(flatten)]
    pub(crate) place: KeyPlace,
    /// The passphrase of the keys is the first line of this file; asked for at the terminal without it
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// The PIN of a key in a token is the first line of this file; asked for at the terminal without it
    #[arg(long, value_name = "FILE")]
    pub(crate) pin_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Without --key it makes four keys in your folder of keys, under one passphrase: NAME-root, NAME-targets, NAME-statements (trusted authors,
ballots, audits) and NAME-objections. With --key a role has keys that are there, or the public part of somebody else's, as
`affineur key export` prints it. Several keys of one role are a committee; --threshold says how many of it must sign.

The renewal key is made in DIR, without a passphrase, so that a scheduled job can renew snapshot and timestamp. It can say nothing.

Examples:
  affineur curator init acme --url https://curator.example/
  affineur curator init acme --url https://curator.example/ --passphrase-file pw --name acme-security --votes 2
  affineur curator init acme --url https://curator.example/ --key root=me --key targets=me --key objections=me2 \\
      --key trusted-author=me --key audited=me --key voted=anna.json --key voted=ben.json --key voted=me --threshold voted=2")]
pub(crate) struct InitOptions {
    /// The folder of the curator; it is made
    pub(crate) dir: PathBuf,
    /// The address at which DIR/public will be served
    #[arg(long, value_name = "URL")]
    pub(crate) url: Url,
    /// What policies call it [default: the name of the folder]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<PartyName>,
    /// A key of a role (root, targets, trusted-author, voted, audited, objections): its name, or a file with its public part
    #[arg(long = "key", value_name = "ROLE=KEY")]
    pub(crate) role_keys: Vec<RoleKey>,
    /// How many keys of a role must sign [default: 1]
    #[arg(long = "threshold", value_name = "ROLE=NUMBER")]
    pub(crate) thresholds: Vec<RoleNumber>,
    /// How many voters must be for a file
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    pub(crate) votes: NonZeroU16,
    /// For how many days the timestamp is valid: how long somebody can be kept from seeing an objection
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    pub(crate) timestamp_days: u32,
    #[command(flatten)]
    pub(crate) opening: Opening,
}

#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  affineur curator voter add acme anna --key anna.json --votes 2
  affineur curator auditor remove acme anna
  affineur curator voter list acme")]
pub(crate) enum PeopleCommand {
    /// Adds a person, or gives them other keys
    Add(AddPersonOptions),
    /// Removes a person; what they signed counts no longer
    Remove(RemovePersonOptions),
    /// Shows who there is
    List(ListPeopleOptions),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  affineur curator voter add acme anna --key anna.json
  affineur curator voter add acme ben --key ben-laptop.json --key ben-card.json --votes 2")]
pub(crate) struct AddPersonOptions {
    /// The folder of the curator
    pub(crate) dir: PathBuf,
    /// What to call them
    pub(crate) name: String,
    /// Their key: a file with its public part, as `affineur key export` prints it, or the name of a key of yours
    #[arg(long = "key", value_name = "KEY", required = true)]
    pub(crate) own_keys: Vec<String>,
    /// From now on so many voters must be for a file
    #[arg(long, value_name = "NUMBER")]
    pub(crate) votes: Option<NonZeroU16>,
    #[command(flatten)]
    pub(crate) place: KeyPlace,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  affineur curator voter remove acme anna --votes 1")]
pub(crate) struct RemovePersonOptions {
    /// The folder of the curator
    pub(crate) dir: PathBuf,
    /// Who
    pub(crate) name: String,
    /// From now on so many voters must be for a file
    #[arg(long, value_name = "NUMBER")]
    pub(crate) votes: Option<NonZeroU16>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  affineur curator voter list acme --json")]
pub(crate) struct ListPeopleOptions {
    /// The folder of the curator
    pub(crate) dir: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
It opens those keys of yours that something waits for, and no other; --as names them instead. What a role says is printed before it is
signed. What has too few signatures stays in DIR/work: carry DIR to the next person, who runs `affineur curator sign`.

Everything is looked at as a gateway does before the timestamp is replaced, which happens last. What is due is renewed on the way: each
role when a quarter of its time is left.

Examples:
  affineur curator publish acme --passphrase-file pw
  affineur curator publish acme --renew            # in a job, every day: snapshot and timestamp alone")]
pub(crate) struct PublishOptions {
    /// The folder of the curator
    pub(crate) dir: PathBuf,
    /// Open no key but the renewal key
    #[arg(long, conflicts_with = "signers")]
    pub(crate) renew: bool,
    /// Open this key, and no other that is not named so
    #[arg(long = "as", value_name = "KEY")]
    pub(crate) signers: Vec<String>,
    #[command(flatten)]
    pub(crate) opening: Opening,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Read what changes before you type the passphrase: the signature says that you want it.

Examples:
  affineur curator sign acme                 # only shows what waits, and for whom
  affineur curator sign acme --as anna")]
pub(crate) struct SignOptions {
    /// The folder of the curator
    pub(crate) dir: PathBuf,
    /// Sign with this key
    #[arg(long = "as", value_name = "KEY")]
    pub(crate) signers: Vec<String>,
    #[command(flatten)]
    pub(crate) opening: Opening,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  affineur curator discard acme voted")]
pub(crate) struct DiscardOptions {
    /// The folder of the curator
    pub(crate) dir: PathBuf,
    /// Which role
    pub(crate) role: CuratorRole,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The role is drafted anew with it, and signed by `publish`. A new root is signed by enough of the keys before and of those after.

Examples:
  affineur curator rotate acme voted --remove acme-statements --add new-statements
  affineur curator rotate acme root --add anna.json --threshold 2
  affineur curator rotate acme renewal")]
pub(crate) struct RotateOptions {
    /// The folder of the curator
    pub(crate) dir: PathBuf,
    /// Which role, or renewal
    pub(crate) role: String,
    /// A key that goes: its name, or the first digits of its identifier
    #[arg(long, value_name = "KEY")]
    pub(crate) remove: Vec<String>,
    /// A key that comes: the name of one of yours, or a file with the public part of somebody else's
    #[arg(long, value_name = "KEY")]
    pub(crate) add: Vec<String>,
    /// How many of them must sign
    #[arg(long, value_name = "NUMBER")]
    pub(crate) threshold: Option<u32>,
    #[command(flatten)]
    pub(crate) place: KeyPlace,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  affineur curator status acme --json")]
pub(crate) struct StatusOptions {
    /// The folder of the curator
    pub(crate) dir: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The project that something is about.
#[derive(Debug, Args)]
pub(crate) struct About {
    /// The project
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: ProjectName,
}
