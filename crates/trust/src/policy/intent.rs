//! Intents: what the owner of a policy means it to guarantee. `policy check` proves them, or shows what breaks them.

use std::fmt;
use std::str::FromStr;

use super::PartyName;
use crate::limits;

/// Something that must hold of everything that the policy lets through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Nothing passes without this party's vouch.
    Requires(PartyName),
    /// This party's vouch alone is never enough.
    NeverAlone(PartyName),
    /// Whoever vouches spans at least so many failure domains.
    AtLeastDomains(u32),
    /// Forging takes at least so many parties.
    MinForgeParties(u32),
    /// Forging takes at least so many keys.
    MinForgeKeys(u32),
    /// At least so many parties have to fall silent before nothing passes any more.
    MinBlockParties(u32),
    /// Losing any one failure domain leaves enough parties.
    SurvivesAnyDomain,
}

/// The text is no intent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseIntentError {
    /// No such intent.
    #[error(
        "expected requires(PARTY), never-alone(PARTY), at-least-domains(N), min-forge-parties(N), min-forge-keys(N), \
         min-block-parties(N) or survives-any-domain"
    )]
    Unknown,
    /// Not a party's name in the parentheses.
    #[error("expected a party's name in the parentheses")]
    Party,
    /// Not a number in the parentheses.
    #[error("expected a whole number from 1 to {} in the parentheses", limits::INTENT_NUMBER)]
    Number,
}

impl Intent {
    /// Whom it names.
    #[must_use]
    pub const fn party(&self) -> Option<&PartyName> {
        match self {
            Self::Requires(party) | Self::NeverAlone(party) => Some(party),
            _ => None,
        }
    }
}

impl FromStr for Intent {
    type Err = ParseIntentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "survives-any-domain" {
            return Ok(Self::SurvivesAnyDomain);
        }
        let parts = text.strip_suffix(')').and_then(|text| text.split_once('('));
        let (word, inside) = parts.ok_or(ParseIntentError::Unknown)?;
        let inside = inside.trim();
        let party = || inside.parse().map_err(|_| ParseIntentError::Party);
        match word {
            "requires" => party().map(Self::Requires),
            "never-alone" => party().map(Self::NeverAlone),
            "at-least-domains" => number(inside).map(Self::AtLeastDomains),
            "min-forge-parties" => number(inside).map(Self::MinForgeParties),
            "min-forge-keys" => number(inside).map(Self::MinForgeKeys),
            "min-block-parties" => number(inside).map(Self::MinBlockParties),
            _ => Err(ParseIntentError::Unknown),
        }
    }
}

fn number(text: &str) -> Result<u32, ParseIntentError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { text.parse().ok() } else { None };
    number.filter(|number| (1..=limits::INTENT_NUMBER).contains(number)).ok_or(ParseIntentError::Number)
}

impl fmt::Display for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requires(party) => write!(f, "requires({party})"),
            Self::NeverAlone(party) => write!(f, "never-alone({party})"),
            Self::AtLeastDomains(number) => write!(f, "at-least-domains({number})"),
            Self::MinForgeParties(number) => write!(f, "min-forge-parties({number})"),
            Self::MinForgeKeys(number) => write!(f, "min-forge-keys({number})"),
            Self::MinBlockParties(number) => write!(f, "min-block-parties({number})"),
            Self::SurvivesAnyDomain => f.write_str("survives-any-domain"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intent_reads_back_to_the_same() {
        for text in [
            "requires(index)",
            "never-alone(curator-1)",
            "at-least-domains(2)",
            "min-forge-parties(3)",
            "min-forge-keys(4)",
            "min-block-parties(2)",
            "survives-any-domain",
        ] {
            assert_eq!(text.parse::<Intent>().unwrap().to_string(), text);
        }
        assert_eq!("requires( index )".parse(), Ok(Intent::Requires("index".parse().unwrap())));
    }

    #[test]
    fn anything_else_is_no_intent() {
        for text in [
            "",
            "requires",
            "requires()",
            "requires(a b)",
            "requires(a",
            "at-least-domains(0)",
            "at-least-domains(x)",
            "min-forge-keys(+1)",
            "min-forge-keys(99999999999)",
            "survives-any-domain()",
            "Requires(a)",
            "forbids(a)",
        ] {
            assert!(text.parse::<Intent>().is_err(), "{text}");
        }
    }
}
