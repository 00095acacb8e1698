//! `why`: for each file of a requirement the decision, its chain of reasons, and what would change it.

use std::sync::Arc;

use affineur_packaging::{FileName, ProjectName, Requirement, Sha256, Version};
use affineur_trust::{Account, Class, Decision, PartyName, Reason};
use affineur_tuf::Chain;
use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use super::Gateway;
use super::file::Listed;
use super::record::Outcome;
use super::resolve::{Caller, Listing};
use super::source::Source;
use crate::limits;

/// Whether sources are asked anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// What is known is used as long as it holds: a service that anybody may ask.
    AsUsual,
    /// Each source is asked: a person who wants to know how it is now.
    Anew,
}

/// The answer for a requirement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WhyAnswer {
    /// The project.
    pub project: ProjectName,
    /// What each source that was asked says.
    pub sources: Vec<WhyProject>,
}

/// What one source says about the project.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WhyProject {
    /// The source.
    pub source: Option<PartyName>,
    /// Its page.
    pub page: Option<Url>,
    /// Why there is no page, where there is none.
    pub problem: Option<String>,
    /// How bad that is.
    pub class: Option<Class>,
    /// The files that the requirement means, newest version first.
    pub files: Vec<WhyFile>,
    /// How many more there are than were kept.
    pub more: usize,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WhyFile {
    /// Its name.
    #[serde(serialize_with = "super::record::print")]
    pub file: FileName,
    /// Its version.
    #[serde(serialize_with = "super::record::print")]
    pub version: Version,
    /// Its digest.
    pub sha256: Option<Sha256>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// What the policy says.
    pub outcome: Outcome,
    /// How bad it is, where it is withheld.
    pub class: Option<Class>,
    /// Why, most important first.
    pub reasons: Vec<Reason>,
    /// Who makes the policy's demand hold or could, and what each party says; nothing where it asks for no vouches.
    pub account: Option<Account>,
    /// What would change it, cheapest first.
    pub remedies: Vec<String>,
    /// When waiting alone lets it through.
    pub until: Option<Timestamp>,
    /// When this gateway first saw it.
    pub first_seen: Option<Timestamp>,
}

/// Which files are explained.
struct Meant<'a> {
    is: &'a (dyn Fn(&FileName) -> bool + Sync),
    most: usize,
}

impl Gateway {
    /// Explains the decisions about every file that `requirement` means.
    pub async fn why(self: &Arc<Self>, requirement: &Requirement, asked: Asked) -> WhyAnswer {
        let is = |file: &FileName| requirement.versions.contains(file.version());
        self.why_meant(&requirement.project, asked, &Meant { is: &is, most: limits::WHY_FILES }).await
    }

    /// Explains the decisions about the files of a project that a lock file means, however many.
    pub async fn why_locked(
        self: &Arc<Self>,
        project: &ProjectName,
        asked: Asked,
        is: &(dyn Fn(&FileName) -> bool + Sync),
    ) -> WhyAnswer {
        self.why_meant(project, asked, &Meant { is, most: usize::MAX }).await
    }

    async fn why_meant(self: &Arc<Self>, project: &ProjectName, asked: Asked, meant: &Meant<'_>) -> WhyAnswer {
        let caller = Caller { refresh: asked == Asked::Anew, ..Caller::default() };
        let mut sources = Vec::new();
        if self.names_sources_of(project) {
            sources.push(self.why_listing(meant, self.listing(project, &caller).await).await);
        } else {
            for source in self.sources_to_explain() {
                let listing = self.listing_at(&source, project, &caller).await;
                let said = self.why_listing(meant, listing).await;
                sources.push(WhyProject { source: said.source.or(Some(source.name)), ..said });
            }
        }
        WhyAnswer { project: project.clone(), sources }
    }

    /// Without a policy: the indexes of this call, else those that were used before.
    fn sources_to_explain(&self) -> Vec<Source> {
        let named = self.sources();
        if !named.is_empty() {
            return named;
        }
        let mut learned: Vec<Source> =
            self.state.learned_sources().unwrap_or_default().iter().map(|source| Source::learned(&source.url)).collect();
        let mut seen = std::collections::HashSet::new();
        learned.retain(|source| seen.insert(source.url.clone()));
        learned.truncate(limits::CANDIDATE_SOURCES);
        learned
    }

    async fn why_listing(self: &Arc<Self>, meant: &Meant<'_>, listing: Listing) -> WhyProject {
        let view = match listing {
            Listing::View(view) => view,
            Listing::Absent => return problem("there is no such project", Class::Refused),
            Listing::Unauthorized(demand) => {
                return problem(&format!("the index asks for credentials ({})", demand.status), Class::Undecided);
            }
        };
        let mut explained: Vec<_> = view.files.iter().filter(|file| (meant.is)(&file.entry.name)).collect();
        explained.sort_by(|one, other| other.entry.name.version().cmp(one.entry.name.version()));
        let more = explained.len().saturating_sub(meant.most);
        let verified = self.verified_again(&view.source, &view.project).await;
        let mut files = Vec::new();
        for file in explained.into_iter().take(meant.most) {
            let listed = Listed {
                source: view.source.clone(),
                project: view.project.clone(),
                page: view.page_url.clone(),
                file: file.clone(),
            };
            let listed = self.completed(listed, view.source.authorization.as_ref()).await;
            let account = match files.len() {
                0..limits::WHY_ACCOUNTS => self.account(&listed, verified.as_ref()).await,
                _ => None,
            };
            files.push(WhyFile { account, ..self.why_file(&listed) });
        }
        let (class, problem) = view.unverified.clone().unzip();
        WhyProject { source: Some(view.source.name.clone()), page: Some(view.page_url.clone()), problem, class, files, more }
    }

    fn why_file(&self, listed: &Listed) -> WhyFile {
        let record = self.file_record(&listed.source, &listed.project, &listed.file, false);
        let reasons = match &listed.file.decision {
            Decision::Allow(allowed) => allowed.reasons(),
            Decision::Withhold(withheld) => withheld.reasons(),
        };
        WhyFile {
            version: record.version,
            file: record.file,
            sha256: record.sha256,
            size: listed.file.entry.size,
            outcome: record.outcome,
            class: record.class,
            reasons: reasons.to_vec(),
            account: None,
            remedies: reasons.iter().filter_map(Reason::remedy).collect(),
            until: record.until,
            first_seen: listed.file.pin.as_ref().map(|pin| pin.first_seen),
        }
    }
}

fn problem(text: &str, class: Class) -> WhyProject {
    WhyProject { source: None, page: None, problem: Some(text.to_owned()), class: Some(class), files: Vec::new(), more: 0 }
}

impl std::fmt::Display for WhyAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.sources.is_empty() {
            return writeln!(f, "{}: no index is known that could be asked", self.project);
        }
        self.sources.iter().try_for_each(|source| {
            match &source.source {
                Some(name) => writeln!(f, "{} from {name}", self.project)?,
                None => writeln!(f, "{}", self.project)?,
            }
            write!(f, "{source}")
        })
    }
}

/// Who vouches: each role with the keys of which so many must sign.
fn write_vouch(f: &mut std::fmt::Formatter<'_>, reason: &Reason, chain: &Chain) -> std::fmt::Result {
    writeln!(f, "    {reason}")?;
    chain.steps().iter().try_for_each(|step| {
        let shown = |text: &str| affineur_packaging::text::printable(text, affineur_trust::limits::ROLE_CHARACTERS);
        let keys: Vec<String> = step.keyids.iter().map(|key| shown(key.as_str())).collect();
        writeln!(f, "      {} of {}: {}", step.threshold, shown(step.role.as_str()), keys.join(", "))
    })
}

impl std::fmt::Display for WhyProject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(problem) = &self.problem {
            writeln!(f, "  {problem}")?;
        }
        if self.files.is_empty() && self.problem.is_none() {
            writeln!(f, "  no file of the versions that were asked for")?;
        }
        for file in &self.files {
            writeln!(f, "  {}: {}", file.file, file.outcome)?;
            file.reasons.iter().try_for_each(|reason| match reason {
                // With an account, it says so, and for each party.
                Reason::Vouched { .. } if file.account.is_some() => Ok(()),
                Reason::Vouched { chain, .. } => write_vouch(f, reason, chain),
                _ => writeln!(f, "    because {reason}"),
            })?;
            let account = file.account.as_ref().map(Account::to_string).unwrap_or_default();
            account.lines().try_for_each(|line| writeln!(f, "    {line}"))?;
            file.remedies.iter().try_for_each(|remedy| writeln!(f, "    changes: {remedy}"))?;
            if let Some(digest) = file.sha256 {
                writeln!(f, "    sha256:{digest}")?;
            }
        }
        if self.more > 0 { writeln!(f, "  and {} more files; name a version", self.more) } else { Ok(()) }
    }
}
