//! Each party's claim about one file, in the order of names.

use std::sync::Arc;

use crate::{Claim, PartyName};

/// Each party's claim about one file, in the order of names. A party that is not here is silent.
///
/// Whoever decides about many files makes one for all of them and states the claims of each by [position](Self::position): then
/// names are compared once, and not for every file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// In order, each once.
    parties: Arc<[PartyName]>,
    claims: Vec<Claim>,
}

impl Claims {
    /// All of these are silent.
    #[must_use]
    pub fn silent(parties: impl IntoIterator<Item = PartyName>) -> Self {
        let mut parties: Vec<_> = parties.into_iter().collect();
        parties.sort();
        parties.dedup();
        Self { claims: vec![Claim::Silent; parties.len()], parties: parties.into() }
    }

    /// Where a party's claim stands.
    #[must_use]
    pub fn position(&self, party: &PartyName) -> Option<usize> {
        self.parties.binary_search(party).ok()
    }

    /// Whose claim stands at a position.
    #[must_use]
    pub fn party(&self, at: usize) -> Option<&PartyName> {
        self.parties.get(at)
    }

    /// States the claim at a position, and gives back the one that stood there. Beyond the last one there is no position.
    pub fn set(&mut self, at: usize, claim: Claim) -> Option<Claim> {
        self.claims.get_mut(at).map(|own| std::mem::replace(own, claim))
    }

    /// States a party's claim, whether or not it is here yet.
    pub fn insert(&mut self, party: PartyName, claim: Claim) {
        match self.parties.binary_search(&party) {
            Ok(at) => drop(self.set(at, claim)),
            Err(at) => {
                let (before, after) = self.parties.split_at_checked(at).unwrap_or_default();
                self.parties = before.iter().cloned().chain([party]).chain(after.iter().cloned()).collect();
                self.claims.insert(at, claim);
            }
        }
    }

    /// A party's claim.
    #[must_use]
    pub fn get(&self, party: &PartyName) -> Option<&Claim> {
        self.at(self.position(party)?)
    }

    /// The claim at a position.
    pub(crate) fn at(&self, at: usize) -> Option<&Claim> {
        self.claims.get(at)
    }

    /// Whose claims they are, in order.
    pub(crate) const fn parties(&self) -> &Arc<[PartyName]> {
        &self.parties
    }

    /// All claims, without names.
    pub(crate) fn values(&self) -> std::slice::Iter<'_, Claim> {
        self.claims.iter()
    }

    /// Each party with its claim, in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&PartyName, &Claim)> {
        self.parties.iter().zip(&self.claims)
    }
}

/// Of several claims of one party the last one.
impl FromIterator<(PartyName, Claim)> for Claims {
    fn from_iter<I: IntoIterator<Item = (PartyName, Claim)>>(claims: I) -> Self {
        let claims: std::collections::BTreeMap<_, _> = claims.into_iter().collect();
        let (parties, claims): (Vec<_>, Vec<_>) = claims.into_iter().unzip();
        Self { parties: parties.into(), claims }
    }
}
