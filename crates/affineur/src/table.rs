//! The closing table of a run: what was let through and why, what was withheld and why, and what else a person should see.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use affineur_gateway::engine::{FileRecord, Note, Outcome, Summary};
use affineur_packaging::{ProjectName, Version};
use affineur_trust::Class;
use serde::Serialize;

use crate::colours::{BOLD, DIM, GREEN, PLAIN, RED, YELLOW};

/// Most withheld releases of one project that are shown because they are newer.
const NEWER: usize = 3;
/// Most chains of roles that are shown: an index with hash bins has nearly one for each project.
const CHAINS: usize = 3;
/// Most projects that are named on one line.
const NAMED: usize = 12;

/// One release of one project, with the file that stands for it.
struct Release<'a> {
    file: &'a FileRecord,
    /// Another version that was let through, where this one is withheld and newer.
    instead_of: Option<&'a Version>,
}

/// Everything on a line of `--report` and `--json`.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Line<'a> {
    File(&'a FileRecord),
    Note {
        #[serde(flatten)]
        note: &'a Note,
    },
    Summary {
        let_through: usize,
        withheld: usize,
        pages: u64,
        not_kept: u64,
    },
}

/// Writes everything that was decided as JSON lines.
pub(crate) fn write_json(summary: &Summary, mut out: impl Write) -> io::Result<()> {
    let mut line = |line: &Line<'_>| {
        serde_json::to_writer(&mut out, line)?;
        out.write_all(b"\n")
    };
    summary.files.iter().try_for_each(|file| line(&Line::File(file)))?;
    summary.notes.iter().try_for_each(|note| line(&Line::Note { note }))?;
    let count = |outcome| summary.files.iter().filter(|file| file.outcome == outcome).count();
    line(&Line::Summary {
        let_through: count(Outcome::LetThrough),
        withheld: count(Outcome::Withheld),
        pages: summary.pages,
        not_kept: summary.dropped,
    })?;
    out.flush()
}

/// Prints the table.
pub(crate) fn print(summary: &Summary, mut out: impl Write) -> io::Result<()> {
    let through = let_through(summary);
    let withheld = withheld(summary, &through);
    let width = through
        .values()
        .flat_map(BTreeMap::values)
        .copied()
        .chain(withheld.iter().map(|release| release.file))
        .map(|file| label(file).len())
        .max()
        .unwrap_or(0);
    writeln!(out, "{BOLD}affineur:{PLAIN} {}", headline(summary, &through, &withheld))?;
    for file in through.values().flat_map(BTreeMap::values) {
        let (sign, colour) = if file.outcome == Outcome::Observed { ("~", YELLOW) } else { ("+", GREEN) };
        writeln!(out, "  {colour}{sign}{PLAIN} {:width$}  {DIM}{}{PLAIN}", label(file), why(file))?;
    }
    for release in &withheld {
        let colour = if release.file.class == Some(Class::Hostile) { RED } else { YELLOW };
        let newer =
            release.instead_of.map(|version| format!(" (newer than {version}, which was let through)")).unwrap_or_default();
        writeln!(out, "  {colour}-{PLAIN} {:width$}  {}{newer}", label(release.file), why(release.file))?;
    }
    vouches(&through, &mut out)?;
    quiet_projects(summary, &through, &withheld, &mut out)?;
    undated(summary, &mut out)?;
    summary.notes.iter().try_for_each(|note| print_note(note, &mut out))?;
    if let Some(release) = withheld.first() {
        writeln!(out, "  {DIM}more: affineur why '{}=={}'{PLAIN}", release.file.project, release.file.version)?;
    }
    out.flush()
}

/// Whether there is anything that must be printed even where the user asked for quiet.
pub(crate) fn is_loud(summary: &Summary) -> bool {
    !summary.decided_anything()
        || summary.files.iter().any(|file| file.requested && file.outcome != Outcome::LetThrough)
        || summary.notes.iter().any(|note| !matches!(note, Note::Passed { .. } | Note::Tunnel { .. }))
        || !withheld(summary, &let_through(summary)).is_empty()
}

type Through<'a> = BTreeMap<&'a ProjectName, BTreeMap<&'a Version, &'a FileRecord>>;

/// What went to the installer: one file for each release.
fn let_through(summary: &Summary) -> Through<'_> {
    let mut through: Through<'_> = BTreeMap::new();
    for file in summary.files.iter().filter(|file| file.requested && file.outcome != Outcome::Withheld) {
        through.entry(&file.project).or_default().insert(&file.version, file);
    }
    through
}

/// What a person should know of: what was asked for and withheld, what is hostile, and the newest releases that were withheld,
/// where they are newer than what was let through, or nothing of the project was let through.
fn withheld<'a>(summary: &'a Summary, through: &Through<'a>) -> Vec<Release<'a>> {
    let mut releases: BTreeMap<(&ProjectName, &Version), Release<'a>> = BTreeMap::new();
    let mut newest: BTreeMap<&ProjectName, BTreeMap<&Version, &FileRecord>> = BTreeMap::new();
    for file in summary.files.iter().filter(|file| file.outcome == Outcome::Withheld) {
        if file.requested || file.class == Some(Class::Hostile) {
            releases.insert((&file.project, &file.version), Release { file, instead_of: None });
        }
        if !file.codes.contains(&"age-not-asked") {
            newest.entry(&file.project).or_default().insert(&file.version, file);
        }
    }
    for (project, versions) in newest {
        let installed = through.get(project).and_then(|versions| versions.keys().next_back().copied());
        let newer =
            versions.into_iter().rev().take_while(|(version, _)| installed.is_none_or(|installed| *version > installed));
        for (version, file) in newer.take(NEWER) {
            releases.entry((project, version)).or_insert(Release { file, instead_of: None }).instead_of = installed;
        }
    }
    releases.into_values().collect()
}

fn headline(summary: &Summary, through: &Through<'_>, withheld: &[Release<'_>]) -> String {
    let unheard = |note: &Note| {
        matches!(note, Note::Unauthorized { .. } | Note::Unavailable { .. } | Note::Refused { .. } | Note::Alarm { .. })
    };
    if !summary.decided_anything() && !summary.notes.iter().any(unheard) {
        return "nothing passed through affineur (what the command used was there already, or went another way)".to_owned();
    }
    let releases = through.values().map(BTreeMap::len).sum::<usize>();
    let hostile = withheld.iter().filter(|release| release.file.class == Some(Class::Hostile)).count();
    let mut text = format!("{releases} let through, {} withheld", withheld.len());
    let despite = through.values().flat_map(BTreeMap::values).filter(|file| file.outcome == Outcome::Observed).count();
    if despite > 0 {
        text += &format!(", {YELLOW}{despite} only by the policy's mode{PLAIN}");
    }
    if hostile > 0 {
        text += &format!(", {RED}{hostile} hostile{PLAIN}");
    }
    text
}

/// Who vouches for what was let through: the chains of roles, each once.
fn vouches(through: &Through<'_>, out: &mut impl Write) -> io::Result<()> {
    let files = through.values().flat_map(BTreeMap::values);
    let reasons = files.flat_map(|file| file.codes.iter().zip(&file.reasons));
    let chains: BTreeSet<&String> = reasons.filter(|(code, _)| **code == "vouched").map(|(_, reason)| reason).collect();
    for chain in chains.iter().take(CHAINS) {
        writeln!(out, "  {DIM}{}{PLAIN}", chain.replace(" -> ", " \u{2192} "))?;
    }
    match chains.len().saturating_sub(CHAINS) {
        0 => Ok(()),
        more => writeln!(out, "  {DIM}and {more} more chains of roles: affineur why NAME shows each{PLAIN}"),
    }
}

/// Projects whose page was decided and of which no file was asked for: the installer had it, or went no further.
fn quiet_projects(summary: &Summary, through: &Through<'_>, withheld: &[Release<'_>], out: &mut impl Write) -> io::Result<()> {
    let shown = |project: &ProjectName| {
        through.contains_key(project) || withheld.iter().any(|release| release.file.project == *project)
    };
    let mut quiet: Vec<&ProjectName> =
        summary.files.iter().map(|file| &file.project).filter(|project| !shown(project)).collect();
    quiet.dedup();
    if quiet.is_empty() {
        return Ok(());
    }
    let named: Vec<&str> = quiet.iter().take(NAMED).map(|project| project.as_str()).collect();
    let more = if quiet.len() > NAMED { format!(" and {} more", quiet.len() - NAMED) } else { String::new() };
    writeln!(out, "  {DIM}. decided, and no file was fetched: {}{more}{PLAIN}", named.join(", "))
}

/// One loud line for all projects of whose age nothing is known.
fn undated(summary: &Summary, out: &mut impl Write) -> io::Result<()> {
    let projects: Vec<&str> = summary
        .notes
        .iter()
        .filter_map(|note| match note {
            Note::NothingKnown { project } => Some(project.as_str()),
            _ => None,
        })
        .collect();
    if projects.is_empty() {
        return Ok(());
    }
    let who = if projects.len() > NAMED { format!("{} projects", projects.len()) } else { projects.join(", ") };
    writeln!(out, "  {RED}! NOBODY KNOWS HOW OLD THESE FILES ARE: {who}{PLAIN}")?;
    writeln!(
        out,
        "    {DIM}the index says no time; a policy would have withheld them until they were known for long enough{PLAIN}"
    )
}

fn print_note(note: &Note, out: &mut impl Write) -> io::Result<()> {
    match note {
        Note::Passed { host } => writeln!(out, "  {DIM}. passed, not decided: host {host}{PLAIN}"),
        Note::Refused { what, why } => writeln!(out, "  {YELLOW}!{PLAIN} refused: {what}: {why}"),
        Note::Undecided { what } => {
            writeln!(out, "  {YELLOW}!{PLAIN} passed, not decided: {what}: no index that was asked lists it")
        }
        Note::Local { path, verdict } => writeln!(out, "  {YELLOW}!{PLAIN} local: {path}: {verdict}"),
        Note::Detour { what } => writeln!(out, "  {YELLOW}!{PLAIN} goes around affineur: {what}"),
        Note::Tunnel { host } => writeln!(out, "  {DIM}. tunnel, not decided: {host}{PLAIN}"),
        Note::Unauthorized { what, status } => {
            writeln!(out, "  {YELLOW}!{PLAIN} {what}: the index wants credentials, or other ones ({status})")
        }
        Note::RejectedCertificate { host } => {
            writeln!(
                out,
                "  {YELLOW}!{PLAIN} a program did not accept affineur's certificate for {host}; if it has to reach it: --tunnel {host}"
            )
        }
        Note::Unavailable { source, project, why } => {
            writeln!(out, "  {YELLOW}!{PLAIN} {project}: no answer from {source}: {why}")
        }
        Note::Unattested { source, project, what } => {
            writeln!(out, "  {YELLOW}!{PLAIN} {project} from {source}: {what}")
        }
        Note::Alarm { source, project, what } => writeln!(out, "  {RED}ALARM{PLAIN} {project} from {source}: {what}"),
        Note::Quiet { party, since, stale } => writeln!(
            out,
            "  {YELLOW}!{PLAIN} nothing new came from {party} since {since:.0}; from {stale:.0} on it no longer counts"
        ),
        Note::NothingKnown { .. } => Ok(()), // told in one line for all of them
    }
}

fn label(file: &FileRecord) -> String {
    format!("{} {}", file.project, file.version)
}

fn why(file: &FileRecord) -> &str {
    file.reasons.first().map_or("", String::as_str)
}
