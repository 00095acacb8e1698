//! Parties: their names and kinds.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use affineur_packaging::ProjectName;
use url::Url;

use super::Repository;
use crate::limits;

/// A party's name in a policy: ASCII letters, digits, `-`, `_`, `.`.
///
/// Copies share the text: each file's evidence has one for each party.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartyName(Arc<str>);

impl serde::Serialize for PartyName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// The text is no party's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a party's name has 1 to {} ASCII letters, digits, '-', '_' or '.'", limits::PARTY_NAME_BYTES)]
pub struct ParsePartyNameError;

impl PartyName {
    /// The name of a source that no policy names: found where an installer would look by itself.
    ///
    /// The same URL always gives the same name and two URLs never share one: the name of `https://HOST/simple/` is its host;
    /// every other one gets the beginning of a digest of scheme, host, port and path. Credentials, query and fragment do not
    /// count.
    #[must_use]
    pub fn learned(url: &Url) -> Self {
        let host = url.host_str().unwrap_or("local");
        let path = url.path().trim_matches('/');
        let plain = url.scheme() == "https" && url.port().is_none() && path == "simple";
        // Names with a digest have a '_' and plain ones have none, so that none can pose as the other.
        if plain && host.parse::<Self>().is_ok() && !host.contains('_') {
            return Self(host.into());
        }
        let port = url.port().map(|port| format!("-{port}")).unwrap_or_default();
        let readable = format!("{host}{port}-{path}");
        let mut name: String = readable.chars().map(|c| if allowed(c) && c != '_' { c } else { '-' }).collect();
        name.truncate(limits::PARTY_NAME_BYTES - 1 - LEARNED_DIGITS);
        let exact = format!("{}://{host}:{}/{path}", url.scheme(), url.port_or_known_default().unwrap_or_default());
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, exact.as_bytes());
        name.push('_');
        name.extend(digest.as_ref().iter().take(LEARNED_DIGITS / 2).map(|byte| format!("{byte:02x}")));
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The environment variable that has this party's credentials. A policy in which two parties share one is refused.
    #[must_use]
    pub fn credentials_variable(&self) -> String {
        let upper = self.0.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
        format!("AFFINEUR_CREDENTIALS_{}", upper.collect::<String>())
    }
}

/// Digits of the digest in a learned name: 64 bits, so that nobody finds a URL with the name of another one.
const LEARNED_DIGITS: usize = 16;

const fn allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
}

impl FromStr for PartyName {
    type Err = ParsePartyNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=limits::PARTY_NAME_BYTES).contains(&text.len());
        if fits && text.chars().all(allowed) { Ok(Self(text.into())) } else { Err(ParsePartyNameError) }
    }
}

impl fmt::Display for PartyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PartyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartyName({})", self.0)
    }
}

/// Somebody whose word counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// What kind of party.
    pub kind: PartyKind,
    /// What fails together with it: whoever breaks into one of these has the party. By itself where there is none.
    pub domains: Vec<Domain>,
}

impl Party {
    /// The most that it can add to a score.
    #[must_use]
    pub fn heaviest(&self) -> MilliTrust {
        match &self.kind {
            PartyKind::Upstream(upstream) => upstream.weight.unwrap_or_default(),
            PartyKind::Repository(repository) => repository.weight.values().max().copied().unwrap_or_default(),
        }
    }
}

/// The name of something that fails as a whole: an account provider, a security module, a vendor.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct Domain(String);

/// The text is no failure domain's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a failure domain's name has 1 to {} ASCII letters, digits, '-', '_', '.' or ':'", limits::PARTY_NAME_BYTES)]
pub struct ParseDomainError;

impl Domain {
    /// The domain of a party that has no other.
    pub(crate) fn of_party(name: &PartyName) -> Self {
        Self(name.0.to_string())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Domain {
    type Err = ParseDomainError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=limits::PARTY_NAME_BYTES).contains(&text.len());
        if fits && text.chars().all(|c| allowed(c) || c == ':') { Ok(Self(text.to_owned())) } else { Err(ParseDomainError) }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The kinds of parties. An upstream is never a repository: no code path can confuse the two.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartyKind {
    /// An index without TUF: its claim is pinned, never vouches (DESIGN §4.6).
    Upstream(Upstream),
    /// A TUF repository: its claim is verified or there is none.
    Repository(Repository),
}

/// An index without TUF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Its Simple API, ending in `/`, without credentials.
    pub url: Url,
    /// A project that is always there: how *absent* is told from *unavailable*.
    pub canary: Option<ProjectName>,
    /// What its pinned claims add to a score. Nothing where absent (DESIGN §4.6).
    pub weight: Option<MilliTrust>,
}

/// Why a URL is not an upstream's. Never contains the URL, which may have a secret in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamUrlError {
    /// Not a URL.
    #[error("expected an absolute URL, http or https")]
    Malformed,
    /// Another scheme.
    #[error("expected a URL with http or https")]
    Scheme,
    /// User name or password inside.
    #[error("a URL with credentials in it ends up in logs and in other people's hands")]
    Credentials,
    /// Query or fragment, which a base URL cannot have.
    #[error("an index URL has neither '?' nor '#'")]
    Query,
}

impl Upstream {
    /// An upstream at a URL, to which a final `/` is added where it lacks one.
    ///
    /// # Errors
    /// See [`UpstreamUrlError`].
    pub fn at(url: Url) -> Result<Self, UpstreamUrlError> {
        Ok(Self { url: base_url(url)?, canary: None, weight: None })
    }
}

/// The base of an index's or a repository's URLs: a final `/` is added where it lacks one.
pub(super) fn base_url(mut url: Url) -> Result<Url, UpstreamUrlError> {
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(UpstreamUrlError::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UpstreamUrlError::Credentials);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(UpstreamUrlError::Query);
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// An amount of trust in thousandths: exact, never a float.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct MilliTrust(u32);

/// The text is no amount of trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a number of at most {} with at most 3 decimals, such as \"0.5\"", limits::MILLI_TRUST / 1_000)]
pub struct ParseTrustError;

impl MilliTrust {
    /// The amount in thousandths.
    #[must_use]
    pub const fn thousandths(self) -> u32 {
        self.0
    }

    /// Of one party's weight that was added up with others: never more than the largest amount.
    pub(crate) fn from_sum(thousandths: u64) -> Self {
        Self(u32::try_from(thousandths).unwrap_or(limits::MILLI_TRUST).min(limits::MILLI_TRUST))
    }

    #[cfg(test)]
    pub(crate) const fn of_thousandths(thousandths: u32) -> Self {
        Self(thousandths)
    }
}

impl FromStr for MilliTrust {
    type Err = ParseTrustError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str, most| (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole, 4) || !digits(decimals, 3) {
            return Err(ParseTrustError);
        }
        let thousandths = format!("{whole}{decimals:0<3}").parse().map_err(|_| ParseTrustError)?;
        if thousandths <= limits::MILLI_TRUST { Ok(Self(thousandths)) } else { Err(ParseTrustError) }
    }
}

impl fmt::Display for MilliTrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:03}", self.0 / 1_000, self.0 % 1_000);
        let short = text.trim_end_matches('0');
        f.write_str(short)?;
        if short.ends_with('.') { f.write_str("0") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
