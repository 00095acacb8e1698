//! Policy files: the user's, and those of the working directory, which may be anybody's.
#![no_main]

use affineur_packaging::{FileName, Sha256};
use affineur_trust::analysis::{Keys, differences};
use affineur_trust::{AddedPolicy, Claim, Evidence, FileFact, LastModified, Pin, Policy, PolicyError, PolicySet};
use jiff::Timestamp;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let main = match Policy::parse(text) {
        Ok(policy) => {
            let printed = policy.canonical();
            assert_eq!(Policy::parse(&printed).as_ref(), Ok(&policy), "{printed}");
            policy
        }
        Err(error) => {
            check_error(text, &error);
            Policy::parse("minimum-age = '0'").expect("a policy")
        }
    };
    let added = match AddedPolicy::parse(text) {
        Ok(added) => {
            assert_eq!(AddedPolicy::parse(&added.canonical()).as_ref(), Ok(&added));
            Some(added)
        }
        Err(error) => {
            check_error(text, &error);
            None
        }
    };
    check_analysis(&main);
    check_decision(main, added);
    let _ = affineur_trust::map::to_policy(text);
});

/// Every policy that parses can be met and, where it asks for vouches, is not met by nobody; and it refines itself.
fn check_analysis(policy: &Policy) {
    let Ok(analysis) = policy.analysis(None, &Keys::new()) else { return };
    assert!(analysis.coalitions.count > 0);
    assert_eq!(policy.demand.asks_for_vouches(), !analysis.coalitions.sets.iter().any(Vec::is_empty));
    assert_eq!(differences(policy, policy), Ok(Vec::new()));
}

fn check_error(text: &str, error: &PolicyError) {
    assert!(error.line >= 1 && error.line <= text.matches('\n').count() + 1, "{error}");
    assert!(error.column >= 1 && error.column <= text.chars().count() + 1, "{error}");
    let shown = format!("{error}{}", error.hint.as_deref().unwrap_or_default());
    assert!(shown.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{shown:?}");
}

/// Every policy decides about a file; an added one never admits what the main one withholds.
fn check_decision(main: Policy, added: Option<AddedPolicy>) {
    let name: FileName = "acme_tools-1.0-py3-none-any.whl".parse().expect("a file name");
    let file = FileFact { project: name.project().clone(), name, size: None, sha256: Some(Sha256::from_bytes([7; 32])) };
    let time = |text: &str| text.parse::<Timestamp>().expect("a time");
    let pin = Pin {
        first_seen: time("2026-11-20T12:00:00Z"),
        absent_until: None,
        upload_time: Some(time("2026-11-18T12:00:00Z")),
        last_modified: LastModified::NotAsked,
    };
    let source = "index".parse().expect("a party's name");
    let about = Evidence::of_source(source, Claim::Pinned(pin));
    let now = time("2026-11-20T12:00:00Z");
    let alone = main.decide(&file, &about, now);
    let both = PolicySet::new(main, added).decide(file, &about, now);
    assert!(alone.is_allowed() || !both.is_allowed());
    for reason in both.reasons() {
        let line = reason.to_string();
        assert!(line.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) && !line.ends_with('.'), "{line:?}");
    }
}
