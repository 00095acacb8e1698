//! Who makes the policy's demand hold for a file, or could: the evidence once more, since a decided page does not keep it.

use std::sync::Arc;

use affineur_packaging::ProjectName;
use affineur_trust::{Account, Claim, Decision, Reason, Unavailable, VerifiedProject};

use super::assemble::fact;
use super::file::Listed;
use super::source::{Source, Voice};
use super::view::DecidedFile;
use super::{Gateway, clock};
use crate::repository::{Told, Wish};

impl Gateway {
    /// What the repository of a source vouches for, where it does.
    pub(super) async fn verified_again(&self, source: &Source, project: &ProjectName) -> Option<VerifiedProject> {
        let Voice::Repository(Some(repository)) = &source.voice else { return None };
        match repository.ask(project, Wish::Fresh).await.told {
            Told::Project(verified) => Some(*verified),
            Told::Absent | Told::NotVouched { .. } => None,
        }
    }

    /// The account of the policy's demand on a file; `None` where it asks nobody.
    pub(super) async fn account(self: &Arc<Self>, listed: &Listed, verified: Option<&VerifiedProject>) -> Option<Account> {
        let Listed { source, project, file, .. } = listed;
        let claim = claim(source, project, file, verified);
        let fact = Arc::new(fact(project, &file.entry));
        let evidence = self.evidence(source, claim, &fact, &file.entry);
        let gateway = Arc::clone(self);
        let account = move || gateway.policy.main().account(&fact, &evidence, clock::now());
        tokio::task::spawn_blocking(account).await.ok().flatten()
    }
}

/// What the source says of a file: why it does not vouch stands in the decision, and what it vouches for is verified again.
pub(super) fn claim(source: &Source, project: &ProjectName, file: &DecidedFile, verified: Option<&VerifiedProject>) -> Claim {
    let against = |reason: &Reason| match reason {
        Reason::Contradicted { party, what, .. } if *party == source.name => Some(Claim::Contradicts(what.clone())),
        Reason::NotVouched { party, why } if *party == source.name => Some(Claim::NotVouched(why.clone())),
        Reason::Unavailable { problem, .. } => Some(Claim::Unavailable(Unavailable { problem: problem.clone() })),
        _ => None,
    };
    let against = match &file.decision {
        Decision::Withhold(withheld) => withheld.reasons().iter().find_map(against),
        Decision::Allow(_) => None,
    };
    let fact = || fact(project, &file.entry);
    let vouched = |pin| Some(Claim::Vouched(verified?.vouch(fact(), pin)?.into()));
    if let Some(against) = against {
        return against;
    }
    match &file.pin {
        Some(pin) if source.signs() => vouched(pin).unwrap_or(Claim::Silent),
        Some(pin) => Claim::Pinned(pin.clone()),
        None => Claim::Silent,
    }
}
