use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::arbitrary::{
    added, case, claim, contradiction, file, not_vouched, party, pin, plain_policy, policy, time, vouch_for,
};
use crate::{Claim, Claims, Class, Decision, Evidence, Mode, Policy, PolicySet, Reason, Withheld};

/// A policy of a user, or the built-in one.
fn any_policy() -> impl Strategy<Value = Policy> {
    prop_oneof![4 => policy(), 1 => Just(Policy::built_in())]
}

fn with(about: &Evidence, party: &crate::PartyName, claim: Claim) -> Evidence {
    let mut about = about.clone();
    about.claims.insert(party.clone(), claim);
    about
}

fn without_alarms(decision: &Decision) -> Vec<Reason> {
    decision.reasons().iter().filter(|reason| !matches!(reason, Reason::OtherContradicts { .. })).cloned().collect()
}

fn just_before(time: Timestamp) -> Timestamp {
    time.checked_sub(SignedDuration::from_nanos(1)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn everything_has_a_decision_with_reasons_that_fit_it(policy in any_policy(), (file, about) in case(), now in time()) {
        let decision = policy.decide(&file, &about, now);
        let worst = decision.reasons().iter().filter_map(Reason::class).max();
        prop_assert!(!decision.reasons().is_empty());
        match &decision {
            Decision::Allow(allowed) => prop_assert_eq!((worst, allowed.file()), (None, &file)),
            Decision::Withhold(withheld) => prop_assert_eq!((worst, withheld.file()), (Some(withheld.class()), &file)),
        }
        for line in decision.reasons().iter().flat_map(|reason| [Some(reason.to_string()), reason.remedy()]).flatten() {
            prop_assert!(line.chars().all(|c| c == ' ' || c.is_ascii_graphic()), "{line:?}");
            prop_assert!(!line.is_empty() && !line.ends_with('.') && line.trim() == line, "{line:?}");
        }
    }

    #[test]
    fn only_a_source_of_the_project_that_vouches_or_is_no_repository_and_a_digest_admit(policy in any_policy(), (file, about) in case(), now in time()) {
        if policy.decide(&file, &about, now).is_allowed() {
            let sources = policy.sources_for(&file.project);
            prop_assert!(sources.is_empty() || sources.contains(&about.source));
            match about.claims.get(&about.source) {
                Some(Claim::Pinned(_)) => prop_assert!(policy.repository(&about.source).is_none()),
                Some(Claim::Vouched(vouched)) => {
                    prop_assert!(policy.upstream(&about.source).is_none());
                    prop_assert!(vouched.about(&file).next().is_some());
                }
                other => prop_assert!(false, "{other:?}"),
            }
            prop_assert!(file.sha256.is_some());
        }
    }

    #[test]
    fn the_order_of_evidence_does_not_matter(
        policy in any_policy(), file in file(), source in party(), claims in proptest::collection::btree_map(party(), claim(), 0..4), now in time(),
    ) {
        let backwards: Claims = claims.clone().into_iter().rev().collect();
        let mut one_by_one = Claims::default();
        claims.clone().into_iter().rev().for_each(|(party, claim)| one_by_one.insert(party, claim));
        let decide = |claims| policy.decide(&file, &Evidence { claims, ..Evidence::of_source(source.clone(), Claim::Silent) }, now);
        prop_assert_eq!(decide(claims.into_iter().collect()), decide(backwards.clone()));
        prop_assert_eq!(backwards, one_by_one);
    }

    #[test]
    fn a_further_pin_of_another_party_changes_nothing_but_alarms(
        policy in any_policy(), (file, about) in case(), other in party(), pin in pin(), now in time(),
    ) {
        if other == about.source {
            return Ok(());
        }
        let about = with(&about, &other, Claim::Silent);
        let (before, after) = (policy.decide(&file, &about, now), policy.decide(&file, &with(&about, &other, Claim::Pinned(pin)), now));
        prop_assert_eq!(before.is_allowed(), after.is_allowed());
        prop_assert_eq!(without_alarms(&before), without_alarms(&after));
    }

    #[test]
    fn a_pin_of_a_silent_source_never_withholds_and_a_contradiction_of_anybody_never_admits(
        policy in any_policy(), (file, about) in case(), anybody in party(), pin in pin(), what in contradiction(), now in time(),
    ) {
        let silent = with(&about, &about.source, Claim::Silent);
        let pinned = with(&about, &about.source, Claim::Pinned(pin));
        prop_assert!(!policy.decide(&file, &silent, now).is_allowed() || policy.decide(&file, &pinned, now).is_allowed());
        let contradicted = with(&about, &anybody, Claim::Contradicts(what));
        prop_assert!(policy.decide(&file, &about, now).is_allowed() || !policy.decide(&file, &contradicted, now).is_allowed());
    }

    #[test]
    fn a_vouch_of_a_silent_source_or_a_further_one_never_withholds(
        policy in any_policy(), (file, about) in case(), other in party(), pin in pin(), now in time(),
    ) {
        let Some(vouched) = vouch_for(&file, &pin) else { return Ok(()) };
        let before = policy.decide(&file, &with(&about, &about.source, Claim::Silent), now);
        let vouch = Claim::Vouched(vouched.into());
        let after = policy.decide(&file, &with(&about, &about.source, vouch.clone()), now);
        prop_assert!(!before.is_allowed() || after.is_allowed());
        if other != about.source {
            let silent = with(&about, &other, Claim::Silent);
            let (alone, more) = (policy.decide(&file, &silent, now), policy.decide(&file, &with(&about, &other, vouch), now));
            prop_assert!(!alone.is_allowed() || more.is_allowed());
        }
    }

    #[test]
    fn a_vouch_and_a_pin_of_the_same_age_count_the_same_where_both_count_and_nobody_else_is_asked(
        policy in plain_policy(), file in file(), source in party(), pin in pin(), now in time(),
    ) {
        let pin = crate::Pin { last_modified: crate::LastModified::Unknown, ..pin };
        let Some(vouched) = vouch_for(&file, &pin) else { return Ok(()) };
        let decide = |claim| {
            let about = Evidence::of_source(source.clone(), claim);
            policy.decide(&file, &about, now)
        };
        let (pinned, vouched) = (decide(Claim::Pinned(pin)), decide(Claim::Vouched(vouched.into())));
        match (policy.upstream(&source), policy.repository(&source)) {
            (Some(_), _) => prop_assert!(!vouched.is_allowed()),
            (_, Some(_)) => prop_assert!(!pinned.is_allowed()),
            (None, None) => prop_assert_eq!(pinned.is_allowed(), vouched.is_allowed()),
        }
    }

    #[test]
    fn what_is_not_vouched_never_admits(
        policy in any_policy(), (file, about) in case(), why in not_vouched(), now in time(),
    ) {
        let decision = policy.decide(&file, &with(&about, &about.source, Claim::NotVouched(Box::new(why.clone()))), now);
        let contradicted = matches!(decision.reasons()[0], Reason::Contradicted { .. });
        prop_assert!(matches!(&decision, Decision::Withhold(withheld) if (withheld.class() == Class::Hostile) == (contradicted || why.class() == Class::Hostile)));
        prop_assert!(why.class() != Class::Hostile || decision.reasons()[0].is_alarm());
    }

    #[test]
    fn a_contradiction_of_the_source_is_hostile(policy in any_policy(), (file, about) in case(), what in contradiction(), now in time()) {
        let decision = policy.decide(&file, &with(&about, &about.source, Claim::Contradicts(what)), now);
        prop_assert!(matches!(&decision, Decision::Withhold(withheld) if withheld.class() == Class::Hostile));
        prop_assert!(decision.reasons()[0].is_alarm());
    }

    #[test]
    fn waiting_until_the_said_moment_helps_and_not_before(
        policy in any_policy(), (file, about) in case(), now in time(), later in time(),
    ) {
        let Decision::Withhold(withheld) = policy.decide(&file, &about, now) else { return Ok(()) };
        match withheld.until() {
            Some(until) => {
                prop_assert!(until > now);
                prop_assert!(policy.decide(&file, &about, until).is_allowed());
                prop_assert!(!policy.decide(&file, &about, just_before(until)).is_allowed());
                prop_assert!(!policy.decide(&file, &about, later.clamp(now, just_before(until))).is_allowed());
            }
            None => prop_assert!(!policy.decide(&file, &about, later.max(now)).is_allowed()),
        }
    }

    #[test]
    fn what_is_allowed_stays_so_until_the_said_moment(
        policy in any_policy(), (file, about) in case(), now in time(), later in time(),
    ) {
        let Decision::Allow(allowed) = policy.decide(&file, &about, now) else { return Ok(()) };
        let last = allowed.valid_until().map_or(Timestamp::MAX, just_before);
        prop_assert!(now <= last);
        prop_assert!(policy.decide(&file, &about, later.clamp(now, last)).is_allowed());
        prop_assert!(policy.decide(&file, &about, last).is_allowed());
    }

    #[test]
    fn the_mode_does_not_change_a_decision(policy in any_policy(), (file, about) in case(), now in time()) {
        let decision = policy.decide(&file, &about, now);
        for mode in [Mode::Observe, Mode::Warn, Mode::Enforce] {
            prop_assert_eq!(&Policy { mode, ..policy.clone() }.decide(&file, &about, now), &decision);
        }
    }

    #[test]
    fn an_added_policy_can_only_tighten(
        main in any_policy(), added in added(), (file, about) in case(), now in time(),
    ) {
        let alone = main.decide(&file, &about, now);
        let both = PolicySet::new(main, Some(added)).decide(file.clone(), &about, now);
        prop_assert!(alone.is_allowed() || !both.is_allowed());
        if let (Decision::Withhold(alone), Decision::Withhold(both)) = (&alone, &both) {
            let (class, until) = (Withheld::class, Withheld::until);
            prop_assert!(class(both) >= class(alone), "the worse class wins");
            prop_assert!(until(both).is_none() || until(both) >= until(alone), "the later moment wins");
        }
    }

    #[test]
    fn alone_or_with_an_added_policy_that_demands_nothing_is_the_same(main in any_policy(), (file, about) in case(), now in time()) {
        let nothing = crate::AddedPolicy::parse("").unwrap();
        let (alone, both) = (PolicySet::new(main.clone(), None), PolicySet::new(main, Some(nothing)));
        prop_assert_eq!(alone.decide(file.clone(), &about, now).is_allowed(), both.decide(file, &about, now).is_allowed());
    }
}
