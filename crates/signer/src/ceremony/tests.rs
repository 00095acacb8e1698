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

// Later ceremonies

struct Index {
    made: Initial,
    online: KeyPair,
}

impl Index {
    fn new(bins: Bins) -> Self {
        Self { made: initial(&settings(3, bins)).unwrap(), online: KeyPair::from_seed([9; 32]).unwrap() }
    }

    fn published(&self) -> Published {
        let [root, targets, bins] = self.made.files.as_slice() else { panic!("three files") };
        Published { root: root.bytes.clone(), targets: targets.bytes.clone(), bins: bins.bytes.clone() }
    }

    fn key(&self, name: &str) -> &KeyPair {
        &self.made.keys.iter().find(|key| key.name == name).unwrap().pair
    }

    fn draft(&self, plan: &Plan) -> Result<Ceremony, RotationError> {
        Ceremony::draft(self.published(), plan)
    }
}

fn plan(renew: &[OfflineRole], replace: &[(&str, u8)]) -> Plan {
    let key = |seed| {
        let pair = KeyPair::from_seed([seed; 32]).unwrap();
        (pair.key_id().clone(), pair.key().clone())
    };
    let what = |name: &str| if name == "online" { Replaced::Online } else { Replaced::Seat(name.parse().unwrap()) };
    Plan {
        renew: renew.iter().copied().collect(),
        replace: replace.iter().map(|(name, seed)| (what(name), key(*seed))).collect(),
        valid_days: 365,
        now: "2027-10-01T00:00:00Z".parse().unwrap(),
    }
}

#[test]
fn what_is_renewed_says_the_same_for_longer() {
    let index = Index::new(Bins::Succinct);
    let mut ceremony = index.draft(&plan(&OfflineRole::ALL, &[])).unwrap();
    for name in ["root-1", "root-3", "targets-1", "targets-2", "bins-1", "bins-2"] {
        ceremony.sign(index.key(name)).unwrap();
    }
    let (files, steps) = ceremony.finish().unwrap();
    assert_eq!(
        files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(),
        ["2.root.json", "2.targets.json", "2.bins.json"]
    );
    let Step::Signed { by, threshold: 2, expires, .. } = &steps[0] else { panic!("{steps:?}") };
    assert_eq!((by.join(" "), expires.to_string()), ("root-1 root-3".to_owned(), "2028-09-30T00:00:00Z".to_owned()));
    let changes = ceremony.changes().unwrap();
    assert_eq!(changes[0], "root: version 2 follows 1; valid until 2028-09-30T00:00:00Z instead of 2027-11-21T12:00:00Z");
    assert_eq!(changes.len(), 3, "and nothing else: {changes:?}");
}

#[test]
fn each_key_that_gives_way_concerns_who_names_it_and_what_it_signs() {
    use OfflineRole::{Bins as B, Root as R, Targets as T};
    for bins in [Bins::Succinct, Bins::Classic] {
        let index = Index::new(bins);
        let cases: [(&str, &[OfflineRole]); 4] =
            [("root-2", &[R]), ("targets-1", &[R, T]), ("bins-2", &[T, B]), ("online", &[R, B])];
        for (key, roles) in cases {
            let ceremony = index.draft(&plan(&[], &[(key, 50)])).unwrap();
            assert_eq!(ceremony.roles(), roles, "{key}");
            let changes = ceremony.changes().unwrap().join("\n");
            assert!(changes.contains("gives way to") && !changes.contains("ALSO"), "{changes}");
            assert!(changes.contains(if key == "online" { "the online key of every bin" } else { key }), "{changes}");
        }
    }
}

#[test]
fn a_new_root_needs_enough_of_the_keys_before_and_of_the_keys_after() {
    let index = Index::new(Bins::Succinct);
    let new = [KeyPair::from_seed([51; 32]).unwrap(), KeyPair::from_seed([52; 32]).unwrap()];
    let replaced = plan(&[], &[("root-1", 51), ("root-2", 52)]);
    let signed = |old: &[&str], new: &[&KeyPair]| {
        let mut ceremony = index.draft(&replaced).unwrap();
        for name in old {
            ceremony.sign(index.key(name)).unwrap();
        }
        for pair in new {
            ceremony.sign(pair).unwrap();
        }
        ceremony.finish().is_ok()
    };
    assert!(signed(&["root-1", "root-2"], &[&new[0], &new[1]]));
    assert!(signed(&["root-1", "root-3"], &[&new[0]]), "root-3 counts for both");
    assert!(!signed(&["root-1", "root-2"], &[&new[0]]), "one of the new");
    assert!(!signed(&["root-3"], &[&new[0], &new[1]]), "one of the old");
    assert!(!signed(&["root-1", "root-2", "root-3"], &[]));
}

#[test]
fn targets_with_another_key_are_no_good_while_only_the_old_ones_sign() {
    let index = Index::new(Bins::Succinct);
    let mut ceremony = index.draft(&plan(&[], &[("targets-1", 51)])).unwrap();
    for name in ["root-1", "root-2", "targets-2"] {
        ceremony.sign(index.key(name)).unwrap();
    }
    assert!(matches!(ceremony.sign(index.key("targets-1")), Err(RotationError::NoVoice(_))), "it gave way");
    let Err(RotationError::Unsigned(demands)) = ceremony.finish() else { panic!("it is signed by one of two") };
    assert_eq!(demands.iter().map(|demand| demand.role).collect::<Vec<_>>(), [OfflineRole::Targets]);
    ceremony.sign(&KeyPair::from_seed([51; 32]).unwrap()).unwrap();
    ceremony.finish().unwrap();
}

#[test]
fn a_draft_is_the_same_behind_a_file_and_signatures_gather_in_any_order() {
    let index = Index::new(Bins::Classic);
    let mut file = index.draft(&plan(&[OfflineRole::Targets], &[("online", 53)])).unwrap().to_bytes();
    for name in ["bins-2", "targets-1", "root-3", "bins-1", "root-1", "targets-2", "root-1"] {
        let mut ceremony = Ceremony::parse(&file).unwrap();
        ceremony.sign(index.key(name)).unwrap();
        file = ceremony.to_bytes();
    }
    let ceremony = Ceremony::parse(&file).unwrap();
    assert_eq!(ceremony.finish().unwrap().0.len(), 3);
    let root = Draft::<Root>::reopen(&ceremony.finish().unwrap().0[0].bytes).unwrap();
    assert!(!root.body().keys().contains_key(index.online.key_id()), "no trace of the stolen key");
}

#[test]
fn whatever_is_changed_in_a_draft_is_told_or_refused() {
    let index = Index::new(Bins::Succinct);
    let file = index.draft(&plan(&OfflineRole::ALL, &[])).unwrap().to_bytes();
    let changed = |pointer: &str, value: serde_json::Value| {
        let mut document: serde_json::Value = serde_json::from_slice(&file).unwrap();
        *document.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
        Ceremony::parse(&serde_json::to_vec(&document).unwrap()).and_then(|ceremony| ceremony.changes())
    };
    let told = [
        ("/after/root/signed/roles/root/threshold", 1.into()),
        ("/after/root/signed/consistent_snapshot", false.into()),
        ("/after/targets/signed/delegations/roles/0/paths/0", "*".into()),
        ("/after/targets/signed/delegations/roles/0/terminating", true.into()),
        ("/after/targets/signed/targets", serde_json::json!({ "a": { "length": 1, "hashes": { "sha256": "ab" } } })),
        ("/after/bins/signed/delegations/succinct_roles/bit_length", 4.into()),
        ("/after/bins/signed/x-unknown\u{202e}", "hidden".into()),
    ];
    for (pointer, value) in told {
        let pointer = pointer.to_owned();
        let changes = if pointer.contains("x-unknown") {
            let mut document: serde_json::Value = serde_json::from_slice(&file).unwrap();
            document["after"]["bins"]["signed"]["x-unknown\u{202e}"] = value;
            Ceremony::parse(&serde_json::to_vec(&document).unwrap()).unwrap().changes().unwrap()
        } else {
            changed(&pointer, value).unwrap()
        };
        let text = changes.join("\n");
        assert!(text.contains("ALSO: /"), "{pointer}: {text}");
        assert!(text.is_ascii(), "{text}");
    }
    for (pointer, value) in [
        ("/after/root/signed/version", 3.into()),
        ("/after/bins/signed/version", 1.into()),
        ("/before/root/signed/version", 7.into()),
        ("/before/bins/signed/expires", "2099-01-01T00:00:00Z".into()),
        ("/affineur-ceremony", 2.into()),
        ("/after", serde_json::json!({})),
    ] {
        assert!(changed(pointer, value).is_err(), "{pointer}");
    }
}

#[test]
fn plans_that_cannot_be_are_refused() {
    let index = Index::new(Bins::Succinct);
    assert!(matches!(index.draft(&plan(&[], &[])), Err(RotationError::Nothing)));
    assert!(matches!(index.draft(&plan(&[], &[("targets-3", 50)])), Err(RotationError::NoSeat { found: 2, .. })));
    assert!(matches!(index.draft(&plan(&[], &[("root-1", 50), ("root-1", 51)])), Err(RotationError::Twice)));
    assert!(matches!(index.draft(&plan(&[], &[("root-1", 50), ("root-2", 50)])), Err(RotationError::Twice)));
    let never = Plan { valid_days: 0, ..plan(&OfflineRole::ALL, &[]) };
    assert!(matches!(index.draft(&never), Err(RotationError::Ceremony(CeremonyError::ValidDays { asked: 0 }))));
    let mut mixed = index.published();
    mixed.bins = Index::new(Bins::Succinct).published().bins;
    let refused = Ceremony::draft(mixed, &plan(&OfflineRole::ALL, &[]));
    assert!(matches!(refused, Err(RotationError::Published { role: OfflineRole::Bins, found: 0, .. })));
}

#[test]
fn seats_are_read_as_they_are_printed() {
    for good in ["root-1", "targets-12", "bins-2"] {
        assert_eq!(good.parse::<Seat>().unwrap().to_string(), good);
    }
    for bad in ["root", "root-0", "root-01", "snapshot-1", "online", "root-", "-1", "root-1-1", "root-+1"] {
        assert!(bad.parse::<Seat>().is_err(), "{bad}");
    }
}
