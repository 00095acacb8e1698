//! What the cases are made of: a small honest repository, keys from fixed seeds, and means to break single files.

use std::sync::Arc;

use affineur_tuf::edit::{Repository, SharedSigner, Signers, sign_json};
use affineur_tuf::key::{KeyPair, Signer};
use affineur_tuf::{PathPattern, Paths, RoleName, TargetFile, TargetPath};
use serde_json::Value;

use crate::file::{Content, Expect, Expected, Failure, Files, Finding, Update, Vector};

/// The time of every update, unless a case is about time.
pub(crate) const NOW: &str = "2029-01-01T00:00:00Z";
/// Before [`NOW`].
pub(crate) const PAST: &str = "2028-12-31T00:00:00Z";
/// When everything expires, unless a case is about time.
pub(crate) const EXPIRES: &str = "2030-01-01T00:00:00Z";
/// What everybody looks up.
pub(crate) const TARGET: &str = "cheese/brie.txt";
/// What it contains.
pub(crate) const BRIE: &[u8] = b"brie";

pub(crate) const ROOT: u8 = 1;
pub(crate) const TIMESTAMP: u8 = 2;
pub(crate) const SNAPSHOT: u8 = 3;
pub(crate) const TARGETS: u8 = 4;

pub(crate) fn key(seed: u8) -> KeyPair {
    KeyPair::from_seed([seed; 32]).unwrap()
}

pub(crate) fn shared(seeds: &[u8]) -> Vec<SharedSigner> {
    seeds.iter().map(|seed| -> SharedSigner { Arc::new(key(*seed)) }).collect()
}

/// A repository whose targets list [`TARGET`], not published yet.
pub(crate) fn repository() -> Repository {
    let mut repository = without_targets();
    repository.targets_mut().add_target(&path(TARGET), TargetFile::of(BRIE));
    repository
}

/// The same without a target.
pub(crate) fn without_targets() -> Repository {
    let [root, timestamp, snapshot, targets] = [ROOT, TIMESTAMP, SNAPSHOT, TARGETS].map(|seed| shared(&[seed]));
    Repository::new(Signers::of(root, timestamp, snapshot, targets), EXPIRES.parse().unwrap())
}

pub(crate) fn path(text: &str) -> TargetPath {
    text.parse().unwrap()
}

pub(crate) fn role(name: &str) -> RoleName {
    name.parse().unwrap()
}

pub(crate) fn patterns(patterns: &[&str]) -> Paths {
    Paths::Patterns(patterns.iter().map(|pattern| PathPattern::new(pattern)).collect())
}

/// Publishes, and gives the files as they are now.
pub(crate) fn published(repository: &mut Repository) -> Files {
    repository.publish().unwrap();
    repository.files().iter().map(|(path, bytes)| (path.clone(), Content::from(bytes.clone()))).collect()
}

/// Reads a file's JSON.
pub(crate) fn json(content: &Content) -> Value {
    serde_json::from_slice(&content.bytes()).unwrap()
}

/// Edits what is signed, and signs it with these keys.
pub(crate) fn resign(content: &mut Content, seeds: &[u8], edit: impl FnOnce(&mut Value)) {
    let mut signed = json(content)["signed"].take();
    edit(&mut signed);
    let signers: Vec<KeyPair> = seeds.iter().map(|seed| key(*seed)).collect();
    *content = sign_json(&signed, signers.iter().map(|signer| -> &dyn Signer { signer })).unwrap().into();
}

/// Edits the signatures, or whatever else nobody signs.
pub(crate) fn tamper(content: &mut Content, edit: impl FnOnce(&mut Value)) {
    let mut file = json(content);
    edit(&mut file);
    *content = serde_json::to_vec(&file).unwrap().into();
}

/// Replaces text that stands there once.
pub(crate) fn rewrite(content: &mut Content, from: &str, to: &str) {
    let text = String::from_utf8(content.bytes()).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    *content = text.replace(from, to).into_bytes().into();
}

/// What was accepted before the end, in order.
pub(crate) type Accepted<'a> = &'a [(&'a str, u64)];

/// An honest repository's.
pub(crate) const ALL: Accepted<'static> = &[("root", 1), ("timestamp", 1), ("snapshot", 1), ("targets", 1)];

pub(crate) fn fails(stage: &str, role: &str, error: &str) -> Expected {
    Expected::Fails(Failure { stage: stage.to_owned(), role: role.to_owned(), error: error.to_owned() })
}

/// [`TARGET`] is found at the end of this chain.
pub(crate) fn finds(chain: &[&str]) -> Expected {
    let chain = chain.iter().map(|role| (*role).to_owned()).collect();
    Expected::Finds(Finding { chain, length: BRIE.len() as u64 })
}

pub(crate) fn after(accepted: Accepted<'_>, end: Expected) -> Expect {
    Expect { end, accepted: accepted.iter().map(|(role, version)| ((*role).to_owned(), *version)).collect() }
}

impl Vector {
    /// A client that trusts the first root and has nothing else looks up [`TARGET`].
    pub(crate) fn new(explanation: &str, repository: Files, accepted: Accepted<'_>, end: Expected) -> Self {
        Self {
            explanation: explanation.to_owned(),
            twin: String::new(),
            expect: after(accepted, end),
            now: NOW.to_owned(),
            lookup: Some(TARGET.to_owned()),
            trusted_root: repository["1.root.json"].clone(),
            local: Files::new(),
            earlier: Vec::new(),
            repository,
        }
    }

    pub(crate) fn twin(mut self, name: &str) -> Self {
        name.clone_into(&mut self.twin);
        self
    }

    pub(crate) fn local(mut self, role: &str, content: &Content) -> Self {
        self.local.insert(role.to_owned(), content.clone());
        self
    }

    pub(crate) fn trusting(mut self, root: &Content) -> Self {
        self.trusted_root = root.clone();
        self
    }

    pub(crate) fn looking_up(mut self, path: &str) -> Self {
        self.lookup = Some(path.to_owned());
        self
    }

    pub(crate) fn earlier(mut self, repository: &Files, accepted: Accepted<'_>, end: Expected) -> Self {
        self.earlier.push(Update { expect: after(accepted, end), now: NOW.to_owned(), repository: repository.clone() });
        self
    }
}
