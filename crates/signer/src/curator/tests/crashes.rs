//! A fault at each effect on the disk, and a loss of power after it: what is served verifies, and the rest is done at the next start.

use super::*;
use crate::disk::memory::{Fault, Unsynced};

/// Publishes with a fault at each effect in turn. Before and after, whoever has the first root sees a repository; afterwards it goes on.
fn survives(prepare: impl Fn() -> MemoryDisk, keys: &[u8]) {
    let prepared = prepare();
    let was_served = seen(&prepared, now()).is_ok();
    let mut curator = opened(&prepared);
    for seed in keys {
        curator.sign(&pair(*seed)).unwrap();
    }
    drop(curator);
    for fault in [Fault::FailsUndone, Fault::FailsDone, Fault::DiesBefore, Fault::DiesAfter] {
        let dies = matches!(fault, Fault::DiesBefore | Fault::DiesAfter);
        let unsynced: &[Unsynced] =
            if dies { &[Unsynced::Lost, Unsynced::NamesAndHalves, Unsynced::There] } else { &[Unsynced::Lost] };
        for unsynced in unsynced {
            let mut at = 0;
            loop {
                let disk = prepared.copied();
                let mut curator = opened(&disk);
                disk.plan(at, fault);
                let outcome = curator.publish(now());
                drop(curator);
                let happened = disk.lose_power(*unsynced);
                let view = seen(&disk, now());
                assert!(view.is_ok() || !was_served, "{fault:?} at {at}, {unsynced:?}: {view:?}");
                let mut again = opened(&disk);
                again.publish(now()).unwrap();
                assert_eq!(again.drafted().count(), 0);
                seen(&disk, now()).unwrap();
                if !happened {
                    assert!(outcome.is_ok());
                    break;
                }
                at += 1;
            }
            assert!(at > 5, "there are effects: {at}");
        }
    }
}

#[test]
fn a_crash_anywhere_in_the_first_publication_leaves_nothing_or_a_repository() {
    survives(
        || {
            let disk = MemoryDisk::default();
            usual().create_on(files(&disk), now()).unwrap();
            disk
        },
        &[1, 2, 3, 4],
    );
}

#[test]
fn a_crash_anywhere_in_a_publication_leaves_a_repository_that_verifies() {
    survives(
        || {
            let disk = published();
            let mut curator = opened(&disk);
            curator.trust_author(&project("requests"), &requests(), days(100), now()).unwrap();
            curator.object(Some(&project("brie")), objection(Objected::Project), now()).unwrap();
            curator.add_person(Kind::Voter, "dora", &[named(14)], now()).unwrap();
            disk
        },
        &[2, 3, 4],
    );
}

// Root is seen at once: either what was served verifies with it, or what follows verifies without it.

#[test]
fn a_crash_anywhere_while_the_renewal_key_changes_leaves_a_repository_that_verifies() {
    let prepare = || {
        let disk = published();
        opened(&disk).replace_renewal_key(now()).unwrap();
        disk
    };
    survives(prepare, &[1]);
}

/// The keys of a role give way to key 21.
fn with_other_keys(role: CuratorRole, old: u8) -> MemoryDisk {
    let disk = published();
    opened(&disk).change_keys(role, &[named(old).0], &[("new".to_owned(), named(21))], None, now()).unwrap();
    disk
}

#[test]
fn a_crash_anywhere_while_the_keys_of_root_change_leaves_a_repository_that_verifies() {
    survives(|| with_other_keys(CuratorRole::Root, 1), &[1, 21]);
}

#[test]
fn a_crash_anywhere_while_the_keys_of_voted_change_leaves_a_repository_that_verifies() {
    survives(|| with_other_keys(CuratorRole::Voted, 3), &[2, 21]);
}

#[test]
fn a_crash_anywhere_while_the_keys_of_targets_change_leaves_a_repository_that_verifies() {
    // Those who go sign once more.
    survives(|| with_other_keys(CuratorRole::Targets, 2), &[1, 2, 21]);
}
