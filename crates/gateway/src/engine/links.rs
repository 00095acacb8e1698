//! Flat pages of links (`--find-links URL`): files of many projects on one page, each decided under its own project.
//!
//! Only without a policy: under one, a project comes wholly from a source of the policy, and such a page is none.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use affineur_packaging::ProjectName;
use affineur_packaging::page::{self, Format, PageFile, ProjectStatus};
use http::HeaderValue;
use jiff::SignedDuration;
use url::Url;

use super::pages::Head;
use super::resolve::{Caller, Listing, Unauthorized};
use super::source::Source;
use super::view::{DecidedFile, ProjectView};
use super::{Gateway, Note, clock, later};
use crate::fetch::{PageAnswer, PageAsk};
use crate::limits;
use crate::state::{PageSeen, SeenFile};

/// A file that a flat page listed.
#[derive(Debug, Clone)]
pub(crate) struct LinkedFile {
    pub(crate) source: Source,
    pub(crate) page: Url,
    pub(crate) file: DecidedFile,
}

impl Gateway {
    /// Asks for a page that may list anything.
    pub(crate) async fn links_at(&self, url: &Url, caller: &Caller) -> Listing {
        let authorization: Option<HeaderValue> =
            caller.authorization.as_ref().filter(|(origin, _)| *origin == url.origin()).map(|(_, value)| value.clone());
        let ask = PageAsk { url: url.clone(), authorization, validators: None };
        match self.fetcher.page(ask).await {
            Ok(PageAnswer::Page { body, format, url: from, .. }) => {
                let now = clock::now();
                let fresh_until = later(now, SignedDuration::from_secs(limits::PAGE_FRESH_SECONDS));
                let head = Head {
                    url: from,
                    json: format == Format::Json,
                    etag: None,
                    last_modified: None,
                    confirmed: now,
                    fresh_until,
                };
                match self.links_view(url, &head, &body).await {
                    Some(view) => Listing::View(view),
                    None => Listing::Absent,
                }
            }
            Ok(PageAnswer::Unauthorized { status, www_authenticate }) => {
                Listing::Unauthorized(Unauthorized::new(status, www_authenticate))
            }
            Ok(_) => Listing::Absent,
            Err(problem) => {
                let source = Source::learned(url);
                let name = source.name.to_string();
                self.record.note(Note::Refused { what: name, why: problem.to_string() });
                Listing::Absent
            }
        }
    }

    /// The files of a flat page, decided; `None` where it lists none that can be read.
    pub(crate) async fn links_view(&self, url: &Url, head: &Head, body: &[u8]) -> Option<Arc<ProjectView>> {
        let parsed = page::parse_links(head.format(), body, &head.url).ok()?;
        if parsed.files.is_empty() {
            return None;
        }
        let source = Source::learned(url);
        let mut of_project: BTreeMap<ProjectName, Vec<PageFile>> = BTreeMap::new();
        for file in parsed.files {
            of_project.entry(file.name.project().clone()).or_default().push(file);
        }
        let mut decided = Vec::new();
        for (project, entries) in of_project {
            let seen = entries.iter().map(|file| SeenFile {
                name: file.name.clone(),
                url: file.url.clone(),
                sha256: file.sha256,
                size: file.size,
                upload_time: file.upload_time,
            });
            let seen =
                PageSeen { source: source.name.clone(), project: project.clone(), now: head.confirmed, files: seen.collect() };
            let Ok(observed) = self.state.observe_page(seen).await else { continue };
            let mut panel = self.panel(&source, &project);
            let files =
                entries.into_iter().zip(observed).map(|(entry, observed)| self.decide_one(&mut panel, entry, observed, None));
            let mut files: Vec<DecidedFile> = files.collect();
            drop(panel);
            self.hash_undigested(&source, &head.url, &mut files, None).await;
            self.ask_dates(&source, &project, &head.url, &mut files, None).await;
            self.record_page(&source, &project, &files);
            decided.extend(files);
        }
        self.remember_links(&source, &head.url, &decided);
        let project = "links".parse().ok()?;
        let mode = self.mode();
        let status = ProjectStatus::default();
        Some(Arc::new(ProjectView::new(
            project,
            source,
            head.url.clone(),
            decided,
            status,
            mode,
            head.confirmed,
            head.fresh_until,
            None,
        )))
    }

    fn remember_links(&self, source: &Source, page: &Url, files: &[DecidedFile]) {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        for file in files {
            if links.len() < limits::LINKED_FILES || links.contains_key(&file.entry.url) {
                let linked = LinkedFile { source: source.clone(), page: page.clone(), file: file.clone() };
                links.insert(file.entry.url.clone(), linked);
            }
        }
    }
}
