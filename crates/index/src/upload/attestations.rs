//! Attestations of an upload (PEP 740): verified before anything is accepted, and put together to what is served.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use affineur_packaging::{FileName, Sha256};
use affineur_trust::provenance::{Attestations, ProvenanceFault, PublisherName, TrustedRoot, provenance_object};
use bytes::Bytes;

use super::UploadError;
use crate::limits;
use crate::store::Store;

/// Verifies attestations of uploads. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AttestationVerifier(Arc<TrustedRoot>);

/// Attestations that were not taken. The words are for the uploader.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttestationError {
    /// One of them does not hold for the file.
    #[error("the attestations of {file}: {fault}")]
    Fault {
        /// The file.
        file: FileName,
        /// What is wrong.
        fault: Box<ProvenanceFault>,
    },
    /// One of them is by another publisher than the token is for.
    #[error("{file} is attested by {found}; this token takes what {expected} attests")]
    OtherPublisher {
        /// The file.
        file: FileName,
        /// Who signed.
        found: Box<PublisherName>,
        /// Who must have.
        expected: Box<PublisherName>,
    },
    /// There is none, and the token is for a publisher.
    #[error("{file} has no attestation; this token takes what {expected} attests")]
    Missing {
        /// The file.
        file: FileName,
        /// Who must have signed.
        expected: Box<PublisherName>,
    },
    /// The file is there without attestations, and a file that is there is not changed.
    #[error("{0} is there already, without attestations, and gets none later: they come with the first upload")]
    Late(FileName),
    /// The task that verifies was lost.
    #[error("the attestations could not be verified")]
    Lost,
}

impl AttestationVerifier {
    /// One that believes this instance of Sigstore.
    #[must_use]
    pub fn new(root: TrustedRoot) -> Self {
        Self(Arc::new(root))
    }

    /// The provenance object of a file that comes with this JSON list of attestations. With `by` there must be some, and each must
    /// be by that publisher.
    ///
    /// # Errors
    /// [`UploadError::Attestations`], and that the store fails.
    pub async fn of_upload<S: Store>(
        &self,
        store: &S,
        list: Option<Bytes>,
        file: &FileName,
        sha256: Sha256,
        by: Option<&PublisherName>,
    ) -> Result<Option<Bytes>, UploadError> {
        let Some(list) = list else {
            let missing = |by: &PublisherName| AttestationError::Missing { file: file.clone(), expected: Box::new(by.clone()) };
            return by.map_or(Ok(None), |by| Err(missing(by).into()));
        };
        let object = self.provenance(list, file, sha256, by.cloned()).await?;
        match store.file(file).await? {
            Some(there) if there.sha256 == sha256 && there.attestations.is_none() => {
                Err(AttestationError::Late(file.clone()).into())
            }
            _ => Ok(Some(object)),
        }
    }

    async fn provenance(
        &self,
        list: Bytes,
        file: &FileName,
        sha256: Sha256,
        by: Option<PublisherName>,
    ) -> Result<Bytes, AttestationError> {
        let (root, file) = (Arc::clone(&self.0), file.clone());
        // Each takes about a millisecond of computing.
        let verifying = tokio::task::spawn_blocking(move || verified(&root, &list, &file, &sha256, by.as_ref()));
        verifying.await.map_err(|_| AttestationError::Lost)?
    }
}

fn verified(
    root: &TrustedRoot,
    list: &[u8],
    file: &FileName,
    sha256: &Sha256,
    by: Option<&PublisherName>,
) -> Result<Bytes, AttestationError> {
    let faulty = |fault| AttestationError::Fault { file: file.clone(), fault: Box::new(fault) };
    let list = Attestations::parse(list).map_err(faulty)?;
    let verified: Result<Vec<_>, _> = list.iter().map(|one| one.verify(root, file, sha256)).collect();
    let verified = verified.map_err(faulty)?;
    let stranger = by.and_then(|by| Some((by, verified.iter().find(|one| !one.publisher().is(by))?)));
    if let Some((expected, one)) = stranger {
        return Err(AttestationError::OtherPublisher {
            file: file.clone(),
            found: Box::new(one.publisher().name().clone()),
            expected: Box::new(expected.clone()),
        });
    }
    Ok(provenance_object(&verified).into())
}

/// The attestation that lies beside a distribution, as tools of publishers leave it there: `FILE.publish.attestation`.
#[must_use]
pub fn attestation_beside(distribution: &Path) -> Option<PathBuf> {
    let mut name = distribution.file_name()?.to_owned();
    name.push(".publish.attestation");
    Some(distribution.with_file_name(name)).filter(|beside| beside.is_file())
}

/// Reads the file of one attestation as a list of one. One that is too long stays so.
pub(super) fn read_list(attestation: &Path) -> Result<Bytes, UploadError> {
    let read = |source| UploadError::Read { file: attestation.to_owned(), source };
    let mut list = vec![b'['];
    File::open(attestation).map_err(read)?.take(limits::ATTESTATIONS_BYTES as u64 + 1).read_to_end(&mut list).map_err(read)?;
    list.push(b']');
    Ok(list.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "pypi_attestations-0.0.19.tar.gz";
    const SHA256: &str = "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3";
    const PUBLISH: &str = include_str!("../../../../vectors/attestations/pypi_attestations-0.0.19.tar.gz.publish.attestation");
    const SLSA: &str = include_str!("../../../../vectors/attestations/pypi_attestations-0.0.19.tar.gz.slsa.attestation");
    const STAGING: &str = include_str!("../../../../vectors/attestations/rfc8785-0.1.2-py3-none-any.whl.publish.attestation");

    async fn provenance(list: &[&str], by: Option<&str>) -> Result<Bytes, AttestationError> {
        let verifier = AttestationVerifier::new(TrustedRoot::embedded().unwrap());
        let list = Bytes::from(format!("[{}]", list.join(",")));
        let by = by.map(|name| name.parse().unwrap());
        verifier.provenance(list, &FILE.parse().unwrap(), SHA256.parse().unwrap(), by).await
    }

    #[tokio::test]
    async fn all_attestations_of_an_upload_hold_or_none_is_taken() {
        let object = provenance(&[PUBLISH, SLSA], None).await.unwrap();
        assert_eq!(Attestations::parse_provenance(&object).unwrap().iter().count(), 2);
        assert!(matches!(provenance(&[PUBLISH, STAGING], None).await, Err(AttestationError::Fault { .. })));
        let empty = provenance(&[], None).await.unwrap_err().to_string();
        assert_eq!(empty, "the attestations of pypi_attestations-0.0.19.tar.gz: a list without any attestation; leave it out");
    }

    #[tokio::test]
    async fn a_publisher_that_is_demanded_must_have_signed_each() {
        assert!(provenance(&[PUBLISH, SLSA], Some("github:trailofbits/pypi-attestations/release.yml")).await.is_ok());
        let other = provenance(&[PUBLISH], Some("github:trailofbits/pypi-attestations/other.yml")).await.unwrap_err();
        let words = "pypi_attestations-0.0.19.tar.gz is attested by github:trailofbits/pypi-attestations/release.yml; this token \
                     takes what github:trailofbits/pypi-attestations/other.yml attests";
        assert_eq!(other.to_string(), words);
    }
}
