//! Who must sign, in rounds; what nobody signs; keys that are stolen and given back.

use affineur_tuf::edit::Draft;
use affineur_tuf::{Role as _, TargetFile, Targets};

use super::*;

/// The committee of `voted`: keys 31, 32 and 33, two of whom must sign.
fn committee() -> MemoryDisk {
    let disk = MemoryDisk::default();
    let mut initial = usual();
    initial.keys.insert(CuratorRole::Voted, of(&[31, 32, 33], 2));
    let mut curator = initial.create_on(files(&disk), now()).unwrap();
    curator.add_person(Kind::Voter, "anna", &[named(11)], now()).unwrap();
    sign_all(&mut curator, &[1, 2, 3, 4, 31]);
    let unsigned = curator.publish(now());
    assert!(matches!(unsigned, Err(CuratorError::Unpublished(CuratorRole::Voted))), "{unsigned:?}");
    assert!(Served::read(&files(&disk)).unwrap().files.is_empty(), "nothing is served before enough signed");
    sign_all(&mut curator, &[33]);
    curator.publish(now()).unwrap();
    disk
}

#[test]
fn a_committee_signs_in_rounds_and_the_rest_does_not_wait_for_it() {
    let disk = committee();
    let mut curator = opened(&disk);
    let cast = ballot(&curator, 11, Vote::For, 1);
    assert!(curator.tally(&[cast], now()).unwrap()[0].is_ok());
    curator.trust_author(&project("requests"), &requests(), days(9), now()).unwrap();
    sign_all(&mut curator, &[3, 32]);
    let published = curator.publish(now()).unwrap();
    assert_eq!(published.roles, [(CuratorRole::TrustedAuthor, 2)]);
    let [Waiting { role: CuratorRole::Voted, demands }] = published.waiting.as_slice() else { panic!("{published:?}") };
    let names = |voices: Vec<&Voice>| voices.into_iter().map(|voice| voice.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(demands[0].signed().collect()), ["key-32"]);
    assert_eq!(names(demands[0].missing().collect()), ["key-31", "key-33"]);

    // On the machine of the next one, whose folder is a copy.
    let mut next = opened(&disk);
    assert!(matches!(next.sign(&pair(32)), Err(CuratorError::NothingToSign { .. })), "twice counts once");
    assert!(matches!(next.sign(&pair(3)), Err(CuratorError::NothingToSign { .. })));
    assert_eq!(next.sign(&pair(31)).unwrap(), [CuratorRole::Voted]);
    assert_eq!(next.publish(now()).unwrap().roles, [(CuratorRole::Voted, 2)]);
}

#[test]
fn a_change_after_a_signature_has_to_be_signed_anew() {
    let disk = committee();
    let mut curator = opened(&disk);
    let cast = [ballot(&curator, 11, Vote::For, 1), ballot(&curator, 11, Vote::Against, 2)];
    curator.tally(&cast[..1], now()).unwrap();
    sign_all(&mut curator, &[31]);
    curator.tally(&cast[1..], now()).unwrap();
    sign_all(&mut curator, &[32]);
    let published = curator.publish(now()).unwrap();
    assert!(published.roles.is_empty() && published.waiting.len() == 1, "{published:?}");
}

/// A draft of `voted` with this at a path.
fn smuggled(curator: &Curator, path: &str, target: TargetFile) -> Vec<u8> {
    let mut draft: Draft<Targets> = curator.next(CuratorRole::Voted).unwrap();
    draft.add_target(&path.parse().unwrap(), target);
    draft.sign([&pair(3) as &dyn affineur_tuf::key::Signer]).unwrap().into_bytes()
}

#[test]
fn whoever_has_the_key_of_a_role_cannot_have_inventions_published() {
    let disk = published();
    let mut curator = opened(&disk);
    let brie = brie();
    let of_brie = || edit::described(42, &brie.sha256.unwrap().to_string());
    let by = |curator: &Curator, seed| -> serde_json::Value {
        serde_json::from_slice(&ballot(curator, seed, Vote::For, 1)).unwrap()
    };
    let (real, invented) = (by(&curator, 11), by(&curator, 66));
    let statements = |list: &[&serde_json::Value]| of_brie().with_custom(serde_json::json!({ "statements": list }));
    let path = "voted/brie/brie-1.0.tar.gz";
    for (path, target, problem) in [
        (path, statements(&[&real, &invented]), "no listed voter"),
        ("voted/brie/brie-2.0.tar.gz", statements(&[&real]), "something else"),
        (
            path,
            edit::described(43, &brie.sha256.unwrap().to_string()).with_custom(serde_json::json!({"statements": [real]})),
            "something else",
        ),
        ("audited/brie/brie-1.0.tar.gz", statements(&[]), "no place of voted"),
        ("voted/Brie/brie-1.0.tar.gz", statements(&[]), "no place of voted"),
        ("objections/brie", statements(&[]), "no place of voted"),
        (path, of_brie(), "says nothing"),
    ] {
        let forged = smuggled(&curator, path, target);
        curator.drafts.insert(CuratorRole::Voted, forged);
        let refused = curator.publish(now());
        let Err(CuratorError::Unsound { role: CuratorRole::Voted, problem: found }) = refused else { panic!("{refused:?}") };
        assert!(found.contains(problem), "{found}, expected {problem}");
        let signing = curator.sign(&pair(3));
        assert!(signing.is_err(), "and nobody signs it");
        curator.drafts.remove(&CuratorRole::Voted);
    }
    assert!(!curator.due(now()).contains(&CuratorRole::Voted));
}

#[test]
fn a_stolen_key_is_of_no_use_once_it_gave_way() {
    let disk = published();
    let mut curator = opened(&disk);
    let cast = ballot(&curator, 11, Vote::For, 1);
    curator.tally(&[cast], now()).unwrap();
    publish(&mut curator);
    curator.change_keys(CuratorRole::Voted, &[named(3).0], &[("fresh".to_owned(), named(21))], None, now()).unwrap();
    assert!(curator.changes(CuratorRole::Targets).unwrap().join("\n").contains("ALSO"));
    sign_all(&mut curator, &[2]);
    let waits = curator.publish(now()).unwrap();
    assert!(waits.roles.is_empty(), "targets waits until voted is signed by the key that it names: {waits:?}");
    sign_all(&mut curator, &[3, 21]);
    let roles = curator.publish(now()).unwrap().roles;
    assert_eq!(roles, [(CuratorRole::Targets, 2), (CuratorRole::Voted, 3)]);
    // What the thief signs is not taken, and what was said is said still.
    let draft = curator.next(CuratorRole::Voted).unwrap();
    curator.drafts.insert(CuratorRole::Voted, draft.sign([&pair(3) as &dyn affineur_tuf::key::Signer]).unwrap().into_bytes());
    assert!(curator.publish(now()).unwrap().roles.is_empty());
    let view = seen(&disk, now()).unwrap();
    assert_eq!(view.snapshot().role("voted").unwrap().version().number(), 3);
    assert_eq!(curator.status(now()).unwrap().ballots, 1);
}

#[test]
fn a_role_that_becomes_a_committee_waits_for_all_who_must_sign_then() {
    let disk = published();
    let mut curator = opened(&disk);
    curator.change_keys(CuratorRole::Voted, &[], &[("ben".to_owned(), named(21))], Some(2), now()).unwrap();
    sign_all(&mut curator, &[2, 3]);
    let waits = curator.publish(now()).unwrap();
    assert!(waits.roles.is_empty() && waits.waiting.len() == 2, "one signature was enough before: {waits:?}");
    sign_all(&mut curator, &[21]);
    assert_eq!(curator.publish(now()).unwrap().roles, [(CuratorRole::Targets, 2), (CuratorRole::Voted, 2)]);

    // Whose draft was dropped is drafted anew.
    curator.change_keys(CuratorRole::Voted, &[named(21).0], &[("dora".to_owned(), named(22))], None, now()).unwrap();
    curator.discard(CuratorRole::Voted).unwrap();
    sign_all(&mut curator, &[2]);
    assert!(curator.publish(now()).unwrap().roles.is_empty());
    assert_eq!(curator.due(now()), [CuratorRole::Voted]);
    curator.renew(CuratorRole::Voted, now()).unwrap();
    sign_all(&mut curator, &[3, 22]);
    assert_eq!(curator.publish(now()).unwrap().roles.len(), 2);
}

#[test]
fn a_new_root_is_signed_by_the_keys_before_and_after() {
    let disk = published();
    let mut curator = opened(&disk);
    curator.change_keys(CuratorRole::Root, &[named(1).0], &[("new".to_owned(), named(21))], None, now()).unwrap();
    for (keys, number) in [(&[21][..], 0), (&[1], 1)] {
        sign_all(&mut curator, keys);
        assert_eq!(curator.publish(now()).unwrap().roles.len(), number, "{keys:?}");
    }
    assert_eq!(seen(&disk, now()).unwrap().root().version().number(), 2);
    assert!(matches!(curator.sign(&pair(1)), Err(CuratorError::NothingToSign { .. })));
}

#[test]
fn the_renewal_key_alone_keeps_a_curator_current_and_changes_nothing() {
    let disk = published();
    let mut curator = opened(&disk);
    curator.trust_author(&project("requests"), &requests(), days(100), now()).unwrap();
    let before = seen(&disk, now()).unwrap();
    for day in [6, 12, 24, 29] {
        let renewed = curator.publish(days(day)).unwrap();
        assert!(renewed.roles.is_empty() && renewed.until == days(day + 7));
        let view = seen(&disk, days(day)).unwrap();
        let listed = |view: &View| view.snapshot().roles().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(listed(&view), listed(&before));
    }
    assert_eq!(seen(&disk, days(29)).unwrap().snapshot().version().number(), 2, "it is renewed when a quarter is left");
    let old = curator.files.renewal_keys().unwrap()[0].key_id().clone();
    curator.replace_renewal_key(days(29)).unwrap();
    assert_eq!(curator.files.renewal_keys().unwrap().len(), 2);
    sign_all(&mut curator, &[1]);
    curator.publish(days(29)).unwrap();
    let keys = curator.files.renewal_keys().unwrap();
    assert!(keys.len() == 1 && *keys[0].key_id() != old);
    seen(&disk, days(30)).unwrap();
}

#[test]
fn what_waits_never_keeps_the_job_from_renewing() {
    let disk = published();
    for draft in [&b"{}"[..], b"", opened(&disk).newest(CuratorRole::Targets).unwrap().to_vec().as_slice()] {
        files(&disk).write_draft(CuratorRole::Voted, draft).unwrap();
        let mut curator = opened(&disk);
        assert!(curator.publish(now()).is_err());
        assert!(curator.renew_online(now()).unwrap().roles.is_empty());
        assert_eq!(curator.drafted().count(), 1);
    }
    assert_eq!(seen(&disk, now()).unwrap().timestamp().version().number(), 4);
    let nothing = usual().create_on(files(&MemoryDisk::default()), now()).unwrap().renew_online(now());
    assert!(matches!(nothing, Err(CuratorError::Unpublished(CuratorRole::Root))), "{nothing:?}");
}

#[test]
fn what_is_due_is_renewed_and_says_the_same() {
    let disk = published();
    let mut curator = opened(&disk);
    assert!(curator.due(now()).is_empty());
    let later = days(150);
    assert_eq!(curator.due(later), CuratorRole::STATEMENTS);
    for role in curator.due(later) {
        curator.renew(role, later).unwrap();
        assert_eq!(curator.changes(role).unwrap().len(), 1);
    }
    sign_all(&mut curator, &[3, 4]);
    assert_eq!(curator.publish(later).unwrap().roles.len(), 4);
    assert!(curator.due(later).is_empty());
    assert!(curator.status(later).unwrap().roles.iter().all(|role| !role.is_due));
    assert_eq!(
        curator.due(days(300)),
        [
            CuratorRole::Root,
            CuratorRole::Targets,
            CuratorRole::TrustedAuthor,
            CuratorRole::Voted,
            CuratorRole::Audited,
            CuratorRole::Objections
        ]
    );
}

#[test]
fn impossible_curators_are_not_made() {
    let with = |role, keys| {
        let mut initial = usual();
        initial.keys.insert(role, keys);
        initial.create_on(files(&MemoryDisk::default()), now()).map(drop)
    };
    assert!(matches!(with(CuratorRole::Voted, of(&[], 1)), Err(CuratorError::Threshold { keys: 0, .. })));
    assert!(matches!(with(CuratorRole::Root, of(&[1, 5], 3)), Err(CuratorError::Threshold { threshold: 3, .. })));
    assert!(matches!(with(CuratorRole::Root, of(&[1], 0)), Err(CuratorError::Threshold { threshold: 0, .. })));
    for role in [CuratorRole::TrustedAuthor, CuratorRole::Voted, CuratorRole::Audited] {
        assert!(matches!(with(role, of(&[3, 4], 1)), Err(CuratorError::SharedKey { .. })), "{role}");
    }
    let disk = published();
    let again = usual().create_on(files(&disk), now()).map(drop);
    assert!(matches!(again, Err(CuratorError::Exists { .. })));
    let mut curator = opened(&disk);
    let shared = curator.change_keys(CuratorRole::Objections, &[], &[("mine".to_owned(), named(3))], None, now());
    assert!(matches!(shared, Err(CuratorError::SharedKey { .. })), "{shared:?}");
    let gone = curator.change_keys(CuratorRole::Voted, &[named(3).0], &[], None, now());
    assert!(matches!(gone, Err(CuratorError::Threshold { keys: 0, .. })), "{gone:?}");
}

#[test]
fn a_draft_of_a_version_that_was_published_meanwhile_is_said_to_be_stale() {
    let disk = published();
    let other = disk.copied();
    let mut one = opened(&disk);
    one.trust_author(&project("requests"), &requests(), days(100), now()).unwrap();
    let stale = one.drafts[&CuratorRole::TrustedAuthor].clone();
    publish(&mut one);
    let mut two = opened(&other);
    two.trust_author(&project("brie"), &requests(), days(100), now()).unwrap();
    publish(&mut two);
    files(&other).write_draft(CuratorRole::TrustedAuthor, &stale).unwrap();
    let mut two = opened(&other);
    assert!(matches!(two.publish(now()), Err(CuratorError::Stale { found: 2, expected: 3, .. })));
    assert!(matches!(two.sign(&pair(3)), Err(CuratorError::Stale { .. } | CuratorError::NothingToSign { .. })));
    two.discard(CuratorRole::TrustedAuthor).unwrap();
    two.publish(now()).unwrap();
}
