//! What people sign: ballots and audits, made on their own machines and judged where they are taken in.

use affineur_packaging::text::printable;
use affineur_packaging::{FileName, Sha256};
use affineur_trust::curator::{Audit, Ballot, ObjectionStatements, People, Shelf, SignedStatements, Vote};
use affineur_trust::limits::BALLOT_DAYS;
use affineur_tuf::edit::sign_json;
use affineur_tuf::key::{KeyId, Signer};
use affineur_tuf::{Statement, TargetFile, TargetPath, Targets};
use aws_lc_rs::digest::{Context, SHA256};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::edit::{described, list_at, list_of, path_of, put_list};
use super::{Curator, CuratorError, CuratorRole, Kind};
use crate::limits;

/// Signs a ballot or an audit.
///
/// # Errors
/// [`CuratorError::Sign`].
pub fn sign_statement(statement: &impl Serialize, signer: &dyn Signer) -> Result<Vec<u8>, CuratorError> {
    let value = serde_json::to_value(statement).map_err(|error| CuratorError::Sign(error.into()))?;
    Ok(sign_json(&value, [signer])?)
}

/// How many bytes there are, and their SHA-256.
///
/// # Errors
/// When they cannot be read.
pub fn length_and_digest(file: &mut dyn std::io::Read) -> std::io::Result<(u64, Sha256)> {
    let mut context = Context::new(&SHA256);
    let (mut length, mut part) = (0_u64, vec![0; PART]);
    loop {
        let read = file.read(&mut part)?;
        if read == 0 {
            let digest = context.finish().as_ref().try_into().map_err(std::io::Error::other)?;
            return Ok((length, Sha256::from_bytes(digest)));
        }
        context.update(part.get(..read).unwrap_or_default());
        length = length.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
    }
}

/// What became of a statement.
pub type Judged = Result<Taken, NotTaken>;

/// A statement that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Whose it is.
    pub name: String,
    /// What they do.
    pub kind: Kind,
    /// About which file.
    pub file: FileName,
    /// The vote, if it is a ballot.
    pub vote: Option<Vote>,
    /// Until when it counts.
    pub expires: Timestamp,
}

/// Why a statement is not taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// No statement.
    #[error("this is no ballot and no audit: {0}")]
    Form(String),
    /// Nobody on the list signed it.
    #[error("no voter and no auditor of this curator signed it; it has signatures of {}", shown(.0))]
    Stranger(Vec<KeyId>),
    /// It is for another curator.
    #[error("{name} cast it for the curator {found}, and this one is {expected}")]
    OtherCurator {
        /// Whose ballot.
        name: String,
        /// For whom it is.
        found: String,
        /// Who this is.
        expected: String,
    },
    /// Its file's name is not that of a distribution of its project.
    #[error("{name} signed it about {file:?}, which is no file of the project {project:?}")]
    File {
        /// Whose statement.
        name: String,
        /// The file.
        file: String,
        /// The project.
        project: String,
    },
    /// It has ended, or lasts too long, or begins later.
    #[error("{name} signed it for {issued} to {expires}: {problem}")]
    Period {
        /// Whose statement.
        name: String,
        /// When it begins.
        issued: Timestamp,
        /// When it ends.
        expires: Timestamp,
        /// What is wrong with that.
        problem: &'static str,
    },
    /// A later ballot of this voter is known.
    #[error("{name} has cast a later ballot: this one has the serial {found}, and {known} is known")]
    Replayed {
        /// Whose ballot.
        name: String,
        /// Its serial.
        found: u64,
        /// The highest that is known.
        known: u64,
    },
    /// It is there already.
    #[error("it is there already")]
    Known,
    /// Others spoke about other bytes.
    #[error("{name} signed it about the bytes {found}, and what stands there is about {expected}")]
    OtherBytes {
        /// Whose statement.
        name: String,
        /// Their digest.
        found: String,
        /// The digest that stands there.
        expected: String,
    },
}

fn shown(keys: &[KeyId]) -> String {
    if keys.is_empty() { "nobody".to_owned() } else { keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ") }
}

impl Curator {
    /// Takes in what people signed, into the drafts of `voted`, `audited` and `objections`. Each is judged by itself, in this order.
    ///
    /// # Errors
    /// See [`CuratorError`]; then none was taken in that is not drafted yet.
    pub fn tally(&mut self, statements: &[Vec<u8>], now: Timestamp) -> Result<Vec<Judged>, CuratorError> {
        let people = self.people()?;
        let mut judged = Vec::with_capacity(statements.len());
        for bytes in statements {
            let one = match read(bytes, &people) {
                Err(reason) => Err(reason),
                Ok((value, name, Said::Ballot(ballot))) => self.take_ballot(&people, value, name, &ballot, now)?,
                Ok((value, name, Said::Audit(audit))) => self.take_audit(value, name, &audit, now)?,
            };
            judged.push(one);
        }
        Ok(judged)
    }

    /// The highest serial of a ballot that is known about a file, whoever cast it; 0 where there is none.
    ///
    /// # Errors
    /// See [`CuratorError`].
    pub fn highest_serial(&self, file: &FileName) -> Result<u64, CuratorError> {
        let next = self.next(CuratorRole::Voted)?;
        let list: SignedStatements = list_at(&next, &path_of(Shelf::Voted(file))?)?;
        let serial = |value: &Value| value.pointer("/signed/serial")?.as_u64();
        Ok(list.statements.iter().filter_map(serial).max().unwrap_or_default())
    }

    fn take_ballot(
        &mut self,
        people: &People,
        value: Value,
        name: String,
        ballot: &Ballot,
        now: Timestamp,
    ) -> Result<Judged, CuratorError> {
        if ballot.curator != people.curator().to_string() {
            let (found, expected) = (ballot.curator.clone(), people.curator().to_string());
            return Ok(Err(NotTaken::OtherCurator { name, found, expected }));
        }
        let file = match file_of(&name, &ballot.project, &ballot.file) {
            Ok(file) => file,
            Err(reason) => return Ok(Err(reason)),
        };
        if let Err(reason) = counts_now(&name, (ballot.issued, ballot.expires), Some(BALLOT_DAYS), now) {
            return Ok(Err(reason));
        }
        let path = path_of(Shelf::Voted(&file))?;
        let target = described(ballot.length, &ballot.sha256);
        let list = match same_bytes(self.next(CuratorRole::Voted)?.body(), &path, &target, &name, now) {
            Ok(list) => list,
            Err(reason) => return Ok(Err(reason)),
        };
        if list.statements.contains(&value) {
            return Ok(Err(NotTaken::Known));
        }
        if let Some(known) = self.known_serial(people, &list, &name, ballot)?.filter(|known| ballot.serial <= *known) {
            return Ok(Err(NotTaken::Replayed { name, found: ballot.serial, known }));
        }
        let list = with_newest(people, list, value.clone(), now);
        self.edit(CuratorRole::Voted, now, |draft| put_list(draft, &path, target, &list))?;
        if ballot.vote == Vote::Withdrawn {
            self.publish_withdrawal(people, &file, value, now)?;
        }
        Ok(Ok(Taken { name, kind: Kind::Voter, file, vote: Some(ballot.vote), expires: ballot.expires }))
    }

    /// A withdrawal stands under `objections` too, in place of earlier ones of this voter about the file.
    fn publish_withdrawal(
        &mut self,
        people: &People,
        file: &FileName,
        value: Value,
        now: Timestamp,
    ) -> Result<(), CuratorError> {
        let path = path_of(Shelf::Objections(file.project()))?;
        self.edit(CuratorRole::Objections, now, |draft| {
            let mut list: ObjectionStatements = list_at(draft, &path)?;
            let statements = std::mem::take(&mut list.withdrawals);
            list.withdrawals = with_newest(people, SignedStatements { statements }, value, now).statements;
            put_list(draft, &path, TargetFile::of(b""), &list)
        })
    }

    fn take_audit(&mut self, value: Value, name: String, audit: &Audit, now: Timestamp) -> Result<Judged, CuratorError> {
        let file = match file_of(&name, &audit.project, &audit.file) {
            Ok(file) => file,
            Err(reason) => return Ok(Err(reason)),
        };
        if let Err(reason) = counts_now(&name, (audit.issued, audit.expires), None, now) {
            return Ok(Err(reason));
        }
        let path = path_of(Shelf::Audited(&file))?;
        let target = described(audit.length, &audit.sha256);
        let mut list = match same_bytes(self.next(CuratorRole::Audited)?.body(), &path, &target, &name, now) {
            Ok(list) => list,
            Err(reason) => return Ok(Err(reason)),
        };
        if list.statements.contains(&value) {
            return Ok(Err(NotTaken::Known));
        }
        list.statements.retain(|known| period_of(known).is_some_and(|(_, expires)| now < expires));
        list.statements.push(value);
        self.edit(CuratorRole::Audited, now, |draft| put_list(draft, &path, target, &list))?;
        Ok(Ok(Taken { name, kind: Kind::Auditor, file, vote: None, expires: audit.expires }))
    }

    /// The highest serial that is known of a voter about some bytes: of their ballots, and of those that they withdrew.
    fn known_serial(
        &self,
        people: &People,
        list: &SignedStatements,
        by: &str,
        ballot: &Ballot,
    ) -> Result<Option<u64>, CuratorError> {
        let file = &ballot.file;
        let project =
            ballot.project.parse().map_err(|_| CuratorError::Statement { problem: format!("{file} has no project") })?;
        let objections = self.next(CuratorRole::Objections)?;
        let withdrawn: ObjectionStatements = list_at(&objections, &path_of(Shelf::Objections(&project))?)?;
        let same = list.statements.iter().chain(&withdrawn.withdrawals).filter_map(|value| ballot_in(people, value));
        Ok(same.filter(|(name, known)| name == by && is_about_the_same(known, ballot)).map(|(_, known)| known.serial).max())
    }
}

enum Said {
    Ballot(Ballot),
    Audit(Audit),
}

/// Reads a statement: as it was signed, by whom, and what it says.
fn read(bytes: &[u8], people: &People) -> Result<(Value, String, Said), NotTaken> {
    if bytes.len() > limits::STATEMENT_BYTES {
        return Err(NotTaken::Form(format!("it has more than {} bytes", limits::STATEMENT_BYTES)));
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|error| NotTaken::Form(error.to_string()))?;
    let statement = Statement::parse(bytes).map_err(|fault| NotTaken::Form(fault.to_string()))?;
    if let Some((voter, ballot)) = people.ballot(&statement) {
        return Ok((value, voter.name().to_owned(), Said::Ballot(ballot)));
    }
    if let Some((auditor, audit)) = people.audit(&statement) {
        return Ok((value, auditor.name().to_owned(), Said::Audit(audit)));
    }
    match value.pointer("/signed/_type").and_then(Value::as_str) {
        Some("ballot" | "audit") => Err(NotTaken::Stranger(key_ids(&value))),
        _ => Err(NotTaken::Form("its type is neither".to_owned())),
    }
}

/// Which keys are said to have signed it.
fn key_ids(value: &Value) -> Vec<KeyId> {
    let signatures = value.get("signatures").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    signatures.iter().filter_map(|signature| signature.get("keyid")?.as_str()?.parse().ok()).collect()
}

fn file_of(name: &str, project: &str, file: &str) -> Result<FileName, NotTaken> {
    let parsed = project.parse().ok().filter(|parsed: &affineur_packaging::ProjectName| parsed.as_str() == project);
    let read = parsed.and_then(|project| FileName::of_project(file, &project).ok());
    read.ok_or_else(|| NotTaken::File { name: name.to_owned(), file: printable(file, TEXT), project: printable(project, TEXT) })
}

/// Whether a statement counts now.
fn counts_now(
    name: &str,
    (issued, expires): (Timestamp, Timestamp),
    most_days: Option<i64>,
    now: Timestamp,
) -> Result<(), NotTaken> {
    let too_long = |days: i64| expires.duration_since(issued) > SignedDuration::from_hours(24 * days);
    let problem = match () {
        () if expires <= now => "that is over",
        () if now < issued => "that has not begun; look at the clocks of both machines",
        () if most_days.is_some_and(too_long) => "that is longer than ballots count",
        () => return Ok(()),
    };
    Err(NotTaken::Period { name: name.to_owned(), issued, expires, problem })
}

/// What stands at a path already, if it is about the same bytes. What is about others and has ended gives way.
fn same_bytes(
    role: &Targets,
    path: &TargetPath,
    target: &TargetFile,
    name: &str,
    now: Timestamp,
) -> Result<SignedStatements, NotTaken> {
    let Some(known) = role.target(path) else { return Ok(SignedStatements::default()) };
    let list: SignedStatements =
        list_of(path.as_str(), known).map_err(|error| NotTaken::Form(format!("it cannot be added: {error}")))?;
    if known.hashes() == target.hashes() && known.length() == target.length() {
        return Ok(list);
    }
    let speaks = |value: &Value| {
        let withdrawn = value.pointer("/signed/vote").and_then(Value::as_str) == Some("withdrawn");
        !withdrawn && period_of(value).is_none_or(|(_, expires)| now < expires)
    };
    if !list.statements.iter().any(speaks) {
        return Ok(SignedStatements::default());
    }
    let shown = |target: &TargetFile| {
        format!("sha256 {} ({} bytes)", target.hashes().digest("sha256").unwrap_or("none"), target.length())
    };
    Err(NotTaken::OtherBytes { name: name.to_owned(), found: shown(target), expected: shown(known) })
}

/// A voter's ballot in a list.
fn ballot_in(people: &People, value: &Value) -> Option<(String, Ballot)> {
    let statement = Statement::parse(value.to_string().as_bytes()).ok()?;
    people.ballot(&statement).map(|(voter, ballot)| (voter.name().to_owned(), ballot))
}

fn is_about_the_same(one: &Ballot, other: &Ballot) -> bool {
    one.project == other.project && one.file == other.file && one.sha256 == other.sha256
}

/// The list with a voter's newest ballot in place of earlier ones about the same bytes. What ended is kept for as long as an earlier
/// ballot of that voter could count, so that none comes back.
fn with_newest(people: &People, list: SignedStatements, value: Value, now: Timestamp) -> SignedStatements {
    let newest = ballot_in(people, &value);
    let is_replaced = |known: &Value| match (&newest, ballot_in(people, known)) {
        (Some((name, newest)), Some((by, known))) => *name == by && is_about_the_same(newest, &known),
        _ => false,
    };
    let remembered = SignedDuration::from_hours(24 * BALLOT_DAYS);
    let matters = |known: &Value| period_of(known).is_some_and(|(_, expires)| now.duration_since(expires) < remembered);
    let mut statements = list.statements;
    statements.retain(|known| !is_replaced(known) && matters(known));
    statements.push(value);
    SignedStatements { statements }
}

/// When a statement was signed and when it ends, as it says.
pub(super) fn period_of(value: &Value) -> Option<(Timestamp, Timestamp)> {
    let time = |name: &str| value.get("signed")?.get(name)?.as_str()?.parse().ok();
    Some((time("issued")?, time("expires")?))
}

/// How much of a file is in memory at once.
const PART: usize = 1 << 16;
/// Longest text of others in a reason.
const TEXT: usize = 100;
