//! `requirements.txt` as a lock: each requirement with exactly one version, in words that pip and uv read alike.

use std::collections::BTreeSet;

use pep440_rs::Operator;

use super::{Elsewhere, Lock, LockError, LockProblem, LockedRelease, askable, shown};
use crate::requirements_file::{self, count, words};
use crate::{ProjectName, Requirement, Sha256, limits, names_archive};

/// Options that name an index.
const INDEXES: [&str; 3] = ["-i", "--index-url", "--extra-index-url"];
/// Options that name a source tree.
const EDITABLE: [&str; 2] = ["-e", "--editable"];
/// Options that name another file with requirements.
const INCLUDES: [&str; 3] = ["-r", "--requirement", "--requirements"];
/// Options that change where and how installers look, and not which release is meant where its version is pinned.
const HARMLESS: [&str; 12] = [
    "-c",
    "--constraint",
    "--constraints",
    "-f",
    "--find-links",
    "--no-index",
    "--pre",
    "--prefer-binary",
    "--no-binary",
    "--only-binary",
    "--require-hashes",
    "--trusted-host",
];

pub(super) fn read(bytes: &[u8]) -> Result<Lock, LockError> {
    let text = requirements_file::text(bytes).ok_or(LockProblem::NotUtf8.anywhere())?;
    if count(&text) > limits::LOCK_LINES {
        return Err(LockProblem::TooMany { what: "lines", most: limits::LOCK_LINES }.anywhere());
    }
    let mut lock = Lock::default();
    for (line, words) in lines(&text)? {
        read_line(&mut lock, line, &words)?;
    }
    Ok(lock)
}

/// The words of each line, where all ways of reading them agree.
fn lines(text: &str) -> Result<Vec<(usize, Vec<String>)>, LockError> {
    let [pip, uv] = requirements_file::readings(text);
    let mut lines = Vec::with_capacity(pip.len());
    let (mut pip, mut uv) = (pip.into_iter(), uv.into_iter());
    loop {
        match (pip.next(), uv.next()) {
            (None, None) => return Ok(lines),
            (Some((line, by_pip)), Some((same_line, by_uv))) if line == same_line => {
                let readings = [words(&by_pip), words(&by_uv)].concat().into_iter().map(|words| words.join(" "));
                let readings: BTreeSet<String> = readings.collect();
                let Some(reading) = readings.first().filter(|_| readings.len() == 1) else {
                    return Err(LockProblem::Ambiguous.at(line));
                };
                lines.push((line, reading.split(' ').map(str::to_owned).collect()));
            }
            (Some((line, _)), Some((other, _))) => return Err(LockProblem::Ambiguous.at(line.min(other))),
            (Some((line, _)), None) | (None, Some((line, _))) => return Err(LockProblem::Ambiguous.at(line)),
        }
    }
}

fn read_line(lock: &mut Lock, line: usize, words: &[String]) -> Result<(), LockError> {
    let Some(first) = words.first() else { return Ok(()) };
    if !first.starts_with('-') {
        return read_requirement(lock, line, words);
    }
    let (option, value) = first
        .split_once('=')
        .map_or_else(|| (first.as_str(), words.get(1).map(String::as_str)), |(option, value)| (option, Some(value)));
    if INDEXES.contains(&option) {
        if lock.indexes.len() < limits::LOCK_INDEXES {
            lock.indexes.extend(value.and_then(askable));
        }
        return Ok(());
    }
    if EDITABLE.contains(&option) {
        lock.elsewhere.push(Elsewhere { name: String::new(), line, from: "a source tree" });
        return Ok(());
    }
    let problem = match option {
        _ if HARMLESS.contains(&option) => return Ok(()),
        _ if INCLUDES.contains(&option) => LockProblem::Includes,
        _ => LockProblem::Option(shown(option)),
    };
    Err(problem.at(line))
}

fn read_requirement(lock: &mut Lock, line: usize, words: &[String]) -> Result<(), LockError> {
    let end = words.iter().position(|word| word.starts_with("--")).unwrap_or(words.len());
    let (requirement, options) = words.split_at_checked(end).unwrap_or((words, &[]));
    let requirement = requirement.join(" ");
    if let Some(elsewhere) = elsewhere(&requirement, line) {
        lock.elsewhere.push(elsewhere);
        return Ok(());
    }
    let release = requirement.split(';').next().unwrap_or_default();
    let requirement: Requirement = release.parse().map_err(|error| LockProblem::Requirement(format!("{error}")).at(line))?;
    let exact = |operator| matches!(operator, &Operator::Equal | &Operator::ExactEqual);
    let exact = requirement.versions.iter().find(|one| exact(one.operator())).map(|one| one.version().clone());
    let version = exact.ok_or_else(|| LockProblem::NotPinned(requirement.project.to_string()).at(line))?;
    let digests = digests(options, &requirement.project, line)?;
    lock.releases.push(LockedRelease { project: requirement.project, version, line, files: Vec::new(), digests });
    Ok(())
}

/// A URL, a path, or `name @ URL`. Of the URL nothing is kept: it may have a password.
fn elsewhere(requirement: &str, line: usize) -> Option<Elsewhere> {
    let (name, url) = requirement.split_once('@').map_or((None, requirement), |(name, url)| (Some(name), url));
    let from = match name {
        Some(_) => "a URL of its own",
        None if url.contains("://") => "a URL of its own",
        None if url.starts_with(['.', '/', '~', '\\']) || names_archive(url) => "a local file or folder",
        None => return None,
    };
    let name = name.and_then(|name| name.split('[').next()).and_then(|name| name.trim().parse::<ProjectName>().ok());
    Some(Elsewhere { name: name.map(|name| name.to_string()).unwrap_or_default(), line, from })
}

/// The values of `--hash`; those of other algorithms are no digests here. Other options say how to build.
fn digests(options: &[String], project: &ProjectName, line: usize) -> Result<BTreeSet<Sha256>, LockError> {
    let mut digests = BTreeSet::new();
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let value = match option.strip_prefix("--hash") {
            Some("") => options.next().map(String::as_str),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        let Some(text) = value.and_then(|value| value.strip_prefix("sha256:")) else { continue };
        digests.insert(text.parse().map_err(|_| LockProblem::Digest(project.to_string()).at(line))?);
    }
    Ok(digests)
}
