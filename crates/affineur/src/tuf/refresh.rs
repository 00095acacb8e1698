//! `affineur tuf refresh`.

use std::io::{self, Write};
use std::process::ExitCode;

use affineur_tuf::{Expiry, ReferenceTime, Role, RoleLabel, TopRole, Version, View};
use affineur_tuf_client::inspect::Inspection;
use serde_json::{Value, json};

use super::arguments::RefreshOptions;
use super::failures;
use super::session::Session;
use super::words::{count, expiry, minute, print_json};
use crate::colours::{BOLD, DIM, GREEN, PLAIN, YELLOW};
use crate::failure::Failure;

/// What a refresh did to one role.
struct Change {
    role: TopRole,
    before: Option<Version>,
    version: Version,
    expires: Expiry,
}

pub(super) async fn refresh(options: &RefreshOptions, now: ReferenceTime) -> Result<ExitCode, Failure> {
    let session = Session::open(&options.folder, &options.places, now)?;
    let view = session.refresh().await?;
    let changes = changes(&session.before, &view, now)?;
    if options.json {
        let roles: Vec<Value> = changes.iter().map(Change::json).collect();
        print_json(&json!({
            "folder": options.folder.display().to_string(), "as_of": now.to_string(), "roles": roles,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = anstream::stdout();
    let changed = changes.iter().filter(|change| change.before != Some(change.version)).count();
    let what = if changed == 0 { "nothing changed".to_owned() } else { format!("{} changed", count(changed, "role")) };
    let _ = writeln!(out, "{BOLD}affineur:{PLAIN} {} is up to date as of {}: {what}", options.folder.display(), minute(now));
    for change in &changes {
        let _ = change.print(&mut out, now);
    }
    Ok(ExitCode::SUCCESS)
}

fn changes(before: &Inspection, view: &View, now: ReferenceTime) -> Result<[Change; 4], Failure> {
    let targets = view.live(now).map_err(|error| failures::metadata(&error))?.targets();
    let version = |role: TopRole| match role {
        TopRole::Root => Some(before.root.version()),
        TopRole::Timestamp => before.timestamp.verified().map(Role::version),
        TopRole::Snapshot => before.snapshot.verified().map(Role::version),
        TopRole::Targets => before.targets.verified().map(Role::version),
    };
    fn change<R: Role>(before: Option<Version>, body: &R) -> Change {
        Change { role: R::KIND, before, version: body.version(), expires: body.expires() }
    }
    Ok([
        change(version(TopRole::Root), view.root()),
        change(version(TopRole::Timestamp), view.timestamp()),
        change(version(TopRole::Snapshot), view.snapshot()),
        change(version(TopRole::Targets), targets),
    ])
}

impl Change {
    fn print(&self, out: &mut impl Write, now: ReferenceTime) -> io::Result<()> {
        let (colour, versions) = match self.before {
            None => (GREEN, format!("version {} (new)", self.version)),
            Some(before) if before == self.version => (DIM, format!("version {}", self.version)),
            // Only after timestamp or snapshot were given other keys.
            Some(before) if before > self.version => {
                (YELLOW, format!("version {before} -> {}, as its keys are new", self.version))
            }
            Some(before) => (GREEN, format!("version {before} -> {}", self.version)),
        };
        let expires = expiry(&RoleLabel::Top(self.role), self.expires, now);
        writeln!(out, "  {:9}  {colour}{versions:20}{PLAIN}  {expires}", self.role.as_str())
    }

    fn json(&self) -> Value {
        json!({
            "role": self.role.as_str(),
            "before": self.before.map(Version::number),
            "version": self.version.number(),
            "expires": self.expires.to_string(),
        })
    }
}
