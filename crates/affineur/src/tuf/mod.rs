//! `affineur tuf`: any repository of The Update Framework, from the command line.

pub(crate) mod arguments;
mod describe;
mod download;
mod failures;
mod init;
mod inspect;
mod progress;
mod refresh;
mod session;
#[cfg(test)]
mod tests;
mod words;

use std::process::ExitCode;

use self::arguments::TufCommand;
pub(crate) use self::words::print_json;
use crate::failure::Failure;
use crate::stop::stop;

pub(crate) async fn tuf(command: TufCommand) -> Result<ExitCode, Failure> {
    // The one time as of which everything in this command is judged.
    let now = jiff::Timestamp::now();
    match command {
        TufCommand::Init(options) => init::init(&options, now),
        TufCommand::Refresh(options) => refresh::refresh(&options, now).await,
        TufCommand::Download(options) => tokio::select! {
            outcome = download::download(&options, now) => outcome,
            // What is unfinished is removed when it is dropped.
            () = stop() => Err(Failure::cannot_tell("stopped", "nothing unfinished was left behind; begin again")),
        },
        TufCommand::Inspect(options) => inspect::inspect(&options, now),
    }
}
