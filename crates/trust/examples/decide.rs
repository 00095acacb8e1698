//! What decisions cost: one JSON object a line with what was measured and the values of all rounds.
//!
//! `cargo run --release -p affineur-trust --features testing --example decide -- ROUNDS`; `bench/run decide` compares it with the goals.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement ends where something is wrong")]
#![expect(clippy::disallowed_methods, reason = "a measurement takes the time")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use affineur_packaging::{FileName, ProjectName, Sha256};
use affineur_trust::analysis::Keys;
use affineur_trust::listing::Tier;
use affineur_trust::testing::Vouch;
use affineur_trust::{
    Claim, Claims, FileFact, Hearing, LastModified, Level, Origin, Origins, PartyName, Pin, Policy, PolicySet, ReferenceTime,
    Worth,
};
use affineur_tuf::edit::{Repository, SharedSigner, Signers};
use affineur_tuf::key::KeyPair;
use affineur_tuf::{Chain, Lookup, Progress, Roots, Search, TargetFile, TargetPath};

fn main() {
    let rounds = std::env::args().nth(1).and_then(|rounds| rounds.parse().ok()).unwrap_or(5);
    let world = World { chain: Arc::new(chain()), rounds, now: "2026-11-20T00:00:00Z".parse().unwrap() };
    for (parties, them) in [(1, "1 party"), (4, "4 parties"), (20, "20 parties")] {
        world.decisions(&format!("decision, {them}: ns"), 10_000, parties, 1e9 / 10_000.0, Curators::Alike);
    }
    world.decisions("10 000 decisions, 20 parties: ms", 10_000, 20, 1e3, Curators::Alike);
    world.decisions(
        "10 000 decisions, 20 parties that say something else of every file: ms",
        10_000,
        20,
        1e3,
        Curators::Varied,
    );
    world.decisions("10 000 decisions, 20 parties, neighbours share an origin: ms", 10_000, 20, 1e3, Curators::Shared);
    world.decisions(
        "10 000 decisions, 20 parties with 3 alternatives that share origins: ms",
        10_000,
        20,
        1e3,
        Curators::Alternatives,
    );
    for (parties, them) in [(1, "1 party"), (20, "20 parties")] {
        world.page(&format!("page of 2 000 files, {them}, cold, evidence and decisions: ms"), 2_000, parties);
    }
    world.analysis("analysis of a policy with 64 parties: ms");
}

/// For so many files evidence is made before they are decided.
const AT_ONCE: usize = 10;

/// What curators say, file by file.
#[derive(Clone, Copy, PartialEq)]
enum Curators {
    /// Of every file the same, each on an origin of its own: they trust its author.
    Alike,
    /// Of every other file one of them something else.
    Varied,
    /// Neighbours have an origin in common, which makes one long path.
    Shared,
    /// Each has three alternatives; neighbours have two origins in common.
    Alternatives,
}

struct World {
    chain: Arc<Chain>,
    rounds: usize,
    now: ReferenceTime,
}

impl World {
    /// How long so many decisions take. Evidence is made for a few files, then these are decided, as a page's files are one after
    /// the other; the median of the few counts, so that what else the machine does does not.
    fn decisions(&self, what: &str, files: usize, parties: usize, unit: f64, curators: Curators) {
        let policy = PolicySet::new(policy(parties), None);
        let seats = Claims::silent(policy.main().parties.keys().cloned());
        let rounds = (0..self.rounds).map(|_| {
            let mut judge = policy.judge(&project(), hearing(), self.now);
            let mut times: Vec<f64> = (0..files / AT_ONCE)
                .map(|turn| {
                    let case = |at: usize| {
                        let (file, mut claims) = (file(at), seats.clone());
                        self.state(&mut claims, &file, at, curators);
                        (file, claims)
                    };
                    let cases: Vec<_> = (turn * AT_ONCE..(turn + 1) * AT_ONCE).map(case).collect();
                    let start = Instant::now();
                    let decisions: Vec<_> = cases.iter().map(|(file, claims)| judge.decide(Arc::clone(file), claims)).collect();
                    let taken = start.elapsed().as_secs_f64();
                    assert!(black_box(decisions).iter().all(affineur_trust::Decision::is_allowed));
                    taken
                })
                .collect();
            times.sort_by(f64::total_cmp);
            times[times.len() / 2] * times.len() as f64 * unit
        });
        print(what, rounds);
    }

    /// How long a page takes from the policy's text and what parties say to all decisions, which stay.
    fn page(&self, what: &str, files: usize, parties: usize) {
        let files: Vec<_> = (0..files).map(file).collect();
        let rounds = (0..self.rounds).map(|_| {
            let start = Instant::now();
            let policy = PolicySet::new(policy(parties), None);
            let mut claims = Claims::silent(policy.main().parties.keys().cloned());
            let mut judge = policy.judge(&project(), hearing(), self.now);
            let decisions = files.iter().enumerate().map(|(at, file)| {
                self.state(&mut claims, file, at, Curators::Alike);
                judge.decide(Arc::clone(file), &claims)
            });
            let decisions: Vec<_> = decisions.collect();
            assert!(decisions.iter().all(affineur_trust::Decision::is_allowed));
            let taken = start.elapsed().as_secs_f64() * 1e3;
            drop(decisions);
            taken
        });
        print(what, rounds);
    }

    fn analysis(&self, what: &str) {
        let rounds = (0..self.rounds).map(|_| {
            let start = Instant::now();
            let analysis = policy(64).analysis(None, &Keys::new()).unwrap();
            assert!(analysis.coalitions.count > 1);
            start.elapsed().as_secs_f64() * 1e3
        });
        print(what, rounds);
    }

    /// States what everybody says of a file: the index first, since its claim is at position 0 or behind the curators'.
    fn state(&self, claims: &mut Claims, file: &Arc<FileFact>, at: usize, curators: Curators) {
        let old = "2026-11-01T00:00:00Z".parse().unwrap();
        let pin = Pin { first_seen: old, absent_until: None, upload_time: Some(old), last_modified: LastModified::Unknown };
        let vouched = |worth, origins, pin| {
            let vouch = Vouch { file: Arc::clone(file), worth, origins, pin, attested: None, until: None };
            vouch.made(&self.chain)
        };
        let key = |at: usize| ORIGINS.with(|origins| origins[at].clone());
        let index = claims.position(&"index".parse().unwrap()).unwrap();
        for curator in 0..index {
            let level = if curators == Curators::Varied && at % index == curator { Level::Voted } else { Level::Audited };
            let one = |origins| vouched(Worth::Curator(level), origins, None);
            let claim = match curators {
                Curators::Alike | Curators::Varied => one(key(curator)).into(),
                Curators::Shared => one(key(64 + curator)).into(),
                Curators::Alternatives => {
                    let others = [one(key(64 + curator)), one(key(64 + (curator + 1) % index))];
                    affineur_trust::Vouches::new(one(key(curator)), others)
                }
            };
            claims.set(curator, Claim::Vouched(claim));
        }
        let worth = Worth::Index { tier: Tier::Unclaimed, track: None };
        claims.set(index, Claim::Vouched(vouched(worth, key(128), Some(pin)).into()));
    }
}

thread_local! {
    /// An origin of each curator, two neighbours' of each, and the index's.
    static ORIGINS: Vec<Origins> = {
        let key = |at: usize| Origin::Key(Sha256::from_bytes([u8::try_from(at).unwrap(); 32]));
        let own = (0..64).map(|at| Origins::new(key(at), []));
        let shared = (0..64).map(|at| Origins::new(key(at), [key(at + 1)]));
        own.chain(shared).chain([Origins::new(Origin::Index(Sha256::from_bytes([255; 32])), [])]).collect()
    };
}

fn print(what: &str, rounds: impl Iterator<Item = f64>) {
    let values: Vec<String> = rounds.map(|value| format!("{value:.4}")).collect();
    println!("{{\"what\": \"{what}\", \"values\": [{}]}}", values.join(", "));
}

fn name(at: usize) -> PartyName {
    format!("curator-{at:02}").parse().unwrap()
}

fn project() -> ProjectName {
    "a-project".parse().unwrap()
}

fn file(at: usize) -> Arc<FileFact> {
    let name: FileName = format!("a_project-1.{at}-py3-none-any.whl").parse().unwrap();
    let sha256 = Some(Sha256::from_bytes([7; 32]));
    Arc::new(FileFact { project: name.project().clone(), name, size: Some(1), sha256 })
}

fn hearing() -> Hearing {
    Hearing { source: "index".parse().unwrap(), objections: Vec::new(), heard: BTreeMap::new() }
}

/// An index, and curators of whom half of the weight is needed and one is required.
fn policy(parties: usize) -> Policy {
    let repository = |name: &str, kind: &str| {
        format!("[party.{name}]\nrepository = 'https://{name}.example/tuf/'\nroot = 'r'\nweight = {{ {kind} }}\n")
    };
    let mut text = "sources = ['index']\nminimum-age = '3d'\n".to_owned();
    if parties > 1 {
        let score = parties / 3;
        let members = (1..parties).map(|at| name(at).to_string()).collect::<Vec<_>>().join(", ");
        text += &format!("minimum-score = '{score}.0'\nrequire = ['curator-01']\nrule = '{} of ({members})'\n", parties / 3);
    }
    text += &repository("index", "unclaimed = '1.0'");
    (1..parties).for_each(|at| text += &repository(name(at).as_str(), "voted = '0.75', audited = '1.0'"));
    Policy::parse(&text).unwrap()
}

/// The roles of a repository with one target.
fn chain() -> Chain {
    let signer = |seed| -> SharedSigner { Arc::new(KeyPair::from_seed([seed; 32]).unwrap()) };
    let keys = Signers::of(vec![signer(1)], vec![signer(2)], vec![signer(3)], vec![signer(4)]);
    let mut repository = Repository::new(keys, "2030-01-01T00:00:00Z".parse().unwrap());
    let path: TargetPath = "a".parse().unwrap();
    repository.targets_mut().add_target(&path, TargetFile::of(b"a"));
    repository.publish().unwrap();
    let now = "2029-01-01T00:00:00Z".parse().unwrap();
    let files = repository.files();
    let snapshots =
        Roots::start(&files["1.root.json"], now).unwrap().finish().unwrap().accept(&files["timestamp.json"]).unwrap();
    let wanted = snapshots.wanted();
    let targets = snapshots.accept(&files[&wanted.path]).unwrap();
    let wanted = targets.wanted().unwrap();
    let view = targets.accept(&files[&wanted.path]).unwrap().0;
    match Search::new(path).advance(&view.live(now).unwrap()).unwrap() {
        Progress::Ended(Lookup::Found(found)) => found.chain,
        other => unreachable!("the target is there: {other:?}"),
    }
}
