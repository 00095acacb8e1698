//! The grammar of a policy file (docs/formats/policy.md): what each key may be. What must hold between keys is in `check`.

mod demand;
mod party;

use std::collections::BTreeMap;

use affineur_packaging::VersionSpecifiers;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};

use super::document::{self, Problem, Read, Table, Text, nearest};
use super::{AgeFrom, Demand, Exception, Mode, Party, PartyName, Policy, PolicyError, Scope, WrittenBy, check, wait};
use crate::limits;

const POLICY_KEYS: [&str; 15] = [
    "sources",
    "minimum-score",
    "require",
    "rule",
    "veto",
    "urgent",
    "track",
    "assert",
    "minimum-age",
    "age-from",
    "mode",
    "pass",
    "party",
    "exception",
    "scope",
];
const EXCEPTION_KEYS: [&str; 5] = ["project", "versions", "minimum-age", "until", "reason"];
const SCOPE_KEYS: [&str; 9] =
    ["projects", "only", "minimum-score", "require", "rule", "urgent", "track", "minimum-age", "age-from"];

/// The keys that a policy from the working directory may have.
const ADDED_KEYS: [&str; 3] = ["minimum-age", "age-from", "scope"];
const ADDED_SCOPE_KEYS: [&str; 3] = ["projects", "minimum-age", "age-from"];

/// Parses the user's policy.
pub(super) fn policy(text: &str) -> Result<Policy, PolicyError> {
    document::parse(text, |root| {
        root.only_keys(&POLICY_KEYS)?;
        let parties = party::parties(root)?;
        let policy = Policy {
            sources: party_list(root, "sources", &parties)?.unwrap_or_default(),
            demand: demand::demand(root, &parties)?,
            veto: demand::repositories(root, "veto", &parties)?,
            intents: demand::intents(root, &parties)?,
            minimum_age: wait_of(root, "minimum-age")?.unwrap_or(Policy::DEFAULT_MINIMUM_AGE),
            age_from: age_from(root)?.unwrap_or_default(),
            mode: mode(root)?,
            pass: root.list("pass")?.unwrap_or_default().iter().map(Text::parse).collect::<Read<_>>()?,
            scopes: root.tables("scope")?.iter().map(|table| scope(table, &parties)).collect::<Read<_>>()?,
            exceptions: root.tables("exception")?.iter().map(exception).collect::<Read<_>>()?,
            parties,
            written_by: WrittenBy::User,
        };
        check::parties(&policy, root)?;
        check::scopes(&policy.scopes, root)?;
        check::demands(&policy, root)?;
        Ok(policy)
    })
}

/// Parses a policy from the working directory, which can only demand more (DESIGN §4.5).
pub(super) fn added(text: &str) -> Result<Policy, PolicyError> {
    document::parse(text, |root| {
        added_keys(root, &ADDED_KEYS, &POLICY_KEYS)?;
        let no_parties = BTreeMap::new();
        let scopes = root.tables("scope")?;
        for table in &scopes {
            added_keys(table, &ADDED_SCOPE_KEYS, &SCOPE_KEYS)?;
        }
        let policy = Policy {
            minimum_age: wait_of(root, "minimum-age")?.unwrap_or(SignedDuration::ZERO),
            age_from: age_from(root)?.unwrap_or_default(),
            scopes: scopes.iter().map(|table| scope(table, &no_parties)).collect::<Read<_>>()?,
            written_by: WrittenBy::WorkingDirectory,
            ..Policy::built_in()
        };
        check::scopes(&policy.scopes, root)?;
        check::no_signed_age(&policy, root)?;
        Ok(policy)
    })
}

fn added_keys(table: &Table<'_>, allowed: &[&str], of_a_policy: &[&str]) -> Read<()> {
    let forbidden = table.keys().into_iter().find(|key| of_a_policy.contains(&key.text) && !allowed.contains(&key.text));
    let Some(key) = forbidden else { return table.only_keys(allowed) };
    let problem = format!(
        "a policy found in the working directory cannot have {}: it is added to yours and can only demand more",
        key.quoted()
    );
    Err(key
        .problem(problem)
        .hint("to use all of it, look at it and say `affineur policy trust ./affineur.toml`, or name it with --policy"))
}

fn party_list(table: &Table<'_>, key: &str, parties: &BTreeMap<PartyName, Party>) -> Read<Option<Vec<PartyName>>> {
    let Some(list) = table.list(key)? else { return Ok(None) };
    let name = |item: &Text<'_>| {
        let name: PartyName = item.parse()?;
        known(&name, parties).map_err(|(problem, hint)| item.problem(problem).hint(hint)).map(|_| name.clone())
    };
    list.iter().map(name).collect::<Read<_>>().map(Some)
}

/// The party of that name; else what to say, and a hint.
fn known<'a>(name: &PartyName, parties: &'a BTreeMap<PartyName, Party>) -> Result<&'a Party, (String, String)> {
    parties.get(name).ok_or_else(|| {
        let known: Vec<&str> = parties.keys().map(PartyName::as_str).collect();
        let hint =
            if known.is_empty() { format!("add [party.{name}] with its `upstream`") } else { nearest(name.as_str(), &known) };
        (format!("there is no party `{name}`"), hint)
    })
}

fn wait_of(table: &Table<'_>, key: &str) -> Read<Option<SignedDuration>> {
    let Some(text) = table.text(key)? else { return Ok(None) };
    let wrong = |expected| text.problem(format!("`{key}` cannot be {}: {expected}", text.quoted()));
    wait::parse(text.text).map(Some).map_err(wrong)
}

fn age_from(table: &Table<'_>) -> Read<Option<AgeFrom>> {
    const KNOWN: [&str; 3] = ["first-seen", "upload-time", "signed"];
    let Some(text) = table.text("age-from")? else { return Ok(None) };
    match text.text {
        "first-seen" => Ok(Some(AgeFrom::FirstSeen)),
        "upload-time" => Ok(Some(AgeFrom::UploadTime)),
        "signed" => Ok(Some(AgeFrom::Signed)),
        _ => Err(text.problem(format!("`age-from` cannot be {}", text.quoted())).hint(nearest(text.text, &KNOWN))),
    }
}

fn mode(table: &Table<'_>) -> Read<Mode> {
    let Some(text) = table.text("mode")? else { return Ok(Mode::default()) };
    match text.text {
        "observe" => Ok(Mode::Observe),
        "warn" => Ok(Mode::Warn),
        "enforce" => Ok(Mode::Enforce),
        _ => Err(text
            .problem(format!("`mode` cannot be {}", text.quoted()))
            .hint(nearest(text.text, &["observe", "warn", "enforce"]))),
    }
}

fn scope(table: &Table<'_>, parties: &BTreeMap<PartyName, Party>) -> Read<Scope> {
    table.only_keys(&SCOPE_KEYS)?;
    let Some(projects) = table.list("projects")? else {
        return Err(Problem::new(&table.span, "`projects` is missing: the names this scope is for"));
    };
    let scope = Scope {
        projects: projects.iter().map(Text::parse).collect::<Read<_>>()?,
        only: party_list(table, "only", parties)?,
        demand: demand::demand(table, parties)?,
        minimum_age: wait_of(table, "minimum-age")?,
        age_from: age_from(table)?,
    };
    let states_demand = scope.minimum_age.is_some() || scope.demand.states_vouches();
    if let (Some(only), false) = (table.key_span("only"), states_demand) {
        return Err(Problem::new(&only, "a scope with `only` must state its own demand").hint(
            "add `minimum-age` (\"0\" where files of these sources need not wait), `minimum-score`, `require` or `rule`",
        ));
    }
    if scope.minimum_age.is_none() && scope.age_from.is_none() && scope.demand == Demand::default() {
        return Err(Problem::new(&table.span, "this scope changes nothing")
            .hint("add `only`, a demand (`require`, ...), `minimum-age` or `age-from`"));
    }
    Ok(scope)
}

fn exception(table: &Table<'_>) -> Read<Exception> {
    table.only_keys(&EXCEPTION_KEYS)?;
    let project = table.required("project", "the project, or a pattern, that the exception is for")?.parse()?;
    let versions = match table.text("versions")? {
        Some(versions) => Some(versions_of(&versions)?),
        None => None,
    };
    let until = match table.text_or_time("until")? {
        Some((text, span)) => moment(&text)
            .map_err(|expected| Problem::new(&span, format!("{} is no date: {expected}", document::quoted(&text))))?,
        None => return Err(Problem::new(&table.span, "`until` is missing: an exception must end")),
    };
    let reason = table.required("reason", "why there is an exception, for those who read it later")?;
    Ok(Exception {
        project,
        versions,
        minimum_age: wait_of(table, "minimum-age")?.unwrap_or(SignedDuration::ZERO),
        until,
        reason: reason_of(&reason)?,
    })
}

fn versions_of(text: &Text<'_>) -> Read<VersionSpecifiers> {
    let versions = text.text.parse::<VersionSpecifiers>();
    match versions {
        Ok(versions) if !versions.is_empty() => Ok(versions),
        _ => Err(text
            .problem(format!("{} is no version specifier (PEP 440)", text.quoted()))
            .hint("write \"==2.32.3\" or \">=2,<3\"; leave out `versions` for all of them")),
    }
}

fn reason_of(text: &Text<'_>) -> Read<String> {
    if text.text.trim().is_empty() {
        return Err(text.problem("`reason` is empty"));
    }
    let characters = text.text.chars().count();
    if characters > limits::EXCEPTION_REASON_CHARACTERS {
        let most = limits::EXCEPTION_REASON_CHARACTERS;
        return Err(text.problem(format!("`reason` has at most {most} characters, this one has {characters}")));
    }
    Ok(text.text.to_owned())
}

/// A moment: RFC 3339, or a date, which stands for its first moment in UTC.
fn moment(text: &str) -> Result<Timestamp, &'static str> {
    const FORM: &str = "expected 2026-12-31 or 2026-12-31T18:00:00Z";
    // jiff would read the date of a longer text and drop its time.
    if text.len() == 10 {
        let date: civil::Date = text.parse().map_err(|_| FORM)?;
        return date.to_zoned(TimeZone::UTC).map(|start| start.timestamp()).map_err(|_| FORM);
    }
    text.parse().map_err(|_| FORM)
}
