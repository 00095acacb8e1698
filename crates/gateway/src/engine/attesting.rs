//! Attestations of files whose publishers somebody trusts: asked for the newest files of a page that lack a vouch, and for any other
//! when somebody wants it.

use affineur_packaging::page::PageFile;
use affineur_packaging::{ProjectName, Sha256};
use affineur_trust::{Class, Decision, VerifiedProject};
use futures_util::StreamExt as _;
use futures_util::stream;
use http::HeaderValue;
use tokio::time::timeout;
use url::Url;

use super::dates::newest_of_each_version;
use super::file::Listed;
use super::source::Source;
use super::view::DecidedFile;
use super::{Gateway, Note, account, clock};
use crate::limits;
use crate::provenance::{Attested, Fault, Place, Subject};
use crate::state::server;

impl Gateway {
    /// What is known of a file's attestations; `None` where its source shows none.
    pub(super) fn attested(&self, source: &Source, entry: &PageFile) -> Option<Attested> {
        let subject = subject(source, entry).filter(|_| place(source, &source.url, entry, None).is_some())?;
        Some(self.provenances.known(&subject, clock::now()))
    }

    /// Asks for the attestations of the newest files of a page that are withheld, and decides those again.
    pub(super) async fn ask_attestations(
        &self,
        source: &Source,
        project: &ProjectName,
        page: &Url,
        files: &mut [DecidedFile],
        authorization: Option<&HeaderValue>,
        verified: Option<&VerifiedProject>,
    ) {
        let newest = newest_of_each_version(files, |file| file.lacks_attestations, limits::ATTESTATIONS_PER_PAGE);
        if newest.is_empty() {
            return;
        }
        let entries = newest.iter().filter_map(|at| files.get(*at)).map(|file| file.entry.clone());
        let asking = stream::iter(entries.collect::<Vec<_>>())
            .map(|entry| async move { self.ask_attestations_of(source, project, page, &entry, authorization).await })
            .buffer_unordered(limits::ATTESTATIONS_AT_ONCE)
            .collect::<Vec<()>>();
        // Whoever took longer is asked again when somebody wants the file.
        let _in_time = timeout(limits::ATTESTATIONS_PATIENCE.min(self.fetcher.patience()), asking).await;
        for at in newest {
            if let Some(file) = files.get_mut(at) {
                *file = self.decide_anew(source, project, file, verified);
            }
        }
    }

    /// Asks for a file's attestations where they could matter, and decides it again.
    pub(super) async fn with_attestations(&self, listed: Listed, authorization: Option<&HeaderValue>) -> Listed {
        let Listed { source, project, page, file } = &listed;
        let unasked = || self.panel(source, project).attested(&file.entry) == Some(Attested::NotAsked);
        if !may_help(&file.decision) || !unasked() {
            return listed;
        }
        self.ask_attestations_of(source, project, page, &file.entry, authorization).await;
        let verified = self.verified_again(source, project).await;
        let file = self.decide_anew(source, project, file, verified.as_ref());
        Listed { file, ..listed }
    }

    async fn ask_attestations_of(
        &self,
        source: &Source,
        project: &ProjectName,
        page: &Url,
        entry: &PageFile,
        authorization: Option<&HeaderValue>,
    ) {
        let (Some(subject), Some(place)) = (subject(source, entry), place(source, page, entry, authorization)) else { return };
        for fault in self.provenances.ask(&subject, &place).await {
            self.note_fault(source, project, entry, &fault);
        }
    }

    fn note_fault(&self, source: &Source, project: &ProjectName, entry: &PageFile, fault: &Fault) {
        let what = format!("{}: {fault}", entry.name);
        if fault.is_hostile() {
            self.alarm(source, project, what);
        } else {
            let source = source.name.to_string();
            self.record.note(Note::Unattested { source, project: project.clone(), what });
        }
    }

    /// Decides a file again with what its source says of it, and all that is known now.
    fn decide_anew(
        &self,
        source: &Source,
        project: &ProjectName,
        file: &DecidedFile,
        verified: Option<&VerifiedProject>,
    ) -> DecidedFile {
        let claim = account::claim(source, project, file, verified);
        self.decide_claim(&mut self.panel(source, project), file.entry.clone(), file.pin.clone(), claim)
    }
}

/// Whether a further vouch could let a file through.
pub(super) fn may_help(decision: &Decision) -> bool {
    matches!(decision, Decision::Withhold(withheld) if withheld.class() != Class::Hostile)
}

fn subject(source: &Source, entry: &PageFile) -> Option<Subject> {
    Some(Subject { source: source.name.clone(), file: entry.name.clone(), sha256: entry.sha256? })
}

/// Where a file's attestations are: only where its source is.
fn place(source: &Source, page: &Url, entry: &PageFile, authorization: Option<&HeaderValue>) -> Option<Place> {
    let mut url = entry.provenance.clone()?;
    let signed = url.fragment().and_then(|fragment| fragment.strip_prefix("sha256=")?.parse::<Sha256>().ok());
    url.set_fragment(None);
    let theirs = server(&url) == server(&source.url) || server(&url) == server(page);
    let sha256 = signed.filter(|_| source.signs());
    let whole = theirs && (sha256.is_some() || !source.signs());
    whole.then(|| Place { url, sha256, page: page.clone(), authorization: authorization.cloned() })
}
