use affineur_packaging::{FileName, Sha256};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

mod publishers;
mod tampered;

macro_rules! vector {
    ($name:literal) => {
        include_bytes!(concat!("../../../../vectors/attestations/", $name)).as_slice()
    };
}

/// A file and an attestation of it.
#[derive(Clone, Copy)]
struct Vector {
    file: &'static str,
    sha256: &'static str,
    attestation: &'static [u8],
}

const GITHUB: Vector = Vector {
    file: "pypi_attestations-0.0.19.tar.gz",
    sha256: "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3",
    attestation: vector!("pypi_attestations-0.0.19.tar.gz.publish.attestation"),
};
const GITHUB_SLSA: Vector = Vector { attestation: vector!("pypi_attestations-0.0.19.tar.gz.slsa.attestation"), ..GITHUB };
const GITLAB: Vector = Vector {
    file: "gitlab_oidc_project-0.0.3.tar.gz",
    sha256: "c1ca9b0d85df1606451098233018534497bf584362e10e4a8c21dfaea92c02a8",
    attestation: vector!("gitlab_oidc_project-0.0.3.tar.gz.publish.attestation"),
};
const CIRCLECI: Vector = Vector {
    file: "circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl",
    sha256: "8cb34da1e27336f11a2c43f3f9c7433bd76f24f470c904724f06ad7f131d9e9f",
    attestation: vector!("circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl.publish.attestation"),
};
const STAGING: Vector = Vector {
    file: "rfc8785-0.1.2-py3-none-any.whl",
    sha256: "c4e92e9ecc828bef2aa7dba1de8ac983511f7532a0df11c770d39099a25cf201",
    attestation: vector!("rfc8785-0.1.2-py3-none-any.whl.publish.attestation"),
};
const GOOGLE_PROVENANCE: &[u8] = vector!("gcb_attestation_test-0.0.0.tar.gz.provenance");
const GOOGLE_SHA256: &str = "461317362419124b6012e855423a9078d6de8aed3e74fa78cc74d669b23dc6cf";

impl Vector {
    fn name(&self) -> FileName {
        self.file.parse().unwrap()
    }

    fn digest(&self) -> Sha256 {
        self.sha256.parse().unwrap()
    }

    /// What becomes of this text where the attestation was.
    fn verify(&self, attestation: &[u8]) -> Result<Verified, ProvenanceFault> {
        Attestation::parse(attestation)?.verify(&root(), &self.name(), &self.digest())
    }

    fn verified(&self) -> Verified {
        self.verify(self.attestation).unwrap()
    }
}

fn root() -> TrustedRoot {
    TrustedRoot::embedded().unwrap()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn attestations_of_the_public_instance_verify_offline() {
    let found = [GITHUB, GITHUB_SLSA, GITLAB, CIRCLECI].map(|vector| {
        let verified = vector.verified();
        (verified.publisher().to_string(), verified.predicate(), verified.logged_at())
    });
    let github = "github:trailofbits/pypi-attestations/release.yml".to_owned();
    let circleci = "circleci:fdd9283f-e619-46af-8f9c-851f7d3e8b2b/8e4f8ab2-8d7c-4827-9f15-de076d6d647f".to_owned();
    let expected = [
        (github.clone(), Predicate::Publish, time("2024-12-04T23:14:01Z")),
        (github, Predicate::SlsaProvenance, time("2024-12-04T23:13:46Z")),
        ("gitlab:facutuesca/gitlab-oidc-project//.gitlab-ci.yml".to_owned(), Predicate::Publish, time("2024-11-19T17:37:00Z")),
        (circleci, Predicate::Publish, time("2026-02-05T22:59:42Z")),
    ];
    assert_eq!(found, expected);
}

#[test]
fn an_attestation_of_the_staging_instance_verifies_with_its_root_only() {
    let fault = STAGING.verify(STAGING.attestation).unwrap_err();
    assert!(matches!(fault, ProvenanceFault::Log(_)), "{fault:?}");
    let staging = TrustedRoot::parse(sigstore_verify::trust_root::SIGSTORE_STAGING_TRUSTED_ROOT.as_bytes()).unwrap();
    let attestation = Attestation::parse(STAGING.attestation).unwrap();
    let verified = attestation.verify(&staging, &STAGING.name(), &STAGING.digest()).unwrap();
    assert_eq!(verified.predicate(), Predicate::Publish);
    let production = Attestation::parse(GITHUB.attestation).unwrap();
    assert!(production.verify(&staging, &GITHUB.name(), &GITHUB.digest()).is_err());
}

#[test]
fn provenance_objects_of_the_first_index_are_read() {
    let served = [
        (vector!("pypi_attestations-0.0.19.tar.gz.provenance"), GITHUB.file, GITHUB.sha256, "github:"),
        (
            vector!("circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl.provenance"),
            CIRCLECI.file,
            CIRCLECI.sha256,
            "circleci:",
        ),
        (GOOGLE_PROVENANCE, "gcb_attestation_test-0.0.0.tar.gz", GOOGLE_SHA256, "google:919436158236-compute@"),
    ];
    for (object, file, sha256, publisher) in served {
        let attestations = Attestations::parse_provenance(object).unwrap();
        let found: Vec<_> =
            attestations.iter().map(|one| one.verify(&root(), &file.parse().unwrap(), &sha256.parse().unwrap())).collect();
        assert!(matches!(found.as_slice(), [Ok(one)] if one.publisher().to_string().starts_with(publisher)), "{found:?}");
    }
    let bad = [
        (&b"{\"version\":2,\"attestation_bundles\":[]}"[..], ProvenanceFault::Version(2)),
        (b"{\"version\":1,\"attestation_bundles\":[]}", ProvenanceFault::Empty),
        (
            b"{\"version\":1,\"attestation_bundles\":[{\"publisher\":{\"kind\":\"x\"},\"attestations\":[]}]}",
            ProvenanceFault::Empty,
        ),
    ];
    for (object, fault) in bad {
        assert_eq!(Attestations::parse_provenance(object), Err(fault));
    }
}

#[test]
fn a_provenance_object_does_not_depend_on_the_order_of_attestations_and_reads_the_same() {
    let (publish, slsa) = (GITHUB.verified(), GITHUB_SLSA.verified());
    let object = provenance_object(&[publish.clone(), slsa.clone()]);
    assert_eq!(object, provenance_object(&[slsa, publish.clone(), publish]));
    let read = Attestations::parse_provenance(object.as_bytes()).unwrap();
    let predicates = read.iter().map(|one| one.verify(&root(), &GITHUB.name(), &GITHUB.digest()).unwrap().predicate());
    let mut predicates: Vec<Predicate> = predicates.collect();
    predicates.sort();
    assert_eq!(predicates, [Predicate::Publish, Predicate::SlsaProvenance]);
    let object: serde_json::Value = serde_json::from_str(&object).unwrap();
    let bundles = object["attestation_bundles"].as_array().unwrap();
    assert_eq!(
        (bundles.len(), bundles[0]["attestations"].as_array().unwrap().len()),
        (1, 2),
        "one publisher, two attestations"
    );
    let expected = serde_json::json!({
        "kind": "GitHub", "repository": "trailofbits/pypi-attestations", "workflow": "release.yml", "environment": null,
        "claims": {
            "issuer": "https://token.actions.githubusercontent.com",
            "subject": "https://github.com/trailofbits/pypi-attestations/.github/workflows/release.yml@refs/tags/v0.0.19",
            "repository_id": "772247423", "repository_owner_id": "2314423",
        },
    });
    assert_eq!(bundles[0]["publisher"], expected);
}

#[test]
fn an_attestation_is_printed_in_one_way_however_it_was_written() {
    let pretty: serde_json::Value = serde_json::from_slice(GITHUB.attestation).unwrap();
    let pretty = serde_json::to_vec_pretty(&pretty).unwrap();
    let escaped = String::from_utf8(GITHUB.attestation.to_vec()).unwrap().replace("release", "\\u0072elease");
    let printed = GITHUB.verified().attestation().to_json();
    for text in [pretty, escaped.into_bytes(), printed.clone().into_bytes()] {
        assert_eq!(GITHUB.verify(&text).unwrap().attestation().to_json(), printed);
    }
}

#[test]
fn a_list_has_one_attestation_at_least_and_not_too_many() {
    let list = |count: usize| {
        let one = str::from_utf8(GITHUB.attestation).unwrap();
        format!("[{}]", vec![one; count].join(",")).into_bytes()
    };
    assert_eq!(Attestations::parse(&list(0)), Err(ProvenanceFault::Empty));
    assert_eq!(Attestations::parse(&list(crate::limits::ATTESTATIONS)).unwrap().iter().count(), crate::limits::ATTESTATIONS);
    assert_eq!(Attestations::parse(&list(crate::limits::ATTESTATIONS + 1)), Err(ProvenanceFault::TooMany));
    let long = vec![b' '; crate::limits::ATTESTATIONS_BYTES + 1];
    assert_eq!(Attestations::parse(&long), Err(ProvenanceFault::TooLong));
    let deep = [vec![b'['; 100], vec![b']'; 100]].concat();
    for bad in [&b""[..], b"{}", b"null", b"[1]", b"[{}]", b"[{}", b"\xff", &deep, GITHUB.attestation] {
        assert!(matches!(Attestations::parse(bad), Err(ProvenanceFault::Format(_))), "{}", String::from_utf8_lossy(bad));
    }
}

#[test]
fn what_is_no_trusted_root_is_refused() {
    let empty = br#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[],"certificateAuthorities":[],"ctlogs":[],"timestampAuthorities":[]}"#;
    for bad in [&b""[..], b"{}", b"\xff", empty] {
        assert!(matches!(TrustedRoot::parse(bad), Err(RootFault::Format(_))), "{}", String::from_utf8_lossy(bad));
    }
    assert!(matches!(TrustedRoot::parse(&vec![b' '; crate::limits::TRUSTED_ROOT_BYTES + 1]), Err(RootFault::TooLong)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// None of the 74 144 bits of this one may change.
    #[test]
    fn no_bit_of_an_attestation_can_be_flipped(at in any::<Index>(), bit in 0..8_u8) {
        let mut text = GITHUB.attestation.to_vec();
        *at.get_mut(&mut text) ^= 1 << bit;
        prop_assert!(GITHUB.verify(&text).is_err());
    }

    #[test]
    fn an_attestation_never_verifies_for_other_bytes(at in any::<Index>(), bit in 0..8_u8) {
        let mut digest = *GITHUB.digest().as_bytes();
        *at.get_mut(&mut digest) ^= 1 << bit;
        let attestation = Attestation::parse(GITHUB.attestation).unwrap();
        let outcome = attestation.verify(&root(), &GITHUB.name(), &Sha256::from_bytes(digest));
        prop_assert_eq!(outcome, Err(ProvenanceFault::OtherDigest(GITHUB.sha256.to_owned())));
    }
}
