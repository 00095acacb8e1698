//! Runs a vector: a client with a local copy, for which a map is the network.

use std::collections::BTreeMap;

use affineur_tuf::json::JsonError;
use affineur_tuf::{
    Edge, Error, Fault, Floor, Lookup, Mismatch, ParseTargetPathError, Progress, ReferenceTime, Role, Root, Roots, Seal,
    Search, Snapshot, Targets, Timestamp, TopRole, Unverified, View, Wanted,
};

use crate::file::{Expect, Expected, Failure, Files, Finding, Vector};

/// What is wrong with the vector, or with us.
pub(crate) fn complaint(name: &str, vector: &Vector) -> Option<String> {
    let complaints = [Seals::Kept, Seals::Lost].map(|seals| {
        let mut client = Client::new(vector, seals);
        for (number, update) in vector.earlier.iter().enumerate() {
            let found = client.update(&update.repository, &update.now, None);
            if found != update.expect {
                return Some(format!("{name}, earlier update {number}: {found:?}, not {:?}", update.expect));
            }
        }
        let found = client.update(&vector.repository, &vector.now, vector.lookup.as_deref());
        (found != vector.expect)
            .then(|| format!("{name}, seals {seals:?}:\n  found    {found:?}\n  expected {:?}", vector.expect))
    });
    complaints.into_iter().flatten().next()
}

/// Whether the client keeps with a file that it verified it. What it accepts must not depend on that, unless it could not
/// remember otherwise that keys were rotated in an earlier update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seals {
    Kept,
    Lost,
}

struct Client {
    root: Vec<u8>,
    local: BTreeMap<String, (Vec<u8>, Option<Seal>)>,
    seals: Seals,
    accepted: Vec<(String, u64)>,
}

/// An update that ended early.
struct Stopped {
    stage: &'static str,
    role: String,
    error: String,
}

type Outcome<T> = Result<T, Stopped>;

impl Client {
    fn new(vector: &Vector, seals: Seals) -> Self {
        let local = vector.local.iter().map(|(role, content)| (role.clone(), (content.bytes(), None))).collect();
        Self { root: vector.trusted_root.bytes(), local, seals, accepted: Vec::new() }
    }

    fn update(&mut self, repository: &Files, now: &str, lookup: Option<&str>) -> Expect {
        self.accepted.clear();
        let now: ReferenceTime = now.parse().unwrap();
        let end = match self.refresh(repository, now).and_then(|view| self.look_up(view, repository, now, lookup)) {
            Ok(end) => end,
            Err(Stopped { stage, role, error }) => {
                if stage == "parse" {
                    self.assert_that_it_does_not_parse(&role, repository);
                }
                Expected::Fails(Failure { stage: stage.to_owned(), role, error })
            }
        };
        Expect { end, accepted: std::mem::take(&mut self.accepted) }
    }

    fn refresh(&mut self, repository: &Files, now: ReferenceTime) -> Outcome<View> {
        let mut roots = Roots::start(&self.root, now).map_err(at("root"))?;
        self.accepted.push(("root".to_owned(), roots.version().number()));
        while let Some(bytes) = roots.wanted().and_then(|wanted| fetch(repository, &wanted).ok()) {
            roots = roots.accept(&bytes).map_err(at("root"))?;
            self.accepted.push(("root".to_owned(), roots.version().number()));
            self.root = bytes;
        }
        let mut timestamps = roots.finish().map_err(at("root"))?;
        if let Some((bytes, seal)) = self.local.get("timestamp") {
            let floor = timestamps.remember(bytes, seal.as_ref());
            if floor == Ok(Floor::Rotated) {
                self.local.retain(|role, _| !matches!(role.as_str(), "timestamp" | "snapshot"));
            }
        }
        let bytes = fetch(repository, &timestamps.wanted()).map_err(missing("timestamp"))?;
        let mut snapshots = timestamps.accept(&bytes).map_err(at("timestamp"))?;
        match snapshots.timestamp_to_keep() {
            Some(seal) => self.keep::<Timestamp>("timestamp", bytes, seal),
            None => self.accept_local::<Timestamp>("timestamp"),
        }
        if let Some((bytes, seal)) = self.local.get("snapshot") {
            let _ = snapshots.remember(bytes, seal.as_ref());
        }
        let mut targets = match snapshots.keep() {
            Ok(targets) => {
                self.accept_local::<Snapshot>("snapshot");
                targets
            }
            Err(snapshots) => {
                let bytes = fetch(repository, &snapshots.wanted()).map_err(missing("snapshot"))?;
                let targets = snapshots.accept(&bytes).map_err(at("snapshot"))?;
                self.keep::<Snapshot>("snapshot", bytes, targets.snapshot_to_keep().unwrap());
                targets
            }
        };
        if let Some((bytes, seal)) = self.local.get("targets") {
            let _ = targets.remember(bytes, seal.as_ref());
        }
        match targets.keep() {
            Ok(view) => {
                self.accept_local::<Targets>("targets");
                Ok(view)
            }
            Err(targets) => {
                let bytes = fetch(repository, &targets.wanted().map_err(at("targets"))?).map_err(missing("targets"))?;
                let (view, seal) = targets.accept(&bytes).map_err(at("targets"))?;
                self.keep::<Targets>("targets", bytes, seal);
                Ok(view)
            }
        }
    }

    fn look_up(&mut self, mut view: View, repository: &Files, now: ReferenceTime, path: Option<&str>) -> Outcome<Expected> {
        let Some(path) = path else { return Ok(Expected::Refreshed(())) };
        let mut search = Search::new(path.parse().map_err(|error| no_path(path, &error))?);
        loop {
            let live = view.live(now).map_err(at("lookup"))?;
            match search.advance(&live).map_err(at("lookup"))? {
                Progress::Needs(edge) => self.supply(&mut view, &edge, repository, now)?,
                Progress::Ended(Lookup::Found(found)) => {
                    let chain = found.chain.steps().iter().map(|step| step.role.as_str().to_owned()).collect();
                    return Ok(Expected::Finds(Finding { chain, length: found.target.length() }));
                }
                Progress::Ended(Lookup::Absent) => return Ok(Expected::Absent(self.delegated())),
                Progress::Ended(Lookup::GaveUp { visited }) => return Ok(Expected::GaveUp(visited)),
            }
        }
    }

    fn supply(&mut self, view: &mut View, edge: &Edge, repository: &Files, now: ReferenceTime) -> Outcome<()> {
        let role = edge.role().as_str();
        let local = self.local.get(role).cloned();
        if let Some((bytes, seal)) = local
            && let Ok(seal) = view.recall(edge, &bytes, seal.as_ref(), now)
        {
            self.keep::<Targets>(role, bytes, seal);
            return Ok(());
        }
        let bytes = fetch(repository, &view.wanted(edge).map_err(at("delegated"))?).map_err(missing_delegated(role))?;
        let seal = view.accept(edge, &bytes, now).map_err(at("delegated"))?;
        self.keep::<Targets>(role, bytes, seal);
        Ok(())
    }

    /// How many delegated roles were asked.
    fn delegated(&self) -> u32 {
        let is_top = |role: &str| TopRole::ALL.iter().any(|top| top.as_str() == role);
        u32::try_from(self.accepted.iter().filter(|(role, _)| !is_top(role)).count()).unwrap()
    }

    fn keep<R: Role>(&mut self, role: &str, bytes: Vec<u8>, seal: Seal) {
        self.accepted.push((role.to_owned(), version::<R>(&bytes)));
        let seal = (self.seals == Seals::Kept).then_some(seal);
        self.local.insert(role.to_owned(), (bytes, seal));
    }

    fn accept_local<R: Role>(&mut self, role: &str) {
        let version = version::<R>(&self.local[role].0);
        self.accepted.push((role.to_owned(), version));
    }

    /// So that a fault in another stage cannot hide behind one of the text, or the other way round.
    fn assert_that_it_does_not_parse(&self, role: &str, repository: &Files) {
        let name = |path: &str| path.strip_suffix(".json").unwrap().rsplit('.').next().unwrap() == role;
        let files = repository.iter().filter(|(path, _)| name(path)).map(|(_, content)| content.bytes());
        let mut files = files.chain((role == "root").then(|| self.root.clone()));
        assert!(files.any(|bytes| match role {
            "root" => Unverified::<Root>::parse(&bytes).is_err(),
            "timestamp" => Unverified::<Timestamp>::parse(&bytes).is_err(),
            "snapshot" => Unverified::<Snapshot>::parse(&bytes).is_err(),
            _ => Unverified::<Targets>::parse(&bytes).is_err(),
        }));
    }
}

/// What the file says, once it was accepted.
fn version<R: Role>(bytes: &[u8]) -> u64 {
    let file: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    assert_eq!(file["signed"]["_type"], R::KIND.as_str());
    file["signed"]["version"].as_u64().unwrap()
}

/// Nothing, or no more than is wanted.
fn fetch(repository: &Files, wanted: &Wanted) -> Result<Vec<u8>, ()> {
    let bytes = repository.get(&wanted.path).ok_or(())?.bytes();
    Ok(bytes)
}

fn missing(role: &'static str) -> impl Fn(()) -> Stopped {
    move |()| Stopped { stage: role, role: role.to_owned(), error: "Missing".to_owned() }
}

fn missing_delegated(role: &str) -> impl Fn(()) -> Stopped {
    move |()| Stopped { stage: "delegated", role: role.to_owned(), error: "Missing".to_owned() }
}

fn at(stage: &'static str) -> impl Fn(Error) -> Stopped {
    move |Error { role, fault }| {
        let of_the_text = matches!(fault, Fault::Json(_) | Fault::Format(_) | Fault::Kind { .. } | Fault::SignedTwice(_));
        let stage = if of_the_text { "parse" } else { stage };
        Stopped { stage, role: role.as_str().to_owned(), error: code(&fault).to_owned() }
    }
}

fn no_path(path: &str, error: &ParseTargetPathError) -> Stopped {
    let error = match error {
        ParseTargetPathError::TooLong { .. } => "TargetPath.TooLong",
        ParseTargetPathError::Segment(_) => "TargetPath.Segment",
        ParseTargetPathError::Character(_) => "TargetPath.Character",
    };
    Stopped { stage: "lookup", role: path.to_owned(), error: error.to_owned() }
}

fn code(fault: &Fault) -> &'static str {
    match fault {
        Fault::Json(JsonError::NotUtf8 { .. }) => "Json.NotUtf8",
        Fault::Json(JsonError::Unexpected { .. }) => "Json.Unexpected",
        Fault::Json(JsonError::LoneSurrogate { .. }) => "Json.LoneSurrogate",
        Fault::Json(JsonError::NotAnInteger { .. }) => "Json.NotAnInteger",
        Fault::Json(JsonError::NegativeZero { .. }) => "Json.NegativeZero",
        Fault::Json(JsonError::IntegerRange { .. }) => "Json.IntegerRange",
        Fault::Json(JsonError::DuplicateName { .. }) => "Json.DuplicateName",
        Fault::Json(JsonError::TooDeep { .. }) => "Json.TooDeep",
        Fault::Format(_) => "Format",
        Fault::Kind { .. } => "Kind",
        Fault::SignedTwice(_) => "SignedTwice",
        Fault::SameKey { .. } => "SameKey",
        Fault::Threshold { .. } => "Threshold",
        Fault::Version { .. } => "Version",
        Fault::Rollback { .. } => "Rollback",
        Fault::ListedRollback { .. } => "ListedRollback",
        Fault::Unlisted(_) => "Unlisted",
        Fault::NotListed => "NotListed",
        Fault::Mismatch(Mismatch::Length { .. }) => "Mismatch.Length",
        Fault::Mismatch(Mismatch::Digest { .. }) => "Mismatch.Digest",
        Fault::Mismatch(Mismatch::NoKnownAlgorithm) => "Mismatch.NoKnownAlgorithm",
        Fault::Expired { .. } => "Expired",
        Fault::LastVersion(_) => "LastVersion",
    }
}
