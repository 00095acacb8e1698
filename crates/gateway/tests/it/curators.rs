//! Policies that require curators: who has to vouch, what each way of taking one away says, and what nobody can forge.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use affineur_gateway::engine::{Asked, Gateway, Note};
use affineur_gateway::fetch::FetchSettings;
use affineur_gateway::limits::FetchLimits;
use affineur_gateway::setup::{self, Ready, Wanted};
use affineur_packaging::FileName;
use affineur_trust::curator::{Delegate, Vote};
use affineur_trust::{FileFact, Level};
use http::{HeaderMap, Method, StatusCode};
use hyper::ext::ReasonPhrase;

use crate::static_index::StaticIndex;
use crate::support::curator::{Curator, audit, fact};
use crate::support::upstream::{Upstream, answer};

const SDIST: &str = "cheese-1.0.tar.gz";
const BYTES: &[u8] = b"the cheese";

/// An index, curators, and a user who trusts their roots.
struct World {
    served: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    upstream: Upstream,
    home: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let mut index = StaticIndex::new();
        index.add(&SDIST.parse().unwrap(), BYTES.to_vec(), None, "2020-01-01T00:00:00Z".parse().unwrap());
        let served = Arc::new(Mutex::new(index.publish()));
        let files = Arc::clone(&served);
        let upstream = Upstream::http(move |asked| match files.lock().unwrap().get(asked.target.trim_start_matches('/')) {
            Some(bytes) => answer(200, &[], bytes.clone()),
            None => answer(404, &[], "nothing here"),
        })
        .await;
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("index.json"), index.root()).unwrap();
        Self { served, upstream, home }
    }

    /// Serves what a curator has signed.
    fn publish(&self, curator: &mut Curator) {
        self.served.lock().unwrap().extend(curator.publish());
    }

    /// Takes everything of a curator away.
    fn silence(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let mut served = self.served.lock().unwrap();
        let taken: BTreeMap<_, _> = served.extract_if(.., |path, _| path.starts_with(&format!("{name}/"))).collect();
        assert!(!taken.is_empty());
        taken
    }

    /// A policy: what it demands, and its curators, each with what more is said of it.
    fn policy(&self, demand: &str, curators: &[(&str, &Curator, &str)]) {
        let mut text = format!(
            "sources = ['index']\n{demand}\n[party.index]\nrepository = '{}'\nroot = 'index.json'\nweight = {{ unclaimed = '0.5' }}\n",
            self.upstream.url("/tuf/")
        );
        for (name, curator, more) in curators {
            let root = format!("{name}.json");
            std::fs::write(self.home.path().join(&root), curator.root()).unwrap();
            let url = self.upstream.url(&format!("/{name}/"));
            text += &format!("[party.{name}]\nrepository = '{url}'\nroot = '{root}'\n{more}\n");
        }
        std::fs::write(self.home.path().join("policy.toml"), text).unwrap();
    }

    fn ready(&self) -> Ready {
        let limits = FetchLimits { whole: std::time::Duration::from_secs(2), ..FetchLimits::default() };
        let wanted = Wanted {
            policy: Some(self.home.path().join("policy.toml")),
            fetch: Some(FetchSettings { limits, ..FetchSettings::default() }),
            ..Wanted::default()
        };
        setup::gateway(wanted, |name| (name == "AFFINEUR_HOME").then(|| self.home.path().to_str().unwrap().to_owned())).unwrap()
    }

    /// A gateway as each run begins with.
    fn gateway(&self) -> Arc<Gateway> {
        self.ready().gateway
    }

    /// Whether the file is had now by a new run, and what is said if it is not.
    async fn had(&self) -> Result<(), String> {
        had(&self.gateway()).await
    }
}

async fn had(gateway: &Arc<Gateway>) -> Result<(), String> {
    let name: FileName = SDIST.parse().unwrap();
    let response = gateway.serve_file(name.project(), &name, false, &Method::GET, &HeaderMap::new()).await;
    let phrase = response.extensions().get::<ReasonPhrase>().map(|phrase| phrase.as_bytes().to_vec()).unwrap_or_default();
    if response.status() == StatusCode::OK { Ok(()) } else { Err(String::from_utf8(phrase).unwrap()) }
}

async fn explained(gateway: &Arc<Gateway>) -> String {
    gateway.why(&"cheese".parse().unwrap(), Asked::AsUsual).await.to_string()
}

fn cheese() -> FileFact {
    fact(SDIST, BYTES)
}

fn other() -> FileFact {
    fact(SDIST, b"another cheese")
}

const LEVELS: &str = "weight = { trusted-author = '0.5', voted = '0.75', audited = '1.0' }";
const INTERNAL: &str = "weight = { audited = '2.0' }";

/// The mail's scenario: index 0.5, curator 1.0, two internal ones 2.0 each, and 5.5 are needed.
struct Mail {
    world: World,
    curators: [Curator; 3],
}

const NAMES: [&str; 3] = ["curator", "anna", "ben"];

impl Mail {
    async fn new() -> Self {
        let world = World::new().await;
        let mut curators = [(1, 11), (2, 12), (3, 13)]
            .map(|(number, auditor)| Curator::new(NAMES[usize::from(number) - 1], number, (1, &[]), &[auditor]));
        for (curator, auditor) in curators.iter_mut().zip([11, 12, 13]) {
            curator.pass_on(&cheese(), &[audit(&cheese(), auditor, None)]);
            world.publish(curator);
        }
        let mail = Self { world, curators };
        mail.policy("", "");
        mail
    }

    fn policy(&self, demand: &str, of_anna: &str) {
        let [curator, anna, ben] = &self.curators;
        let anna_more = format!("{INTERNAL}\n{of_anna}");
        let parties = [("curator", curator, LEVELS), ("anna", anna, anna_more.as_str()), ("ben", ben, INTERNAL)];
        self.world.policy(&format!("minimum-score = '5.5'\n{demand}"), &parties);
    }
}

#[tokio::test]
async fn a_package_is_had_only_when_all_four_vouch() {
    let mail = Mail::new().await;
    assert_eq!(mail.world.had().await, Ok(()));
    let text = explained(&mail.world.gateway()).await;
    assert!(text.contains("score 5.500 of 5.500"), "{text}");
    for (at, name) in NAMES.iter().enumerate() {
        let mut mail = Mail::new().await;
        mail.curators[at].pass_on(&cheese(), &[]);
        mail.world.publish(&mut mail.curators[at]);
        let reason = mail.world.had().await.unwrap_err();
        assert!(reason.contains(&format!("{name} is silent")), "{reason}");
    }
}

#[tokio::test]
async fn a_curator_that_cannot_be_had_is_unavailable_and_what_was_heard_before_holds() {
    let mail = Mail::new().await;
    let taken = mail.world.silence("anna");
    let reason = mail.world.had().await.unwrap_err();
    assert!(
        reason.contains("cannot tell now")
            && reason.contains("anna does not vouch (timestamp: the repository does not have the file"),
        "{reason}"
    );
    mail.world.served.lock().unwrap().extend(taken);
    assert_eq!(mail.world.had().await, Ok(()));
    mail.world.silence("anna");
    assert_eq!(mail.world.had().await, Ok(()), "the local copy of it has not expired");
}

#[tokio::test]
async fn other_bytes_contradict_and_are_an_alarm() {
    for (demand, words) in [("", "anna contradicts"), ("require = ['anna']", "anna vouches for other bytes under this name")] {
        let mut mail = Mail::new().await;
        mail.policy(demand, "");
        mail.curators[1].pass_on(&other(), &[audit(&other(), 12, None)]);
        mail.world.publish(&mut mail.curators[1]);
        let gateway = mail.world.gateway();
        let reason = had(&gateway).await.unwrap_err();
        assert!(reason.contains(words), "{reason}");
        let notes = gateway.record().summary().notes;
        assert!(notes.iter().any(|note| matches!(note, Note::Alarm { source, .. } if source == "anna")), "{notes:?}");
    }
}

#[tokio::test]
async fn an_objection_of_somebody_with_a_veto_withholds() {
    let mut mail = Mail::new().await;
    mail.curators[2].object(&cheese(), "it calls home");
    mail.world.publish(&mut mail.curators[2]);
    assert_eq!(mail.world.had().await, Ok(()), "without a veto it is told, no more");
    mail.policy("veto = ['ben']", "");
    let reason = mail.world.had().await.unwrap_err();
    assert!(reason.contains("ben") && reason.contains("it calls home"), "{reason}");
}

#[tokio::test]
async fn a_role_that_has_expired_says_nothing_and_is_named() {
    let mut mail = Mail::new().await;
    let audited = "audited".parse().unwrap();
    mail.curators[1].repository.role_mut(&audited).set_expires("2026-11-01T10:00:00Z".parse().unwrap());
    mail.world.publish(&mut mail.curators[1]);
    let reason = mail.world.had().await.unwrap_err();
    assert!(reason.contains("anna does not vouch (audited expired 2026-11-01T10:00Z"), "{reason}");
}

#[tokio::test]
async fn a_curator_that_is_frozen_for_too_long_is_stale() {
    let mail = Mail::new().await;
    mail.policy("", "max-stale = '1h'");
    assert_eq!(mail.world.had().await, Ok(()));
    // As if this machine had known its newest statement for two hours.
    let database = rusqlite::Connection::open(mail.world.home.path().join("state.db")).unwrap();
    assert_eq!(database.execute("UPDATE heard SET since = since - 7200000000", []).unwrap(), 3);
    let reason = mail.world.had().await.unwrap_err();
    assert!(reason.contains("anna is stale (nothing new since"), "{reason}");
    mail.policy("", "max-stale = '3h'");
    let gateway = mail.world.gateway();
    assert_eq!(had(&gateway).await, Ok(()), "two hours of three");
    let notes = gateway.record().summary().notes;
    assert!(notes.iter().any(|note| matches!(note, Note::Quiet { party, .. } if party == "anna")), "{notes:?}");
    mail.policy("", "max-stale = '1h'");
    let mut anna = mail.curators;
    mail.world.publish(&mut anna[1]);
    assert_eq!(mail.world.had().await, Ok(()), "a newer timestamp is something new");
}

#[tokio::test]
async fn a_rollback_of_a_curator_is_an_alarm_and_what_was_verified_holds() {
    let mut mail = Mail::new().await;
    let old = mail.curators[1].publish();
    mail.world.publish(&mut mail.curators[1]);
    assert_eq!(mail.world.had().await, Ok(()));
    mail.world
        .served
        .lock()
        .unwrap()
        .insert("anna/metadata/timestamp.json".to_owned(), old["anna/metadata/timestamp.json"].clone());
    let gateway = mail.world.gateway();
    assert_eq!(had(&gateway).await, Ok(()));
    let notes = gateway.record().summary().notes;
    let alarmed =
        |note: &Note| matches!(note, Note::Alarm { source, what, .. } if source == "anna" && what.contains("a rollback"));
    assert!(notes.iter().any(alarmed), "{notes:?}");
}

/// One voting curator whose vote is needed.
async fn voting(votes: u16, voters: &[u8]) -> (World, Curator) {
    let world = World::new().await;
    let mut curator = Curator::new("curator", 1, (votes, voters), &[]);
    world.publish(&mut curator);
    world.policy("require = ['curator']", &[("curator", &curator, LEVELS)]);
    (world, curator)
}

#[tokio::test]
async fn whoever_holds_the_tally_key_can_leave_votes_out_and_never_make_or_replay_one() {
    let (world, mut curator) = voting(2, &[21, 22]).await;
    let vote = |curator: &Curator, voter, vote, serial| curator.ballot(&cheese(), voter, vote, serial);
    let invented = [vote(&curator, 21, Vote::For, 1), vote(&curator, 99, Vote::For, 1)];
    curator.tally(&cheese(), &invented);
    world.publish(&mut curator);
    assert!(world.had().await.unwrap_err().contains("curator is silent"), "ninety-nine is no voter");

    let both = [vote(&curator, 21, Vote::For, 1), vote(&curator, 22, Vote::For, 1)];
    curator.tally(&cheese(), &both);
    world.publish(&mut curator);
    assert_eq!(world.had().await, Ok(()));

    let withdrawn = [both[0].clone(), vote(&curator, 22, Vote::Withdrawn, 2)];
    curator.tally(&cheese(), &withdrawn);
    world.publish(&mut curator);
    assert!(world.had().await.is_err());

    curator.tally(&cheese(), &both);
    world.publish(&mut curator);
    assert!(world.had().await.is_err(), "the serial was seen, by an earlier run: it does not come back");

    let again = [both[0].clone(), vote(&curator, 22, Vote::For, 3)];
    curator.tally(&cheese(), &again);
    world.publish(&mut curator);
    assert_eq!(world.had().await, Ok(()), "the voter themselves can vote anew");
    curator.tally(&cheese(), &again[1..]);
    world.publish(&mut curator);
    assert!(world.had().await.is_err(), "left out");
}

#[tokio::test]
async fn a_withdrawal_stands_where_the_tally_key_cannot_leave_it_out() {
    let (world, mut curator) = voting(1, &[21]).await;
    curator.vote(&cheese(), &[21]);
    let withdrawn = curator.ballot(&cheese(), 21, Vote::Withdrawn, 2);
    curator.note_withdrawn(&cheese(), &[withdrawn]);
    world.publish(&mut curator);
    assert!(world.had().await.unwrap_err().contains("curator is silent"), "by whoever never saw the withdrawal in the tally");
    let anew = curator.ballot(&cheese(), 21, Vote::For, 3);
    curator.tally(&cheese(), &[anew]);
    world.publish(&mut curator);
    assert_eq!(world.had().await, Ok(()));
    let others = curator.ballot(&other(), 21, Vote::Withdrawn, 9);
    curator.note_withdrawn(&cheese(), &[others]);
    world.publish(&mut curator);
    assert_eq!(world.had().await, Ok(()), "what was withdrawn is about other bytes");
}

#[tokio::test]
async fn one_audit_that_three_curators_pass_on_counts_once() {
    let world = World::new().await;
    let mut curators =
        [1, 2, 3].map(|number| Curator::new(["a", "b", "c"][usize::from(number) - 1], number, (1, &[]), &[31, 32, 33]));
    let policy = |curators: &[Curator; 3], demand: &str| {
        let [a, b, c] = curators;
        let parties = [
            ("a", a, "weight = { audited = '1.0' }"),
            ("b", b, "weight = { audited = '1.0' }"),
            ("c", c, "weight = { audited = '1.0' }"),
        ];
        world.policy(demand, &parties);
    };
    let one = audit(&cheese(), 31, None);
    for curator in &mut curators {
        curator.pass_on(&cheese(), std::slice::from_ref(&one));
        world.publish(curator);
    }
    for (demand, words) in
        [("minimum-score = '2.5'", "same origin"), ("rule = '2 of (a, b, c)'", "adds nothing (same origin as")]
    {
        policy(&curators, demand);
        let reason = world.had().await.unwrap_err();
        assert!(reason.contains(words), "{demand}: {reason}");
    }
    policy(&curators, "minimum-score = '2.5'\nrule = '2 of (a, b, c)'");
    for (curator, auditor) in curators.iter_mut().zip([31, 32, 33]) {
        curator.pass_on(&cheese(), &[audit(&cheese(), auditor, None)]);
        world.publish(curator);
    }
    assert_eq!(world.had().await, Ok(()));
}

/// A curator that names another one, which names a third, which alone has read the file.
async fn chained(levels: Vec<Level>, depth_of_second: u32) -> (World, Curator) {
    let world = World::new().await;
    let mut third = Curator::new("third", 3, (1, &[]), &[41]);
    third.pass_on(&cheese(), &[audit(&cheese(), 41, None)]);
    world.publish(&mut third);
    let delegate = |name: &str, curator: &Curator, levels, depth| Delegate {
        name: name.to_owned(),
        repository: world.upstream.url(&format!("/{name}/")),
        root: curator.root().to_vec(),
        projects: vec!["cheese*".parse().unwrap()],
        levels,
        depth,
    };
    let mut second = Curator::new("second", 2, (1, &[]), &[]);
    second.name(&delegate("third", &third, Level::ALL.to_vec(), 1));
    world.publish(&mut second);
    let mut first = Curator::new("first", 1, (1, &[]), &[]);
    first.name(&delegate("second", &second, levels, depth_of_second));
    world.publish(&mut first);
    (world, first)
}

#[tokio::test]
async fn a_statement_passes_as_many_curators_as_everybody_on_the_way_allows() {
    for (levels, of_second, depth, passes) in [
        (vec![Level::Audited], 2, 3, true),
        (vec![Level::Audited], 2, 2, false),
        (vec![Level::Audited], 1, 3, false),
        (vec![Level::Voted], 2, 3, false),
        (vec![Level::Audited], 2, 1, false),
    ] {
        let (world, first) = chained(levels.clone(), of_second).await;
        world.policy("require = ['first']", &[("first", &first, &format!("{LEVELS}\ndepth = {depth}"))]);
        let had = world.had().await;
        assert_eq!(had.is_ok(), passes, "{levels:?} {of_second} {depth}: {had:?}");
        if !passes {
            assert!(had.unwrap_err().contains("first is silent"));
        }
    }
}

#[tokio::test]
async fn a_named_curator_that_cannot_be_heard_leaves_it_open() {
    let (world, first) = chained(vec![Level::Audited], 2).await;
    world.silence("third");
    world.policy("require = ['first']", &[("first", &first, &format!("{LEVELS}\ndepth = 3"))]);
    let reason = world.had().await.unwrap_err();
    assert!(reason.contains("cannot tell now"), "{reason}");
}

#[tokio::test]
async fn no_request_waits_for_a_slow_curator() {
    let (world, mut curator) = voting(1, &[21]).await;
    curator.vote(&cheese(), &[21]);
    world.publish(&mut curator);
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let policy = std::fs::read_to_string(world.home.path().join("policy.toml")).unwrap();
    let slow = format!("http://{}/", deaf.local_addr().unwrap());
    let policy = policy.replace("require = ['curator']", "rule = 'curator or slow'");
    let more = format!("{policy}\n[party.slow]\nrepository = '{slow}'\nroot = 'curator.json'\n{LEVELS}\n");
    std::fs::write(world.home.path().join("policy.toml"), more).unwrap();
    let gateway = world.gateway();
    gateway.hear_curators().await;
    let began = std::time::Instant::now();
    assert_eq!(had(&gateway).await, Ok(()));
    assert!(began.elapsed() < std::time::Duration::from_secs(1), "{:?}", began.elapsed());
}
