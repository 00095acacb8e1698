//! What curators say about a file, beside what its source claims.

use std::sync::Arc;

use affineur_packaging::ProjectName;
use affineur_packaging::page::PageFile;
use affineur_trust::{Claim, Claims, Decision, Evidence, FileFact, Hearing, Judge};
use jiff::Timestamp;

use super::assemble::what;
use super::source::Source;
use super::{Gateway, Note, clock, later};
use crate::curators::{SignedBy, Voices};
use crate::provenance::Attested;

/// Everybody who has a say about a project's files: hears them and decides, one file after the other.
#[derive(Debug)]
pub(crate) struct Panel<'a> {
    pub(super) source: &'a Source,
    pub(super) project: &'a ProjectName,
    /// The moment for which it decides.
    pub(super) now: Timestamp,
    gateway: &'a Gateway,
    voices: Option<Arc<Voices>>,
    judge: Judge<'a>,
    claims: Claims,
    /// Where the curators' claims stand, in their order, and the source's.
    seats: Vec<usize>,
    own: usize,
    /// Whether attestations are of use.
    trusts_publishers: bool,
}

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

    /// Whoever has a say about the files of a project's page now.
    pub(crate) fn panel<'a>(&'a self, source: &'a Source, project: &'a ProjectName) -> Panel<'a> {
        let (now, name) = (clock::now(), source.name.clone());
        let voices = (!self.curators.is_empty()).then(|| self.curators.heard(project));
        let hearing = match &voices {
            Some(voices) => voices.hearing(name.clone()),
            None => Hearing::of_source(name.clone()),
        };
        let curators = || voices.iter().flat_map(|voices| voices.parties());
        let claims = Claims::silent(curators().cloned().chain([name.clone()]));
        let seats = curators().filter_map(|party| claims.position(party)).collect();
        let own = claims.position(&name).unwrap_or_default();
        let judge = self.policy.judge(project, hearing, now);
        let trusts_publishers = voices.as_ref().is_some_and(|voices| voices.trusts_publishers());
        Panel { source, project, now, gateway: self, voices, judge, claims, seats, own, trusts_publishers }
    }

    /// Everything that is known about a file: what its source claims, and what curators say.
    pub(super) fn evidence(&self, source: &Source, claim: Claim, file: &Arc<FileFact>, entry: &PageFile) -> Evidence {
        let mut panel = self.panel(source, &file.project);
        panel.hear(file, entry, claim);
        panel.judge.evidence(panel.claims)
    }
}

impl Panel<'_> {
    /// Decides about a file of which its source claims this.
    pub(super) fn decide(&mut self, file: Arc<FileFact>, entry: &PageFile, claim: Claim) -> Decision {
        self.hear(&file, entry, claim);
        self.judge.decide(file, &self.claims)
    }

    /// What is known of a file's attestations, if anybody trusts a publisher.
    pub(super) fn attested(&self, entry: &PageFile) -> Option<Attested> {
        if self.trusts_publishers { self.gateway.attested(self.source, entry) } else { None }
    }

    fn hear(&mut self, file: &Arc<FileFact>, entry: &PageFile, claim: Claim) {
        let attested = self.attested(entry);
        let signed = signed_by(attested.as_ref());
        self.claims.set(self.own, claim);
        for (seat, claim) in self.seats.iter().zip(self.voices.iter().flat_map(|voices| voices.claims(file, signed))) {
            if let Claim::Contradicts(contradiction) = &claim
                && *seat != self.own
            {
                let party = self.claims.party(*seat).map(ToString::to_string).unwrap_or_default();
                let what = format!("{}: {}", file.name, what(contradiction));
                self.gateway.record.note(Note::Alarm { source: party, project: file.project.clone(), what });
            }
            self.claims.set(*seat, claim);
        }
    }
}

/// What attestations say, as curators who trust publishers hear it.
fn signed_by(attested: Option<&Attested>) -> SignedBy<'_> {
    match attested {
        None => SignedBy::default(),
        Some(Attested::By(attestations)) => SignedBy { attestations, ..SignedBy::default() },
        Some(Attested::NotAsked) => SignedBy { unheard: Some("have not been asked for yet"), ..SignedBy::default() },
        Some(Attested::Unheard(why)) => SignedBy { unheard: Some(why), ..SignedBy::default() },
    }
}
