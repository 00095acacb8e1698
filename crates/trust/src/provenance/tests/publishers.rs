//! Who a certificate names, and who a pattern means.

use proptest::prelude::*;

use super::super::publisher::Claims;
use super::*;

const REPOSITORY: &str = "https://github.com/psf/requests";
const BUILD: &str = "https://github.com/psf/requests/.github/workflows/release.yml@refs/tags/v1";

const CLAIMS: Claims<'static> = Claims {
    issuer: "https://token.actions.githubusercontent.com",
    subject: BUILD,
    repository: Some(REPOSITORY),
    repository_id: Some("1362490"),
    owner_id: Some("50630501"),
    build_config: Some(BUILD),
    environment: Some("pypi"),
};

fn publisher(claims: Claims<'_>) -> Publisher {
    Publisher::from_claims(claims).unwrap()
}

fn pattern(text: &str) -> PublisherName {
    text.parse().unwrap()
}

#[test]
fn a_certificate_names_its_publisher() {
    assert_eq!(publisher(CLAIMS).to_string(), "github:psf/requests/release.yml@pypi");
    assert_eq!(publisher(Claims { environment: None, ..CLAIMS }).to_string(), "github:psf/requests/release.yml");
    // A workflow that is called from elsewhere signs; what counts is the repository and workflow that called it.
    let reused = Claims { subject: "https://github.com/other/shared/.github/workflows/publish.yml@refs/heads/main", ..CLAIMS };
    assert_eq!(publisher(reused).to_string(), "github:psf/requests/release.yml@pypi");
    let google = Claims { issuer: "https://accounts.google.com", subject: "robot@project.example", ..CLAIMS };
    assert_eq!(publisher(google).to_string(), "google:robot@project.example");
}

#[test]
fn a_certificate_that_does_not_name_one_as_expected_is_another_identity() {
    let elsewhere = "https://github.com/psf/other/.github/workflows/release.yml@refs/tags/v1";
    let odd = [
        Claims { issuer: "https://token.actions.githubusercontent.com/enterprise", ..CLAIMS },
        Claims { repository: None, ..CLAIMS },
        Claims { repository: Some("https://github.com.example/psf/requests"), ..CLAIMS },
        Claims { repository: Some("https://github.com/psf/requests/more"), ..CLAIMS },
        Claims { repository: Some("https://github.com/psf"), ..CLAIMS },
        Claims { build_config: None, ..CLAIMS },
        Claims { build_config: Some(elsewhere), ..CLAIMS },
        Claims { build_config: Some("https://github.com/psf/requests/.github/workflows/../x.yml@main"), ..CLAIMS },
        Claims { build_config: Some("https://github.com/psf/requests/elsewhere/x.yml@main"), ..CLAIMS },
    ];
    for claims in odd {
        let name = publisher(claims).name().clone();
        assert_eq!(name, PublisherName::Other { issuer: claims.issuer.to_owned(), subject: claims.subject.to_owned() });
    }
    for bad in ["", "a\nb", "a\u{1b}[31m", " a", &"x".repeat(crate::limits::IDENTITY_BYTES + 1)] {
        for claims in [
            Claims { subject: bad, ..CLAIMS },
            Claims { issuer: bad, ..CLAIMS },
            Claims { environment: Some(bad), ..CLAIMS },
            Claims { repository_id: Some(bad), ..CLAIMS },
        ] {
            assert!(matches!(Publisher::from_claims(claims), Err(ProvenanceFault::Publisher(_))), "{bad:?}");
        }
    }
}

#[test]
fn a_pattern_means_its_publisher_and_no_other() {
    let requests = publisher(CLAIMS);
    for good in ["github:psf/requests/release.yml", "github:PSF/Requests/release.yml", "github:psf/requests/release.yml@pypi"] {
        assert!(requests.is(&pattern(good)), "{good}");
    }
    for other in [
        "github:psf/requests/other.yml",
        "github:psf/requests/Release.yml",
        "github:psf/requests2/release.yml",
        "github:psf2/requests/release.yml",
        "github:psf/requests/release.yml@test",
        "gitlab:psf/requests//release.yml",
        "google:psf@requests.example",
        "other:https://token.actions.githubusercontent.com https://github.com/psf/requests",
    ] {
        assert!(!requests.is(&pattern(other)), "{other}");
    }
    let without = publisher(Claims { environment: None, ..CLAIMS });
    assert!(!without.is(&pattern("github:psf/requests/release.yml@pypi")), "an environment that was asked for is required");
}

#[test]
fn evidence_has_one_origin_per_repository_whatever_its_name_or_workflow() {
    let origin = publisher(CLAIMS).origin();
    assert_eq!(origin, "https://token.actions.githubusercontent.com repository 1362490");
    let moved = "https://github.com/new/name";
    let build = "https://github.com/new/name/.github/workflows/other.yml@main";
    let renamed = Claims { repository: Some(moved), build_config: Some(build), environment: None, ..CLAIMS };
    assert_eq!(publisher(renamed).origin(), origin);
    let taken_over = Claims { repository_id: Some("999"), ..CLAIMS };
    assert_ne!(publisher(taken_over).origin(), origin);
    let origins = [GITHUB, GITHUB_SLSA, GITLAB, CIRCLECI].map(|vector| vector.verified().publisher().origin());
    let expected = [
        "https://token.actions.githubusercontent.com repository 772247423",
        "https://token.actions.githubusercontent.com repository 772247423",
        "https://gitlab.com repository 55235664",
        "https://oidc.circleci.com project fdd9283f-e619-46af-8f9c-851f7d3e8b2b",
    ];
    assert_eq!(origins, expected);
}

#[test]
fn texts_that_name_no_publisher_are_refused() {
    for bad in [
        "",
        "github",
        "github:",
        "github:psf/requests",
        "github:psf/requests/",
        "github:psf/group/requests",
        "github:psf//release.yml",
        "github:a/psf/requests/release.yml",
        "github:psf/re quests/release.yml",
        "github:psf/../release.yml",
        "github:psf/requests/release.yml@",
        "github:psf/requests/release.yml@a\nb",
        "gitlab:project//.gitlab-ci.yml",
        "gitlab:group/project/.gitlab-ci.yml",
        "google:robot",
        "circleci:one",
        "other:https://issuer.example",
        "pypi:psf/requests/release.yml",
    ] {
        assert_eq!(bad.parse::<PublisherName>(), Err(ParsePublisherError), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn a_name_reads_as_it_was_printed(text in "(github|gitlab|google|circleci|other):[a-z./@ -]{1,30}") {
        if let Ok(name) = text.parse::<PublisherName>() {
            prop_assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn what_a_certificate_names_reads_as_it_was_printed(workflow in "[a-z@. /-]{1,12}(\\.yml)?", environment in "[ -~]{1,12}") {
        let build = format!("{REPOSITORY}/.github/workflows/{workflow}@refs/tags/v1");
        let claims = Claims { build_config: Some(&build), environment: Some(&environment), ..CLAIMS };
        if let Ok(publisher) = Publisher::from_claims(claims) {
            prop_assert_eq!(&publisher.to_string().parse::<PublisherName>().unwrap(), publisher.name());
            prop_assert!(publisher.is(publisher.name()));
        }
    }
}
