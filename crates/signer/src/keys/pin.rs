//! PINs of tokens.

use age::secrecy::SecretString;

/// What lets the user of a token sign with it. It is never printed.
#[derive(Clone)]
pub struct Pin(#[cfg_attr(not(feature = "pkcs11"), expect(dead_code, reason = "only tokens take one"))] SecretString);

impl Pin {
    /// Takes a PIN as it was typed or read from a file; line ends after it do not count.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned()))
    }

    #[cfg(feature = "pkcs11")]
    pub(super) fn secret(&self) -> &SecretString {
        &self.0
    }
}

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pin(***)")
    }
}
