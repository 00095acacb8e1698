//! Every effect on the disk and every answer of the network goes wrong once. Then an attacker replays what the repository said
//! before, and at last the honest repository is there again: no client goes back behind what it was told, and none is stuck.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use affineur_tuf::edit::Repository;
use affineur_tuf::{Listed, Lookup, Role as _, TargetFile, TopRole, Version, View};
use aws_lc_rs::digest::{SHA256, digest};

use crate::client::Client;
use crate::local::LocalCopy;
use crate::local::tests::memory_disk::{Fault, MemoryDisk, Unsynced};
use crate::testing::{Files, MemoryTransport, Trick, at_once, bin_of, now, path, published, repository, signer};

const FOLDER: &str = "/home-of/user/copy";
/// Two targets in different bins. The first one changes with every release.
const CHANGES: &str = "a/cheese.whl";
const STAYS: &str = "b/wine.whl";
/// What an attacker who has the online keys signs.
const FAST: Version = Version::new(1_000_000).unwrap();

/// How the disk goes wrong, and what a loss of power takes then.
const WAYS: [(Fault, Unsynced); 6] = [
    (Fault::FailsUndone, Unsynced::There),
    (Fault::FailsDone, Unsynced::There),
    (Fault::DiesAfter, Unsynced::There),
    (Fault::DiesAfter, Unsynced::Lost),
    (Fault::DiesAfter, Unsynced::NamesAndHalves),
    (Fault::DiesAfter, Unsynced::NamesAndZeros),
];

/// What a repository served over time.
struct Story {
    repository: Repository,
    states: Vec<Files>,
    /// How often the online keys had been rotated, by the version of root.
    rotations: BTreeMap<u64, u32>,
    releases: u64,
}

impl Story {
    fn begin() -> Self {
        let mut repository = repository();
        repository.delegate_to_bins(None, 2, "bin", &[signer(5)]);
        let stays = bin_of(&mut repository, STAYS);
        assert_ne!(stays, bin_of(&mut repository, CHANGES));
        repository.role_mut(&stays).add_target(&path(STAYS), TargetFile::of(b"wine"));
        let mut story = Self { repository, states: Vec::new(), rotations: BTreeMap::from([(1, 0)]), releases: 0 };
        story.release();
        story
    }

    fn publish(&mut self) {
        let files = published(&mut self.repository);
        self.states.push(files);
    }

    fn release(&mut self) {
        self.releases += 1;
        let bin = bin_of(&mut self.repository, CHANGES);
        let newest = self.newest();
        self.repository.role_mut(&bin).add_target(&path(CHANGES), newest);
        self.publish();
    }

    /// What the newest release says of the target that changes.
    fn newest(&self) -> TargetFile {
        TargetFile::of(&self.releases.to_be_bytes())
    }

    /// A new timestamp, and nothing else.
    fn renew_timestamp(&mut self) {
        let draft = self.repository.timestamp_mut();
        *draft = draft.clone().next().unwrap();
        let signed = draft.sign([&*signer(2)]).unwrap();
        self.repository.files_mut().insert("timestamp.json".to_owned(), signed.into_bytes());
        self.states.push(self.repository.files().clone());
    }

    fn rotate(&mut self, roles: &[(TopRole, u8)]) {
        for (role, seed) in roles {
            self.repository.rotate(*role, vec![signer(*seed)]);
        }
        let (root, rotations) = self.rotations.last_key_value().map(|(root, rotations)| (*root, *rotations)).unwrap();
        let online = roles.iter().any(|(role, _)| matches!(role, TopRole::Timestamp | TopRole::Snapshot));
        self.rotations.insert(root + 1, rotations + u32::from(online));
        self.publish();
    }

    /// An attacker who has the online keys publishes versions that no honest one will ever reach (§5.3.11).
    fn fast_forward(&mut self) {
        let bin = bin_of(&mut self.repository, CHANGES);
        let honest = (self.repository.timestamp_mut().clone(), self.repository.snapshot_mut().clone());
        self.repository.timestamp_mut().set_version(FAST);
        self.repository.snapshot_mut().set_version(FAST).list(bin.as_str(), Listed::version_only(FAST));
        self.publish();
        (*self.repository.timestamp_mut(), *self.repository.snapshot_mut()) = honest;
    }

    fn first_root(&self) -> &[u8] {
        &self.states[0]["1.root.json"]
    }

    /// What an attacker can serve: each state as it was, and with the newest roots.
    fn replays(&self) -> Vec<Files> {
        let roots: Files =
            self.states.last().unwrap().iter().filter(|(path, _)| path.ends_with(".root.json")).map(owned).collect();
        let with_roots = |state: &Files| state.iter().chain(&roots).map(owned).collect();
        self.states.iter().cloned().chain(self.states.iter().map(with_roots)).collect()
    }
}

fn owned((path, bytes): (&String, &Vec<u8>)) -> (String, Vec<u8>) {
    (path.clone(), bytes.clone())
}

/// What a refresh told its caller.
#[derive(Debug, Clone)]
struct Told {
    root: u64,
    rotations: u32,
    timestamp: u64,
    /// The snapshot, and what it lists.
    snapshot: BTreeMap<String, u64>,
}

impl Told {
    fn of(view: &View, story: &Story) -> Self {
        let root = view.root().version().number();
        let listed = view.snapshot().roles().map(|(name, listed)| (name.to_owned(), listed.version().number()));
        let own = ("snapshot".to_owned(), view.snapshot().version().number());
        let rotations = story.rotations[&root];
        Self { root, rotations, timestamp: view.timestamp().version().number(), snapshot: listed.chain([own]).collect() }
    }

    /// Only root never goes back after the online keys were rotated.
    fn is_behind(&self, before: &Self) -> bool {
        let lists_less = |(name, version)| self.snapshot.get(name).is_none_or(|found| found < version);
        let online = self.timestamp < before.timestamp || before.snapshot.iter().any(lists_less);
        self.root < before.root || (self.rotations == before.rotations && online)
    }
}

/// A user's machine.
struct Machine<'a> {
    story: &'a Story,
    disk: MemoryDisk,
    network: MemoryTransport,
    told: Option<Told>,
}

impl<'a> Machine<'a> {
    fn new(story: &'a Story) -> Self {
        Self { story, disk: MemoryDisk::new(Path::new("/home-of")), network: MemoryTransport::default(), told: None }
    }

    /// Another machine that is as this one is now.
    fn fork(&self) -> Self {
        Self { disk: self.disk.fork(), network: MemoryTransport::default(), told: self.told.clone(), ..*self }
    }

    fn open(&self) -> Option<LocalCopy> {
        let folder = Path::new(FOLDER);
        self.disk.open(folder).or_else(|_| self.disk.initialise(folder, self.story.first_root())).ok()
    }

    /// A new process refreshes and looks both targets up. What it found about the one that changes; `None` if it failed.
    fn start(&mut self, files: &Files) -> Option<Option<TargetFile>> {
        self.network.serve(files);
        let client = Client::new(self.open()?, self.network.clone());
        let mut view = at_once(client.refresh(now())).ok()?;
        let told = Told::of(&view, self.story);
        if let Some(before) = &self.told {
            assert!(!told.is_behind(before), "was told {before:?}, then {told:?}");
        }
        self.told = Some(told);
        let mut find = |target| at_once(client.find(&mut view, &path(target), now()));
        let stays = find(STAYS);
        assert!(stays.is_err() || matches!(stays, Ok(Lookup::Found(found)) if found.target == TargetFile::of(b"wine")));
        match find(CHANGES) {
            Ok(Lookup::Found(found)) => Some(Some(found.target)),
            Ok(other) => panic!("{other:?}"),
            Err(_) => Some(None),
        }
    }

    /// Starts with each state that the repository had.
    fn live(&mut self) {
        let story = self.story;
        for state in &story.states {
            self.start(state);
        }
    }

    fn meet(&mut self, replays: &[Files]) {
        for replay in replays {
            self.start(replay);
        }
    }

    fn must_recover(&mut self) {
        let story = self.story;
        let found = self.start(story.states.last().unwrap());
        assert_eq!(found, Some(Some(story.newest())), "stuck");
    }
}

/// Everything that can change without an attack on the keys.
fn honest() -> Story {
    let mut story = Story::begin();
    story.renew_timestamp();
    story.release();
    story.rotate(&[(TopRole::Root, 11)]);
    story.rotate(&[(TopRole::Timestamp, 12)]);
    story.release();
    story.rotate(&[(TopRole::Snapshot, 13)]);
    story.rotate(&[(TopRole::Timestamp, 14), (TopRole::Snapshot, 15)]);
    story.release();
    story
}

fn attacked(rotated: &[(TopRole, u8)]) -> Story {
    let mut story = Story::begin();
    story.release();
    story.fast_forward();
    story.rotate(rotated);
    story.release();
    story
}

/// Cuts at every effect on the disk, in every way. To die before an effect is to die after the one before it. Cuts that leave
/// the same files to a user who was told the same are looked at once.
fn for_each_cut_of_the_disk(story: &Story, mut look: impl FnMut(Machine<'_>)) {
    let mut seen = BTreeSet::new();
    let mut machine = Machine::new(story);
    for state in &story.states {
        let before = machine.fork();
        machine.disk.plan(usize::MAX, Fault::DiesAfter);
        assert!(machine.start(state).is_some());
        let effects = machine.disk.effects();
        assert!(effects > 10, "only {effects} effects");
        for (at, (fault, unsynced)) in (0..effects).flat_map(|at| WAYS.iter().map(move |way| (at, *way))) {
            let mut cut = before.fork();
            cut.disk.plan(at, fault);
            cut.start(state);
            assert!(cut.disk.restart(), "effect {at} of {effects} did not happen");
            cut.disk.lose_power(unsynced);
            let left = sha256(&[&cut.disk.contents()[..], format!("{:?}", cut.told).as_bytes()].concat());
            if seen.insert(left) {
                look(cut);
            }
        }
    }
    assert!(seen.len() > 50, "only {} different cuts", seen.len());
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

/// Cuts at every answer of the network.
fn for_each_cut_of_the_network(story: &Story, mut look: impl FnMut(Machine<'_>)) {
    let mut machine = Machine::new(story);
    for state in &story.states {
        let before = machine.fork();
        assert!(machine.start(state).is_some());
        for at in 0..machine.network.asked().len() {
            for trick in [Trick::BreaksOff, Trick::Answers(b"<html>Please log in</html>"), Trick::Answers(b"")] {
                let mut cut = before.fork();
                cut.network.plan(at, trick);
                cut.start(state);
                assert!(cut.network.be_honest(), "answer {at} was not asked for");
                look(cut);
            }
        }
    }
}

#[test]
fn the_stories_are_told_to_the_end_where_nothing_breaks() {
    let stories =
        [honest(), attacked(&[(TopRole::Timestamp, 12)]), attacked(&[(TopRole::Timestamp, 12), (TopRole::Snapshot, 13)])];
    for story in &stories {
        let mut machine = Machine::new(story);
        machine.live();
        let told = machine.told.clone().unwrap();
        assert_eq!(told.root, *story.rotations.last_key_value().unwrap().0);
        machine.meet(&story.replays());
        machine.must_recover();
        assert!(told.timestamp < FAST.number());
    }
}

#[test]
fn a_cut_of_the_disk_anywhere_lets_nobody_go_back_or_be_stuck() {
    let story = honest();
    let replays = story.replays();
    for_each_cut_of_the_disk(&story, |mut machine| {
        machine.meet(&replays);
        machine.must_recover();
    });
}

#[test]
fn a_cut_of_the_network_anywhere_lets_nobody_go_back_or_be_stuck() {
    let story = honest();
    let replays = story.replays();
    for_each_cut_of_the_network(&story, |mut machine| {
        machine.meet(&replays);
        machine.must_recover();
    });
}

#[test]
fn after_a_fast_forward_every_client_recovers_wherever_it_is_cut() {
    let rotated: [&[(TopRole, u8)]; 2] = [&[(TopRole::Timestamp, 12)], &[(TopRole::Timestamp, 12), (TopRole::Snapshot, 13)]];
    for story in rotated.map(attacked) {
        let replays = story.replays();
        let look = |mut machine: Machine<'_>| {
            machine.meet(&replays);
            machine.must_recover();
        };
        for_each_cut_of_the_disk(&story, look);
        for_each_cut_of_the_network(&story, look);
    }
}

/// The attacker's timestamp still counts then, so this holds only while nobody replays it: who has to recover gives the
/// timestamp other keys.
#[test]
fn where_only_the_snapshot_was_given_other_keys_a_client_recovers_unless_the_attack_goes_on() {
    let story = attacked(&[(TopRole::Snapshot, 13)]);
    for_each_cut_of_the_disk(&story, |mut machine| machine.must_recover());
    for_each_cut_of_the_network(&story, |mut machine| machine.must_recover());
}

#[test]
fn without_other_keys_a_fast_forward_is_not_forgotten() {
    let story = attacked(&[(TopRole::Root, 11)]);
    let mut machine = Machine::new(&story);
    machine.live();
    assert!(machine.told.as_ref().unwrap().timestamp > FAST.number());
    assert_eq!(machine.start(story.states.last().unwrap()), None);
}
