//! The parties of a policy file.

use std::collections::BTreeMap;

use url::Url;

use super::wait_of;
use crate::limits;
use crate::policy::document::{Problem, Read, Table, Text};
use crate::policy::{Domain, MilliTrust, Party, PartyKind, PartyName, Repository, Upstream, UpstreamUrlError, VouchKind};

const PARTY_KEYS: [&str; 8] = ["upstream", "repository", "root", "canary", "weight", "domains", "max-stale", "depth"];

pub(super) fn parties(root: &Table<'_>) -> Read<BTreeMap<PartyName, Party>> {
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
    let domains = domains(table)?;
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
    Ok(Party { kind, domains })
}

fn domains(table: &Table<'_>) -> Read<Vec<Domain>> {
    let Some(list) = table.list("domains")? else { return Ok(Vec::new()) };
    match list.get(limits::SHORT_LIST) {
        Some(more) => Err(more.problem(format!("a party has at most {} failure domains", limits::SHORT_LIST))),
        None => list.iter().map(Text::parse).collect(),
    }
}

fn upstream(name: &PartyName, url: &Text<'_>, table: &Table<'_>) -> Read<Upstream> {
    refuse_keys(table, &["root"], "an upstream signs nothing, so it has no root")?;
    refuse_keys(table, &["max-stale", "depth"], "an upstream signs nothing, so nothing of it grows stale or is passed on")?;
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
    repository.weight = weights(table)?;
    repository.max_stale = wait_of(table, "max-stale")?;
    if repository.max_stale.is_some_and(|stale| stale.is_zero())
        && let Some(text) = table.text("max-stale")?
    {
        return Err(text.problem("`max-stale` of no time at all: the party would never count"));
    }
    repository.depth = table.number("depth", limits::DEPTH)?.unwrap_or(1);
    Ok(repository)
}

/// What vouches of a repository weigh: those of an index, or those of a curator.
fn weights(table: &Table<'_>) -> Read<BTreeMap<VouchKind, MilliTrust>> {
    let mut weights = BTreeMap::new();
    let Some(weight) = table.table("weight")? else { return Ok(weights) };
    weight.only_keys(&VouchKind::ALL.map(VouchKind::as_str))?;
    for kind in VouchKind::ALL {
        let Some(amount) = weight.text(kind.as_str())? else { continue };
        if weights.keys().any(|other: &VouchKind| other.is_level() != kind.is_level()) {
            let span = weight.key_span(kind.as_str()).unwrap_or(amount.span);
            return Err(Problem::new(
                &span,
                "a party is an index (claimed, recently-claimed, unclaimed, stable) or a curator \
                (trusted-author, voted, audited), never both",
            )
            .hint("make two parties of it, each with a weight of its own"));
        }
        weights.insert(kind, amount.parse()?);
    }
    if weights.is_empty() {
        return Err(Problem::new(&weight.span, "`weight` is empty").hint("leave it out, or weigh at least one kind"));
    }
    Ok(weights)
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
