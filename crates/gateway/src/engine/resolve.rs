//! From which source a project comes (DESIGN §4.5): wholly from the first one that has it; the next one is asked only after
//! *absent*, never after *unavailable*.

use std::sync::{Arc, PoisonError};

use affineur_packaging::ProjectName;
use affineur_packaging::page::{self, Format};
use affineur_trust::{Contradiction, PartyName};
use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use jiff::SignedDuration;
use url::Url;

use super::assemble::Heard;
use super::source::Source;
use super::view::ProjectView;
use super::{Gateway, Note, ViewKey, later};
use crate::fetch::PageAnswer;
use crate::limits;
use crate::state::StateError;

/// What is known about a project.
#[derive(Debug, Clone)]
pub(crate) enum Listing {
    /// Its page, decided. Where the page could not be verified, the view says so and withholds everything.
    View(Arc<ProjectView>),
    /// No source has it.
    Absent,
    /// The source wants credentials; only without a policy, where the installer can give them.
    Unauthorized(Unauthorized),
}

/// A source's demand for credentials, for the installer to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unauthorized {
    pub(crate) status: StatusCode,
    pub(crate) www_authenticate: Option<HeaderValue>,
}

impl Unauthorized {
    pub(crate) fn new(status: u16, www_authenticate: Option<HeaderValue>) -> Self {
        Self { status: StatusCode::from_u16(status).unwrap_or(StatusCode::UNAUTHORIZED), www_authenticate }
    }
}

/// What a caller brings along.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller {
    /// The credentials in the request, if any, and the origin that they are meant for.
    pub(crate) authorization: Option<(url::Origin, HeaderValue)>,
    /// Whether the caller wants the page confirmed by its source now.
    pub(crate) refresh: bool,
    /// Where the reasons are explained, for callers who can go there: a URL that ends in `/`.
    pub(crate) explained_at: Option<String>,
}

impl Caller {
    /// What to show to a source: the caller's own credentials where they are meant for it, else the gateway's.
    pub(crate) fn authorization_for(&self, source: &Source) -> Option<HeaderValue> {
        match &self.authorization {
            // What is signed is the same for everybody: it is asked for once, with the gateway's own.
            _ if source.signs() => source.authorization.clone(),
            Some((origin, value)) if *origin == source.url.origin() => Some(value.clone()),
            _ => source.authorization.clone(),
        }
    }
}

impl Gateway {
    /// The listing of a project under the policy's sources, in their order.
    pub(crate) async fn listing(&self, project: &ProjectName, caller: &Caller) -> Listing {
        let names = self.policy.main().sources_for(project).to_vec();
        let known = self.sources();
        let order: Vec<&Source> = names.iter().filter_map(|name| known.iter().find(|source| source.name == *name)).collect();
        let mut remembered: Option<Option<PartyName>> = None;
        let last = order.len().saturating_sub(1);
        for (at, source) in order.into_iter().enumerate() {
            let heard = self.ask(source, project, caller).await;
            if let Heard::View(view) = &heard
                && self.bound.get(project).as_ref() == Some(&source.name)
            {
                return Listing::View(Arc::clone(view));
            }
            let bound = match &remembered {
                Some(bound) => bound.clone(),
                None => match self.state.binding(project) {
                    Ok(bound) => remembered.insert(bound).clone(),
                    Err(_) => return Listing::View(self.unheard(source, project, "what is remembered cannot be read").await),
                },
            };
            match heard {
                Heard::View(view) => {
                    if view.unverified.is_none() && self.bind(project, source, bound.as_ref()).await.is_err() {
                        return Listing::View(self.unheard(source, project, "what was decided cannot be stored").await);
                    }
                    return Listing::View(view);
                }
                Heard::Unauthorized(_) => {
                    return Listing::View(self.unheard(source, project, "it wants other credentials than it was given").await);
                }
                Heard::Links(_) => {
                    return Listing::View(self.unheard(source, project, "its page lists files of other projects").await);
                }
                Heard::Absent if bound.as_ref() == Some(&source.name) => {
                    let what = "the project came from this source before and is gone";
                    self.record.note(Note::Alarm {
                        source: source.name.to_string(),
                        project: project.clone(),
                        what: what.into(),
                    });
                    return Listing::View(self.contradicted(source, project, &Contradiction::Vanished).await);
                }
                Heard::Absent if at < last || source.canary.is_some() => {
                    if let Err(problem) = self.canary_answers(source, caller).await {
                        return Listing::View(self.unheard(source, project, &problem).await);
                    }
                }
                Heard::Absent => {}
            }
        }
        Listing::Absent
    }

    /// The listing of a project at one index that an installer asks by itself: no policy says where projects come from.
    pub(crate) async fn listing_at(&self, source: &Source, project: &ProjectName, caller: &Caller) -> Listing {
        match self.ask(source, project, caller).await {
            Heard::View(view) | Heard::Links(view) => Listing::View(view),
            Heard::Absent => Listing::Absent,
            Heard::Unauthorized(demand) => Listing::Unauthorized(demand),
        }
    }

    /// A project is bound to the source that it was first had from, and to an earlier one as soon as that has it.
    async fn bind(&self, project: &ProjectName, source: &Source, bound: Option<&PartyName>) -> Result<(), StateError> {
        match bound {
            Some(bound) if *bound == source.name => {}
            Some(_) => self.state.move_project(project, &source.name).await?,
            None => drop(self.state.bind(project, &source.name).await?),
        }
        self.bound.insert(project.clone(), source.name.clone());
        Ok(())
    }

    /// *Absent* is believed only while the source's canary project still answers with the same credentials.
    async fn canary_answers(&self, source: &Source, caller: &Caller) -> Result<(), String> {
        let Some(canary) = &source.canary else { return Ok(()) };
        let now = super::clock::now();
        let (url, authorization) = (source.page_url(canary), caller.authorization_for(source));
        let key = ViewKey::of(&url, authorization.as_ref(), 0);
        let seen = self.canaries.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        if seen.is_some_and(|seen| seen <= now && now < later(seen, SignedDuration::from_secs(limits::CANARY_SECONDS))) {
            return Ok(());
        }
        match self.fetcher.page(crate::fetch::PageAsk { url, authorization, validators: None }).await {
            // A login or an error page is a page too, but lists no file of the canary's.
            Ok(PageAnswer::Page { body, format, url, .. }) if lists_files(format, &body, &url, canary).await => {
                self.canaries.lock().unwrap_or_else(PoisonError::into_inner).insert(key, now);
                Ok(())
            }
            Ok(_) => Err(format!("it says that the project is absent, but its canary {canary} does not answer either")),
            Err(problem) => {
                Err(format!("it says that the project is absent, and its canary {canary} cannot be asked: {problem}"))
            }
        }
    }
}

/// Whether this is a page with files of the project.
async fn lists_files(format: Format, body: &Bytes, url: &Url, project: &ProjectName) -> bool {
    let (body, url, project) = (body.clone(), url.clone(), project.clone());
    let parse = move || page::parse(format, &body, &url, &project).is_ok_and(|page| !page.files.is_empty());
    tokio::task::spawn_blocking(parse).await.unwrap_or(false)
}
