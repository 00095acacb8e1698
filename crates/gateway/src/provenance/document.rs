//! What is in a provenance document: each attestation by itself, so that a spoilt one takes nothing from the others.

use std::fmt;

use affineur_trust::provenance::{Attestations, ProvenanceFault, TrustedRoot, Verified};

use super::Subject;

/// What is wrong with a file's attestations, in our own words: what they quote is the upstream's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The document could not be had: why.
    Unavailable(String),
    /// The document is not the one whose digest is signed.
    NotTheSignedOne,
    /// The document, or an attestation in it, does not hold.
    DoesNotHold(Box<ProvenanceFault>),
}

/// The attestations of a document that hold for a file, and what is wrong with the others.
pub(super) fn verify(root: &TrustedRoot, subject: &Subject, bytes: &[u8]) -> (Vec<Verified>, Vec<Fault>) {
    let read = match Attestations::parse_provenance(bytes) {
        Ok(read) => read,
        Err(ProvenanceFault::Empty) => return (Vec::new(), Vec::new()),
        Err(fault) => return (Vec::new(), vec![fault.into()]),
    };
    let (mut verified, mut faults) = (Vec::new(), Vec::new());
    for attestation in read.iter() {
        match attestation.verify(root, &subject.file, &subject.sha256) {
            Ok(one) => verified.push(one),
            Err(fault) => faults.push(fault.into()),
        }
    }
    (verified, faults)
}

impl Fault {
    /// Whether somebody shows what was made for something else, or made up. A proof that this program does not understand, or whose
    /// log or authority is newer than what it knows, is none of that.
    pub(crate) const fn is_hostile(&self) -> bool {
        match self {
            Self::Unavailable(_) => false,
            Self::NotTheSignedOne => true,
            Self::DoesNotHold(fault) => {
                matches!(**fault, ProvenanceFault::OtherFile(_) | ProvenanceFault::OtherDigest(_) | ProvenanceFault::Signature)
            }
        }
    }
}

impl From<ProvenanceFault> for Fault {
    fn from(fault: ProvenanceFault) -> Self {
        Self::DoesNotHold(Box::new(fault))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = match self {
            Self::Unavailable(problem) => return write!(f, "its attestations cannot be had: {problem}"),
            Self::NotTheSignedOne => return f.write_str("its attestations are not those whose digest the index signed"),
            Self::DoesNotHold(fault) => fault,
        };
        f.write_str(match **fault {
            ProvenanceFault::OtherFile(_) => "an attestation shown for it is about a file of another name",
            ProvenanceFault::OtherDigest(_) => "an attestation shown for it is about other bytes",
            ProvenanceFault::Signature => "the signature of an attestation does not verify",
            ProvenanceFault::Certificate(_)
            | ProvenanceFault::Log(_)
            | ProvenanceFault::Time(_)
            | ProvenanceFault::Proof(_)
            | ProvenanceFault::Key => "an attestation does not verify with the Sigstore root that this program was built with",
            ProvenanceFault::Publisher(_) => "the certificate of an attestation names no publisher",
            ProvenanceFault::Version(_) | ProvenanceFault::Predicate(_) | ProvenanceFault::StatementType(_) => {
                "an attestation is of a kind that this program does not know"
            }
            ProvenanceFault::TooLong
            | ProvenanceFault::TooMany
            | ProvenanceFault::Empty
            | ProvenanceFault::Format(_)
            | ProvenanceFault::Statement(_)
            | ProvenanceFault::Subjects(_) => "its attestations cannot be read",
        })
    }
}
