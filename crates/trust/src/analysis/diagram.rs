//! Reduced ordered binary decision diagrams of monotone functions, and their minimal sets.
//!
//! A node says: if this variable is true then `high`, else `low`. Equal nodes are one (the unique table), and no node has equal
//! branches, so that equal functions are equal numbers (Bryant 1986). A family of sets is a diagram of the other kind (zero
//! suppressed, Minato 1993): a set takes `high` where it has the variable, and no node has the empty family as `high`. Minimal
//! sets are found as Rauzy (1993) describes it, counted without listing them, and listed smallest first.

mod sets;

use std::collections::HashMap;

use crate::limits;

pub(super) use sets::Listed;

/// A function, or a family of sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Ref(u32);

/// Never true; the empty family.
pub(crate) const FALSE: Ref = Ref(0);
/// Always true; the family of the empty set alone.
pub(crate) const TRUE: Ref = Ref(1);

/// A set of variables; there are at most 128.
pub(crate) type Set = u128;

/// There are more nodes than [`limits::DIAGRAM_NODES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this policy is too entangled to be analysed: its decision diagram has more than {} nodes", limits::DIAGRAM_NODES)]
pub struct TooEntangled;

pub(crate) type Made<T = Ref> = Result<T, TooEntangled>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Node {
    variable: u8,
    low: Ref,
    high: Ref,
}

/// What has been computed about pairs of functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    And,
    Or,
    /// The sets of a family that do not make a function true.
    Without,
}

/// All nodes, and what has been computed about them.
#[derive(Debug)]
pub(crate) struct Diagram {
    nodes: Vec<Node>,
    unique: HashMap<Node, Ref>,
    computed: HashMap<(Operation, Ref, Ref), Ref>,
}

impl Diagram {
    pub(crate) fn new() -> Self {
        let end = Node { variable: u8::MAX, low: FALSE, high: FALSE };
        Self { nodes: vec![end, Node { low: TRUE, ..end }], unique: HashMap::new(), computed: HashMap::new() }
    }

    /// The function that is true where this variable is.
    pub(crate) fn variable(&mut self, variable: usize) -> Made {
        self.function(u8::try_from(variable).unwrap_or(u8::MAX), FALSE, TRUE)
    }

    pub(crate) fn and(&mut self, one: Ref, other: Ref) -> Made {
        match (one.min(other), one.max(other)) {
            (FALSE, _) => Ok(FALSE),
            (TRUE, function) => Ok(function),
            (one, other) if one == other => Ok(one),
            (one, other) => self.apply(Operation::And, one, other),
        }
    }

    pub(crate) fn or(&mut self, one: Ref, other: Ref) -> Made {
        match (one.min(other), one.max(other)) {
            (FALSE, function) => Ok(function),
            (TRUE, _) => Ok(TRUE),
            (one, other) if one == other => Ok(one),
            (one, other) => self.apply(Operation::Or, one, other),
        }
    }

    /// True where at least so many of the functions are.
    pub(crate) fn at_least(&mut self, count: usize, of: &[Ref]) -> Made {
        // By how many more are needed, of the functions from here to the last.
        let mut needed = vec![FALSE; count + 1];
        if let Some(none) = needed.first_mut() {
            *none = TRUE;
        }
        for function in of {
            for more in (1..=count).rev() {
                let with = needed.get(more - 1).copied().unwrap_or(FALSE);
                let without = needed.get(more).copied().unwrap_or(FALSE);
                let with = self.and(*function, with)?;
                let either = self.or(with, without)?;
                needed.get_mut(more).into_iter().for_each(|slot| *slot = either);
            }
        }
        Ok(needed.get(count).copied().unwrap_or(FALSE))
    }

    /// True where the weights of the true variables add up to `needed`; variables in ascending order.
    pub(crate) fn weighted(&mut self, weights: &[(usize, u64)], needed: u64) -> Made {
        let mut left = vec![0; weights.len() + 1];
        for (at, (_, weight)) in weights.iter().enumerate().rev() {
            let after = left.get(at + 1).copied().unwrap_or(0);
            left.get_mut(at).into_iter().for_each(|slot| *slot = after + weight);
        }
        self.sum(weights, &left, 0, needed, &mut HashMap::new())
    }

    fn sum(
        &mut self,
        weights: &[(usize, u64)],
        left: &[u64],
        at: usize,
        needed: u64,
        known: &mut HashMap<(usize, u64), Ref>,
    ) -> Made {
        let Some((variable, weight)) = weights.get(at).filter(|_| needed > 0) else {
            return Ok(if needed == 0 { TRUE } else { FALSE });
        };
        if left.get(at).is_none_or(|left| *left < needed) {
            return Ok(FALSE);
        }
        if let Some(function) = known.get(&(at, needed)) {
            return Ok(*function);
        }
        if known.len() > limits::DIAGRAM_NODES {
            return Err(TooEntangled);
        }
        let high = self.sum(weights, left, at + 1, needed.saturating_sub(*weight), known)?;
        let low = self.sum(weights, left, at + 1, needed, known)?;
        let function = self.function(u8::try_from(*variable).unwrap_or(u8::MAX), low, high)?;
        known.insert((at, needed), function);
        Ok(function)
    }

    /// The function with variables replaced: each by a function, or left as it is where there is none.
    pub(crate) fn composed(&mut self, function: Ref, with: &[Ref]) -> Made {
        self.composed_with(function, with, &mut HashMap::new())
    }

    fn composed_with(&mut self, function: Ref, with: &[Ref], known: &mut HashMap<Ref, Ref>) -> Made {
        let node = self.node(function);
        if function <= TRUE {
            return Ok(function);
        }
        if let Some(composed) = known.get(&function) {
            return Ok(*composed);
        }
        let (low, high) = (self.composed_with(node.low, with, known)?, self.composed_with(node.high, with, known)?);
        // Monotone: `low` implies `high`, so that nothing has to be said about the variable being false.
        let condition = match with.get(usize::from(node.variable)) {
            Some(condition) => *condition,
            None => self.variable(node.variable.into())?,
        };
        let with_it = self.and(condition, high)?;
        let composed = self.or(with_it, low)?;
        known.insert(function, composed);
        Ok(composed)
    }

    /// The function where this variable has a fixed value.
    pub(crate) fn restricted(&mut self, function: Ref, variable: usize, value: bool) -> Made {
        self.restricted_to(function, variable, value, &mut HashMap::new())
    }

    fn restricted_to(&mut self, function: Ref, variable: usize, value: bool, known: &mut HashMap<Ref, Ref>) -> Made {
        let node = self.node(function);
        if usize::from(node.variable) > variable {
            return Ok(function);
        }
        if usize::from(node.variable) == variable {
            return Ok(if value { node.high } else { node.low });
        }
        if let Some(restricted) = known.get(&function) {
            return Ok(*restricted);
        }
        let low = self.restricted_to(node.low, variable, value, known)?;
        let high = self.restricted_to(node.high, variable, value, known)?;
        let restricted = self.function(node.variable, low, high)?;
        known.insert(function, restricted);
        Ok(restricted)
    }

    /// What is true exactly where the function is false with all variables turned around: its sets block it.
    pub(crate) fn dual(&mut self, function: Ref) -> Made {
        self.dual_of(function, &mut HashMap::from([(FALSE, TRUE), (TRUE, FALSE)]))
    }

    fn dual_of(&mut self, function: Ref, known: &mut HashMap<Ref, Ref>) -> Made {
        if let Some(dual) = known.get(&function) {
            return Ok(*dual);
        }
        let node = self.node(function);
        let (low, high) = (self.dual_of(node.high, known)?, self.dual_of(node.low, known)?);
        let dual = self.function(node.variable, low, high)?;
        known.insert(function, dual);
        Ok(dual)
    }

    /// The family of the smallest sets that make the function true.
    pub(crate) fn minimal(&mut self, function: Ref) -> Made {
        self.minimal_of(function, &mut HashMap::from([(FALSE, FALSE), (TRUE, TRUE)]))
    }

    fn minimal_of(&mut self, function: Ref, known: &mut HashMap<Ref, Ref>) -> Made {
        if let Some(family) = known.get(&function) {
            return Ok(*family);
        }
        let node = self.node(function);
        let (without_it, with_it) = (self.minimal_of(node.low, known)?, self.minimal_of(node.high, known)?);
        let needs_it = self.without(with_it, node.low)?;
        let family = self.family(node.variable, without_it, needs_it)?;
        known.insert(function, family);
        Ok(family)
    }

    /// The sets of a family that do not make a monotone function true.
    pub(crate) fn without(&mut self, family: Ref, function: Ref) -> Made {
        match (family, function) {
            (FALSE, _) | (_, TRUE) => Ok(FALSE),
            (family, FALSE) => Ok(family),
            _ => self.apply(Operation::Without, family, function),
        }
    }

    fn apply(&mut self, operation: Operation, one: Ref, other: Ref) -> Made {
        if let Some(made) = self.computed.get(&(operation, one, other)) {
            return Ok(*made);
        }
        let variable = self.node(one).variable.min(self.node(other).variable);
        let branches = |reference: Ref, absent: Ref| {
            let node = self.node(reference);
            if node.variable == variable { (node.low, node.high) } else { (reference, absent) }
        };
        let absent = if operation == Operation::Without { FALSE } else { one };
        let ((one_low, one_high), (other_low, other_high)) = (branches(one, absent), branches(other, other));
        let made = match operation {
            Operation::And => {
                let (low, high) = (self.and(one_low, other_low)?, self.and(one_high, other_high)?);
                self.function(variable, low, high)?
            }
            Operation::Or => {
                let (low, high) = (self.or(one_low, other_low)?, self.or(one_high, other_high)?);
                self.function(variable, low, high)?
            }
            Operation::Without => {
                let (low, high) = (self.without(one_low, other_low)?, self.without(one_high, other_high)?);
                self.family(variable, low, high)?
            }
        };
        self.computed.insert((operation, one, other), made);
        Ok(made)
    }

    fn function(&mut self, variable: u8, low: Ref, high: Ref) -> Made {
        if low == high { Ok(low) } else { self.unique(Node { variable, low, high }) }
    }

    fn family(&mut self, variable: u8, low: Ref, high: Ref) -> Made {
        if high == FALSE { Ok(low) } else { self.unique(Node { variable, low, high }) }
    }

    fn unique(&mut self, node: Node) -> Made {
        if let Some(known) = self.unique.get(&node) {
            return Ok(*known);
        }
        let reference = u32::try_from(self.nodes.len()).ok().filter(|_| self.nodes.len() < limits::DIAGRAM_NODES);
        let reference = Ref(reference.ok_or(TooEntangled)?);
        self.nodes.push(node);
        self.unique.insert(node, reference);
        Ok(reference)
    }

    fn node(&self, reference: Ref) -> Node {
        let end = Node { variable: u8::MAX, low: reference, high: reference };
        self.nodes.get(reference.0 as usize).copied().filter(|_| reference > TRUE).unwrap_or(end)
    }
}

#[cfg(test)]
mod tests;
