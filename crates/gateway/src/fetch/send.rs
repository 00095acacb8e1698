//! One question, sent: where it may go, with which credentials, through which redirects, with which one retry.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::header::{AUTHORIZATION, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use url::Url;

use super::address::{self, Network, Reach, Seen};
use super::{Credentials, FetchError, Fetcher, ParentProxyProblem, Phase, Printable, error, header};
use crate::limits;

/// What we call ourselves.
pub(super) const OUR_NAME: HeaderValue = HeaderValue::from_static(concat!("affineur/", env!("CARGO_PKG_VERSION")));

/// Who named the URL that is asked for.
#[derive(Clone, Copy)]
pub(super) enum NamedBy<'a> {
    /// The user: it may be anywhere, and redirects stay on its origin.
    User,
    /// A page that came from this URL.
    Page(&'a Url),
}

/// A question.
pub(super) struct Question<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) named_by: NamedBy<'a>,
    /// Belongs to the origin of the user's URL or of the page, and goes nowhere else.
    pub(super) authorization: Option<HeaderValue>,
    pub(super) headers: HeaderMap,
}

/// The head of an answer; the body has not been read.
pub(super) struct Answer {
    pub(super) response: reqwest::Response,
    /// Where it came from, after redirects.
    pub(super) url: Url,
    /// Held until the body has been read: it bounds the requests in flight.
    pub(super) permit: OwnedSemaphorePermit,
}

/// Bounds the requests in flight to each origin.
#[derive(Default)]
pub(super) struct InFlight(Mutex<HashMap<String, Arc<Semaphore>>>);

impl InFlight {
    async fn permit(&self, url: &Url, at_most: usize) -> Result<OwnedSemaphorePermit, FetchError> {
        let semaphore = {
            let mut origins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Only origins that are in use are worth remembering.
            origins.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
            let origin = url.origin().ascii_serialization();
            Arc::clone(origins.entry(origin).or_insert_with(|| Arc::new(Semaphore::new(at_most))))
        };
        semaphore.acquire_owned().await.map_err(|_| FetchError::Protocol)
    }
}

impl Fetcher {
    /// Sends a question and follows its redirects.
    pub(super) async fn send(&self, mut question: Question<'_>) -> Result<Answer, FetchError> {
        let first = tidy(&mut question)?;
        let mut seen = vec![question.url.clone()];
        if let NamedBy::Page(page) = question.named_by {
            refuse_downgrade(page, &question.url)?;
        }
        loop {
            // Credentials that have once left their origin's chain of redirects do not come back.
            if !same_origin(&first, &question.url) && !is_upgrade(&first, &question.url) {
                question.authorization = None;
            }
            let permit = self.in_flight.permit(&question.url, self.settings.limits.in_flight_per_origin).await?;
            let response = self.ask_guarded(&question).await?;
            if !is_redirect(response.status()) {
                return Ok(Answer { response, url: question.url, permit });
            }
            let next = location(&response, &question.url)?;
            refuse_downgrade(&question.url, &next)?;
            if matches!(question.named_by, NamedBy::User) && !stays(&question.url, &next) {
                return Err(FetchError::RedirectElsewhere { host: Printable::of(next.host_str().unwrap_or("").as_bytes()) });
            }
            if seen.contains(&next) {
                return Err(FetchError::RedirectLoop);
            }
            if seen.len() > self.settings.limits.redirects {
                return Err(FetchError::TooManyRedirects);
            }
            seen.push(next.clone());
            question.url = next;
        }
    }

    /// Asks once, at an address where the question may go.
    async fn ask_guarded(&self, question: &Question<'_>) -> Result<reqwest::Response, FetchError> {
        let url = &question.url;
        let proxy = self.settings.proxies.route(url);
        let reach = self.reach(question);
        let private_by_form = match address::look_at(url)? {
            Seen::Literal { private } => private,
            Seen::Name { private_form } => private_form && proxy.is_some(),
        };
        let answer = match (reach, private_by_form) {
            (Reach::PublicOnly, true) => Err(FetchError::PrivateAddress),
            _ => self.ask_twice(question, reach).await,
        };
        match (answer, question.named_by) {
            // A page in a private network may name other hosts there.
            (Err(FetchError::PrivateAddress), NamedBy::Page(page)) if self.is_in_private_network(page).await => {
                self.ask_twice(question, Reach::Anywhere).await
            }
            (answer, _) => answer,
        }
    }

    fn reach(&self, question: &Question<'_>) -> Reach {
        let host = question.url.host_str().unwrap_or_default();
        match question.named_by {
            NamedBy::User => Reach::Anywhere,
            NamedBy::Page(_) if self.settings.private_hosts.contains(host) => Reach::Anywhere,
            // Its own host, unless that was public before: then a private address is a rebound name.
            NamedBy::Page(page) if page.host_str() == Some(host) && !self.networks.is(page, Network::Public) => Reach::Anywhere,
            NamedBy::Page(_) => Reach::PublicOnly,
        }
    }

    async fn is_in_private_network(&self, page: &Url) -> bool {
        match (address::look_at(page), self.settings.proxies.route(page)) {
            (Ok(Seen::Literal { private }), _) => private,
            (Ok(Seen::Name { private_form }), Some(_)) => private_form,
            // Where its bytes really came from, not what its name resolves to now: the latter is the upstream's choice.
            (Ok(Seen::Name { .. }), None) => {
                if self.networks.knows_nothing_of(page) {
                    self.learn_network(page).await;
                }
                self.networks.is(page, Network::Private)
            }
            (Err(_), _) => false,
        }
    }

    /// The page was kept from an earlier run: asks its host, whose certificate then proves that it is not a rebound name. By
    /// http anybody could answer, so there nothing is learned before the page itself is asked for again.
    async fn learn_network(&self, page: &Url) {
        if page.scheme() == "https" {
            let (url, headers) = (page.clone(), HeaderMap::new());
            let question = Question { method: Method::HEAD, url, named_by: NamedBy::User, authorization: None, headers };
            // Whatever it answers is fine: where the answer came from is remembered.
            let _ = self.ask(&question, Reach::Anywhere).await;
        }
    }

    /// Asks, and once more where no connection could be made or a server between says "not now".
    async fn ask_twice(&self, question: &Question<'_>, reach: Reach) -> Result<reqwest::Response, FetchError> {
        let first = self.ask(question, reach).await;
        let again = match &first {
            Err(error) => matches!(error, FetchError::Connect),
            Ok(response) => matches!(response.status().as_u16(), 502..=504),
        };
        if !again {
            return first;
        }
        drop(first);
        tokio::time::sleep(self.settings.limits.retry_after).await;
        self.ask(question, reach).await
    }

    async fn ask(&self, question: &Question<'_>, reach: Reach) -> Result<reqwest::Response, FetchError> {
        let limits = &self.settings.limits;
        let proxy = self.settings.proxies.route(&question.url);
        let client = self.clients.get(proxy, reach)?;
        let mut request = client.request(question.method.clone(), question.url.clone()).headers(question.headers.clone());
        if let Some(authorization) = &question.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let answer = timeout(limits.connect + limits.first_byte, request.header(USER_AGENT, OUR_NAME).send()).await;
        let response = answer.map_err(|_| FetchError::Timeout(Phase::FirstByte))?.map_err(|error| error::of_request(&error))?;
        header::check_size(response.headers(), limits)?;
        if proxy.is_some() && response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(FetchError::ParentProxy(ParentProxyProblem::Authentication));
        }
        if let (NamedBy::User, None) = (question.named_by, proxy) {
            self.networks.remember(&question.url, response.remote_addr());
        }
        Ok(response)
    }
}

/// Checks the URL, takes user name and password out of it, and gives the origin that the credentials belong to.
fn tidy(question: &mut Question<'_>) -> Result<Url, FetchError> {
    check(&question.url)?;
    question.url.set_fragment(None);
    let in_url = Credentials::take_from(&mut question.url);
    match question.named_by {
        NamedBy::User => {
            // Only the user's own URL may carry credentials that are used.
            question.authorization = question.authorization.take().or_else(|| in_url.map(|found| found.basic()));
            Ok(question.url.clone())
        }
        NamedBy::Page(page) => Ok(page.clone()),
    }
}

/// Only http and https, with a host, of bounded length.
pub(super) fn check(url: &Url) -> Result<(), FetchError> {
    let fits = matches!(url.scheme(), "http" | "https") && url.has_host() && url.as_str().len() <= limits::FETCH_URL_BYTES;
    if fits { Ok(()) } else { Err(FetchError::BadScheme) }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Where a redirect leads. User names and passwords in it are an upstream's, so they are dropped.
fn location(response: &reqwest::Response, from: &Url) -> Result<Url, FetchError> {
    let value = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).ok_or(FetchError::BadRedirect)?;
    let mut url = from.join(value).map_err(|_| FetchError::BadRedirect)?;
    check(&url)?;
    let _ = Credentials::take_from(&mut url);
    url.set_fragment(None);
    Ok(url)
}

fn same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

/// From http to https on the same host and the usual ports: the same site for everybody.
fn is_upgrade(from: &Url, to: &Url) -> bool {
    let usual = from.port().is_none() && to.port().is_none();
    usual && from.scheme() == "http" && to.scheme() == "https" && from.host() == to.host()
}

/// Whether a redirect of a page stays where the user pointed: same origin, or from http to https on the same host.
fn stays(from: &Url, to: &Url) -> bool {
    same_origin(from, to) || (from.host() == to.host() && from.scheme() == "http" && to.scheme() == "https")
}

fn refuse_downgrade(from: &Url, to: &Url) -> Result<(), FetchError> {
    if from.scheme() == "https" && to.scheme() == "http" { Err(FetchError::Downgrade) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
