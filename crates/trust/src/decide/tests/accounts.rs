//! The account of a demand: one minimal proof with its keys, or the smallest sets that would be enough.

use super::demands::{all, audited, but, claim, mail, vouch};
use super::*;
use crate::{Account, Level, Says, Worth};

fn account(policy: &Policy, about: &Evidence) -> Account {
    policy.account(&requests(), about, now()).unwrap()
}

/// Without the lines of keys.
fn outline(account: &Account) -> String {
    let text = account.to_string();
    text.lines().filter(|line| !line.starts_with("    ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_file_that_passes_shows_who_is_needed_with_weights_levels_roles_and_keys() {
    let account = account(&mail(""), &all());
    assert_eq!(
        outline(&account),
        "enough together, and none of them could be left out:\n  \
         curator-1 vouches, counts 2.000\n  curator-2 vouches, counts 2.000\n  index vouches, counts 0.500\n  \
         pypi-curator vouches, counts 1.000"
    );
    let text = account.to_string();
    assert!(text.contains("    audited, signed by\n      targets v1, 2 of these keys: "), "{text}");
    let Says::Vouches(statements) = &account.parties[0].says else { panic!("{account:?}") };
    let chain = &statements[0].chain;
    assert!(chain.steps().iter().flat_map(|step| &step.keyids).all(|key| text.contains(key.as_str())), "{text}");
    assert!(text.is_ascii() && !text.contains('\r'));
}

#[test]
fn nobody_is_named_as_needed_who_is_not() {
    let easier = Policy::parse(&demands::MAIL.replacen("5.5", "4.0", 1)).unwrap();
    assert_eq!(
        outline(&account(&easier, &all())),
        "enough together, and none of them could be left out:\n  \
         curator-1 vouches, counts 2.000\n  curator-2 vouches, counts 2.000\n\
         the others:\n  index vouches, counts 0.500\n  pypi-curator vouches, counts 1.000"
    );
}

#[test]
fn a_file_that_does_not_pass_shows_the_smallest_sets_and_where_everybody_stands() {
    let mut about = but("curator-1", Claim::Unavailable(Unavailable { problem: "timed out".to_owned() }));
    assert_eq!(
        outline(&account(&mail(""), &about)),
        "not enough; it would be with the vouches of\n  curator-1 (up to 2.000)\n\
         who says what:\n  curator-1 is unavailable (timed out), could count 2.000\n  curator-2 vouches, counts 2.000\n  \
         index vouches, counts 0.500\n  pypi-curator vouches, counts 1.000"
    );
    about.claims.insert(party("pypi-curator"), Claim::Silent);
    let text = outline(&account(&mail(""), &about));
    assert!(text.contains("  curator-1 (up to 2.000) and pypi-curator (up to 1.000)\n"), "{text}");
    assert!(text.contains("  pypi-curator is silent, could count 1.000"), "{text}");
}

#[test]
fn several_ways_are_told_smallest_first() {
    let rule = "rule = '(curator-1 and curator-2) or pypi-curator'";
    let policy = Policy::parse(&demands::MAIL.replacen("minimum-score = \"5.5\"", rule, 1)).unwrap();
    let nobody = Evidence::of_source(party("index"), all().claims.get(&party("index")).unwrap().clone());
    let text = outline(&account(&policy, &nobody));
    let sets = "not enough; it would be with the vouches of\n  pypi-curator (up to 1.000)\n  or curator-1 (up to 2.000) and curator-2 (up to 2.000)\n";
    assert!(text.starts_with(sets), "{text}");
}

#[test]
fn who_vouches_weakly_can_be_asked_for_more() {
    let voted = claim(vouch(Worth::Curator(Level::Voted), 2));
    let account = account(&mail(""), &but("pypi-curator", voted));
    let text = outline(&account);
    assert!(text.starts_with("not enough; it would be with the vouches of\n  pypi-curator (up to 1.000)\n"), "{text}");
    assert!(text.contains("  pypi-curator vouches, counts 0.750 of at most 1.000"), "{text}");
}

#[test]
fn what_nobody_can_mend_is_said_so() {
    // Two vouches on one origin count once, and a third party cannot make up for that.
    let account = account(&mail(""), &but("curator-2", audited(3)));
    let text = outline(&account);
    assert!(text.starts_with("not enough, and if everybody vouched it would not be either"), "{text}");
    assert!(text.contains("counts 0.000 of at most 2.000 (same origin as curator-"), "{text}");
}

#[test]
fn a_policy_that_asks_nobody_has_no_account() {
    let policy = Policy::parse("sources = ['index']\n[party.index]\nupstream = 'https://index.example/'").unwrap();
    assert_eq!(policy.account(&requests(), &all(), now()), None);
}

#[test]
fn the_report_of_an_account_is_a_format() {
    let silent = but("curator-1", Claim::Silent);
    let mut report = serde_json::json!([account(&mail(""), &all()), account(&mail(""), &silent)]);
    // The keys are others' matter.
    for account in report.as_array_mut().unwrap() {
        for party in account["parties"].as_array_mut().unwrap() {
            for statement in party["statements"].as_array_mut().into_iter().flatten() {
                statement["chain"].as_array_mut().unwrap().truncate(1);
                statement["chain"][0]["keys"] = "…".into();
            }
        }
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap());
}
