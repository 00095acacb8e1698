//! The properties P1 to P15 of a policy's algebra that a decision has.

use proptest::prelude::*;
use proptest::sample::Index;

use crate::arbitrary::{added, alternative, case, claim, curated, curator, file, objection, party, policy, time};
use crate::{Claim, Claims, Evidence, Hearing, MilliTrust, PartyKind, PartyName, Policy, Unavailable, Vouches};

fn with(about: &Evidence, party: &PartyName, claim: Claim) -> Evidence {
    let mut about = about.clone();
    about.claims.insert(party.clone(), claim);
    about
}

/// Scales every weight and every score.
fn scaled(mut policy: Policy, by: u32) -> Policy {
    let scale = |amount: &mut MilliTrust| *amount = MilliTrust::of_thousandths(amount.thousandths() * by);
    for party in policy.parties.values_mut() {
        match &mut party.kind {
            PartyKind::Upstream(upstream) => upstream.weight.iter_mut().for_each(scale),
            PartyKind::Repository(repository) => repository.weight.values_mut().for_each(scale),
        }
    }
    policy.demand.minimum_score.iter_mut().for_each(scale);
    policy.scopes.iter_mut().for_each(|scope| scope.demand.minimum_score.iter_mut().for_each(scale));
    policy
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]

    #[test]
    fn p1_a_further_vouch_never_withholds(
        policy in policy(), (file, about, vouch) in file().prop_flat_map(|file| (Just(file.clone()), crate::arbitrary::evidence_about(file.clone()), curated(file))),
        who in curator(), now in time(),
    ) {
        for absent in [Claim::Silent, Claim::Unavailable(Unavailable { problem: "x".to_owned() })] {
            let before = policy.decide(&file, &with(&about, &who, absent), now);
            let after = policy.decide(&file, &with(&about, &who, vouch.clone()), now);
            prop_assert!(!before.is_allowed() || after.is_allowed(), "{:?}", after.reasons());
        }
    }

    #[test]
    fn p1_a_further_alternative_never_withholds(
        policy in policy(), (file, about, vouch, more) in file().prop_flat_map(|file| (Just(file.clone()), crate::arbitrary::evidence_about(file.clone()), curated(file.clone()), alternative(file))),
        who in prop_oneof![curator(), party()], now in time(),
    ) {
        let Claim::Vouched(vouches) = about.claims.get(&who).unwrap_or(&vouch).clone() else { return Ok(()) };
        let before = policy.decide(&file, &with(&about, &who, Claim::Vouched(vouches.clone())), now);
        let vouches = Vouches::of([vouches, more.into()]).unwrap();
        let after = policy.decide(&file, &with(&about, &who, Claim::Vouched(vouches)), now);
        prop_assert!(!before.is_allowed() || after.is_allowed(), "{:?}", after.reasons());
    }

    #[test]
    fn p2_a_further_objection_never_admits(policy in policy(), (file, about) in case(), objection in objection(), now in time()) {
        let before = policy.decide(&file, &about, now);
        let mut more = about;
        more.objections.push(objection);
        prop_assert!(before.is_allowed() || !policy.decide(&file, &more, now).is_allowed());
    }

    #[test]
    fn p3_order_and_repetition_of_statements_do_not_matter(policy in policy(), (file, about) in case(), turn in any::<Index>(), now in time()) {
        let mut other = about.clone();
        other.objections.extend(about.objections.clone());
        if !other.objections.is_empty() {
            let by = turn.index(other.objections.len());
            other.objections.rotate_left(by);
        }
        let (one, other) = (policy.decide(&file, &about, now), policy.decide(&file, &other, now));
        prop_assert_eq!(one.is_allowed(), other.is_allowed());
        let codes = |reasons: &[crate::Reason]| reasons.iter().map(crate::Reason::code).collect::<std::collections::BTreeSet<_>>();
        prop_assert_eq!(codes(one.reasons()), codes(other.reasons()));
    }

    #[test]
    fn p7_scaling_all_weights_and_scores_changes_nothing(policy in policy(), by in 2..40_u32, (file, about) in case(), now in time()) {
        let (one, other) = (policy.decide(&file, &about, now), scaled(policy, by).decide(&file, &about, now));
        prop_assert_eq!(one.is_allowed(), other.is_allowed());
    }

    #[test]
    fn p8_what_has_expired_never_helps(policy in policy(), (file, about) in case(), now in time()) {
        let mut without = about.clone();
        for (party, claim) in about.claims.iter().filter(|(party, _)| **party != about.source) {
            if let Claim::Vouched(vouches) = claim {
                let mut left = vouches.iter().filter(|vouched| vouched.until().is_none_or(|until| now < until)).cloned();
                let left = left.next().map_or(Claim::Silent, |first| Claim::Vouched(Vouches::new(first, left)));
                without.claims.insert(party.clone(), left);
            }
        }
        prop_assert_eq!(policy.decide(&file, &about, now).is_allowed(), policy.decide(&file, &without, now).is_allowed());
    }

    #[test]
    fn p9_withholding_vouches_never_admits(policy in policy(), (file, about) in case(), kept in any::<u8>(), gone in claim(), now in time()) {
        let silent = |claim: &Claim| if matches!(gone, Claim::Unavailable(_)) { gone.clone() } else { drop(claim.clone()); Claim::Silent };
        let claims = about.claims.iter().enumerate().map(|(at, (party, claim))| {
            let vouches = matches!(claim, Claim::Vouched(_) | Claim::Pinned(_));
            (party.clone(), if kept >> at & 1 == 1 || !vouches { claim.clone() } else { silent(claim) })
        }).collect();
        let less = Evidence { claims, ..about.clone() };
        prop_assert!(policy.decide(&file, &about, now).is_allowed() || !policy.decide(&file, &less, now).is_allowed());
    }

    #[test]
    fn p10_vouches_for_other_bytes_never_combine(policy in policy(), (file, about) in case(), who in curator(), (other, vouch) in file().prop_flat_map(|file| {
        let other = crate::FileFact { sha256: Some(affineur_packaging::Sha256::from_bytes([9; 32])), ..file };
        (Just(other.clone()), curated(other))
    }), now in time()) {
        prop_assume!(other.sha256 != file.sha256);
        let (silent, other) = (with(&about, &who, Claim::Silent), with(&about, &who, vouch));
        prop_assert_eq!(policy.decide(&file, &silent, now).is_allowed(), policy.decide(&file, &other, now).is_allowed());
    }

    #[test]
    fn p11_demands_made_ready_once_decide_as_fresh_ones(policy in policy(), cases in proptest::collection::vec(case(), 1..4), now in time()) {
        let set = crate::PolicySet::new(policy.clone(), None);
        for (file, about) in cases {
            prop_assert_eq!(policy.decide(&file, &about, now), set.decide(file, &about, now));
        }
    }

    #[test]
    fn p12_file_after_file_is_decided_as_each_alone(
        policy in policy(), added in proptest::option::of(added()), (file, about) in case(), others in proptest::collection::vec(proptest::collection::vec((prop_oneof![curator(), party()], Just(())), 0..4), 1..5),
        claims in proptest::collection::vec(claim(), 16), files in proptest::collection::vec(file(), 4), now in time(),
    ) {
        let set = crate::PolicySet::new(policy, added);
        let Evidence { source, claims: mut row, objections, heard } = about;
        let hearing = Hearing { source: source.clone(), objections: objections.clone(), heard: heard.clone() };
        let mut judge = set.judge(&file.project, hearing.clone(), now);
        let mut more = claims.into_iter();
        // A row of claims is changed here and there; now and then a party is new, or the file is another project's.
        for (at, changes) in others.into_iter().enumerate() {
            for (party, ()) in changes {
                row.insert(party, more.next().unwrap_or(Claim::Silent));
            }
            for file in [&file, &files[at % files.len()], &file] {
                let alone = Evidence { source: source.clone(), claims: row.clone(), objections: objections.clone(), heard: heard.clone() };
                prop_assert_eq!(judge.decide(file.clone(), &row), set.decide(file.clone(), &alone, now));
            }
        }
    }

    #[test]
    fn p12_curators_that_say_nearly_the_same_of_each_file_are_counted_as_each_alone(
        policy in policy(), (file, rows) in file().prop_flat_map(|file| (Just(file.clone()), proptest::collection::vec((proptest::collection::vec((curator(), curated(file.clone())), 0..3), crate::arbitrary::pin()), 1..6))),
        source in party(), heard in crate::arbitrary::heard(), objections in proptest::collection::vec(objection(), 0..2), now in time(),
    ) {
        let set = crate::PolicySet::new(policy, None);
        let hearing = Hearing { source: source.clone(), objections, heard };
        let mut judge = set.judge(&file.project, hearing.clone(), now);
        let mut row = Claims::silent([source.clone()].into_iter().chain(["and-1", "d", "e.e", "f"].map(|name| name.parse().unwrap())));
        for (changes, pin) in rows {
            let own = crate::arbitrary::vouch_for(&file, &pin).map_or(Claim::Pinned(pin), |vouched| Claim::Vouched(vouched.into()));
            for (party, claim) in changes.into_iter().chain([(source.clone(), own)]) {
                let at = row.position(&party).unwrap();
                row.set(at, claim);
            }
            let Hearing { source, objections, heard } = hearing.clone();
            let alone = Evidence { source, claims: row.clone(), objections, heard };
            prop_assert_eq!(judge.decide(file.clone(), &row), set.decide(file.clone(), &alone, now));
        }
    }

    #[test]
    fn p17_each_project_is_in_its_first_scope_or_none_and_all_that_holds_for_it_comes_from_there(policy in policy(), file in file()) {
        let project = &file.project;
        let first = policy.scopes.iter().position(|scope| scope.projects.iter().any(|pattern| pattern.matches(project)));
        prop_assert_eq!(policy.scope_position(project), first);
        let scope = first.map(|at| &policy.scopes[at]);
        prop_assert_eq!(policy.sources_for(project), scope.and_then(|scope| scope.only.as_deref()).unwrap_or(&policy.sources));
        prop_assert_eq!(policy.demand_for(project), scope.map_or(&policy.demand, |scope| &scope.demand));
        prop_assert_eq!(policy.minimum_age_for(project), scope.and_then(|scope| scope.minimum_age).unwrap_or(policy.minimum_age));
        prop_assert_eq!(policy.age_from_for(project), scope.and_then(|scope| scope.age_from).unwrap_or(policy.age_from));
    }

    #[test]
    fn p18_a_file_that_passes_by_an_exception_says_so(policy in policy(), (file, about) in case(), now in time()) {
        let without = Policy { exceptions: Vec::new(), ..policy.clone() };
        let (with, without) = (policy.decide(&file, &about, now), without.decide(&file, &about, now));
        let says_so = with.reasons().iter().any(|reason| matches!(reason, crate::Reason::Exception { .. }));
        prop_assert!(says_so || without.is_allowed() || !with.is_allowed());
        prop_assert!(with.is_allowed() || !says_so);
    }

    #[test]
    fn a7_evidence_is_enough_until_the_first_moment_at_which_some_of_it_ends(policy in policy(), (file, about) in case(), now in time(), later in time()) {
        let crate::Decision::Allow(allowed) = policy.decide(&file, &about, now) else { return Ok(()) };
        let Some(sunset) = allowed.valid_until() else {
            prop_assert!(policy.decide(&file, &about, later.max(now)).is_allowed());
            return Ok(());
        };
        prop_assert!(now < sunset);
        prop_assert!(later < now || later >= sunset || policy.decide(&file, &about, later).is_allowed());
    }
}
