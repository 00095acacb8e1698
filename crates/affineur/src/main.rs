//! `affineur`: Python packages reach you only when the parties that you require have vouched for them.
//!
//! Arguments, output and exit status; everything else is in the crates below.

mod arguments;
mod client_config;
mod colours;
mod curator;
mod failure;
mod index;
mod key;
mod lock_file;
mod policy;
mod run;
mod secrets;
mod serve;
mod stop;
mod table;
mod tuf;
mod why;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::{Affineur, Command, GatewayCommand, PolicyCommand};
use crate::failure::Failure;

fn main() -> ExitCode {
    let arguments = Affineur::parse();
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        eprintln!("affineur: the TLS provider could not be installed; this is a bug");
        return ExitCode::from(Failure::BUG);
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(problem) => {
            return Failure::cannot_tell(format!("the program cannot start: {problem}"), "free memory or threads").print();
        }
    };
    let outcome = runtime.block_on(execute(arguments));
    // A download that nobody waits for must not hold the program up.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|failure| failure.print())
}

async fn execute(arguments: Affineur) -> Result<ExitCode, Failure> {
    match arguments.command {
        Command::Run(options) => run::run(options).await,
        Command::Why(options) => why::why(options).await,
        Command::Gateway(GatewayCommand::Serve(options)) => serve::serve(options).await,
        Command::Gateway(GatewayCommand::ClientConfig { installer, url }) => client_config::print(installer, &url),
        Command::Policy(PolicyCommand::Check { file, json }) => policy::check(&file, json),
        Command::Policy(PolicyCommand::Diff(options)) => policy::diff(options).await,
        Command::Policy(PolicyCommand::ImportMap { file }) => policy::import_map(&file),
        Command::Policy(PolicyCommand::Trust { file }) => policy::trust(&file).await,
        Command::Policy(PolicyCommand::Move { project, to }) => policy::move_project(&project, &to).await,
        Command::Index(command) => index::index(command).await,
        Command::Key(command) => key::key(&command),
        Command::Curator(command) => curator::curator(&command),
        Command::Tuf(command) => tuf::tuf(command).await,
        Command::Completions { shell } => {
            let mut command = <Affineur as clap::CommandFactory>::command();
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command, "affineur", &mut script);
            let _ = std::io::stdout().write_all(&script); // whoever closes the pipe has read enough
            Ok(ExitCode::SUCCESS)
        }
    }
}
