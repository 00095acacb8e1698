//! A changed policy is loaded without a restart; a bad one is refused, and the one before stays in force.
//!
//! The files are read every now and then, whole: no time of a change is believed. Editors write in several steps, so a change
//! counts once two looks in a row saw the same, or somebody said that it is complete (SIGHUP).

use std::fmt;
use std::sync::Arc;

use affineur_trust::analysis::{Difference, differences};
use affineur_trust::{Policy, PolicySet};
use futures_util::{Stream, StreamExt as _};
use tokio::task::spawn_blocking;
use tokio::time::MissedTickBehavior;

use super::files::Files;
use super::{Home, Read, Ready, SetupError, rules};
use crate::engine::{Current, Rules};
use crate::limits;

/// Loads the policy again whenever its files change.
pub struct Reload {
    current: Arc<Current>,
    home: Home,
    read: Read,
    lookup: Box<Lookup>,
    /// What the last look saw.
    seen: Files,
    /// What was loaded or refused last; `None` where that shall be tried again.
    judged: Option<Files>,
}

/// The value of an environment variable.
type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// How the files are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// As always: a change counts when it was seen twice.
    Again,
    /// Somebody says that the files are complete.
    Now,
}

/// What a look led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// Nothing is new.
    Unchanged,
    /// Something is, and may be half of it.
    Unsettled,
    /// Other rules hold: what they change, in words.
    Loaded(Vec<String>),
    /// The files say what is in force already; a change that was refused is gone.
    InForce,
    /// They cannot be used: why, and what to do. What was in force stays.
    Refused(String),
}

impl Ready {
    /// The gateway as a service has it, and what keeps its policy up to date.
    #[must_use]
    pub fn reloading(self, lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> (Arc<Current>, Reload) {
        let current = Current::new(self.gateway);
        let seen = self.read.files.clone();
        let reload = Reload {
            current: Arc::clone(&current),
            home: self.home,
            lookup: Box::new(lookup),
            judged: Some(seen.clone()),
            seen,
            read: self.read,
        };
        (current, reload)
    }
}

impl Reload {
    /// Looks at the files now and then, and each time that `told` says so, for ever.
    pub async fn watch(mut self, mut told: impl Stream<Item = ()> + Unpin) {
        self.hear_curators();
        let mut moments = tokio::time::interval(limits::POLICY_LOOKS);
        moments.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let look = tokio::select! {
                Some(()) = told.next() => Look::Now,
                _ = moments.tick() => Look::Again,
            };
            let looking = spawn_blocking(move || {
                let looked = self.look(look);
                (self, looked)
            });
            match looking.await {
                Ok((reload, looked)) => {
                    self = reload;
                    tell(&looked);
                    if matches!(looked, Looked::Loaded(_)) {
                        self.hear_curators();
                    }
                }
                Err(_) => return tracing::error!("the policy cannot be looked at any more: this is a bug"),
            }
        }
    }

    /// Asks the policy's curators before anybody's request has to.
    fn hear_curators(&self) {
        let gateway = self.current.gateway();
        tokio::spawn(async move { gateway.hear_curators().await });
    }

    /// Looks at the files once, and loads what they say. Blocks.
    pub fn look(&mut self, look: Look) -> Looked {
        let files = match Files::read(&self.read.places, self.current.gateway().state()) {
            Ok(files) => files,
            Err(problem) => return self.refused(&SetupError::State(problem), look),
        };
        let settled = look == Look::Now || files == self.seen;
        self.seen = files;
        if look == Look::Again && self.judged.as_ref() == Some(&self.seen) {
            return Looked::Unchanged;
        }
        if !settled {
            return Looked::Unsettled;
        }
        self.judged = Some(self.seen.clone());
        if self.seen == self.read.files {
            self.current.note_refused(None);
            return Looked::InForce;
        }
        match self.load() {
            Ok(changes) => Looked::Loaded(changes),
            Err(error) => {
                if error.may_pass() {
                    self.judged = None;
                }
                self.refused(&error, look)
            }
        }
    }

    fn load(&mut self) -> Result<Vec<String>, SetupError> {
        self.seen.may_follow(&self.read.files)?;
        let made = rules::make(&self.seen, &self.read.wanted, &self.home, &*self.lookup)?;
        let before = self.current.gateway();
        let mut changes = changes(before.policy(), &made.rules);
        changes.extend(made.messages);
        self.current.replace(made.rules);
        self.read.files = self.seen.clone();
        Ok(changes)
    }

    /// Notes why; the same is said once, or again to who asks.
    fn refused(&self, error: &SetupError, look: Look) -> Looked {
        let problem = format!("{error}; hint: {}", error.hint());
        if look == Look::Again && self.current.status().refused.as_ref() == Some(&problem) {
            return Looked::Unchanged;
        }
        self.current.note_refused(Some(problem.clone()));
        Looked::Refused(problem)
    }
}

/// What other rules change, in words.
fn changes(before: &PolicySet, rules: &Rules) -> Vec<String> {
    let (old, new) = (before.main(), rules.policy.main());
    let mut changes = between(old, new);
    if before.has_added() != rules.policy.has_added() {
        changes.push(match rules.policy.has_added() {
            true => "a policy of the working directory is added".to_owned(),
            false => "the policy of the working directory is gone".to_owned(),
        });
    }
    if changes.is_empty() {
        changes.push("the parties decide as before".to_owned());
    }
    changes
}

fn between(old: &Policy, new: &Policy) -> Vec<String> {
    let Ok(differences) = differences(old, new) else {
        return vec!["it is too entangled to say what changes".to_owned()];
    };
    let more = differences.len().saturating_sub(limits::POLICY_CHANGES);
    let mut said: Vec<String> = differences.iter().take(limits::POLICY_CHANGES).map(Difference::to_string).collect();
    if more > 0 {
        said.push(format!("and {more} more: affineur policy diff OLD NEW"));
    }
    said
}

fn tell(looked: &Looked) {
    match looked {
        Looked::Unchanged | Looked::Unsettled => {}
        Looked::InForce => {
            metrics::gauge!("affineur_policy_refused").set(0);
            tracing::info!("the policy file says what is in force");
        }
        Looked::Loaded(changes) => {
            metrics::counter!("affineur_policy_changes_total", "outcome" => "loaded").increment(1);
            metrics::gauge!("affineur_policy_refused").set(0);
            tracing::warn!("another policy is in force: {}", changes.join("; "));
        }
        Looked::Refused(problem) => {
            metrics::counter!("affineur_policy_changes_total", "outcome" => "refused").increment(1);
            metrics::gauge!("affineur_policy_refused").set(1);
            tracing::error!("a changed policy is refused, and the one before stays in force: {problem}");
        }
    }
}

impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reload").field("home", &self.home).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
