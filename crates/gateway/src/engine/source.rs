//! The sources: who they are, and what each says about a project.

use affineur_packaging::ProjectName;
use affineur_trust::{PartyKind, PartyName, Policy};
use http::HeaderValue;
use url::Url;

/// An index from which pages and bytes come.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) name: PartyName,
    /// Its Simple API, ending in `/`, without credentials.
    pub(crate) url: Url,
    /// A project that is always there.
    pub(crate) canary: Option<ProjectName>,
    /// The gateway's own credentials for it.
    pub(crate) authorization: Option<HeaderValue>,
}

impl Source {
    /// A source that a policy names.
    pub(crate) fn of_policy(policy: &Policy, name: &PartyName) -> Option<Self> {
        match &policy.party(name)?.kind {
            PartyKind::Upstream(upstream) => Some(Self {
                name: name.clone(),
                url: upstream.url.clone(),
                canary: upstream.canary.clone(),
                authorization: None,
            }),
            _ => None,
        }
    }

    /// A source that was learned from what an installer asks for.
    pub(crate) fn learned(url: &Url) -> Self {
        Self { name: PartyName::learned(url), url: url.clone(), canary: None, authorization: None }
    }

    /// The page of a project.
    pub(crate) fn page_url(&self, project: &ProjectName) -> Url {
        self.url.join(&format!("{project}/")).unwrap_or_else(|_| self.url.clone())
    }
}
