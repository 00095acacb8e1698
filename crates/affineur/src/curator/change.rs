//! `affineur curator trust-author`, `distrust-author`, `object`, `withdraw`, `delegate` and `undelegate`.

use std::process::ExitCode;

use affineur_packaging::ProjectName;
use affineur_signer::curator::{Curator, Withdrawal, Withdrawn};
use affineur_signer::keys::KeyFolder;
use affineur_trust::Author;
use affineur_trust::curator::{Delegate, Objected, ObjectionStatement};
use jiff::Timestamp;

use super::change_arguments::{
    AuthorOptions, DelegateOptions, DistrustOptions, ObjectOptions, Objectionable, TrustOptions, UndelegateOptions,
    WithdrawOptions, WithdrawnKind,
};
use super::describe::print_drafted;
use super::key_choice::fingerprint;
use super::statement::{fact_of, file_name};
use crate::failure::Failure;
use crate::key::folder;

pub(super) fn trust_author(options: &TrustOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    let mut curator = Curator::open(&options.dir)?;
    let (author, project, until) = (author(&options.author)?, &options.about.project, options.until.from(now));
    curator.trust_author(project, &author, until, now)?;
    print_drafted(&options.dir, &format!("trusts {} for {project} until {until}", shown(&author)));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn distrust_author(options: &DistrustOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    let mut curator = Curator::open(&options.dir)?;
    let (author, project) = (author(&options.author)?, &options.about.project);
    curator.distrust_author(project, &author, now)?;
    print_drafted(&options.dir, &format!("no longer trusts {} for {project}", shown(&author)));
    Ok(ExitCode::SUCCESS)
}

fn author(options: &AuthorOptions) -> Result<Author, Failure> {
    match (&options.key, &options.publisher) {
        (Some(key), _) => Ok(Author::Key(fingerprint(&own_keys()?, key)?)),
        (None, Some(publisher)) => Ok(Author::Publisher(publisher.clone())),
        (None, None) => Err(Failure::usage("no author is named", "name one with --key or --publisher")),
    }
}

fn own_keys() -> Result<KeyFolder, Failure> {
    folder(&crate::key::arguments::KeyPlace { keys: None })
}

fn shown(author: &Author) -> String {
    match author {
        Author::Key(key) => format!("the key {key}"),
        Author::Publisher(publisher) => publisher.to_string(),
    }
}

pub(super) fn object(options: &ObjectOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    let mut curator = Curator::open(&options.dir)?;
    let (project, against) = against(&options.against, &folder(&options.place)?)?;
    let expires = options.until.from(now);
    let what = words(project.as_ref(), &against);
    curator.object(project.as_ref(), ObjectionStatement { against, reason: options.reason.clone(), expires }, now)?;
    print_drafted(&options.dir, &format!("objects to {what} until {expires}"));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn withdraw(options: &WithdrawOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    let mut curator = Curator::open(&options.dir)?;
    let named = &options.against;
    let what = match options.kind {
        WithdrawnKind::Objection => {
            let (project, against) = against(named, &folder(&options.place)?)?;
            Withdrawal::Objection(project, against)
        }
        kind => {
            let none = || Failure::usage("no file is named", "name it with --file; its name is enough");
            let file = file_name(named.file.as_deref().ok_or_else(none)?, named.project.as_ref())?;
            if kind == WithdrawnKind::Audits { Withdrawal::Audits(file) } else { Withdrawal::Ballots(file) }
        }
    };
    let told = match curator.withdraw(&what, &options.reason, now)? {
        Withdrawn::Objection => "no longer objects to that".to_owned(),
        Withdrawn::Vouches(until) if now < until => format!("took them back; an objection says so until {until}"),
        Withdrawn::Vouches(_) => "took them back; they had ended".to_owned(),
    };
    print_drafted(&options.dir, &told);
    Ok(ExitCode::SUCCESS)
}

/// Where an objection stands, and against what it is.
fn against(options: &Objectionable, keys: &KeyFolder) -> Result<(Option<ProjectName>, Objected), Failure> {
    let project = options.project.clone();
    if let Some(file) = &options.file {
        let fact = fact_of(file, project.as_ref())?;
        let digest = fact.sha256.map(|digest| digest.to_string()).unwrap_or_default();
        return Ok((Some(fact.project), Objected::File(digest)));
    }
    if let Some(sha256) = &options.sha256 {
        return Ok((project, Objected::File(sha256.clone())));
    }
    if let Some(versions) = &options.versions {
        return Ok((project, Objected::Versions(versions.to_string())));
    }
    if let Some(key) = &options.key {
        return Ok((None, Objected::Key(fingerprint(keys, key)?.to_string())));
    }
    if let Some(publisher) = &options.publisher {
        return Ok((None, Objected::Publisher(publisher.to_string())));
    }
    match project {
        Some(project) => Ok((Some(project), Objected::Project)),
        None => Err(Failure::usage("nothing is named", "name a --project, a --file, a --key or a --publisher")),
    }
}

fn words(project: Option<&ProjectName>, against: &Objected) -> String {
    match (project, against) {
        (Some(project), Objected::Project) => format!("all of {project}"),
        (Some(project), Objected::Versions(versions)) => format!("{project} {versions}"),
        (Some(project), Objected::File(sha256)) => format!("the file {sha256} of {project}"),
        (_, Objected::Key(key)) => format!("the key {key}"),
        (_, Objected::Publisher(name)) => format!("the publisher {name}"),
        (None, _) => "that".to_owned(),
    }
}

pub(super) fn delegate(options: &DelegateOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    let mut curator = Curator::open(&options.dir)?;
    let root = std::fs::read(&options.root).map_err(|problem| {
        Failure::usage(format!("{}: {problem}", options.root.display()), "name the root that it hands out")
    })?;
    let delegate = Delegate {
        name: options.name.clone(),
        repository: options.repository.clone(),
        root,
        projects: options.projects.clone(),
        levels: options.levels.iter().map(|level| (*level).into()).collect(),
        depth: options.depth,
    };
    curator.delegate(delegate, now)?;
    print_drafted(&options.dir, &format!("lets {} at {} speak for it", options.name, options.repository));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn undelegate(options: &UndelegateOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    Curator::open(&options.dir)?.undelegate(&options.name, now)?;
    print_drafted(&options.dir, &format!("no longer lets {} speak for it", options.name));
    Ok(ExitCode::SUCCESS)
}
