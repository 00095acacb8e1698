//! What a file must have behind it besides its source.

use std::collections::BTreeSet;

use super::{MilliTrust, PartyName, Rule};

/// What a file must have behind it besides its source. All of it must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Demand {
    /// The least sum of weights over vouches no two of which share an origin.
    pub minimum_score: Option<MilliTrust>,
    /// Parties that must vouch, whatever the score.
    pub require: Vec<PartyName>,
    /// A rule over parties that must hold too.
    pub rule: Option<Rule>,
    /// Who may let a file through before its wait is over. Never lowers the rest of the demand.
    pub urgent: Option<Rule>,
    /// Which track is wanted, where a project has one.
    pub track: Option<Track>,
}

/// The tracks of a project whose index has a role `stable`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Track {
    /// What the offline role `stable` signed.
    Stable,
    /// Everything newer.
    Latest,
}

impl Track {
    /// The word for it in a policy.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Latest => "latest",
        }
    }
}

impl Demand {
    /// Whether it says who has to vouch. A score of zero says: nobody.
    #[must_use]
    pub const fn states_vouches(&self) -> bool {
        self.minimum_score.is_some() || self.asks_for_vouches()
    }

    /// Whether somebody has to vouch.
    #[must_use]
    pub const fn asks_for_vouches(&self) -> bool {
        let score = match self.minimum_score {
            Some(score) => score.thousandths() > 0,
            None => false,
        };
        score || !self.require.is_empty() || self.rule.is_some()
    }

    /// Everybody whom it names: their contradictions are hostile.
    #[must_use]
    pub fn named(&self) -> BTreeSet<&PartyName> {
        self.require.iter().chain(self.rule.iter().flat_map(Rule::parties)).collect()
    }
}
