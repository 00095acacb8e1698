//! Nanoseconds of a decision: for so many files and parties, with and without common origins.
//!
//! `cargo run --release -p affineur-trust --features testing --example decision_timing`

#![expect(clippy::unwrap_used, reason = "a measurement ends where something is wrong")]
#![expect(clippy::disallowed_methods, reason = "a measurement takes the time")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use affineur_packaging::{FileName, Sha256};
use affineur_trust::listing::Tier;
use affineur_trust::testing::Vouch;
use affineur_trust::{
    Claim, Evidence, FileFact, LastModified, Level, Origin, Origins, PartyName, Pin, Policy, PolicySet, ReferenceTime, Worth,
};
use affineur_tuf::edit::{Repository, SharedSigner, Signers};
use affineur_tuf::key::KeyPair;
use affineur_tuf::{Chain, Lookup, Progress, Roots, Search, TargetFile, TargetPath};

fn main() {
    let chain = Arc::new(chain());
    println!("{:>7} {:>8} {:>10} {:>12} {:>10}", "files", "parties", "origins", "ns/decision", "allowed");
    for (files, parties, shared) in [
        (1_000, 1, false),
        (1_000, 20, false),
        (10_000, 20, false),
        (100_000, 20, false),
        (10_000, 64, false),
        (10_000, 20, true),
        (10_000, 64, true),
    ] {
        measure(files, parties, shared, &chain);
    }
}

fn measure(files: usize, parties: usize, shared: bool, chain: &Arc<Chain>) {
    let policy = PolicySet::new(policy(parties), None);
    let now: ReferenceTime = "2026-11-20T00:00:00Z".parse().unwrap();
    let voices = voices(policy.main(), shared);
    let cases: Vec<_> = (0..files).map(|at| case(at, &voices, chain)).collect();
    let mut best = f64::INFINITY;
    let mut allowed = 0;
    for _ in 0..5 {
        let start = Instant::now();
        allowed =
            cases.iter().filter(|(file, about)| black_box(policy.decide(Arc::clone(file), about, now)).is_allowed()).count();
        best = best.min(start.elapsed().as_secs_f64());
    }
    let each = best * 1e9 / files as f64;
    let origins = if shared { "shared" } else { "own" };
    println!("{files:>7} {parties:>8} {origins:>10} {each:>12.0} {allowed:>10}");
}

fn name(at: usize) -> PartyName {
    format!("curator-{at:02}").parse().unwrap()
}

/// An index, and curators of whom two thirds of the weight are needed and one is required.
fn policy(parties: usize) -> Policy {
    let repository = |name: &str, kind: &str| {
        format!("[party.{name}]\nrepository = 'https://{name}.example/tuf/'\nroot = 'r'\nweight = {{ {kind} = '1.0' }}\n")
    };
    let mut text = "sources = ['index']\nminimum-age = '3d'\n".to_owned();
    if parties > 1 {
        let score = parties * 2 / 3;
        let members = (1..parties).map(|at| name(at).to_string()).collect::<Vec<_>>().join(", ");
        text += &format!("minimum-score = '{score}.0'\nrequire = ['curator-01']\nrule = '{} of ({members})'\n", parties / 2);
    }
    text += &repository("index", "unclaimed");
    (1..parties).for_each(|at| text += &repository(name(at).as_str(), "audited"));
    Policy::parse(&text).unwrap()
}

/// Each curator with what its vouches rest on; shared: neighbours have an origin in common, which makes one long path.
fn voices(policy: &Policy, shared: bool) -> Vec<(PartyName, Origins)> {
    let key = |at: usize| Origin::Key(Sha256::from_bytes([u8::try_from(at).unwrap(); 32]));
    let curators = policy.parties.keys().filter(|name| policy.is_curator(name)).enumerate();
    curators.map(|(at, name)| (name.clone(), Origins::new(key(at), shared.then(|| key(at + 1))))).collect()
}

fn case(at: usize, voices: &[(PartyName, Origins)], chain: &Arc<Chain>) -> (Arc<FileFact>, Evidence) {
    let file: FileName = format!("a_project-1.{at}-py3-none-any.whl").parse().unwrap();
    let sha256 = Some(Sha256::from_bytes([7; 32]));
    let file = Arc::new(FileFact { project: file.project().clone(), name: file, size: Some(1), sha256 });
    let old = "2026-11-01T00:00:00Z".parse().unwrap();
    let pin = Pin { first_seen: old, absent_until: None, upload_time: Some(old), last_modified: LastModified::Unknown };
    let vouch = |worth, origins, pin| {
        let vouch = Vouch { file: Arc::clone(&file), worth, origins, pin, attested: None, until: None };
        Claim::Vouched(vouch.made(chain).into())
    };
    let mut claims = BTreeMap::new();
    for (party, origins) in voices {
        claims.insert(party.clone(), vouch(Worth::Curator(Level::Audited), origins.clone(), None));
    }
    let index = Worth::Index { tier: Tier::Unclaimed, track: None };
    let source: PartyName = "index".parse().unwrap();
    claims.insert(source.clone(), vouch(index, Origins::new(Origin::Index(Sha256::from_bytes([9; 32])), []), Some(pin)));
    (file, Evidence { claims, ..Evidence::of_source(source, Claim::Silent) })
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
