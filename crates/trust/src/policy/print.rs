//! A policy as text, always the same for the same policy: what `parse` reads back.

use std::fmt::Display;

use super::{AgeFrom, Demand, Exception, Mode, Party, PartyKind, Policy, Repository, Scope, Upstream, WrittenBy, wait};

/// Prints a whole policy. The first line says where it comes from, since the built-in rules are not quite those of a file
/// with the same words.
pub(super) fn policy(policy: &Policy) -> String {
    let mut lines = vec![match policy.written_by {
        WrittenBy::BuiltIn => "# built-in policy".to_owned(),
        WrittenBy::User => "# policy".to_owned(),
        WrittenBy::WorkingDirectory => "# added policy".to_owned(),
    }];
    if !policy.sources.is_empty() {
        lines.push(format!("sources = {}", list(&policy.sources)));
    }
    lines.extend(print_demand(&policy.demand));
    lines.extend(named("veto", &policy.veto));
    lines.push(minimum_age(policy.minimum_age));
    lines.push(age_from(policy.age_from));
    if policy.written_by != WrittenBy::WorkingDirectory {
        lines.push(format!("mode = \"{}\"", mode(policy.mode)));
    }
    lines.extend(named("pass", &policy.pass));
    lines.extend(named("assert", &policy.intents));
    for (name, party) in &policy.parties {
        lines.push(format!("\n[party.{}]", quoted(name)));
        lines.extend(print_party(party));
    }
    policy.exceptions.iter().for_each(|exception| lines.extend(print_exception(exception)));
    policy.scopes.iter().for_each(|scope| lines.extend(print_scope(scope)));
    lines.push(String::new());
    lines.join("\n")
}

fn print_demand(demand: &Demand) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(demand.minimum_score.map(|score| format!("minimum-score = {}", quoted(&score))));
    lines.extend(named("require", &demand.require));
    lines.extend(demand.rule.as_ref().map(|rule| format!("rule = {}", quoted(rule))));
    lines.extend(demand.urgent.as_ref().map(|urgent| format!("urgent = {}", quoted(urgent))));
    lines.extend(demand.track.map(|track| format!("track = \"{}\"", track.as_str())));
    lines
}

fn print_party(party: &Party) -> Vec<String> {
    let mut lines = match &party.kind {
        PartyKind::Upstream(upstream) => print_upstream(upstream),
        PartyKind::Repository(repository) => print_repository(repository),
    };
    lines.extend(named("domains", &party.domains));
    lines
}

fn print_upstream(upstream: &Upstream) -> Vec<String> {
    let mut lines = vec![format!("upstream = {}", quoted(&upstream.url))];
    lines.extend(upstream.canary.as_ref().map(|canary| format!("canary = {}", quoted(canary))));
    lines.extend(upstream.weight.map(|weight| format!("weight = {{ pinned = {} }}", quoted(&weight))));
    lines
}

/// The root's digest is a comment: it is no part of the file, and of every cache key.
fn print_repository(repository: &Repository) -> Vec<String> {
    let digest = repository.root_sha256.map(|digest| format!(" # sha256:{digest}")).unwrap_or_default();
    let mut lines =
        vec![format!("repository = {}", quoted(&repository.url)), format!("root = {}{digest}", quoted(&repository.root))];
    let weights = repository.weight.iter().map(|(kind, weight)| format!("{} = {}", kind.as_str(), quoted(weight)));
    let weights: Vec<_> = weights.collect();
    if !weights.is_empty() {
        lines.push(format!("weight = {{ {} }}", weights.join(", ")));
    }
    lines.extend(repository.max_stale.map(|stale| format!("max-stale = \"{}\"", wait::print(stale))));
    if repository.depth != 1 {
        lines.push(format!("depth = {}", repository.depth));
    }
    lines
}

fn print_exception(exception: &Exception) -> Vec<String> {
    let mut lines = vec!["\n[[exception]]".to_owned(), format!("project = {}", quoted(&exception.project))];
    lines.extend(exception.versions.as_ref().map(|versions| format!("versions = {}", quoted(versions))));
    lines.push(minimum_age(exception.minimum_age));
    lines.push(format!("until = {}", quoted(&exception.until)));
    lines.push(format!("reason = {}", quoted(&exception.reason)));
    lines
}

fn print_scope(scope: &Scope) -> Vec<String> {
    let mut lines = vec!["\n[[scope]]".to_owned(), format!("projects = {}", list(&scope.projects))];
    lines.extend(scope.only.as_ref().map(|only| format!("only = {}", list(only))));
    lines.extend(print_demand(&scope.demand));
    lines.extend(scope.minimum_age.map(minimum_age));
    lines.extend(scope.age_from.map(age_from));
    lines
}

fn minimum_age(minimum: jiff::SignedDuration) -> String {
    format!("minimum-age = \"{}\"", wait::print(minimum))
}

fn age_from(age_from: AgeFrom) -> String {
    let word = match age_from {
        AgeFrom::FirstSeen => "first-seen",
        AgeFrom::UploadTime => "upload-time",
        AgeFrom::Signed => "signed",
    };
    format!("age-from = \"{word}\"")
}

const fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Observe => "observe",
        Mode::Warn => "warn",
        Mode::Enforce => "enforce",
    }
}

/// A list under its key, where there is one.
fn named<T: Display>(key: &str, items: &[T]) -> Option<String> {
    (!items.is_empty()).then(|| format!("{key} = {}", list(items)))
}

fn list<T: Display>(items: &[T]) -> String {
    format!("[{}]", items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", "))
}

fn quoted(text: &impl Display) -> String {
    toml::Value::String(text.to_string()).to_string()
}
