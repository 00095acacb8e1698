//! `affineur index yank`.

use std::process::ExitCode;

use affineur_index::store::{Request as Change, Store as _, Which, YankedBy};
use affineur_packaging::page::Yanked;
use affineur_packaging::{Requirement, Version};

use super::arguments::{Party, YankOptions};
use super::open::{open, publish_request, store_failure};
use crate::failure::Failure;

pub(super) async fn yank(options: &YankOptions) -> Result<ExitCode, Failure> {
    let (folder, store) = open(&options.dir)?;
    let requirement = &options.requirement;
    let version = exact_version(requirement).ok_or_else(|| {
        let hint = format!("write {}==1.0, with the version that you mean", requirement.project);
        Failure::usage("a yank is about one version", hint)
    })?;
    let published = store.project(&requirement.project).await.map_err(|error| store_failure(&error))?;
    if published.is_some_and(|project| !project.files.values().any(|file| *file.file.version() == version)) {
        return Err(Failure::usage(format!("there is no {} {version}", requirement.project), "see what there is at /simple/"));
    }
    let yanked = if options.undo { Yanked::No } else { Yanked::Yes(options.reason.clone()) };
    let by = match options.by {
        Party::Developers => YankedBy::Developers,
        Party::Index => YankedBy::Index,
    };
    let request = Change::Yank { project: requirement.project.clone(), which: Which::Version(version), yanked, by };
    publish_request(&folder, &store, request).await
}

/// The version of `name==version`.
fn exact_version(requirement: &Requirement) -> Option<Version> {
    let mut specifiers = requirement.versions.iter();
    let only = specifiers.next()?;
    let exact = specifiers.next().is_none() && only.to_string().starts_with("==") && !only.to_string().ends_with(".*");
    exact.then(|| only.version().clone())
}
