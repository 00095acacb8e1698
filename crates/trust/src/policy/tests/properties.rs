use proptest::prelude::*;

use crate::{AddedPolicy, Policy, PolicySet, arbitrary};

proptest! {
    #[test]
    fn what_is_printed_parses_to_the_same_policy(policy in arbitrary::policy()) {
        let text = policy.canonical();
        let again = Policy::parse(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(again.canonical(), text);
        prop_assert_eq!(again, policy);
    }

    #[test]
    fn an_added_policy_prints_to_itself(added in arbitrary::added()) {
        prop_assert_eq!(AddedPolicy::parse(&added.canonical()).unwrap(), added);
    }

    #[test]
    fn different_policies_print_differently(one in arbitrary::policy(), other in arbitrary::policy()) {
        prop_assert_eq!(one == other, one.canonical() == other.canonical());
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*") {
        let _ = (Policy::parse(&text), AddedPolicy::parse(&text));
    }

    #[test]
    fn no_damage_to_a_policy_makes_the_parser_panic(at in 0..super::EXAMPLE.len(), with in "[\\[\\]{}=\"'a-z0-9.,#\n-]{0,4}", cut in 0..20_usize) {
        let text = super::EXAMPLE;
        let damaged = format!("{}{with}{}", &text[..at], &text[(at + cut).min(text.len())..]);
        if let Err(error) = Policy::parse(&damaged) {
            prop_assert!(error.line >= 1 && error.column >= 1 && error.line <= damaged.lines().count() + 1);
            prop_assert!(error.to_string().chars().all(|c| c == ' ' || c.is_ascii_graphic()));
        } else {
            let policy = Policy::parse(&damaged).unwrap();
            prop_assert_eq!(Policy::parse(&policy.canonical()).unwrap(), policy);
        }
    }

    #[test]
    fn an_epoch_lasts_until_the_next_change(policy in arbitrary::policy(), now in arbitrary::time(), later in arbitrary::time()) {
        let set = PolicySet::new(policy, None);
        if now <= later && set.next_change(now).is_none_or(|change| later < change) {
            prop_assert_eq!(set.epoch(now), set.epoch(later));
        }
    }
}
