//! Publishers: workflows and accounts that sign with short-lived certificates.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};

use super::ProvenanceFault;
use crate::limits;

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const GITLAB: &str = "https://gitlab.com";
const GOOGLE: &str = "https://accounts.google.com";
const CIRCLECI: &str = "https://oidc.circleci.com";

/// What names a publisher, and a pattern for publishers: one without an environment means all environments.
///
/// | text | means |
/// | --- | --- |
/// | `github:psf/requests/release.yml`, `github:psf/requests/release.yml@pypi` | a workflow of a repository, in an environment |
/// | `gitlab:group/project//.gitlab-ci.yml` | a pipeline of a project |
/// | `google:robot@project.example` | an account |
/// | `circleci:PROJECT/PIPELINE` | a pipeline, both as UUIDs |
/// | `other:ISSUER SUBJECT` | whatever else a certificate says |
///
/// ```
/// use affineur_trust::provenance::PublisherName;
/// let name: PublisherName = "github:psf/requests/release.yml".parse()?;
/// assert_eq!(name.to_string(), "github:psf/requests/release.yml");
/// assert!("github:psf/requests".parse::<PublisherName>().is_err(), "which workflow?");
/// # Ok::<(), affineur_trust::provenance::ParsePublisherError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PublisherName {
    /// A workflow of GitHub Actions.
    GitHub {
        /// Owner and repository.
        repository: String,
        /// The file below `.github/workflows`.
        workflow: String,
        /// The deployment environment.
        environment: Option<String>,
    },
    /// A pipeline of gitlab.com.
    GitLab {
        /// Groups and project.
        repository: String,
        /// The path of the pipeline's file.
        workflow: String,
        /// The deployment environment.
        environment: Option<String>,
    },
    /// An account of Google's, of a service or a person.
    Google {
        /// Its address.
        email: String,
    },
    /// A pipeline of CircleCI's.
    CircleCi {
        /// The project's UUID.
        project: String,
        /// The pipeline definition's UUID.
        pipeline: String,
    },
    /// Whom the issuer knows by this subject.
    Other {
        /// Who issues identities.
        issuer: String,
        /// The identity.
        subject: String,
    },
}

/// A text that names no publisher.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this names no publisher; expected is github:OWNER/REPOSITORY/WORKFLOW.yml, gitlab:GROUP/PROJECT//FILE.yml, google:EMAIL, \
     circleci:PROJECT/PIPELINE or other:ISSUER SUBJECT"
)]
pub struct ParsePublisherError;

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

    /// Whether the pattern means this publisher. Names of repositories are compared without regard to case, as their hosts do.
    #[must_use]
    pub fn is(&self, pattern: &PublisherName) -> bool {
        use PublisherName::{GitHub, GitLab};
        match (&self.name, pattern) {
            (GitHub { repository, workflow, environment }, GitHub { repository: of, workflow: with, environment: within })
            | (GitLab { repository, workflow, environment }, GitLab { repository: of, workflow: with, environment: within }) => {
                repository.eq_ignore_ascii_case(of) && workflow == with && (within.is_none() || within == environment)
            }
            (name, pattern) => name == pattern,
        }
    }

    /// Whose evidence it is: two publishers of one origin count once, since who controls the one controls the other. All workflows
    /// of one repository have one origin. Never a key or a certificate, of which each signature has new ones.
    #[must_use]
    pub fn origin(&self) -> String {
        match &self.name {
            PublisherName::Google { .. } | PublisherName::Other { .. } => format!("{} {}", self.issuer, self.subject),
            name => name.origin(self.repository_id.as_deref()),
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

impl PublisherName {
    /// As PEP 740's first index describes a publisher.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::GitHub { repository, workflow, environment } => {
                json!({ "kind": "GitHub", "repository": repository, "workflow": workflow, "environment": environment })
            }
            Self::GitLab { repository, workflow, environment } => {
                json!({ "kind": "GitLab", "repository": repository, "workflow_filepath": workflow, "environment": environment })
            }
            Self::Google { email } => json!({ "kind": "Google", "email": email }),
            Self::CircleCi { project, pipeline } => {
                json!({ "kind": "CircleCI", "project_id": project, "pipeline_definition_id": pipeline })
            }
            Self::Other { .. } => json!({ "kind": "Other" }),
        }
    }

    /// Who issues identities to such publishers.
    #[must_use]
    pub fn issuer(&self) -> &str {
        match self {
            Self::GitHub { .. } => GITHUB,
            Self::GitLab { .. } => GITLAB,
            Self::Google { .. } => GOOGLE,
            Self::CircleCi { .. } => CIRCLECI,
            Self::Other { issuer, .. } => issuer,
        }
    }

    /// What [`Publisher::origin`] is of who has this name, and whose repository has this number.
    #[must_use]
    pub fn origin(&self, repository_id: Option<&str>) -> String {
        let issuer = self.issuer();
        match (self, repository_id) {
            (Self::GitHub { .. } | Self::GitLab { .. }, Some(id)) => format!("{issuer} repository {id}"),
            (Self::GitHub { repository, .. } | Self::GitLab { repository, .. }, None) => {
                format!("{issuer} {}", repository.to_ascii_lowercase())
            }
            (Self::CircleCi { project, .. }, _) => format!("{issuer} project {project}"),
            (Self::Google { email: subject } | Self::Other { subject, .. }, _) => format!("{issuer} {subject}"),
        }
    }

    /// Whether each part of it can stand in the text without being taken for another part.
    fn is_sound(&self) -> bool {
        let path = |text: &str| text.split('/').all(is_part);
        match self {
            Self::GitHub { repository, workflow, environment } => {
                let file = is_part(workflow) && (workflow.ends_with(".yml") || workflow.ends_with(".yaml"));
                file && path(repository) && repository.matches('/').count() == 1 && sound(environment.as_deref())
            }
            Self::GitLab { repository, workflow, environment } => {
                path(repository) && repository.contains('/') && path(workflow) && sound(environment.as_deref())
            }
            Self::Google { email } => email.contains('@') && is_word(email),
            Self::CircleCi { project, pipeline } => is_part(project) && is_part(pipeline),
            Self::Other { issuer, subject } => is_word(issuer) && is_text(subject),
        }
    }
}

/// An environment: there is none, or it can be printed.
fn sound(environment: Option<&str>) -> bool {
    environment.is_none_or(is_text)
}

/// One part of a path.
fn is_part(text: &str) -> bool {
    !matches!(text, "." | "..") && is_word(text) && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

fn is_word(text: &str) -> bool {
    is_text(text) && !text.contains(' ')
}

/// Something that can be shown to people, and that ends where it seems to end.
fn is_text(text: &str) -> bool {
    let printable = |c: char| c == ' ' || !(c.is_whitespace() || c.is_control());
    !text.is_empty() && text.len() <= limits::IDENTITY_BYTES && text.trim() == text && text.chars().all(printable)
}

impl fmt::Display for PublisherName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let within = |environment: &Option<String>| environment.as_ref().map_or_else(String::new, |name| format!("@{name}"));
        match self {
            Self::GitHub { repository, workflow, environment } => {
                write!(f, "github:{repository}/{workflow}{}", within(environment))
            }
            Self::GitLab { repository, workflow, environment } => {
                write!(f, "gitlab:{repository}//{workflow}{}", within(environment))
            }
            Self::Google { email } => write!(f, "google:{email}"),
            Self::CircleCi { project, pipeline } => write!(f, "circleci:{project}/{pipeline}"),
            Self::Other { issuer, subject } => write!(f, "other:{issuer} {subject}"),
        }
    }
}

impl FromStr for PublisherName {
    type Err = ParsePublisherError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, text) = text.split_once(':').ok_or(ParsePublisherError)?;
        let (place, environment) = match text.split_once('@') {
            Some((place, environment)) => (place, Some(environment.to_owned())),
            None => (text, None),
        };
        let split =
            |text: Option<(&str, &str)>| text.map(|(one, other)| (one.to_owned(), other.to_owned())).ok_or(ParsePublisherError);
        let name = match kind {
            "github" => {
                let (repository, workflow) = split(place.rsplit_once('/'))?;
                Self::GitHub { repository, workflow, environment }
            }
            "gitlab" => {
                let (repository, workflow) = split(place.split_once("//"))?;
                Self::GitLab { repository, workflow, environment }
            }
            "google" => Self::Google { email: text.to_owned() },
            "circleci" => {
                let (project, pipeline) = split(text.split_once('/'))?;
                Self::CircleCi { project, pipeline }
            }
            "other" => {
                let (issuer, subject) = split(text.split_once(' '))?;
                Self::Other { issuer, subject }
            }
            _ => return Err(ParsePublisherError),
        };
        if name.is_sound() { Ok(name) } else { Err(ParsePublisherError) }
    }
}
