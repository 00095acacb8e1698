//! Reading diagrams: what is in them, how many, the smallest, the cheapest.

use std::collections::{HashMap, HashSet};

use super::{Diagram, Ref, Set, TRUE};

/// Some of the sets of a family, smallest first, and how many there are in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) sets: Vec<Set>,
    /// At most `u128::MAX`.
    pub(crate) count: u128,
}

impl Diagram {
    /// Whether a set makes the function true.
    pub(crate) fn holds(&self, mut function: Ref, set: Set) -> bool {
        while function > TRUE {
            let node = self.node(function);
            function = if set >> node.variable & 1 == 1 { node.high } else { node.low };
        }
        function == TRUE
    }

    /// The variables on which the function, or the sets of the family, depend.
    pub(crate) fn support(&self, function: Ref) -> Set {
        let (mut seen, mut left, mut support) = (HashSet::new(), vec![function], 0);
        while let Some(next) = left.pop() {
            if next > TRUE && seen.insert(next) {
                let node = self.node(next);
                support |= 1 << node.variable;
                left.extend([node.low, node.high]);
            }
        }
        support
    }

    /// The sets of a family, smallest first, up to a number of them.
    pub(crate) fn list(&self, family: Ref, most: usize) -> Listed {
        let (mut counts, mut sizes) = (HashMap::new(), HashMap::new());
        let count = self.count(family, &mut counts);
        let of_family = self.sizes(family, &mut sizes);
        let mut sets = Vec::new();
        for size in (0..128).filter(|size| of_family >> size & 1 == 1) {
            self.collect(family, (size, 0), &sizes, most, &mut sets);
        }
        Listed { sets, count }
    }

    fn count(&self, family: Ref, known: &mut HashMap<Ref, u128>) -> u128 {
        if family <= TRUE {
            return u128::from(family == TRUE);
        }
        if let Some(count) = known.get(&family) {
            return *count;
        }
        let node = self.node(family);
        let count = self.count(node.low, known).saturating_add(self.count(node.high, known));
        known.insert(family, count);
        count
    }

    /// How many sets of a family do not have this variable.
    pub(crate) fn count_without(&self, family: Ref, variable: usize) -> u128 {
        self.count_avoiding(family, variable, &mut HashMap::new())
    }

    fn count_avoiding(&self, family: Ref, variable: usize, known: &mut HashMap<Ref, u128>) -> u128 {
        if family <= TRUE {
            return u128::from(family == TRUE);
        }
        if let Some(count) = known.get(&family) {
            return *count;
        }
        let node = self.node(family);
        let with = if usize::from(node.variable) == variable { 0 } else { self.count_avoiding(node.high, variable, known) };
        let count = self.count_avoiding(node.low, variable, known).saturating_add(with);
        known.insert(family, count);
        count
    }

    /// Which sizes the sets of a family have: bit `n` where there is one of size `n`.
    fn sizes(&self, family: Ref, known: &mut HashMap<Ref, u128>) -> u128 {
        if family <= TRUE {
            return u128::from(family == TRUE);
        }
        if let Some(sizes) = known.get(&family) {
            return *sizes;
        }
        let node = self.node(family);
        let sizes = self.sizes(node.low, known) | self.sizes(node.high, known) << 1;
        known.insert(family, sizes);
        sizes
    }

    fn collect(&self, family: Ref, (size, set): (u32, Set), sizes: &HashMap<Ref, u128>, most: usize, found: &mut Vec<Set>) {
        if found.len() >= most {
            return;
        }
        if family <= TRUE {
            if family == TRUE && size == 0 {
                found.push(set);
            }
            return;
        }
        if sizes.get(&family).is_none_or(|sizes| sizes >> size & 1 == 0) {
            return;
        }
        let node = self.node(family);
        if let Some(rest) = size.checked_sub(1) {
            self.collect(node.high, (rest, set | 1 << node.variable), sizes, most, found);
        }
        self.collect(node.low, (size, set), sizes, most, found);
    }

    /// The cheapest set that makes the function true, and what it costs. `None` if none does.
    pub(crate) fn cheapest(&self, function: Ref, cost: &impl Fn(usize) -> u64) -> Option<(u64, Set)> {
        self.cheapest_of(function, cost, &mut HashMap::new())
    }

    fn cheapest_of(
        &self,
        function: Ref,
        cost: &impl Fn(usize) -> u64,
        known: &mut HashMap<Ref, Option<(u64, Set)>>,
    ) -> Option<(u64, Set)> {
        if function <= TRUE {
            return (function == TRUE).then_some((0, 0));
        }
        if let Some(cheapest) = known.get(&function) {
            return *cheapest;
        }
        let node = self.node(function);
        let without = self.cheapest_of(node.low, cost, known);
        let with = self.cheapest_of(node.high, cost, known);
        let with = with.map(|(sum, set)| (sum.saturating_add(cost(node.variable.into())), set | 1 << node.variable));
        let cheapest = without.into_iter().chain(with).min_by_key(|(sum, set)| (*sum, set.count_ones(), *set));
        known.insert(function, cheapest);
        cheapest
    }
}
