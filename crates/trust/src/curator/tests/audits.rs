//! Audits.

use affineur_packaging::Sha256;
use jiff::Timestamp;
use serde_json::Value;

use super::*;

fn audited(people: &People, criteria: Criteria, shelves: &[(FileFact, Vec<Value>)]) -> Said {
    let brie = brie();
    let mut search = AuditSearch::new(people, &brie, criteria, now()).unwrap();
    loop {
        match search.advance() {
            AuditProgress::Ended(said) => return said,
            AuditProgress::Needs(name) => {
                let there = shelves.iter().find(|(file, _)| file.name == name);
                let found = there.map(|(file, audits)| found(Shelf::Audited(&name), statements(file, audits)));
                if let Some(said) = search.accept(found.as_ref()).unwrap() {
                    return said;
                }
            }
        }
    }
}

fn audit(file: &FileFact, from: Option<&FileFact>) -> Audit {
    let from = from.map(|file| Base { file: file.name.to_string(), sha256: file.sha256.unwrap().to_string() });
    Audit::new(file, Criteria::SafeToDeploy, from, "read it".to_owned(), (days(-1), days(200))).unwrap()
}

#[test]
fn a_whole_audit_vouches_with_its_auditor_as_origin() {
    let people = people(1, &[], &[1, 2]);
    let said = vouched(audited(&people, Criteria::SafeToDeploy, &[(brie(), vec![signed_by(1, &audit(&brie(), None))])]));
    let said = said.unwrap();
    assert_eq!((said.worth().to_string(), said.until()), ("audited".to_owned(), Some(days(200))));
    assert_eq!(said.origins().iter().collect::<Vec<_>>(), [&origin(1)]);
}

#[test]
fn differences_lead_to_a_whole_audit_and_everybody_on_the_way_is_an_origin() {
    let people = people(1, &[], &[1, 2, 3]);
    let (older, oldest) = (file("brie-0.9.tar.gz", 2), file("brie-0.8.tar.gz", 3));
    let mut short = audit(&older, Some(&oldest));
    short.expires = days(10);
    let shelves = [
        (brie(), vec![signed_by(1, &audit(&brie(), Some(&older)))]),
        (older.clone(), vec![signed_by(2, &short)]),
        (oldest.clone(), vec![signed_by(3, &audit(&oldest, None))]),
    ];
    let said = vouched(audited(&people, Criteria::SafeToDeploy, &shelves)).unwrap();
    assert_eq!(said.until(), Some(days(10)), "as long as all of it holds");
    assert_eq!(said.origins().iter().count(), 3);
    for missing in 0..3 {
        let mut shelves = shelves.to_vec();
        shelves.remove(missing);
        assert_eq!(audited(&people, Criteria::SafeToDeploy, &shelves), Said::Silent, "without {missing}");
    }
    // What was audited then were other bytes under that name.
    let mut other = shelves.to_vec();
    other[1].0.sha256 = Some(Sha256::from_bytes([77; 32]));
    assert_eq!(audited(&people, Criteria::SafeToDeploy, &other), Said::Silent);
}

/// By whom, and until when, in each alternative.
fn alternatives(said: Said) -> Vec<(Vec<Origin>, Option<Timestamp>)> {
    let Said::Vouches(vouches) = said else { return Vec::new() };
    vouches.iter().map(|vouched| (vouched.origins().iter().cloned().collect(), vouched.until())).collect()
}

#[test]
fn each_way_to_a_whole_audit_is_an_alternative_and_a_further_audit_takes_none_away() {
    let people = people(1, &[], &[1, 2, 3]);
    let older = file("brie-0.9.tar.gz", 2);
    let whole = |seed| signed_by(seed, &audit(&brie(), None));
    let steps = signed_by(2, &audit(&brie(), Some(&older)));
    let mut long = audit(&older, None);
    long.expires = days(300);
    let before = (older.clone(), vec![signed_by(3, &long), signed_by(2, &audit(&older, None))]);
    let said = |own: &[Value]| alternatives(audited(&people, Criteria::SafeToRun, &[(brie(), own.to_vec()), before.clone()]));
    let sorted = |seeds: &[u8]| {
        let mut origins: Vec<_> = seeds.iter().map(|seed| origin(*seed)).collect();
        origins.sort();
        (origins, Some(days(200)))
    };
    assert_eq!(said(&[whole(1)]), [sorted(&[1])]);
    assert_eq!(said(std::slice::from_ref(&steps)), [sorted(&[2])], "who needs the third auditor too adds nothing");
    let mut all = said(&[steps, whole(1), whole(3), whole(1)]);
    all.sort();
    let mut expected = vec![sorted(&[1]), sorted(&[2]), sorted(&[3])];
    expected.sort();
    assert_eq!(all, expected);
}

#[test]
fn a_shelf_on_the_way_that_cannot_be_read_leads_nowhere_and_the_files_own_is_a_fault() {
    let people = people(1, &[], &[1]);
    let older = file("brie-0.9.tar.gz", 2);
    let brie = brie();
    let mut search = AuditSearch::new(&people, &brie, Criteria::SafeToRun, now()).unwrap();
    let both = [signed_by(1, &audit(&brie, None)), signed_by(1, &audit(&brie, Some(&older)))];
    search.accept(Some(&found(Shelf::Audited(&brie.name), statements(&brie, &both)))).unwrap();
    assert_eq!(search.advance(), AuditProgress::Needs(older.name.clone()));
    let unreadable = |file: &FileFact| found(Shelf::Audited(&file.name), described(file).with_custom(json!({"statements": 1})));
    assert_eq!(search.accept(Some(&unreadable(&older))), Ok(None));
    assert!(matches!(search.advance(), AuditProgress::Ended(Said::Vouches(_))));
    let mut search = AuditSearch::new(&people, &brie, Criteria::SafeToRun, now()).unwrap();
    assert_eq!(search.accept(Some(&unreadable(&brie))), Err(CuratorFault::Form { shelf: "audits" }));
}

#[test]
fn audits_in_a_circle_and_without_end_lead_nowhere() {
    let people = people(1, &[], &[1]);
    let older = file("brie-0.9.tar.gz", 2);
    let circle = [
        (brie(), vec![signed_by(1, &audit(&brie(), Some(&older)))]),
        (older.clone(), vec![signed_by(1, &audit(&older, Some(&brie())))]),
    ];
    assert_eq!(audited(&people, Criteria::SafeToDeploy, &circle), Said::Silent);
    let many: Vec<FileFact> = (0..=crate::limits::AUDIT_STEPS + 5)
        .map(|number| if number == 0 { brie() } else { file(&format!("brie-0.{number}.tar.gz"), 3) })
        .collect();
    let step = |pair: &[FileFact]| (pair[0].clone(), vec![signed_by(1, &audit(&pair[0], Some(&pair[1])))]);
    let mut endless: Vec<_> = many.windows(2).map(step).collect();
    let last = many.last().unwrap();
    endless.push((last.clone(), vec![signed_by(1, &audit(last, None))]));
    assert_eq!(audited(&people, Criteria::SafeToDeploy, &endless), Said::Silent);
    assert!(vouched(audited(&people, Criteria::SafeToDeploy, &endless[endless.len() - 1..])).is_none());
}

#[test]
fn an_audit_counts_for_what_it_was_made_for() {
    let people = people(1, &[&[5]], &[1]);
    let good = audit(&brie(), None);
    let said = |seed, audit: &Audit, criteria| audited(&people, criteria, &[(brie(), vec![signed_by(seed, audit)])]);
    assert!(vouched(said(1, &good, Criteria::SafeToRun)).is_some(), "deploying includes running");
    let mut to_run = good.clone();
    to_run.criteria = Criteria::SafeToRun;
    assert!(vouched(said(1, &to_run, Criteria::SafeToRun)).is_some());
    assert_eq!(said(1, &to_run, Criteria::SafeToDeploy), Said::Silent);
    assert_eq!(said(5, &good, Criteria::SafeToRun), Said::Silent, "a voter is no auditor");
    let changes: [Change<Audit>; 5] = [
        ("another project", |audit| audit.project = "feta".to_owned()),
        ("another file", |audit| audit.file = "brie-2.0.tar.gz".to_owned()),
        ("other bytes", |audit| audit.sha256 = Sha256::from_bytes([2; 32]).to_string()),
        ("expired", |audit| audit.expires = now()),
        ("not yet issued", |audit| audit.issued = days(1)),
    ];
    for (what, change) in changes {
        let mut audit = good.clone();
        change(&mut audit);
        assert_eq!(said(1, &audit, Criteria::SafeToRun), Said::Silent, "{what}");
    }
    let other = FileFact { sha256: Some(Sha256::from_bytes([9; 32])), ..brie() };
    let contradicts = audited(&people, Criteria::SafeToRun, &[(other.clone(), vec![signed_by(1, &audit(&other, None))])]);
    assert_eq!(contradicts, Said::Contradicts { sha256: other.sha256 });
}

#[test]
fn a_ballot_is_no_audit_and_an_audit_no_ballot() {
    let people = people(1, &[&[1]], &[2]);
    assert_eq!(counted(&people, &[signed_by(1, &audit(&brie(), None))], &mut Seen::new()), Said::Silent);
    let as_audit = signed_by(2, &ballot(&people, Vote::For, 1));
    assert_eq!(audited(&people, Criteria::SafeToRun, &[(brie(), vec![as_audit])]), Said::Silent);
}
