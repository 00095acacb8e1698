//! `affineur tuf inspect`.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::Path;
use std::process::ExitCode;

use affineur_tuf::{Lookup, ReferenceTime, Role, RoleLabel, TargetPath, TopRole, limits};
use affineur_tuf_client::inspect::{Body, Document, Inspection, Route, RouteEnd, State};
use affineur_tuf_client::local::LocalCopy;
use affineur_tuf_client::{Addresses, AddressesError};
use serde_json::{Value, json};

use super::arguments::InspectOptions;
use super::describe;
use super::words::{expiry, harmless, keys, print_json, size, step, step_json};
use crate::colours::{BOLD, DIM, GREEN, PLAIN, RED, YELLOW};
use crate::failure::Failure;

pub(super) fn inspect(options: &InspectOptions, now: ReferenceTime) -> Result<ExitCode, Failure> {
    if options.what.exists() && !options.what.is_dir() {
        return match options.path {
            None => file(options, now),
            Some(_) => Err(Failure::usage("a path is looked up in a local copy, not in a file", "name the copy's folder")),
        };
    }
    let local = LocalCopy::open(&options.what)?;
    let mut inspection = Inspection::of(&local)?;
    let addresses = Addresses::read(&options.what);
    match (&options.path, options.json) {
        (None, false) => {
            let _ = copy(&mut anstream::stdout(), &local, &inspection, addresses.as_ref(), now);
        }
        (None, true) => print_json(&copy_json(&local, &inspection, addresses.ok().flatten().as_ref())),
        (Some(path), json) => {
            let route = inspection.route(&local, path).ok_or_else(incomplete)?;
            if json {
                print_json(&route_json(path, &route));
            } else {
                let _ = print_route(&mut anstream::stdout(), path, &route);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn incomplete() -> Failure {
    Failure::cannot_tell("the local copy has not all of the top-level roles", "`affineur tuf refresh` fetches them")
}

/// Reads a file that the user named.
pub(super) fn read(file: &Path, at_most: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|open| open.take(at_most.saturating_add(1)).read_to_end(&mut bytes));
    let cause = match read {
        Err(problem) => problem.to_string(),
        Ok(length) if u64::try_from(length).is_ok_and(|length| length <= at_most) => return Ok(bytes),
        Ok(_) => format!("it has more than {}", size(at_most)),
    };
    Err(Failure::usage(format!("{}: {cause}", file.display()), "name a metadata file"))
}

fn file(options: &InspectOptions, now: ReferenceTime) -> Result<ExitCode, Failure> {
    let bytes = read(&options.what, limits::TARGETS_BYTES)?;
    let document = Document::parse(&bytes).map_err(|fault| {
        let cause = format!("{}: {}", options.what.display(), harmless(&fault.to_string()));
        Failure::usage(cause, "name a metadata file of a TUF repository")
    })?;
    if options.json {
        let signers: Vec<&str> = document.claimed_signers.iter().map(affineur_tuf::key::KeyId::as_str).collect();
        let (kind, says) = match &document.body {
            Body::Root(root) => (TopRole::Root, describe::root_json(root)),
            Body::Timestamp(timestamp) => (TopRole::Timestamp, json!({ "snapshot": timestamp.snapshot().version().number() })),
            Body::Snapshot(snapshot) => (TopRole::Snapshot, json!({ "roles": snapshot.roles().count() })),
            Body::Targets(targets) => (TopRole::Targets, describe::targets_json(targets)),
        };
        print_json(&json!({
            "file": options.what.display().to_string(), "verified": false, "type": kind.as_str(),
            "version": document.version().number(), "expires": document.expires().to_string(),
            "claimed_signers": signers, "says": says,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    let _ = print_file(&mut anstream::stdout(), &options.what, &document, now);
    Ok(ExitCode::SUCCESS)
}

fn print_file(out: &mut impl Write, file: &Path, document: &Document, now: ReferenceTime) -> io::Result<()> {
    writeln!(out, "{BOLD}affineur:{PLAIN} {}: {RED}not verified{PLAIN}, anybody may have written this", file.display())?;
    let (version, expires) = (document.version(), document.expires());
    let line = |role: TopRole| format!("  {:9}  version {version}, {}", role.as_str(), expiry(&role.into(), expires, now));
    match &document.body {
        Body::Root(root) => describe::root(out, root, now)?,
        Body::Timestamp(timestamp) => {
            writeln!(out, "{}", line(TopRole::Timestamp))?;
            writeln!(out, "             lists version {} of the snapshot", timestamp.snapshot().version())?;
        }
        Body::Snapshot(snapshot) => {
            writeln!(out, "{}", line(TopRole::Snapshot))?;
            describe::snapshot(out, snapshot)?;
        }
        Body::Targets(targets) => {
            writeln!(out, "{}", line(TopRole::Targets))?;
            describe::targets(out, targets)?;
        }
    }
    writeln!(out, "  signatures that are there, of whatever worth:")?;
    document.claimed_signers.iter().try_for_each(|id| writeln!(out, "             {DIM}{}{PLAIN}", harmless(&id.to_string())))
}

fn copy(
    out: &mut impl Write,
    local: &LocalCopy,
    inspection: &Inspection,
    addresses: Result<&Option<Addresses>, &AddressesError>,
    now: ReferenceTime,
) -> io::Result<()> {
    writeln!(out, "{BOLD}affineur:{PLAIN} local copy {}", local.folder().display())?;
    match addresses {
        Ok(Some(addresses)) => describe::addresses(out, addresses)?,
        Ok(None) => writeln!(out, "  {DIM}no URL is remembered{PLAIN}")?,
        Err(error) => writeln!(out, "  {YELLOW}{}{PLAIN}", harmless(&error.to_string()))?,
    }
    describe::root(out, &inspection.root, now)?;
    writeln!(out, "  verified with it")?;
    state(out, TopRole::Timestamp, &inspection.timestamp, now)?;
    state(out, TopRole::Snapshot, &inspection.snapshot, now)?;
    if let Some(snapshot) = inspection.snapshot.verified() {
        describe::snapshot(out, snapshot)?;
    }
    state(out, TopRole::Targets, &inspection.targets, now)?;
    inspection.targets.verified().map_or(Ok(()), |targets| describe::targets(out, targets))
}

fn state<R: Role>(out: &mut impl Write, role: TopRole, state: &State<R>, now: ReferenceTime) -> io::Result<()> {
    let name = role.as_str();
    match state {
        State::Verified(body) => {
            writeln!(out, "  {name:9}  version {}, {}", body.version(), expiry(&role.into(), body.expires(), now))
        }
        State::Absent => writeln!(out, "  {name:9}  {DIM}not there yet{PLAIN}"),
        State::Unchecked => writeln!(out, "  {name:9}  {DIM}there, but what it depends on is not{PLAIN}"),
        State::Unusable(error) => {
            writeln!(out, "  {name:9}  {YELLOW}of no use, a refresh replaces it: {}{PLAIN}", harmless(&error.fault.to_string()))
        }
    }
}

fn copy_json(local: &LocalCopy, inspection: &Inspection, addresses: Option<&Addresses>) -> Value {
    json!({
        "folder": local.folder().display().to_string(),
        "metadata_url": addresses.map(|addresses| addresses.metadata().as_str()),
        "targets_url": addresses.map(|addresses| addresses.targets().as_str()),
        "root": describe::root_json(&inspection.root),
        "timestamp": state_json(&inspection.timestamp, |_| json!({})),
        "snapshot": state_json(&inspection.snapshot, |snapshot| json!({ "roles": snapshot.roles().count() })),
        "targets": state_json(&inspection.targets, describe::targets_json),
    })
}

fn state_json<R: Role>(state: &State<R>, says: impl FnOnce(&R) -> Value) -> Value {
    match state {
        State::Verified(body) => json!({
            "state": "verified", "version": body.version().number(), "expires": body.expires().to_string(), "says": says(body),
        }),
        State::Absent => json!({ "state": "absent" }),
        State::Unchecked => json!({ "state": "unchecked" }),
        State::Unusable(error) => json!({ "state": "unusable", "why": error.to_string() }),
    }
}

fn print_route(out: &mut impl Write, path: &TargetPath, route: &Route) -> io::Result<()> {
    writeln!(out, "{BOLD}affineur:{PLAIN} {} is looked up in", harmless(path.as_str()))?;
    let last = route.visited.len();
    for (at, visited) in route.visited.iter().enumerate() {
        let found = at + 1 == last && matches!(route.end, RouteEnd::Told(Lookup::Found(_)));
        let says = if found { format!("{GREEN}has it{PLAIN}") } else { format!("{DIM}says nothing{PLAIN}") };
        writeln!(out, "  {}. {}: {says}", at + 1, step(visited))?;
    }
    match &route.end {
        RouteEnd::NotKept(next) => {
            let signed = keys(next.threshold, next.keyids.len());
            let role = harmless(&next.role.to_string());
            writeln!(out, "  {}. {role} {} ({signed}): {YELLOW}not in the local copy{PLAIN}", last + 1, next.version)?;
            writeln!(out, "  {DIM}what comes after it is not known before it is fetched{PLAIN}")
        }
        RouteEnd::Broken(error) => writeln!(out, "  {RED}{}{PLAIN}", harmless(&error.to_string())),
        RouteEnd::Told(Lookup::Absent) => writeln!(out, "  {YELLOW}no role lists it{PLAIN}, as far as this local copy goes"),
        RouteEnd::Told(Lookup::GaveUp { visited }) => {
            writeln!(out, "  {YELLOW}gave up after {visited} roles{PLAIN}: whether there is such a target is not known")
        }
        RouteEnd::Told(Lookup::Found(found)) => {
            writeln!(out, "  {}", size(found.target.length()))?;
            let mut hashes = found.target.hashes().iter();
            hashes.try_for_each(|(algorithm, digest)| writeln!(out, "  {} {}", harmless(algorithm), harmless(digest)))
        }
    }
}

fn route_json(path: &TargetPath, route: &Route) -> Value {
    let visited: Vec<Value> = route.visited.iter().map(step_json).collect();
    let end = match &route.end {
        RouteEnd::NotKept(next) => json!({ "outcome": "not-kept", "next": step_json(next) }),
        RouteEnd::Broken(error) => json!({ "outcome": "broken", "why": error.to_string() }),
        RouteEnd::Told(Lookup::Absent) => json!({ "outcome": "absent" }),
        RouteEnd::Told(Lookup::GaveUp { visited }) => json!({ "outcome": "gave-up", "roles": visited }),
        RouteEnd::Told(Lookup::Found(found)) => json!({
            "outcome": "found", "length": found.target.length(), "hashes": found.target.hashes(),
            "role": RoleLabel::as_str(&found.chain.steps().last().map_or(TopRole::Targets.into(), |step| step.role.clone())),
        }),
    };
    json!({ "path": path.as_str(), "visited": visited, "end": end })
}
