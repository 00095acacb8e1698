use std::collections::BTreeSet;

use affineur_trust::curator::Base;

use super::*;

/// An audit of one file as different from another.
fn from(seed: u8, file: &FileFact, base: &FileFact, until: Timestamp) -> Vec<u8> {
    let base = Base { file: base.name.to_string(), sha256: base.sha256.unwrap().to_string() };
    let audit = Audit::new(file, Criteria::SafeToDeploy, Some(base), "read".to_owned(), (now(), until)).unwrap();
    sign_statement(&audit, &pair(seed)).unwrap()
}

fn names(files: &BTreeSet<AuditedFile>) -> Vec<&str> {
    files.iter().map(|file| file.name.as_str()).collect()
}

#[test]
fn a_file_is_audited_wholly_or_as_different_from_one_that_is() {
    let disk = published();
    let mut curator = opened(&disk);
    assert_eq!(curator.audited(Criteria::SafeToRun, now()).unwrap(), BTreeSet::new());
    let [one, two, three, four, lone] =
        ["brie-1.0.tar.gz", "brie-1.1.tar.gz", "brie-1.2.tar.gz", "brie-1.3.tar.gz", "brie-3.0.tar.gz"]
            .map(|name| file(name, 1));
    let elsewhere = FileFact { sha256: Some(Sha256::from_bytes([9; 32])), ..one.clone() };
    let statements = [
        from(13, &three, &two, days(300)),
        from(13, &two, &one, days(20)),
        audit(13, &one),
        from(13, &four, &elsewhere, days(300)),
        from(13, &lone, &file("brie-2.0.tar.gz", 1), days(300)),
    ];
    assert!(curator.tally(&statements, now()).unwrap().iter().all(Result::is_ok));
    let all = curator.audited(Criteria::SafeToDeploy, now()).unwrap();
    assert_eq!(names(&all), ["brie-1.0.tar.gz", "brie-1.1.tar.gz", "brie-1.2.tar.gz"]);
    assert_eq!(curator.audited(Criteria::SafeToRun, now()).unwrap(), all, "what is safe to deploy is safe to run");
    let later = curator.audited(Criteria::SafeToDeploy, days(21)).unwrap();
    assert_eq!(names(&later), ["brie-1.0.tar.gz"], "what rests on an audit that ended is not audited");
    assert_eq!(curator.audited(Criteria::SafeToDeploy, days(301)).unwrap(), BTreeSet::new());
    curator.remove_person(Kind::Auditor, "carla", now()).unwrap();
    assert_eq!(curator.audited(Criteria::SafeToRun, now()).unwrap(), BTreeSet::new());
}

#[test]
fn audits_of_differences_in_a_circle_audit_nothing() {
    let disk = published();
    let mut curator = opened(&disk);
    let [one, two] = ["brie-1.0.tar.gz", "brie-1.1.tar.gz"].map(|name| file(name, 1));
    let statements = [from(13, &one, &two, days(300)), from(13, &two, &one, days(300))];
    assert!(curator.tally(&statements, now()).unwrap().iter().all(Result::is_ok));
    assert_eq!(curator.audited(Criteria::SafeToRun, now()).unwrap(), BTreeSet::new());
}
