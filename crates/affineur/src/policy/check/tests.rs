use super::*;

const MAIL: &str = include_str!("mail.toml");

fn without_colours(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn policy(more: &str, curators: usize) -> Policy {
    let mut text = format!("{more}\n{MAIL}");
    for at in 1..=curators {
        text += &format!(
            "[party.curator-{at}]\nrepository = 'https://c{at}.example/tuf/'\nroot = 'c{at}.json'\nweight = {{ audited = '2.0' }}\n"
        );
    }
    Policy::parse(&text).unwrap()
}

fn shown(policy: &Policy) -> String {
    let keys = Keys::from([("index".parse().unwrap(), 2), ("curator-1".parse().unwrap(), 3)]);
    without_colours(&page(policy, &parts(policy, &keys).unwrap(), &keys))
}

#[test]
fn with_two_curators_everybody_is_needed() {
    insta::assert_snapshot!(shown(&policy("", 2)));
}

#[test]
fn with_three_curators_the_gap_is_shown_and_a_repair() {
    insta::assert_snapshot!(shown(&policy("assert = ['requires(index)', 'never-alone(curator-1)']", 3)));
}

#[test]
fn a_repaired_policy_and_its_scope_have_nothing_to_complain_of() {
    let scope = "[[scope]]\nprojects = ['acme-*']\nrule = 'curator-1 and index'\n";
    let repaired = policy("require = ['index', 'pypi-curator']\nassert = ['requires(index)']", 3).canonical() + scope;
    insta::assert_snapshot!(shown(&Policy::parse(&repaired).unwrap()));
}

#[test]
fn the_report_for_programs_has_lists_of_names() {
    let policy = policy("", 3);
    let report = report(&policy, &parts(&policy, &Keys::new()).unwrap(), &Keys::new());
    assert_eq!(report["minimal_winning_coalitions"][0], json!(["curator-1", "curator-2", "curator-3"]));
    assert_eq!(report["minimal_winning_coalitions"].as_array().unwrap().len(), 4);
    assert_eq!(report["minimal_blocking_sets"].as_array().unwrap().len(), 9);
    insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap());
}

#[test]
fn a_policy_that_asks_for_nothing_says_so() {
    insta::assert_snapshot!(shown(&Policy::parse("minimum-age = '3d'").unwrap()));
}
