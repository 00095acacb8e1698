//! From what a TUF repository says to a decided view. The unsigned Simple API is never asked.

use std::sync::Arc;

use affineur_packaging::ProjectName;
use affineur_packaging::page::{CoreMetadata, PageFile, Yanked};
use affineur_packaging::text::free_text;
use affineur_trust::listing::{ListedFile, Listing, MergedFile, file_url, provenance_url};
use affineur_trust::{Claim, Class, NotVouched, VerifiedProject};
use jiff::Timestamp;
use url::Url;

use super::assemble::Heard;
use super::source::Source;
use super::view::ProjectView;
use super::{Gateway, Note};
use crate::repository::{Answer, IndexRepository, Told, Wish};

impl Gateway {
    /// Asks a repository for a project.
    pub(super) async fn ask_repository(
        &self,
        source: &Source,
        repository: &Arc<IndexRepository>,
        project: &ProjectName,
        refresh: bool,
    ) -> Heard {
        let wish = if refresh { Wish::Anew } else { Wish::Fresh };
        let Answer { told, confirmed, fresh_until } = repository.ask(project, wish).await;
        match told {
            Told::Absent => Heard::Absent,
            Told::NotVouched { why, listing } => {
                let names = listing.map(|listing| named(&repository.url, &listing));
                Heard::View(self.not_vouched(source, project, why, names))
            }
            Told::Project(verified) => {
                Heard::View(self.vouched(source, &repository.url, &verified, (confirmed, fresh_until)).await)
            }
        }
    }

    async fn vouched(
        &self,
        source: &Source,
        repository: &Url,
        verified: &VerifiedProject,
        (confirmed, fresh_until): (Timestamp, Timestamp),
    ) -> Arc<ProjectView> {
        let merged = verified.merged();
        let project = &merged.project;
        if merged.files.is_empty() {
            return self.unheard(source, project, "its listing has no file").await;
        }
        let entries: Vec<PageFile> = merged.files.values().filter_map(|file| entry(repository, project, file)).collect();
        let observed = match self.observe(source, project, confirmed, &entries).await {
            Ok(observed) => observed,
            Err(view) => return view,
        };
        let mut panel = self.panel(source, project);
        let decide = |(entry, observed)| self.decide_one(&mut panel, entry, observed, Some(verified));
        let mut files: Vec<_> = entries.into_iter().zip(observed).map(decide).collect();
        drop(panel);
        let (page, authorization) = (source.page_url(project), source.authorization.as_ref());
        self.ask_attestations(source, project, &page, &mut files, authorization, Some(verified)).await;
        self.record_page(source, project, &files);
        let decided_until = self.decided_until(project, &files);
        Arc::new(ProjectView::new(
            project.clone(),
            source.clone(),
            page,
            files,
            merged.status.clone(),
            self.mode(),
            confirmed,
            fresh_until,
            decided_until,
        ))
    }

    /// A project that its repository does not vouch for: the names that could be verified, else those that are remembered, all of
    /// them withheld.
    fn not_vouched(
        &self,
        source: &Source,
        project: &ProjectName,
        why: NotVouched,
        names: Option<Vec<PageFile>>,
    ) -> Arc<ProjectView> {
        let (class, text) = (why.class(), why.to_string());
        match class {
            Class::Hostile => self.alarm(source, project, text.clone()),
            Class::Undecided => self.record.note(Note::Unavailable {
                source: source.name.to_string(),
                project: project.clone(),
                why: text.clone(),
            }),
            Class::Refused => {
                self.record.note(Note::Refused { what: format!("{project} from {}", source.name), why: text.clone() });
            }
        }
        let claim = Claim::NotVouched(Box::new(why));
        let names = names.unwrap_or_else(|| self.remembered_names(source, project));
        self.withheld_view(source, project, names, (class, text), &claim)
    }
}

/// A file as listing and overlay say it, for a page. Its provenance's URL has the digest that is signed.
fn entry(repository: &Url, project: &ProjectName, file: &MergedFile) -> Option<PageFile> {
    let MergedFile { listed, first_seen, yanked_by_index, provenance } = file;
    let yanked = match yanked_by_index {
        Some(reason) => Yanked::Yes(free_text(reason)),
        None => shown(&listed.yanked),
    };
    let provenance = provenance.and_then(|sha256| {
        let mut url = provenance_url(repository, &listed.name)?;
        url.set_fragment(Some(&format!("sha256={sha256}")));
        Some(url)
    });
    Some(PageFile { upload_time: *first_seen, yanked, provenance, ..listed_entry(repository, project, listed)? })
}

fn listed_entry(repository: &Url, project: &ProjectName, listed: &ListedFile) -> Option<PageFile> {
    Some(PageFile {
        name: listed.name.clone(),
        url: file_url(repository, project, &listed.name)?,
        sha256: Some(listed.sha256),
        size: Some(listed.size),
        upload_time: None,
        requires_python: listed.requires_python.as_deref().map(free_text),
        core_metadata: listed.core_metadata.map_or(CoreMetadata::Absent, CoreMetadata::Digest),
        yanked: shown(&listed.yanked),
        provenance: None,
    })
}

/// The names of a listing whose files are all withheld.
fn named(repository: &Url, listing: &Listing) -> Vec<PageFile> {
    listing.files.values().filter_map(|listed| listed_entry(repository, &listing.project, listed)).collect()
}

fn shown(yanked: &Yanked) -> Yanked {
    match yanked {
        Yanked::No => Yanked::No,
        Yanked::Yes(reason) => Yanked::Yes(free_text(reason)),
    }
}
