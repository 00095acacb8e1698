//! Through whom a curator speaks: the curators that it names, those that they name, as far as everybody on the way allows.

use std::sync::Arc;

use affineur_packaging::ProjectName;
use affineur_trust::Level;
use affineur_trust::curator::Delegate;

use super::curator::Curator;
use crate::limits;

/// A curator that is heard for a party.
#[derive(Debug, Clone)]
pub(super) struct Reached {
    pub(super) curator: Arc<Curator>,
    /// At which levels.
    pub(super) levels: Vec<Level>,
    /// Whether it is the party itself, whose objections count.
    pub(super) itself: bool,
    /// How many more curators a statement may pass through, this one included.
    depth: u32,
}

/// Everybody who is heard about a project, the party itself first. Whoever is reached by several ways is heard at the levels of
/// all of them; no way passes more curators than each on it allows, nor one twice with nothing gained.
pub(super) fn reached(
    (party, depth): (&Arc<Curator>, u32),
    project: &ProjectName,
    known: impl Fn(&Delegate) -> Option<Arc<Curator>>,
) -> Vec<Reached> {
    let mut all = vec![Reached { curator: Arc::clone(party), levels: Level::ALL.to_vec(), itself: true, depth: depth.max(1) }];
    let mut at = 0;
    while let Some(from) = all.get(at).cloned() {
        at += 1;
        let Some(statements) = from.curator.heard().statements.filter(|_| from.depth > 1) else { continue };
        for delegate in statements.delegates.iter().flatten().filter(|delegate| delegate.speaks_of(project)) {
            let levels: Vec<_> = from.levels.iter().copied().filter(|level| delegate.levels.contains(level)).collect();
            let depth = (from.depth - 1).min(delegate.depth);
            let Some(curator) = known(delegate).filter(|_| !levels.is_empty()) else { continue };
            let way = Reached { curator, levels, itself: false, depth };
            if all.len() < limits::REACHED_CURATORS && !all.iter().any(|other| other.covers(&way)) {
                all.push(way);
            }
        }
    }
    all
}

impl Reached {
    /// Whether everything that the other way lets through comes by this one.
    fn covers(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.curator, &other.curator)
            && self.depth >= other.depth
            && other.levels.iter().all(|level| self.levels.contains(level))
    }
}
