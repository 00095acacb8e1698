//! What a user reads, as snapshots.

use std::sync::Arc;

use affineur_tuf::edit::{Repository, SharedSigner, Signers};
use affineur_tuf::key::KeyPair;
use affineur_tuf::{Fault, PathPattern, Paths, ReferenceTime, Role, Root, TargetFile, Targets, Version};
use affineur_tuf_client::inspect::{Body, Document};

use super::{describe, failures};

fn signer(seed: u8) -> SharedSigner {
    Arc::new(KeyPair::from_seed([seed; 32]).unwrap())
}

fn now() -> ReferenceTime {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn repository() -> Repository {
    let signers = Signers::of(vec![signer(1), signer(2)], vec![signer(3)], vec![signer(4)], vec![signer(5)]);
    Repository::new(signers, "2026-11-25T12:00:00Z".parse().unwrap())
}

fn document(repository: &Repository, role: &str) -> Body {
    Document::parse(repository.file(role, Some(1)).unwrap()).unwrap().body
}

fn root(repository: &Repository) -> Root {
    let Body::Root(root) = document(repository, "root") else { panic!("no root") };
    root
}

fn targets(repository: &Repository) -> Targets {
    let Body::Targets(targets) = document(repository, "targets") else { panic!("no targets") };
    targets
}

/// Without colours.
fn shown(print: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    print(&mut out).unwrap();
    anstream::adapter::strip_str(std::str::from_utf8(&out).unwrap()).to_string()
}

#[test]
fn help() {
    insta::assert_snapshot!(crate::arguments::help_of("tuf"));
}

#[test]
fn a_root() {
    let mut repository = repository();
    repository.publish().unwrap();
    insta::assert_snapshot!(shown(|out| describe::root(out, &root(&repository), now())));
}

#[test]
fn hash_bins() {
    let mut repository = repository();
    repository.targets_mut().add_target(&"cheese".parse().unwrap(), TargetFile::of(b"brie"));
    repository.targets_mut().delegate_to_bins(14, "bin", [], affineur_tuf::Threshold::ONE);
    repository.publish().unwrap();
    insta::assert_snapshot!(shown(|out| describe::targets(out, &targets(&repository))));
}

#[test]
fn many_delegations() {
    let mut repository = repository();
    for number in 0..30_u8 {
        let paths = match number {
            0 => Paths::Patterns((0..20).map(|at| PathPattern::new(&format!("folder-{at}/*"))).collect()),
            1 => Paths::HashPrefixes(vec!["00".into(), "0f".into()]),
            _ => Paths::Patterns(vec![PathPattern::new("evil\u{1b}[31m/*")]),
        };
        let name = format!("role-{number}\u{202e}").parse().unwrap();
        repository.delegate_terminating(None, &name, vec![signer(number + 10), signer(number + 100)], paths);
    }
    repository.publish().unwrap();
    insta::assert_snapshot!(shown(|out| describe::targets(out, &targets(&repository))));
}

#[test]
fn each_failure_has_its_status_and_a_hint() {
    let version = |number| Version::new(number).unwrap();
    let expires = root(&{
        let mut repository = repository();
        repository.publish().unwrap();
        repository
    })
    .expires();
    let faults = [
        Fault::Format("a \u{1b}[31m page".to_owned()),
        Fault::Threshold { threshold: affineur_tuf::Threshold::ONE, found: 0, unusable: Vec::new() },
        Fault::Version { expected: version(3), found: version(4) },
        Fault::Rollback { floor: version(7), found: version(6) },
        Fault::Unlisted("bin-0".to_owned()),
        Fault::Expired { expires, now: "2027-01-01T00:00:00Z".parse().unwrap() },
        Fault::LastVersion(version(u64::MAX)),
    ];
    let lines = faults.map(|fault| {
        let error = affineur_tuf::Error { role: Targets::KIND.into(), fault };
        format!("{:?}", failures::metadata(&error))
    });
    insta::assert_snapshot!(lines.join("\n"));
}
