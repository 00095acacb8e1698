//! What is signed: an in-toto statement about one distribution.

use affineur_packaging::text::printable;
use affineur_packaging::{DistributionKind, FileName, Sha256};
use serde::Deserialize;

use super::ProvenanceFault;
use crate::limits;
use crate::origin::sha256;

/// Statements of in-toto's attestation framework, version 1.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The SHA-256 of the type of PEP 740's publish attestation, in hexadecimal digits. That type is the address of a page of a public
/// index, and this repository names none.
const PUBLISH_SHA256: &str = "64b3949826537e32dd526c5d9c31cbeb141dde83b68588399682d5aa3dcdcb74";
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
    /// The predicate of this type (in in-toto's words: with this URI).
    fn of_type(text: &str) -> Option<Self> {
        match text {
            SLSA => Some(Self::SlsaProvenance),
            other if sha256(other.as_bytes()).to_string() == PUBLISH_SHA256 => Some(Self::Publish),
            _ => None,
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
pub(super) fn check(statement: &[u8], file: &FileName, digest: &Sha256) -> Result<Predicate, ProvenanceFault> {
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
    if subject.digest.sha256.parse() != Ok(*digest) {
        return Err(ProvenanceFault::OtherDigest(quoted(&subject.digest.sha256)));
    }
    let predicate = Predicate::of_type(&statement.predicate_type);
    predicate.ok_or_else(|| ProvenanceFault::Predicate(quoted(&statement.predicate_type)))
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
