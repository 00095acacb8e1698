//! `affineur policy check`: what a policy really says, for people and for programs.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use affineur_gateway::setup::{self, SetupError};
use affineur_trust::analysis::{Analysis, Broken, Culprits, Keys, Sets};
use affineur_trust::{Domain, MilliTrust, PartyName, Policy};
use anstream::{print, println};
use serde_json::{Value, json};

use crate::colours::{BOLD, DIM, GREEN, PLAIN, YELLOW};
use crate::failure::Failure;

/// Most coalitions and blocking sets that are printed for people.
const SHOWN: usize = 10;

/// One demand of a policy with its analysis: its own, or a scope's.
struct Part<'a> {
    /// The scope's patterns, as they are written.
    projects: Option<String>,
    demand: &'a affineur_trust::Demand,
    /// From where files come.
    sources: &'a [PartyName],
    analysis: Analysis,
}

pub(crate) fn check(file: &Path, json: bool) -> Result<ExitCode, Failure> {
    let policy = read(file)?;
    let keys = keys(&policy, file.parent().unwrap_or_else(|| Path::new(".")));
    let parts = parts(&policy, &keys)?;
    let broken: usize = parts.iter().map(|part| part.analysis.broken.len()).sum();
    if json {
        println!("{}", report(&policy, &parts, &keys));
    } else {
        print!("{}", page(&policy, &parts, &keys));
        for warning in policy.warnings(jiff::Timestamp::now()) {
            println!("{YELLOW}!{PLAIN} {warning}");
        }
    }
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::from(Failure::REFUSED) })
}

/// Reads a policy that is not going to be used.
pub(super) fn read(file: &Path) -> Result<Policy, Failure> {
    let text = setup::read(file)?;
    Policy::parse(&text).map_err(|error| SetupError::Policy { file: file.to_owned(), error }.into())
}

/// How many keys speak for a party: as many as its root asks of the targets role or, if that is fewer, of itself. A root that is
/// not there (yet) says nothing.
fn keys(policy: &Policy, folder: &Path) -> Keys {
    let threshold = |name: &PartyName| {
        let file = std::fs::File::open(folder.join(&policy.repository(name)?.root)).ok()?;
        let mut bytes = Vec::new();
        file.take(affineur_tuf::limits::ROOT_BYTES).read_to_end(&mut bytes).ok()?;
        // Only of a root that signs itself.
        affineur_tuf::Roots::start(&bytes, affineur_tuf::ReferenceTime::MIN).ok()?;
        let root: Value = serde_json::from_slice(&bytes).ok()?;
        let of = |role: &str| root.pointer(&format!("/signed/roles/{role}/threshold"))?.as_u64();
        of("targets").min(of("root")).and_then(|keys| u32::try_from(keys).ok())
    };
    policy.parties.keys().filter_map(|name| Some((name.clone(), threshold(name)?))).collect()
}

fn parts<'a>(policy: &'a Policy, keys: &Keys) -> Result<Vec<Part<'a>>, Failure> {
    let analysis = |scope| {
        let hint = "use fewer different weights, or a rule over fewer parties";
        policy.analysis(scope, keys).map_err(|problem| Failure::cannot_tell(problem.to_string(), hint))
    };
    let own = Part { projects: None, demand: &policy.demand, sources: &policy.sources, analysis: analysis(None)? };
    let mut parts = vec![own];
    for (at, scope) in policy.scopes.iter().enumerate().filter(|(_, scope)| scope.demand.asks_for_vouches()) {
        let projects: Vec<_> = scope.projects.iter().map(ToString::to_string).collect();
        parts.push(Part {
            projects: Some(projects.join(", ")),
            demand: &scope.demand,
            sources: scope.only.as_deref().unwrap_or(&policy.sources),
            analysis: analysis(Some(at))?,
        });
    }
    Ok(parts)
}

/// The whole report for people.
fn page(policy: &Policy, parts: &[Part<'_>], keys: &Keys) -> String {
    let mut page = String::new();
    for part in parts {
        if !page.is_empty() {
            page.push('\n');
        }
        write_part(&mut page, policy, part, keys);
    }
    page
}

fn write_part(page: &mut String, policy: &Policy, part: &Part<'_>, keys: &Keys) {
    let mut line = |text: String| {
        page.push_str(&text);
        page.push('\n');
    };
    let whose = part.projects.as_deref().map_or_else(|| "The policy".to_owned(), |projects| format!("The scope {projects}"));
    if !part.demand.asks_for_vouches() {
        line(format!(
            "{BOLD}{whose} asks for no vouches{PLAIN} besides that of the source: see minimum-score, require and rule"
        ));
        part.analysis.broken.iter().for_each(|broken| line(broken_line(broken)));
        return;
    }
    line(format!("{BOLD}{whose}{PLAIN} lets a file through if {}", demands(part.demand)));
    line(format!("{DIM}and its source ({}) lists it, whatever else holds{PLAIN}", listed(part.sources, "or")));
    line(String::new());
    line(format!("{BOLD}Enough{PLAIN}: {}", how_many(&part.analysis.coalitions, "coalition", "coalitions")));
    let score = part.demand.minimum_score.is_some_and(|score| score.thousandths() > 0);
    lines(&part.analysis.coalitions, &mut line, |set| if score { sum(policy, set) } else { String::new() });
    line(format!("{BOLD}Blocking{PLAIN}: {}", how_many(&part.analysis.blocking, "set of parties", "sets of parties")));
    lines(&part.analysis.blocking, &mut line, |_| String::new());
    line(String::new());
    forging(part, keys).into_iter().for_each(&mut line);
    changes(part).into_iter().for_each(&mut line);
    findings(part).into_iter().for_each(&mut line);
}

fn demands(demand: &affineur_trust::Demand) -> String {
    let score = demand
        .minimum_score
        .filter(|score| score.thousandths() > 0)
        .map(|score| format!("the score is at least {}", exact(score)));
    let require = (!demand.require.is_empty()).then(|| format!("{} vouch", listed(&demand.require, "and")));
    let rule = demand.rule.as_ref().map(|rule| format!("this holds: {rule}"));
    score.into_iter().chain(require).chain(rule).collect::<Vec<_>>().join(", and ")
}

fn how_many(sets: &Sets, one: &str, many: &str) -> String {
    format!("{} {}, smallest first", sets.count, if sets.count == 1 { one } else { many })
}

fn lines(sets: &Sets, line: &mut impl FnMut(String), after: impl Fn(&[PartyName]) -> String) {
    for set in sets.sets.iter().take(SHOWN) {
        let names = set.iter().map(PartyName::as_str).collect::<Vec<_>>().join(" + ");
        line(format!("  {names}{}", after(set)));
    }
    let more = sets.count.saturating_sub(sets.sets.len().min(SHOWN) as u128);
    if more > 0 {
        line(format!("  {DIM}and {more} more{PLAIN}"));
    }
}

fn sum(policy: &Policy, set: &[PartyName]) -> String {
    let sum: u64 =
        set.iter().filter_map(|name| policy.party(name)).map(|party| u64::from(party.heaviest().thousandths())).sum();
    format!("  {DIM}{}{PLAIN}", thousandths(sum))
}

fn forging(part: &Part<'_>, keys: &Keys) -> Vec<String> {
    let forging = &part.analysis.forging;
    let domains: Vec<_> = forging.domains.iter().map(ToString::to_string).collect();
    let unread: Vec<_> = forging.keys_of.iter().filter(|name| !keys.contains_key(name)).cloned().collect();
    let unread = match unread.as_slice() {
        [] => String::new(),
        names => format!(" {DIM}(one each for {}, whose root is not here){PLAIN}", listed(names, "and")),
    };
    vec![
        format!(
            "{BOLD}Forging{PLAIN} takes {}: {}",
            plural(forging.parties.len(), "party", "parties"),
            listed(&forging.parties, "and")
        ),
        format!("  at least {}{unread}", plural(usize::try_from(forging.keys).unwrap_or(usize::MAX), "key", "keys")),
        format!("  {}: {}", plural(domains.len(), "failure domain", "failure domains"), domains.join(", ")),
    ]
}

fn changes(part: &Part<'_>) -> Vec<String> {
    let (fatal, harmless): (Vec<_>, Vec<_>) = part.analysis.losing.iter().partition(|loss| loss.coalitions == 0);
    let fatal: Vec<PartyName> = fatal.into_iter().map(|loss| loss.party.clone()).collect();
    let mut lines = Vec::new();
    if !fatal.is_empty() {
        lines.push(format!("{BOLD}Without{PLAIN} {} nothing passes", listed(&fatal, "or")));
    }
    if !harmless.is_empty() {
        let left: Vec<_> = harmless.iter().take(SHOWN).map(|loss| format!("{} {}", loss.party, loss.coalitions)).collect();
        lines.push(format!("{BOLD}Without{PLAIN} one of these, so many coalitions are left: {}", left.join(", ")));
    }
    for growth in &part.analysis.adding {
        let needed = match growth.no_longer_needed.as_slice() {
            [] => String::new(),
            names => format!("; {YELLOW}no longer needed then: {}{PLAIN}", listed(names, "and")),
        };
        let coalitions = plural_of(growth.coalitions, "coalition", "coalitions");
        lines.push(format!("{BOLD}With{PLAIN} one more party that weighs as much as {}: {coalitions}{needed}", growth.like));
    }
    lines
}

/// What its owner may not have meant.
fn findings(part: &Part<'_>) -> Vec<String> {
    let analysis = &part.analysis;
    let mut lines = Vec::new();
    let mut warn = |text: String| lines.push(format!("{YELLOW}!{PLAIN} {text}"));
    if let Some(gap) = &analysis.gap {
        let minimum = part.demand.minimum_score.map(exact).unwrap_or_default();
        warn(format!(
            "{} alone reach {} of {minimum}: {} not needed",
            listed(&gap.alone, "and"),
            thousandths(gap.score),
            are(&gap.left_out)
        ));
    }
    for class in &analysis.interchangeable {
        let members: Vec<_> = class.iter().map(|(name, weight)| format!("{name} ({})", exact(*weight))).collect();
        warn(format!("the same power in spite of other weights: {}", members.join(", ")));
    }
    if !analysis.powerless.is_empty() {
        warn(format!("{} never make a difference", listed(&analysis.powerless, "and")));
    }
    // A party that is a domain by itself was named above.
    let named = |domain: &&Domain| !analysis.losing.iter().any(|loss| loss.party.as_str() == domain.as_str());
    let domains: Vec<_> = analysis.fatal_domains.iter().filter(named).map(Domain::as_str).collect();
    if !domains.is_empty() {
        warn(format!("the loss of a single failure domain stops everything: {}", domains.join(", ")));
    }
    lines.extend(analysis.broken.iter().map(broken_line));
    if let Some(suggestion) = &analysis.suggestion {
        let names: Vec<_> = suggestion.require.iter().map(|name| format!("\"{name}\"")).collect();
        let left = plural_of(suggestion.coalitions, "coalition is", "coalitions are");
        lines.push(format!("  write {GREEN}require = [{}]{PLAIN}: {left} left", names.join(", ")));
    }
    lines
}

fn broken_line(broken: &Broken) -> String {
    let by = match &broken.by {
        Culprits::Parties(parties) => listed(parties, "and"),
        Culprits::Keys(keys, parties) => format!("{keys} of {}", listed(parties, "and")),
        Culprits::Domains(domains) => domains.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and "),
    };
    format!("{}\u{2717}{PLAIN} {} does not hold: {by}", crate::colours::RED, broken.intent)
}

fn listed(names: &[PartyName], last: &str) -> String {
    match names {
        [] => "nobody".to_owned(),
        [one] => one.to_string(),
        [most @ .., end] => format!("{} {last} {end}", most.iter().map(PartyName::as_str).collect::<Vec<_>>().join(", ")),
    }
}

fn are(names: &[PartyName]) -> String {
    format!("{} {}", listed(names, "and"), if names.len() == 1 { "is" } else { "are" })
}

fn plural(count: usize, one: &str, many: &str) -> String {
    plural_of(count as u128, one, many)
}

fn plural_of(count: u128, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn exact(amount: MilliTrust) -> String {
    thousandths(amount.thousandths().into())
}

fn thousandths(amount: u64) -> String {
    let mut text = String::new();
    let _ = write!(text, "{}.{:03}", amount / 1_000, amount % 1_000); // a text never refuses
    text
}

/// The whole report for programs: the policy's own demand at the top, those of its scopes below `scopes`.
fn report(policy: &Policy, parts: &[Part<'_>], keys: &Keys) -> Value {
    let mut own = parts.first().map(part_report).unwrap_or_default();
    let scopes: Vec<_> = parts.iter().skip(1).map(part_report).collect();
    let warnings: Vec<_> = policy.warnings(jiff::Timestamp::now()).iter().map(ToString::to_string).collect();
    if let Value::Object(own) = &mut own {
        own.insert("scopes".to_owned(), scopes.into());
        own.insert("warnings".to_owned(), warnings.into());
        own.insert(
            "keys".to_owned(),
            json!(keys.iter().map(|(name, keys)| (name.as_str(), keys)).collect::<std::collections::BTreeMap<_, _>>()),
        );
    }
    own
}

fn part_report(part: &Part<'_>) -> Value {
    let analysis = &part.analysis;
    let weighed = |(name, weight): &(PartyName, MilliTrust)| json!({ "party": name, "weight": exact(*weight) });
    let broken = |broken: &Broken| {
        let by = match &broken.by {
            Culprits::Parties(parties) => json!({ "parties": parties }),
            Culprits::Keys(keys, parties) => json!({ "keys": keys, "parties": parties }),
            Culprits::Domains(domains) => json!({ "domains": domains }),
        };
        json!({ "intent": broken.intent.to_string(), "by": by })
    };
    json!({
        "projects": part.projects,
        "minimal_winning_coalitions": analysis.coalitions.sets,
        "minimal_winning_coalitions_count": analysis.coalitions.count.to_string(),
        "minimal_blocking_sets": analysis.blocking.sets,
        "minimal_blocking_sets_count": analysis.blocking.count.to_string(),
        "powerless": analysis.powerless,
        "interchangeable": analysis.interchangeable.iter().map(|class| class.iter().map(weighed).collect()).collect::<Vec<Value>>(),
        "forging": {
            "parties": analysis.forging.parties,
            "keys": analysis.forging.keys,
            "keys_of": analysis.forging.keys_of,
            "domains": analysis.forging.domains,
        },
        "fatal_domains": analysis.fatal_domains,
        "losing": analysis.losing.iter().map(|loss| json!({ "party": loss.party, "coalitions": loss.coalitions.to_string() })).collect::<Vec<_>>(),
        "adding": analysis.adding.iter().map(|growth| json!({
            "like": growth.like,
            "coalitions": growth.coalitions.to_string(),
            "no_longer_needed": growth.no_longer_needed,
        })).collect::<Vec<_>>(),
        "gap": analysis.gap.as_ref().map(|gap| json!({
            "alone": gap.alone, "score": thousandths(gap.score), "left_out": gap.left_out,
        })),
        "broken_intents": analysis.broken.iter().map(broken).collect::<Vec<_>>(),
        "suggestion": analysis.suggestion.as_ref().map(|suggestion| json!({
            "require": suggestion.require, "coalitions": suggestion.coalitions.to_string(),
        })),
    })
}

#[cfg(test)]
mod tests;
