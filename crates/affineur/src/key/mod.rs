//! `affineur key`: the user's keys, from the command line.

pub(crate) mod arguments;
mod change_passphrase;
mod describe;
mod export;
mod failures;
mod list;
mod new;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use affineur_gateway::setup::Home;
use affineur_signer::keys::KeyFolder;

use self::arguments::{KeyCommand, KeyPlace};
use crate::failure::Failure;
use crate::why::environment;

pub(crate) fn key(command: &KeyCommand) -> Result<ExitCode, Failure> {
    match command {
        KeyCommand::New(options) => new::new(options),
        KeyCommand::List(options) => list::list(options),
        KeyCommand::Export(options) => export::export(options),
        KeyCommand::ChangePassphrase(options) => change_passphrase::change_passphrase(options),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// The folder of keys that is meant.
pub(crate) fn folder(place: &KeyPlace) -> Result<KeyFolder, Failure> {
    match &place.keys {
        Some(folder) => Ok(KeyFolder::new(folder.clone())),
        None => Ok(KeyFolder::new(Home::find(environment)?.state.join("keys"))),
    }
}
