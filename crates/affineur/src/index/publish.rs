//! `affineur index publish`.

use std::path::PathBuf;
use std::process::ExitCode;

use affineur_index::store::{Accepted, TicketState};
use affineur_index::upload::{AttestationError, UploadError, accept_file, attestation_beside};
use anstream::println;
use jiff::Timestamp;

use super::arguments::PublishOptions;
use super::open::{folder_failure, open, publish_and_wait};
use crate::failure::Failure;

pub(super) async fn publish(options: &PublishOptions) -> Result<ExitCode, Failure> {
    let (folder, store) = open(&options.dir)?;
    let mut last = None;
    let verifier = folder.attestations().map_err(|error| folder_failure(&error))?;
    for file in distributions(&options.files) {
        let accepted = accept_file(&store, &verifier, file, Timestamp::now()).await.map_err(|error| failure(&error))?;
        last = last.max(Some(accepted.ticket()));
        match accepted {
            Accepted::New(_) if attestation_beside(file).is_some() => {
                println!("accepted {}, with its attestation", file.display());
            }
            Accepted::New(_) => println!("accepted {}", file.display()),
            Accepted::AlreadyThere(_) => println!("was there already: {}", file.display()),
        }
    }
    let Some(last) = last else { return Ok(ExitCode::SUCCESS) };
    match publish_and_wait(&folder, &store, last).await? {
        TicketState::Published(version) => println!("published: timestamp {version}"),
        TicketState::Refused(reason) => return Err(Failure::refused(reason, "nothing of it is published")),
        TicketState::Pending | TicketState::Unknown => {
            return Err(Failure::cannot_tell("what was accepted waits", "the process that serves this index publishes it"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The files without the attestations that lie beside them, which go with them: `dist/*` names both.
fn distributions(files: &[PathBuf]) -> impl Iterator<Item = &PathBuf> {
    let attestations: Vec<PathBuf> = files.iter().filter_map(|file| attestation_beside(file)).collect();
    files.iter().filter(move |file| !attestations.contains(file))
}

fn failure(error: &UploadError) -> Failure {
    let cause = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let words = cause.fold(error.to_string(), |words, cause| format!("{words}: {cause}"));
    match error {
        UploadError::Store(_) | UploadError::Lost | UploadError::Attestations(AttestationError::Lost) => {
            Failure::cannot_tell(words, "look at the index's disk, then try again")
        }
        UploadError::Name { .. } | UploadError::Read { .. } => Failure::usage(words, "give wheels and source distributions"),
        _ => Failure::refused(words, "files before this one are accepted; this one and those after it are not"),
    }
}
