//! A repository and its network in memory: it counts what is asked for, and breaks off, tampers and replays when told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use affineur_tuf::edit::{Repository, SharedSigner, Signers};
use affineur_tuf::key::KeyPair;
use affineur_tuf::{ReferenceTime, TargetPath};
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, stream};

use crate::transport::{FetchError, Fetched, Problem, TargetBody, Transport, Unavailable};

/// Metadata files by their path.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// What a server does with one question.
#[derive(Debug, Clone)]
pub(crate) enum Trick {
    /// It hangs up.
    BreaksOff,
    /// It answers with these bytes.
    Answers(&'static [u8]),
}

/// A server. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryTransport(Arc<Mutex<Server>>);

#[derive(Debug, Default)]
struct Server {
    metadata: Files,
    targets: BTreeMap<String, Vec<Result<Bytes, FetchError>>>,
    endless: bool,
    asked: Vec<String>,
    answers: usize,
    trick: Option<(usize, Trick)>,
}

impl MemoryTransport {
    pub(crate) fn of(files: &Files) -> Self {
        let transport = Self::default();
        transport.serve(files);
        transport
    }

    /// Serves these metadata and no others.
    pub(crate) fn serve(&self, files: &Files) {
        self.server().metadata = files.clone();
    }

    /// Serves a target in these parts.
    pub(crate) fn serve_target(&self, path: &str, parts: impl IntoIterator<Item = Result<Bytes, FetchError>>) {
        self.server().targets.insert(path.to_owned(), parts.into_iter().collect());
    }

    /// Repeats the parts of targets for ever, whatever limit was asked for.
    pub(crate) fn never_end(&self) {
        self.server().endless = true;
    }

    /// Plays a trick on the nth question from now on, counted from 0.
    pub(crate) fn plan(&self, at: usize, trick: Trick) {
        let mut server = self.server();
        server.answers = 0;
        server.trick = Some((at, trick));
    }

    /// Is honest again. Whether the trick was played.
    pub(crate) fn be_honest(&self) -> bool {
        let mut server = self.server();
        server.trick.take().is_some_and(|(at, _)| at < server.answers)
    }

    /// What was asked for since this was asked.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.server().asked)
    }

    fn server(&self) -> MutexGuard<'_, Server> {
        self.0.lock().unwrap()
    }

    /// Notes a question. What is to become of it.
    fn question(&self, path: &str) -> Option<Trick> {
        let mut server = self.server();
        server.asked.push(path.to_owned());
        let now = server.answers;
        server.answers += 1;
        server.trick.as_ref().filter(|(at, _)| *at == now).map(|(_, trick)| trick.clone())
    }
}

impl Transport for MemoryTransport {
    async fn metadata(&self, path: &str, at_most: u64) -> Result<Fetched, FetchError> {
        let trick = self.question(path);
        match (trick, self.server().metadata.get(path)) {
            (Some(Trick::BreaksOff), _) => Err(broken_off(path)),
            (Some(Trick::Answers(bytes)), _) => Ok(Fetched::Bytes(Bytes::from_static(bytes))),
            (None, None) => Ok(Fetched::Missing),
            (None, Some(bytes)) if bytes.len() as u64 > at_most => {
                Err(FetchError { url: path.to_owned(), problem: Problem::TooLong { at_most } })
            }
            (None, Some(bytes)) => Ok(Fetched::Bytes(bytes.clone().into())),
        }
    }

    async fn target(&self, path: &str, _at_most: u64) -> Result<TargetBody, FetchError> {
        self.question(path);
        let server = self.server();
        let status = Problem::Unavailable(Unavailable::Status(404));
        let parts = server.targets.get(path).cloned().ok_or(FetchError { url: path.to_owned(), problem: status })?;
        Ok(match server.endless {
            true => TargetBody::new(stream::iter(parts.into_iter().cycle())),
            false => TargetBody::new(stream::iter(parts).boxed()),
        })
    }
}

pub(crate) fn broken_off(path: &str) -> FetchError {
    FetchError { url: path.to_owned(), problem: Unavailable::BrokeOff.into() }
}

pub(crate) fn signer(seed: u8) -> SharedSigner {
    Arc::new(KeyPair::from_seed([seed; 32]).unwrap())
}

/// A repository whose root, timestamp, snapshot and targets have the keys 1 to 4.
pub(crate) fn repository() -> Repository {
    let [root, timestamp, snapshot, targets] = [1, 2, 3, 4].map(|seed| vec![signer(seed)]);
    Repository::new(Signers::of(root, timestamp, snapshot, targets), "2030-01-01T00:00:00Z".parse().unwrap())
}

pub(crate) fn published(repository: &mut Repository) -> Files {
    repository.publish().unwrap();
    repository.files().clone()
}

pub(crate) fn now() -> ReferenceTime {
    "2029-01-01T00:00:00Z".parse().unwrap()
}

pub(crate) fn path(text: &str) -> TargetPath {
    text.parse().unwrap()
}

/// The bin that a target belongs to.
pub(crate) fn bin_of(repository: &mut Repository, target: &str) -> affineur_tuf::RoleName {
    let bins = repository.targets_mut().body().delegations().unwrap().succinct().unwrap();
    bins.name_of(bins.bin_of(&path(target))).parse().unwrap()
}

/// The result of what has nothing to wait for.
pub(crate) fn at_once<F: Future>(future: F) -> F::Output {
    future.now_or_never().expect("nothing in memory has to be waited for")
}
