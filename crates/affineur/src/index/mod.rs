//! `affineur index`: the index, from the command line.

pub(crate) mod arguments;
mod ceremony;
mod ceremony_arguments;
mod fsck;
mod init;
pub(crate) mod key_files;
mod mark;
mod open;
mod publish;
mod rotate;
mod serve;
mod sign;
mod status;
#[cfg(test)]
mod tests;
mod token;
mod yank;

use std::process::ExitCode;

use self::arguments::IndexCommand;
use crate::failure::Failure;

pub(crate) async fn index(command: IndexCommand) -> Result<ExitCode, Failure> {
    match command {
        IndexCommand::Init(options) => init::init(&options).await,
        IndexCommand::Serve(options) => serve::serve(&options).await,
        IndexCommand::Publish(options) => publish::publish(&options).await,
        IndexCommand::Token(command) => token::token(&command).await,
        IndexCommand::Yank(options) => yank::yank(&options).await,
        IndexCommand::Quarantine(options) => mark::quarantine(&options).await,
        IndexCommand::Mark(options) => mark::mark(&options).await,
        IndexCommand::Delete(options) => mark::delete(&options).await,
        IndexCommand::Status(options) => status::status(&options).await,
        IndexCommand::Fsck(options) => fsck::fsck(&options).await,
        IndexCommand::Gc(options) => fsck::gc(&options).await,
        IndexCommand::Rotate(options) => rotate::rotate(&options).await,
        IndexCommand::Sign(options) => sign::sign(&options),
        IndexCommand::NewKey(options) => sign::new_key(&options),
    }
}
