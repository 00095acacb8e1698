//! An index that is there: its folder and store; and what its failures mean to a person.

use std::path::Path;
use std::process::ExitCode;

use affineur_index::folder::{Folder, FolderError};
use affineur_index::publisher::{Online, Publisher, PublisherError};
use affineur_index::status::newest_root;
use affineur_index::store::{LeaseError, Request, RequestError, SqliteStore, Store as _, StoreError, Ticket, TicketState};
use anstream::println;
use jiff::Timestamp;

use crate::failure::Failure;

/// Opens an index.
pub(super) fn open(dir: &Path) -> Result<(Folder, SqliteStore), Failure> {
    let folder = Folder::open(dir).map_err(|error| folder_failure(&error))?;
    let store = SqliteStore::open(folder.path()).map_err(|error| store_failure(&error))?;
    Ok((folder, store))
}

/// The online key that the newest root names.
pub(super) async fn online(folder: &Folder, store: &SqliteStore) -> Result<Online, Failure> {
    let (_, root) = newest_root(store).await.map_err(|error| publisher_failure(&error))?;
    folder.online(&root).map_err(|error| folder_failure(&error))
}

/// Publishes what waits, or leaves it to the process that serves this index, and waits until the ticket is done.
pub(super) async fn publish_and_wait(folder: &Folder, store: &SqliteStore, last: Ticket) -> Result<TicketState, Failure> {
    let online = online(folder, store).await?;
    match Publisher::start(store.clone(), online).await {
        Ok(mut publisher) => {
            while publisher.publish_pending(Timestamp::now()).await.map_err(|error| publisher_failure(&error))?.is_some() {}
        }
        Err(PublisherError::Lease(LeaseError::Held { .. })) => {}
        Err(error) => return Err(publisher_failure(&error)),
    }
    store.wait(last).await.map_err(|error| store_failure(&error))
}

/// Asks for a change, and waits until it is published.
pub(super) async fn publish_request(folder: &Folder, store: &SqliteStore, request: Request) -> Result<ExitCode, Failure> {
    let ticket = store.request(request).await.map_err(|error| match error {
        RequestError::Store(error) => store_failure(&error),
        other => Failure::usage(other.to_string(), "see what there is at /simple/"),
    })?;
    match publish_and_wait(folder, store, ticket).await? {
        TicketState::Published(version) => println!("published: timestamp {version}"),
        _ => return Err(Failure::cannot_tell("the change waits", "the process that serves this index publishes it")),
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn folder_failure(error: &FolderError) -> Failure {
    let hint = match error {
        FolderError::NotEmpty(_) => "name a folder that does not exist yet",
        FolderError::NoOnlineKey(_) => {
            "put it back from your copy, or replace it: `affineur index rotate DIR --replace online`"
        }
        FolderError::Waits(_) => "let the process that serves this index take it, or remove the file",
        FolderError::NoIndex(_) => "make one with `affineur index init`",
        _ => "look at the file and its permissions",
    };
    Failure::usage(error.to_string(), hint)
}

pub(super) fn store_failure(error: &StoreError) -> Failure {
    Failure::cannot_tell(format!("the index's store: {error}"), error.hint())
}

pub(super) fn publisher_failure(error: &PublisherError) -> Failure {
    let hint = match error {
        PublisherError::Lease(_) => "one process at a time publishes: let the other one end",
        PublisherError::NotInitialised => "the folder was not made to its end: make another one with `affineur index init`",
        _ => "what was accepted waits; try again when the cause is gone",
    };
    Failure::cannot_tell(error.to_string(), hint)
}
