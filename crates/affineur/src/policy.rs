//! `affineur policy`.

mod check;
mod diff;
mod locked;

use std::path::Path;
use std::process::ExitCode;

use affineur_gateway::setup::{self, Home};
use affineur_gateway::state::{State, StateError};
use affineur_packaging::ProjectName;
use affineur_trust::PartyName;
use anstream::println;

use crate::failure::Failure;
use crate::why::environment;

pub(crate) use check::check;
pub(crate) use diff::{diff, import_map};

pub(crate) async fn trust(file: &Path) -> Result<ExitCode, Failure> {
    let state = state()?;
    let digest = setup::trusted_digest(file)?;
    let path = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    state.trust_policy(digest, &path).await.map_err(stored)?;
    println!("{} is yours now (sha256:{digest}); any change of it has to be trusted again", file.display());
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn move_project(project: &ProjectName, to: &PartyName) -> Result<ExitCode, Failure> {
    let state = state()?;
    let before = state.binding(project).map_err(stored)?;
    state.move_project(project, to).await.map_err(stored)?;
    match before {
        Some(before) if before == *to => println!("{project} was bound to {to} already"),
        Some(before) => println!("{project} may come from {to} now; it was bound to {before}"),
        None => println!("{project} is bound to {to} now; it was bound to no source"),
    }
    Ok(ExitCode::SUCCESS)
}

fn state() -> Result<State, Failure> {
    let home = Home::find(environment)?;
    State::open(&home.state).map_err(stored)
}

fn stored(error: StateError) -> Failure {
    setup::SetupError::State(error).into()
}
