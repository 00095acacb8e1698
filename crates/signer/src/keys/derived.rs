//! Keys that are derived from a passphrase and an identity, so that they can be made again anywhere (PEP 480, "easy keys").
//!
//! Nothing secret is stored. The public key is public, so whoever guesses can check each guess at leisure: only a passphrase that was
//! generated here is taken, 120 random bits with check digits. It is no matter of taste that people cannot choose one.

use std::fmt::{self, Display};
use std::str::FromStr;

use affineur_tuf::key::KeyPair;
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::key_file::Passphrase;
use crate::limits::{DERIVED_LOG_N, IDENTITY_BYTES};

/// Digits of the passphrase, five bits each: none looks like another one (Crockford's base 32).
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Random digits: 120 bits.
const RANDOM: usize = 24;
/// Digits that notice a slip: one in a million goes unnoticed.
const CHECK: usize = 4;
/// What sets these keys apart from anything else that is made from the same passphrase.
const DOMAIN: &[u8] = b"affineur-derived-key-1\0";

/// How a key is derived again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Derivation {
    /// Whose key; not secret. The same passphrase makes another key for another identity.
    pub identity: Identity,
}

/// Whose key is derived: `alice@example.org`. ASCII, since other letters can be typed in several ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Identity(String);

/// The text cannot be an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an identity has 1 to {IDENTITY_BYTES} visible ASCII characters and no spaces")]
pub struct ParseIdentityError;

impl TryFrom<String> for Identity {
    type Error = ParseIdentityError;

    fn try_from(text: String) -> Result<Self, ParseIdentityError> {
        let is_fine = (1..=IDENTITY_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_fine { Ok(Self(text)) } else { Err(ParseIdentityError) }
    }
}

impl FromStr for Identity {
    type Err = ParseIdentityError;

    fn from_str(text: &str) -> Result<Self, ParseIdentityError> {
        text.to_owned().try_into()
    }
}

impl Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A passphrase that was generated: 28 digits in groups of four. It is printed only by [`GeneratedPassphrase::reveal`].
#[derive(Clone, PartialEq, Eq)]
pub struct GeneratedPassphrase(Zeroizing<String>);

/// The text is no generated passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no generated passphrase, which has 28 letters and digits, or it was mistyped")]
pub struct NotGenerated;

impl GeneratedPassphrase {
    /// A new one; `None` when the system has no randomness.
    #[must_use]
    pub fn random() -> Option<Self> {
        let mut random = Zeroizing::new([0; RANDOM]);
        getrandom::fill(random.as_mut()).ok()?;
        let digits = Zeroizing::new(random.iter().map(|byte| digit(*byte)).collect::<String>());
        Some(Self(Zeroizing::new(format!("{}{}", *digits, *check(&digits)))))
    }

    /// What a person wrote down: case, spaces and hyphens do not matter, nor o for 0, i and l for 1.
    ///
    /// # Errors
    /// [`NotGenerated`].
    pub fn parse(passphrase: &Passphrase) -> Result<Self, NotGenerated> {
        let plain = passphrase.text().chars().filter(|character| !matches!(character, ' ' | '-'));
        let digits = plain.map(|character| match character.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        });
        let digits = Zeroizing::new(digits.collect::<String>());
        let is_known = digits.bytes().all(|byte| DIGITS.contains(&byte));
        match digits.split_at_checked(RANDOM) {
            Some((random, last)) if is_known && last == check(random).as_str() => Ok(Self(digits)),
            _ => Err(NotGenerated),
        }
    }

    /// The passphrase, to be written down.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(2 * self.0.len()));
        for (at, digit) in self.0.chars().enumerate() {
            if at > 0 && at % 4 == 0 {
                text.push('-');
            }
            text.push(digit);
        }
        text
    }

    /// The key of an identity; `None` when the cryptographic libraries fail.
    pub(super) fn key(&self, derivation: &Derivation) -> Option<KeyPair> {
        let mut seed = Zeroizing::new([0; 32]);
        let salt = [DOMAIN, derivation.identity.0.as_bytes()].concat();
        let work = scrypt::Params::new(DERIVED_LOG_N, 8, 1, 32).ok()?;
        scrypt::scrypt(self.0.as_bytes(), &salt, &work, seed.as_mut()).ok()?;
        KeyPair::from_seed(*seed).ok()
    }
}

impl fmt::Debug for GeneratedPassphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GeneratedPassphrase(***)")
    }
}

/// The digits that follow random ones.
fn check(random: &str) -> Zeroizing<String> {
    let digest = digest(&SHA256, &Zeroizing::new([DOMAIN, random.as_bytes()].concat()));
    Zeroizing::new(digest.as_ref().iter().take(CHECK).map(|byte| digit(*byte)).collect())
}

/// The digit of a byte's last five bits.
fn digit(byte: u8) -> char {
    DIGITS.get(usize::from(byte % 32)).copied().map_or('0', char::from)
}

#[cfg(test)]
mod tests {
    use affineur_tuf::key::Signer as _;

    use super::*;

    fn parse(text: &str) -> Result<GeneratedPassphrase, NotGenerated> {
        GeneratedPassphrase::parse(&Passphrase::new(text).unwrap())
    }

    #[test]
    fn a_generated_passphrase_is_read_as_people_write_it() {
        let made = GeneratedPassphrase::random().unwrap();
        let text = made.reveal();
        assert_eq!((text.len(), text.matches('-').count()), (34, 6));
        assert_eq!(parse(&text), Ok(made.clone()));
        assert_eq!(parse(&text.to_uppercase().replace('-', " ").replace('0', "O").replace('1', "l")), Ok(made.clone()));
        assert_ne!(GeneratedPassphrase::random(), Some(made.clone()));
        assert!(!format!("{made:?}").contains(&text[..4]));
    }

    #[test]
    fn what_people_choose_and_what_was_mistyped_is_refused() {
        let text = GeneratedPassphrase::random().unwrap().reveal();
        let plain = text.replace('-', "");
        for at in 0..plain.len() {
            let mut slip = plain.clone().into_bytes();
            slip[at] = if slip[at] == b'7' { b'8' } else { b'7' };
            assert_eq!(parse(&String::from_utf8(slip).unwrap()), Err(NotGenerated), "at {at}");
        }
        let chosen = ["correct horse battery staple", "0000-0000-0000-0000-0000-0000-0000", "ünïcödé ünïcödé ünïcödé ün"];
        for bad in [&plain[1..], &plain[..27], &format!("{plain}0"), chosen[0], chosen[1], chosen[2]] {
            assert_eq!(parse(bad), Err(NotGenerated), "{bad}");
        }
    }

    #[test]
    fn a_key_is_the_same_for_ever() {
        let derivation = Derivation { identity: "alice@example.org".parse().unwrap() };
        let random = "0123456789abcdefghjkmnpq";
        let made = parse(&format!("{random}{}", *check(random))).unwrap();
        let expected = "209022bc1811565400f8d3d97db2a208e60b120dd172e768c33f40c1455cce09";
        assert_eq!(
            (made.reveal().as_str(), made.key(&derivation).unwrap().key().keyval.public.as_str()),
            ("0123-4567-89ab-cdef-ghjk-mnpq-w476", expected)
        );
    }

    #[test]
    fn identities_have_one_spelling() {
        assert!("alice@example.org".parse::<Identity>().is_ok());
        for bad in ["", "a b", "a\n", "é", &"a".repeat(IDENTITY_BYTES + 1)] {
            assert_eq!(bad.parse::<Identity>(), Err(ParseIdentityError), "{bad:?}");
        }
    }
}
