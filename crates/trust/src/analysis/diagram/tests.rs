//! Diagrams against everything tried, and against somebody else's diagrams.

use biodivine_lib_bdd::{Bdd, BddVariableSet};
use proptest::prelude::*;

use super::*;

const VARIABLES: usize = 8;

/// A monotone function, to be made in several ways.
#[derive(Debug, Clone)]
enum Function {
    Variable(usize),
    All(Vec<Function>),
    Any(Vec<Function>),
    AtLeast(usize, Vec<Function>),
    Weighted(Vec<u64>, u64),
}

fn function() -> impl Strategy<Value = Function> {
    let weighted = (proptest::collection::vec(0..6_u64, VARIABLES), 0..20_u64);
    let leaf = prop_oneof![
        4 => (0..VARIABLES).prop_map(Function::Variable),
        1 => weighted.prop_map(|(weights, needed)| Function::Weighted(weights, needed)),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        let members = || proptest::collection::vec(inner.clone(), 1..5);
        prop_oneof![
            members().prop_map(Function::All),
            members().prop_map(Function::Any),
            (members(), 0..6_usize).prop_map(|(members, count)| Function::AtLeast(count, members)),
        ]
    })
}

fn holds(function: &Function, set: Set) -> bool {
    match function {
        Function::Variable(at) => set >> at & 1 == 1,
        Function::All(members) => members.iter().all(|member| holds(member, set)),
        Function::Any(members) => members.iter().any(|member| holds(member, set)),
        Function::AtLeast(count, members) => members.iter().filter(|member| holds(member, set)).count() >= *count,
        Function::Weighted(weights, needed) => {
            weights.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1).map(|(_, weight)| weight).sum::<u64>() >= *needed
        }
    }
}

fn made(diagram: &mut Diagram, function: &Function) -> Ref {
    let all = |members: &[Function], diagram: &mut Diagram| -> Vec<Ref> {
        members.iter().map(|member| made(diagram, member)).collect()
    };
    match function {
        Function::Variable(at) => diagram.variable(*at).unwrap(),
        Function::All(members) => all(members, diagram).into_iter().fold(TRUE, |one, other| diagram.and(one, other).unwrap()),
        Function::Any(members) => all(members, diagram).into_iter().fold(FALSE, |one, other| diagram.or(one, other).unwrap()),
        Function::AtLeast(count, members) => {
            let members = all(members, diagram);
            diagram.at_least(*count, &members).unwrap()
        }
        Function::Weighted(weights, needed) => {
            diagram.weighted(&weights.iter().copied().enumerate().collect::<Vec<_>>(), *needed).unwrap()
        }
    }
}

/// The oracle's diagram, from the function's own meaning.
fn oracle(set: &BddVariableSet, function: &Function) -> Bdd {
    let variables = set.variables();
    match function {
        Function::Variable(at) => set.mk_var(variables[*at]),
        Function::All(members) => members.iter().fold(set.mk_true(), |all, member| all.and(&oracle(set, member))),
        Function::Any(members) => members.iter().fold(set.mk_false(), |any, member| any.or(&oracle(set, member))),
        Function::AtLeast(count, members) => {
            let members: Vec<_> = members.iter().map(|member| oracle(set, member)).collect();
            let chosen = (0_u32..1 << members.len()).filter(|chosen| chosen.count_ones() as usize >= *count);
            chosen.fold(set.mk_false(), |any, chosen| {
                let all = members.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1);
                any.or(&all.fold(set.mk_true(), |all, (_, member)| all.and(member)))
            })
        }
        Function::Weighted(..) => {
            (0..1 << VARIABLES).filter(|chosen| holds(function, *chosen)).fold(set.mk_false(), |any, chosen| {
                let literal =
                    |(at, variable): (usize, &biodivine_lib_bdd::BddVariable)| set.mk_literal(*variable, chosen >> at & 1 == 1);
                any.or(&variables.iter().enumerate().map(literal).fold(set.mk_true(), |all, literal| all.and(&literal)))
            })
        }
    }
}

fn minimal(holds: impl Fn(Set) -> bool) -> Vec<Set> {
    let least = |set: &Set| holds(*set) && (0..VARIABLES).all(|at| set >> at & 1 == 0 || !holds(set & !(1 << at)));
    let mut sets: Vec<Set> = (0..1 << VARIABLES).filter(least).collect();
    sets.sort();
    sets
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn p13_a_diagram_says_what_everything_tried_and_anothers_diagram_say(function in function()) {
        let mut diagram = Diagram::new();
        let root = made(&mut diagram, &function);
        for set in 0..1 << VARIABLES {
            prop_assert_eq!(diagram.holds(root, set), holds(&function, set));
        }
        let set = BddVariableSet::new_anonymous(u16::try_from(VARIABLES).unwrap());
        let oracle = oracle(&set, &function);
        let support = oracle.support_set().iter().fold(0, |support, variable| support | 1 << variable.to_index());
        prop_assert_eq!(diagram.support(root), support);
        prop_assert_eq!((root == FALSE, root == TRUE), (oracle.is_false(), oracle.is_true()));
    }

    #[test]
    fn equal_functions_are_equal_numbers(one in function(), other in function()) {
        let mut diagram = Diagram::new();
        let (first, second) = (made(&mut diagram, &one), made(&mut diagram, &other));
        prop_assert_eq!(first == second, (0..1 << VARIABLES).all(|set| holds(&one, set) == holds(&other, set)));
    }

    #[test]
    fn minimal_sets_are_those_that_trying_everything_finds_and_the_smallest_come_first(function in function(), most in 0..40_usize) {
        let mut diagram = Diagram::new();
        let root = made(&mut diagram, &function);
        let dual = diagram.dual(root).unwrap();
        let all = (1 << VARIABLES) - 1;
        for (root, expected) in [(root, minimal(|set| holds(&function, set))), (dual, minimal(|set| !holds(&function, all & !set)))] {
            let family = diagram.minimal(root).unwrap();
            let mut listed = diagram.list(family, usize::MAX);
            prop_assert!(listed.sets.is_sorted_by_key(|set| set.count_ones()));
            prop_assert_eq!(&diagram.list(family, most).sets, &listed.sets[..most.min(listed.sets.len())]);
            listed.sets.sort();
            prop_assert_eq!(listed.count, listed.sets.len() as u128);
            prop_assert_eq!(listed.sets, expected);
        }
    }

    #[test]
    fn the_cheapest_set_is_the_cheapest_of_all(function in function(), costs in proptest::collection::vec(0..9_u64, VARIABLES)) {
        let mut diagram = Diagram::new();
        let root = made(&mut diagram, &function);
        let cost = |set: Set| costs.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1).map(|(_, cost)| cost).sum::<u64>();
        let expected = (0..1 << VARIABLES).filter(|set| holds(&function, *set)).map(cost).min();
        let found = diagram.cheapest(root, &|at| costs[at]);
        prop_assert_eq!(found.map(|(cost, _)| cost), expected);
        if let Some((sum, set)) = found {
            prop_assert!(holds(&function, set) && cost(set) == sum);
        }
    }

    #[test]
    fn fixing_and_replacing_variables_is_what_it_says(function in function(), at in 0..VARIABLES, value in any::<bool>(), with in proptest::collection::vec(0..1_u8 << 4, VARIABLES)) {
        let mut diagram = Diagram::new();
        let root = made(&mut diagram, &function);
        let fixed = diagram.restricted(root, at, value).unwrap();
        let with: Vec<Set> = with.into_iter().map(Set::from).collect();
        let replaced: Vec<Ref> = with.iter().map(|members| {
            (0..4).filter(|at| members >> at & 1 == 1).fold(FALSE, |any, at| {
                let variable = diagram.variable(at).unwrap();
                diagram.or(any, variable).unwrap()
            })
        }).collect();
        let composed = diagram.composed(root, &replaced).unwrap();
        for set in 0..1 << VARIABLES {
            let fixed_set = if value { set | 1 << at } else { set & !(1 << at) };
            prop_assert_eq!(diagram.holds(fixed, set), holds(&function, fixed_set));
            let of_members = with.iter().enumerate().filter(|(_, members)| **members & set != 0).fold(0, |set, (at, _)| set | 1 << at);
            prop_assert_eq!(diagram.holds(composed, set), holds(&function, of_members));
        }
    }
}

#[test]
fn too_many_nodes_are_an_error_and_end_soon() {
    let mut diagram = Diagram::new();
    // Sums of which no two are equal: as many nodes as subsets.
    let weights: Vec<_> = (0..64).map(|at| (at, 1_000_000 - (1_u64 << (at % 20)) - at as u64 * 977)).collect();
    assert_eq!(diagram.weighted(&weights, 32_123_456), Err(TooEntangled));
}
