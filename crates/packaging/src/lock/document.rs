//! The two formats that are TOML: `uv.lock` and PEP 751. They differ in words more than in what they say.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::{Spanned, Value};

use super::{Elsewhere, Lock, LockError, LockProblem, LockedFile, LockedRelease, askable, shown};
use crate::{FileName, FileNameError, ProjectName, Version, limits};

#[derive(Deserialize)]
struct UvLock {
    version: u64,
    #[serde(default, rename = "package")]
    packages: Vec<Spanned<UvPackage>>,
}

#[derive(Deserialize)]
struct UvPackage {
    name: String,
    version: Option<String>,
    source: BTreeMap<String, Value>,
    sdist: Option<Artifact>,
    #[serde(default)]
    wheels: Vec<Artifact>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Pylock {
    lock_version: String,
    #[serde(default)]
    packages: Vec<Spanned<PylockPackage>>,
}

#[derive(Deserialize)]
struct PylockPackage {
    name: String,
    version: Option<String>,
    index: Option<String>,
    vcs: Option<Value>,
    directory: Option<Value>,
    archive: Option<Value>,
    sdist: Option<Artifact>,
    #[serde(default)]
    wheels: Vec<Artifact>,
}

/// A file, in the words of either format.
#[derive(Deserialize)]
struct Artifact {
    #[serde(alias = "filename")]
    name: Option<String>,
    url: Option<String>,
    path: Option<String>,
    size: Option<u64>,
    /// uv: `sha256:…`.
    hash: Option<String>,
    /// PEP 751: by algorithm.
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

/// An entry of either format.
struct Entry {
    line: usize,
    name: String,
    version: Option<String>,
    elsewhere: Option<&'static str>,
    files: Vec<Artifact>,
}

pub(super) fn read_uv(text: &str) -> Result<Lock, LockError> {
    let document: UvLock = parse(text)?;
    if document.version != 1 {
        return Err(LockProblem::FormatVersion { found: document.version.to_string(), expected: "1" }.anywhere());
    }
    let mut lines = Lines::new(text);
    let mut lock = Lock::default();
    for package in document.packages {
        let line = lines.of(package.span().start);
        let UvPackage { name, version, source, sdist, wheels } = package.into_inner();
        let registry = source.get("registry").and_then(Value::as_str);
        add_index(&mut lock, registry);
        let elsewhere = match registry {
            Some(place) if place.starts_with("http://") || place.starts_with("https://") => None,
            Some(_) => Some("a local folder of distributions"),
            None => Some(uv_source(&source)),
        };
        add(&mut lock, Entry { line, name, version, elsewhere, files: sdist.into_iter().chain(wheels).collect() })?;
    }
    Ok(lock)
}

fn uv_source(source: &BTreeMap<String, Value>) -> &'static str {
    let kinds = [
        ("git", "a Git repository"),
        ("url", "a URL of its own"),
        ("path", "a local file"),
        ("directory", "a folder"),
        ("editable", "a folder"),
        ("virtual", "the project itself"),
    ];
    kinds.iter().find(|(key, _)| source.contains_key(*key)).map_or("an unknown kind of source", |(_, from)| from)
}

pub(super) fn read_pylock(text: &str) -> Result<Lock, LockError> {
    let document: Pylock = parse(text)?;
    if document.lock_version.split('.').next() != Some("1") {
        return Err(LockProblem::FormatVersion { found: shown(&document.lock_version), expected: "1.x" }.anywhere());
    }
    let mut lines = Lines::new(text);
    let mut lock = Lock::default();
    for package in document.packages {
        let line = lines.of(package.span().start);
        let PylockPackage { name, version, index, vcs, directory, archive, sdist, wheels } = package.into_inner();
        add_index(&mut lock, index.as_deref());
        let files: Vec<Artifact> = sdist.into_iter().chain(wheels).collect();
        let places = [(vcs, "a repository of sources"), (directory, "a folder"), (archive, "an archive of its own")];
        let place = places.into_iter().find_map(|(place, from)| place.map(|_| from));
        let local = files.iter().any(|file| file.url.is_none() && file.path.is_some());
        let elsewhere = place.or_else(|| local.then_some("a local folder of distributions"));
        add(&mut lock, Entry { line, name, version, elsewhere, files })?;
    }
    Ok(lock)
}

/// uv: `source.registry`; poetry: `source.url` of type `legacy`; pylock: `index`.
pub(super) fn index_of(package: &Value) -> Option<&str> {
    let source = package.get("source");
    let of_poetry = || {
        let source = source?;
        (source.get("type")?.as_str()? == "legacy").then(|| source.get("url")?.as_str())?
    };
    let of_uv = || source?.get("registry")?.as_str();
    of_uv().or_else(of_poetry).or_else(|| package.get("index")?.as_str())
}

fn add_index(lock: &mut Lock, index: Option<&str>) {
    if lock.indexes.len() < limits::LOCK_INDEXES {
        lock.indexes.extend(index.and_then(askable));
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, LockError> {
    toml::from_str(text).map_err(|error| LockError {
        line: error.span().map(|span| Lines::new(text).of(span.start)),
        problem: LockProblem::Shape(shown(error.message())),
    })
}

fn add(lock: &mut Lock, entry: Entry) -> Result<(), LockError> {
    let Entry { line, name, version, elsewhere, files } = entry;
    let project: ProjectName = name.parse().map_err(|_| LockProblem::Project(shown(&name)).at(line))?;
    if let Some(from) = elsewhere {
        lock.elsewhere.push(Elsewhere { name: project.to_string(), line, from });
        return Ok(());
    }
    let said = version.map(|text| text.parse().map_err(|_| LockProblem::Version(shown(&text)).at(line))).transpose()?;
    let mut version: Option<Version> = said;
    let mut release = Vec::new();
    for file in files {
        let text = file_name(&file).unwrap_or_default();
        let sha256 = sha256(&file).map_err(|()| LockProblem::Digest(shown(&text)).at(line))?;
        let name = match FileName::of_project(&text, &project) {
            Ok(name) => name,
            Err(FileNameError::Parts) if text.parse::<FileName>().is_ok() => return Err(other(&text, &project, None, line)),
            Err(_) => {
                lock.elsewhere.push(Elsewhere { name: shown(&text), line, from: "a file with a name that no index may use" });
                continue;
            }
        };
        if version.get_or_insert_with(|| name.version().clone()) != name.version() {
            return Err(other(&text, &project, version.as_ref(), line));
        }
        release.push(LockedFile { name, sha256, size: file.size, url: file.url.as_deref().and_then(askable) });
    }
    let version = version.ok_or_else(|| LockProblem::NotPinned(project.to_string()).at(line))?;
    lock.releases.push(LockedRelease { project, version, line, files: release, digests: BTreeSet::new() });
    Ok(())
}

fn other(file: &str, project: &ProjectName, version: Option<&Version>, line: usize) -> LockError {
    let release = version.map_or_else(|| project.to_string(), |version| format!("{project} {version}"));
    LockProblem::OtherRelease { file: shown(file), release }.at(line)
}

/// As it says, else the end of where it is.
fn file_name(file: &Artifact) -> Option<String> {
    let end = |url: &str| {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        path.rsplit('/').next().map(|end| percent_decode_str(end).decode_utf8_lossy().into_owned())
    };
    file.name.clone().or_else(|| file.url.as_deref().and_then(end))
}

/// Where it says one. Other algorithms are no digest here.
fn sha256(file: &Artifact) -> Result<Option<crate::Sha256>, ()> {
    let of_uv = || file.hash.as_deref().and_then(|hash| hash.strip_prefix("sha256:"));
    let text = file.hashes.get("sha256").map(String::as_str).or_else(of_uv);
    text.map(|text| text.parse().map_err(|_| ())).transpose()
}

/// From places in a text to lines. Asked in the text's order it reads the text once.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    const fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    fn of(&mut self, at: usize) -> usize {
        if at < self.at {
            (self.at, self.line) = (0, 1);
        }
        let between = self.text.as_bytes().get(self.at..at).unwrap_or_default();
        self.line += between.iter().filter(|byte| **byte == b'\n').count();
        self.at = at;
        self.line
    }
}
