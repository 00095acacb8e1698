//! Counting by origin, with everything tried as the oracle.

use proptest::prelude::*;

use super::*;
use crate::limits;

const MOST: usize = 9;

/// Parties with weights, and for each the origins it rests on: a set of four.
fn graph() -> impl Strategy<Value = (Vec<u64>, Conflicts)> {
    proptest::collection::vec((0..5_u64, 1..16_u8), 1..=MOST).prop_map(|parties| {
        let mut conflicts = Conflicts::none(parties.len());
        for (one, (_, origins)) in parties.iter().enumerate() {
            for (other, (_, others)) in parties.iter().enumerate().skip(one + 1) {
                if origins & others != 0 {
                    conflicts.add(one, other);
                }
            }
        }
        (parties.into_iter().map(|(weight, _)| weight).collect(), conflicts)
    })
}

fn independent(set: Parties, conflicts: &Conflicts) -> bool {
    positions(set).all(|at| conflicts.rivals(at) & set == 0)
}

/// A rule over positions in which no party stands twice in one `K of`.
fn tree() -> impl Strategy<Value = Tree> {
    fn apart(members: &[Tree]) -> bool {
        members.iter().map(|member| member.parties().count_ones()).sum::<u32>()
            == members.iter().fold(0, |set, member| set | member.parties()).count_ones()
    }
    let leaf = (0..MOST).prop_map(Tree::Party);
    leaf.prop_recursive(3, 12, 4, |inner| {
        let members = || proptest::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            members().prop_map(Tree::All),
            members().prop_map(Tree::Any),
            (members(), 0..4_usize).prop_map(|(members, count)| {
                let count = count % members.len() + 1;
                if apart(&members) { Tree::AtLeast(count, members) } else { Tree::Any(members) }
            }),
        ]
    })
}

/// Every set of parties, of those who vouch, by which a rule is met without counting an origin twice in a `K of`.
fn ways(tree: &Tree, vouching: Parties, conflicts: &Conflicts) -> Vec<Parties> {
    let sets = (0..1 << MOST).filter(|set| set & !vouching == 0);
    sets.filter(|set| met(tree, *set, conflicts)).collect()
}

/// The definition: of a `K of`, K members are met by sets of parties that share neither a party nor an origin.
fn met(tree: &Tree, set: Parties, conflicts: &Conflicts) -> bool {
    match tree {
        Tree::Party(at) => set & bit(*at) != 0,
        Tree::All(members) => members.iter().all(|member| met(member, set, conflicts)),
        Tree::Any(members) => members.iter().any(|member| met(member, set, conflicts)),
        Tree::AtLeast(count, members) => apart(*count, members, set, conflicts),
    }
}

fn apart(count: usize, members: &[Tree], left: Parties, conflicts: &Conflicts) -> bool {
    let Some((first, rest)) = members.split_first() else { return count == 0 };
    let used = (1..=left).filter(|way| way & !left == 0 && count > 0 && met(first, *way, conflicts));
    count == 0
        || apart(count, rest, left, conflicts)
        || used.into_iter().any(|way| apart(count - 1, rest, left & !conflicts.closed(way), conflicts))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_score_is_the_largest_sum_without_a_common_origin((weights, conflicts) in graph(), among in any::<Parties>()) {
        let among = among & ((1 << weights.len()) - 1);
        let weight = |at: usize| weights[at];
        let sum = |set: Parties| positions(set).map(weight).sum::<u64>();
        let best = (0..1 << weights.len()).filter(|set| set & !among == 0 && independent(*set, &conflicts)).map(sum).max();
        let (found, chosen) = conflicts.heaviest(among, &weight).unwrap();
        prop_assert_eq!(Some(found), best);
        prop_assert!(independent(chosen, &conflicts) && chosen & !among == 0);
        prop_assert_eq!(sum(chosen), found);
    }

    #[test]
    fn k_of_counts_no_origin_twice(tree in tree(), (_, conflicts) in graph(), vouching in 0..1_u64 << MOST) {
        let mut all = Conflicts::none(MOST);
        for at in 0..MOST {
            positions(conflicts.rivals(at)).for_each(|rival| all.add(at, rival));
        }
        let expected = !ways(&tree, vouching, &all).is_empty();
        prop_assert_eq!(tree.met(vouching, Some(&all)), Met::when(expected));
        prop_assert_eq!(tree.met(vouching, None), tree.met(vouching, Some(&Conflicts::none(MOST))), "without common origins it is plain");
    }

    #[test]
    fn p4_a_shared_origin_counts_once_and_a_further_vouch_never_lowers_anything(tree in tree(), (weights, conflicts) in graph(), at in 0..MOST, vouching in 0..1_u64 << MOST) {
        let known = (1 << weights.len()) - 1;
        let weight = |at: usize| weights.get(at).copied().unwrap_or(0);
        let (before, after) = (vouching & known & !bit(at), (vouching | bit(at)) & known);
        prop_assert!(conflicts.heaviest(before, &weight) <= conflicts.heaviest(after, &weight).map(|(sum, _)| (sum, Parties::MAX)));
        prop_assert!(tree.met(before, Some(&conflicts)) == Met::No || tree.met(after, Some(&conflicts)) == Met::Yes);
    }

    #[test]
    fn p6_k_of_n_is_a_score_of_unit_weights((weights, conflicts) in graph(), count in 1..=MOST, vouching in 0..1_u64 << MOST) {
        let vouching = vouching & ((1 << weights.len()) - 1);
        let members = (0..weights.len()).map(Tree::Party).collect();
        let score = conflicts.heaviest(vouching, &|_| 1).unwrap().0;
        prop_assert_eq!(Tree::AtLeast(count, members).met(vouching, Some(&conflicts)), Met::when(score >= count as u64));
    }
}

/// A repeatable row of numbers.
fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[test]
fn sixty_four_parties_that_share_origins_in_any_way_stay_far_below_the_limit() {
    let mut seed = 1;
    for rivals in 1..=32 {
        for _ in 0..20 {
            let mut conflicts = Conflicts::none(64);
            for _ in 0..rivals * 32 {
                conflicts.add((random(&mut seed) % 64) as usize, (random(&mut seed) % 64) as usize);
            }
            let weights: Vec<_> = (0..64).map(|_| 1 + random(&mut seed) % 3).collect();
            assert!(conflicts.steps(Parties::MAX, &|at| weights[at]) < limits::INDEPENDENT_STEPS / 20, "{rivals}");
        }
    }
}

#[test]
fn a_rule_with_too_many_ways_is_undecided_and_not_refused() {
    let pair = |at| Tree::Any(vec![Tree::Party(at), Tree::Party(at + 1)]);
    let many = Tree::All((0..30).step_by(2).map(pair).collect());
    let tree = Tree::AtLeast(1, vec![many, Tree::All(vec![Tree::Party(62), Tree::Party(63)])]);
    let mut conflicts = Conflicts::none(64);
    conflicts.add(0, 1);
    assert_eq!(tree.met((1 << 40) - 1, Some(&conflicts)), Met::TooHard);
    assert_eq!(tree.met(Parties::MAX, None), Met::Yes);
    assert_eq!(tree.met(0, Some(&conflicts)), Met::No);
}
