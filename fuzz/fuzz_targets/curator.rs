//! What curators sign: people (`p`), curators (`d`), authors (`a`), objections (`o`, to authors `O`), ballots (`b`) and audits (`u`).
//!
//! Of ballots and audits the input is a list of rows, `[person, statement]`: each is signed by one of three people, so that what is
//! behind a signature is reached. Audits stand at every file that the search asks for.
#![no_main]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use affineur_packaging::FileName;
use affineur_trust::curator::{
    AuditProgress, AuditSearch, Criteria, CuratorId, Delegate, People, Said, Seen, Shelf, authors, count, objections,
};
use affineur_trust::{FileFact, Objection, Origin, PartyName, ReferenceTime, Vouches, limits};
use affineur_tuf::edit::{Repository, SharedSigner, Signers, sign_json};
use affineur_tuf::key::{KeyPair, Signer};
use affineur_tuf::{Found, Hashes, Lookup, PathPattern, Paths, Progress, Roots, Search, TargetFile};
use serde_json::{Value, json};

static NOW: LazyLock<ReferenceTime> = LazyLock::new(|| "2029-01-01T00:00:00Z".parse().expect("a time"));
static PAIRS: LazyLock<Vec<KeyPair>> = LazyLock::new(|| (1..4).map(|seed| KeyPair::from_seed([seed; 32]).expect("a key")).collect());
static PEOPLE: LazyLock<People> = LazyLock::new(|| People::parse(&people_bytes()).expect("a list of people"));
/// One target in each role: what is said of it is replaced.
static FOUND: LazyLock<BTreeMap<&'static str, Found>> =
    LazyLock::new(|| Shelf::patterns().into_iter().map(|(role, _)| (role, found_in(role))).collect());

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind {
        b'p' => drop(People::parse(bytes)),
        b'd' => {
            if let Ok(list) = Delegate::parse(bytes) {
                assert_eq!(Delegate::parse(&Delegate::to_bytes(&list)), Ok(list));
            }
        }
        _ => {
            let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return };
            said(*kind, value);
        }
    }
});

fn said(kind: u8, value: Value) {
    let file = file();
    let party: PartyName = "curator".parse().expect("a name");
    match kind {
        b'a' => {
            let shelf = Shelf::Authors(&file.project);
            let trusted = authors(&found(shelf, &file, value), &file.project).unwrap_or_default();
            assert!(trusted.len() <= limits::AUTHORS);
        }
        b'o' | b'O' => {
            let shelf = if kind == b'o' { Shelf::Objections(&file.project) } else { Shelf::ObjectionsToAuthors };
            let read = objections(&party, shelf, &found(shelf, &file, value)).unwrap_or_default();
            assert!(read.iter().all(|objection: &Objection| objection.party == party));
        }
        b'b' => {
            let found = found(Shelf::Voted(&file.name), &file, json!({ "statements": signed(&value) }));
            let mut seen = Seen::new();
            let said = count(&PEOPLE, &found, &file, &mut seen, *NOW).expect("signed statements are of the form");
            check(&said, usize::from(PEOPLE.votes().get()), limits::ELECTORATES);
            // Once more, with what was seen: the same ballots count.
            assert_eq!(count(&PEOPLE, &found, &file, &mut seen, *NOW), Ok(said));
        }
        b'u' => {
            let statements = json!({ "statements": signed(&value) });
            let mut search = AuditSearch::new(&PEOPLE, &file, Criteria::SafeToRun, *NOW).expect("a digest");
            for _ in 0..=limits::AUDIT_STEPS {
                match search.advance() {
                    AuditProgress::Ended(said) => return check(&said, 1, limits::ALTERNATIVES),
                    AuditProgress::Needs(name) => {
                        let at = FileFact { name: name.clone(), ..file.clone() };
                        let found = found(Shelf::Audited(&name), &at, statements.clone());
                        let ended = search.accept(Some(&found)).expect("signed statements are of the form");
                        assert_eq!(ended, None, "the bytes are those");
                    }
                }
            }
            panic!("the search does not end");
        }
        _ => {}
    }
}

/// Each alternative rests on so many of the people at least, on nobody else, and has not ended.
fn check(said: &Said, least: usize, most: usize) {
    let Said::Vouches(vouches) = said else { return };
    let known: Vec<Origin> = PEOPLE.voters().iter().flat_map(|person| person.origins().collect::<Vec<_>>()).collect();
    let count = Vouches::iter(vouches).count();
    assert!((1..=most).contains(&count), "{count} alternatives");
    for vouched in vouches {
        assert!(vouched.origins().iter().count() >= least);
        assert!(vouched.origins().iter().all(|origin| known.contains(origin)));
        assert!(vouched.until().is_some_and(|until| *NOW < until));
    }
}

fn signed(rows: &Value) -> Vec<Value> {
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    let sign = |row: &Value| {
        let at = usize::try_from(row.get(0)?.as_u64()?).ok()? % PAIRS.len();
        let bytes = sign_json(row.get(1)?, [&PAIRS[at] as &dyn Signer]).ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    rows.iter().filter_map(sign).collect()
}

fn file() -> FileFact {
    let name: FileName = "brie-1.0.tar.gz".parse().expect("a name");
    let sha256 = "01".repeat(32).parse().ok();
    FileFact { project: name.project().clone(), name, size: Some(42), sha256 }
}

/// Two of three people have to vote; all of them audit too.
fn people_bytes() -> Vec<u8> {
    let person = |at: usize| (format!("person-{at}"), json!({ PAIRS[at].key_id().as_str(): PAIRS[at].key() }));
    let people: serde_json::Map<String, Value> = (0..PAIRS.len()).map(person).collect();
    let curator = CuratorId::from_bytes([7; 32]).to_string();
    json!({ "curator": curator, "votes": 2, "voters": people, "auditors": people }).to_string().into_bytes()
}

fn found(shelf: Shelf<'_>, file: &FileFact, custom: Value) -> Found {
    let digest = file.sha256.expect("a digest").to_string();
    let target = TargetFile::new(42, Hashes::default().with("sha256", &digest)).with_custom(custom);
    Found { target, ..FOUND[shelf.role().expect("a role of its own")].clone() }
}

fn found_in(role: &str) -> Found {
    let signer = |seed| -> SharedSigner { Arc::new(KeyPair::from_seed([seed; 32]).expect("a key")) };
    let keys = Signers::of(vec![signer(101)], vec![signer(102)], vec![signer(103)], vec![signer(104)]);
    let mut repository = Repository::new(keys, "2030-01-01T00:00:00Z".parse().expect("a time"));
    let (role, path) = (role.parse().expect("a role"), "x".parse().expect("a path"));
    repository.delegate_terminating(None, &role, vec![signer(105)], Paths::Patterns([PathPattern::new("*")].into()));
    repository.role_mut(&role).add_target(&path, TargetFile::of(b""));
    repository.publish().expect("it is complete");
    let fetch = |path: &str| repository.files()[path].clone();
    let roots = Roots::start(&fetch("1.root.json"), *NOW).expect("a root").finish().expect("the last one");
    let snapshots = roots.accept(&fetch("timestamp.json")).expect("a timestamp");
    let targets = snapshots.accept(&fetch("1.snapshot.json")).expect("a snapshot");
    let mut view = targets.accept(&fetch("1.targets.json")).expect("targets").0;
    let mut search = Search::new(path);
    loop {
        match search.advance(&view.live(*NOW).expect("current")).expect("a search") {
            Progress::Ended(Lookup::Found(found)) => return found,
            Progress::Ended(other) => panic!("{other:?}"),
            Progress::Needs(edge) => {
                let wanted = view.wanted(&edge).expect("a role");
                view.accept(&edge, &fetch(&wanted.path), *NOW).expect("its metadata");
            }
        }
    }
}
