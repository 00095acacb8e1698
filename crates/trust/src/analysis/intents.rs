//! Asserted intents: which do not hold, and who shows it.

use super::diagram::Made;
use super::{Keys, View};
use crate::{Domain, Intent, PartyName};

/// An intent that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub intent: Intent,
    /// Who shows it.
    pub by: Culprits,
}

/// Who shows that an intent does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Culprits {
    /// These parties are enough, or block.
    Parties(Vec<PartyName>),
    /// These are enough, with so many keys.
    Keys(u64, Vec<PartyName>),
    /// These failure domains are enough, or their loss is fatal.
    Domains(Vec<Domain>),
}

impl View<'_> {
    pub(super) fn broken(&mut self, intents: &[Intent], keys: &Keys) -> Made<Vec<Broken>> {
        let mut broken = Vec::new();
        for intent in intents {
            let by = self.against(intent, keys)?;
            broken.extend(by.map(|by| Broken { intent: intent.clone(), by }));
        }
        Ok(broken)
    }

    fn against(&mut self, intent: &Intent, keys: &Keys) -> Made<Option<Culprits>> {
        let variable = |name: &PartyName| {
            let at = self.demand.parties.iter().position(|party| party.name == *name)?;
            self.game.variable(at)
        };
        Ok(match intent {
            Intent::Requires(party) => {
                let without = match variable(party) {
                    Some(variable) => self.diagram.restricted(self.function, variable, false)?,
                    None => self.function,
                };
                self.diagram.cheapest(without, &|_| 1).map(|(_, set)| Culprits::Parties(self.names(set)))
            }
            Intent::NeverAlone(party) => {
                let alone = variable(party).map_or(0, |variable| 1 << variable);
                self.diagram.holds(self.function, alone).then(|| Culprits::Parties(self.names(alone)))
            }
            Intent::AtLeastDomains(least) => {
                let fewest = self.domains.fewest(self.diagram, self.function)?;
                (fewest.len() < *least as usize).then_some(Culprits::Domains(fewest))
            }
            Intent::MinForgeParties(least) => {
                let fewest = self.diagram.cheapest(self.function, &|_| 1);
                fewest.filter(|(count, _)| *count < u64::from(*least)).map(|(_, set)| Culprits::Parties(self.names(set)))
            }
            Intent::MinForgeKeys(least) => {
                let fewest = self.fewest_keys(keys).filter(|(count, _)| *count < u64::from(*least));
                fewest.map(|(count, parties)| Culprits::Keys(count, parties))
            }
            Intent::MinBlockParties(least) => {
                let dual = self.diagram.dual(self.function)?;
                let fewest = self.diagram.cheapest(dual, &|_| 1);
                fewest.filter(|(count, _)| *count < u64::from(*least)).map(|(_, set)| Culprits::Parties(self.names(set)))
            }
            Intent::SurvivesAnyDomain => {
                let fatal = self.domains.fatal(self.diagram, self.function, self.game.everybody());
                (!fatal.is_empty()).then_some(Culprits::Domains(fatal))
            }
        })
    }
}
