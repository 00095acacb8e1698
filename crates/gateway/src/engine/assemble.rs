//! From an upstream's page to a decided view: fetch, parse, compare with what is remembered, decide.

use std::sync::Arc;

use affineur_packaging::ProjectName;
use affineur_packaging::page::{self, Format, PageFile, ProjectPage, ProjectStatus, StatusMarker, Yanked};
use affineur_trust::{Age, AgeFrom, Claim, Class, Contradiction, Decision, FileFact, Pin, Unavailable, VerifiedProject, age};
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::attesting::may_help;
use super::hearing::Panel;
use super::pages::{Head, KeptPage};
use super::record::{FileRecord, Outcome};
use super::resolve::{Caller, Unauthorized};
use super::source::{Source, Voice};
use super::view::{DecidedFile, Known, ProjectView, Verdict};
use super::{Gateway, Note, ViewKey, clock, later};
use crate::fetch::{PageAnswer, PageAsk};
use crate::limits;
use crate::provenance::Attested;
use crate::state::{Observed, PageSeen, SeenFile};

/// What one source says about a project.
#[derive(Debug, Clone)]
pub(crate) enum Heard {
    View(Arc<ProjectView>),
    Absent,
    Unauthorized(Unauthorized),
    /// What looked like a project's page is a flat page of links, with files of other projects.
    Links(Arc<ProjectView>),
}

impl From<Known> for Heard {
    fn from(known: Known) -> Self {
        match known {
            Known::View(view) => Self::View(view),
            Known::Absent { .. } => Self::Absent,
        }
    }
}

impl Gateway {
    /// Asks one source for a project; answers from memory while that holds.
    pub(crate) async fn ask(&self, source: &Source, project: &ProjectName, caller: &Caller) -> Heard {
        let authorization = caller.authorization_for(source);
        let page = source.page_url(project);
        let generation = self.hear(project).await;
        let key = ViewKey::of(&page, authorization.as_ref(), generation);
        let now = clock::now();
        if let Some(known) = self.views.get(&key) {
            if known.holds_at(now) && !caller.refresh {
                return known.into();
            }
            self.views.remove(&key);
        }
        // One request asks, the others wait for its answer.
        match self.views.get_value_or_guard_async(&key).await {
            Ok(known) => known.into(),
            Err(guard) => {
                let heard = match &source.voice {
                    Voice::Unsigned => self.ask_now(source, project, authorization, &page, &key, caller.refresh).await,
                    Voice::Repository(Some(repository)) => {
                        self.ask_repository(source, repository, project, caller.refresh).await
                    }
                    Voice::Repository(None) => {
                        Heard::View(self.unheard(source, project, "its repository is not set up: this is a bug").await)
                    }
                };
                match &heard {
                    Heard::View(view) => drop(guard.insert(Known::View(Arc::clone(view)))),
                    Heard::Absent => drop(guard.insert(Known::absent(now))),
                    Heard::Unauthorized(_) | Heard::Links(_) => {}
                }
                heard
            }
        }
    }

    async fn ask_now(
        &self,
        source: &Source,
        project: &ProjectName,
        authorization: Option<HeaderValue>,
        page: &Url,
        key: &ViewKey,
        refresh: bool,
    ) -> Heard {
        let kept = self.pages.load(page, key.credential.as_ref()).await;
        let now = clock::now();
        let fresh = |kept: &KeptPage| kept.head.confirmed <= now && now < kept.head.fresh_until && !refresh;
        let (sent, asked) = match kept {
            Some(kept) if fresh(&kept) => (kept, false),
            kept => {
                let validators = kept.as_ref().and_then(|kept| kept.head.validators());
                let answer =
                    self.fetcher.page(PageAsk { url: page.clone(), authorization: authorization.clone(), validators }).await;
                match sent(answer, kept) {
                    Ok(sent) => (sent, true),
                    Err(Unheard::Absent) => return Heard::Absent,
                    Err(Unheard::Unauthorized(demand)) => return Heard::Unauthorized(demand),
                    Err(Unheard::Unavailable(problem)) => return Heard::View(self.unheard(source, project, &problem).await),
                }
            }
        };
        // Never closed; were it, nothing but memory would be less bounded.
        let _alone = match sent.body.len() {
            0..limits::LARGE_PAGE_BYTES => None,
            _ => self.large_pages.acquire().await.ok(),
        };
        let parsed = parse(&sent, project).await;
        if asked && parsed.is_ok() {
            drop(self.pages.keep(page, key.credential.as_ref(), &sent));
        }
        match parsed {
            Ok(parsed) if parsed.files.is_empty() && parsed.dropped.unreadable > 0 => {
                match self.links_view(page, &sent.head, &sent.body).await {
                    Some(view) => Heard::Links(view),
                    None => Heard::View(self.decided(source, project, sent.head, parsed, authorization).await),
                }
            }
            Ok(parsed) => Heard::View(self.decided(source, project, sent.head, parsed, authorization).await),
            Err(problem) => Heard::View(self.unheard(source, project, &problem).await),
        }
    }

    async fn decided(
        &self,
        source: &Source,
        project: &ProjectName,
        head: Head,
        parsed: ProjectPage,
        authorization: Option<HeaderValue>,
    ) -> Arc<ProjectView> {
        if parsed.files.is_empty() && parsed.dropped.conflicting.is_empty() {
            let problem = match parsed.status.marker {
                StatusMarker::Quarantined => "it has quarantined this project",
                _ => "its page has no file that can be read",
            };
            return self.unheard(source, project, problem).await;
        }
        let observed = match self.observe(source, project, head.confirmed, &parsed.files).await {
            Ok(observed) => observed,
            Err(view) => return view,
        };
        let mut panel = self.panel(source, project);
        let mut files: Vec<DecidedFile> = parsed
            .files
            .into_iter()
            .zip(observed)
            .map(|(entry, observed)| self.decide_one(&mut panel, entry, observed, None))
            .collect();
        files.extend(parsed.dropped.conflicting.into_iter().map(|entry| self.ambiguous(&mut panel, entry)));
        drop(panel);
        self.hash_undigested(source, &head.url, &mut files, authorization.as_ref()).await;
        self.ask_dates(source, project, &head.url, &mut files, authorization.as_ref()).await;
        self.ask_attestations(source, project, &head.url, &mut files, authorization.as_ref(), None).await;
        self.record_page(source, project, &files);
        let decided_until = self.decided_until(project, &files);
        let mode = self.mode();
        let view = ProjectView::new(
            project.clone(),
            source.clone(),
            head.url,
            files,
            parsed.status,
            mode,
            head.confirmed,
            head.fresh_until,
            decided_until,
        );
        Arc::new(view)
    }

    /// Compares a page with what is remembered, and remembers it: on the disk before anything is answered.
    pub(super) async fn observe(
        &self,
        source: &Source,
        project: &ProjectName,
        now: Timestamp,
        files: &[PageFile],
    ) -> Result<Vec<Observed>, Arc<ProjectView>> {
        self.remember_source(source).await;
        let (source_name, files) = (source.name.clone(), files.iter().map(seen).collect());
        let seen = PageSeen { source: source_name, project: project.clone(), now, files };
        match self.state.observe_page(seen).await {
            Ok(observed) => Ok(observed),
            Err(problem) => Err(self.unheard(source, project, &format!("what it says cannot be stored ({problem})")).await),
        }
    }

    /// Decides about one file of a page, which its repository vouches for or which nobody signed.
    pub(crate) fn decide_one(
        &self,
        panel: &mut Panel<'_>,
        mut entry: PageFile,
        observed: Observed,
        verified: Option<&VerifiedProject>,
    ) -> DecidedFile {
        entry.sha256 = entry.sha256.or(observed.pinned_sha256);
        let (source, project) = (panel.source, panel.project);
        let contradiction = observed.contradiction.or_else(|| self.distrusted(source, &entry));
        let claim = match contradiction {
            Some(contradiction) => {
                self.alarm(source, project, format!("{}: {}", entry.name, what(&contradiction)));
                Claim::Contradicts(contradiction)
            }
            None => match verified {
                None => Claim::Pinned(observed.pin.clone()),
                Some(verified) => verified
                    .vouch(fact(project, &entry), &observed.pin)
                    .map_or(Claim::Silent, |vouched| Claim::Vouched(vouched.into())),
            },
        };
        self.decide_claim(panel, entry, Some(observed.pin), claim)
    }

    /// A file that the page lists twice with different contents: shown, so that its reason can be, and withheld.
    fn ambiguous(&self, panel: &mut Panel<'_>, entry: PageFile) -> DecidedFile {
        self.alarm(panel.source, panel.project, format!("{}: {}", entry.name, what(&Contradiction::ListedTwice)));
        self.decide_claim(panel, entry, None, Claim::Contradicts(Contradiction::ListedTwice))
    }

    pub(crate) fn decide_claim(&self, panel: &mut Panel<'_>, entry: PageFile, pin: Option<Pin>, claim: Claim) -> DecidedFile {
        let decision = panel.decide(Arc::new(fact(panel.project, &entry)), &entry, claim);
        let lacks_attestations = may_help(&decision) && panel.attested(&entry) == Some(Attested::NotAsked);
        let age_from = self.policy.main().age_from_for(panel.project);
        let dated = pin.as_ref().and_then(|pin| dated(pin, age_from, panel.now));
        DecidedFile { entry, pin, decision, dated, lacks_attestations }
    }

    /// Decides again after something more was learned about the file.
    pub(crate) fn decide_again(&self, source: &Source, project: &ProjectName, file: &DecidedFile, pin: Pin) -> DecidedFile {
        self.decide_claim(&mut self.panel(source, project), file.entry.clone(), Some(pin.clone()), Claim::Pinned(pin))
    }

    /// A page that cannot be verified: the names that are remembered, all of them withheld.
    pub(crate) async fn unheard(&self, source: &Source, project: &ProjectName, problem: &str) -> Arc<ProjectView> {
        let why = problem.to_owned();
        self.record.note(Note::Unavailable { source: source.name.to_string(), project: project.clone(), why: why.clone() });
        self.remembered(source, project, Class::Undecided, why.clone(), &Claim::Unavailable(Unavailable { problem: why }))
    }

    /// A project that contradicts what was known of it: the names that are remembered, all of them withheld.
    pub(crate) async fn contradicted(
        &self,
        source: &Source,
        project: &ProjectName,
        contradiction: &Contradiction,
    ) -> Arc<ProjectView> {
        self.remembered(
            source,
            project,
            Class::Hostile,
            what(contradiction).to_owned(),
            &Claim::Contradicts(contradiction.clone()),
        )
    }

    fn remembered(&self, source: &Source, project: &ProjectName, class: Class, why: String, claim: &Claim) -> Arc<ProjectView> {
        self.withheld_view(source, project, self.remembered_names(source, project), (class, why), claim)
    }

    /// The files of the last page of the project that was verified.
    pub(super) fn remembered_names(&self, source: &Source, project: &ProjectName) -> Vec<PageFile> {
        let remembered = self.state.remembered_page(&source.name, project).ok().flatten();
        let entry = |file: crate::state::RememberedFile| PageFile {
            name: file.name,
            url: file.url,
            sha256: file.sha256,
            size: None,
            upload_time: None,
            requires_python: None,
            core_metadata: page::CoreMetadata::Offered,
            yanked: Yanked::No,
            provenance: None,
        };
        remembered.map(|page| page.files).unwrap_or_default().into_iter().map(entry).collect()
    }

    /// A page that cannot be had or must not be: names alone, each file withheld.
    pub(super) fn withheld_view(
        &self,
        source: &Source,
        project: &ProjectName,
        names: Vec<PageFile>,
        unverified: (Class, String),
        claim: &Claim,
    ) -> Arc<ProjectView> {
        let names = names.into_iter();
        let mut panel = self.panel(source, project);
        let files = names.map(|entry| self.decide_claim(&mut panel, entry, None, claim.clone())).collect();
        drop(panel);
        let now = clock::now();
        let soon = later(now, SignedDuration::from_secs(limits::UNHEARD_SECONDS));
        let page_url = source.page_url(project);
        let mode = affineur_trust::Mode::Enforce;
        let mut view =
            ProjectView::new(project.clone(), source.clone(), page_url, files, ProjectStatus::default(), mode, now, soon, None);
        view.unverified = Some(unverified);
        Arc::new(view)
    }

    pub(crate) fn alarm(&self, source: &Source, project: &ProjectName, what: String) {
        self.record.note(Note::Alarm { source: source.name.to_string(), project: project.clone(), what });
    }

    /// When time alone changes one of the decisions.
    pub(super) fn decided_until(&self, project: &ProjectName, files: &[DecidedFile]) -> Option<Timestamp> {
        let of_files = files.iter().filter_map(|file| match &file.decision {
            Decision::Allow(allowed) => allowed.valid_until(),
            Decision::Withhold(withheld) => withheld.until(),
        });
        of_files.chain(self.policy.next_change(clock::now())).chain(self.heard_until(project)).min()
    }

    pub(crate) fn record_page(&self, source: &Source, project: &ProjectName, files: &[DecidedFile]) {
        self.record.page();
        for file in files {
            self.record.file(self.file_record(source, project, file, false));
        }
    }

    /// What the record keeps of a decided file.
    pub(crate) fn file_record(
        &self,
        source: &Source,
        project: &ProjectName,
        file: &DecidedFile,
        requested: bool,
    ) -> FileRecord {
        let outcome = match file.verdict(self.mode()) {
            Verdict::Let if requested => Outcome::LetThrough,
            Verdict::Let => Outcome::Offered,
            Verdict::LetDespite(_) => Outcome::Observed,
            Verdict::Refuse(_) => Outcome::Withheld,
        };
        let (reasons, class, until, valid_until) = match &file.decision {
            Decision::Allow(allowed) => (allowed.reasons(), None, None, allowed.valid_until()),
            Decision::Withhold(withheld) => (withheld.reasons(), Some(withheld.class()), withheld.until(), None),
        };
        FileRecord {
            project: project.clone(),
            version: file.entry.name.version().clone(),
            file: file.entry.name.clone(),
            sha256: file.entry.sha256,
            source: Some(source.name.clone()),
            outcome,
            class,
            codes: reasons.iter().map(affineur_trust::Reason::code).collect(),
            reasons: reasons.iter().map(ToString::to_string).collect(),
            until,
            requested,
            valid_until,
        }
    }
}

/// Sorts an upstream's answer.
fn sent(answer: Result<PageAnswer, crate::fetch::FetchError>, kept: Option<KeptPage>) -> Result<KeptPage, Unheard> {
    let now = clock::now();
    let kept = match (answer, kept) {
        (Ok(PageAnswer::Page { body, format, url, validators, fresh_for, .. }), _) => KeptPage {
            head: Head {
                url,
                json: format == Format::Json,
                etag: validators.as_ref().and_then(|validators| validators.etag.clone()),
                last_modified: validators.and_then(|validators| validators.last_modified),
                confirmed: now,
                fresh_until: fresh_until(now, fresh_for),
            },
            body,
        },
        (Ok(PageAnswer::NotModified { fresh_for, .. }), Some(mut kept)) => {
            kept.head.confirmed = now;
            kept.head.fresh_until = fresh_until(now, fresh_for);
            kept
        }
        (Ok(PageAnswer::NotModified { .. }), None) => {
            return Err(Unheard::Unavailable("it says that an unknown page has not changed".into()));
        }
        (Ok(PageAnswer::Absent { .. }), _) => return Err(Unheard::Absent),
        (Ok(PageAnswer::Unauthorized { status, www_authenticate }), _) => {
            return Err(Unheard::Unauthorized(Unauthorized::new(status, www_authenticate)));
        }
        (Err(problem), _) => return Err(Unheard::Unavailable(problem.to_string())),
    };
    Ok(kept)
}

/// Parses a page where computing for long disturbs nobody.
async fn parse(sent: &KeptPage, project: &ProjectName) -> Result<ProjectPage, String> {
    let (sent, project) = (sent.clone(), project.clone());
    let parse = move || page::parse(sent.head.format(), &sent.body, &sent.head.url, &project);
    match tokio::task::spawn_blocking(parse).await {
        Ok(parsed) => parsed.map_err(|problem| problem.to_string()),
        Err(_) => Err("its page cannot be read: this is a bug".to_owned()),
    }
}

/// Why there is no page.
enum Unheard {
    Absent,
    Unauthorized(Unauthorized),
    Unavailable(String),
}

/// From which moment the policy counts the file's age.
fn dated(pin: &Pin, age_from: AgeFrom, now: Timestamp) -> Option<Timestamp> {
    match age(pin, age_from, None, now) {
        Age::Since { time, .. } => Some(time),
        Age::Unknown { first_seen } => Some(first_seen),
        Age::NotAsked | Age::NotAttested => None,
    }
}

pub(super) fn fact(project: &ProjectName, entry: &PageFile) -> FileFact {
    FileFact { project: project.clone(), name: entry.name.clone(), size: entry.size, sha256: entry.sha256 }
}

fn seen(file: &PageFile) -> SeenFile {
    SeenFile {
        name: file.name.clone(),
        url: file.url.clone(),
        sha256: file.sha256,
        size: file.size,
        upload_time: file.upload_time,
    }
}

fn fresh_until(now: Timestamp, fresh_for: Option<std::time::Duration>) -> Timestamp {
    let said = fresh_for.map_or(limits::PAGE_FRESH_SECONDS, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
    later(now, SignedDuration::from_secs(said.clamp(limits::PAGE_FRESH_LEAST_SECONDS, limits::PAGE_FRESH_MOST_SECONDS)))
}

/// A contradiction in a few words.
pub(crate) fn what(contradiction: &Contradiction) -> &'static str {
    match contradiction {
        Contradiction::Digest { .. } => "its digest is another one than before",
        Contradiction::Metadata => "its metadata is not what is inside the wheel",
        Contradiction::Bytes { .. } => "its bytes do not have the digest that the page says",
        Contradiction::Vanished => "the project came from this source before and is gone",
        Contradiction::ListedTwice => "it is listed twice with different contents",
        Contradiction::OtherBytes { .. } => "a curator vouches for other bytes under its name",
    }
}
