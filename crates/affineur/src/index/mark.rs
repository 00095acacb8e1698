//! `affineur index quarantine`, `mark` and `delete`: what administrators say of a project as a whole (PEP 792), and files that
//! have to go.

use std::process::ExitCode;

use affineur_index::store::{Request, Store as _};
use affineur_packaging::ProjectName;
use affineur_packaging::page::{ProjectStatus, StatusMarker};

use super::arguments::{DeleteOptions, Mark, MarkOptions, QuarantineOptions};
use super::open::{open, publish_request, store_failure};
use crate::failure::Failure;

pub(super) async fn quarantine(options: &QuarantineOptions) -> Result<ExitCode, Failure> {
    let (folder, store) = open(&options.dir)?;
    if options.lift {
        let project = store.project(&options.project).await.map_err(|error| store_failure(&error))?;
        if project.is_some_and(|project| project.status.marker != StatusMarker::Quarantined) {
            let cause = format!("{} is not in quarantine", options.project);
            return Err(Failure::usage(cause, "`affineur index mark` takes other marks back"));
        }
        return publish_request(&folder, &store, status(&options.project, StatusMarker::Active, None)).await;
    }
    publish_request(&folder, &store, status(&options.project, StatusMarker::Quarantined, options.reason.clone())).await
}

pub(super) async fn mark(options: &MarkOptions) -> Result<ExitCode, Failure> {
    let (folder, store) = open(&options.dir)?;
    let project = store.project(&options.project).await.map_err(|error| store_failure(&error))?;
    if project.is_some_and(|project| project.status.marker == StatusMarker::Quarantined) {
        let hint = format!("first `affineur index quarantine {} {} --lift`", options.dir.display(), options.project);
        return Err(Failure::usage(format!("{} is in quarantine, which no other mark ends", options.project), hint));
    }
    let marker = match options.mark {
        Mark::Archived => StatusMarker::Archived,
        Mark::Deprecated => StatusMarker::Deprecated,
        Mark::Active => StatusMarker::Active,
    };
    publish_request(&folder, &store, status(&options.project, marker, options.reason.clone())).await
}

pub(super) async fn delete(options: &DeleteOptions) -> Result<ExitCode, Failure> {
    let (folder, store) = open(&options.dir)?;
    let file = options.file.clone();
    if store.file(&file).await.map_err(|error| store_failure(&error))?.is_none() {
        return Err(Failure::usage(format!("there is no published file {file}"), "see what there is at /simple/"));
    }
    publish_request(&folder, &store, Request::Delete { file }).await
}

fn status(project: &ProjectName, marker: StatusMarker, reason: Option<String>) -> Request {
    Request::Status { project: project.clone(), status: ProjectStatus { marker, reason } }
}
