//! What is said when it fails, to whom and how loudly.

use std::time::Duration;

use affineur_tuf::{Fault, Mismatch, RoleLabel, TopRole, Version};

use crate::client::ClientError;
use crate::download::DownloadError;
use crate::local::{Action, LocalError};
use crate::testing::{broken_off, path};
use crate::transport::{FetchError, Problem};

/// The error and its causes, as a program prints them.
fn said(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn metadata(fault: Fault) -> affineur_tuf::Error {
    affineur_tuf::Error { role: TopRole::Timestamp.into(), fault }
}

fn rollback() -> Fault {
    Fault::Rollback { floor: Version::new(7).unwrap(), found: Version::new(3).unwrap() }
}

fn too_long() -> FetchError {
    FetchError { url: "https://example.org/1.bin-0.json".to_owned(), problem: Problem::TooLong { at_most: 10 } }
}

#[test]
fn errors_of_updates_and_lookups() {
    let role = || RoleLabel::Delegated("bin-0".parse().unwrap());
    let place = "1.bin-0.json".to_owned();
    let table = [
        (
            ClientError::Metadata(metadata(rollback())),
            true,
            "timestamp: version 3 is older than 7, which was seen before: a rollback",
        ),
        (
            ClientError::Metadata(metadata(Fault::Format("expected value at line 1 column 1".to_owned()))),
            false,
            "timestamp: not metadata as the specification has it: expected value at line 1 column 1",
        ),
        (ClientError::Missing { role: role(), path: place.clone() }, false, "bin-0: the repository does not have 1.bin-0.json"),
        (
            ClientError::Fetch { role: role(), path: place, source: too_long() },
            false,
            "bin-0: cannot fetch 1.bin-0.json: https://example.org/1.bin-0.json: has more than 10 bytes",
        ),
        (
            ClientError::Local(LocalError::Busy { folder: "/copy".into(), waited: Duration::from_secs(30) }),
            false,
            "another process holds /copy; waited 30s",
        ),
        (
            ClientError::Local(LocalError::Failed {
                action: Action::Write,
                path: "/copy/root.json".into(),
                kind: std::io::ErrorKind::StorageFull,
            }),
            false,
            "cannot write /copy/root.json: no storage space",
        ),
    ];
    for (error, hostile, text) in table {
        assert_eq!((said(&error).as_str(), error.is_hostile()), (text, hostile));
    }
}

#[test]
fn errors_of_downloads() {
    let target = || path("a/cheese.whl");
    let digest = Mismatch::Digest { algorithm: "sha256", expected: "aa".to_owned(), found: "bb".to_owned() };
    let longer = Mismatch::Length { expected: 4, found: 9, more: true };
    let mismatch = |mismatch| DownloadError::Mismatch { path: target(), mismatch };
    let expired = Fault::Expired { expires: "2029-01-01T00:00:00Z".parse().unwrap(), now: crate::testing::now() };
    let table = [
        (mismatch(digest), true, "a/cheese.whl: not the file that its role vouches for: expected sha256 aa, found bb"),
        (mismatch(longer), true, "a/cheese.whl: not the file that its role vouches for: expected 4 bytes, found at least 9"),
        (
            mismatch(Mismatch::NoKnownAlgorithm),
            false,
            "a/cheese.whl: not the file that its role vouches for: no sha256, sha384 or sha512 digest is listed",
        ),
        (
            DownloadError::Metadata(metadata(expired)),
            false,
            "timestamp: expired at 2029-01-01T00:00:00Z, now it is 2029-01-01T00:00:00Z",
        ),
        (
            DownloadError::Fetch { path: target(), source: broken_off("https://example.org/a") },
            false,
            "a/cheese.whl: cannot be fetched: https://example.org/a: unavailable: the answer broke off",
        ),
        (
            DownloadError::Fetch { path: target(), source: too_long() },
            true,
            "a/cheese.whl: cannot be fetched: https://example.org/1.bin-0.json: has more than 10 bytes",
        ),
        (
            DownloadError::Write { file: "/full/cheese.whl".into(), source: std::io::ErrorKind::StorageFull.into() },
            false,
            "/full/cheese.whl: cannot be written: no storage space",
        ),
    ];
    for (error, hostile, text) in table {
        assert_eq!((said(&error).as_str(), error.is_hostile()), (text, hostile));
    }
}
