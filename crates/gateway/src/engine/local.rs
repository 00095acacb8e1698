//! Files of this machine that never pass a proxy: decided by name and digest, under a policy's sources.

use std::sync::Arc;

use affineur_packaging::{FileName, Sha256};

use super::file::Listed;
use super::resolve::{Caller, Listing};
use super::view::{Verdict, first_reason};
use super::{Gateway, Interceptor, Note};
use crate::run::local::LocalVerdict;
use crate::run::{Engine, RunOutcome};

impl Engine for Interceptor {
    async fn decide_local(&self, name: &FileName, digest: &Sha256) -> LocalVerdict {
        self.0.decide_local(name, *digest).await
    }
}

impl Gateway {
    /// What a local file of this name and digest is: decided like one that passes.
    pub(crate) async fn decide_local(self: &Arc<Self>, name: &FileName, sha256: Sha256) -> LocalVerdict {
        let Listing::View(view) = self.listing(name.project(), &Caller::default()).await else {
            return LocalVerdict::Unknown { reason: "no source has this project".to_owned() };
        };
        let Some(file) = view.file(name.as_str()) else {
            return LocalVerdict::Unknown { reason: "no source lists this file".to_owned() };
        };
        if file.entry.sha256 != Some(sha256) {
            return LocalVerdict::Withheld { reason: "its digest is not the one that the source lists".to_owned() };
        }
        let (source, project) = (view.source.clone(), view.project.clone());
        let listed = Listed { source, project, page: view.page_url.clone(), file: file.clone() };
        let listed = self.completed(listed, None).await;
        self.record.file(self.file_record(&listed.source, &listed.project, &listed.file, true));
        match listed.file.verdict(self.mode()) {
            Verdict::Refuse(withheld) => LocalVerdict::Withheld { reason: first_reason(withheld) },
            Verdict::Let | Verdict::LetDespite(_) => LocalVerdict::Allowed,
        }
    }

    /// Names what went around the proxy, or would have.
    pub fn note_outcome(&self, outcome: &RunOutcome) {
        for place in &outcome.local.places {
            let shown = |text: String| affineur_packaging::text::printable(&text, crate::limits::SHOWN_URL_BYTES);
            let files = outcome.local.files.iter().filter(|decided| decided.place == *place);
            let refused = files.clone().filter(|decided| decided.verdict != LocalVerdict::Allowed).count();
            let verdict = match (self.only_names_local_files(), refused) {
                (true, _) => format!("not decided (named by {})", place.origin),
                (false, 0) => format!("{} files decided (named by {})", files.count(), place.origin),
                (false, refused) => format!("{refused} files kept from the command (named by {})", place.origin),
            };
            self.record.note(Note::Local { path: shown(place.path.display().to_string()), verdict: shown(verdict) });
        }
        for detour in &outcome.detours {
            self.record.note(Note::Detour { what: detour.to_string() });
        }
    }

    /// Whether local files are only named: no policy enforces anything about them.
    #[must_use]
    pub fn only_names_local_files(&self) -> bool {
        !self.enforces_a_policy()
    }
}
