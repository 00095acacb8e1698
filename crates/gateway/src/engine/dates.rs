//! Dates for files of upstreams that claim no upload time: `Last-Modified`, asked for once per file.
//!
//! A page asks for the newest files only, since those are the ones that a wait concerns: one file of each of the newest
//! versions first, then the other files of the versions that turned out too new. All others are asked when they are wanted.

use std::collections::BTreeSet;

use affineur_packaging::{DistributionKind, ProjectName, Version};
use affineur_trust::{Decision, LastModified};
use futures_util::StreamExt as _;
use futures_util::stream;
use http::HeaderValue;
use jiff::Timestamp;
use url::Url;

use super::Gateway;
use super::source::Source;
use super::view::DecidedFile;
use crate::limits;

impl Gateway {
    /// Asks for the dates of the newest files of a page and decides those again.
    pub(crate) async fn ask_dates(
        &self,
        source: &Source,
        project: &ProjectName,
        page: &Url,
        files: &mut [DecidedFile],
        authorization: Option<&HeaderValue>,
    ) {
        let first = newest_of_each_version(files, DecidedFile::waits_for_date, limits::DATED_VERSIONS_PER_PAGE);
        let asked = first.len();
        self.ask_dates_of(source, project, page, files, first, authorization).await;
        let rest = others_of_new_versions(files, limits::DATES_PER_PAGE.saturating_sub(asked));
        self.ask_dates_of(source, project, page, files, rest, authorization).await;
    }

    async fn ask_dates_of(
        &self,
        source: &Source,
        project: &ProjectName,
        page: &Url,
        files: &mut [DecidedFile],
        which: Vec<usize>,
        authorization: Option<&HeaderValue>,
    ) {
        if which.is_empty() {
            return;
        }
        let asked = which.into_iter().filter_map(|at| files.get(at).map(|file| (at, file.entry.url.clone())));
        let answers: Vec<(usize, Result<Option<Timestamp>, _>)> = stream::iter(asked)
            .map(|(at, url)| async move { (at, self.fetcher.last_modified(&url, page, authorization.cloned()).await) })
            .buffer_unordered(limits::DATES_AT_ONCE)
            .collect()
            .await;
        let mut dates = Vec::new();
        let mut dated = Vec::new();
        for (at, answer) in answers {
            // A file whose host gives no answer stays undated: it is asked again when somebody wants it.
            if let (Ok(date), Some(file)) = (answer, files.get_mut(at)) {
                dates.push((file.entry.name.clone(), file.entry.sha256, date));
                dated.push((at, date));
            }
        }
        if self.state.record_last_modified(&source.name, dates).await.is_err() {
            return; // what cannot be stored is not used
        }
        for (at, date) in dated {
            if let Some(file) = files.get_mut(at) {
                *file = self.with_date(source, project, file, date);
            }
        }
    }

    /// The file decided with a date that was asked for.
    pub(crate) fn with_date(
        &self,
        source: &Source,
        project: &ProjectName,
        file: &DecidedFile,
        date: Option<Timestamp>,
    ) -> DecidedFile {
        let Some(mut pin) = file.pin.clone() else { return file.clone() };
        if pin.last_modified == LastModified::NotAsked {
            pin.last_modified = date.map_or(LastModified::Unknown, LastModified::At);
        }
        self.decide_again(source, project, file, pin)
    }
}

/// One file of those that lack something, of each of the newest versions, wheels preferred.
pub(super) fn newest_of_each_version(files: &[DecidedFile], lacks: impl Fn(&DecidedFile) -> bool, most: usize) -> Vec<usize> {
    let mut lacking: Vec<(&Version, bool, usize)> = files
        .iter()
        .enumerate()
        .filter(|(_, file)| lacks(file))
        .map(|(at, file)| (file.entry.name.version(), file.entry.name.kind() == DistributionKind::Wheel, at))
        .collect();
    lacking.sort_by(|one, other| other.cmp(one));
    lacking.dedup_by(|one, kept| one.0 == kept.0);
    lacking.into_iter().take(most).map(|(_, _, at)| at).collect()
}

/// The undated files of versions of which another file is too new.
fn others_of_new_versions(files: &[DecidedFile], most: usize) -> Vec<usize> {
    let too_new: BTreeSet<&Version> = files
        .iter()
        .filter(|file| matches!(&file.decision, Decision::Withhold(withheld) if withheld.until().is_some()))
        .map(|file| file.entry.name.version())
        .collect();
    let others =
        files.iter().enumerate().filter(|(_, file)| file.waits_for_date() && too_new.contains(file.entry.name.version()));
    others.map(|(at, _)| at).take(most).collect()
}
