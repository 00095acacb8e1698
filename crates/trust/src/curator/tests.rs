//! Curators in memory: what counts, and what people who hold a role's key, a voter's key or nothing cannot do.

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::sync::Arc;

use affineur_packaging::Sha256;
use affineur_tuf::edit::{Repository, SharedSigner, Signers, sign_json};
use affineur_tuf::key::{Key, KeyId, KeyPair, Signer};
use affineur_tuf::{Found, Hashes, Lookup, PathPattern, Paths, Progress, Roots, Search, TargetFile, TargetPath};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::{Against, Document, FileFact, Origin, Vouched};

mod audits;
mod delegates;
mod votes;

const NOW: &str = "2029-01-01T00:00:00Z";

/// What is changed, and how.
type Change<T> = (&'static str, fn(&mut T));

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn days(number: i64) -> Timestamp {
    now().checked_add(SignedDuration::from_hours(24 * number)).unwrap()
}

fn pair(seed: u8) -> KeyPair {
    KeyPair::from_seed([seed; 32]).unwrap()
}

fn shared(seed: u8) -> SharedSigner {
    Arc::new(pair(seed))
}

fn keys(seeds: &[u8]) -> BTreeMap<KeyId, Key> {
    seeds.iter().map(|seed| (pair(*seed).key_id().clone(), pair(*seed).key().clone())).collect()
}

fn origin(seed: u8) -> Origin {
    Origin::Key(crate::origin::sha256(pair(seed).key().public().unwrap().material()))
}

fn file(name: &str, byte: u8) -> FileFact {
    let name: affineur_packaging::FileName = name.parse().unwrap();
    FileFact { project: name.project().clone(), name, size: Some(42), sha256: Some(Sha256::from_bytes([byte; 32])) }
}

fn brie() -> FileFact {
    file("brie-1.0.tar.gz", 1)
}

fn id(byte: u8) -> CuratorId {
    CuratorId::from_bytes([byte; 32])
}

/// A list with voters `v1`, `v2`, … and auditors `a1`, …, each with one key, by their seeds.
fn people_bytes(votes: u16, voters: &[&[u8]], auditors: &[u8]) -> Vec<u8> {
    let voters = voters.iter().enumerate().map(|(at, seeds)| (format!("v{at}"), keys(seeds))).collect();
    let auditors = auditors.iter().map(|seed| (format!("a{seed}"), keys(&[*seed]))).collect();
    People::to_bytes(id(7), NonZeroU16::new(votes).unwrap(), voters, auditors)
}

fn people(votes: u16, voters: &[&[u8]], auditors: &[u8]) -> People {
    People::parse(&people_bytes(votes, voters, auditors)).unwrap()
}

fn described(file: &FileFact) -> TargetFile {
    TargetFile::new(file.size.unwrap(), Hashes::default().with("sha256", &file.sha256.unwrap().to_string()))
}

/// What a client finds where this target stands, signed by a role of this name.
fn found_from(role: &str, shelf: Shelf<'_>, target: TargetFile) -> Found {
    let keys = Signers::of(vec![shared(101)], vec![shared(102)], vec![shared(103)], vec![shared(104)]);
    let mut repository = Repository::new(keys, "2030-01-01T00:00:00Z".parse().unwrap());
    let path = shelf.path().unwrap();
    if role == "targets" {
        repository.targets_mut().add_target(&path, target);
    } else {
        let role = role.parse().unwrap();
        let everything = ["*", "*/*", "*/*/*"].map(PathPattern::new);
        repository.delegate_terminating(None, &role, vec![shared(105)], Paths::Patterns(everything.into()));
        repository.role_mut(&role).add_target(&path, target);
    }
    repository.publish().unwrap();
    search(&repository, path)
}

fn search(repository: &Repository, path: TargetPath) -> Found {
    let fetch = |path: &str| repository.files()[path].clone();
    let snapshots = Roots::start(&fetch("1.root.json"), now()).unwrap().finish().unwrap();
    let snapshots = snapshots.accept(&fetch("timestamp.json")).unwrap();
    let targets = snapshots.accept(&fetch("1.snapshot.json")).unwrap();
    let mut view = targets.accept(&fetch("1.targets.json")).unwrap().0;
    let mut search = Search::new(path);
    loop {
        match search.advance(&view.live(now()).unwrap()).unwrap() {
            Progress::Ended(Lookup::Found(found)) => return found,
            Progress::Ended(other) => panic!("{other:?}"),
            Progress::Needs(edge) => {
                let wanted = view.wanted(&edge).unwrap();
                view.accept(&edge, &fetch(&wanted.path), now()).unwrap();
            }
        }
    }
}

fn found(shelf: Shelf<'_>, target: TargetFile) -> Found {
    found_from(shelf.role().unwrap_or("targets"), shelf, target)
}

fn signed_by(seed: u8, statement: &impl serde::Serialize) -> Value {
    let pair = pair(seed);
    let bytes = sign_json(&serde_json::to_value(statement).unwrap(), [&pair as &dyn Signer]).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn statements(file: &FileFact, statements: &[Value]) -> TargetFile {
    described(file).with_custom(json!({ "statements": statements }))
}

fn ballot(people: &People, vote: Vote, serial: u64) -> Ballot {
    Ballot::new(people, &brie(), vote, serial, (days(-1), days(80))).unwrap()
}

fn counted(people: &People, ballots: &[Value], seen: &mut Seen) -> Said {
    let brie = brie();
    let shelf = Shelf::Voted(&brie.name);
    count(people, &found(shelf, statements(&brie, ballots)), &brie, seen, now()).unwrap()
}

fn vouched(said: Said) -> Option<Vouched> {
    match said {
        Said::Vouches(vouches) => Some(vouches.first().clone()),
        Said::Silent => None,
        Said::Contradicts { sha256 } => panic!("contradicts with {sha256:?}"),
    }
}

fn passes(people: &People, ballots: &[Value]) -> bool {
    vouched(counted(people, ballots, &mut Seen::new())).is_some()
}

// Authors

#[test]
fn a_trusted_key_covers_what_it_signed_until_the_statement_ends() {
    let brie = Arc::new(brie());
    let key = Sha256::from_bytes([5; 32]);
    let said = |custom| {
        let shelf = Shelf::Authors(&brie.project);
        authors(&found(shelf, TargetFile::of(b"").with_custom(custom)), &brie.project)
    };
    let trusted =
        said(json!({"authors": [{"key": key.to_string(), "until": days(3)}, {"key": key.to_string(), "until": days(2)}]}));
    let trusted = trusted.unwrap();
    let vouch = |keys: &[Sha256], now| vouch_of_author(&trusted, &brie, keys, &[], now);
    let vouches = vouch(&[key], now()).unwrap();
    assert_eq!(vouches.iter().count(), 1, "two statements about one author");
    let vouched = vouches.first();
    assert_eq!((vouched.worth().to_string(), vouched.until()), ("trusted-author".to_owned(), Some(days(3))));
    assert_eq!(vouched.origins().iter().collect::<Vec<_>>(), [&Origin::Key(key)]);
    assert!(vouch(&[], now()).is_none(), "the author did not sign");
    let second = Sha256::from_bytes([6; 32]);
    let two =
        said(json!({"authors": [{"key": key.to_string(), "until": days(3)}, {"key": second.to_string(), "until": days(2)}]}));
    let both = vouch_of_author(&two.unwrap(), &brie, &[second, key], &[], now()).unwrap();
    let until: Vec<_> = both.iter().map(|vouched| (vouched.origins().iter().count(), vouched.until())).collect();
    assert_eq!(until, [(1, Some(days(3))), (1, Some(days(2)))], "each author is an alternative");
    assert!(vouch(&[Sha256::from_bytes([6; 32])], now()).is_none());
    assert!(vouch(&[key], days(3)).is_none(), "it has ended");
    for bad in [
        json!({}),
        json!({"authors": [{"until": days(3)}]}),
        json!({"authors": [{"key": "5", "until": days(3)}]}),
        json!({"authors": [{"publisher": "somewhere", "until": days(3)}]}),
        json!({"authors": [{"key": key.to_string(), "publisher": "google:a@b.example", "until": days(3)}]}),
        json!({"authors": [{"key": key.to_string(), "until": days(3), "except": "brie-2.0"}]}),
    ] {
        assert_eq!(said(bad.clone()), Err(CuratorFault::Form { shelf: "trusted authors" }), "{bad}");
    }
}

// Objections

#[test]
fn objections_are_read_whole_or_not_at_all() {
    let party = "curator".parse().unwrap();
    let project = brie().project;
    let said = |shelf, list: Value| {
        let target = TargetFile::of(b"").with_custom(json!({ "objections": list }));
        objections(&party, shelf, &found(shelf, target))
    };
    let entry = |against: Value| json!({"against": against, "reason": "because", "expires": days(5)});
    let digest = Sha256::from_bytes([1; 32]).to_string();
    let all = json!([entry(json!({"file": digest})), entry(json!({"versions": "<2"})), entry(json!("project"))]);
    let read = said(Shelf::Objections(&project), all).unwrap();
    assert_eq!(read.len(), 3);
    assert!(read.iter().all(|objection| objection.is_against(&brie(), None) && objection.is_active(now())));
    assert_eq!(read[2].against, Against::Project(project.clone()));
    assert!(!read[0].is_against(&FileFact { sha256: None, ..brie() }, None));
    let author = said(Shelf::ObjectionsToAuthors, json!([entry(json!({"key": digest}))])).unwrap();
    assert_eq!(author[0].against, Against::Author(Author::Key(Sha256::from_bytes([1; 32]))));
    let name = "github:psf/requests/release.yml";
    let publisher = said(Shelf::ObjectionsToAuthors, json!([entry(json!({"publisher": name}))])).unwrap();
    assert_eq!(publisher[0].against, Against::Author(Author::Publisher(name.parse().unwrap())));

    let form = Err(CuratorFault::Form { shelf: "objections" });
    let good = entry(json!("project"));
    for bad in
        [json!("everything"), json!({"file": "1"}), json!({"versions": "new ones"}), json!({"key": digest}), json!({"sort": 1})]
    {
        assert_eq!(said(Shelf::Objections(&project), json!([good, entry(bad.clone())])), form, "{bad}");
    }
    assert_eq!(said(Shelf::ObjectionsToAuthors, json!([good])), form, "a project is no author");
    for bad in [json!({"publisher": "github:psf/requests"}), json!({"publisher": {"issuer": "a", "identity": "b"}})] {
        assert_eq!(said(Shelf::ObjectionsToAuthors, json!([entry(bad.clone())])), form, "{bad}");
    }
}

// Places

#[test]
fn each_statement_is_accepted_from_its_own_role_alone() {
    let brie = brie();
    let shelves = [
        Shelf::People,
        Shelf::Authors(&brie.project),
        Shelf::Voted(&brie.name),
        Shelf::Audited(&brie.name),
        Shelf::Objections(&brie.project),
        Shelf::ObjectionsToAuthors,
    ];
    for shelf in shelves {
        for role in ["targets", TRUSTED_AUTHOR, VOTED, AUDITED, OBJECTIONS, "other"] {
            let found = found_from(role, shelf, TargetFile::of(b""));
            assert_eq!(shelf.accepts(&found.chain).is_ok(), role == shelf.role().unwrap_or("targets"), "{shelf:?} from {role}");
        }
        let path = shelf.path().unwrap();
        let matching = Shelf::patterns().into_iter().filter(|(_, pattern)| PathPattern::new(pattern).matches(&path));
        assert_eq!(matching.map(|(role, _)| role).next(), shelf.role(), "{path}");
    }
    let misplaced = found_from(OBJECTIONS, Shelf::Voted(&brie.name), statements(&brie, &[]));
    let said = count(&people(1, &[&[1]], &[]), &misplaced, &brie, &mut Seen::new(), now());
    assert!(matches!(said, Err(CuratorFault::Misplaced(_))), "{said:?}");
}

// People

#[test]
fn a_list_of_people_is_signed_and_nobody_stands_in_it_twice() {
    let bytes = people_bytes(2, &[&[1], &[2]], &[3]);
    let found = found(Shelf::People, TargetFile::of(&bytes));
    let read = People::read(Document { found: &found, bytes: &bytes }).unwrap();
    assert_eq!((read.voters().len(), read.auditors().len(), read.votes().get()), (2, 1, 2));
    let other = people_bytes(1, &[&[1], &[2]], &[3]);
    let differs = People::read(Document { found: &found, bytes: &other });
    assert_eq!(differs, Err(CuratorFault::People(PeopleError::Differs)));

    let parse = |votes, voters: &[&[u8]], auditors: &[u8]| People::parse(&people_bytes(votes, voters, auditors)).map(|_| ());
    assert_eq!(parse(3, &[&[1], &[2]], &[]), Err(PeopleError::Unreachable));
    assert_eq!(parse(1, &[&[1], &[1]], &[]), Err(PeopleError::SharedKey));
    assert_eq!(parse(1, &[&[1, 2], &[3, 2]], &[]), Err(PeopleError::SharedKey));
    assert_eq!(parse(1, &[&[]], &[]), Err(PeopleError::Keys));
    assert_eq!(parse(1, &[&[1, 2, 3, 4, 5, 6, 7, 8, 9]], &[]), Err(PeopleError::Keys));
    assert_eq!(parse(1, &[&[1]], &[1]), Ok(()), "a voter may audit too");
    let text = String::from_utf8(people_bytes(1, &[&[1]], &[])).unwrap();
    for (what, with) in
        [("\"v0\"", "\"v 0\""), ("\"v0\"", "\"\""), ("\"votes\":1", "\"votes\":0"), ("\"votes\":1", "\"votes\":1,\"votes\":1")]
    {
        assert!(People::parse(text.replace(what, with).as_bytes()).is_err(), "{with}");
    }
}
