//! Curators on a disk in memory: what is written is what gateways read, whatever happens in between.

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::path::Path;

use affineur_packaging::{FileName, ProjectName, Sha256};
use affineur_trust::curator::{Audit, Ballot, Criteria, CuratorId, Objected, ObjectionStatement, Vote};
use affineur_trust::{Author, FileFact};
use affineur_tuf::View;
use affineur_tuf::edit::NamedKey;
use affineur_tuf::key::{KeyPair, Signer as _};
use jiff::{SignedDuration, Timestamp};

use super::client::Client;
use super::folder::Files;
use super::served::Served;
use super::*;
use crate::disk::memory::MemoryDisk;

mod audited;
mod crashes;
mod keys;
mod statements;

const NOW: &str = "2026-11-21T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn days(number: i64) -> Timestamp {
    now().checked_add(SignedDuration::from_hours(24 * number)).unwrap()
}

fn pair(seed: u8) -> KeyPair {
    KeyPair::from_seed([seed; 32]).unwrap()
}

fn named(seed: u8) -> NamedKey {
    (pair(seed).key_id().clone(), pair(seed).key().clone())
}

fn of(keys: &[u8], threshold: u32) -> KeysOfRole {
    KeysOfRole { keys: keys.iter().map(|seed| (format!("key-{seed}"), named(*seed))).collect(), threshold }
}

/// Root has key 1, targets 2, statements 3, objections 4.
fn usual() -> Initial {
    let settings = Settings {
        name: "acme".parse().unwrap(),
        url: "https://curator.example/".parse().unwrap(),
        days: Days::default(),
        keys: BTreeMap::new(),
    };
    let keys = CuratorRole::ALL.into_iter().zip([1, 2, 3, 3, 3, 4]).map(|(role, seed)| (role, of(&[seed], 1))).collect();
    Initial { settings, keys, votes: NonZeroU16::MIN }
}

fn files(disk: &MemoryDisk) -> Files {
    Files::on(Box::new(disk.clone()), Path::new("acme"))
}

fn opened(disk: &MemoryDisk) -> Curator {
    Curator::on(files(disk)).unwrap()
}

fn sign_all(curator: &mut Curator, seeds: &[u8]) {
    for seed in seeds {
        if curator.wanted().unwrap().contains(pair(*seed).key_id()) {
            curator.sign(&pair(*seed)).unwrap();
        }
    }
}

/// A curator that is published, with the voters anna (11) and ben (12) and the auditor carla (13).
fn published() -> MemoryDisk {
    let disk = MemoryDisk::default();
    let mut curator = usual().create_on(files(&disk), now()).unwrap();
    curator.add_person(Kind::Voter, "anna", &[named(11)], now()).unwrap();
    curator.add_person(Kind::Voter, "ben", &[named(12)], now()).unwrap();
    curator.add_person(Kind::Auditor, "carla", &[named(13)], now()).unwrap();
    publish(&mut curator);
    disk
}

fn publish(curator: &mut Curator) -> Published {
    sign_all(curator, &[1, 2, 3, 4]);
    curator.publish(now()).unwrap()
}

/// What a gateway sees that has the first root.
fn seen(disk: &MemoryDisk, at: Timestamp) -> Result<View, Refusal> {
    let served = Served::read(&files(disk)).unwrap();
    Client { metadata: &served.files, party: "acme".parse().unwrap(), now: at }.view()
}

fn file(name: &str, byte: u8) -> FileFact {
    let name: FileName = name.parse().unwrap();
    FileFact { project: name.project().clone(), name, size: Some(42), sha256: Some(Sha256::from_bytes([byte; 32])) }
}

fn brie() -> FileFact {
    file("brie-1.0.tar.gz", 1)
}

fn project(name: &str) -> ProjectName {
    name.parse().unwrap()
}

fn identity(curator: &Curator) -> CuratorId {
    curator.people().unwrap().curator()
}

fn ballot(curator: &Curator, seed: u8, vote: Vote, serial: u64) -> Vec<u8> {
    let ballot = Ballot::of(identity(curator), &brie(), vote, serial, (now(), days(80))).unwrap();
    sign_statement(&ballot, &pair(seed)).unwrap()
}

fn audit(seed: u8, file: &FileFact) -> Vec<u8> {
    let audit = Audit::new(file, Criteria::SafeToDeploy, None, "read".to_owned(), (now(), days(300))).unwrap();
    sign_statement(&audit, &pair(seed)).unwrap()
}

fn objection(against: Objected) -> ObjectionStatement {
    ObjectionStatement { against, reason: "steals tokens".to_owned(), expires: days(30) }
}

fn requests() -> Author {
    Author::Publisher("github:psf/requests/release.yml".parse().unwrap())
}
