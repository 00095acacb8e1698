//! Which roles a lookup visits, as far as the local copy knows.

use affineur_tuf::{
    Edge, Error, Fault, Found, Lookup, Progress, Role, RoleKeys, RoleLabel, Search, Step, TargetPath, Threshold, TopRole, View,
};

use super::{BEGINNING, Inspection};
use crate::local::LocalCopy;

/// The roles that a lookup asks, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Those that the local copy has. None but the last can have said anything about the target.
    pub visited: Vec<Step>,
    /// How it goes on.
    pub end: RouteEnd,
}

/// Where a route ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteEnd {
    /// The local copy has every role that it takes. Whether that is the newest word is not known.
    Told(Lookup<Found>),
    /// This role is next, and has to be fetched: what comes after it is not known.
    NotKept(Step),
    /// A role on the way is of no use.
    Broken(Error),
}

impl Inspection {
    /// The route of a lookup. `None` if the top-level roles are not complete: nothing is known then.
    pub fn route(&mut self, local: &LocalCopy, path: &TargetPath) -> Option<Route> {
        let targets = self.targets.verified()?;
        let keys = self.root.role(TopRole::Targets);
        let mut visited = vec![Step {
            role: TopRole::Targets.into(),
            version: Role::version(targets),
            keyids: keys.map(|keys| keys.keyids().to_vec()).unwrap_or_default(),
            threshold: keys.map_or(Threshold::ONE, RoleKeys::threshold),
        }];
        let view = self.view.as_mut()?;
        let end = walk(view, local, path, &mut visited).unwrap_or_else(RouteEnd::Broken);
        view.forget_roles();
        Some(Route { visited, end })
    }
}

fn walk(view: &mut View, local: &LocalCopy, path: &TargetPath, visited: &mut Vec<Step>) -> Result<RouteEnd, Error> {
    let mut search = Search::new(path.clone());
    loop {
        let edge = match search.advance(&view.live(BEGINNING)?)? {
            Progress::Ended(lookup) => return Ok(RouteEnd::Told(lookup)),
            Progress::Needs(edge) => edge,
        };
        let step = step(view, &edge)?;
        if !recall(view, local, &edge)? {
            return Ok(RouteEnd::NotKept(step));
        }
        visited.push(step);
    }
}

/// Whether the local copy has the role as the snapshot lists it.
fn recall(view: &mut View, local: &LocalCopy, edge: &Edge) -> Result<bool, Error> {
    let wanted = view.wanted(edge)?;
    let kept = local.delegated(edge.role().as_str(), wanted.at_most);
    Ok(kept.is_some_and(|kept| view.recall(edge, &kept.bytes, kept.seal.as_ref(), BEGINNING).is_ok()))
}

fn step(view: &View, edge: &Edge) -> Result<Step, Error> {
    let role = RoleLabel::from(edge.role().clone());
    let Some(listed) = view.snapshot().role(role.as_str()) else { return Err(Error { role, fault: Fault::NotListed }) };
    Ok(Step {
        role,
        version: listed.version(),
        keyids: edge.authority().keyids().cloned().collect(),
        threshold: edge.authority().threshold(),
    })
}
