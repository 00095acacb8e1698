//! Why a party does not count for a file, in words.

use std::fmt;

use affineur_packaging::text::printable;
use jiff::Timestamp;

use crate::text::{minute, thousandths};
use crate::{Class, MilliTrust, NotVouched, PartyName, Worth, limits};

/// Why a party does not count for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It answered, and does not vouch.
    Silent,
    /// No current answer could be had.
    Unavailable {
        /// Why, in our own words.
        problem: String,
    },
    /// It has not said anything new for longer than `max-stale`.
    Stale {
        /// When its newest statement came.
        heard: Option<Timestamp>,
    },
    /// Its repository does not vouch: why.
    NotVouched {
        /// Why.
        why: Box<NotVouched>,
    },
    /// Its statement has ended.
    Expired {
        /// When.
        at: Timestamp,
    },
    /// It vouches on an origin that was counted already.
    SameOrigin {
        /// For whom.
        with: PartyName,
    },
    /// It vouches, and could weigh more.
    Lighter {
        /// As what it is counted.
        worth: Worth,
        /// What that counts.
        weight: MilliTrust,
        /// What it could count.
        heaviest: MilliTrust,
        /// As what else it vouches, heavier, and with whom that has an origin in common that was counted already.
        instead: Option<(Worth, PartyName)>,
    },
    /// It vouches on the word of an author against whom somebody with a veto objects.
    VoidAuthor,
    /// It says that the file is another one.
    Contradicts,
}

impl Standing {
    /// A word for programs; never changes.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Unavailable { .. } => "unavailable",
            Self::Stale { .. } => "stale",
            Self::NotVouched { why } => why.code(),
            Self::Expired { .. } => "expired",
            Self::SameOrigin { .. } => "same-origin",
            Self::Lighter { .. } => "lighter",
            Self::VoidAuthor => "void-author",
            Self::Contradicts => "contradicts",
        }
    }

    /// How bad it is where the party is needed.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Silent | Self::Expired { .. } | Self::SameOrigin { .. } | Self::Lighter { .. } | Self::VoidAuthor => {
                Class::Refused
            }
            Self::Unavailable { .. } | Self::Stale { .. } => Class::Undecided,
            Self::NotVouched { why } => why.class(),
            Self::Contradicts => Class::Hostile,
        }
    }
}

/// What follows a party's name: one line of printable ASCII.
impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => f.write_str("is silent"),
            Self::Unavailable { problem } => {
                let problem = printable(problem, limits::PROBLEM_CHARACTERS);
                match problem.trim_end_matches(['.', ' ']) {
                    "" => f.write_str("is unavailable"),
                    problem => write!(f, "is unavailable ({problem})"),
                }
            }
            Self::Stale { heard: Some(heard) } => write!(f, "is stale (nothing new since {})", minute(*heard)),
            Self::Stale { heard: None } => f.write_str("is stale (never heard)"),
            Self::NotVouched { why } => write!(f, "does not vouch ({why})"),
            Self::Expired { at } => write!(f, "is silent (its statement ended {})", minute(*at)),
            Self::SameOrigin { with } => write!(f, "adds nothing (same origin as {with})"),
            Self::Lighter { worth, weight, heaviest, instead } => {
                let (weight, heaviest) = (weight.thousandths().into(), heaviest.thousandths().into());
                write!(f, "counts {} of {} ({worth}", thousandths(weight), thousandths(heaviest))?;
                match instead {
                    Some((worth, with)) => write!(f, "; {worth} has the same origin as {with})"),
                    None => f.write_str(")"),
                }
            }
            Self::VoidAuthor => f.write_str("adds nothing (somebody with a veto objects to the author it trusts)"),
            Self::Contradicts => f.write_str("contradicts"),
        }
    }
}
