//! Ways over audits: from a file that was audited as a whole, over audits of differences, to another one.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use affineur_packaging::{FileName, Sha256};
use jiff::Timestamp;

use crate::limits;

/// A file with these bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: FileName,
    pub(super) sha256: Sha256,
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.file.as_str(), self.sha256).cmp(&(other.file.as_str(), other.sha256))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// An audit that counts.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) to: Place,
    /// `None`: all of it was audited.
    pub(super) from: Option<Place>,
    /// By their position among the auditors.
    pub(super) auditor: usize,
    pub(super) until: Timestamp,
}

/// Who audited all that has to be, and until when all of it counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Way {
    pub(super) auditors: BTreeSet<usize>,
    pub(super) until: Timestamp,
}

impl Way {
    /// Whether it rests on nobody else and holds as long at least.
    fn outdoes(&self, other: &Self) -> bool {
        self.until >= other.until && self.auditors.is_subset(&other.auditors)
    }

    fn over(&self, step: &Step) -> Self {
        let mut auditors = self.auditors.clone();
        auditors.insert(step.auditor);
        Self { auditors, until: self.until.min(step.until) }
    }
}

/// The ways to a file that no other one outdoes, those with the fewest auditors first, and at most so many as are counted.
pub(super) fn ways(steps: &[Step], to: &Place) -> Vec<Way> {
    let mut onward: BTreeMap<Option<&Place>, Vec<&Step>> = BTreeMap::new();
    for step in steps {
        onward.entry(step.from.as_ref()).or_default().push(step);
    }
    let mut found: BTreeMap<&Place, Vec<Way>> = BTreeMap::new();
    let mut open = BinaryHeap::new();
    let nothing = Way { auditors: BTreeSet::new(), until: Timestamp::MAX };
    let go_on = |open: &mut BinaryHeap<_>, from: Option<&Place>, way: &Way| {
        open.extend(onward.get(&from).into_iter().flatten().map(|step| {
            let way = way.over(step);
            // Fewest auditors first, of these the longest.
            (Reverse(way.auditors.len()), way.until, Reverse(way), Reverse(&step.to))
        }));
    };
    go_on(&mut open, None, &nothing);
    while let Some((_, _, Reverse(way), Reverse(place))) = open.pop() {
        let known = found.entry(place).or_default();
        if known.len() >= limits::ALTERNATIVES || known.iter().any(|other| other.outdoes(&way)) {
            continue;
        }
        known.push(way.clone());
        go_on(&mut open, Some(place), &way);
    }
    found.remove(to).unwrap_or_default()
}
