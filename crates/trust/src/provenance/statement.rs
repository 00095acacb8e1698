//! What is signed: an in-toto statement about one distribution.

use affineur_packaging::text::printable;
use affineur_packaging::{DistributionKind, FileName, Sha256};
use serde::Deserialize;

use super::ProvenanceFault;
use crate::limits;

/// Statements of in-toto's attestation framework, version 1.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The publish attestation of PEP 740's first index. The name of its documentation is part of the format.
const PUBLISH: &str = "https://docs.pypi.org/attestations/publish/v1";
/// SLSA's provenance, version 1.
const SLSA: &str = "https://slsa.dev/provenance/v1";

/// What a publisher says of a file. These two are all that PEP 740 knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Predicate {
    /// "I published this."
    Publish,
    /// "I built this, in this way" (SLSA). In which way is not interpreted.
    SlsaProvenance,
}

impl Predicate {
    /// Its URI.
    #[must_use]
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Publish => PUBLISH,
            Self::SlsaProvenance => SLSA,
        }
    }
}

/// A statement, as far as it counts. A name twice is an error; members that in-toto adds are ignored, as it says.
#[derive(Deserialize)]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
}

#[derive(Deserialize)]
struct Subject {
    name: String,
    digest: Digest,
}

#[derive(Deserialize)]
struct Digest {
    sha256: String,
}

/// Checks that a statement is about this file, and says what it states.
pub(super) fn check(statement: &[u8], file: &FileName, sha256: &Sha256) -> Result<Predicate, ProvenanceFault> {
    let statement: Statement = serde_json::from_slice(statement).map_err(|error| ProvenanceFault::Statement(quoted(&error)))?;
    if statement.kind != STATEMENT {
        return Err(ProvenanceFault::StatementType(quoted(&statement.kind)));
    }
    let [subject] = statement.subject.as_slice() else {
        return Err(ProvenanceFault::Subjects(statement.subject.len()));
    };
    if !FileName::of_project(&subject.name, file.project()).is_ok_and(|name| is_same(&name, file)) {
        return Err(ProvenanceFault::OtherFile(quoted(&subject.name)));
    }
    if subject.digest.sha256.parse() != Ok(*sha256) {
        return Err(ProvenanceFault::OtherDigest(quoted(&subject.digest.sha256)));
    }
    [Predicate::Publish, Predicate::SlsaProvenance]
        .into_iter()
        .find(|predicate| predicate.uri() == statement.predicate_type)
        .ok_or_else(|| ProvenanceFault::Predicate(quoted(&statement.predicate_type)))
}

/// Whether two file names are the same one but for how it is written: `Foo_bar-1.0.tar.gz` and `foo-bar-1.tar.gz`.
fn is_same(one: &FileName, other: &FileName) -> bool {
    (one.project(), one.version(), one.kind()) == (other.project(), other.version(), other.kind()) && tags(one) == tags(other)
}

/// Build and compatibility tags of a wheel; compressed sets of them may stand in any order.
fn tags(file: &FileName) -> Vec<Vec<String>> {
    if file.kind() != DistributionKind::Wheel {
        return Vec::new();
    }
    let set = |part: &str| {
        let mut tags: Vec<String> = part.split('.').map(str::to_ascii_lowercase).collect();
        tags.sort();
        tags.dedup();
        tags
    };
    file.as_str().trim_end_matches(".whl").split('-').skip(2).map(set).collect()
}

fn quoted(text: &dyn ToString) -> String {
    printable(&text.to_string(), limits::QUOTED_CHARACTERS)
}
