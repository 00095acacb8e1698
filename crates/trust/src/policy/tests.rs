mod errors;
mod properties;

use super::*;

pub(crate) const EXAMPLE: &str = r#"
sources = ["internal-index", "index"]
minimum-age = "3d"
age-from = "first-seen"
mode = "enforce"
pass = ["github.com", "*.files.example"]

[party.internal-index]
upstream = "https://internal.example/simple"
canary = "acme-base"

[party.index]
upstream = "https://index.example/simple/"
weight = { pinned = "0.5" }

[[exception]]
project = "requests"
versions = "==2.32.5"
until = 2026-12-31
reason = "urgent fix"

[[scope]]
projects = ["acme-*"]
only = ["internal-index"]
minimum-age = "0"
"#;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn project(name: &str) -> ProjectName {
    name.parse().unwrap()
}

fn party(name: &str) -> PartyName {
    name.parse().unwrap()
}

#[test]
fn every_key_is_read() {
    let policy = Policy::parse(EXAMPLE).unwrap();
    assert_eq!(policy.sources, [party("internal-index"), party("index")]);
    assert_eq!(policy.minimum_age, SignedDuration::from_hours(72));
    assert_eq!((policy.age_from, policy.mode, policy.written_by()), (AgeFrom::FirstSeen, Mode::Enforce, WrittenBy::User));
    let internal = policy.upstream(&party("internal-index")).unwrap();
    assert_eq!(internal.url.as_str(), "https://internal.example/simple/", "a final '/' is added");
    assert_eq!(internal.canary, Some(project("acme-base")));
    assert_eq!(policy.upstream(&party("index")).unwrap().weight.unwrap().thousandths(), 500);
    let [exception] = policy.exceptions.as_slice() else { panic!("one exception") };
    assert_eq!(exception.until, time("2026-12-31T00:00:00Z"), "a date is its first moment in UTC");
    assert_eq!((exception.minimum_age, exception.reason.as_str()), (SignedDuration::ZERO, "urgent fix"));
}

#[test]
fn the_printed_policy_is_a_format() {
    assert_eq!(
        Policy::parse(EXAMPLE).unwrap().canonical(),
        r#"# policy
sources = ["internal-index", "index"]
minimum-age = "3d"
age-from = "first-seen"
mode = "enforce"
pass = ["github.com", "*.files.example"]

[party."index"]
upstream = "https://index.example/simple/"
weight = { pinned = "0.5" }

[party."internal-index"]
upstream = "https://internal.example/simple/"
canary = "acme-base"

[[exception]]
project = "requests"
versions = "==2.32.5"
minimum-age = "0"
until = "2026-12-31T00:00:00Z"
reason = "urgent fix"

[[scope]]
projects = ["acme-*"]
only = ["internal-index"]
minimum-age = "0"
"#
    );
}

#[test]
fn a_repository_has_a_root_and_weights_and_needs_no_canary() {
    let text = "sources = ['index', 'other']\n[party.index]\nrepository = 'https://index.example/tuf'\nroot = 'trust/root.json'\n\
        weight = { stable = '1.0', recently-claimed = '0.5' }\n[party.other]\nupstream = 'https://other.example/'";
    let mut policy = Policy::parse(text).unwrap();
    let repository = policy.repository(&party("index")).unwrap();
    assert_eq!((repository.url.as_str(), repository.root.as_str()), ("https://index.example/tuf/", "trust/root.json"));
    assert_eq!(
        repository.weight.iter().map(|(kind, weight)| (kind.as_str(), weight.thousandths())).collect::<Vec<_>>(),
        [("recently-claimed", 500), ("stable", 1_000)]
    );
    assert_eq!(policy.index_url(&party("index")).unwrap().as_str(), "https://index.example/simple/");
    assert!(policy.upstream(&party("index")).is_none(), "and is no upstream");
    let before = policy.canonical();
    policy.note_root(&party("index"), Sha256::from_bytes([1; 32]));
    let after = policy.canonical();
    assert_ne!(before, after, "another root has other caches");
    policy.note_root(&party("index"), Sha256::from_bytes([2; 32]));
    assert_ne!(after, policy.canonical());
    assert_eq!(Policy::parse(&after).unwrap().canonical(), before, "and the digest is no part of the file");
}

#[test]
fn the_order_of_keys_and_tables_does_not_change_the_policy() {
    let one = "minimum-age = '1d'\nsources = ['a']\n[party.a]\nupstream = 'https://a.example/simple/'";
    let other = "party.a.upstream = 'https://a.example/simple'\nsources = ['a']\nminimum-age = '24h'";
    assert_eq!(Policy::parse(one).unwrap(), Policy::parse(other).unwrap());
}

#[test]
fn an_empty_policy_has_the_defaults_and_learns_its_sources() {
    let policy = Policy::parse("").unwrap();
    assert_eq!(policy.minimum_age, Policy::DEFAULT_MINIMUM_AGE);
    assert_eq!(policy.mode, Mode::Enforce);
    assert!(policy.sources_for(&project("requests")).is_empty());
    assert_ne!(policy, Policy::built_in(), "what a user wrote, however short, is not the built-in policy");
    assert_ne!(policy.canonical(), Policy::built_in().canonical(), "nor do they share cache entries");
}

#[test]
fn the_sources_of_a_project_are_those_of_its_first_scope_or_the_policys() {
    let policy = Policy::parse(EXAMPLE).unwrap();
    assert_eq!(policy.sources_for(&project("Acme.Tools")), [party("internal-index")]);
    assert_eq!(policy.sources_for(&project("requests")), [party("internal-index"), party("index")]);
    assert_eq!(policy.minimum_age_for(&project("acme-tools")), SignedDuration::ZERO);
    assert_eq!(policy.minimum_age_for(&project("acme")), SignedDuration::from_hours(72));

    let scopes = "[[scope]]\nprojects = ['a-b']\nminimum-age = '1d'\n[[scope]]\nprojects = ['a-*']\nage-from = 'upload-time'";
    let policy = Policy::parse(scopes).unwrap();
    assert_eq!(policy.minimum_age_for(&project("a-b")), SignedDuration::from_hours(24), "the first match wins");
    assert_eq!(policy.age_from_for(&project("a-b")), AgeFrom::FirstSeen, "nothing is taken from a second match");
    assert_eq!(
        policy.minimum_age_for(&project("a-c")),
        SignedDuration::from_hours(72),
        "what a scope leaves out is the policy's"
    );
    assert_eq!(policy.age_from_for(&project("a-c")), AgeFrom::UploadTime);
}

#[test]
fn only_hosts_that_are_named_pass() {
    let policy = Policy::parse(EXAMPLE).unwrap();
    for host in ["github.com", "GitHub.com", "github.com.", "a.files.example", "a.b.files.example"] {
        assert!(policy.passes_host(host), "{host}");
    }
    for host in
        ["", "files.example", "agithub.com", "github.com.attacker.example", "x.github.com", "afiles.example", ".files.example"]
    {
        assert!(!policy.passes_host(host), "{host}");
    }
    assert!(!Policy::built_in().passes_host("github.com"));
}

#[test]
fn warnings_tell_of_exceptions_that_ended_or_end_too_late() {
    let text = |until: &str| format!("[[exception]]\nproject = 'a'\nuntil = '{until}'\nreason = 'r'");
    let warnings = |until: &str| Policy::parse(&text(until)).unwrap().warnings(time("2026-11-20T12:00:00Z"));
    assert_eq!(
        warnings("2026-11-20T12:00:00Z").first().map(ToString::to_string).unwrap(),
        "the exception for a ended on 2026-11-20"
    );
    assert_eq!(warnings("2026-11-20T12:00:01Z"), []);
    assert_eq!(warnings("2027-11-21T12:00:00Z"), [], "366 days ahead");
    assert_eq!(
        warnings("2029-01-01").first().map(ToString::to_string).unwrap(),
        "the exception for a ends on 2029-01-01, more than 366 days ahead: it counts only from 2028-01-01 on"
    );
}

#[test]
fn the_epoch_changes_exactly_when_next_change_says() {
    let exception = |until: &str| format!("[[exception]]\nproject = 'a'\nuntil = '{until}'\nreason = 'r'\n");
    let text = exception("2026-12-01") + &exception("2028-01-01") + &exception("2026-01-01");
    let set = PolicySet::new(Policy::parse(&text).unwrap(), None);
    let mut now = time("2026-11-20T12:00:00Z");
    let mut history = vec![(now, set.epoch(now))];
    while let Some(next) = set.next_change(now) {
        let just_before = next.checked_sub(SignedDuration::from_nanos(1)).unwrap();
        assert_eq!(set.epoch(just_before), history.last().unwrap().1, "nothing changes before");
        assert_ne!(set.epoch(next), history.last().unwrap().1, "and then it does");
        now = next;
        history.push((now, set.epoch(now)));
    }
    let history: Vec<_> = history.iter().map(|(time, epoch)| format!("{time} {epoch}")).collect();
    assert_eq!(
        history,
        [
            "2026-11-20T12:00:00Z exceptions=0",
            "2026-12-01T00:00:00Z exceptions=",
            "2026-12-31T00:00:00Z exceptions=1",
            "2028-01-01T00:00:00Z exceptions=",
        ]
    );
}

#[test]
fn the_examples_of_the_documentation_parse() {
    let document = include_str!("../../../../docs/formats/policy.md");
    let examples: Vec<_> = document.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(examples.len(), 4);
    for example in examples {
        if example.starts_with("# added") {
            AddedPolicy::parse(example).unwrap();
        } else {
            Policy::parse(example).unwrap();
        }
    }
}

pub(crate) const DESIGN: &str = include_str!("tests/design.toml");

#[test]
fn every_key_of_a_demand_is_read() {
    let policy = Policy::parse(DESIGN).unwrap();
    assert_eq!(policy.demand.minimum_score.unwrap().thousandths(), 5_500);
    assert_eq!(policy.demand.require, [party("index")]);
    assert_eq!(policy.demand.rule.as_ref().unwrap().to_string(), "pypi-curator and 2 of (curator-1, curator-2, curator-3)");
    assert_eq!(policy.demand.urgent.as_ref().unwrap().to_string(), "2 of (curator-1, curator-2)");
    assert_eq!(policy.demand.track, Some(Track::Stable));
    assert_eq!(policy.veto, [party("curator-1")]);
    assert_eq!(policy.intents, [Intent::Requires(party("index")), Intent::NeverAlone(party("curator-1"))]);
    let curator = policy.repository(&party("pypi-curator")).unwrap();
    assert_eq!((curator.depth, curator.max_stale), (2, Some(SignedDuration::from_hours(48))));
    assert_eq!(policy.party(&party("pypi-curator")).unwrap().domains, ["hsm-a".parse().unwrap()]);
    assert!(policy.is_curator(&party("pypi-curator")) && !policy.is_curator(&party("index")));
    let acme = policy.demand_for(&project("acme-tools"));
    assert_eq!((acme.require.as_slice(), acme.minimum_score, &acme.rule), ([party("internal-index")].as_slice(), None, &None));
    assert_eq!(acme.track, None, "a scope inherits nothing of the demand");
    assert_eq!(policy.minimum_age_for(&project("acme-tools")), SignedDuration::from_hours(72), "and the wait is the policy's");
    assert_eq!(Policy::parse(&policy.canonical()).unwrap(), policy);
}

#[test]
fn a_signed_time_is_accepted_where_an_index_can_attest_one() {
    let text =
        "sources = ['index']\nage-from = 'signed'\n[party.index]\nrepository = 'https://index.example/tuf'\nroot = 'r.json'";
    let policy = Policy::parse(text).unwrap();
    assert_eq!(policy.age_from, AgeFrom::Signed);
    assert_eq!(Policy::parse(&policy.canonical()).unwrap(), policy);
}
