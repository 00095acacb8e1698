//! `affineur policy diff OLD NEW --lock FILE`: which files of a lock would have another outcome.
//!
//! Both policies are asked as `affineur why` asks, each with what this machine remembers; nothing that is learned is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use affineur_gateway::engine::{Asked, Gateway, Outcome, WhyAnswer, WhyFile};
use affineur_gateway::setup::{self, Purpose, Wanted};
use affineur_packaging::lock::{Elsewhere, Lock, LockedRelease};
use affineur_packaging::{ProjectName, Sha256, Version};
use affineur_trust::{Class, Policy};
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use url::Url;

use super::check::read;
use crate::arguments::DiffOptions;
use crate::colours::{BOLD, DIM, GREEN, PLAIN, RED, YELLOW};
use crate::failure::Failure;
use crate::lock_file::{read_lock, write_elsewhere};
use crate::why::environment;

/// Projects that are asked for at once, under one policy.
const AT_ONCE: usize = 8;

type Answers = BTreeMap<ProjectName, WhyAnswer>;

/// What a policy makes of one file of a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// An index lists it, and the policy decided.
    Decided(Outcome),
    /// No source lists it.
    NotListed,
    /// It is listed with another digest than the lock has, so that no installer takes it.
    OtherDigest,
}

/// A verdict with its reason.
#[derive(Debug, Clone, Serialize)]
struct Said {
    outcome: Verdict,
    class: Option<Class>,
    reason: String,
}

/// One file, or a release of which no file is known.
#[derive(Debug, Serialize)]
struct Row<'a> {
    project: &'a ProjectName,
    #[serde(serialize_with = "printed")]
    version: &'a Version,
    line: usize,
    file: Option<String>,
    sha256: Option<Sha256>,
    old: Said,
    new: Said,
}

#[derive(Serialize)]
struct Report<'a> {
    files: Vec<&'a Row<'a>>,
    compared: usize,
    changed: usize,
    cannot_tell: usize,
    elsewhere: &'a [Elsewhere],
}

pub(crate) async fn diff(options: &DiffOptions, lock: &Path) -> Result<ExitCode, Failure> {
    let policies = [read(&options.old)?, read(&options.new)?];
    let lock = read_lock(lock)?;
    let mut answers = Vec::new();
    for (file, policy) in [&options.old, &options.new].into_iter().zip(&policies) {
        answers.push(ask(options, file, policy, &lock).await?);
    }
    let [old, new] = answers.as_slice() else { return Err(Failure::bug("two policies have two answers")) };
    let rows: Vec<Row<'_>> = lock.releases.iter().flat_map(|release| rows(release, old, new)).collect();
    let _ = print(options, &lock, &rows); // whoever closes the pipe has read enough
    Ok(if rows.iter().any(Row::changed) {
        ExitCode::from(Failure::REFUSED)
    } else if rows.iter().any(Row::cannot_tell) {
        ExitCode::from(Failure::CANNOT_TELL)
    } else {
        ExitCode::SUCCESS
    })
}

/// What a policy says about every project of the lock.
async fn ask(options: &DiffOptions, file: &Path, policy: &Policy, lock: &Lock) -> Result<Answers, Failure> {
    // A policy without sources says nothing about where to look; then the lock does.
    let upstreams: Vec<Url> = match (&options.upstream, policy.sources.is_empty()) {
        (Some(url), _) => vec![url.clone()],
        (None, true) => lock.indexes.iter().cloned().collect(),
        (None, false) => Vec::new(),
    };
    let wanted = Wanted {
        purpose: Purpose::Trial,
        policy: Some(file.to_owned()),
        upstreams,
        state: options.state.clone(),
        ..Wanted::default()
    };
    let ready = setup::gateway(wanted, environment)?;
    let mut projects: BTreeMap<&ProjectName, Vec<&LockedRelease>> = BTreeMap::new();
    for release in &lock.releases {
        projects.entry(&release.project).or_default().push(release);
    }
    let answers = projects.into_iter().map(|(project, releases)| why(&ready.gateway, project, releases));
    Ok(stream::iter(answers).buffer_unordered(AT_ONCE).collect().await)
}

async fn why(
    gateway: &std::sync::Arc<Gateway>,
    project: &ProjectName,
    releases: Vec<&LockedRelease>,
) -> (ProjectName, WhyAnswer) {
    let is = |name: &affineur_packaging::FileName| releases.iter().any(|release| *name.version() == release.version);
    (project.clone(), gateway.why_locked(project, Asked::Anew, &is).await)
}

/// The files of a release: those that the lock names, else those that an index lists and the lock means.
fn rows<'a>(release: &'a LockedRelease, old: &Answers, new: &Answers) -> Vec<Row<'a>> {
    let answers = [old, new].map(|answers| answers.get(&release.project));
    let row = |file: Option<String>, sha256: Option<Sha256>| {
        let [old, new] = answers.map(|answer| said(answer, file.as_deref(), sha256));
        Row { project: &release.project, version: &release.version, line: release.line, file, sha256, old, new }
    };
    if !release.files.is_empty() {
        return release.files.iter().map(|file| row(Some(file.name.to_string()), file.sha256)).collect();
    }
    let listed = answers.into_iter().flatten().flat_map(files).filter(|found| release.means(&found.file, found.sha256));
    let names: BTreeSet<(String, Option<Sha256>)> =
        listed.map(|found| (found.file.to_string(), found.sha256.filter(|sha256| release.digests.contains(sha256)))).collect();
    if names.is_empty() {
        vec![row(None, None)]
    } else {
        names.into_iter().map(|(name, digest)| row(Some(name), digest)).collect()
    }
}

fn files(answer: &WhyAnswer) -> impl Iterator<Item = &WhyFile> {
    answer.sources.iter().flat_map(|source| &source.files)
}

/// What an answer says about a file. Where several sources list it, the one with the lock's digest counts.
fn said(answer: Option<&WhyAnswer>, name: Option<&str>, sha256: Option<Sha256>) -> Said {
    let Some(answer) = answer else { return Said::not_listed("nobody was asked") };
    let differs = |file: &&WhyFile| matches!((sha256, file.sha256), (Some(locked), Some(listed)) if locked != listed);
    let mut named = files(answer).filter(|file| name == Some(file.file.as_str())).peekable();
    let first = named.peek().copied();
    match (named.find(|file| !differs(file)), first) {
        (Some(file), _) => Said {
            outcome: Verdict::Decided(file.outcome),
            class: file.class,
            reason: file.reasons.first().map(ToString::to_string).unwrap_or_default(),
        },
        (None, Some(file)) => {
            let listed = file.sha256.map(|sha256| sha256.to_string()).unwrap_or_default();
            let reason = format!("the lock has another digest than the index, which says sha256:{listed}");
            Said { outcome: Verdict::OtherDigest, class: Some(Class::Refused), reason }
        }
        (None, None) => {
            let problem = answer.sources.iter().find_map(|source| Some((source.class?, source.problem.as_ref()?)));
            match problem {
                Some((class, problem)) => Said { class: Some(class), ..Said::not_listed(problem) },
                None if answer.sources.is_empty() => Said::not_listed("no index is known that could be asked"),
                None => Said::not_listed("no source lists it"),
            }
        }
    }
}

impl Said {
    fn not_listed(reason: &str) -> Self {
        Self { outcome: Verdict::NotListed, class: None, reason: reason.to_owned() }
    }
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Decided(Outcome::LetThrough | Outcome::Offered) => "let-through",
            Self::Decided(Outcome::Observed) => "observed",
            Self::Decided(Outcome::Withheld) => "withheld",
            Self::NotListed => "not-listed",
            Self::OtherDigest => "other-digest",
        }
    }

    /// Whether an installer gets the file.
    const fn passes(self) -> bool {
        matches!(self, Self::Decided(Outcome::LetThrough | Outcome::Offered | Outcome::Observed))
    }
}

impl Row<'_> {
    fn changed(&self) -> bool {
        self.old.outcome != self.new.outcome
    }

    fn cannot_tell(&self) -> bool {
        [&self.old, &self.new].into_iter().any(|said| said.class == Some(Class::Undecided))
    }

    fn name(&self) -> String {
        self.file.clone().unwrap_or_else(|| format!("{} {}", self.project, self.version))
    }
}

fn print(options: &DiffOptions, lock: &Lock, rows: &[Row<'_>]) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    let shown: Vec<&Row<'_>> = rows.iter().filter(|row| options.all || row.changed() || row.cannot_tell()).collect();
    let count = |is: &dyn Fn(&Row<'_>) -> bool| rows.iter().filter(|row| is(row)).count();
    let (changed, cannot_tell) = (count(&|row| row.changed()), count(&|row| row.cannot_tell()));
    if options.json {
        let report = Report { files: shown, compared: rows.len(), changed, cannot_tell, elsewhere: &lock.elsewhere };
        serde_json::to_writer(&mut out, &report)?;
        return writeln!(out);
    }
    for row in shown {
        let (sign, colour) = match (row.old.outcome.passes(), row.new.outcome.passes()) {
            (false, true) => ("+", YELLOW),
            (true, false) => ("-", RED),
            _ if row.changed() => ("~", YELLOW),
            _ if row.cannot_tell() => ("?", YELLOW),
            _ => (".", GREEN),
        };
        writeln!(out, "{colour}{sign}{PLAIN} {BOLD}{}{PLAIN}", row.name())?;
        for (whose, said) in [("old", &row.old), ("new", &row.new)] {
            writeln!(out, "    {whose}: {:<12} {DIM}{}{PLAIN}", said.outcome.word(), said.reason)?;
        }
    }
    let more = count(&|row| row.new.outcome.passes() && !row.old.outcome.passes());
    let fewer = count(&|row| row.old.outcome.passes() && !row.new.outcome.passes());
    let of = rows.len();
    match changed {
        0 => writeln!(out, "of {of} files none changes its outcome")?,
        _ => writeln!(out, "of {of} files {changed} change: {more} let through from now on, {fewer} withheld from now on")?,
    }
    if cannot_tell > 0 {
        writeln!(out, "{YELLOW}!{PLAIN} of {cannot_tell} it cannot be told now")?;
    }
    write_elsewhere(lock, &mut out)
}

impl Serialize for Verdict {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

fn printed<S: serde::Serializer>(value: &impl std::fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
