//! The search for a target through the delegations (§5.6.7): pre-order, depth first, in order of priority.
//!
//! It has no input or output: it asks for the role that it needs, and goes on once the view has it. Whoever cannot supply a role
//! must end the search with an error; no role after it is asked instead.

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::{Error, Fault, RoleLabel};
use crate::key::KeyId;
use crate::limits;
use crate::metadata::{TargetFile, Targets, Threshold, TopRole, Version};
use crate::name::{RoleName, TargetPath};
use crate::view::{Edge, EdgeKey, LiveView};

/// A search that goes on.
#[derive(Debug)]
pub struct Search {
    path: TargetPath,
    /// What is still to be visited; the last one is next. Children were put on it in reverse order.
    pending: Vec<Pending>,
    visited: HashSet<EdgeKey>,
    /// The view that it began with.
    view: Option<[[u8; 32]; 3]>,
    /// How it ended: it does not go on behind an answer or an error.
    end: Option<Result<Lookup<Found>, Error>>,
}

#[derive(Debug)]
struct Pending {
    edge: Edge,
    delegator: Arc<Link>,
}

/// A visited role, and the one that delegated to it.
#[derive(Debug)]
struct Link {
    step: Step,
    delegator: Option<Arc<Link>>,
}

/// One role on the way to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The role.
    pub role: RoleLabel,
    /// The version of its metadata.
    pub version: Version,
    /// The keys that may sign it; of the top-level targets, those that root names.
    pub keyids: Vec<KeyId>,
    /// How many of them must.
    pub threshold: Threshold,
}

/// The roles from the top-level targets to the one that says something about a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain(Vec<Step>);

impl Chain {
    /// The roles in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What is said about the target.
    pub target: TargetFile,
    /// Who says it.
    pub chain: Chain,
}

/// How a search ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<T> {
    /// A role says something about the target.
    Found(T),
    /// Every role that could say something was asked, and none does.
    Absent,
    /// There were more roles to ask than [`limits::VISITED_ROLES`]: nothing is known.
    GaveUp {
        /// How many were asked.
        visited: u32,
    },
}

/// How far a search has come.
#[derive(Debug)]
pub enum Progress {
    /// It needs this role in the view: [`View::recall`](crate::View::recall) or [`View::accept`](crate::View::accept) it.
    Needs(Box<Edge>),
    /// It is over.
    Ended(Lookup<Found>),
}

impl Search {
    /// Begins a search.
    #[must_use]
    pub fn new(path: TargetPath) -> Self {
        Self { path, pending: Vec::new(), visited: HashSet::new(), view: None, end: None }
    }

    /// Goes as far as the roles in the view allow. A search that is over ends the same way again. In the view of another
    /// update it begins anew: delegations of different times do not mix.
    ///
    /// # Errors
    /// A role on the way has expired, or its delegation is invalid: the search is over.
    pub fn advance(&mut self, view: &LiveView<'_>) -> Result<Progress, Error> {
        if self.view.is_some_and(|begun| begun != view.files()) {
            *self = Self::new(self.path.clone());
        }
        if let Some(end) = &self.end {
            return end.clone().map(Progress::Ended);
        }
        let progress = self.proceed(view);
        match &progress {
            Ok(Progress::Needs(_)) => {}
            Ok(Progress::Ended(lookup)) => self.end = Some(Ok(lookup.clone())),
            Err(error) => self.end = Some(Err(error.clone())),
        }
        progress
    }

    fn proceed(&mut self, view: &LiveView<'_>) -> Result<Progress, Error> {
        if self.view.is_none() {
            self.view = Some(view.files());
            if let Some(found) = self.visit(view.targets(), top_step(view), None)? {
                return Ok(ended(found));
            }
        }
        while let Some(next) = self.pending.last() {
            if self.visited.contains(next.edge.key()) {
                self.pending.pop();
                continue;
            }
            let visited = u32::try_from(self.visited.len()).unwrap_or(u32::MAX);
            if visited >= limits::VISITED_ROLES {
                return Ok(Progress::Ended(Lookup::GaveUp { visited }));
            }
            let Some(role) = view.role(&next.edge) else { return Ok(Progress::Needs(Box::new(next.edge.clone()))) };
            let role = role?;
            let Some(Pending { edge, delegator }) = self.pending.pop() else { break };
            self.visited.insert(edge.key().clone());
            if let Some(found) = self.visit(role, step_of(&edge, role), Some(delegator))? {
                return Ok(ended(found));
            }
        }
        Ok(Progress::Ended(Lookup::Absent))
    }

    /// Asks a role itself, then puts on the list whom it delegates the path to.
    fn visit(&mut self, role: &Targets, step: Step, delegator: Option<Arc<Link>>) -> Result<Option<Found>, Error> {
        let link = Arc::new(Link { step, delegator });
        if let Some(target) = role.target(&self.path) {
            return Ok(Some(Found { target: target.clone(), chain: Chain::to(&link) }));
        }
        let (children, ends) = self.children(role)?;
        if ends == Ends::Here {
            self.pending.clear();
        }
        self.pending.extend(children.into_iter().rev().map(|edge| Pending { edge, delegator: Arc::clone(&link) }));
        Ok(None)
    }

    /// The delegations that cover the path, up to and with the first terminating one (§5.6.7.2).
    fn children(&self, role: &Targets) -> Result<(Vec<Edge>, Ends), Error> {
        let Some(delegations) = role.delegations() else { return Ok((Vec::new(), Ends::Later)) };
        if let Some(bins) = delegations.succinct() {
            let name = bins.name_of(bins.bin_of(&self.path)).parse::<RoleName>();
            let name = name.map_err(|error| Fault::Format(error.to_string()).of(TopRole::Targets))?;
            return Ok((vec![Edge::new(delegations, name, (bins.keyids(), bins.threshold()))?], Ends::Later));
        }
        let mut children = Vec::new();
        let covering = delegations.roles().iter().filter(|role| role.covers(&self.path));
        for role in covering.take(limits::DELEGATIONS_TAKEN) {
            children.push(Edge::new(delegations, role.name().clone(), (role.keyids(), role.threshold()))?);
            if role.terminating() {
                return Ok((children, Ends::Here));
            }
        }
        Ok((children, Ends::Later))
    }
}

/// Whether a terminating delegation ends the list.
#[derive(PartialEq, Eq)]
enum Ends {
    Here,
    Later,
}

const fn ended(found: Found) -> Progress {
    Progress::Ended(Lookup::Found(found))
}

fn top_step(view: &LiveView<'_>) -> Step {
    let keys = view.root().role(TopRole::Targets);
    Step {
        role: TopRole::Targets.into(),
        version: crate::metadata::Role::version(view.targets()),
        keyids: keys.map(|keys| keys.keyids().to_vec()).unwrap_or_default(),
        threshold: keys.map_or(Threshold::ONE, crate::RoleKeys::threshold),
    }
}

fn step_of(edge: &Edge, role: &Targets) -> Step {
    Step {
        role: edge.role().clone().into(),
        version: crate::metadata::Role::version(role),
        keyids: edge.authority().keyids().cloned().collect(),
        threshold: edge.authority().threshold(),
    }
}

impl Chain {
    fn to(last: &Arc<Link>) -> Self {
        let links = std::iter::successors(Some(last), |link| link.delegator.as_ref());
        let mut steps: Vec<Step> = links.map(|link| link.step.clone()).collect();
        steps.reverse();
        Self(steps)
    }
}

#[cfg(test)]
mod tests;
