//! Answers for distributions: find the page that lists the file, decide the file itself again (a link is no proof), send it.

use std::sync::{Arc, PoisonError};

use affineur_packaging::page::PageFile;
use affineur_packaging::{DistributionKind, FileName, ProjectName};
use affineur_trust::{Claim, Class, Contradiction, Reason};
use http::{HeaderMap, HeaderValue, Method, Response};
use url::Url;

use super::metadata::Said;
use super::page::shown;
use super::refusal::Refusal;
use super::resolve::{Caller, Listing, Unauthorized};
use super::source::Source;
use super::upstream::FileUpstream;
use super::view::{DecidedFile, ProjectView, Verdict, first_reason};
use super::{Gateway, Note, Strangers, scope};
use crate::body::Body;
use crate::cache::{CachedFile, Scope};
use crate::download::{DownloadError, Request};
use crate::limits;
use crate::state::StateError;

/// A file that a page of a source lists.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) source: Source,
    pub(crate) project: ProjectName,
    pub(crate) page: Url,
    pub(crate) file: DecidedFile,
}

/// What was found about a file that somebody asks for by its URL.
#[derive(Debug)]
pub(crate) enum Found {
    Listed(Box<Listed>),
    /// No page of a source lists it there.
    Unlisted(String),
    /// Whether one lists it cannot be told, or must not be.
    Refused(Refusal),
    Unauthorized(Unauthorized),
}

/// Which part of a distribution is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Bytes,
    Metadata,
}

impl Gateway {
    /// Finds the page that lists `url`.
    pub(crate) async fn find(&self, url: &Url, name: &FileName, caller: &Caller) -> Found {
        if self.names_sources_of(name.project()) {
            self.find_in_policy(url, name, caller).await
        } else {
            self.find_anywhere(url, name, caller).await
        }
    }

    async fn find_in_policy(&self, url: &Url, name: &FileName, caller: &Caller) -> Found {
        let Ok(located) = self.state.locate(url) else { return unreadable() };
        let mut projects: Vec<ProjectName> = located.into_iter().map(|located| located.project).collect();
        projects.push(name.project().clone());
        projects.dedup();
        let mut why = "no source of the policy lists this file".to_owned();
        for project in projects {
            let Listing::View(view) = self.listing(&project, caller).await else { continue };
            match view.file(name.as_str()) {
                Some(file) if file.entry.url == *url || view.names_host_of(url) => return listed(&view, file),
                Some(_) => {
                    why = format!(
                        "the file is listed, but not on {}",
                        affineur_packaging::text::printable(url.host_str().unwrap_or_default(), 80)
                    );
                }
                None => {
                    if let Some((class, problem)) = &view.unverified {
                        return Found::Refused(Refusal::file(*class, format!("{}: {problem}", view.source.name)));
                    }
                }
            }
        }
        Found::Unlisted(why)
    }

    async fn find_anywhere(&self, url: &Url, name: &FileName, caller: &Caller) -> Found {
        let linked = self.links.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned();
        if let Some(linked) = linked {
            let project = linked.file.decision_project().clone();
            return Found::Listed(Box::new(Listed { source: linked.source, project, page: linked.page, file: linked.file }));
        }
        let Ok(candidates) = self.candidates(url, name) else { return unreadable() };
        for (source, project) in candidates {
            match self.listing_at(&source, &project, caller).await {
                Listing::View(view) => match view.file(name.as_str()) {
                    Some(file) if file.entry.url == *url || view.names_host_of(url) => return listed(&view, file),
                    _ => {}
                },
                Listing::Unauthorized(demand) => return Found::Unauthorized(demand),
                Listing::Absent => {}
            }
        }
        Found::Unlisted("no index that was asked lists this file".to_owned())
    }

    /// On which pages a file may be listed, most likely first: where it was seen before, where its host was named before, and
    /// the indexes that this run knows of.
    fn candidates(&self, url: &Url, name: &FileName) -> Result<Vec<(Source, ProjectName)>, StateError> {
        let learned = self.state.learned_sources()?;
        let mut candidates: Vec<(Source, ProjectName)> = Vec::new();
        for located in self.state.locate(url)? {
            if let Some(source) = learned.iter().find(|source| source.name == located.source) {
                candidates.push((self.known_or_learned(&source.url), located.project));
            }
        }
        let project = name.project();
        let hosts = self.state.sources_naming_server(url)?;
        let by_host = hosts.iter().map(|source| self.known_or_learned(&source.url));
        let hinted = self.hints.iter().map(|index| self.known_or_learned(index));
        for source in by_host.chain(hinted).chain(self.sources()) {
            candidates.push((source, project.clone()));
        }
        let mut seen = std::collections::HashSet::new();
        candidates.retain(|(source, project)| seen.insert((source.url.clone(), project.clone())));
        candidates.truncate(limits::CANDIDATE_SOURCES);
        Ok(candidates)
    }

    fn known_or_learned(&self, index: &Url) -> Source {
        self.sources().into_iter().find(|source| source.url == *index).unwrap_or_else(|| Source::learned(index))
    }

    /// The answer for a file's bytes or metadata at `url`.
    pub(crate) async fn file(
        self: &Arc<Self>,
        url: &Url,
        name: &FileName,
        part: Part,
        caller: &Caller,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Response<Body>, Unlisted> {
        match self.find(url, name, caller).await {
            Found::Listed(listed) => Ok(self.answer(*listed, part, caller, method, headers).await),
            Found::Refused(refusal) => Ok(refusal.response()),
            Found::Unauthorized(demand) => Ok(super::page::unauthorized(demand)),
            Found::Unlisted(why) if self.strangers == Strangers::Refuse => {
                self.record.note(Note::Refused { what: shown(url), why: why.clone() });
                Ok(Refusal::file(Class::Refused, why).response())
            }
            Found::Unlisted(_) => Err(Unlisted),
        }
    }

    /// The answer for a listed file: its decision, made now.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        listed: Listed,
        part: Part,
        caller: &Caller,
        method: &Method,
        headers: &HeaderMap,
    ) -> Response<Body> {
        let authorization = caller.authorization_for_url(&listed.file.entry.url, &listed.source);
        let listed = self.completed(listed, authorization.as_ref()).await;
        self.record.file(self.file_record(&listed.source, &listed.project, &listed.file, true));
        let undated = |reason: &Reason| matches!(reason, Reason::AgeUnknownAllowed { .. });
        if listed.file.decision.reasons().iter().any(undated) {
            self.record.note(Note::NothingKnown { project: listed.project.clone() });
        }
        if let Verdict::Refuse(withheld) = listed.file.verdict(self.mode()) {
            let see = caller
                .explained_at
                .as_ref()
                .map(|base| format!("; see {base}{}/{}", listed.project, listed.file.entry.name.version()));
            return Refusal::file(withheld.class(), first_reason(withheld) + &see.unwrap_or_default()).response();
        }
        match part {
            Part::Bytes => self.send_file(&listed, authorization, method, headers).await,
            Part::Metadata => self.send_metadata(&listed, authorization, method, headers).await,
        }
    }

    /// Learns what is still missing for a decision: the bytes' digest, the date; and heeds what was found hostile meanwhile.
    pub(crate) async fn completed(&self, mut listed: Listed, authorization: Option<&HeaderValue>) -> Listed {
        if listed.file.entry.sha256.is_none()
            && let Some(file) = self.with_digest(&listed.source, &listed.page, &listed.file, authorization).await
        {
            listed.file = file;
        }
        if listed.file.waits_for_date()
            && let Ok(date) = self.fetcher.last_modified(&listed.file.entry.url, &listed.page, authorization.cloned()).await
        {
            let date_of = (listed.file.entry.name.clone(), listed.file.entry.sha256, date);
            if self.state.record_last_modified(&listed.source.name, vec![date_of]).await.is_ok() {
                listed.file = self.with_date(&listed.source, &listed.project, &listed.file, date);
            }
        }
        listed = self.with_attestations(listed, authorization).await;
        if let Some(found) = self.distrusted(&listed.source, &listed.file.entry) {
            let pin = listed.file.pin.clone();
            let mut panel = self.panel(&listed.source, &listed.project);
            listed.file = self.decide_claim(&mut panel, listed.file.entry.clone(), pin, Claim::Contradicts(found));
        }
        listed
    }

    /// Sends the bytes of a file that passed.
    async fn send_file(
        self: &Arc<Self>,
        listed: &Listed,
        authorization: Option<HeaderValue>,
        method: &Method,
        headers: &HeaderMap,
    ) -> Response<Body> {
        let request = self.request(listed, authorization.as_ref());
        if let Err(refusal) = self.compare_cached(listed, request.scope).await {
            return refusal.response();
        }
        let upstream = self.upstream(&listed.page, authorization, request.limit_bytes);
        let served = self.downloads.open(upstream, request).await;
        match served.respond(method, headers).await {
            Ok(response) => response,
            Err(problem) => {
                let now = self.distrusted(&listed.source, &listed.file.entry);
                let class = if now.is_some() { Class::Hostile } else { Class::Undecided };
                Refusal::file(class, format!("{}: {problem}", listed.source.name)).response()
            }
        }
    }

    /// Compares the metadata that was served for a wheel with one that is in the cache already: bytes from there are not compared
    /// on their way, and they may be there because another file has them too.
    async fn compare_cached(self: &Arc<Self>, listed: &Listed, scope: Scope) -> Result<(), Refusal> {
        let wheel = listed.file.entry.name.kind() == DistributionKind::Wheel;
        let Some(digest) = listed.file.entry.sha256.filter(|_| wheel) else { return Ok(()) };
        let (cache, said) = (self.cache.clone(), Said::of(listed, scope, digest));
        match tokio::task::spawn_blocking(move || said.agrees_with_cached(&cache)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(problem)) => {
                self.distrust(listed, Contradiction::Metadata);
                Err(Refusal::file(Class::Hostile, format!("{}: {problem}", listed.source.name)))
            }
            Err(_) => Err(Refusal::file(Class::Undecided, "the file cannot be compared with its metadata: this is a bug")),
        }
    }

    fn request(self: &Arc<Self>, listed: &Listed, authorization: Option<&HeaderValue>) -> Request {
        let entry = &listed.file.entry;
        let scope = scope(authorization);
        let check: Option<crate::download::Check> = (entry.name.kind() == DistributionKind::Wheel).then(|| {
            let (cache, listed) = (self.cache.clone(), listed.clone());
            Box::new(move |file: &CachedFile| Said::of(&listed, scope, file.sha256()).agrees(&cache, file))
                as crate::download::Check
        });
        let (gateway, at) = (Arc::clone(self), listed.clone());
        let report: crate::download::Report = Box::new(move |outcome| gateway.transferred(&at, outcome));
        Request {
            scope,
            url: entry.url.clone(),
            expected: entry.sha256,
            size: entry.size,
            limit_bytes: entry.size.unwrap_or(limits::FILE_BYTES).min(limits::FILE_BYTES),
            check,
            report: Some(report),
        }
    }

    pub(crate) fn upstream(&self, page: &Url, authorization: Option<HeaderValue>, limit_bytes: u64) -> FileUpstream {
        FileUpstream { fetcher: Arc::clone(&self.fetcher), page: page.clone(), authorization, limit_bytes }
    }

    /// Hears how a transfer ended: what contradicts the page is remembered before any client sees the end of it.
    pub(crate) fn transferred(self: &Arc<Self>, listed: &Listed, outcome: Result<&CachedFile, &DownloadError>) {
        let contradiction = match outcome {
            Ok(_) => return,
            Err(DownloadError::Digest { expected, got }) => Contradiction::Bytes { expected: *expected, got: *got },
            Err(DownloadError::Check(_)) => Contradiction::Metadata,
            Err(DownloadError::GivenUp) => return,
            Err(problem) => {
                let (source, project) = (listed.source.name.to_string(), listed.project.clone());
                let why = format!("{}: {problem}", listed.file.entry.name);
                return self.record.note(Note::Unavailable { source, project, why });
            }
        };
        self.distrust(listed, contradiction);
    }

    /// The whole file, verified as far as the page allows, for those who need all of it before they can say anything.
    pub(crate) async fn whole_file(
        &self,
        page: &Url,
        entry: &PageFile,
        authorization: Option<&HeaderValue>,
    ) -> Result<CachedFile, DownloadError> {
        let limit_bytes = entry.size.unwrap_or(limits::FILE_BYTES).min(limits::FILE_BYTES);
        let request = Request {
            scope: scope(authorization),
            url: entry.url.clone(),
            expected: entry.sha256,
            size: entry.size,
            limit_bytes,
            check: None,
            report: None,
        };
        self.downloads.open(self.upstream(page, authorization.cloned(), limit_bytes), request).await.verified().await
    }
}

/// No page of a source lists the file, and no rule forbids it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unlisted;

/// A state that cannot be read is no answer, in no direction.
fn unreadable() -> Found {
    Found::Refused(Refusal::file(Class::Undecided, "what is remembered on this machine cannot be read"))
}

fn listed(view: &ProjectView, file: &DecidedFile) -> Found {
    let (source, project) = (view.source.clone(), view.project.clone());
    Found::Listed(Box::new(Listed { source, project, page: view.page_url.clone(), file: file.clone() }))
}

impl Caller {
    /// What to show when a file is fetched: the caller's own credentials where they are meant for its host, else the
    /// gateway's where the file is on the source's own host.
    pub(crate) fn authorization_for_url(&self, url: &Url, source: &Source) -> Option<HeaderValue> {
        match &self.authorization {
            Some((origin, value)) if *origin == url.origin() => Some(value.clone()),
            _ if url.origin() == source.url.origin() => source.authorization.clone(),
            _ => None,
        }
    }
}
