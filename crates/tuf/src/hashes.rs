//! Digests and lengths of files, checked before anything is parsed.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

/// HASHES (§4.4): digests in hexadecimal digits by the name of their algorithm. Algorithms that we do not know are kept and
/// not checked; at least one that we do know must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hashes(BTreeMap<Box<str>, Box<str>>);

/// A file is not the one that was listed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Another length.
    #[error("expected {expected} bytes, found {}{found}", if *more { "at least " } else { "" })]
    Length {
        /// As listed.
        expected: u64,
        /// As received so far.
        found: u64,
        /// Whether reading stopped there.
        more: bool,
    },
    /// Another digest.
    #[error("expected {algorithm} {expected}, found {found}")]
    Digest {
        /// `sha256`, `sha384` or `sha512`.
        algorithm: &'static str,
        /// As listed, in lower case.
        expected: String,
        /// As computed.
        found: String,
    },
    /// No digest that we can check is listed.
    #[error("no sha256, sha384 or sha512 digest is listed")]
    NoKnownAlgorithm,
}

impl Mismatch {
    /// Whether other bytes came than were listed. That none can be checked is the lister's fault, and contradicts nothing.
    #[must_use]
    pub const fn is_hostile(&self) -> bool {
        match self {
            Self::Length { .. } | Self::Digest { .. } => true,
            Self::NoKnownAlgorithm => false,
        }
    }
}

const KNOWN: [(&str, &digest::Algorithm); 3] =
    [("sha256", &digest::SHA256), ("sha384", &digest::SHA384), ("sha512", &digest::SHA512)];

impl Hashes {
    /// The SHA-256 of some bytes, and nothing else.
    #[must_use]
    pub fn sha256_of(bytes: &[u8]) -> Self {
        Self::default().with("sha256", &hex(digest::digest(&digest::SHA256, bytes).as_ref()))
    }

    /// Adds a digest, or replaces it.
    #[must_use]
    pub fn with(mut self, algorithm: &str, hexadecimal: &str) -> Self {
        self.0.insert(algorithm.into(), hexadecimal.into());
        self
    }

    /// The digest under this algorithm, as it is written.
    #[must_use]
    pub fn digest(&self, algorithm: &str) -> Option<&str> {
        self.0.get(algorithm).map(AsRef::as_ref)
    }

    /// Algorithms and digests, as they are written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(algorithm, digest)| (algorithm.as_ref(), digest.as_ref()))
    }

    /// The digest to ask for in a file name (§6.2): SHA-256, or the shortest of the others that is listed. `None` if it is not
    /// well formed; then no file can have it.
    #[must_use]
    pub fn preferred(&self) -> Option<&str> {
        let (name, algorithm) = KNOWN.iter().find(|(name, _)| self.0.contains_key(*name))?;
        let digest = self.digest(name)?;
        let well_formed = digest.len() == algorithm.output_len() * 2 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        well_formed.then_some(digest)
    }

    /// Checks whole bytes.
    ///
    /// # Errors
    /// [`Mismatch::Digest`], [`Mismatch::NoKnownAlgorithm`].
    pub fn check(&self, bytes: &[u8]) -> Result<(), Mismatch> {
        let mut checker = self.checker(u64::try_from(bytes.len()).unwrap_or(u64::MAX))?;
        checker.update(bytes)?;
        checker.finish()
    }

    /// Begins to check a file of this length that comes in parts.
    ///
    /// # Errors
    /// [`Mismatch::NoKnownAlgorithm`].
    pub fn checker(&self, length: u64) -> Result<Checker, Mismatch> {
        let known = KNOWN.iter().filter_map(|(name, algorithm)| {
            let expected = self.digest(name)?.to_ascii_lowercase();
            Some((*name, expected, digest::Context::new(algorithm)))
        });
        let contexts: Vec<_> = known.collect();
        if contexts.is_empty() {
            return Err(Mismatch::NoKnownAlgorithm);
        }
        Ok(Checker { contexts, length, seen: 0 })
    }
}

/// Checks a file that comes in parts against its length and its digests.
pub struct Checker {
    contexts: Vec<(&'static str, String, digest::Context)>,
    length: u64,
    seen: u64,
}

impl Checker {
    /// Takes the next part.
    ///
    /// # Errors
    /// [`Mismatch::Length`] as soon as there is more than was listed.
    pub fn update(&mut self, part: &[u8]) -> Result<(), Mismatch> {
        self.seen = self.seen.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
        if self.seen > self.length {
            return Err(Mismatch::Length { expected: self.length, found: self.seen, more: true });
        }
        for (_, _, context) in &mut self.contexts {
            context.update(part);
        }
        Ok(())
    }

    /// Bytes taken so far.
    #[must_use]
    pub const fn seen(&self) -> u64 {
        self.seen
    }

    /// The file has ended.
    ///
    /// # Errors
    /// Any [`Mismatch`].
    pub fn finish(self) -> Result<(), Mismatch> {
        if self.seen != self.length {
            return Err(Mismatch::Length { expected: self.length, found: self.seen, more: false });
        }
        for (algorithm, expected, context) in self.contexts {
            let found = hex(context.finish().as_ref());
            if found != expected {
                return Err(Mismatch::Digest { algorithm, expected, found });
            }
        }
        Ok(())
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).map(char::from).collect()
}

/// The digit of a number below 16.
pub(crate) const fn digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}

/// SHA-256 as 32 bytes.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}

#[cfg(test)]
mod tests;
