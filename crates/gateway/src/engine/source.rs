//! The sources: who they are, and what each says about a project.

use std::sync::Arc;

use affineur_packaging::ProjectName;
use affineur_trust::{PartyKind, PartyName, Policy};
use http::HeaderValue;
use url::Url;

use crate::repository::{IndexRepository, RepositoryCopy};

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
    /// Whether what it says is signed.
    pub(crate) voice: Voice,
}

/// How a source speaks. What does not vouch is never asked instead of what does.
#[derive(Debug, Clone)]
pub(crate) enum Voice {
    /// Pages without signatures.
    Unsigned,
    /// Listings and overlays of this repository; `None` where it was not set up, and then nothing of the source is to be had.
    Repository(Option<Arc<IndexRepository>>),
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
                voice: Voice::Unsigned,
            }),
            // A curator vouches for files and has none.
            PartyKind::Repository(repository) if !policy.is_curator(name) => Some(Self {
                name: name.clone(),
                url: repository.simple_url()?,
                canary: None,
                authorization: None,
                voice: Voice::Repository(None),
            }),
            _ => None,
        }
    }

    /// A source that was learned from what an installer asks for.
    pub(crate) fn learned(url: &Url) -> Self {
        Self { name: PartyName::learned(url), url: url.clone(), canary: None, authorization: None, voice: Voice::Unsigned }
    }

    /// Whether only what it signed counts.
    pub(crate) const fn signs(&self) -> bool {
        matches!(self.voice, Voice::Repository(_))
    }

    /// The repository of this source, if it is the one of which `copy` is a copy, asked with the same credentials.
    pub(crate) fn repository_kept(
        &self,
        copy: &RepositoryCopy,
        authorization: Option<&HeaderValue>,
    ) -> Option<Arc<IndexRepository>> {
        let Voice::Repository(Some(repository)) = &self.voice else { return None };
        let same = repository.is_of(copy) && self.authorization.as_ref() == authorization;
        same.then(|| Arc::clone(repository))
    }

    /// The page of a project.
    pub(crate) fn page_url(&self, project: &ProjectName) -> Url {
        self.url.join(&format!("{project}/")).unwrap_or_else(|_| self.url.clone())
    }
}
