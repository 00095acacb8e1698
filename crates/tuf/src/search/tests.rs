//! The search agrees with a recursion that is written as the specification says it; and it is over when it is over.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::testing::{find, now, refresh, repository, role, signers};
use crate::{Fault, Lookup, PathPattern, Paths, Progress, RoleName, Search, TargetFile, TargetPath, limits};

const PATH: &str = "cheese/brie";

/// Delegations, and who lists the path. The top-level targets have number 0.
#[derive(Clone, Debug)]
struct World {
    delegations: Vec<Delegation>,
    listing: BTreeSet<usize>,
}

#[derive(Clone, Debug)]
struct Delegation {
    from: usize,
    to: usize,
    /// One of two keys, both of which sign every role: the same role under another key is asked anew.
    key: u8,
    covers: bool,
    terminating: bool,
}

fn world(roles: usize, delegations: usize) -> impl Strategy<Value = World> {
    let delegation = (0..=roles, 1..=roles, 5..7_u8, prop::bool::weighted(0.9), prop::bool::weighted(0.2))
        .prop_map(|(from, to, key, covers, terminating)| Delegation { from, to, key, covers, terminating });
    let listing = prop::collection::btree_set(1..=roles, 0..=1);
    (prop::collection::vec(delegation, 0..delegations), listing).prop_map(|(mut delegations, listing)| {
        // A role delegates to another one only once.
        let mut seen = BTreeSet::new();
        delegations.retain(|delegation| seen.insert((delegation.from, delegation.to)));
        World { delegations, listing }
    })
}

fn name(number: usize) -> RoleName {
    role(&format!("r{number}"))
}

/// How the naive search of one role and what is below it ends.
enum Naive {
    Found(usize),
    /// A terminating delegation.
    Stopped,
    GoOn,
    GaveUp,
}

impl World {
    fn naive(&self, number: usize, visited: &mut BTreeSet<(usize, u8)>) -> Naive {
        if self.listing.contains(&number) {
            return Naive::Found(number);
        }
        for delegation in self.delegations.iter().filter(|delegation| delegation.from == number && delegation.covers) {
            if !visited.contains(&(delegation.to, delegation.key)) {
                if visited.len() >= limits::VISITED_ROLES as usize {
                    return Naive::GaveUp;
                }
                visited.insert((delegation.to, delegation.key));
                match self.naive(delegation.to, visited) {
                    Naive::GoOn => {}
                    end => return end,
                }
            }
            if delegation.terminating {
                return Naive::Stopped;
            }
        }
        Naive::GoOn
    }

    fn expected(&self) -> Lookup<u64> {
        match self.naive(0, &mut BTreeSet::new()) {
            Naive::Found(number) => Lookup::Found(number as u64),
            Naive::GaveUp => Lookup::GaveUp { visited: limits::VISITED_ROLES },
            Naive::Stopped | Naive::GoOn => Lookup::Absent,
        }
    }

    /// What the search finds; a role that lists the path says its own number as the length.
    fn searched(&self) -> Lookup<u64> {
        let mut repository = repository();
        for Delegation { from, to, key, covers, terminating } in &self.delegations {
            let pattern = if *covers { "cheese/*" } else { "wine/*" };
            let paths = Paths::Patterns(vec![PathPattern::new(pattern)]);
            let from = (*from > 0).then(|| name(*from));
            let signers = signers(&[*key]);
            match terminating {
                true => repository.delegate_terminating(from.as_ref(), &name(*to), signers, paths),
                false => repository.delegate(from.as_ref(), &name(*to), signers, paths),
            }
        }
        for number in &self.listing {
            let target = TargetFile::new(*number as u64, crate::Hashes::default());
            repository.role_mut(&name(*number)).add_target(&PATH.parse().unwrap(), target);
        }
        repository.publish().unwrap();
        self.sign_with_both_keys(&mut repository);
        let mut view = refresh(&repository).unwrap();
        match find(&mut view, &repository, PATH).unwrap() {
            Lookup::Found(found) => Lookup::Found(found.target.length()),
            Lookup::Absent => Lookup::Absent,
            Lookup::GaveUp { visited } => Lookup::GaveUp { visited },
        }
    }

    fn sign_with_both_keys(&self, repository: &mut crate::edit::Repository) {
        for (path, bytes) in repository.files_mut() {
            if path.contains(".r") && !path.contains("root") {
                let draft = crate::edit::Draft::<crate::Targets>::reopen(bytes).unwrap();
                *bytes = draft.sign(signers(&[5, 6]).iter().map(|signer| &**signer)).unwrap().into_bytes();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_search_agrees_with_a_naive_one(world in world(6, 24)) {
        prop_assert_eq!(world.searched(), world.expected());
    }

    #[test]
    fn the_search_agrees_with_a_naive_one_about_giving_up(world in world(60, 200)) {
        prop_assert_eq!(world.searched(), world.expected());
    }
}

/// A row of delegations by the top-level targets, longer than a search takes up.
#[test]
fn a_role_that_delegates_to_very_many_is_no_more_work() {
    for visited_before in [0, limits::VISITED_ROLES as usize - 1] {
        let top = |to| Delegation { from: 0, to, key: 5, covers: true, terminating: false };
        let many = 3 * limits::VISITED_ROLES as usize;
        let mut delegations: Vec<_> = (1..=visited_before).map(top).collect();
        // The last one of these delegates to all of them again, and to many more.
        delegations.extend((1..=many).map(|to| Delegation { from: visited_before, ..top(to) }));
        let mut seen = BTreeSet::new();
        delegations.retain(|delegation| seen.insert((delegation.from, delegation.to)));
        for listing in [None, Some(visited_before + 1), Some(many)] {
            let world = World { delegations: delegations.clone(), listing: listing.into_iter().collect() };
            assert_eq!(world.searched(), world.expected(), "{visited_before} {listing:?}");
        }
    }
}

fn everything() -> Paths {
    Paths::Patterns(vec![PathPattern::new("*/*")])
}

fn path() -> TargetPath {
    PATH.parse().unwrap()
}

#[test]
fn a_search_that_found_something_finds_the_same_again() {
    let mut repository = repository();
    repository.targets_mut().add_target(&path(), TargetFile::of(b"brie"));
    repository.delegate(None, &role("a"), signers(&[5]), everything());
    repository.publish().unwrap();
    let view = refresh(&repository).unwrap();
    let mut search = Search::new(path());
    for _ in 0..3 {
        let Progress::Ended(Lookup::Found(found)) = search.advance(&view.live(now()).unwrap()).unwrap() else { panic!() };
        assert_eq!(found.target, TargetFile::of(b"brie"));
    }
}

#[test]
fn a_search_that_failed_does_not_go_on_with_a_later_role() {
    let mut repository = repository();
    repository.delegate(None, &role("a"), signers(&[5]), everything());
    repository.delegate(None, &role("b"), signers(&[6]), everything());
    // The role `a` delegates to one key under two identifiers.
    let twice = ["one", "two"].map(|id| (id.parse().unwrap(), signers(&[7])[0].key().clone()));
    let threshold = crate::Threshold::new(2).unwrap();
    repository.role_mut(&role("a")).delegate(role("c"), twice, threshold, everything());
    repository.role_mut(&role("b")).add_target(&path(), TargetFile::of(b"brie"));
    repository.publish().unwrap();
    let mut view = refresh(&repository).unwrap();
    let mut search = Search::new(path());
    let Progress::Needs(edge) = search.advance(&view.live(now()).unwrap()).unwrap() else { panic!() };
    view.accept(&edge, repository.file("a", Some(1)).unwrap(), now()).unwrap();
    for _ in 0..3 {
        let error = search.advance(&view.live(now()).unwrap()).unwrap_err();
        assert!(matches!(error.fault, Fault::SameKey { .. }), "{error}");
    }
}

#[test]
fn the_chain_says_who_vouches_and_with_which_keys() {
    let mut repository = repository();
    repository.delegate(None, &role("a"), signers(&[5]), everything());
    repository.delegate(Some(&role("a")), &role("b"), signers(&[6, 7]), everything());
    repository.role_mut(&role("b")).add_target(&path(), TargetFile::of(b"brie"));
    repository.publish().unwrap();
    repository.role_mut(&role("b"));
    repository.publish().unwrap();
    let Lookup::Found(found) = find(&mut refresh(&repository).unwrap(), &repository, PATH).unwrap() else { panic!() };
    let steps = found.chain.steps();
    let said: Vec<_> = steps.iter().map(|step| (step.role.as_str(), step.version.number(), step.threshold.number())).collect();
    assert_eq!(said, [("targets", 1, 1), ("a", 1, 1), ("b", 2, 2)]);
    let keys = |seeds: &[u8]| signers(seeds).iter().map(|signer| signer.key_id().clone()).collect::<Vec<_>>();
    assert_eq!(steps.iter().map(|step| step.keyids.clone()).collect::<Vec<_>>(), [keys(&[4]), keys(&[5]), keys(&[6, 7])]);
}

#[test]
fn a_search_that_goes_on_in_a_newer_view_begins_anew() {
    let mut repository = repository();
    repository.delegate(None, &role("a"), signers(&[5]), everything());
    repository.delegate(None, &role("b"), signers(&[6]), everything());
    repository.role_mut(&role("b")).add_target(&path(), TargetFile::of(b"brie"));
    repository.publish().unwrap();
    let mut old = refresh(&repository).unwrap();
    let mut search = Search::new(path());
    let Progress::Needs(edge) = search.advance(&old.live(now()).unwrap()).unwrap() else { panic!() };
    old.accept(&edge, repository.file("a", Some(1)).unwrap(), now()).unwrap();
    let Progress::Needs(edge) = search.advance(&old.live(now()).unwrap()).unwrap() else { panic!() };
    assert_eq!(*edge.role(), role("b"));
    // In the meantime `b` lost its delegation.
    repository.targets_mut().revoke(&role("b"));
    repository.publish().unwrap();
    let mut new = refresh(&repository).unwrap();
    let Progress::Needs(edge) = search.advance(&new.live(now()).unwrap()).unwrap() else { panic!() };
    assert_eq!(*edge.role(), role("a"));
    new.accept(&edge, repository.file("a", Some(1)).unwrap(), now()).unwrap();
    let Progress::Ended(end) = search.advance(&new.live(now()).unwrap()).unwrap() else { panic!() };
    assert_eq!(end, Lookup::Absent);
}
