//! Public keys, in the forms in which others want them.

use affineur_tuf::Hashes;
use affineur_tuf::key::{Key, KeyError, KeyId, PublicKey, Scheme};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A public key of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicPart {
    key: Key,
    public: PublicKey,
}

impl PublicPart {
    /// Reads a key.
    ///
    /// # Errors
    /// When it could verify nothing.
    pub fn new(key: Key) -> Result<Self, KeyError> {
        Ok(Self { public: key.public()?, key })
    }

    /// As TUF metadata have it.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Its identifier in TUF metadata.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.key.computed_id()
    }

    /// How it signs.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.public.scheme()
    }

    /// SHA-256 of the key in DER (SubjectPublicKeyInfo), in hexadecimal digits, as common tools compute it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        Hashes::sha256_of(self.public.material()).digest("sha256").unwrap_or_default().to_owned()
    }

    /// SubjectPublicKeyInfo in PEM (RFC 7468).
    #[must_use]
    pub fn to_pem(&self) -> String {
        self.public.to_pem()
    }

    /// As OpenSSH writes it, one line (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4). `None` for schemes that no key of ours has.
    #[must_use]
    pub fn to_openssh(&self, name: &str) -> Option<String> {
        // In DER, the key itself comes last.
        let der = self.public.material();
        let last = |bytes: usize| der.get(der.len().checked_sub(bytes)?..);
        let (algorithm, parts): (&str, Vec<&[u8]>) = match self.scheme() {
            Scheme::Ed25519 => ("ssh-ed25519", vec![last(32)?]),
            Scheme::EcdsaP256 => ("ecdsa-sha2-nistp256", vec![b"nistp256", last(65)?]),
            _ => return None,
        };
        let fields = std::iter::once(algorithm.as_bytes()).chain(parts);
        let blob: Vec<u8> = fields.flat_map(|field| [&length(field), field].concat()).collect();
        Some(format!("{algorithm} {} {name}\n", STANDARD.encode(blob)))
    }
}

/// Four bytes, the highest first (RFC 4251 §5).
fn length(field: &[u8]) -> [u8; 4] {
    u32::try_from(field.len()).unwrap_or_default().to_be_bytes()
}
