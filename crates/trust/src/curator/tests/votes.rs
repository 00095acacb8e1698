//! Ballots.

use affineur_packaging::Sha256;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

#[test]
fn enough_voters_vouch_and_their_keys_are_the_origins() {
    let people = people(2, &[&[1], &[2], &[3]], &[]);
    let vote = |seed, vote| signed_by(seed, &ballot(&people, vote, 1));
    let said = vouched(counted(&people, &[vote(1, Vote::For), vote(3, Vote::For)], &mut Seen::new())).unwrap();
    assert_eq!(said.worth().to_string(), "voted");
    assert_eq!(said.until(), Some(days(80)));
    let origins: Vec<_> = said.origins().iter().cloned().collect();
    let mut expected = vec![origin(1), origin(3)];
    expected.sort();
    assert_eq!(origins, expected);
    assert!(!passes(&people, &[vote(1, Vote::For)]), "one of two");
    assert!(!passes(&people, &[vote(1, Vote::For), vote(2, Vote::Against)]));
    assert!(!passes(&people, &[vote(1, Vote::For), vote(2, Vote::Withdrawn)]));
    assert!(!passes(&people, &[vote(1, Vote::For), vote(9, Vote::For)]), "nine is no voter");
    assert!(!passes(&people, &[]));
}

/// Who votes in each alternative, and until when it holds.
fn electorates(votes: u16, cast: &[(u8, i64)]) -> Vec<(Vec<u8>, Timestamp)> {
    let seeds: Vec<[u8; 1]> = cast.iter().map(|(seed, _)| [*seed]).collect();
    let people = people(votes, &seeds.iter().map(<[u8; 1]>::as_slice).collect::<Vec<_>>(), &[]);
    let until = |end: i64| Ballot::new(&people, &brie(), Vote::For, 1, (days(-1), days(end))).unwrap();
    let ballots: Vec<_> = cast.iter().map(|(seed, end)| signed_by(*seed, &until(*end))).collect();
    let Said::Vouches(vouches) = counted(&people, &ballots, &mut Seen::new()) else { return Vec::new() };
    let seed = |of: &Origin| cast.iter().map(|(seed, _)| *seed).find(|seed| origin(*seed) == *of).unwrap();
    let voters = |vouched: &Vouched| {
        let mut seeds: Vec<u8> = vouched.origins().iter().map(seed).collect();
        seeds.sort_unstable();
        (seeds, vouched.until().unwrap())
    };
    vouches.iter().map(voters).collect()
}

#[test]
fn each_set_of_voters_that_is_just_enough_is_an_alternative() {
    let mut all = electorates(2, &[(1, 10), (2, 20), (3, 30)]);
    all.sort();
    assert_eq!(all, [(vec![1, 2], days(10)), (vec![1, 3], days(10)), (vec![2, 3], days(20))]);
    assert_eq!(electorates(3, &[(1, 10), (2, 20), (3, 30)]), [(vec![1, 2, 3], days(10))]);
}

#[test]
fn of_very_many_sets_of_voters_some_that_have_none_in_common_are_told_apart() {
    let cast: Vec<(u8, i64)> = (1..=12).map(|seed| (seed, i64::from(90 - 1 - seed))).collect();
    let all = electorates(4, &cast);
    assert_eq!(all.len(), 12);
    assert_eq!(all[0], (vec![1, 2, 3, 4], days(85)), "those that last longest");
    assert_eq!(all[..3].iter().flat_map(|(voters, _)| voters).collect::<std::collections::BTreeSet<_>>().len(), 12);
    let distinct: std::collections::BTreeSet<_> = all.iter().map(|(voters, _)| voters).collect();
    assert!(distinct.len() == 12 && distinct.iter().all(|voters| voters.len() == 4));
    assert_eq!(electorates(1, &(1..=30).map(|seed| (seed, 10)).collect::<Vec<_>>()).len(), crate::limits::ELECTORATES);
}

#[test]
fn a_voter_counts_once_whatever_keys_and_copies_there_are() {
    let people = people(2, &[&[1, 2, 3], &[4]], &[]);
    let vote = |seed, serial| signed_by(seed, &ballot(&people, Vote::For, serial));
    assert!(!passes(&people, &[vote(1, 1), vote(2, 1), vote(3, 1)]), "one voter with three keys");
    assert!(!passes(&people, &[vote(1, 1), vote(1, 1), vote(1, 2)]));
    assert!(passes(&people, &[vote(3, 1), vote(4, 1)]));
}

#[test]
fn a_voters_newest_ballot_counts_even_if_it_has_expired() {
    let people = people(1, &[&[1]], &[]);
    let mut against = ballot(&people, Vote::Against, 2);
    (against.issued, against.expires) = (days(-60), days(-1));
    let ballots = [signed_by(1, &ballot(&people, Vote::For, 1)), signed_by(1, &against)];
    assert!(passes(&people, &ballots[..1]));
    assert!(!passes(&people, &ballots));
}

#[test]
fn a_withdrawn_vote_does_not_come_back() {
    let people = people(1, &[&[1]], &[]);
    let (old, new) = (signed_by(1, &ballot(&people, Vote::For, 1)), signed_by(1, &ballot(&people, Vote::Withdrawn, 2)));
    let mut seen = Seen::new();
    assert!(vouched(counted(&people, std::slice::from_ref(&old), &mut seen)).is_some());
    assert!(vouched(counted(&people, &[new], &mut seen)).is_none());
    // A stolen tally key leaves the newer ballot out.
    assert!(vouched(counted(&people, std::slice::from_ref(&old), &mut seen)).is_none());
    assert_eq!(seen, Seen::from([("v0".to_owned(), 2)]));
    assert!(passes(&people, &[old]), "who has never seen the newer one cannot know");
}

#[test]
fn two_ballots_with_one_serial_cancel_each_other() {
    let people = people(1, &[&[1]], &[]);
    let (one, other) = (ballot(&people, Vote::For, 1), ballot(&people, Vote::Against, 1));
    for ballots in [[&one, &other], [&other, &one]] {
        assert!(!passes(&people, &ballots.map(|ballot| signed_by(1, ballot))));
    }
}

#[test]
fn a_ballot_counts_for_one_curator_one_file_and_a_while() {
    let people = people(1, &[&[1]], &[]);
    let good = ballot(&people, Vote::For, 1);
    assert!(passes(&people, &[signed_by(1, &good)]));
    let changes: [Change<Ballot>; 9] = [
        ("another curator", |ballot| ballot.curator = id(8).to_string()),
        ("another project", |ballot| ballot.project = "feta".to_owned()),
        ("another file", |ballot| ballot.file = "brie-2.0.tar.gz".to_owned()),
        ("other bytes", |ballot| ballot.sha256 = Sha256::from_bytes([2; 32]).to_string()),
        ("another length", |ballot| ballot.length = 43),
        ("expired", |ballot| ballot.expires = now()),
        ("not yet issued", |ballot| ballot.issued = days(1)),
        ("for longer than ballots hold", |ballot| ballot.expires = days(90)),
        ("for ever", |ballot| ballot.expires = Timestamp::MAX),
    ];
    for (what, change) in changes {
        let mut ballot = good.clone();
        change(&mut ballot);
        assert!(!passes(&people, &[signed_by(1, &ballot)]), "{what}");
    }
}

#[test]
fn what_no_voter_signed_says_nothing() {
    let people = people(1, &[&[1]], &[]);
    let mut forged = signed_by(9, &ballot(&people, Vote::For, 1));
    forged["signatures"][0]["keyid"] = json!(pair(1).key_id().as_str());
    assert!(!passes(&people, &[forged]));
    let mut altered = signed_by(1, &ballot(&people, Vote::Against, 1));
    altered["signed"]["vote"] = json!("for");
    assert!(!passes(&people, &[altered]));
    let unknown = json!({"_type": "ballot", "vote": "for", "serial": 1, "weight": 100});
    assert!(!passes(&people, &[signed_by(1, &unknown)]));
}

#[test]
fn votes_for_other_bytes_contradict() {
    let people = people(1, &[&[1]], &[]);
    let other = FileFact { sha256: Some(Sha256::from_bytes([9; 32])), ..brie() };
    let found = found(Shelf::Voted(&brie().name), statements(&other, &[]));
    let said = count(&people, &found, &brie(), &mut Seen::new(), now()).unwrap();
    assert_eq!(said, Said::Contradicts { sha256: other.sha256 });
}

proptest! {
    #[test]
    fn counting_agrees_with_a_naive_count_in_any_order(
        cast in proptest::collection::vec((0u8..4, 0usize..3, 0u64..4), 0..12),
        needed in 1u16..4,
        order in any::<u64>(),
    ) {
        let people = people(needed, &[&[1], &[2], &[3]], &[]);
        let votes = [Vote::For, Vote::Against, Vote::Withdrawn];
        let mut ballots: Vec<(u8, Vote, u64)> = cast.iter().map(|(voter, vote, serial)| (voter + 1, votes[*vote], *serial)).collect();
        let expected = (1..=3).filter(|voter| {
            let own: Vec<_> = ballots.iter().filter(|(whose, ..)| whose == voter).collect();
            let highest = own.iter().map(|(.., serial)| *serial).max();
            let newest: Vec<_> = own.iter().filter(|(.., serial)| Some(*serial) == highest).collect();
            !newest.is_empty() && newest.iter().all(|(_, vote, _)| *vote == Vote::For)
        });
        let expected = expected.count() >= usize::from(needed);
        let turn = usize::try_from(order % 13).unwrap() % ballots.len().max(1);
        ballots.rotate_left(turn);
        let signed: Vec<Value> =
            ballots.iter().map(|(voter, vote, serial)| signed_by(*voter, &ballot(&people, *vote, *serial))).collect();
        prop_assert_eq!(passes(&people, &signed), expected);
    }
}
