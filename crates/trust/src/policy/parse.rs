//! The grammar of a policy file (docs/formats/policy.md): what each key may be. What must hold between keys is in `check`.

use std::collections::BTreeMap;

use affineur_packaging::VersionSpecifiers;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};
use url::Url;

use super::document::{self, Problem, Read, Table, Text, nearest};
use super::{
    AgeFrom, Exception, Mode, Origin, Party, PartyKind, PartyName, Policy, PolicyError, Repository, Scope, Upstream, VouchKind,
    check, wait,
};
use crate::limits;
use crate::policy::party::UpstreamUrlError;

const POLICY_KEYS: [&str; 8] = ["sources", "minimum-age", "age-from", "mode", "pass", "party", "exception", "scope"];
const PARTY_KEYS: [&str; 5] = ["upstream", "repository", "root", "canary", "weight"];
const EXCEPTION_KEYS: [&str; 5] = ["project", "versions", "minimum-age", "until", "reason"];
const SCOPE_KEYS: [&str; 4] = ["projects", "only", "minimum-age", "age-from"];

/// The keys that a policy from the working directory may have.
const ADDED_KEYS: [&str; 3] = ["minimum-age", "age-from", "scope"];
const ADDED_SCOPE_KEYS: [&str; 3] = ["projects", "minimum-age", "age-from"];

/// Parses the user's policy.
pub(super) fn policy(text: &str) -> Result<Policy, PolicyError> {
    document::parse(text, |root| {
        root.only_keys(&POLICY_KEYS)?;
        let parties = parties(root)?;
        let policy = Policy {
            sources: party_list(root, "sources", &parties)?.unwrap_or_default(),
            minimum_age: wait_of(root, "minimum-age")?.unwrap_or(Policy::DEFAULT_MINIMUM_AGE),
            age_from: age_from(root)?.unwrap_or_default(),
            mode: mode(root)?,
            pass: root.list("pass")?.unwrap_or_default().iter().map(Text::parse).collect::<Read<_>>()?,
            scopes: root.tables("scope")?.iter().map(|table| scope(table, &parties)).collect::<Read<_>>()?,
            exceptions: root.tables("exception")?.iter().map(exception).collect::<Read<_>>()?,
            parties,
            origin: Origin::User,
        };
        check::parties(&policy, root)?;
        check::scopes(&policy.scopes, root)?;
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
            origin: Origin::WorkingDirectory,
            ..Policy::built_in()
        };
        check::scopes(&policy.scopes, root)?;
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

fn parties(root: &Table<'_>) -> Read<BTreeMap<PartyName, Party>> {
    let Some(table) = root.table("party")? else { return Ok(BTreeMap::new()) };
    let mut parties = BTreeMap::new();
    for key in table.keys() {
        let name: PartyName = key.parse()?;
        let Some(entries) = table.table(key.text)? else { continue };
        parties.insert(name.clone(), party(&name, &entries)?);
        if parties.len() > limits::PARTIES {
            return Err(key.problem(format!("a policy has at most {} parties", limits::PARTIES)));
        }
    }
    Ok(parties)
}

/// A party is an upstream or a repository, never both: what one may say the other may not.
fn party(name: &PartyName, table: &Table<'_>) -> Read<Party> {
    table.only_keys(&PARTY_KEYS)?;
    let kind = match (table.text("upstream")?, table.text("repository")?) {
        (Some(url), None) => PartyKind::Upstream(upstream(name, &url, table)?),
        (None, Some(url)) => PartyKind::Repository(repository(name, &url, table)?),
        (Some(_), Some(url)) => {
            return Err(url
                .problem(format!("party `{name}` has both `upstream` and `repository`"))
                .hint("keep `repository` if the index has a TUF repository: then it vouches for what it serves"));
        }
        (None, None) => {
            return Err(Problem::new(&table.span, "`upstream` or `repository` is missing: where the party is")
                .hint("`upstream`: the URL of an index's Simple API; `repository`: that of its TUF repository"));
        }
    };
    Ok(Party { kind })
}

fn upstream(name: &PartyName, url: &Text<'_>, table: &Table<'_>) -> Read<Upstream> {
    refuse_keys(table, &["root"], "an upstream signs nothing, so it has no root")?;
    let upstream = base(name, url, Upstream::at)?;
    let canary = table.text("canary")?.map(|canary| canary.parse()).transpose()?;
    let weight = match table.table("weight")? {
        Some(weight) => {
            weight.only_keys(&["pinned"])?;
            Some(weight.required("pinned", "what a pinned claim of this upstream counts")?.parse()?)
        }
        None => None,
    };
    Ok(Upstream { canary, weight, ..upstream })
}

fn repository(name: &PartyName, url: &Text<'_>, table: &Table<'_>) -> Read<Repository> {
    refuse_keys(table, &["canary"], "what a repository does not have, it says so signed: it needs no canary")?;
    let root = table.required("root", "the file with the root that you trust, relative to this policy")?;
    if root.text.trim().is_empty() || root.text.len() > limits::PATH_BYTES {
        return Err(root.problem(format!("`root` is the path of a file, at most {} bytes", limits::PATH_BYTES)));
    }
    let mut repository = base(name, url, |url| Repository::at(url, root.text.to_owned()))?;
    if let Some(weight) = table.table("weight")? {
        weight.only_keys(&VouchKind::ALL.map(VouchKind::as_str))?;
        for kind in VouchKind::ALL {
            if let Some(amount) = weight.text(kind.as_str())? {
                repository.weight.insert(kind, amount.parse()?);
            }
        }
        if repository.weight.is_empty() {
            return Err(Problem::new(&weight.span, "`weight` is empty").hint("leave it out, or weigh at least one kind"));
        }
    }
    Ok(repository)
}

/// Keys that the other kind of party has.
fn refuse_keys(table: &Table<'_>, keys: &[&str], why: &str) -> Read<()> {
    match keys.iter().find_map(|key| table.key_span(key).map(|span| (key, span))) {
        Some((key, span)) => Err(Problem::new(&span, format!("this party cannot have `{key}`: {why}"))),
        None => Ok(()),
    }
}

fn base<T>(name: &PartyName, url: &Text<'_>, at: impl FnOnce(Url) -> Result<T, UpstreamUrlError>) -> Read<T> {
    Url::parse(url.text).map_err(|_| UpstreamUrlError::Malformed).and_then(at).map_err(|error| {
        let problem = url.problem(error.to_string());
        match error {
            UpstreamUrlError::Credentials => problem.hint(format!(
                "take them out and put them into ~/.netrc or the environment variable {}",
                name.credentials_variable()
            )),
            _ => problem,
        }
    })
}

fn party_list(table: &Table<'_>, key: &str, parties: &BTreeMap<PartyName, Party>) -> Read<Option<Vec<PartyName>>> {
    let Some(list) = table.list(key)? else { return Ok(None) };
    let known: Vec<&str> = parties.keys().map(PartyName::as_str).collect();
    let name = |item: &Text<'_>| {
        let name: PartyName = item.parse()?;
        if parties.contains_key(&name) {
            return Ok(name);
        }
        let hint =
            if known.is_empty() { format!("add [party.{name}] with its `upstream`") } else { nearest(item.text, &known) };
        Err(item.problem(format!("there is no party {}", item.quoted())).hint(hint))
    };
    list.iter().map(name).collect::<Read<_>>().map(Some)
}

fn wait_of(table: &Table<'_>, key: &str) -> Read<Option<SignedDuration>> {
    let Some(text) = table.text(key)? else { return Ok(None) };
    let wrong = |expected| text.problem(format!("`{key}` cannot be {}: {expected}", text.quoted()));
    wait::parse(text.text).map(Some).map_err(wrong)
}

fn age_from(table: &Table<'_>) -> Read<Option<AgeFrom>> {
    const KNOWN: [&str; 2] = ["first-seen", "upload-time"];
    let Some(text) = table.text("age-from")? else { return Ok(None) };
    match text.text {
        "first-seen" => Ok(Some(AgeFrom::FirstSeen)),
        "upload-time" => Ok(Some(AgeFrom::UploadTime)),
        "signed" => Err(text
            .problem("`signed` needs a party that can attest a time, and no party in this policy can")
            .hint("an upstream signs nothing: use `first-seen` or `upload-time`")),
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
        minimum_age: wait_of(table, "minimum-age")?,
        age_from: age_from(table)?,
    };
    if let (Some(only), None) = (table.key_span("only"), scope.minimum_age) {
        return Err(Problem::new(&only, "a scope with `only` must state its own demand")
            .hint("add `minimum-age`: \"0\" where files of these sources need not wait"));
    }
    if scope.minimum_age.is_none() && scope.age_from.is_none() {
        return Err(Problem::new(&table.span, "this scope changes nothing").hint("add `only`, `minimum-age` or `age-from`"));
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
