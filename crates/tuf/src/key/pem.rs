//! PEM of a single public key (RFC 7468), nothing before or after it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What a PEM text says that it contains.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// SubjectPublicKeyInfo, of any algorithm (RFC 5280).
    PublicKey,
    /// RSAPublicKey (RFC 8017, PKCS #1).
    RsaPublicKey,
}

impl Label {
    fn name(self) -> &'static str {
        match self {
            Self::PublicKey => "PUBLIC KEY",
            Self::RsaPublicKey => "RSA PUBLIC KEY",
        }
    }
}

/// The label and the DER within. Lines may have any length and any ends: they say nothing about the key.
pub(super) fn decode(text: &str) -> Option<(Label, Vec<u8>)> {
    [Label::PublicKey, Label::RsaPublicKey].into_iter().find_map(|label| {
        let name = label.name();
        let rest = text.trim_ascii().strip_prefix("-----BEGIN ")?.strip_prefix(name)?.strip_prefix("-----")?;
        let body = rest.strip_suffix("-----")?.strip_suffix(name)?.strip_suffix("-----END ")?;
        let digits: String = body.chars().filter(|character| !character.is_ascii_whitespace()).collect();
        Some((label, STANDARD.decode(digits).ok()?))
    })
}

/// Lines of 64 characters and a line end after the last, as most programs write it.
#[cfg(feature = "signing")]
pub(super) fn encode(subject_public_key_info: &[u8]) -> String {
    let name = Label::PublicKey.name();
    let mut text = format!("-----BEGIN {name}-----\n");
    // 48 bytes are 64 characters.
    for line in subject_public_key_info.chunks(48) {
        text.push_str(&STANDARD.encode(line));
        text.push('\n');
    }
    text + "-----END " + name + "-----\n"
}
