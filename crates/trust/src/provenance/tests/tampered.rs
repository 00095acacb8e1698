//! Each part of an attestation is spoilt in turn.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::*;

const ENTRY: &str = "/verification_material/transparency_entries/0";
const STATEMENT: &str = "/envelope/statement";

fn value(vector: Vector) -> Value {
    serde_json::from_slice(vector.attestation).unwrap()
}

/// The name of a fault without its words.
fn kind(fault: &ProvenanceFault) -> String {
    format!("{fault:?}").split(['(', ' ']).next().unwrap().to_owned()
}

/// What becomes of the attestation if this is done to it.
fn spoilt(change: impl FnOnce(&mut Value)) -> String {
    let mut attestation = value(GITHUB);
    change(&mut attestation);
    match GITHUB.verify(&serde_json::to_vec(&attestation).unwrap()) {
        Ok(_) => "verified".to_owned(),
        Err(fault) => kind(&fault),
    }
}

fn at<'a>(attestation: &'a mut Value, place: &str) -> &'a mut Value {
    attestation.pointer_mut(place).unwrap_or_else(|| panic!("{place}"))
}

/// Changes one bit in the middle of what stands there in base64.
fn flip(attestation: &mut Value, place: &str) {
    let text = at(attestation, place);
    let mut bytes = STANDARD.decode(text.as_str().unwrap()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    *text = json!(STANDARD.encode(bytes));
}

/// Takes what another attestation has there.
fn take(attestation: &mut Value, other: Vector, place: &str) {
    *at(attestation, place) = at(&mut value(other), place).clone();
}

/// Changes the statement, which is JSON inside.
fn restate(attestation: &mut Value, change: impl FnOnce(&mut Value)) {
    let text = at(attestation, STATEMENT);
    let mut statement: Value = serde_json::from_slice(&STANDARD.decode(text.as_str().unwrap()).unwrap()).unwrap();
    change(&mut statement);
    *text = json!(STANDARD.encode(serde_json::to_vec(&statement).unwrap()));
}

fn remove(attestation: &mut Value, place: &str, member: &str) {
    at(attestation, place).as_object_mut().unwrap().remove(member).unwrap();
}

#[test]
fn nothing_is_spoilt_by_doing_nothing() {
    assert_eq!(spoilt(|_| ()), "verified");
}

#[test]
fn a_changed_signature_certificate_or_log_entry_does_not_verify() {
    let inside = |place: &str| format!("{ENTRY}/{place}");
    let flipped = [
        ("/envelope/signature".to_owned(), "Signature"),
        ("/verification_material/certificate".to_owned(), "Certificate"),
        (inside("canonicalizedBody"), "Log"),
        (inside("inclusionPromise/signedEntryTimestamp"), "Log"),
        (inside("inclusionProof/rootHash"), "Log"),
        (inside("inclusionProof/hashes/0"), "Log"),
        (inside("logId/keyId"), "Log"),
    ];
    for (place, fault) in flipped {
        assert_eq!(spoilt(|attestation| flip(attestation, &place)), fault, "{place}");
    }
    let replaced = [
        ("integratedTime", json!("1733354042"), "Log"),
        ("integratedTime", json!("1833354041"), "Log"),
        ("integratedTime", json!("0"), "Time"),
        ("logIndex", json!("1"), "Log"),
        ("inclusionProof/logIndex", json!("1"), "Log"),
        ("inclusionProof/treeSize", json!("31550403"), "Log"),
        ("kindVersion/kind", json!("hashedrekord"), "Proof"),
        ("kindVersion/version", json!("0.0.9"), "Proof"),
    ];
    for (place, with, fault) in replaced {
        let place = inside(place);
        assert_eq!(spoilt(|attestation| *at(attestation, &place) = with.clone()), fault, "{place}: {with}");
    }
    for (from, to, fault) in [("31550402", "31550403", "Log"), ("wNI9", "wNI8", "Log"), (" - 11", " - 12", "Log")] {
        let place = inside("inclusionProof/checkpoint/envelope");
        let change = |attestation: &mut Value| {
            let note = at(attestation, &place);
            *note = json!(note.as_str().unwrap().replace(from, to));
        };
        assert_eq!(spoilt(change), fault, "checkpoint: {from}");
    }
}

#[test]
fn parts_of_another_attestation_do_not_verify() {
    for other in [GITLAB, GITHUB_SLSA, STAGING] {
        let taken =
            ["/verification_material/certificate", "/envelope/signature", ENTRY, "/verification_material"].map(|place| {
                let fault = spoilt(|attestation| take(attestation, other, place));
                (place, fault)
            });
        for (place, fault) in taken {
            assert!(["Certificate", "Signature", "Log"].contains(&fault.as_str()), "{place}: {fault}");
        }
    }
    let both = |attestation: &mut Value| {
        let entry = at(&mut value(GITLAB), ENTRY).clone();
        at(attestation, "/verification_material/transparency_entries").as_array_mut().unwrap().push(entry);
    };
    assert_eq!(spoilt(both), "Certificate", "a foreign entry beside its own: the certificate was not valid then");
}

#[test]
fn what_is_left_out_is_missed() {
    let material = "/verification_material";
    let cases = [
        ("", "envelope", "Format"),
        ("", "version", "Format"),
        ("/envelope", "signature", "Format"),
        ("/envelope", "statement", "Format"),
        (material, "certificate", "Format"),
        (material, "transparency_entries", "Format"),
        (ENTRY, "inclusionProof", "Format"),
        (ENTRY, "inclusionPromise", "Time"),
        (ENTRY, "integratedTime", "Time"),
        (ENTRY, "canonicalizedBody", "Format"),
    ];
    for (place, member, fault) in cases {
        assert_eq!(spoilt(|attestation| remove(attestation, place, member)), fault, "{member}");
    }
    let entries = "/verification_material/transparency_entries";
    assert_eq!(spoilt(|attestation| *at(attestation, entries) = json!([])), "Format", "no entry");
    let many = |attestation: &mut Value| {
        let entry = at(attestation, ENTRY).clone();
        *at(attestation, entries) = json!(vec![entry; crate::limits::TRANSPARENCY_ENTRIES + 1]);
    };
    assert_eq!(spoilt(many), "Format", "too many entries");
}

#[test]
fn what_the_format_has_no_place_for_is_refused() {
    let material = "/verification_material";
    for place in ["", "/envelope", material, ENTRY, &format!("{ENTRY}/inclusionProof"), &format!("{ENTRY}/logId")] {
        assert_eq!(spoilt(|attestation| at(attestation, place)["more"] = json!(1)), "Format", "{place}");
    }
    let second =
        |attestation: &mut Value| attestation["envelope"]["signatures"] = json!([{ "sig": "AAAA" }, { "sig": "AAAA" }]);
    assert_eq!(spoilt(second), "Format", "a second signature");
    assert_eq!(spoilt(|attestation| attestation["envelope"]["payloadType"] = json!("text/plain")), "Format");
    assert_eq!(spoilt(|attestation| attestation["version"] = json!(2)), "Version");
    assert_eq!(spoilt(|attestation| attestation["version"] = json!("1")), "Format");
    let listed = |attestation: &mut Value| {
        let envelope = at(attestation, "/envelope").clone();
        *at(attestation, "/envelope") = json!([envelope["signature"], envelope["statement"]]);
    };
    assert_eq!(spoilt(listed), "Format", "a list in place of an object");
    let text = str::from_utf8(GITHUB.attestation).unwrap();
    for other in ["+1733354041", "01733354041", " 1733354041", "-1", "1.733354041e9", "18446744073709551616"] {
        let place = format!("{ENTRY}/integratedTime");
        assert_eq!(spoilt(|attestation| *at(attestation, &place) = json!(other)), "Format", "{other}");
    }
    let twice = text.replacen('{', "{\"version\":1,", 1);
    assert_eq!(kind(&GITHUB.verify(twice.as_bytes()).unwrap_err()), "Format", "a name twice");
    let broken = |attestation: &mut Value| {
        let certificate = at(attestation, "/verification_material/certificate");
        *certificate = json!(format!("{}\n", certificate.as_str().unwrap()));
    };
    assert_eq!(spoilt(broken), "Format", "base64 with a line break");
}

#[test]
fn a_statement_about_something_else_is_refused_by_name() {
    let restated = |change: fn(&mut Value)| spoilt(|attestation| restate(attestation, change));
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 13] = [
        (|statement| statement["predicate"] = json!({}), "Signature"),
        (|statement| statement["more"] = json!(1), "Signature"),
        (|statement| statement["_type"] = json!("https://in-toto.io/Statement/v0.1"), "StatementType"),
        (|statement| statement["predicateType"] = json!("https://example.org/approved/v1"), "Predicate"),
        (|statement| statement["predicateType"] = json!("https://slsa.dev/provenance/v1"), "Signature"),
        (|statement| statement["subject"] = json!([]), "Subjects"),
        (|statement| statement["subject"] = json!([statement["subject"][0], statement["subject"][0]]), "Subjects"),
        (|statement| statement["subject"][0]["name"] = json!("other-0.0.19.tar.gz"), "OtherFile"),
        (|statement| statement["subject"][0]["name"] = json!("pypi_attestations-0.0.20.tar.gz"), "OtherFile"),
        (|statement| statement["subject"][0]["name"] = json!("pypi_attestations-0.0.19-py3-none-any.whl"), "OtherFile"),
        (|statement| statement["subject"][0]["name"] = json!("../pypi_attestations-0.0.19.tar.gz"), "OtherFile"),
        (|statement| statement["subject"][0]["digest"]["sha256"] = json!("00"), "OtherDigest"),
        (|statement| statement["subject"][0]["digest"] = json!({ "sha512": "00" }), "Statement"),
    ];
    for (at, (change, fault)) in cases.into_iter().enumerate() {
        assert_eq!(restated(change), fault, "case {at}");
    }
    let raw = |text: &str| spoilt(|attestation| *at(attestation, STATEMENT) = json!(STANDARD.encode(text)));
    assert_eq!(raw("not JSON"), "Statement");
    let digests = format!("{{\"sha256\":\"00\",\"sha256\":\"{}\"}}", GITHUB.sha256);
    let twice = format!(
        "{{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{{\"name\":\"{}\",\"digest\":{digests}}}],\
         \"predicateType\":\"https://slsa.dev/provenance/v1\"}}",
        GITHUB.file
    );
    assert_eq!(raw(&twice), "Statement", "two digests, of which another reader takes the other");
}

#[test]
fn a_file_may_be_named_in_another_way_but_not_be_another_file() {
    let attestation = Attestation::parse(CIRCLECI.attestation).unwrap();
    let verify = |name: &str| attestation.verify(&root(), &name.parse().unwrap(), &CIRCLECI.digest()).map(|_| ());
    assert_eq!(verify("CircleCI_sign.publish_example-0.0.1.dev137-py3-none-any.whl"), Ok(()));
    for other in [
        "circleci_sign_publish_example-0.0.1.dev138-py3-none-any.whl",
        "circleci_sign_publish_example-0.0.1.dev137-py2-none-any.whl",
        "circleci_sign_publish_example-0.0.1.dev137-1-py3-none-any.whl",
        "circleci_sign_publish_example-0.0.1.dev137.tar.gz",
        "circleci_sign_publish-0.0.1.dev137-py3-none-any.whl",
    ] {
        assert_eq!(verify(other), Err(ProvenanceFault::OtherFile(CIRCLECI.file.to_owned())), "{other}");
    }
}
