//! What was found hostile while bytes were passing.

use std::sync::{Arc, PoisonError};

use affineur_packaging::page::PageFile;
use affineur_packaging::{FileName, Sha256};
use affineur_trust::{Claim, Contradiction, PartyName};
use bytes::Bytes;

use super::assemble::what;
use super::file::Listed;
use super::source::Source;
use super::view::Known;
use super::{Gateway, clock};
use crate::limits;
use crate::state::Evidence;

/// A file as one source listed it.
pub(crate) type Suspect = (PartyName, FileName, Option<Sha256>);

impl Gateway {
    /// Remembers a contradiction: at once for this process, so that a retry is answered with the reason, and then for good:
    /// evidence always; the mark on the file only where a broken transfer cannot be the cause.
    pub(crate) fn distrust(self: &Arc<Self>, listed: &Listed, contradiction: Contradiction) {
        let entry = &listed.file.entry;
        self.alarm(&listed.source, &listed.project, format!("{}: {}", entry.name, what(&contradiction)));
        let mut distrusted = self.distrusted.lock().unwrap_or_else(PoisonError::into_inner);
        if distrusted.len() < limits::DISTRUSTED_FILES {
            distrusted.insert((listed.source.name.clone(), entry.name.clone(), entry.sha256), contradiction.clone());
        }
        drop(distrusted);
        let pin = listed.file.pin.clone();
        let claim = Claim::Contradicts(contradiction.clone());
        let refused = self.decide_claim(&mut self.panel(&listed.source, &listed.project), entry.clone(), pin, claim);
        self.record.file(self.file_record(&listed.source, &listed.project, &refused, true));
        self.views.retain(|_, known| !matches!(known, Known::View(view) if view.project == listed.project));
        let (gateway, listed) = (Arc::clone(self), listed.clone());
        tokio::spawn(async move { gateway.keep_distrust(&listed, contradiction).await });
    }

    async fn keep_distrust(&self, listed: &Listed, contradiction: Contradiction) {
        let entry = &listed.file.entry;
        let evidence = Evidence {
            time: clock::now(),
            source: listed.source.name.clone(),
            project: listed.project.clone(),
            file: Some(entry.name.clone()),
            contradiction: contradiction.clone(),
            left: Bytes::from(format!("{} {}", entry.url, entry.sha256.map(|digest| digest.to_string()).unwrap_or_default())),
            right: Bytes::from(what(&contradiction)),
        };
        if let Err(problem) = self.state.keep_evidence(evidence).await {
            tracing::error!(%problem, "evidence could not be kept");
        }
        if matches!(contradiction, Contradiction::Metadata)
            && let Err(problem) = self.state.mark_hostile(&listed.source.name, &entry.name, entry.sha256, &contradiction).await
        {
            tracing::error!(%problem, "a hostile file could not be marked");
        }
    }

    /// What this process found hostile about a file.
    pub(crate) fn distrusted(&self, source: &Source, entry: &PageFile) -> Option<Contradiction> {
        let key = (source.name.clone(), entry.name.clone(), entry.sha256);
        self.distrusted.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
    }
}
