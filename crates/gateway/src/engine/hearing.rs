//! What curators say about a file, beside what its source claims.

use std::sync::Arc;

use affineur_packaging::ProjectName;
use affineur_trust::{Claim, Evidence, FileFact};
use jiff::Timestamp;

use super::assemble::what;
use super::source::Source;
use super::{Gateway, Note, clock, later};
use crate::curators::{SignedBy, Voices};

impl Gateway {
    /// Hears what curators say about a project. Under which generation of their statements that is.
    pub(super) async fn hear(&self, project: &ProjectName) -> u64 {
        if self.curators.is_empty() {
            return 0;
        }
        let (voices, new) = self.curators.hear(project).await;
        for (party, why) in voices.alarms().iter().filter(|_| new) {
            self.record.note(Note::Alarm { source: party.to_string(), project: project.clone(), what: why.to_string() });
        }
        if new {
            self.warn_of_quiet(&voices);
        }
        voices.generation()
    }

    /// Says so when a party has been quiet for half of the time after which it no longer counts.
    fn warn_of_quiet(&self, voices: &Voices) {
        for (party, since) in voices.heard() {
            let Some(most) = self.policy.main().repository(party).and_then(|repository| repository.max_stale) else { continue };
            if later(*since, most / 2) <= clock::now() {
                let note = Note::Quiet { party: party.to_string(), since: *since, stale: later(*since, most) };
                tracing::warn!(%party, %since, "nothing new came from this curator for half of its max-stale");
                self.record.note(note);
            }
        }
    }

    /// Until when what was heard about a project holds.
    pub(super) fn heard_until(&self, project: &ProjectName) -> Option<Timestamp> {
        if self.curators.is_empty() { None } else { self.curators.heard(project).until() }
    }

    /// Everything that is known about a file: what its source claims, and what curators say.
    pub(super) fn evidence(&self, source: &Source, claim: Claim, file: &Arc<FileFact>) -> Evidence {
        if self.curators.is_empty() {
            return Evidence::of_source(source.name.clone(), claim);
        }
        let voices = self.curators.heard(&file.project);
        let evidence = voices.evidence(source.name.clone(), claim, file, SignedBy::default());
        for (party, claim) in evidence.claims.iter().filter(|(party, _)| **party != source.name) {
            if let Claim::Contradicts(contradiction) = claim {
                let what = format!("{}: {}", file.name, what(contradiction));
                self.record.note(Note::Alarm { source: party.to_string(), project: file.project.clone(), what });
            }
        }
        evidence
    }
}
