//! Publishers: workflows and accounts that sign with short-lived certificates.

use std::fmt;

use super::ProvenanceFault;
use crate::publisher::{PublisherName, is_text};

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const GITLAB: &str = "https://gitlab.com";
const GOOGLE: &str = "https://accounts.google.com";
const CIRCLECI: &str = "https://oidc.circleci.com";

/// Who signed, as a verified certificate says it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Publisher {
    name: PublisherName,
    issuer: String,
    subject: String,
    repository_id: Option<String>,
    owner_id: Option<String>,
}

/// What a certificate says (Sigstore's OIDs below 1.3.6.1.4.1.57264.1, and the subject's alternative name).
#[derive(Debug, Clone, Copy)]
pub(super) struct Claims<'a> {
    pub(super) issuer: &'a str,
    pub(super) subject: &'a str,
    pub(super) repository: Option<&'a str>,
    pub(super) repository_id: Option<&'a str>,
    pub(super) owner_id: Option<&'a str>,
    pub(super) build_config: Option<&'a str>,
    pub(super) environment: Option<&'a str>,
}

impl Publisher {
    pub(super) fn from_claims(claims: Claims<'_>) -> Result<Self, ProvenanceFault> {
        let texts = [Some(claims.issuer), Some(claims.subject), claims.repository_id, claims.owner_id, claims.environment];
        if texts.into_iter().flatten().any(|text| !is_text(text)) || claims.issuer.contains(' ') {
            return Err(ProvenanceFault::Publisher("a text in it is empty, too long, or has unprintable characters"));
        }
        let name = known(claims)
            .unwrap_or_else(|| PublisherName::Other { issuer: claims.issuer.to_owned(), subject: claims.subject.to_owned() });
        Ok(Self {
            name,
            issuer: claims.issuer.to_owned(),
            subject: claims.subject.to_owned(),
            repository_id: claims.repository_id.map(str::to_owned),
            owner_id: claims.owner_id.map(str::to_owned),
        })
    }

    /// What names it.
    #[must_use]
    pub const fn name(&self) -> &PublisherName {
        &self.name
    }

    /// Who vouched for this identity towards Sigstore: an OpenID provider's URL.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The certificate's subject: a URI, with branch or tag, or an address.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The provider's number of the repository, which stays when its name changes, and changes when its name is taken over.
    #[must_use]
    pub fn repository_id(&self) -> Option<&str> {
        self.repository_id.as_deref()
    }

    /// The provider's number of the repository's owner.
    #[must_use]
    pub fn owner_id(&self) -> Option<&str> {
        self.owner_id.as_deref()
    }

    /// Whether the pattern means this publisher: see [`PublisherName::is`].
    #[must_use]
    pub fn is(&self, pattern: &PublisherName) -> bool {
        self.name.is(pattern)
    }

    /// Whose evidence it is: two publishers of one origin count once, since who controls the one controls the other. All workflows
    /// of one repository have one origin. Never a key or a certificate, of which each signature has new ones.
    #[must_use]
    pub fn origin(&self) -> String {
        match (&self.name, &self.repository_id) {
            (PublisherName::GitHub { .. } | PublisherName::GitLab { .. }, Some(id)) => {
                format!("{} repository {id}", self.issuer)
            }
            (PublisherName::GitHub { repository, .. } | PublisherName::GitLab { repository, .. }, None) => {
                format!("{} {}", self.issuer, repository.to_ascii_lowercase())
            }
            (PublisherName::CircleCi { project, .. }, _) => format!("{} project {project}", self.issuer),
            (PublisherName::Google { .. } | PublisherName::Other { .. }, _) => format!("{} {}", self.issuer, self.subject),
        }
    }
}

impl fmt::Display for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)
    }
}

/// A name of one of the kinds that PEP 740's first index knows. Read as strictly as a text of a person: what cannot be written so
/// is an identity without a name.
fn known(claims: Claims<'_>) -> Option<PublisherName> {
    let environment = claims.environment.map(str::to_owned);
    let within = |host: &str| {
        let repository = claims.repository?.strip_prefix(host)?.strip_prefix('/')?;
        let (file, _reference) = claims.build_config?.strip_prefix(claims.repository?)?.split_once('@')?;
        Some((repository.to_owned(), file))
    };
    let name = match claims.issuer {
        GITHUB => {
            let (repository, file) = within("https://github.com")?;
            let workflow = file.strip_prefix("/.github/workflows/")?.to_owned();
            PublisherName::GitHub { repository, workflow, environment }
        }
        GITLAB => {
            let (repository, file) = within(GITLAB)?;
            PublisherName::GitLab { repository, workflow: file.strip_prefix("//")?.to_owned(), environment }
        }
        GOOGLE => PublisherName::Google { email: claims.subject.to_owned() },
        CIRCLECI => {
            let place = claims.subject.strip_prefix("https://circleci.com/api/v2/projects/")?;
            let (project, pipeline) = place.split_once("/pipeline-definitions/")?;
            PublisherName::CircleCi { project: project.to_owned(), pipeline: pipeline.to_owned() }
        }
        _ => return None,
    };
    name.is_sound().then_some(name)
}
