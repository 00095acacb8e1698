//! Counting by origin, with everything tried as the oracle.

use affineur_packaging::Sha256;
use proptest::prelude::*;

use super::independent::Rivals;
use super::shared::Alternative;
use super::tally::keep_best;
use super::*;
use crate::{Origin, Origins, limits};

const MOST: usize = 5;

/// Of each party the alternatives: what each weighs, and on which of four origins it rests.
type Claims = Vec<Vec<(u32, u8)>>;

fn claims() -> impl Strategy<Value = Claims> {
    proptest::collection::vec(proptest::collection::vec((0..5_u32, 1..16_u8), 0..=2), MOST)
}

fn origins(set: u8) -> Origins {
    let key = |at: u8| Origin::Key(Sha256::from_bytes([at; 32]));
    let mut keys = (0..8).filter(|at| set >> at & 1 == 1).map(key);
    Origins::new(keys.next().unwrap(), keys)
}

/// As a tally makes it.
fn shared(claims: &Claims) -> Option<Shared> {
    let claims: Vec<Vec<(u32, Origins)>> =
        claims.iter().map(|own| own.iter().map(|(weight, set)| (*weight, origins(*set))).collect()).collect();
    let mut alternatives = Vec::new();
    for (party, own) in claims.iter().enumerate() {
        let from = alternatives.len();
        alternatives.extend(own.iter().map(|(weight, origins)| Alternative {
            party,
            count: Count { weight: *weight, worth: None },
            origins,
        }));
        keep_best(&mut alternatives, from);
    }
    Shared::find(&alternatives)
}

fn heaviest(claims: &Claims, at: usize) -> u64 {
    claims[at].iter().map(|(weight, _)| u64::from(*weight)).max().unwrap_or(0)
}

fn score(claims: &Claims, among: Parties) -> u64 {
    let shared = shared(claims);
    let parties = shared.as_ref().map_or(0, |shared| shared.parties);
    let apart = positions(among & !parties).filter(|at| *at < claims.len()).map(|at| heaviest(claims, at)).sum::<u64>();
    apart + shared.map_or(0, |shared| shared.heaviest(among).unwrap().sum)
}

fn vouching(claims: &Claims) -> Parties {
    bits(claims.iter().map(|own| !own.is_empty()))
}

/// All alternatives of these parties: whose, what it weighs, and on what it rests.
fn nodes(claims: &Claims, among: Parties) -> Vec<(usize, u64, u8)> {
    let own = |(party, own): (usize, &Vec<(u32, u8)>)| {
        own.iter().map(move |(weight, set)| (party, u64::from(*weight), *set)).collect()
    };
    let all: Vec<Vec<_>> = claims.iter().enumerate().map(own).collect();
    all.into_iter().flatten().filter(|(party, ..)| among & bit(*party) != 0).collect()
}

/// The definition: the largest sum over at most one alternative of each party, no two of which share an origin.
fn largest_sum(claims: &Claims, among: Parties) -> u64 {
    fn best(claims: &[Vec<(u32, u8)>], at: usize, among: Parties, used: u8) -> u64 {
        let Some(own) = claims.get(at) else { return 0 };
        let without = best(claims, at + 1, among, used);
        let with = own.iter().filter(|(_, set)| among & bit(at) != 0 && set & used == 0);
        with.map(|(weight, set)| u64::from(*weight) + best(claims, at + 1, among, used | set)).fold(without, u64::max)
    }
    best(claims, 0, among, 0)
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

/// The definition: of a `K of`, K members are met by sets of alternatives that share neither a party nor an origin. Sets are bits over
/// the nodes.
fn met(tree: &Tree, set: u32, nodes: &[(usize, u64, u8)]) -> bool {
    match tree {
        Tree::Party(at) => nodes.iter().enumerate().any(|(node, (party, ..))| set >> node & 1 == 1 && party == at),
        Tree::All(members) => members.iter().all(|member| met(member, set, nodes)),
        Tree::Any(members) => members.iter().any(|member| met(member, set, nodes)),
        Tree::AtLeast(count, members) => apart(*count, members, set, nodes),
    }
}

fn apart(count: usize, members: &[Tree], left: u32, nodes: &[(usize, u64, u8)]) -> bool {
    let Some((first, rest)) = members.split_first() else { return count == 0 };
    let is_used = |way: u32, node: usize| {
        let rivals = |other: &usize| nodes[*other].0 == nodes[node].0 || nodes[*other].2 & nodes[node].2 != 0;
        (0..nodes.len()).filter(|other| way >> other & 1 == 1).any(|other| rivals(&other))
    };
    let without = |way: u32| (0..nodes.len()).filter(|node| is_used(way, *node)).fold(left, |left, node| left & !(1 << node));
    let mut ways = (1..=left).filter(|way| way & !left == 0 && count > 0 && met(first, *way, nodes));
    count == 0 || apart(count, rest, left, nodes) || ways.any(|way| apart(count - 1, rest, without(way), nodes))
}

/// With one alternative more.
fn and(claims: &Claims, at: usize, alternative: (u32, u8)) -> Claims {
    let mut more = claims.clone();
    more[at].push(alternative);
    more
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn the_score_is_the_largest_sum_without_a_common_origin(claims in claims(), among in any::<Parties>()) {
        prop_assert_eq!(score(&claims, among), largest_sum(&claims, among));
    }

    #[test]
    fn what_makes_up_a_score_shares_no_origin_and_says_how_each_counts(claims in claims()) {
        let Some(shared) = shared(&claims) else { return Ok(()) };
        let choice = shared.heaviest(Parties::MAX).unwrap();
        let counts: Vec<_> = (0..MOST).filter_map(|at| Some((at, shared.count(&choice, at)?))).collect();
        prop_assert_eq!(counts.iter().map(|(_, count)| u64::from(count.weight)).sum::<u64>(), choice.sum);
        let fitting: Claims = (0..MOST).map(|at| match counts.iter().find(|(party, _)| *party == at) {
            Some((_, count)) => claims[at].iter().filter(|(weight, _)| *weight == count.weight).copied().collect(),
            None => Vec::new(),
        }).collect();
        prop_assert_eq!(largest_sum(&fitting, Parties::MAX), choice.sum);
    }

    #[test]
    fn k_of_counts_no_origin_twice(tree in tree(), claims in claims()) {
        let (vouching, nodes) = (vouching(&claims), nodes(&claims, Parties::MAX));
        prop_assert_eq!(tree.met(vouching, shared(&claims).as_ref()), Met::when(met(&tree, (1 << nodes.len()) - 1, &nodes)));
    }

    #[test]
    fn p1_p4_a_further_alternative_or_vouch_never_lowers_anything(
        tree in tree(), claims in claims(), at in 0..MOST, more in (0..5_u32, 1..16_u8), among in any::<Parties>(),
    ) {
        let after = and(&claims, at, more);
        prop_assert!(score(&claims, among) <= score(&after, among));
        prop_assert!(score(&claims, among & !bit(at)) <= score(&claims, among | bit(at)));
        let judged = |claims: &Claims| tree.met(vouching(claims), shared(claims).as_ref());
        prop_assert!(judged(&claims) == Met::No || judged(&after) == Met::Yes);
    }

    #[test]
    fn p16_however_many_pass_it_on_no_more_counts_than_there_are_origins(claims in proptest::collection::vec(proptest::collection::vec((0..5_u32, 1..16_u8), 0..3), 5..20), depth in 0..20_usize) {
        let all = Parties::MAX >> (64 - claims.len());
        let (sum, chosen) = match shared(&claims) {
            None => return Ok(()),
            Some(shared) => (shared.heaviest(all).unwrap().sum, shared),
        };
        let choice = chosen.heaviest(all).unwrap();
        let counted = (0..claims.len()).filter(|at| chosen.count(&choice, *at).is_some()).count();
        prop_assert!(counted <= 4 && sum <= 4 * 4, "four origins, each at most 0.004");
        // Who hears of more of them never counts less.
        let near: Claims = claims.iter().take(depth).cloned().collect();
        prop_assert!(score(&near, Parties::MAX >> (64 - near.len()).min(63)) <= score(&claims, all));
    }

    #[test]
    fn p6_k_of_n_is_a_score_of_unit_weights(claims in claims(), count in 1..=MOST, among in any::<Parties>()) {
        let units: Claims = claims.iter().map(|own| own.iter().map(|(_, set)| (1, *set)).collect()).collect();
        let tree = Tree::AtLeast(count, (0..MOST).map(Tree::Party).collect());
        prop_assert_eq!(tree.met(vouching(&claims) & among, shared(&claims).as_ref()), Met::when(score(&units, among) >= count as u64));
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
        for _ in 0..4 {
            let mut graph = Rivals::<1>::none(64);
            for _ in 0..rivals * 32 {
                graph.add(&[random(&mut seed) as usize % 64, random(&mut seed) as usize % 64].into_iter().collect());
            }
            let weights: Vec<_> = (0..64).map(|_| 1 + random(&mut seed) % 3).collect();
            let work = graph.work((0..64).collect(), &|at| weights[at]);
            assert!(work < limits::INDEPENDENT_WORK / 20, "{rivals}: {work}");
        }
    }
}

/// Parties with alternatives, each on one or two of eight keys.
fn crowd(seed: &mut u64, parties: usize, alternatives: usize) -> Claims {
    let alternative = |seed: &mut u64| (1 + (random(seed) % 3) as u32, 1 << (random(seed) % 8) | 1 << (random(seed) % 8));
    (0..parties).map(|_| (0..alternatives).map(|_| alternative(seed)).collect()).collect()
}

/// The largest sum by which keys it uses, party by party.
fn largest_sum_by_keys(claims: &Claims) -> u64 {
    let mut best = vec![0; 256];
    for own in claims {
        let before = best.clone();
        for (used, sum) in before.iter().enumerate() {
            for (weight, set) in own.iter().filter(|(_, set)| usize::from(*set) & used == 0) {
                let after = &mut best[used | usize::from(*set)];
                *after = (*after).max(sum + u64::from(*weight));
            }
        }
    }
    best.into_iter().max().unwrap()
}

#[test]
fn many_parties_with_many_alternatives_are_judged_exactly_or_left_undecided() {
    let mut seed = 7;
    for (parties, alternatives, must) in [(20, 3, true), (20, 8, true), (64, 3, true), (64, 8, false), (64, 32, false)] {
        let claims = crowd(&mut seed, parties, alternatives);
        let choice = shared(&claims).unwrap().heaviest(bits((0..parties).map(|_| true)));
        assert!(choice.is_some() || !must, "{parties} with {alternatives}");
        assert!(choice.is_none_or(|choice| choice.sum == largest_sum_by_keys(&claims)), "{parties} with {alternatives}");
    }
}

#[test]
fn what_one_alternative_outdoes_is_not_looked_at_and_of_the_others_the_heaviest_are() {
    let all: Vec<(u32, Origins)> =
        [(1, 0b1), (2, 0b1), (2, 0b11), (3, 0b110)].map(|(weight, set)| (weight, origins(set))).into();
    let alternative = |(weight, origins): &'_ (u32, Origins)| (*weight, origins.iter().count());
    let mut alternatives: Vec<_> = all
        .iter()
        .map(|(weight, origins)| Alternative { party: 0, count: Count { weight: *weight, worth: None }, origins })
        .collect();
    keep_best(&mut alternatives, 0);
    let kept: Vec<_> = alternatives.iter().map(|kept| alternative(&(kept.count.weight, kept.origins.clone()))).collect();
    assert_eq!(kept, [(3, 2), (2, 1)]);

    let many: Vec<Origins> = (0..100_u8).map(|at| Origins::new(Origin::Key(Sha256::from_bytes([at; 32])), [])).collect();
    let each = |(at, origins)| Alternative { party: 0, count: Count { weight: at as u32, worth: None }, origins };
    let mut alternatives: Vec<_> = many.iter().enumerate().map(each).collect();
    keep_best(&mut alternatives, 0);
    assert_eq!((alternatives.len(), alternatives[0].count.weight), (limits::ALTERNATIVES, 99));
}

#[test]
fn a_rule_with_too_many_ways_is_undecided_and_not_refused() {
    let pair = |at| Tree::Any(vec![Tree::Party(at), Tree::Party(at + 1)]);
    let many = Tree::All((0..30).step_by(2).map(pair).collect());
    let tree = Tree::AtLeast(1, vec![many, Tree::All(vec![Tree::Party(62), Tree::Party(63)])]);
    // Each of the first thirty shares an origin with one of the next thirty.
    let key = |at: usize| Origins::new(Origin::Key(Sha256::from_bytes([(at % 30) as u8; 32])), []);
    let keys: Vec<_> = (0..60).map(key).collect();
    let each = |(party, origins)| Alternative { party, count: Count::default(), origins };
    let shared = Shared::find(&keys.iter().enumerate().map(each).collect::<Vec<_>>());
    assert_eq!(tree.met((1 << 60) - 1, shared.as_ref()), Met::TooHard);
    assert_eq!(tree.met(Parties::MAX, None), Met::Yes);
    assert_eq!(tree.met(0, shared.as_ref()), Met::No);
}
