//! What names a publisher: a workflow or an account that signs with short-lived certificates (PEP 740).

use std::fmt;
use std::str::FromStr;

use crate::limits;

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
/// use affineur_trust::PublisherName;
/// let name: PublisherName = "github:psf/requests/release.yml".parse()?;
/// assert_eq!(name.to_string(), "github:psf/requests/release.yml");
/// assert!("github:psf/requests".parse::<PublisherName>().is_err(), "which workflow?");
/// # Ok::<(), affineur_trust::ParsePublisherError>(())
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

impl PublisherName {
    /// Whether the pattern means this publisher. Names of repositories are compared without regard to case, as their hosts do.
    #[must_use]
    pub fn is(&self, pattern: &Self) -> bool {
        use PublisherName::{GitHub, GitLab};
        match (self, pattern) {
            (GitHub { repository, workflow, environment }, GitHub { repository: of, workflow: with, environment: within })
            | (GitLab { repository, workflow, environment }, GitLab { repository: of, workflow: with, environment: within }) => {
                repository.eq_ignore_ascii_case(of) && workflow == with && (within.is_none() || within == environment)
            }
            (name, pattern) => name == pattern,
        }
    }

    /// Whether each part of it can stand in the text without being taken for another part.
    pub(crate) fn is_sound(&self) -> bool {
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
pub(crate) fn is_text(text: &str) -> bool {
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
