//! What each vector is made of, stage by stage.

mod delegated;
mod recovery;
mod root;
mod search;
mod snapshot;
mod targets;
mod text;
mod timestamp;

use std::collections::BTreeMap;

use crate::file::Vector;

/// All vectors by name.
pub(crate) fn all() -> BTreeMap<String, Vector> {
    let stages: [&[Case]; 8] = [
        root::CASES,
        timestamp::CASES,
        snapshot::CASES,
        targets::CASES,
        delegated::CASES,
        search::CASES,
        recovery::CASES,
        text::CASES,
    ];
    let mut all = BTreeMap::new();
    for (name, vector) in stages.into_iter().flatten() {
        assert!(all.insert((*name).to_owned(), vector()).is_none(), "{name} stands twice");
    }
    all
}

/// A name, and how the vector is made.
type Case = (&'static str, fn() -> Vector);
