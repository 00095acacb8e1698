use affineur_trust::provenance::TrustedRoot;

use super::document::verify;
use super::*;

macro_rules! vector {
    ($name:literal) => {
        include_bytes!(concat!("../../../../vectors/attestations/", $name)).as_slice()
    };
}

const OBJECT: &[u8] = vector!("pypi_attestations-0.0.19.tar.gz.provenance");
const STAGING: &[u8] = vector!("rfc8785-0.1.2-py3-none-any.whl.publish.attestation");

fn subject(file: &str, sha256: &str) -> Subject {
    Subject { source: "index".parse().unwrap(), file: file.parse().unwrap(), sha256: sha256.parse().unwrap() }
}

fn sdist() -> Subject {
    let sha256 = "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3";
    subject("pypi_attestations-0.0.19.tar.gz", sha256)
}

fn root() -> TrustedRoot {
    TrustedRoot::embedded().unwrap()
}

/// A provenance object with these attestations.
fn object(attestations: &[&str]) -> Vec<u8> {
    let list = attestations.join(",");
    format!("{{\"attestation_bundles\":[{{\"attestations\":[{list}],\"publisher\":{{}}}}],\"version\":1}}").into_bytes()
}

fn attestation() -> String {
    let object: serde_json::Value = serde_json::from_slice(OBJECT).unwrap();
    object["attestation_bundles"][0]["attestations"][0].to_string()
}

#[test]
fn an_attestation_from_the_wild_says_who_published_the_file() {
    let (verified, faults) = verify(&root(), &sdist(), OBJECT);
    let publishers: Vec<String> = verified.iter().map(|one| one.publisher().to_string()).collect();
    assert_eq!(publishers.len(), 1);
    assert!(publishers[0].contains("trailofbits/pypi-attestations"), "{publishers:?}");
    assert_eq!(faults, []);
}

#[test]
fn an_attestation_of_something_else_counts_nothing_and_is_hostile() {
    let cases = [
        (subject("pypi_attestations-0.0.20.tar.gz", &sdist().sha256.to_string()), "about a file of another name"),
        (subject("pypi_attestations-0.0.19.tar.gz", &"0".repeat(64)), "about other bytes"),
    ];
    for (subject, words) in cases {
        let (verified, faults) = verify(&root(), &subject, OBJECT);
        assert_eq!(verified, []);
        let [fault] = faults.as_slice() else { panic!("{faults:?}") };
        assert!(fault.is_hostile() && fault.to_string().contains(words), "{fault}");
    }
}

#[test]
fn a_changed_signature_is_hostile() {
    let mut changed: serde_json::Value = serde_json::from_str(&attestation()).unwrap();
    let other: serde_json::Value = serde_json::from_slice(STAGING).unwrap();
    changed["envelope"]["signature"] = other["envelope"]["signature"].clone();
    let (verified, faults) = verify(&root(), &sdist(), &object(&[&changed.to_string()]));
    assert_eq!(verified, []);
    assert!(faults[0].is_hostile(), "{faults:?}");
}

#[test]
fn a_spoilt_attestation_takes_nothing_from_the_others() {
    let staging = String::from_utf8(STAGING.to_vec()).unwrap();
    let (verified, faults) = verify(&root(), &sdist(), &object(&[&staging, &attestation()]));
    assert_eq!((verified.len(), faults.len()), (1, 1));
}

#[test]
fn another_instance_of_sigstore_is_unknown_and_not_hostile() {
    let sha256 = "c4e92e9ecc828bef2aa7dba1de8ac983511f7532a0df11c770d39099a25cf201";
    let subject = subject("rfc8785-0.1.2-py3-none-any.whl", sha256);
    let staging = String::from_utf8(STAGING.to_vec()).unwrap();
    let (verified, faults) = verify(&root(), &subject, &object(&[&staging]));
    assert_eq!(verified, []);
    assert!(!faults[0].is_hostile() && faults[0].to_string().contains("Sigstore root"), "{faults:?}");
}

#[test]
fn what_is_no_provenance_object_counts_nothing() {
    for bytes in [&b""[..], b"<html>", b"{}", b"[]", &OBJECT[..OBJECT.len() / 2], &object(&["{}"]), &vec![b' '; 2 << 20]] {
        let (verified, faults) = verify(&root(), &sdist(), bytes);
        assert_eq!(verified, []);
        assert!(!faults[0].is_hostile() && faults[0].to_string() == "its attestations cannot be read", "{faults:?}");
    }
    assert_eq!(verify(&root(), &sdist(), &object(&[])), (Vec::new(), Vec::new()), "none is no fault");
}

#[test]
fn the_words_of_a_fault_are_ours() {
    let (_, faults) = verify(&root(), &subject("evil_owned-1.0.tar.gz", &"0".repeat(64)), OBJECT);
    assert!(!faults[0].to_string().contains("pypi"), "{}", faults[0]);
}
