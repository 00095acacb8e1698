//! Which curators a curator passes on, and which lists say so wrongly.

use super::*;
use crate::Level;

fn root() -> String {
    let keys = Signers::of(vec![shared(101)], vec![shared(102)], vec![shared(103)], vec![shared(104)]);
    let mut repository = Repository::new(keys, "2030-01-01T00:00:00Z".parse().unwrap());
    repository.publish().unwrap();
    String::from_utf8(repository.file("root", Some(1)).unwrap().to_vec()).unwrap()
}

fn list(change: impl FnOnce(&mut Value)) -> Result<Vec<Delegate>, DelegatesError> {
    let mut list = json!({"curators": {"team": {
        "repository": "https://curator.example/tuf", "root": root(), "projects": ["acme-*"], "levels": ["audited", "voted"], "depth": 1,
    }}});
    change(&mut list);
    Delegate::parse(list.to_string().as_bytes())
}

#[test]
fn a_list_is_read_and_written() {
    let delegates = list(|_| {}).unwrap();
    let [team] = delegates.as_slice() else { panic!("{delegates:?}") };
    assert_eq!((team.name.as_str(), team.repository.as_str(), team.depth), ("team", "https://curator.example/tuf/", 1));
    assert_eq!(team.levels, [Level::Audited, Level::Voted]);
    assert!(team.speaks_of(&"acme-cheese".parse().unwrap()) && !team.speaks_of(&"cheese".parse().unwrap()));
    assert_eq!(Delegate::parse(&Delegate::to_bytes(&delegates)), Ok(delegates));
    let all = list(|list| drop(list["curators"]["team"].as_object_mut().unwrap().remove("projects"))).unwrap();
    assert!(all[0].speaks_of(&"cheese".parse().unwrap()));
}

#[test]
fn what_cannot_be_used_is_an_error_for_the_whole_list() {
    let bad: [Change<Value>; 11] = [
        ("name", |list| list["curators"] = json!({" ": list["curators"]["team"]})),
        ("repository", |list| list["curators"]["team"]["repository"] = "ftp://curator.example/".into()),
        ("repository", |list| list["curators"]["team"]["repository"] = "https://user:secret@curator.example/".into()),
        ("root", |list| list["curators"]["team"]["root"] = "{}".into()),
        ("root", |list| {
            list["curators"]["team"]["root"] =
                list["curators"]["team"]["root"].as_str().unwrap().replace("keyid", "keyId").into();
        }),
        ("projects", |list| list["curators"]["team"]["projects"] = json!(["a b"])),
        ("levels", |list| list["curators"]["team"]["levels"] = json!([])),
        ("levels", |list| list["curators"]["team"]["levels"] = json!(["voted", "voted", "voted", "voted"])),
        ("depth", |list| list["curators"]["team"]["depth"] = 0.into()),
        ("depth", |list| list["curators"]["team"]["depth"] = 9.into()),
        ("name", |list| list["curators"] = json!({"x".repeat(65): list["curators"]["team"]})),
    ];
    for (wrong, change) in bad {
        assert!(matches!(list(change), Err(DelegatesError::Delegate(_, found)) if found == wrong), "{wrong}");
    }
    assert_eq!(list(|list| list["curators"]["team"]["levels"] = json!(["trusted"])), Err(DelegatesError::Form));
    assert_eq!(list(|list| list["curators"]["team"]["weight"] = 1.into()), Err(DelegatesError::Form));
    let many = |list: &mut Value| {
        list["curators"] =
            (0..=crate::limits::DELEGATES).map(|at| (at.to_string(), list["curators"]["team"].clone())).collect();
    };
    assert_eq!(list(many), Err(DelegatesError::TooMany));
}
