//! `affineur curator vote` and `audit`: what people sign on machines of their own.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use affineur_packaging::{FileName, ProjectName};
use affineur_signer::curator::{Curator, length_and_digest, sign_statement};
use affineur_signer::keys::KeyName;
use affineur_trust::FileFact;
use affineur_trust::curator::{Audit, Ballot, Base, CuratorId, Vote};
use affineur_tuf::edit::SharedSigner;
use anstream::println;
use jiff::{SignedDuration, Timestamp};

use super::arguments::Opening;
use super::difference::show;
use super::publish::key_name;
use super::statement_arguments::{AuditOptions, CriteriaName, VoteOptions, WhichCurator};
use super::until::Until;
use crate::failure::Failure;
use crate::index::key_files::write_new;
use crate::key::folder;
use crate::secrets::User;

pub(super) fn vote(options: &VoteOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    let file = fact_of(&options.file, options.project.as_ref())?;
    let vote = match (options.against, options.withdraw) {
        (true, _) => Vote::Against,
        (false, true) => Vote::Withdrawn,
        (false, false) => Vote::For,
    };
    let (curator, known) = which(&options.curator, &file, now)?;
    let expires = now.checked_add(SignedDuration::from_hours(24 * i64::from(options.days))).unwrap_or(now);
    let ballot = Ballot::of(curator, &file, vote, serial(known), (now, expires));
    let ballot = ballot.ok_or_else(|| Failure::bug("the file's bytes are not known"))?;
    let key = key_name(&options.signer)?;
    let out = out(options.out.as_ref(), &file, &key, "ballot");
    let signer = open(&options.opening, &key)?;
    write_new(&out, &sign_statement(&ballot, &*signer)?)?;
    println!("{}: {key} votes {} {}", out.display(), words(vote), file.name);
    println!("  sha256 {}, until {expires}", ballot.sha256);
    println!("send it to the curator: affineur curator tally DIR {}", out.display());
    Ok(ExitCode::SUCCESS)
}

const fn words(vote: Vote) -> &'static str {
    match vote {
        Vote::For => "for",
        Vote::Against => "against",
        Vote::Withdrawn => "no longer about",
    }
}

/// For which curator, and the highest serial that it knows of about this file.
fn which(options: &WhichCurator, file: &FileFact, now: Timestamp) -> Result<(CuratorId, u64), Failure> {
    if let Some(curator) = options.curator {
        return Ok((curator, 0));
    }
    let none = || Failure::usage("no curator is named", "name it with --curator or --repository");
    let curator = Curator::open(options.repository.as_deref().ok_or_else(none)?)?;
    curator.must_be_authentic(now)?;
    Ok((curator.people()?.curator(), curator.highest_serial(&file.name)?))
}

/// A serial that is higher than those before, on whichever machine they were made: milliseconds since 1970.
fn serial(known: u64) -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default().max(known.saturating_add(1))
}

pub(super) fn audit(options: &AuditOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    match (&options.from, options.criteria, &options.notes, &options.until, &options.signer) {
        (Some(from), None, ..) => show(from, &options.file, options.project.as_ref()),
        (_, Some(criteria), Some(notes), Some(until), Some(signer)) => {
            sign_audit(options, (criteria, notes.clone(), until, signer), now)
        }
        _ => Err(Failure::bug("the command line asks for what an audit needs")),
    }
}

fn sign_audit(
    options: &AuditOptions,
    (criteria, notes, until, signer): (CriteriaName, String, &Until, &str),
    now: Timestamp,
) -> Result<ExitCode, Failure> {
    let file = fact_of(&options.file, options.project.as_ref())?;
    let from = options.from.as_ref().map(|from| base(from, &file.project)).transpose()?;
    let expires = until.from(now);
    if expires <= now {
        return Err(Failure::usage(format!("the audit would have ended already, at {expires}"), "choose a later --until"));
    }
    let audit = Audit::new(&file, criteria.into(), from, notes, (now, expires));
    let audit = audit.ok_or_else(|| Failure::bug("the file's bytes are not known"))?;
    let key = key_name(signer)?;
    let out = out(options.out.as_ref(), &file, &key, "audit");
    let signer = open(&options.opening, &key)?;
    write_new(&out, &sign_statement(&audit, &*signer)?)?;
    println!("{}: {key} audited {}", out.display(), file.name);
    println!("  sha256 {}, until {expires}", audit.sha256);
    println!("send it to the curator: affineur curator tally DIR {}", out.display());
    Ok(ExitCode::SUCCESS)
}

fn base(from: &Path, project: &ProjectName) -> Result<Base, Failure> {
    let fact = fact_of(from, Some(project))?;
    Ok(Base { file: fact.name.to_string(), sha256: fact.sha256.map(|digest| digest.to_string()).unwrap_or_default() })
}

fn open(opening: &Opening, key: &KeyName) -> Result<SharedSigner, Failure> {
    let user = User { passphrase_file: opening.passphrase_file.as_ref(), pin_file: opening.pin_file.as_ref() };
    folder(&opening.place)?.open(key, &user)
}

fn out(named: Option<&PathBuf>, file: &FileFact, key: &KeyName, kind: &str) -> PathBuf {
    named.cloned().unwrap_or_else(|| PathBuf::from(format!("{}.{key}.{kind}.json", file.name)))
}

/// A distribution by its bytes.
pub(super) fn fact_of(path: &Path, project: Option<&ProjectName>) -> Result<FileFact, Failure> {
    let name = file_name(path, project)?;
    let measured = std::fs::File::open(path).and_then(|mut file| length_and_digest(&mut file));
    let (length, sha256) =
        measured.map_err(|problem| Failure::usage(format!("{}: {problem}", path.display()), "name a file that you have"))?;
    Ok(FileFact { project: name.project().clone(), name, size: Some(length), sha256: Some(sha256) })
}

/// The name of a distribution, which need not be there.
pub(super) fn file_name(path: &Path, project: Option<&ProjectName>) -> Result<FileName, Failure> {
    let text = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let parsed = match project {
        Some(project) => FileName::of_project(&text, project),
        None => text.parse(),
    };
    let hint = "name a wheel or a source distribution as it is published; --project says where its project's name ends";
    parsed.map_err(|error| Failure::usage(format!("{text:?} is no distribution: {error}"), hint))
}
