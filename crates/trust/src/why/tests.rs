use proptest::prelude::*;

use super::*;
use crate::arbitrary::{case, policy, time};

#[test]
fn the_smallest_sets_come_first_and_each_once() {
    let sets: Vec<_> = Subsets::new(0b1_0110, 2).collect();
    assert_eq!(sets, [0b110, 0b1_0010, 0b1_0100]);
    assert_eq!(Subsets::new(0b11, 2).count(), 1);
    assert_eq!(Subsets::new(Parties::MAX, 1).count(), 64);
    assert_eq!(Subsets::new(0b1111_1111, 4).count(), 70);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn p14_a_proof_holds_and_nobody_in_it_can_be_left_out(policy in policy(), (file, about) in case(), now in time()) {
        let demand = policy.compiled(policy.scope_position(&file.project));
        let tally = demand.tally(&file, about.about(), &Places::new(&demand, about.about()), now);
        let set = |names: &[PartyName]| demand.parties.iter().enumerate().filter(|(_, party)| names.contains(&party.name)).fold(0, |set, (at, _)| set | bit(at));
        match policy.explain(&file, &about, now) {
            Explanation::NothingAsked => prop_assert!(!demand.asks_for_vouches()),
            Explanation::Met { coalition } => {
                let coalition = set(&coalition.into_iter().map(|counted| counted.party).collect::<Vec<_>>());
                prop_assert_eq!(demand.met(&tally.only(coalition)), Met::Yes);
                for at in positions(coalition) {
                    prop_assert_ne!(demand.met(&tally.only(coalition & !bit(at))), Met::Yes);
                }
            }
            Explanation::Missing { sets, .. } => {
                prop_assert_ne!(demand.met(&tally), Met::Yes);
                for missing in sets.iter().map(|names| set(names)) {
                    prop_assert_eq!(demand.met(&tally.raised(missing, &demand)), Met::Yes);
                    for at in positions(missing) {
                        prop_assert_ne!(demand.met(&tally.raised(missing & !bit(at), &demand)), Met::Yes);
                    }
                }
            }
        }
    }
}

#[test]
fn many_parties_are_explained_soon() {
    let mut text =
        "sources = ['index']\nminimum-score = '30.0'\n[party.index]\nrepository = 'https://i.example/'\nroot = 'r'\n"
            .to_owned();
    for at in 0..63 {
        text += &format!("[party.c{at}]\nrepository = 'https://c{at}.example/'\nroot = 'r'\nweight = {{ voted = '1.0' }}\n");
    }
    let policy = Policy::parse(&text).unwrap();
    let name: affineur_packaging::FileName = "a-1.0.tar.gz".parse().unwrap();
    let file = FileFact { project: name.project().clone(), name, size: None, sha256: None };
    let nobody = Evidence::of_source("index".parse().unwrap(), crate::Claim::Silent);
    let Explanation::Missing { sets, more } = policy.explain(&file, &nobody, "2026-11-20T00:00:00Z".parse().unwrap()) else {
        panic!("nobody vouches")
    };
    assert_eq!((sets.len(), sets[0].len(), more), (1, 30, true));
}
