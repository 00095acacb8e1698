//! `affineur curator`: a curator's repository, from the command line.

pub(crate) mod arguments;
mod change;
mod change_arguments;
mod describe;
mod difference;
mod failures;
mod init;
mod key_choice;
mod people;
mod publish;
mod rotate;
mod statement;
mod statement_arguments;
mod status;
mod suggest;
mod suggest_arguments;
mod tally;
#[cfg(test)]
mod tests;
mod until;

use std::process::ExitCode;

use jiff::{Timestamp, Unit};

use self::arguments::CuratorCommand;
use crate::failure::Failure;

pub(crate) fn curator(command: &CuratorCommand) -> Result<ExitCode, Failure> {
    let now = Timestamp::now();
    // Statements say their times to the second.
    let now = now.round(Unit::Second).unwrap_or(now);
    match command {
        CuratorCommand::Init(options) => init::init(options, now),
        CuratorCommand::TrustAuthor(options) => change::trust_author(options, now),
        CuratorCommand::DistrustAuthor(options) => change::distrust_author(options, now),
        CuratorCommand::Voter(command) => people::people(affineur_signer::curator::Kind::Voter, command, now),
        CuratorCommand::Auditor(command) => people::people(affineur_signer::curator::Kind::Auditor, command, now),
        CuratorCommand::Vote(options) => statement::vote(options, now),
        CuratorCommand::Audit(options) => statement::audit(options, now),
        CuratorCommand::Tally(options) => tally::tally(options, now),
        CuratorCommand::Object(options) => change::object(options, now),
        CuratorCommand::Withdraw(options) => change::withdraw(options, now),
        CuratorCommand::Delegate(options) => change::delegate(options, now),
        CuratorCommand::Undelegate(options) => change::undelegate(options, now),
        CuratorCommand::Rotate(options) => rotate::rotate(options, now),
        CuratorCommand::Sign(options) => publish::sign(options, now),
        CuratorCommand::Discard(options) => publish::discard(options),
        CuratorCommand::Publish(options) => publish::publish(options, now),
        CuratorCommand::Status(options) => status::status(options, now),
        CuratorCommand::Suggest(options) => suggest::suggest(options, now),
    }
}
