//! Why an attestation is not taken.

use crate::limits;

/// Why attestations cannot be read, or one does not hold for a file. What is quoted was made harmless.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProvenanceFault {
    /// More than [`limits::ATTESTATIONS_BYTES`].
    #[error("more than {} bytes of attestations", limits::ATTESTATIONS_BYTES)]
    TooLong,
    /// More than [`limits::ATTESTATIONS`].
    #[error("more than {} attestations of one file", limits::ATTESTATIONS)]
    TooMany,
    /// None at all.
    #[error("a list without any attestation; leave it out")]
    Empty,
    /// Not attestations as PEP 740 has them.
    #[error("no attestations as PEP 740 has them: {0}")]
    Format(String),
    /// Another version of the format.
    #[error("version {0} of attestations is unknown; expected is version 1")]
    Version(u64),
    /// What is signed is no statement.
    #[error("what is signed is no in-toto statement: {0}")]
    Statement(String),
    /// Another kind of statement.
    #[error("what is signed is a statement of the type \"{0}\", not of in-toto's version 1")]
    StatementType(String),
    /// Not exactly one subject.
    #[error("the statement is about {0} files; it must be about one")]
    Subjects(usize),
    /// About a file of another name.
    #[error("the statement is about the file \"{0}\"")]
    OtherFile(String),
    /// About other bytes.
    #[error("the statement is about other bytes: sha256 {0}")]
    OtherDigest(String),
    /// Neither of the two kinds of predicate.
    #[error("the predicate type \"{0}\" is unknown")]
    Predicate(String),
    /// The certificate was not issued by who is trusted to, or not for this.
    #[error("the certificate: {0}")]
    Certificate(String),
    /// The certificate's key is of another kind than PEP 740 allows.
    #[error("the certificate's key is not ECDSA P-256")]
    Key,
    /// The certificate does not say whose it is.
    #[error("the certificate names no publisher: {0}")]
    Publisher(&'static str),
    /// The signature is of another statement or by another key.
    #[error("the signature does not verify")]
    Signature,
    /// The transparency log does not prove that it has this signature.
    #[error("the transparency log: {0}")]
    Log(String),
    /// Nothing proves when it was signed.
    #[error("the time of signing: {0}")]
    Time(String),
    /// Something else does not fit together.
    #[error("the proof: {0}")]
    Proof(String),
}

/// A trusted root that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootFault {
    /// More than [`limits::TRUSTED_ROOT_BYTES`].
    #[error("more than {} bytes", limits::TRUSTED_ROOT_BYTES)]
    TooLong,
    /// Not a trusted root of Sigstore's, or one with unusable keys.
    #[error("this is no trusted root of Sigstore: {0}")]
    Format(String),
}
