//! Everything that can fail fails once, at every place: then the copy is opened again and looked at.

use std::path::Path;
use std::time::Duration;

use super::memory_disk::{Fault, MemoryDisk, Unsynced};
use super::{LIMIT, sealed_by};
use crate::local::{Kept, LocalCopy, LocalError, Seal, TopRole};

const FOLDER: &str = "/home-of/user/copy";
const FAULTS: [Fault; 4] = [Fault::FailsUndone, Fault::FailsDone, Fault::DiesBefore, Fault::DiesAfter];
const UNSYNCED: [Unsynced; 4] = [Unsynced::Lost, Unsynced::NamesAndHalves, Unsynced::NamesAndZeros, Unsynced::There];
const TOPS: [TopRole; 3] = [TopRole::Timestamp, TopRole::Snapshot, TopRole::Targets];
const DELEGATED: &str = "bins-00";

/// One thing that a driver does; versions only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Initialise,
    Root(u8),
    Top(TopRole, u8),
    Delegated(u8),
    Prune,
}

/// What a user's machine does over time: several refreshes, some of which change little.
const STEPS: [Step; 16] = [
    Step::Initialise,
    Step::Root(2),
    Step::Top(TopRole::Timestamp, 1),
    Step::Top(TopRole::Snapshot, 1),
    Step::Top(TopRole::Targets, 1),
    Step::Delegated(1),
    Step::Top(TopRole::Timestamp, 2),
    Step::Delegated(2),
    Step::Root(3),
    Step::Root(3),
    Step::Top(TopRole::Timestamp, RESEALED),
    Step::Top(TopRole::Snapshot, 2),
    Step::Top(TopRole::Timestamp, 4),
    Step::Prune,
    Step::Top(TopRole::Snapshot, 3),
    Step::Top(TopRole::Timestamp, 5),
];

/// The latest version of each role whose write was begun, and acknowledged.
#[derive(Debug, Default, Clone, Copy)]
struct Versions {
    begun: u8,
    acknowledged: u8,
}

#[derive(Debug, Default)]
struct Journal {
    root: Versions,
    tops: [Versions; 3],
    delegated: Versions,
}

impl Journal {
    fn versions(&mut self, step: Step) -> Option<(&mut Versions, u8)> {
        match step {
            Step::Initialise => Some((&mut self.root, 1)),
            Step::Root(version) => Some((&mut self.root, version)),
            Step::Top(role, version) => Some((&mut self.tops[role as usize], version)),
            Step::Delegated(version) => Some((&mut self.delegated, version)),
            Step::Prune => None,
        }
    }

    fn run(&mut self, disk: &MemoryDisk, step: Step) {
        if let Some((versions, version)) = self.versions(step) {
            versions.begun = versions.begun.max(version);
        }
        let done = act(disk, step);
        if let (Ok(()), Some((versions, version))) = (done, self.versions(step)) {
            versions.acknowledged = versions.acknowledged.max(version);
        }
    }
}

/// A version of the timestamp that has the bytes of the one before: they were verified by others.
const RESEALED: u8 = 3;

fn bytes(role: &str, version: u8) -> Vec<u8> {
    let version = if (role, version) == ("Timestamp", RESEALED) { version - 1 } else { version };
    format!("{role} {version} ").repeat(20).into_bytes()
}

fn sealed(role: &str, version: u8) -> (Vec<u8>, Seal) {
    let bytes = bytes(role, version);
    let seal = sealed_by(version, &bytes);
    (bytes, seal)
}

fn kept(role: &str, version: u8) -> Option<Kept> {
    let (bytes, seal) = sealed(role, version);
    Some(Kept { bytes: bytes.into(), seal: Some(seal) })
}

fn name(role: TopRole) -> String {
    format!("{role:?}")
}

fn open(disk: &MemoryDisk) -> Result<LocalCopy, LocalError> {
    disk.open(Path::new(FOLDER))
}

fn act(disk: &MemoryDisk, step: Step) -> Result<(), LocalError> {
    if step == Step::Initialise {
        return disk.initialise(Path::new(FOLDER), &bytes("root", 1)).map(drop);
    }
    let copy = open(disk)?;
    if let Step::Delegated(version) = step {
        let (bytes, seal) = sealed(DELEGATED, version);
        return copy.write_delegated(DELEGATED, &bytes, &seal);
    }
    let locked = copy.lock(Duration::ZERO)?;
    match step {
        Step::Initialise | Step::Delegated(_) => Ok(()),
        Step::Root(version) => locked.write_root(&bytes("root", version)),
        Step::Top(role, version) => {
            let (bytes, seal) = sealed(&name(role), version);
            locked.write_top(role, &bytes, &seal)
        }
        Step::Prune => locked.prune([]),
    }
}

/// The promises of the module, looked at by a new process.
fn inspect(disk: &MemoryDisk, journal: &Journal) {
    let copy = match open(disk) {
        Ok(copy) => copy,
        Err(LocalError::NotInitialised { .. }) if journal.root.acknowledged == 0 => return,
        Err(error) => panic!("{error}"),
    };
    let between = |versions: Versions| versions.acknowledged..=versions.begun;
    let root = copy.root(LIMIT).unwrap();
    assert!(between(journal.root).any(|version| root == bytes("root", version)), "a root between");
    for role in TOPS {
        let versions = journal.tops[role as usize];
        let expected = |version| if version == 0 { None } else { kept(&name(role), version) };
        let found = copy.top(role, LIMIT);
        assert!(between(versions).any(|version| found == expected(version)), "{role:?} between, with its seal: {found:?}");
    }
    let found = copy.delegated(DELEGATED, LIMIT);
    if found.as_ref().is_some_and(|found| found.seal.is_some()) {
        assert!((1..=journal.delegated.begun).any(|version| found == kept(DELEGATED, version)), "sealed, so whole: {found:?}");
    }
}

fn new_disk() -> MemoryDisk {
    MemoryDisk::new(Path::new("/home-of"))
}

/// Runs the story for each place where a fault can be.
fn for_each_cut(mut look: impl FnMut(&MemoryDisk, Journal, Fault)) {
    let counting = new_disk();
    counting.plan(usize::MAX, Fault::DiesBefore);
    STEPS.iter().for_each(|step| Journal::default().run(&counting, *step));
    let effects = counting.effects();
    assert!(effects > 100, "only {effects} effects");
    for fault in FAULTS {
        for at in 0..effects {
            let (disk, mut journal) = (new_disk(), Journal::default());
            disk.plan(at, fault);
            STEPS.iter().for_each(|step| journal.run(&disk, *step));
            assert!(disk.restart(), "fault {at} of {effects} did not happen");
            look(&disk, journal, fault);
        }
    }
}

#[test]
fn all_steps_work_where_nothing_fails() {
    let (disk, mut journal) = (new_disk(), Journal::default());
    STEPS.iter().for_each(|step| journal.run(&disk, *step));
    assert_eq!((journal.root.acknowledged, journal.delegated.acknowledged), (3, 2));
    assert_eq!(journal.tops.map(|top| top.acknowledged), [5, 3, 1]);
    inspect(&disk, &journal);
    assert_eq!(open(&disk).unwrap().delegated(DELEGATED, LIMIT), kept(DELEGATED, 2));
}

#[test]
fn a_fault_anywhere_breaks_no_promise() {
    for_each_cut(|disk, journal, _| inspect(disk, &journal));
}

#[test]
fn a_loss_of_power_anywhere_breaks_no_promise() {
    for unsynced in UNSYNCED {
        for_each_cut(|disk, journal, _| {
            disk.lose_power(unsynced);
            inspect(disk, &journal);
        });
    }
}

#[test]
fn after_a_crash_the_next_process_can_go_on_and_then_lose_power() {
    for unsynced in UNSYNCED {
        for_each_cut(|disk, mut journal, _| {
            for step in STEPS {
                // Only what was not acknowledged is tried again: versions never go back.
                let again = journal.versions(step).is_none_or(|(versions, version)| version > versions.acknowledged);
                if again && !(step == Step::Initialise && open(disk).is_ok()) {
                    journal.run(disk, step);
                }
            }
            disk.lose_power(unsynced);
            inspect(disk, &journal);
            assert_eq!((journal.root.acknowledged, journal.tops[0].acknowledged), (3, 5), "nothing blocks");
        });
    }
}

#[test]
fn two_losses_of_power_in_a_row_break_no_promise() {
    for second in (0..24).step_by(2) {
        for_each_cut(|disk, mut journal, _| {
            disk.lose_power(Unsynced::NamesAndHalves);
            let next = journal.tops[0].begun + 1;
            disk.plan(second, Fault::DiesAfter);
            journal.run(disk, Step::Initialise);
            journal.run(disk, Step::Top(TopRole::Timestamp, next));
            disk.restart();
            disk.lose_power(Unsynced::Lost);
            inspect(disk, &journal);
        });
    }
}

#[test]
fn a_removal_that_was_acknowledged_is_not_undone() {
    let story = [Step::Initialise, Step::Top(TopRole::Timestamp, 1)];
    let remove = |disk: &MemoryDisk| open(disk)?.lock(Duration::ZERO)?.remove_top(TopRole::Timestamp);
    let look = |at, fault, unsynced| {
        let disk = new_disk();
        story.iter().for_each(|step| act(&disk, *step).unwrap());
        disk.plan(at, fault);
        let removed = remove(&disk).is_ok();
        disk.restart();
        disk.lose_power(unsynced);
        let found = open(&disk).unwrap().top(TopRole::Timestamp, LIMIT);
        assert!(found.is_none() || (!removed && found == kept("Timestamp", 1)), "{at} {fault:?} {unsynced:?}: {found:?}");
    };
    for at in 0..12 {
        FAULTS.iter().for_each(|fault| UNSYNCED.iter().for_each(|unsynced| look(at, *fault, *unsynced)));
    }
}

#[test]
fn a_torn_delegated_role_is_written_again() {
    let disk = new_disk();
    for step in [Step::Initialise, Step::Delegated(1)] {
        act(&disk, step).unwrap();
    }
    for unsynced in [Unsynced::NamesAndZeros, Unsynced::Lost] {
        disk.lose_power(unsynced);
        let found = open(&disk).unwrap().delegated(DELEGATED, LIMIT);
        assert!(found.is_none_or(|found| found.seal.is_none()));
        act(&disk, Step::Delegated(1)).unwrap();
        assert_eq!(open(&disk).unwrap().delegated(DELEGATED, LIMIT), kept(DELEGATED, 1));
    }
}

#[test]
fn the_disk_in_memory_does_lose_things() {
    let disk = new_disk();
    act(&disk, Step::Initialise).unwrap();
    act(&disk, Step::Delegated(1)).unwrap();
    disk.lose_power(Unsynced::Lost);
    assert_eq!(open(&disk).unwrap().delegated(DELEGATED, LIMIT), None);
}
