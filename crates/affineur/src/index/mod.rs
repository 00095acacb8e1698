//! `affineur index`: the index, from the command line.

pub(crate) mod arguments;
mod init;
mod open;
mod publish;
mod serve;
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
        IndexCommand::Status(options) => status::status(&options).await,
    }
}
