//! A fault at each effect on the disk, and a loss of power after it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::*;
use crate::disk::memory::{Fault, MemoryDisk, Unsynced};

const FAULTS: [Fault; 4] = [Fault::FailsUndone, Fault::FailsDone, Fault::DiesBefore, Fault::DiesAfter];
const ENDS: [Unsynced; 3] = [Unsynced::Lost, Unsynced::NamesAndHalves, Unsynced::There];

/// What is found afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    Nothing,
    Old,
    New,
}

/// Lets each effect of an action go wrong in each way; what was found afterwards, with whether the action said that it was done.
fn everywhere(
    prepare: impl Fn(&KeyFolder),
    act: impl Fn(&KeyFolder) -> Result<(), KeysError>,
    (old, new): (&Document, &Document),
) -> BTreeSet<(bool, Found)> {
    let mut seen = BTreeSet::new();
    for (fault, unsynced) in FAULTS.into_iter().flat_map(|fault| ENDS.map(|end| (fault, end))) {
        for at in 0.. {
            let disk = MemoryDisk::default();
            let keys = KeyFolder::on(Box::new(disk.clone()), PathBuf::from("keys"));
            prepare(&keys);
            disk.plan(at, fault);
            let said_done = act(&keys).is_ok();
            let happened = disk.lose_power(unsynced);
            let found = match keys.load(&name("laptop")) {
                Err(KeysError::Missing { .. }) => Found::Nothing,
                Ok(found) if found.document == *old => Found::Old,
                Ok(found) if found.document == *new => Found::New,
                other => panic!("{fault:?} at {at}, {unsynced:?}: {other:?}"),
            };
            seen.insert((said_done, found));
            if !happened {
                break;
            }
        }
    }
    seen
}

#[test]
fn a_kill_or_a_loss_of_power_anywhere_leaves_the_old_key_or_the_new_one() {
    let (old, new) = (document(1, 1, "correct horse"), document(1, 1, "battery staple"));
    let stored = |document: &Document| StoredKey {
        name: name("laptop"),
        path: PathBuf::from("keys/laptop.key"),
        document: document.clone(),
    };
    let prepare = |keys: &KeyFolder| drop(keys.add(&name("laptop"), old.clone()).unwrap());
    let seen = everywhere(prepare, |keys| keys.replace(&stored(&old), &stored(&new)), (&old, &new));
    assert_eq!(seen, BTreeSet::from([(false, Found::Old), (false, Found::New), (true, Found::New)]));
}

#[test]
fn a_kill_or_a_loss_of_power_anywhere_leaves_no_new_key_or_a_whole_one() {
    let new = document(1, 1, "correct horse");
    let seen = everywhere(|_| {}, |keys| keys.add(&name("laptop"), new.clone()).map(drop), (&new, &new));
    assert_eq!(seen, BTreeSet::from([(false, Found::Nothing), (false, Found::Old), (true, Found::Old)]));
}
