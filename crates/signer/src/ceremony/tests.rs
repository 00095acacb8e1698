use affineur_tuf::edit::Draft;
use affineur_tuf::key::{KeyPair, Signer as _};
use affineur_tuf::{Root, TargetPath, Targets, TopRole};

use super::*;

fn settings(bit_length: u8, bins: Bins) -> Settings {
    let online = KeyPair::from_seed([9; 32]).unwrap();
    let online = (online.key_id().clone(), online.key().clone());
    Settings { bit_length, bins, valid_days: 365, online, now: "2026-11-21T12:00:00Z".parse().unwrap() }
}

#[test]
fn the_offline_roles_are_signed_by_different_keys_and_the_online_key_has_the_rest() {
    let made = initial(&settings(14, Bins::Succinct)).unwrap();
    let names: Vec<_> = made.keys.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(names, ["root-1", "root-2", "root-3", "targets-1", "targets-2", "bins-1", "bins-2"]);
    let ids: std::collections::BTreeSet<_> = made.keys.iter().map(|key| key.pair.key_id().clone()).collect();
    assert_eq!(ids.len(), 7);
    let root = Draft::<Root>::reopen(&made.files[0].bytes).unwrap();
    let role = |role| root.body().role(role).unwrap();
    assert_eq!((role(TopRole::Root).keyids().len(), role(TopRole::Root).threshold().number()), (3, 2));
    assert_eq!((role(TopRole::Targets).keyids().len(), role(TopRole::Targets).threshold().number()), (2, 2));
    assert_eq!(role(TopRole::Timestamp).keyids(), role(TopRole::Snapshot).keyids());
    assert_eq!(root.body().expires().to_string(), "2027-11-21T12:00:00Z");
    assert_eq!(made.steps.len(), 10);
}

#[test]
fn classic_bins_divide_the_paths_as_succinct_ones_do() {
    let drafts = [Bins::Succinct, Bins::Classic].map(|bins| {
        let made = initial(&settings(6, bins)).unwrap();
        Draft::<Targets>::reopen(&made.files[2].bytes).unwrap()
    });
    let [succinct, classic] = drafts.each_ref().map(|draft| draft.body().delegations().unwrap());
    let bins = succinct.succinct().unwrap();
    for number in 0..200 {
        let path: TargetPath = format!("ab/cd/project/file-{number}").parse().unwrap();
        let covering = classic.roles().iter().filter(|role| role.covers(&path));
        let covering: Vec<_> = covering.map(|role| role.name().to_string()).collect();
        assert_eq!(covering, [bins.name_of(bins.bin_of(&path))]);
    }
}

#[test]
fn impossible_settings_are_refused() {
    for bits in [0, 17, 33] {
        assert!(matches!(initial(&settings(bits, Bins::Succinct)), Err(CeremonyError::BitLength { .. })));
    }
    let never = Settings { valid_days: 0, ..settings(4, Bins::Succinct) };
    assert!(matches!(initial(&never), Err(CeremonyError::ValidDays { .. })));
}
