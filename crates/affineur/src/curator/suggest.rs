//! `affineur curator suggest`: what to audit next, cheapest first.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use affineur_packaging::lock::{Lock, LockedRelease};
use affineur_packaging::{FileName, Sha256};
use affineur_signer::curator::{AuditedFile, Curator, length_and_digest};
use jiff::Timestamp;
use serde::Serialize;

use super::difference::{between, lines_of};
use super::suggest_arguments::SuggestOptions;
use crate::colours::{BOLD, DIM, GREEN, PLAIN, YELLOW};
use crate::failure::Failure;
use crate::lock_file::{read_lock, write_elsewhere};

/// Most audited files that one file is compared with: those whose versions are next to it.
const BASES: usize = 8;
/// Most files of the folder that are looked at.
const FILES: usize = 100_000;

/// A distribution in the folder.
struct Dist {
    path: PathBuf,
    name: FileName,
    sha256: Sha256,
}

/// What to do for one file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "audit")]
enum Advice {
    /// Only what is different from a file that is audited.
    Difference {
        /// That file.
        from: String,
        /// How much of it.
        lines: u64,
        /// How much the whole file would be.
        whole: u64,
    },
    /// All of it.
    Whole {
        /// How much of it.
        lines: u64,
    },
    /// It cannot be said.
    Unknown {
        /// Why.
        because: String,
    },
}

#[derive(Debug, Serialize)]
struct Suggestion {
    file: String,
    sha256: Option<Sha256>,
    #[serde(flatten)]
    advice: Advice,
}

#[derive(Serialize)]
struct Report<'a> {
    suggestions: &'a [Suggestion],
    audited: usize,
    elsewhere: &'a [affineur_packaging::lock::Elsewhere],
}

pub(super) fn suggest(options: &SuggestOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    let lock = read_lock(&options.requirements)?;
    let audited = Curator::open(&options.dir)?.audited(options.criteria.into(), now)?;
    let dists = dists(&options.dists, &lock)?;
    let mut suggestions = Vec::new();
    let mut done = 0;
    for release in &lock.releases {
        let (audited_of_release, advised) = advise(release, &dists, &audited);
        done += audited_of_release;
        suggestions.extend(advised);
    }
    suggestions.sort_by_key(|suggestion| (suggestion.advice.lines().unwrap_or(u64::MAX), suggestion.file.clone()));
    let _ = print(options, &lock, &suggestions, done); // whoever closes the pipe has read enough
    Ok(ExitCode::SUCCESS)
}

/// The distributions in a folder that are of a project of the lock.
fn dists(folder: &Path, lock: &Lock) -> Result<Vec<Dist>, Failure> {
    let unreadable = |problem: io::Error| {
        let hint = "name the folder to which you downloaded the files: affineur run -- pip download -r … -d FOLDER";
        Failure::usage(format!("{}: {problem}", folder.display()), hint)
    };
    let projects: BTreeSet<_> = lock.releases.iter().map(|release| &release.project).collect();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)?.take(FILES) {
        let path = entry.map_err(unreadable)?.path();
        let text = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let name = text.parse::<FileName>().ok().filter(|name| projects.contains(name.project()) && path.is_file());
        let Some(name) = name else { continue };
        let measured = std::fs::File::open(&path).and_then(|mut file| length_and_digest(&mut file));
        let (_, sha256) = measured.map_err(unreadable)?;
        found.push(Dist { path, name, sha256 });
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

/// How many files of a release are audited, and what to do about the others.
fn advise(release: &LockedRelease, dists: &[Dist], audited: &BTreeSet<AuditedFile>) -> (usize, Vec<Suggestion>) {
    let is_audited = |dist: &Dist| audited.contains(&AuditedFile { name: dist.name.to_string(), sha256: dist.sha256 });
    let here: Vec<&Dist> = dists.iter().filter(|dist| release.means(&dist.name, Some(dist.sha256))).collect();
    if here.is_empty() {
        let because = "no file of it is in the folder".to_owned();
        let file = format!("{} {}", release.project, release.version);
        return (0, vec![Suggestion { file, sha256: None, advice: Advice::Unknown { because } }]);
    }
    let bases: Vec<&Dist> = dists.iter().filter(|dist| dist.name.project() == &release.project && is_audited(dist)).collect();
    let (done, open): (Vec<&Dist>, Vec<&Dist>) = here.into_iter().partition(|dist| is_audited(dist));
    let suggestion = |dist: &Dist| {
        let locked = release.files.iter().find(|file| file.name == dist.name).and_then(|file| file.sha256);
        let advice = match locked.filter(|locked| *locked != dist.sha256) {
            Some(_) => Advice::Unknown { because: "the file in the folder has another digest than the lock".to_owned() },
            None => cheapest(dist, &bases),
        };
        Suggestion { file: dist.name.to_string(), sha256: Some(dist.sha256), advice }
    };
    (done.len(), open.into_iter().map(suggestion).collect())
}

/// The least that has to be read of a file.
fn cheapest(dist: &Dist, bases: &[&Dist]) -> Advice {
    let whole = match lines_of(&dist.path, &dist.name) {
        Ok(lines) => lines,
        Err(failure) => return Advice::Unknown { because: failure.cause().to_owned() },
    };
    let project = Some(dist.name.project());
    let lines = |base: &Dist| between(&base.path, &dist.path, project).ok().map(|found| found.lines());
    let costs = nearest(dist, bases).into_iter().filter_map(|base| Some((lines(base)?, base.name.to_string())));
    match costs.min().filter(|(lines, _)| *lines < whole) {
        Some((lines, from)) => Advice::Difference { from, lines, whole },
        None => Advice::Whole { lines: whole },
    }
}

/// Of the same kind first, then those with the versions next to it, older ones first.
fn nearest<'a>(dist: &Dist, bases: &[&'a Dist]) -> Vec<&'a Dist> {
    let mut versions: Vec<_> = bases.iter().map(|base| base.name.version()).chain([dist.name.version()]).collect();
    versions.sort();
    versions.dedup();
    let place = |dist: &Dist| versions.iter().position(|version| *version == dist.name.version()).unwrap_or_default();
    let own = place(dist);
    let mut bases = bases.to_vec();
    bases.sort_by_key(|base| (base.name.kind() != dist.name.kind(), place(base).abs_diff(own), place(base) > own));
    bases.truncate(BASES);
    bases
}

impl Advice {
    const fn lines(&self) -> Option<u64> {
        match self {
            Self::Difference { lines, .. } | Self::Whole { lines } => Some(*lines),
            Self::Unknown { .. } => None,
        }
    }
}

fn print(options: &SuggestOptions, lock: &Lock, suggestions: &[Suggestion], audited: usize) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    if options.json {
        let report = Report { suggestions, audited, elsewhere: &lock.elsewhere };
        serde_json::to_writer(&mut out, &report)?;
        return writeln!(out);
    }
    for Suggestion { file, advice, .. } in suggestions {
        match advice {
            Advice::Difference { from, lines, whole } => {
                writeln!(
                    out,
                    "{lines:>9} lines  {BOLD}{file}{PLAIN}  {GREEN}as different from {from}{PLAIN} {DIM}({whole} in all){PLAIN}"
                )?;
            }
            Advice::Whole { lines } => writeln!(out, "{lines:>9} lines  {BOLD}{file}{PLAIN}  all of it")?,
            Advice::Unknown { because } => writeln!(out, "        ?        {BOLD}{file}{PLAIN}  {YELLOW}{because}{PLAIN}")?,
        }
    }
    let lines: u64 = suggestions.iter().filter_map(|suggestion| suggestion.advice.lines()).sum();
    writeln!(out, "{audited} audited, {} not: {lines} lines to read", suggestions.len())?;
    write_elsewhere(lock, &mut out)
}
