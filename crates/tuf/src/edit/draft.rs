//! A role's metadata while it is being written.

use serde::Deserialize;

use super::{SignError, Signed};
use crate::error::Fault;
use crate::key::Signer;
use crate::metadata::{Role, Version};
use crate::time::Expiry;
use crate::verify::{Current, Unverified};

/// A role's metadata, free to be edited.
#[derive(Clone, Debug)]
pub struct Draft<R> {
    pub(super) body: R,
}

impl<R: Role> Draft<R> {
    /// Begins with verified metadata: the next version of it, unknown fields included.
    ///
    /// # Errors
    /// [`Fault::LastVersion`].
    pub fn after(current: &Current<R>) -> Result<Self, Fault> {
        Self { body: current.body().clone() }.next()
    }

    /// Begins with a file of one's own repository. Its signatures are not checked: whoever signs answers for what is signed.
    ///
    /// # Errors
    /// What [`Unverified::parse`] finds.
    pub fn reopen(file: &[u8]) -> Result<Self, Fault> {
        Ok(Self { body: Unverified::parse(file)?.into_body() })
    }

    /// The next version of this.
    ///
    /// # Errors
    /// [`Fault::LastVersion`].
    pub fn next(mut self) -> Result<Self, Fault> {
        let version = self.version();
        let next = version.next().ok_or(Fault::LastVersion(version))?;
        self.body.renew(next, self.body.expires());
        Ok(self)
    }

    /// The version that will be signed.
    #[must_use]
    pub fn version(&self) -> Version {
        self.body.version()
    }

    /// Sets the version that will be signed.
    pub fn set_version(&mut self, version: Version) -> &mut Self {
        self.body.renew(version, self.body.expires());
        self
    }

    /// Sets the expiry that will be signed.
    pub fn set_expires(&mut self, expires: Expiry) -> &mut Self {
        self.body.renew(self.body.version(), expires);
        self
    }

    /// What will be signed.
    #[must_use]
    pub const fn body(&self) -> &R {
        &self.body
    }

    /// Signs it, unless clients would refuse what it says.
    ///
    /// # Errors
    /// [`Fault::Format`], or what the first signer that fails says.
    pub fn sign<'a>(&self, signers: impl IntoIterator<Item = &'a dyn Signer>) -> Result<Signed<R>, SignError> {
        Signed::new(&self.body, signers)
    }
}

/// Until when a file of one's own repository may be used, without a look at the rest of it.
///
/// # Errors
/// [`Fault::Format`].
pub fn expiry_of(file: &[u8]) -> Result<Expiry, Fault> {
    #[derive(Deserialize)]
    struct Envelope {
        signed: Expiring,
    }
    #[derive(Deserialize)]
    struct Expiring {
        expires: Expiry,
    }
    let envelope: Envelope = serde_json::from_slice(file).map_err(|error| Fault::Format(error.to_string()))?;
    Ok(envelope.signed.expires)
}
