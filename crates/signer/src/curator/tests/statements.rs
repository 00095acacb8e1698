//! What is said is what gateways read; what people sign is judged.

use affineur_trust::curator::{
    AuditProgress, AuditSearch, Delegate, People, Said, Seen, Shelf, authors, count, objections, withdrawn,
};
use affineur_trust::{Against, Level};
use affineur_tuf::{Found, Lookup, Progress, Search, metadata_path};

use super::*;

/// What a gateway finds at a place.
fn found(disk: &MemoryDisk, shelf: Shelf<'_>) -> Option<Found> {
    let view = seen(disk, now()).unwrap();
    let mut search = Search::new(shelf.path().unwrap());
    match search.advance(&view.live(now()).unwrap()).unwrap() {
        Progress::Ended(Lookup::Found(found)) => Some(found),
        Progress::Ended(_) => None,
        Progress::Needs(edge) => panic!("{edge:?}"),
    }
}

fn people(disk: &MemoryDisk) -> People {
    let found = found(disk, Shelf::People).unwrap();
    let digest = found.target.hashes().digest("sha256").unwrap().to_owned();
    let bytes = files(disk).target(&format!("{digest}.people.json")).unwrap().unwrap();
    People::read(affineur_trust::Document { found: &found, bytes: &bytes }).unwrap()
}

/// What a gateway counts that remembers nothing, withdrawals included.
fn counted(disk: &MemoryDisk) -> Said {
    let (people, brie) = (people(disk), brie());
    let mut seen = Seen::new();
    if let Some(found) = found(disk, Shelf::Objections(&brie.project)) {
        withdrawn(&people, &found, &brie, &mut seen).unwrap();
    }
    found(disk, Shelf::Voted(&brie.name)).map_or(Said::Silent, |found| count(&people, &found, &brie, &mut seen, now()).unwrap())
}

fn tally(curator: &mut Curator, statements: &[Vec<u8>]) -> Vec<String> {
    let words = |judged: Judged| judged.map_or_else(|reason| reason.to_string(), |taken| format!("taken of {}", taken.name));
    curator.tally(statements, now()).unwrap().into_iter().map(words).collect()
}

#[test]
fn what_a_curator_says_is_what_gateways_read() {
    let disk = published();
    let mut curator = opened(&disk);
    curator.trust_author(&project("requests"), &requests(), days(100), now()).unwrap();
    let key = Sha256::from_bytes([9; 32]);
    curator.trust_author(&project("requests"), &Author::Key(key), days(50), now()).unwrap();
    let of_brie = [Objected::Project, Objected::Versions(">=2,<2.3".to_owned()), Objected::File(key.to_string())];
    for against in of_brie {
        curator.object(Some(&project("brie")), objection(against), now()).unwrap();
    }
    curator.object(None, objection(Objected::Key(key.to_string())), now()).unwrap();
    let ballots = [ballot(&curator, 11, Vote::For, 1), audit(13, &brie())];
    assert_eq!(tally(&mut curator, &ballots), ["taken of anna", "taken of carla"]);
    publish(&mut curator);

    let read = authors(&found(&disk, Shelf::Authors(&project("requests"))).unwrap(), &project("requests")).unwrap();
    let read: Vec<_> = read.into_iter().map(|trusted| (trusted.author, trusted.until)).collect();
    assert_eq!(read, [(requests(), days(100)), (Author::Key(key), days(50))]);

    let party = "acme".parse().unwrap();
    let shelf_project = project("brie");
    let shelf = Shelf::Objections(&shelf_project);
    let read = objections(&party, shelf, &found(&disk, shelf).unwrap()).unwrap();
    assert_eq!(read.len(), 3);
    assert!(read.iter().any(|objection| objection.against == Against::Project(project("brie"))));
    let shelf = Shelf::ObjectionsToAuthors;
    assert_eq!(objections(&party, shelf, &found(&disk, shelf).unwrap()).unwrap().len(), 1);

    assert!(matches!(counted(&disk), Said::Vouches(_)));
    let people = people(&disk);
    let mut search = AuditSearch::new(&people, &brie(), Criteria::SafeToDeploy, now()).unwrap();
    assert_eq!(search.advance(), AuditProgress::Needs(brie().name));
    assert_eq!(search.accept(found(&disk, Shelf::Audited(&brie().name)).as_ref()).unwrap(), None);
    let AuditProgress::Ended(Said::Vouches(vouched)) = search.advance() else { panic!("{search:?}") };
    assert_eq!((vouched.first().until(), vouched.first().origins().iter().count()), (Some(days(300)), 1));
}

#[test]
fn what_was_taken_back_is_gone_and_an_objection_says_so() {
    let disk = published();
    let mut curator = opened(&disk);
    curator.trust_author(&project("requests"), &requests(), days(100), now()).unwrap();
    let statements = [ballot(&curator, 11, Vote::For, 1), audit(13, &brie())];
    tally(&mut curator, &statements);
    publish(&mut curator);

    curator.distrust_author(&project("requests"), &requests(), now()).unwrap();
    let until = curator.withdraw(&Withdrawal::Audits(brie().name), "overlooked something", now()).unwrap();
    assert_eq!(until, Withdrawn::Vouches(days(300)));
    publish(&mut curator);
    assert!(found(&disk, Shelf::Authors(&project("requests"))).is_none());
    assert!(found(&disk, Shelf::Audited(&brie().name)).is_none());
    let shelf_project = project("brie");
    let shelf = Shelf::Objections(&shelf_project);
    let read = objections(&"acme".parse().unwrap(), shelf, &found(&disk, shelf).unwrap()).unwrap();
    assert!(read[0].is_against(&brie(), None) && read[0].reason.contains("overlooked"), "{read:?}");
    assert_eq!(read[0].expires, days(300));

    let against = Objected::File(brie().sha256.unwrap().to_string());
    curator.withdraw(&Withdrawal::Objection(Some(project("brie")), against), "", now()).unwrap();
    publish(&mut curator);
    assert!(found(&disk, shelf).is_none());
    let absent = curator.withdraw(&Withdrawal::Audits(brie().name), "", now());
    assert!(matches!(absent, Err(CuratorError::NotThere { .. })));
}

#[test]
fn a_withdrawn_vote_stays_withdrawn_even_for_who_has_the_key_of_voted() {
    let disk = published();
    let mut curator = opened(&disk);
    let old = ballot(&curator, 11, Vote::For, 1);
    tally(&mut curator, std::slice::from_ref(&old));
    publish(&mut curator);
    let before = curator.newest(CuratorRole::Voted).unwrap().to_vec();
    let withdrawal = ballot(&curator, 11, Vote::Withdrawn, 2);
    assert_eq!(tally(&mut curator, &[withdrawal]), ["taken of anna"]);
    publish(&mut curator);
    assert_eq!(counted(&disk), Said::Silent);
    let replayed = tally(&mut curator, &[old]);
    assert!(replayed[0].contains("later ballot"), "{replayed:?}");

    // The thief publishes what `voted` said before, as its next version.
    let mut draft = demand::reopen::<affineur_tuf::Targets>(CuratorRole::Voted, &before).unwrap();
    draft.set_version(affineur_tuf::Version::new(4).unwrap());
    let forged = draft.sign([&pair(3) as &dyn affineur_tuf::key::Signer]).unwrap().into_bytes();
    curator.drafts.insert(CuratorRole::Voted, forged);
    curator.publish(now()).unwrap();
    let brie = brie();
    let ballots = found(&disk, Shelf::Voted(&brie.name)).unwrap();
    let alone = count(&people(&disk), &ballots, &brie, &mut Seen::new(), now()).unwrap();
    assert!(matches!(alone, Said::Vouches(_)), "the ballots alone look fine");
    assert_eq!(counted(&disk), Said::Silent, "the withdrawal stands elsewhere");
    // A newer vote counts again.
    let again = ballot(&curator, 11, Vote::For, 3);
    assert_eq!(tally(&mut curator, &[again]), ["taken of anna"]);
    publish(&mut curator);
    assert!(matches!(counted(&disk), Said::Vouches(_)));
}

#[test]
fn what_does_not_count_is_not_taken_in_and_the_reason_is_said() {
    let disk = published();
    let mut curator = opened(&disk);
    let id = identity(&curator);
    let cast =
        |id, file: &FileFact, period| sign_statement(&Ballot::of(id, file, Vote::For, 5, period).unwrap(), &pair(11)).unwrap();
    let usual = (now(), days(80));
    let other_bytes = FileFact { sha256: Some(Sha256::from_bytes([2; 32])), ..brie() };
    let ended = Audit::new(&brie(), Criteria::SafeToRun, None, String::new(), (days(-9), days(-1))).unwrap();
    let taken = ballot(&curator, 12, Vote::For, 5);
    assert_eq!(tally(&mut curator, std::slice::from_ref(&taken)), ["taken of ben"]);
    for (statement, expected) in [
        (taken, "there already"),
        (ballot(&curator, 12, Vote::For, 4), "later ballot"),
        (ballot(&curator, 12, Vote::Against, 5), "later ballot"),
        (ballot(&curator, 14, Vote::For, 5), "no voter and no auditor"),
        (ballot(&curator, 13, Vote::For, 5), "no voter and no auditor"),
        (audit(11, &brie()), "no voter and no auditor"),
        (cast(CuratorId::from_bytes([1; 32]), &brie(), usual), "for the curator"),
        (cast(id, &brie(), (now(), days(91))), "longer than ballots count"),
        (cast(id, &brie(), (days(-30), now())), "is over"),
        (cast(id, &brie(), (days(1), days(30))), "not begun"),
        (cast(id, &other_bytes, usual), "about the bytes"),
        (sign_statement(&ended, &pair(13)).unwrap(), "is over"),
        (b"{}".to_vec(), "no ballot and no audit"),
        (vec![b' '; crate::limits::STATEMENT_BYTES + 1], "no ballot and no audit"),
        (br#"{"signed":{"_type":"root"},"signatures":[]}"#.to_vec(), "no ballot and no audit"),
    ] {
        let judged = tally(&mut curator, &[statement]);
        assert!(judged[0].contains(expected), "{judged:?}, expected {expected}");
    }
    // A ballot with a changed word is nobody's.
    let changed = String::from_utf8(cast(id, &brie(), usual)).unwrap().replace("\"for\"", "\"against\"");
    assert!(tally(&mut curator, &[changed.into_bytes()])[0].contains("no voter"));
}

#[test]
fn who_is_removed_counts_no_longer_and_what_they_signed_goes() {
    let disk = published();
    let mut curator = opened(&disk);
    let statements = [ballot(&curator, 11, Vote::For, 1), ballot(&curator, 12, Vote::For, 1), audit(13, &brie())];
    tally(&mut curator, &statements);
    publish(&mut curator);
    curator.remove_person(Kind::Voter, "anna", now()).unwrap();
    curator.remove_person(Kind::Auditor, "carla", now()).unwrap();
    publish(&mut curator);
    let Said::Vouches(vouched) = counted(&disk) else { panic!("ben is left") };
    assert_eq!(vouched.first().origins().iter().count(), 1);
    assert!(found(&disk, Shelf::Audited(&brie().name)).is_none());
    let withdrawal = ballot(&curator, 12, Vote::Withdrawn, 2);
    assert_eq!(tally(&mut curator, &[withdrawal]), ["taken of ben"]);
    publish(&mut curator);
    assert!(found(&disk, Shelf::Objections(&project("brie"))).is_some());
    curator.remove_person(Kind::Voter, "ben", now()).unwrap();
    publish(&mut curator);
    assert!(found(&disk, Shelf::Objections(&project("brie"))).is_none());
    assert!(found(&disk, Shelf::Voted(&brie().name)).is_none());
}

#[test]
fn people_that_could_never_decide_or_count_twice_are_refused() {
    let disk = published();
    let mut curator = opened(&disk);
    let three = NonZeroU16::new(3).unwrap();
    assert!(matches!(curator.set_votes(three, now()), Err(CuratorError::People(_))));
    assert!(matches!(curator.add_person(Kind::Voter, "twin", &[named(11)], now()), Err(CuratorError::People(_))));
    assert!(matches!(curator.add_person(Kind::Voter, "a b", &[named(15)], now()), Err(CuratorError::People(_))));
    assert!(matches!(curator.add_person(Kind::Voter, "dora", &[], now()), Err(CuratorError::People(_))));
    assert_eq!(curator.drafted().count(), 0, "nothing was changed");
}

#[test]
fn another_curator_speaks_until_it_does_not() {
    let disk = published();
    let mut curator = opened(&disk);
    let root = files(&disk).metadata(&metadata_path("root", affineur_tuf::Version::new(1))).unwrap().unwrap();
    let other = Delegate {
        name: "auditors".to_owned(),
        repository: "https://auditors.example/".parse().unwrap(),
        root,
        projects: vec!["acme-*".parse().unwrap()],
        levels: vec![Level::Audited],
        depth: 1,
    };
    curator.delegate(other.clone(), now()).unwrap();
    publish(&mut curator);
    let found_list = found(&disk, Shelf::Curators).unwrap();
    let digest = found_list.target.hashes().digest("sha256").unwrap().to_owned();
    let bytes = files(&disk).target(&format!("{digest}.curators.json")).unwrap().unwrap();
    assert_eq!(
        Delegate::read(affineur_trust::Document { found: &found_list, bytes: &bytes }).unwrap(),
        std::slice::from_ref(&other)
    );
    let wrong = Delegate { root: b"{}".to_vec(), ..other };
    assert!(matches!(curator.delegate(wrong, now()), Err(CuratorError::Delegates(_))));
    curator.undelegate("auditors", now()).unwrap();
    assert!(curator.undelegate("auditors", now()).is_err());
    assert!(curator.delegates().unwrap().is_empty());
}
