//! One metadata file, of which nothing is verified.

use affineur_tuf::key::{KeyId, Signature};
use affineur_tuf::{Expiry, Fault, Role, Root, Snapshot, Targets, Timestamp, Unverified, Version};
use serde::Deserialize;

/// A metadata file. Whether anybody signed it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it says.
    pub body: Body,
    /// The keys that are said to have signed it.
    pub claimed_signers: Vec<KeyId>,
}

/// What a metadata file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A root.
    Root(Root),
    /// A timestamp.
    Timestamp(Timestamp),
    /// A snapshot.
    Snapshot(Snapshot),
    /// Targets, top-level or delegated.
    Targets(Targets),
}

#[derive(Deserialize)]
struct Envelope<R> {
    signed: R,
}

#[derive(Deserialize)]
struct Signatures {
    signatures: Vec<Signature>,
}

impl Document {
    /// Reads a metadata file of any type, as strictly as one that is to be verified.
    ///
    /// # Errors
    /// What [`Unverified::parse`] finds.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let body = match body::<Root>(bytes) {
            Err(Fault::Kind { found, .. }) => match found.as_str() {
                "timestamp" => Body::Timestamp(body(bytes)?),
                "snapshot" => Body::Snapshot(body(bytes)?),
                "targets" => Body::Targets(body(bytes)?),
                _ => return Err(Fault::Format("its type is none of root, timestamp, snapshot and targets".to_owned())),
            },
            root => Body::Root(root?),
        };
        let Signatures { signatures } = read(bytes)?;
        Ok(Self { body, claimed_signers: signatures.into_iter().map(|signature| signature.keyid).collect() })
    }

    /// VERSION.
    #[must_use]
    pub fn version(&self) -> Version {
        match &self.body {
            Body::Root(body) => Role::version(body),
            Body::Timestamp(body) => Role::version(body),
            Body::Snapshot(body) => Role::version(body),
            Body::Targets(body) => Role::version(body),
        }
    }

    /// EXPIRES.
    #[must_use]
    pub fn expires(&self) -> Expiry {
        match &self.body {
            Body::Root(body) => Role::expires(body),
            Body::Timestamp(body) => Role::expires(body),
            Body::Snapshot(body) => Role::expires(body),
            Body::Targets(body) => Role::expires(body),
        }
    }
}

/// The body of a file that the core can read.
pub(super) fn body<R: Role>(bytes: &[u8]) -> Result<R, Fault> {
    Unverified::<R>::parse(bytes)?;
    Ok(read::<Envelope<R>>(bytes)?.signed)
}

fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Fault> {
    serde_json::from_slice(bytes).map_err(|_| Fault::Format("not as it was a moment ago".to_owned()))
}
