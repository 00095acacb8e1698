//! Who makes the policy's demand hold for a file, or could: the evidence once more, since a decided page does not keep it.

use std::sync::Arc;

use affineur_trust::{Account, Claim, Decision, Reason, Unavailable, VerifiedProject};

use super::assemble::fact;
use super::file::Listed;
use super::source::Voice;
use super::view::ProjectView;
use super::{Gateway, clock};
use crate::repository::{Told, Wish};

impl Gateway {
    /// What the repository of a page's source vouches for, where it does.
    pub(super) async fn verified_again(&self, view: &ProjectView) -> Option<VerifiedProject> {
        let Voice::Repository(Some(repository)) = &view.source.voice else { return None };
        match repository.ask(&view.project, Wish::Fresh).await.told {
            Told::Project(verified) => Some(*verified),
            Told::Absent | Told::NotVouched { .. } => None,
        }
    }

    /// The account of the policy's demand on a file; `None` where it asks nobody.
    pub(super) async fn account(self: &Arc<Self>, listed: &Listed, verified: Option<&VerifiedProject>) -> Option<Account> {
        let claim = claim(listed, verified);
        let file = Arc::new(fact(&listed.project, &listed.file.entry));
        let evidence = self.evidence(&listed.source, claim, &file);
        let gateway = Arc::clone(self);
        let account = move || gateway.policy.main().account(&file, &evidence, clock::now());
        tokio::task::spawn_blocking(account).await.ok().flatten()
    }
}

/// What the source says of a file: why it does not vouch stands in the decision, and what it vouches for is verified again.
fn claim(listed: &Listed, verified: Option<&VerifiedProject>) -> Claim {
    let against = |reason: &Reason| match reason {
        Reason::Contradicted { party, what, .. } if *party == listed.source.name => Some(Claim::Contradicts(what.clone())),
        Reason::NotVouched { party, why } if *party == listed.source.name => Some(Claim::NotVouched(why.clone())),
        Reason::Unavailable { problem, .. } => Some(Claim::Unavailable(Unavailable { problem: problem.clone() })),
        _ => None,
    };
    let against = match &listed.file.decision {
        Decision::Withhold(withheld) => withheld.reasons().iter().find_map(against),
        Decision::Allow(_) => None,
    };
    let fact = || fact(&listed.project, &listed.file.entry);
    let vouched = |pin| Some(Claim::Vouched(verified?.vouch(fact(), pin)?.into()));
    if let Some(against) = against {
        return against;
    }
    match &listed.file.pin {
        Some(pin) if listed.source.signs() => vouched(pin).unwrap_or(Claim::Silent),
        Some(pin) => Claim::Pinned(pin.clone()),
        None => Claim::Silent,
    }
}
